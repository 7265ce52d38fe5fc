//! Numbers over time.

use actix_web::{HttpResponse, web};
use jiff::tz::TimeZone;
use peerpack_actors::dispatch::tally::{Step, Tally, by_hour_of_day, series, total};
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Asked, DeskNumbers, NumbersOf, WhichTime};
use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};

/// In what steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesInterval {
    /// An hour each.
    Hour,
    /// A day each.
    #[default]
    Day,
    /// Of a week, from Monday.
    Week,
    /// A month each.
    Month,
}

impl From<SeriesInterval> for Step {
    fn from(interval: SeriesInterval) -> Self {
        match interval {
            SeriesInterval::Hour => Self::Hour,
            SeriesInterval::Day => Self::Day,
            SeriesInterval::Week => Self::Week,
            SeriesInterval::Month => Self::Month,
        }
    }
}

/// Which time, where, and in what steps.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichSeries {
    /// The first day: `YYYY-MM-DD` in the time of the region, or an instant of it; 29 days before `date_to`
    /// if it is not said.
    date_from: Option<String>,
    /// The last day, likewise; today if it is not said. At most 366 days in all.
    date_to: Option<String>,
    /// One region; all orders if it is not said.
    region_id: Option<String>,
    /// `day` if it is not said. `interval` is the same.
    #[serde(alias = "interval")]
    granularity: Option<SeriesInterval>,
}

/// A step of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesPoint {
    /// Its begin, an instant. A first week or month may begin before the first day; what is counted does not.
    period: String,
    /// Its begin as clocks show it there: `YYYY-MM-DD`, of hours with `THH:MM`.
    date: String,
    /// Orders that were placed.
    total: i64,
    completed: i64,
    cancelled: i64,
    #[serde(flatten)]
    numbers: DeskNumbers,
}

/// An hour of the day.
#[derive(Debug, Serialize, ToSchema)]
pub struct HourOfDay {
    /// `HH:00`, as clocks show it there.
    hour: String,
    /// Orders that were placed in it, on all days together.
    orders: i64,
    completed_orders: i64,
    cancelled_orders: i64,
    assignments: i64,
    /// Orders that were placed in it on a day, in the mean.
    average_orders: f64,
    /// By whose clocks: an IANA time zone, that of the region, or of the one that was drawn first.
    time_zone: String,
}

/// A time with its numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparedTime {
    #[serde(flatten)]
    of: NumbersOf,
    /// Orders that were placed.
    orders: i64,
    /// Orders that were done.
    completed: i64,
    #[serde(flatten)]
    numbers: DeskNumbers,
}

/// How much more it is than before, percent; nothing where there was nothing before.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumbersChange {
    orders: Option<f64>,
    completed: Option<f64>,
    cancelled: Option<f64>,
    /// What done orders came to.
    revenue: Option<f64>,
    avg_order_value: Option<f64>,
}

/// A time beside as many days right before it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumbersComparison {
    current: ComparedTime,
    previous: ComparedTime,
    changes: NumbersChange,
}

/// What became of orders, step by step in the time of the region: oldest first, zeros included.
#[utoipa::path(get, path = "/api/analytics/time-series", operation_id = "order_time_series", tag = "dispatch",
    security(("bearer" = [])), params(WhichSeries),
    responses((status = 200, body = [SeriesPoint]), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn time_series(app: web::Data<App>, query: Query<WhichSeries>) -> Result<HttpResponse, ApiError> {
    let WhichSeries { date_from, date_to, region_id, granularity } = query.0;
    let asked = Asked::of(&app, &WhichTime { date_from, date_to, region_id, driver_id: None }).await?;
    let interval = granularity.unwrap_or_default();
    let point = |(begin, tally): (Time, Tally)| SeriesPoint {
        period: begin.to_string(),
        date: shown(begin, interval, &asked.zone),
        total: tally.placed,
        completed: tally.completed,
        cancelled: tally.cancelled,
        numbers: DeskNumbers::of(&tally),
    };
    let hours = asked.hours(&app).await?;
    let points = series(&hours, asked.begin(), asked.end(), interval.into(), &asked.zone);
    Ok(HttpResponse::Ok().json(points.into_iter().map(point).collect::<Vec<_>>()))
}

/// When a town is busy, by the clocks of the region, or of the one that was drawn first: all 24 hours of the
/// day, each with the time zone.
#[utoipa::path(get, path = "/api/analytics/peak-hours", operation_id = "peak_hours", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = [HourOfDay]), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn peak_hours(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0).await?;
    let counts = by_hour_of_day(&asked.hours(&app).await?, &asked.zone);
    let days = f64::from((asked.last - asked.first).get_days() + 1);
    let zone = asked.told().time_zone;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let hour = |(hour, tally): (u32, &Tally)| HourOfDay {
        hour: format!("{hour:02}:00"),
        orders: tally.placed,
        completed_orders: tally.completed,
        cancelled_orders: tally.cancelled,
        assignments: tally.assigned,
        average_orders: tally.placed as f64 / days,
        time_zone: zone.clone(),
    };
    let hours: Vec<HourOfDay> = (0..).zip(&counts).map(hour).collect();
    Ok(HttpResponse::Ok().json(hours))
}

/// A time beside as many days right before it.
#[utoipa::path(get, path = "/api/analytics/comparison", operation_id = "compare_numbers", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = NumbersComparison), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn comparison(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0).await?;
    let (current, previous) = (compared(&app, &asked).await?, compared(&app, &asked.before()).await?);
    Ok(HttpResponse::Ok().json(NumbersComparison {
        changes: NumbersChange::between(&previous.numbers, &current.numbers),
        current,
        previous,
    }))
}

async fn compared(app: &App, asked: &Asked) -> Result<ComparedTime, ApiError> {
    let tally = total(&asked.hours(app).await?);
    let (of, numbers) = (asked.told(), DeskNumbers::of(&tally));
    Ok(ComparedTime { of, orders: tally.placed, completed: tally.completed, numbers })
}

impl NumbersChange {
    fn between(before: &DeskNumbers, now: &DeskNumbers) -> Self {
        let change = |before: f64, now: f64| (before > 0.0).then(|| (now - before) / before * 100.0);
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let of_counts = |before: i64, now: i64| change(before as f64, now as f64);
        let (past, present) = (&before.outcomes, &now.outcomes);
        let values = before.money.avg_order_value.zip(now.money.avg_order_value);
        Self {
            orders: of_counts(past.total_orders, present.total_orders),
            completed: of_counts(past.completed_orders, present.completed_orders),
            cancelled: of_counts(past.cancelled_orders, present.cancelled_orders),
            revenue: change(before.money.revenue, now.money.revenue),
            avg_order_value: values.and_then(|(before, now)| change(before, now)),
        }
    }
}

/// The begin of a step, as clocks show it there.
pub(super) fn shown(begin: Time, interval: SeriesInterval, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(begin.ms()).unwrap_or_default().to_zoned(zone.clone());
    at.strftime(if interval == SeriesInterval::Hour { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%d" }).to_string()
}
