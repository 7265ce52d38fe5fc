//! Whether the server lives, and whether it should be sent requests.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use futures_util::future::join;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::app::App;

/// How long what was found out about the database and Redis is good for another answer.
const FRESH: Duration = Duration::from_secs(1);

/// What was found out last about what this node needs. Whoever asks shares it, so that no number of questions makes
/// more than one probe at a time.
#[derive(Default)]
pub struct Pulse(Mutex<Option<(Instant, Found)>>);

#[derive(Clone, Copy)]
struct Found {
    /// How long the database took; none if it did not answer.
    database_ms: Option<i64>,
    redis: &'static str,
}

impl Pulse {
    async fn take(&self, app: &App) -> Found {
        let mut last = self.0.lock().await;
        if let Some((at, found)) = *last
            && at.elapsed() < FRESH
        {
            return found;
        }
        let started = app.clock.now();
        let database = async {
            let answered = app.database.ping().await.is_ok();
            answered.then(|| app.clock.now().since(started).ms())
        };
        let (database_ms, redis) = join(database, app.presence.present_count(started)).await;
        let redis = match (&app.config.redis_url, redis) {
            (None, _) => "not_configured",
            (Some(_), Ok(_)) => "ok",
            (Some(_), Err(_)) => "down",
        };
        let found = Found { database_ms, redis };
        *last = Some((Instant::now(), found));
        found
    }
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `degraded`.
    status: String,
    version: String,
    timestamp: String,
    /// Seconds since the start.
    uptime: i64,
    database: DatabaseHealth,
    redis: RedisHealth,
    memory: Memory,
    /// What lives on this node.
    engine: EngineHealth,
}

/// The database.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatabaseHealth {
    /// `ok` or `down`.
    status: String,
    #[serde(rename = "latencyMs")]
    latency_ms: i64,
    /// `sqlite` or `postgres`.
    kind: String,
}

/// Redis.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedisHealth {
    /// `ok`, `down` or `not_configured`.
    status: String,
}

/// Memory of the process.
#[derive(Debug, Serialize, ToSchema)]
pub struct Memory {
    #[serde(rename = "rssMB")]
    rss_mb: u64,
}

/// What lives on this node.
#[derive(Debug, Serialize, ToSchema)]
pub struct EngineHealth {
    trips: usize,
    waiting_packages: usize,
    actors: usize,
    sessions: usize,
    /// Threads that are held up by something which does not yield.
    silent_threads: Vec<String>,
}

/// Whether to send requests here.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    /// Why not.
    reasons: Vec<String>,
}

/// The process answers.
#[utoipa::path(get, path = "/api/health/live", operation_id = "health_live",
    tag = "health", responses((status = 200, body = Ready)))]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Ready { ready: true, reasons: Vec::new() })
}

/// Whether to send requests here.
#[utoipa::path(get, path = "/api/health/ready", operation_id = "health_ready", tag = "health",
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub async fn ready(app: web::Data<App>, pulse: web::Data<Pulse>) -> HttpResponse {
    let mut reasons = Vec::new();
    if app.duty.is_ending() {
        reasons.push("the server is ending".to_owned());
    }
    if pulse.take(&app).await.database_ms.is_none() {
        reasons.push("the database does not answer".to_owned());
    }
    let mut answer = if reasons.is_empty() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(Ready { ready: reasons.is_empty(), reasons })
}

/// How the server is.
#[utoipa::path(get, path = "/api/health", operation_id = "health",
    tag = "health", responses((status = 200, body = Health)))]
pub async fn health(app: web::Data<App>, pulse: web::Data<Pulse>) -> HttpResponse {
    let Found { database_ms, redis } = pulse.take(&app).await;
    let (stats, silent_threads, now) = (app.engine.stats(), app.engine.threads().silent(), app.clock.now());
    let well = database_ms.is_some() && redis != "down" && silent_threads.is_empty();
    HttpResponse::Ok().json(Health {
        status: if well { "ok" } else { "degraded" }.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        timestamp: now.to_string(),
        uptime: now.since(app.started_at).ms() / 1_000,
        database: DatabaseHealth {
            status: if database_ms.is_some() { "ok" } else { "down" }.to_owned(),
            latency_ms: database_ms.unwrap_or_default(),
            kind: app.database.kind().to_owned(),
        },
        redis: RedisHealth { status: redis.to_owned() },
        memory: Memory { rss_mb: rss_mb() },
        engine: EngineHealth {
            trips: stats.trips,
            waiting_packages: stats.waiting_packages,
            actors: stats.trip_actors + stats.package_actors + stats.user_actors,
            sessions: stats.sessions,
            silent_threads,
        },
    })
}

/// Resident memory; 0 where the system does not tell.
fn rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kb.unwrap_or(0) / 1_024
}
