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
use crate::http::dispatch::tables::{self, FileFormat};
use crate::http::vocabulary;
use crate::sheets::Figures;

/// In what steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesInterval {
    /// Of an hour.
    Hour,
    /// Of a day.
    #[default]
    Day,
    /// Of a week, from Monday.
    Week,
    /// Of a month.
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
    /// The first day, `YYYY-MM-DD` in the time of the region; 29 days before `date_to` if it is not said.
    #[param(format = Date)]
    date_from: Option<String>,
    /// The last day; today if it is not said. At most 366 days in all.
    #[param(format = Date)]
    date_to: Option<String>,
    /// One region; all orders if it is not said.
    region_id: Option<String>,
    /// `day` if it is not said.
    interval: Option<SeriesInterval>,
    /// Of the export: `csv` if it is not said.
    #[param(value_type = Option<vocabulary::StatementFormat>)]
    format: Option<FileFormat>,
}

impl WhichSeries {
    fn time(&self) -> WhichTime {
        let Self { date_from, date_to, region_id, .. } = self;
        WhichTime { date_from: date_from.clone(), date_to: date_to.clone(), region_id: region_id.clone() }
    }
}

/// A step of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesPoint {
    /// Its begin, an instant. A first week or month may begin before the first day; what is counted does not.
    timestamp: String,
    /// Its begin as clocks show it there: `YYYY-MM-DD`, of hours with `THH:MM`.
    date: String,
    #[serde(flatten)]
    numbers: DeskNumbers,
}

/// What became of orders, step by step.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimeSeries {
    #[serde(flatten)]
    of: NumbersOf,
    interval: SeriesInterval,
    /// Oldest first, zeros included.
    points: Vec<SeriesPoint>,
}

/// An hour of the day.
#[derive(Debug, Serialize, ToSchema)]
pub struct HourOfDay {
    /// 0 to 23, as clocks show it there.
    hour: u32,
    /// Orders that were placed in it, on all days together.
    total_orders: i64,
    completed_orders: i64,
    cancelled_orders: i64,
    assignments: i64,
    /// Orders that were placed in it on a day, in the mean.
    average_orders: f64,
}

/// When a town is busy.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeakHours {
    #[serde(flatten)]
    of: NumbersOf,
    /// All 24 of them.
    hours: Vec<HourOfDay>,
    /// The hour in which most orders were placed; nothing where none was.
    peak_hour: Option<u32>,
}

/// A time with its numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparedTime {
    #[serde(flatten)]
    of: NumbersOf,
    #[serde(flatten)]
    numbers: DeskNumbers,
}

/// How much more it is than before, percent; nothing where there was nothing before.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumbersChange {
    total_orders: Option<f64>,
    completed_orders: Option<f64>,
    cancelled_orders: Option<f64>,
    assignments: Option<f64>,
    total_revenue: Option<f64>,
}

/// A time beside as many days right before it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumbersComparison {
    current: ComparedTime,
    previous: ComparedTime,
    change_percent: NumbersChange,
}

/// What became of orders, step by step in the time of the region.
#[utoipa::path(get, path = "/api/analytics/time-series", operation_id = "order_time_series", tag = "dispatch",
    security(("bearer" = [])), params(WhichSeries),
    responses((status = 200, body = TimeSeries), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn time_series(app: web::Data<App>, query: Query<WhichSeries>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0.time())?;
    let interval = query.0.interval.unwrap_or_default();
    let points = steps(&app, &asked, interval).await?;
    let points = points.into_iter().map(|(begin, tally)| SeriesPoint {
        timestamp: begin.to_string(),
        date: shown(begin, interval, &asked.zone),
        numbers: DeskNumbers::of(&tally),
    });
    Ok(HttpResponse::Ok().json(TimeSeries { of: asked.told(), interval, points: points.collect() }))
}

/// When a town is busy, by the clocks of the region.
#[utoipa::path(get, path = "/api/analytics/peak-hours", operation_id = "peak_hours", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = PeakHours), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn peak_hours(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0)?;
    let counts = by_hour_of_day(&asked.hours(&app).await?, &asked.zone);
    let days = f64::from((asked.last - asked.first).get_days() + 1);
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let hour = |(hour, tally): (u32, &Tally)| HourOfDay {
        hour,
        total_orders: tally.placed,
        completed_orders: tally.completed,
        cancelled_orders: tally.cancelled,
        assignments: tally.assigned,
        average_orders: tally.placed as f64 / days,
    };
    let hours: Vec<HourOfDay> = (0..).zip(&counts).map(hour).collect();
    // Of equals the earliest.
    let peak = hours.iter().rev().max_by_key(|hour| hour.total_orders);
    let peak_hour = peak.filter(|hour| hour.total_orders > 0).map(|hour| hour.hour);
    Ok(HttpResponse::Ok().json(PeakHours { of: asked.told(), hours, peak_hour }))
}

/// A time beside as many days right before it.
#[utoipa::path(get, path = "/api/analytics/comparison", operation_id = "compare_numbers", tag = "dispatch",
    security(("bearer" = [])), params(WhichTime),
    responses((status = 200, body = NumbersComparison), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn comparison(app: web::Data<App>, query: Query<WhichTime>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0)?;
    let before = asked.before();
    let current = DeskNumbers::of(&total(&asked.hours(&app).await?));
    let previous = DeskNumbers::of(&total(&before.hours(&app).await?));
    let (now, then) = (current.compared(), previous.compared());
    let change = |n: usize| (then[n] > 0.0).then(|| (now[n] - then[n]) / then[n] * 100.0);
    Ok(HttpResponse::Ok().json(NumbersComparison {
        current: ComparedTime { of: asked.told(), numbers: current },
        previous: ComparedTime { of: before.told(), numbers: previous },
        change_percent: NumbersChange {
            total_orders: change(0),
            completed_orders: change(1),
            cancelled_orders: change(2),
            assignments: change(3),
            total_revenue: change(4),
        },
    }))
}

/// The time series as a file.
#[utoipa::path(get, path = "/api/analytics/export", operation_id = "export_numbers", tag = "dispatch",
    security(("bearer" = [])), params(WhichSeries),
    responses((status = 200, description = "The file.", content((String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn export(app: web::Data<App>, query: Query<WhichSeries>) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&app, &query.0.time())?;
    let interval = query.0.interval.unwrap_or_default();
    let line = |(begin, tally): (Time, Tally)| Figures {
        begin: shown(begin, interval, &asked.zone),
        counts: [
            tally.placed,
            tally.completed,
            tally.cancelled,
            tally.by_passenger,
            tally.by_courier,
            tally.no_shows,
            tally.assigned,
            tally.offers,
            tally.accepted,
            tally.declined,
        ],
        minor: [tally.price_minor, tally.fees_minor],
    };
    let lines = steps(&app, &asked, interval).await?.into_iter().map(line).collect();
    tables::table(tables::format(Some(query.0.format.unwrap_or(FileFormat::Csv))), lines).await
}

async fn steps(app: &App, asked: &Asked, interval: SeriesInterval) -> Result<Vec<(Time, Tally)>, ApiError> {
    Ok(series(&asked.hours(app).await?, asked.begin(), asked.end(), interval.into(), &asked.zone))
}

/// The begin of a step, as clocks show it there.
fn shown(begin: Time, interval: SeriesInterval, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(begin.ms()).unwrap_or_default().to_zoned(zone.clone());
    at.strftime(if interval == SeriesInterval::Hour { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%d" }).to_string()
}
