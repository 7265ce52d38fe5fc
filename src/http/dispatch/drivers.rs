//! Couriers: who they are, whether they are on duty, and where.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::dispatch::{DutyCommand, DutyPhase};
use peerpack_actors::ids::UserId;
use peerpack_actors::place::Position;
use peerpack_actors::runtime::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::scope;
use super::views::{DriverView, driver_view};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::phone::Phone;
use crate::error::extract::{Body, Query};
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, SHORT_TEXT, lenient_whole};
use crate::http::paging::Paging;
use crate::store::{Driver, DriverQuery};
use crate::town::{self, Town, TownMap};

/// The most couriers of a page.
const MOST: u32 = 200;

/// The most people that a vehicle takes.
pub(super) const MAX_SEATS: u32 = 60;

/// Which couriers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichDrivers {
    /// Those on duty, or those off duty.
    is_online: Option<bool>,
    region_id: Option<String>,
    /// Words in a name, phone, vehicle or plate.
    search: Option<String>,
    /// 1 is the first.
    page: Option<u32>,
    /// 20 if absent, 200 at most.
    page_size: Option<u32>,
}

/// A page of couriers.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverPage {
    /// How many there are in all.
    count: u64,
    /// The address of the next page.
    next: Option<String>,
    previous: Option<String>,
    /// Oldest first.
    results: Vec<DriverView>,
}

/// A courier, or what is changed of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct DriverInput {
    /// What others see.
    pub(super) name: Option<String>,
    /// With it they sign in. Of somebody who is known it stays: another one is refused.
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    /// Is not kept: couriers sign in with a code that comes to the phone.
    pub(super) password: Option<String>,
    pub(super) region_id: Option<String>,
    pub(super) car_model: Option<String>,
    pub(super) plate_number: Option<String>,
    /// How many people the vehicle takes, 1 to 60.
    #[serde(deserialize_with = "lenient_whole")]
    #[schema(value_type = Option<u32>)]
    pub(super) capacity: Option<u32>,
    /// Whether they are on duty.
    pub(super) is_online: Option<bool>,
}

/// Where somebody is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Whereabouts {
    #[schema(value_type = f64)]
    lat: Option<f64>,
    #[schema(value_type = f64)]
    lon: Option<f64>,
}

/// Whether somebody is on duty.
#[derive(Debug, Deserialize, ToSchema)]
pub struct OnlineStatus {
    is_online: bool,
    /// Whether they are on duty without being asked; who goes online otherwise pauses no more.
    #[serde(default)]
    is_paused: Option<bool>,
}

impl OnlineStatus {
    /// Takes a courier on duty or off duty, or has them pause.
    pub(super) async fn take_effect(&self, app: &App, town: &Town, driver: &Driver) -> Result<(), ApiError> {
        let pauses = self.is_online && self.is_paused == Some(true);
        let is_free = matches!(driver.duty, DutyPhase::OnlineIdle | DutyPhase::Paused);
        // Who pauses already is not to be asked meanwhile.
        if !pauses || !is_free {
            set_online(app, town, driver, self.is_online).await?;
        }
        if pauses {
            let context = app.engine.context();
            town.dispatch().change_duty(context, driver.person, &DutyCommand::Pause).await?;
        }
        Ok(())
    }
}

/// Couriers.
#[utoipa::path(get, path = "/api/drivers", operation_id = "drivers", tag = "drivers",
    security(("bearer" = [])), params(WhichDrivers),
    responses((status = 200, body = DriverPage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    req: HttpRequest,
    app: web::Data<App>,
    query: Query<WhichDrivers>,
) -> Result<HttpResponse, ApiError> {
    let (which, town) = (query.0, scope::town(&app)?);
    let map = scope::map(&app).await?;
    let paging = Paging::of(which.page, which.page_size, MOST)?;
    let region = which.region_id.map(|id| scope::region_in(&map, "region_id", &id)).transpose()?;
    let search = which.search.unwrap_or_default();
    let query = DriverQuery { region, is_online: which.is_online, search };
    let part = app.database.find_drivers(&query, paging.slice()).await?;
    let (next, previous) = paging.links(&req, part.count);
    let results = part.items.iter().map(|driver| driver_view(town, &map, driver, app.clock.now())).collect();
    Ok(HttpResponse::Ok().json(DriverPage { count: part.count, next, previous, results }))
}

/// Takes a courier on. Somebody with this phone who is known already becomes one.
#[utoipa::path(post, path = "/api/drivers", operation_id = "add_driver", tag = "drivers",
    security(("bearer" = [])), request_body = DriverInput,
    responses((status = 201, body = DriverView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(app: web::Data<App>, body: Body<DriverInput>) -> Result<HttpResponse, ApiError> {
    let (town, given) = (scope::town(&app)?, body.0);
    let map = scope::map(&app).await?;
    let (driver, phone) = fresh(&app, &map, &given)?;
    let mut driver = take_on(&app, driver, &phone).await?;
    if given.is_online == Some(true) {
        set_online(&app, town, &driver, true).await?;
        driver = scope::own_driver(&app, driver.person).await?;
    }
    Ok(HttpResponse::Created().json(driver_view(town, &map, &driver, app.clock.now())))
}

/// Somebody who is to be taken on, and the phone.
pub(super) fn fresh(app: &App, map: &TownMap, given: &DriverInput) -> Result<(Driver, Phone), ApiError> {
    let (mut wrong, now) = (Wrong::default(), app.clock.now());
    let phone = match Phone::parse(given.phone.as_deref().unwrap_or_default()) {
        Ok(phone) => Some(phone),
        Err(error) => {
            wrong.add(error);
            None
        }
    };
    for (field, missing) in [
        ("name", given.name.is_none()),
        ("region_id", given.region_id.is_none()),
        ("car_model", given.car_model.is_none()),
        ("plate_number", given.plate_number.is_none()),
    ] {
        if missing {
            wrong.add(ApiError::unprocessable(field, "is required"));
        }
    }
    let region = map.regions().next().map(|region| region.id);
    let Some(region) = region else {
        wrong.add(ApiError::unprocessable("region_id", "is not known"));
        return Err(wrong.into());
    };
    let blank = Driver {
        person: UserId::new(now, app.clock.random()),
        number: 0,
        name: String::new(),
        username: None,
        phone: None,
        email: String::new(),
        region,
        car_model: String::new(),
        plate_number: String::new(),
        seats: 4,
        duty: DutyPhase::Offline,
        has_left: false,
    };
    let driver = changed(map, blank, given, &mut wrong);
    wrong.finish(())?;
    let phone = phone.ok_or_else(|| ApiError::unprocessable("phone", "is required"))?;
    Ok((driver, phone))
}

/// Who drives with a phone.
pub(super) async fn of_phone(app: &App, phone: &Phone) -> Result<Option<Driver>, ApiError> {
    let Some(user) = app.database.user_of_phone(phone.as_str()).await? else { return Ok(None) };
    Ok(app.database.driver(user.id).await?.filter(|driver| !driver.has_left))
}

/// Takes somebody on.
pub(super) async fn take_on(app: &App, mut driver: Driver, phone: &Phone) -> Result<Driver, ApiError> {
    if of_phone(app, phone).await?.is_some() {
        return Err(ApiError::conflict("conflict", "somebody with this phone drives already"));
    }
    let (number, name, now) = (phone.as_str().to_owned(), driver.name.clone(), app.clock.now());
    let (user, _) = app.database.upsert_phone_user(number, name, driver.person, now).await?;
    driver.person = user.id;
    app.database.put_driver(&driver, app.clock.random(), now).await?;
    scope::own_driver(app, driver.person).await
}

/// A courier, for operators and the courier.
#[utoipa::path(get, path = "/api/drivers/{driver_id}", operation_id = "driver", tag = "drivers",
    security(("bearer" = [])), params(("driver_id" = i64, Path, description = "The courier's number")),
    responses((status = 200, body = DriverView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::driver(&app, principal, path.into_inner()).await?;
    let town = scope::town(&app)?;
    Ok(HttpResponse::Ok().json(driver_view(town, &*scope::map(&app).await?, &driver, app.clock.now())))
}

/// Changes a courier. Vehicle and region count at once for somebody who is free, and else from the next time
/// that they go on duty.
#[utoipa::path(patch, path = "/api/drivers/{driver_id}", operation_id = "change_driver", tag = "drivers",
    security(("bearer" = [])), params(("driver_id" = i64, Path, description = "The courier's number")),
    request_body = DriverInput,
    responses((status = 200, body = DriverView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
    body: Body<DriverInput>,
) -> Result<HttpResponse, ApiError> {
    let before = scope::driver(&app, principal, path.into_inner()).await?;
    revised(&app, before, &body.0).await
}

/// Keeps what is given of a courier, and answers with them.
pub(super) async fn revised(
    app: &App,
    before: Driver,
    given: &DriverInput,
) -> Result<HttpResponse, ApiError> {
    let (town, mut wrong) = (scope::town(app)?, Wrong::default());
    let map = scope::map(app).await?;
    wrong.or(scope::same_phone(given.phone.as_deref(), before.phone.as_deref()), ());
    let driver = changed(&map, before, given, &mut wrong);
    wrong.finish(())?;
    let driver = keep(app, town, &driver, given.is_online).await?;
    Ok(HttpResponse::Ok().json(driver_view(town, &map, &driver, app.clock.now())))
}

/// Keeps what was changed of a courier, who goes on duty or off duty if that is said.
pub(super) async fn keep(
    app: &App,
    town: &Town,
    driver: &Driver,
    is_online: Option<bool>,
) -> Result<Driver, ApiError> {
    app.database.put_driver(driver, app.clock.random(), app.clock.now()).await?;
    let stays = driver.duty == DutyPhase::OnlineIdle;
    if is_online.is_some() || stays {
        set_online(app, town, driver, is_online.unwrap_or(stays)).await?;
    }
    scope::own_driver(app, driver.person).await
}

/// A courier drives no more. Who has an order has to be done with it first.
#[utoipa::path(delete, path = "/api/drivers/{driver_id}", operation_id = "remove_driver", tag = "drivers",
    security(("bearer" = [])), params(("driver_id" = i64, Path, description = "The courier's number")),
    responses((status = 204, description = "Done."), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::driver(&app, principal, path.into_inner()).await?;
    set_online(&app, scope::town(&app)?, &driver, false).await?;
    app.database.dismiss_driver(driver.person, app.clock.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Says where a courier is. It counts while they are on duty; out of range is 400.
#[utoipa::path(patch, path = "/api/drivers/{driver_id}/location", operation_id = "locate_driver",
    tag = "drivers", security(("bearer" = [])),
    params(("driver_id" = i64, Path, description = "The courier's number")), request_body = Whereabouts,
    responses((status = 200, body = DriverView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn locate(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
    body: Body<Whereabouts>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::acting_driver(&app, principal, path.into_inner()).await?;
    located(&app, &driver, &body.0).await
}

/// Takes in where a courier is.
pub(super) async fn located(app: &App, driver: &Driver, at: &Whereabouts) -> Result<HttpResponse, ApiError> {
    let town = scope::town(app)?;
    let out_of_range = |field: &str| {
        let reason = "latitude or longitude is out of range";
        ApiError::bad_request(format!("{field}: {reason}")).with_field(field, reason)
    };
    let lat = at.lat.ok_or_else(|| out_of_range("lat"))?;
    let lon = at.lon.ok_or_else(|| out_of_range("lon"))?;
    let field = if (-90.0..=90.0).contains(&lat) { "lon" } else { "lat" };
    let position = Position::new(lat, lon).map_err(|_| out_of_range(field))?;
    let (dispatch, context) = (town.dispatch(), app.engine.context());
    let is_known = dispatch.with_board(|board| board.get(driver.person).is_some());
    // Another node may have taken them on duty, or off duty, a moment ago, and its hint is still on the way.
    if is_known != (driver.duty != DutyPhase::Offline) {
        dispatch.meet(context, driver.person).await?;
    }
    dispatch.sighted(context, driver.person, position);
    Ok(HttpResponse::Ok().json(driver_view(town, &town.map(), driver, app.clock.now())))
}

/// A courier goes on duty, pauses, or goes off duty.
#[utoipa::path(patch, path = "/api/drivers/{driver_id}/online-status", operation_id = "set_driver_online",
    tag = "drivers", security(("bearer" = [])),
    params(("driver_id" = i64, Path, description = "The courier's number")), request_body = OnlineStatus,
    responses((status = 200, body = DriverView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn online(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
    body: Body<OnlineStatus>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::acting_driver(&app, principal, path.into_inner()).await?;
    let town = scope::town(&app)?;
    body.0.take_effect(&app, town, &driver).await?;
    let driver = scope::own_driver(&app, driver.person).await?;
    Ok(HttpResponse::Ok().json(driver_view(town, &*scope::map(&app).await?, &driver, app.clock.now())))
}

/// Takes a courier on duty or off duty. Who is busy on duty stays so.
pub(super) async fn set_online(
    app: &App,
    town: &Town,
    driver: &Driver,
    is_online: bool,
) -> Result<(), ApiError> {
    let is_busy = matches!(driver.duty, DutyPhase::Offered | DutyPhase::EnrouteToPickup | DutyPhase::OnTrip);
    if is_online && is_busy {
        return Ok(());
    }
    let command = if is_online {
        DutyCommand::GoOnline { vehicle: town::vehicle(driver), region: driver.region }
    } else {
        DutyCommand::GoOffline
    };
    match town.dispatch().change_duty(app.engine.context(), driver.person, &command).await {
        Ok(_) => Ok(()),
        // Who was never on duty is off duty.
        Err(Refusal::NotFound) if !is_online => Ok(()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// The courier with what is given in the place of what was.
pub(super) fn changed(map: &TownMap, mut driver: Driver, given: &DriverInput, wrong: &mut Wrong) -> Driver {
    if let Some(name) = &given.name {
        driver.name = wrong.or(input::name("name", name), String::new());
    }
    if let Some(id) = &given.region_id {
        driver.region = wrong.or(scope::region_in(map, "region_id", id), driver.region);
    }
    let texts = [
        ("email", &given.email, &mut driver.email),
        ("car_model", &given.car_model, &mut driver.car_model),
        ("plate_number", &given.plate_number, &mut driver.plate_number),
    ];
    for (field, given, kept) in texts {
        if let Some(text) = given {
            // As long as a vehicle's may be, which is looked at again when it goes on duty.
            let most = if field == "email" { SHORT_TEXT } else { 100 };
            *kept = wrong.or(input::text(field, Some(text.clone()), most), String::new());
        }
    }
    match given.capacity {
        Some(seats) if (1..=MAX_SEATS).contains(&seats) => driver.seats = seats,
        Some(_) => wrong.add(ApiError::unprocessable("capacity", "must be 1 to 60")),
        None => {}
    }
    driver
}
