//! Numbers as a file: step by step, day by day in each region, courier by courier, or the orders themselves.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::tally::{RegionHour, Step, Tally, series};
use peerpack_actors::ids::RegionId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::series::{SeriesInterval, shown};
use super::{Asked, WhichTime, people};
use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::http::dispatch::tables::{self, FileFormat, orders};
use crate::http::vocabulary;
use crate::sheets::Figures;
use crate::store::{Driver, OrderQuery};

/// What a file is to have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportType {
    /// A line for each step of time.
    #[default]
    Series,
    /// A line for each day and region in which something happened.
    Financial,
    /// A line for each courier.
    Drivers,
    /// A line for each order that was wanted in that time.
    Orders,
}

/// Which file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichReport {
    /// `series` if it is not said.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<ReportType>,
    /// The first day: `YYYY-MM-DD` in the time of the region, or an instant of it; 29 days before `date_to`
    /// if it is not said.
    date_from: Option<String>,
    /// The last day, likewise; today if it is not said. At most 366 days in all.
    date_to: Option<String>,
    /// One region; all orders if it is not said.
    region_id: Option<String>,
    /// Of couriers: one of them, by number.
    driver_id: Option<i64>,
    /// Of a series: `day` if it is not said. `interval` is the same.
    #[serde(alias = "interval")]
    granularity: Option<SeriesInterval>,
    /// `csv` if it is not said.
    #[param(value_type = Option<vocabulary::StatementFormat>)]
    format: Option<FileFormat>,
}

/// Numbers as a file, or the orders of a time: at most 10 000 of these.
#[utoipa::path(get, path = "/api/analytics/export", operation_id = "export_numbers", tag = "dispatch",
    security(("bearer" = [])), params(WhichReport),
    responses((status = 200, description = "The file.", content((String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn export(app: web::Data<App>, query: Query<WhichReport>) -> Result<HttpResponse, ApiError> {
    let WhichReport { kind, date_from, date_to, region_id, driver_id, granularity, format } = query.0;
    let asked = Asked::of(&app, &WhichTime { date_from, date_to, region_id, driver_id }).await?;
    let format = tables::format(Some(format.unwrap_or(FileFormat::Csv)));
    let lines = match kind.unwrap_or_default() {
        ReportType::Series => by_steps(&asked, &asked.hours(&app).await?, granularity.unwrap_or_default()),
        ReportType::Financial => by_days_and_regions(&asked, &asked.hours(&app).await?),
        ReportType::Drivers => by_couriers(&app, &asked).await?,
        ReportType::Orders => {
            let (from, to) = (Some(asked.begin()), Some(asked.end()));
            let query = OrderQuery { from, to, region: asked.region, ..OrderQuery::default() };
            let lines = orders::lines(&app, query).await?.into_iter().map(|(_, line)| line).collect();
            return tables::table(format, lines).await;
        }
    };
    tables::table(format, lines).await
}

fn by_steps(asked: &Asked, hours: &[RegionHour], interval: SeriesInterval) -> Vec<Figures> {
    let steps = series(hours, asked.begin(), asked.end(), interval.into(), &asked.zone);
    let line = |(begin, tally)| Figures { begin: shown(begin, interval, &asked.zone), ..figures(&tally) };
    steps.into_iter().map(line).collect()
}

fn by_days_and_regions(asked: &Asked, hours: &[RegionHour]) -> Vec<Figures> {
    let mut regions: BTreeMap<Option<RegionId>, Vec<RegionHour>> = BTreeMap::new();
    for hour in hours {
        regions.entry(hour.region).or_default().push(*hour);
    }
    let mut lines = Vec::new();
    for (region, hours) in regions {
        let days = series(&hours, asked.begin(), asked.end(), Step::Day, &asked.zone);
        lines.extend(days.into_iter().filter(|(_, tally)| *tally != Tally::default()).map(
            |(begin, tally)| {
                let begin = shown(begin, SeriesInterval::Day, &asked.zone);
                Figures { begin, region: asked.title(region), ..figures(&tally) }
            },
        ));
    }
    lines.sort_by(|one, other| (&one.begin, &one.region).cmp(&(&other.begin, &other.region)));
    lines
}

async fn by_couriers(app: &App, asked: &Asked) -> Result<Vec<Figures>, ApiError> {
    let line = |(driver, tally): (Driver, Tally)| Figures {
        region: asked.title(Some(driver.region)),
        driver: driver.name,
        ..figures(&tally)
    };
    Ok(people::performances(app, asked).await?.into_iter().map(line).collect())
}

fn figures(tally: &Tally) -> Figures {
    let counts = [
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
    ];
    Figures { counts, minor: [tally.price_minor, tally.quoted_minor, tally.fees_minor], ..Figures::default() }
}
