//! Numbers of couriers.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::dispatch::tally::Tally;
use peerpack_actors::ids::{RegionId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Asked, DeskNumbers, NumbersOf, OrderOutcomes, WhichTime};
use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::http::dispatch::views::{RegionName, region_name};
use crate::http::paging::Paging;
use crate::store::{Driver, DriverQuery, Slice};

/// The most couriers of a page.
const MOST: u32 = 200;

/// The most couriers that are put in order.
const ALL: u32 = 10_000;

/// How many counts are read at once.
const A_PAGE: u32 = 1_000;

/// Couriers in that time.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverNumbers {
    #[serde(flatten)]
    of: NumbersOf,
    /// Couriers of the region, or of all.
    drivers_total: u64,
    /// Of these: on duty now.
    drivers_online: u64,
    /// Of these: who had an order in that time.
    drivers_active: usize,
    /// What they were asked, had and did, all together. Orders are placed with nobody, so `total_orders` is
    /// 0.
    #[serde(flatten)]
    outcomes: OrderOutcomes,
}

/// A courier in that time.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverPerformance {
    /// Their number.
    driver_id: i64,
    driver_name: String,
    region: RegionName,
    car_model: String,
    is_online: bool,
    #[serde(flatten)]
    numbers: DeskNumbers,
}

/// A page of couriers in that time.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverPerformancePage {
    #[serde(flatten)]
    of: NumbersOf,
    /// How many there are in all.
    count: usize,
    /// The address of the next page.
    next: Option<String>,
    previous: Option<String>,
    /// Who did the most orders first; those who did nothing last.
    results: Vec<DriverPerformance>,
}

/// Which time, where, and which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichPerformance {
    /// The first day, `YYYY-MM-DD` in the time of the region; 29 days before `date_to` if it is not said.
    #[param(format = Date)]
    date_from: Option<String>,
    /// The last day; today if it is not said. At most 366 days in all.
    #[param(format = Date)]
    date_to: Option<String>,
    /// Couriers who work there; all if it is not said.
    region_id: Option<String>,
    /// 1 is the first.
    page: Option<u32>,
    /// 20 if absent, 200 at most.
    page_size: Option<u32>,
}

/// Couriers: how many there are, and what they were asked, had and did.
#[utoipa::path(get, path = "/api/analytics/drivers", operation_id = "driver_numbers", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = DriverNumbers), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn drivers(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0)?;
    let counted_ones = performances(&app, &asked).await?;
    let (drivers_total, drivers_online) = counted(&app, asked.region).await?;
    let mut sum = Tally::default();
    counted_ones.iter().for_each(|(_, tally)| sum += *tally);
    let drivers_active = counted_ones.iter().filter(|(_, tally)| tally.assigned > 0).count();
    let (of, outcomes) = (asked.told(), OrderOutcomes::of(&sum));
    let numbers = DriverNumbers { of, drivers_total, drivers_online, drivers_active, outcomes };
    Ok(HttpResponse::Ok().json(numbers))
}

/// Couriers one by one, who did the most orders first.
#[utoipa::path(get, path = "/api/analytics/driver-performance", operation_id = "driver_performance",
    tag = "dispatch", security(("bearer" = [])), params(WhichPerformance),
    responses((status = 200, body = DriverPerformancePage), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn driver_performance(
    req: HttpRequest,
    app: web::Data<App>,
    query: Query<WhichPerformance>,
) -> Result<HttpResponse, ApiError> {
    let WhichPerformance { date_from, date_to, region_id, page, page_size } = query.0;
    let paging = Paging::of(page, page_size, MOST)?;
    let asked = Asked::of(&app, &WhichTime { date_from, date_to, region_id })?;
    let mut all = performances(&app, &asked).await?;
    all.sort_by(|(driver, tally), (other, others)| {
        let key = |tally: &Tally| (tally.completed, tally.price_minor, tally.assigned);
        key(others).cmp(&key(tally)).then(driver.number.cmp(&other.number))
    });
    let count = all.len();
    let (next, previous) = paging.links(&req, count as u64);
    let Slice { offset, limit } = paging.slice();
    let page = all.into_iter().skip(offset as usize).take(limit as usize);
    let results = page.map(|(driver, tally)| DriverPerformance {
        driver_id: driver.number,
        region: region_name(&asked.map, driver.region),
        is_online: driver.duty != peerpack_actors::dispatch::DutyPhase::Offline,
        driver_name: driver.name,
        car_model: driver.car_model,
        numbers: DeskNumbers::of(&tally),
    });
    let page = DriverPerformancePage { of: asked.told(), count, next, previous, results: results.collect() };
    Ok(HttpResponse::Ok().json(page))
}

/// How many couriers there are, and how many of them are on duty.
pub(super) async fn counted(app: &App, region: Option<RegionId>) -> Result<(u64, u64), ApiError> {
    let one = Slice { offset: 0, limit: 1 };
    let query = |is_online| DriverQuery { region, is_online, ..DriverQuery::default() };
    let total = app.database.find_drivers(&query(None), one).await?.count;
    Ok((total, app.database.find_drivers(&query(Some(true)), one).await?.count))
}

/// Every courier of the region, with what they did, zeros included.
async fn performances(app: &App, asked: &Asked) -> Result<Vec<(Driver, Tally)>, ApiError> {
    let query = DriverQuery { region: asked.region, ..DriverQuery::default() };
    let drivers = app.database.find_drivers(&query, Slice { offset: 0, limit: ALL }).await?;
    if drivers.count > u64::from(ALL) {
        return Err(ApiError::unprocessable("region_id", "is needed: there are too many couriers"));
    }
    let (mut tallies, mut after) = (HashMap::<UserId, Tally>::new(), None);
    loop {
        let page = app.database.courier_tallies(asked.begin(), asked.end(), after, A_PAGE).await?;
        let is_last = page.len() < A_PAGE as usize;
        after = page.last().map(|(courier, _)| *courier);
        tallies.extend(page);
        if is_last {
            break;
        }
    }
    let with = |driver: Driver| {
        let tally = tallies.get(&driver.person).copied().unwrap_or_default();
        (driver, tally)
    };
    Ok(drivers.items.into_iter().map(with).collect())
}
