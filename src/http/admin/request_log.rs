//! What operators see of the requests of this node.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use peerpack_actors::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::edge::request_log::{Entry, RequestLog};
use crate::error::{ApiError, Problem};

/// The last hour in a few numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestStats)]
pub struct Stats {
    /// Requests in the last hour, as far as remembered.
    requests: usize,
    /// How many of them were refused.
    client_errors: usize,
    /// How many of them failed.
    server_errors: usize,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

/// The last hour by route.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestsByEndpoint)]
pub struct ByEndpoint {
    /// The busiest first.
    endpoints: Vec<EndpointStats>,
}

/// A route in the last hour.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointStats {
    /// The method and the pattern of the path: `GET /api/trips/{trip_id}`.
    endpoint: String,
    #[serde(flatten)]
    stats: Stats,
}

/// The last hour by minute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestChart)]
pub struct Chart {
    /// Oldest first; minutes without requests are left out.
    points: Vec<Minute>,
}

/// A minute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestsInMinute)]
pub struct Minute {
    /// When the minute begins.
    minute: String,
    #[serde(flatten)]
    stats: Stats,
}

impl Stats {
    fn of(entries: &[&Entry]) -> Self {
        let mut took: Vec<u32> = entries.iter().map(|entry| entry.took_us).collect();
        took.sort_unstable();
        let at = |percent: usize| {
            let index = (took.len() * percent / 100).min(took.len().saturating_sub(1));
            took.get(index).map_or(0.0, |us| f64::from(*us) / 1_000.0)
        };
        let count = |from: u16| entries.iter().filter(|entry| entry.status / 100 == from).count();
        Self {
            requests: entries.len(),
            client_errors: count(4),
            server_errors: count(5),
            p50_ms: at(50),
            p95_ms: at(95),
            p99_ms: at(99),
        }
    }
}

/// The last hour of this node in a few numbers.
#[utoipa::path(get, path = "/api/admin/requests/stats", operation_id = "request_stats",
    tag = "admin", security(("bearer" = [])),
    responses((status = 200, body = Stats), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn stats(app: web::Data<App>, log: web::Data<RequestLog>) -> Result<HttpResponse, ApiError> {
    let entries = log.lately(app.clock.now());
    Ok(HttpResponse::Ok().json(Stats::of(&entries.iter().collect::<Vec<_>>())))
}

/// The last hour of this node by route.
#[utoipa::path(get, path = "/api/admin/requests/endpoints", operation_id = "request_endpoints",
    tag = "admin", security(("bearer" = [])),
    responses((status = 200, body = ByEndpoint), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn by_endpoint(app: web::Data<App>, log: web::Data<RequestLog>) -> Result<HttpResponse, ApiError> {
    let entries = log.lately(app.clock.now());
    let mut routes: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &entries {
        routes.entry(&entry.route).or_default().push(entry);
    }
    let mut endpoints: Vec<_> = routes
        .into_iter()
        .map(|(route, entries)| EndpointStats { endpoint: route.to_owned(), stats: Stats::of(&entries) })
        .collect();
    endpoints.sort_by_key(|one| std::cmp::Reverse(one.stats.requests));
    Ok(HttpResponse::Ok().json(ByEndpoint { endpoints }))
}

/// The last hour of this node by minute.
#[utoipa::path(get, path = "/api/admin/requests/chart", operation_id = "request_chart",
    tag = "admin", security(("bearer" = [])),
    responses((status = 200, body = Chart), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn chart(app: web::Data<App>, log: web::Data<RequestLog>) -> Result<HttpResponse, ApiError> {
    let entries = log.lately(app.clock.now());
    let mut minutes: BTreeMap<i64, Vec<&Entry>> = BTreeMap::new();
    for entry in &entries {
        minutes.entry(entry.at.ms().div_euclid(60_000)).or_default().push(entry);
    }
    let points = minutes.into_iter().map(|(minute, entries)| Minute {
        minute: Time::from_ms(minute * 60_000).to_string(),
        stats: Stats::of(&entries),
    });
    Ok(HttpResponse::Ok().json(Chart { points: points.collect() }))
}
