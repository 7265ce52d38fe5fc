//! Numbers of couriers.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::DutyPhase;
use peerpack_actors::dispatch::record::Record;
use peerpack_actors::dispatch::tally::Tally;
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Asked, DeskNumbers, DriversNow, NumbersOf, OrderOutcomes, WhichTime};
use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::http::dispatch::scope;
use crate::http::dispatch::views::{RegionName, region_name};
use crate::store::{Driver, DriverQuery, Slice};

/// How many couriers are told of where nobody says, and at most.
const USUAL: usize = 10;
const MOST: usize = 200;

/// The most couriers that are put in order.
const ALL: u32 = 10_000;

/// How many counts are read at once.
const A_PAGE: u32 = 1_000;

/// Couriers in that time.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverNumbers {
    #[serde(flatten)]
    of: NumbersOf,
    #[serde(flatten)]
    drivers: DriversNow,
    /// What they were asked, had and did, all together. Orders are placed with nobody, so `total_orders` is
    /// 0.
    #[serde(flatten)]
    outcomes: OrderOutcomes,
}

/// A courier in that time.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverPerformance {
    /// The number by which the desk names the courier.
    driver_id: i64,
    driver_name: String,
    /// The rating by which orders are offered: what somebody without ratings counts with, if there are none.
    rating: f64,
    /// Orders that were done.
    orders: i64,
    region: RegionName,
    car_model: String,
    is_online: bool,
    /// Of these `acceptance_rate` is never null: 0 for who was not asked.
    #[serde(flatten)]
    numbers: DeskNumbers,
}

/// Which time, where, and how many.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichPerformance {
    /// The first day: `YYYY-MM-DD` in the time of the region, or an instant of it; 29 days before `date_to`
    /// if it is not said.
    date_from: Option<String>,
    /// The last day, likewise; today if it is not said. At most 366 days in all.
    date_to: Option<String>,
    /// Couriers who work there; all if it is not said.
    region_id: Option<String>,
    /// One courier, by number.
    driver_id: Option<i64>,
    /// How many couriers: 10 if it is not said, 200 at most.
    limit: Option<usize>,
}

/// Couriers: how many there are, and what they were asked, had and did.
#[utoipa::path(get, path = "/api/analytics/drivers", operation_id = "driver_numbers", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = DriverNumbers), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn drivers(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0).await?;
    let mut sum = Tally::default();
    performances(&app, &asked).await?.iter().for_each(|(_, tally)| sum += *tally);
    let drivers = DriversNow::of(&app, &asked).await?;
    let numbers = DriverNumbers { of: asked.told(), drivers, outcomes: OrderOutcomes::of(&sum) };
    Ok(HttpResponse::Ok().json(numbers))
}

/// Couriers one by one, who did the most orders first; those who did nothing last.
#[utoipa::path(get, path = "/api/analytics/driver-performance", operation_id = "driver_performance",
    tag = "dispatch", security(("bearer" = [])), params(WhichPerformance),
    responses((status = 200, body = [DriverPerformance]), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn driver_performance(
    app: web::Data<App>,
    query: Query<WhichPerformance>,
) -> Result<HttpResponse, ApiError> {
    let WhichPerformance { date_from, date_to, region_id, driver_id, limit } = query.0;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::unprocessable("limit", "must be 1 to 200"));
    }
    let (town, which) = (scope::town(&app)?, WhichTime { date_from, date_to, region_id, driver_id });
    let asked = Asked::of(&app, &which).await?;
    let mut all = performances(&app, &asked).await?;
    all.truncate(limit);
    let (dispatch, unrated) = (town.dispatch(), Record::default());
    let results: Vec<DriverPerformance> = dispatch.with_board(|board| {
        let view = |(driver, tally): (Driver, Tally)| {
            let record = board.get(driver.person).map_or(&unrated, |standing| &standing.record);
            let mut numbers = DeskNumbers::of(&tally);
            // The console writes it without looking whether there is one.
            numbers.outcomes.acceptance_rate.get_or_insert(0.0);
            DriverPerformance {
                driver_id: driver.number,
                rating: record.rating(dispatch.settings()),
                orders: tally.completed,
                region: region_name(&asked.map, driver.region),
                is_online: driver.duty != DutyPhase::Offline,
                driver_name: driver.name,
                car_model: driver.car_model,
                numbers,
            }
        };
        all.into_iter().map(view).collect()
    });
    Ok(HttpResponse::Ok().json(results))
}

/// Every courier who is asked for with what they did, zeros included; who did the most orders first.
pub(super) async fn performances(app: &App, asked: &Asked) -> Result<Vec<(Driver, Tally)>, ApiError> {
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
    let meant = drivers.items.into_iter().filter(|driver| asked.counts(driver));
    let mut all: Vec<(Driver, Tally)> = meant.map(with).collect();
    all.sort_by(|(driver, tally), (other, others)| {
        let key = |tally: &Tally| (tally.completed, tally.price_minor, tally.assigned);
        key(others).cmp(&key(tally)).then(driver.number.cmp(&other.number))
    });
    Ok(all)
}
