//! Passengers, as the desk keeps them.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::scope;
use super::views::{PassengerView, passenger_view};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::phone::Phone;
use crate::error::extract::{Body, Query};
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, SHORT_TEXT};
use crate::http::paging::Paging;
use crate::store::{Passenger, PassengerQuery};
use crate::town::TownMap;

/// The most passengers of a page.
const MOST: u32 = 200;

/// The longest category, in characters.
const CATEGORY: usize = 50;

/// Which passengers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichPassengers {
    region_id: Option<String>,
    /// Digits of a phone.
    phone: Option<String>,
    /// 1 is the first.
    page: Option<u32>,
    /// 20 if absent, 200 at most.
    page_size: Option<u32>,
}

/// A page of passengers.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassengerPage {
    /// How many there are in all.
    count: u64,
    /// The address of the next page.
    next: Option<String>,
    previous: Option<String>,
    /// Oldest first.
    results: Vec<PassengerView>,
}

/// A passenger, or what is changed of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct PassengerInput {
    /// What couriers see.
    pub(super) full_name: Option<String>,
    pub(super) region_id: Option<String>,
    /// What they need, in the desk's words: `child` pays less.
    pub(super) disability_category: Option<String>,
    /// Whether somebody may come along.
    pub(super) allowed_companion: Option<bool>,
    /// With it they sign in. Of somebody who is known it stays: another one is refused.
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
}

/// Passengers.
#[utoipa::path(get, path = "/api/passengers", operation_id = "passengers", tag = "passengers",
    security(("bearer" = [])), params(WhichPassengers),
    responses((status = 200, body = PassengerPage), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    req: HttpRequest,
    app: web::Data<App>,
    query: Query<WhichPassengers>,
) -> Result<HttpResponse, ApiError> {
    let which = query.0;
    let map = scope::map(&app).await?;
    let paging = Paging::of(which.page, which.page_size, MOST)?;
    let region = which.region_id.map(|id| scope::region_in(&map, "region_id", &id)).transpose()?;
    let phone = which.phone.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let part = app.database.find_passengers(&PassengerQuery { region, phone }, paging.slice()).await?;
    let (next, previous) = paging.links(&req, part.count);
    let results = part.items.iter().map(|passenger| passenger_view(&map, passenger)).collect();
    Ok(HttpResponse::Ok().json(PassengerPage { count: part.count, next, previous, results }))
}

/// Takes a passenger in. Somebody with this phone who is known already becomes one.
#[utoipa::path(post, path = "/api/passengers", operation_id = "add_passenger", tag = "passengers",
    security(("bearer" = [])), request_body = PassengerInput,
    responses((status = 201, body = PassengerView), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn create(app: web::Data<App>, body: Body<PassengerInput>) -> Result<HttpResponse, ApiError> {
    let given = body.0;
    let map = scope::map(&app).await?;
    let (passenger, phone) = fresh(&app, &map, &given)?;
    let passenger = take_in(&app, passenger, &phone).await?;
    Ok(HttpResponse::Created().json(passenger_view(&map, &passenger)))
}

/// Somebody who is to be taken in, and the phone.
pub(super) fn fresh(
    app: &App,
    map: &TownMap,
    given: &PassengerInput,
) -> Result<(Passenger, Phone), ApiError> {
    let (mut wrong, now) = (Wrong::default(), app.clock.now());
    let phone = match Phone::parse(given.phone.as_deref().unwrap_or_default()) {
        Ok(phone) => Some(phone),
        Err(error) => {
            wrong.add(error);
            None
        }
    };
    if given.full_name.is_none() {
        wrong.add(ApiError::unprocessable("full_name", "is required"));
    }
    let region = match &given.region_id {
        Some(id) => scope::region_in(map, "region_id", id),
        None => Err(ApiError::unprocessable("region_id", "is required")),
    };
    let region = match region {
        Ok(region) => region,
        Err(error) => {
            wrong.add(error);
            return Err(wrong.into());
        }
    };
    let blank = Passenger {
        person: UserId::new(now, app.clock.random()),
        number: 0,
        full_name: String::new(),
        username: None,
        phone: None,
        email: String::new(),
        region,
        category: String::new(),
        allowed_companion: false,
    };
    let passenger = changed(map, blank, given, &mut wrong);
    wrong.finish(())?;
    let phone = phone.ok_or_else(|| ApiError::unprocessable("phone", "is required"))?;
    Ok((passenger, phone))
}

/// Who is driven and has a phone.
pub(super) async fn of_phone(app: &App, phone: &Phone) -> Result<Option<Passenger>, ApiError> {
    let Some(user) = app.database.user_of_phone(phone.as_str()).await? else { return Ok(None) };
    Ok(app.database.passenger(user.id).await?)
}

/// Takes somebody in.
pub(super) async fn take_in(
    app: &App,
    mut passenger: Passenger,
    phone: &Phone,
) -> Result<Passenger, ApiError> {
    if of_phone(app, phone).await?.is_some() {
        return Err(ApiError::conflict("conflict", "somebody with this phone is a passenger already"));
    }
    let (number, name, now) = (phone.as_str().to_owned(), passenger.full_name.clone(), app.clock.now());
    let (user, _) = app.database.upsert_phone_user(number, name, passenger.person, now).await?;
    passenger.person = user.id;
    app.database.put_passenger(&passenger, app.clock.random(), now).await?;
    app.database.passenger(user.id).await?.ok_or_else(ApiError::not_found)
}

/// A passenger, for operators and the passenger.
#[utoipa::path(get, path = "/api/passengers/{passenger_id}", operation_id = "passenger", tag = "passengers",
    security(("bearer" = [])), params(("passenger_id" = i64, Path, description = "The passenger's number")),
    responses((status = 200, body = PassengerView), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let passenger = scope::passenger(&app, principal, path.into_inner()).await?;
    Ok(HttpResponse::Ok().json(passenger_view(&*scope::map(&app).await?, &passenger)))
}

/// Changes a passenger. Orders that were placed stay as they are.
#[utoipa::path(patch, path = "/api/passengers/{passenger_id}", operation_id = "change_passenger",
    tag = "passengers", security(("bearer" = [])),
    params(("passenger_id" = i64, Path, description = "The passenger's number")),
    request_body = PassengerInput,
    responses((status = 200, body = PassengerView), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
    body: Body<PassengerInput>,
) -> Result<HttpResponse, ApiError> {
    let before = scope::passenger(&app, principal, path.into_inner()).await?;
    revised(&app, before, &body.0).await
}

/// Keeps what is given of a passenger, and answers with them.
pub(super) async fn revised(
    app: &App,
    before: Passenger,
    given: &PassengerInput,
) -> Result<HttpResponse, ApiError> {
    let mut wrong = Wrong::default();
    let map = scope::map(app).await?;
    wrong.or(scope::same_phone(given.phone.as_deref(), before.phone.as_deref()), ());
    let passenger = changed(&map, before, given, &mut wrong);
    wrong.finish(())?;
    app.database.put_passenger(&passenger, app.clock.random(), app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(passenger_view(&map, &passenger)))
}

/// The passenger with what is given in the place of what was.
pub(super) fn changed(
    map: &TownMap,
    mut passenger: Passenger,
    given: &PassengerInput,
    wrong: &mut Wrong,
) -> Passenger {
    if let Some(name) = &given.full_name {
        passenger.full_name = wrong.or(input::name("full_name", name), String::new());
    }
    if let Some(id) = &given.region_id {
        passenger.region = wrong.or(scope::region_in(map, "region_id", id), passenger.region);
    }
    if let Some(category) = &given.disability_category {
        let category = input::text("disability_category", Some(category.clone()), CATEGORY);
        passenger.category = wrong.or(category, String::new());
    }
    if let Some(email) = &given.email {
        passenger.email = wrong.or(input::text("email", Some(email.clone()), SHORT_TEXT), String::new());
    }
    passenger.allowed_companion = given.allowed_companion.unwrap_or(passenger.allowed_companion);
    passenger
}
