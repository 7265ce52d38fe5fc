//! Becoming a courier, from a phone.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::DutyPhase;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Body;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::dispatch::drivers::{DriverInput, MAX_SEATS, revised, set_online};
use crate::http::dispatch::scope;
use crate::http::dispatch::views::{DriverView, driver_view};
use crate::http::input::{self, lenient_whole};
use crate::store::Driver;

/// The longest name of a vehicle, and the longest plate, in characters.
const VEHICLE: usize = 100;

/// What somebody drives, and where.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct MyVehicle {
    /// What it is, for passengers to find it.
    #[schema(value_type = String)]
    car_model: Option<String>,
    #[schema(value_type = String)]
    plate_number: Option<String>,
    /// How many people it takes, 1 to 60.
    #[serde(deserialize_with = "lenient_whole")]
    #[schema(value_type = u32)]
    capacity: Option<u32>,
    /// The region that they drive in.
    #[schema(value_type = String)]
    region_id: Option<String>,
}

/// Becomes a courier, or drives something else, or somewhere else. Vehicle and region count at once for
/// somebody who is free, and else from the next time on duty on. Whom the desk has removed the desk has to
/// take on again: 403.
#[utoipa::path(put, path = "/api/mobile/drivers/profile", operation_id = "set_my_vehicle", tag = "mobile",
    security(("bearer" = [])), request_body = MyVehicle,
    responses((status = 200, body = DriverView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn enroll(
    app: web::Data<App>,
    principal: Principal,
    body: Body<MyVehicle>,
) -> Result<HttpResponse, ApiError> {
    let (town, given) = (scope::town(&app)?, body.0);
    let map = scope::map(&app).await?;
    let known = app.database.driver(principal.user).await?;
    if known.as_ref().is_some_and(|driver| driver.has_left) {
        return Err(ApiError::forbidden("the desk has to take you on again"));
    }
    let mut wrong = Wrong::default();
    let car_model = wrong.or(input::required("car_model", given.car_model, VEHICLE), String::new());
    let plate_number = wrong.or(input::required("plate_number", given.plate_number, VEHICLE), String::new());
    let seats = given.capacity.filter(|seats| (1..=MAX_SEATS).contains(seats));
    let seats = seats.ok_or_else(|| ApiError::unprocessable("capacity", "must be 1 to 60"));
    let seats = wrong.or(seats, 1);
    let region = scope::region_in(&map, "region_id", given.region_id.as_deref().unwrap_or_default());
    let region = wrong.or(region.map(Some), None);
    wrong.finish(())?;
    let region = region.ok_or_else(|| ApiError::unprocessable("region_id", "is required"))?;
    let driver = match known {
        Some(driver) => Driver { car_model, plate_number, seats, region, ..driver },
        None => {
            let user = app.database.user(principal.user).await?.ok_or_else(ApiError::not_found)?;
            Driver {
                person: user.id,
                number: 0,
                name: user.name,
                username: None,
                phone: None,
                email: String::new(),
                region,
                car_model,
                plate_number,
                seats,
                duty: DutyPhase::Offline,
                has_left: false,
            }
        }
    };
    app.database.put_driver(&driver, app.clock.random(), app.clock.now()).await?;
    if driver.duty == DutyPhase::OnlineIdle {
        set_online(&app, town, &driver, true).await?;
    }
    let driver = scope::own_driver(&app, principal.user).await?;
    Ok(HttpResponse::Ok().json(driver_view(town, &map, &driver, app.clock.now())))
}

/// Changes oneself as a courier; what is absent stays, and so does the phone. Otherwise as above.
#[utoipa::path(patch, path = "/api/mobile/drivers/profile", operation_id = "change_my_driver_profile",
    tag = "mobile", security(("bearer" = [])), request_body = DriverInput,
    responses((status = 200, body = DriverView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn revise(
    app: web::Data<App>,
    principal: Principal,
    body: Body<DriverInput>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::own_driver(&app, principal.user).await?;
    revised(&app, driver, &body.0).await
}
