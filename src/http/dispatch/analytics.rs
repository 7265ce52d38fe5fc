//! Numbers of the desk: what became of orders in a time, out of the counts that every change keeps. Orders
//! themselves are looked at for one thing alone: in which state those are that were placed in that time.

pub mod people;
pub mod report;
pub mod series;

mod now;
mod numbers;

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use peerpack_actors::dispatch::tally::{RegionHour, Tally, by_region, total};
use peerpack_actors::ids::RegionId;
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{days, scope};
use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem, request_id};
use crate::store::Driver;
use crate::town::TownMap;

pub use now::{CategoryCount, DriversNow, OrdersNow, StateCount};
pub use numbers::{DeskMoney, DeskNumbers, OrderOutcomes};

/// How many days are looked at where nobody says.
const USUAL_DAYS: i32 = 30;

/// How many days are looked at at most.
const MAX_DAYS: i32 = 366;

/// How much of it is read at once.
const AT_ONCE: Span = Span::days(31);

/// How many rows are read at once, at most: so many regions have something to count in every hour.
const MAX_ROWS: u32 = 100_000;

/// Which time, and where.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichTime {
    /// The first day: `YYYY-MM-DD` in the time of the region, or an instant of it; 29 days before `date_to`
    /// if it is not said.
    date_from: Option<String>,
    /// The last day, likewise; today if it is not said. At most 366 days in all.
    date_to: Option<String>,
    /// One region; all orders if it is not said.
    region_id: Option<String>,
    /// Where couriers are counted: one of them, by number.
    driver_id: Option<i64>,
}

/// Which time that is, and where.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NumbersOf {
    /// The first day, `YYYY-MM-DD`.
    date_from: String,
    /// The last day.
    date_to: String,
    region_id: Option<String>,
    /// By whose clocks days and hours are told: those of the region, or of the one that was drawn first.
    time_zone: String,
}

/// The same as it is asked for.
struct Asked {
    first: Date,
    last: Date,
    region: Option<RegionId>,
    /// The number of a courier.
    driver: Option<i64>,
    zone: TimeZone,
    map: Arc<TownMap>,
}

impl Asked {
    async fn of(app: &App, which: &WhichTime) -> Result<Self, ApiError> {
        let map = scope::map(app).await?;
        let region = which.region_id.as_deref().filter(|id| !id.is_empty());
        let region = region.map(|id| scope::region_in(&map, "region_id", id)).transpose()?;
        let zone = days::zone_of(&map, region);
        let last = match &which.date_to {
            Some(date) => days::date_or_instant("date_to", date, &zone)?,
            None => days::date_of(app.clock.now(), &zone),
        };
        let first = match &which.date_from {
            Some(date) => days::date_or_instant("date_from", date, &zone)?,
            None => back(last, USUAL_DAYS - 1),
        };
        if last < first {
            return Err(ApiError::unprocessable("date_to", "must not be before date_from"));
        }
        if first < back(last, MAX_DAYS - 1) {
            return Err(ApiError::unprocessable("date_from", "must be at most 366 days before date_to"));
        }
        Ok(Self { first, last, region, driver: which.driver_id, zone, map })
    }

    /// The same number of days right before.
    fn before(&self) -> Self {
        let days = (self.last - self.first).get_days();
        let last = back(self.first, 1);
        let (zone, map) = (self.zone.clone(), Arc::clone(&self.map));
        Self { first: back(last, days), last, region: self.region, driver: self.driver, zone, map }
    }

    /// Whether a courier is counted.
    fn counts(&self, driver: &Driver) -> bool {
        self.region.is_none_or(|region| region == driver.region)
            && self.driver.is_none_or(|number| number == driver.number)
    }

    /// The name of a region that orders are of.
    fn title(&self, id: Option<RegionId>) -> String {
        let outside =
            || request_id::language().choose("Вне регионов".to_owned(), "Outside of regions".to_owned());
        id.and_then(|id| self.map.region(id)).map_or_else(outside, |region| region.title.clone())
    }

    fn begin(&self) -> Time {
        days::begin(self.first, &self.zone)
    }

    fn end(&self) -> Time {
        days::end(self.last, &self.zone)
    }

    fn told(&self) -> NumbersOf {
        NumbersOf {
            date_from: self.first.to_string(),
            date_to: self.last.to_string(),
            region_id: self.region.map(|id| id.to_string()),
            time_zone: self.zone.iana_name().unwrap_or("UTC").to_owned(),
        }
    }

    /// What was counted in each hour and region of it.
    async fn hours(&self, app: &App) -> Result<Vec<RegionHour>, ApiError> {
        // Whatever time is asked for, nothing has been counted in hours that have not come; one more,
        // because the clocks of two nodes differ.
        let end = self.end().min(app.clock.now() + Span::hours(1));
        let (mut hours, mut from) = (Vec::new(), self.begin());
        while from < end {
            let to = (from + AT_ONCE).min(end);
            let some = app.database.order_hours(from, to, self.region, MAX_ROWS).await?;
            if some.len() >= MAX_ROWS as usize {
                return Err(ApiError::unprocessable("region_id", "is needed: there are too many regions"));
            }
            hours.extend(some);
            from = to;
        }
        Ok(hours)
    }
}

fn back(date: Date, days: i32) -> Date {
    date.checked_sub(jiff::Span::new().days(days)).unwrap_or(Date::MIN)
}

/// Everything at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeskMetrics {
    #[serde(flatten)]
    of: NumbersOf,
    #[serde(flatten)]
    numbers: DeskNumbers,
    #[serde(flatten)]
    now: OrdersNow,
    #[serde(flatten)]
    drivers: DriversNow,
}

/// What became of orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderNumbers {
    #[serde(flatten)]
    of: NumbersOf,
    #[serde(flatten)]
    outcomes: OrderOutcomes,
    #[serde(flatten)]
    now: OrdersNow,
}

/// What orders came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct FinancialNumbers {
    #[serde(flatten)]
    of: NumbersOf,
    #[serde(flatten)]
    money: DeskMoney,
    /// The same of each region, zeros included.
    regions: Vec<RegionMoney>,
}

/// What the orders of a region came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionMoney {
    /// Nothing for orders outside of every region.
    region_id: Option<String>,
    region_title: String,
    #[serde(flatten)]
    money: DeskMoney,
}

/// What became of the orders of a region.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionNumbers {
    /// Nothing for orders outside of every region.
    region_id: Option<String>,
    region_title: String,
    /// Orders that were placed.
    orders_count: i64,
    /// Orders that were done.
    completed_count: i64,
    #[serde(flatten)]
    numbers: DeskNumbers,
}

/// Everything at a glance: orders, shares, money, and couriers as they are now.
#[utoipa::path(get, path = "/api/analytics/metrics", operation_id = "desk_metrics", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = DeskMetrics), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn metrics(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0).await?;
    let numbers = DeskNumbers::of(&total(&asked.hours(&app).await?));
    let (now, drivers) = (OrdersNow::of(&app, &asked).await?, DriversNow::of(&app, &asked).await?);
    Ok(HttpResponse::Ok().json(DeskMetrics { of: asked.told(), numbers, now, drivers }))
}

/// What became of orders.
#[utoipa::path(get, path = "/api/analytics/orders", operation_id = "order_numbers", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = OrderNumbers), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn orders(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0).await?;
    let outcomes = OrderOutcomes::of(&total(&asked.hours(&app).await?));
    let now = OrdersNow::of(&app, &asked).await?;
    Ok(HttpResponse::Ok().json(OrderNumbers { of: asked.told(), outcomes, now }))
}

/// What orders came to, in roubles.
#[utoipa::path(get, path = "/api/analytics/financial", operation_id = "financial_numbers", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = FinancialNumbers), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn financial(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0).await?;
    let hours = asked.hours(&app).await?;
    let region = |(region_id, region_title, tally)| RegionMoney {
        region_id,
        region_title,
        money: DeskMoney::of(&tally),
    };
    let regions = split(&asked, &hours).into_iter().map(region).collect();
    let money = DeskMoney::of(&total(&hours));
    Ok(HttpResponse::Ok().json(FinancialNumbers { of: asked.told(), money, regions }))
}

/// What became of orders, region by region, zeros included; last what belongs to no region that is there, if
/// there is any of it.
#[utoipa::path(get, path = "/api/analytics/regions", operation_id = "numbers_of_regions", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = [RegionNumbers]), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn regions(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0).await?;
    let hours = asked.hours(&app).await?;
    let region = |(region_id, region_title, tally): (Option<String>, String, Tally)| RegionNumbers {
        region_id,
        region_title,
        orders_count: tally.placed,
        completed_count: tally.completed,
        numbers: DeskNumbers::of(&tally),
    };
    let regions: Vec<RegionNumbers> = split(&asked, &hours).into_iter().map(region).collect();
    Ok(HttpResponse::Ok().json(regions))
}

/// Counts with the regions that they are of: id and title.
fn split(asked: &Asked, hours: &[RegionHour]) -> Vec<(Option<String>, String, Tally)> {
    let ids = asked.map.regions().map(|region| region.id);
    let ids: Vec<RegionId> = ids.filter(|id| asked.region.is_none_or(|only| only == *id)).collect();
    let mut counts = by_region(hours, &ids);
    // Outside of every region: told where there is something.
    counts.retain(|(id, tally)| id.is_some() || *tally != Tally::default());
    let told = |(id, tally): (Option<RegionId>, _)| (id.map(|id| id.to_string()), asked.title(id), tally);
    counts.into_iter().map(told).collect()
}
