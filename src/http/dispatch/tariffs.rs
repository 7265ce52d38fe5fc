//! What a region charges: versions, none of which ever changes.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::Tariff;
use peerpack_actors::ids::RegionId;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::scope;
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Body;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::input;

/// The most that any part costs, kopecks.
const MAX_MINOR: i64 = 100_000_000;

/// The most that any part is multiplied by, percent.
const MAX_PERCENT: u32 = 1_000;

/// A tariff, or what a new version of it changes. Kopecks and percent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TariffInput {
    /// From when on; at once if absent.
    valid_from: Option<Time>,
    /// For being driven at all.
    base_minor: Option<i64>,
    /// For a kilometre.
    km_minor: Option<i64>,
    /// For a minute of the ride.
    minute_minor: Option<i64>,
    /// Base, way and time cost no less than this.
    least_minor: Option<i64>,
    /// For the booking.
    booking_minor: Option<i64>,
    /// For a companion.
    companion_minor: Option<i64>,
    /// For a minute of waiting beyond the free ones.
    waiting_minor: Option<i64>,
    /// What calling off costs while the courier has not set out.
    cancel_minor: Option<i64>,
    /// What it costs later, beside the waiting.
    late_cancel_minor: Option<i64>,
    night_percent: Option<u32>,
    weekend_percent: Option<u32>,
}

/// A version of a region's tariff. Kopecks and percent.
#[derive(Debug, Serialize, ToSchema)]
pub struct TariffView {
    region_id: String,
    version: u32,
    valid_from: Time,
    base_minor: i64,
    km_minor: i64,
    minute_minor: i64,
    least_minor: i64,
    booking_minor: i64,
    companion_minor: i64,
    waiting_minor: i64,
    cancel_minor: i64,
    late_cancel_minor: i64,
    night_percent: u32,
    weekend_percent: u32,
}

/// What a region charges now.
#[utoipa::path(get, path = "/api/regions/{region_id}/tariff", operation_id = "region_tariff", tag = "regions",
    params(("region_id" = String, Path, description = "The region")),
    responses((status = 200, body = TariffView), (status = 404, body = Problem)))]
pub async fn show(app: web::Data<App>, path: web::Path<RegionId>) -> Result<HttpResponse, ApiError> {
    let map = scope::map_to_show(&app).await?;
    let id = scope::region(&map, path.into_inner())?.id;
    Ok(HttpResponse::Ok().json(view(id, &map.tariff(Some(id), app.clock.now()))))
}

/// Adds a version of what a region charges: the present one with what is named here. Orders that were placed
/// keep theirs.
#[utoipa::path(post, path = "/api/regions/{region_id}/tariff", operation_id = "add_tariff", tag = "regions",
    security(("bearer" = [])), params(("region_id" = String, Path, description = "The region")),
    request_body = TariffInput,
    responses((status = 201, body = TariffView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn add(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<RegionId>,
    body: Body<TariffInput>,
) -> Result<HttpResponse, ApiError> {
    let (town, now) = (scope::town(&app)?, app.clock.now());
    town.read_again().await?;
    let map = town.map();
    let id = scope::region(&map, path.into_inner())?.id;
    let mut tariff = map.tariff(Some(id), Time::from_ms(i64::MAX));
    tariff.version = if tariff.region == Some(id) { tariff.version + 1 } else { 1 };
    tariff.region = Some(id);
    change(&mut tariff, &body.0, now)?;
    if !app.database.add_tariff(id, &tariff, principal.user, now).await? {
        return Err(ApiError::conflict("conflict", "somebody else has added a version, please look again"));
    }
    // The region's row tells the other nodes.
    app.database.touch_region(id, now).await?;
    town.read_again().await?;
    app.engine.changed([crate::town::Town::work(id)]);
    Ok(HttpResponse::Created().json(view(id, &tariff)))
}

fn change(tariff: &mut Tariff, given: &TariffInput, now: Time) -> Result<(), ApiError> {
    let mut wrong = Wrong::default();
    let valid_from = given.valid_from.unwrap_or(now);
    tariff.valid_from = wrong.or(input::instant_within("valid_from", valid_from), now).max(now);
    let amounts = [
        ("base_minor", given.base_minor, &mut tariff.base_minor),
        ("km_minor", given.km_minor, &mut tariff.km_minor),
        ("minute_minor", given.minute_minor, &mut tariff.minute_minor),
        ("least_minor", given.least_minor, &mut tariff.least_minor),
        ("booking_minor", given.booking_minor, &mut tariff.booking_minor),
        ("companion_minor", given.companion_minor, &mut tariff.companion_minor),
        ("waiting_minor", given.waiting_minor, &mut tariff.waiting_minor),
        ("cancel_minor", given.cancel_minor, &mut tariff.cancel_minor),
        ("late_cancel_minor", given.late_cancel_minor, &mut tariff.late_cancel_minor),
    ];
    for (field, given, kept) in amounts {
        match given {
            Some(amount) if (0..=MAX_MINOR).contains(&amount) => *kept = amount,
            Some(_) => wrong.add(ApiError::unprocessable(field, "must be 0 to 1 000 000 roubles")),
            None => {}
        }
    }
    let percents = [
        ("night_percent", given.night_percent, &mut tariff.night_percent),
        ("weekend_percent", given.weekend_percent, &mut tariff.weekend_percent),
    ];
    for (field, given, kept) in percents {
        match given {
            Some(percent) if (1..=MAX_PERCENT).contains(&percent) => *kept = percent,
            Some(_) => wrong.add(ApiError::unprocessable(field, "must be 1 to 1000 percent")),
            None => {}
        }
    }
    wrong.finish(())
}

fn view(region: RegionId, tariff: &Tariff) -> TariffView {
    TariffView {
        region_id: region.to_string(),
        version: tariff.version,
        valid_from: tariff.valid_from,
        base_minor: tariff.base_minor,
        km_minor: tariff.km_minor,
        minute_minor: tariff.minute_minor,
        least_minor: tariff.least_minor,
        booking_minor: tariff.booking_minor,
        companion_minor: tariff.companion_minor,
        waiting_minor: tariff.waiting_minor,
        cancel_minor: tariff.cancel_minor,
        late_cancel_minor: tariff.late_cancel_minor,
        night_percent: tariff.night_percent,
        weekend_percent: tariff.weekend_percent,
    }
}
