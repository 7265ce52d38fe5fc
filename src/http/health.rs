//! Whether the server lives, and whether it should be sent requests.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

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
}

/// Whether to send requests here.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    /// Why not.
    reasons: Vec<String>,
}

/// The process answers.
#[utoipa::path(get, path = "/api/health/live", tag = "health", responses((status = 200, body = Ready)))]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Ready { ready: true, reasons: Vec::new() })
}

/// Whether to send requests here.
#[utoipa::path(get, path = "/api/health/ready", tag = "health",
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    let mut reasons = Vec::new();
    if app.duty.is_ending() {
        reasons.push("the server is ending".to_owned());
    }
    if app.database.ping().await.is_err() {
        reasons.push("the database does not answer".to_owned());
    }
    let mut answer = if reasons.is_empty() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(Ready { ready: reasons.is_empty(), reasons })
}

/// How the server is.
#[utoipa::path(get, path = "/api/health", tag = "health", responses((status = 200, body = Health)))]
pub async fn health(app: web::Data<App>) -> HttpResponse {
    let started = app.clock.now();
    let alive = app.database.ping().await.is_ok();
    let now = app.clock.now();
    let redis = match (&app.config.redis_url, app.presence.present_count(now).await) {
        (None, _) => "not_configured",
        (Some(_), Ok(_)) => "ok",
        (Some(_), Err(_)) => "down",
    };
    let word = |ok| if ok { "ok" } else { "down" }.to_owned();
    let stats = app.engine.stats();
    HttpResponse::Ok().json(Health {
        status: if alive && redis != "down" { "ok" } else { "degraded" }.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        timestamp: now.to_string(),
        uptime: now.since(app.started_at).ms() / 1_000,
        database: DatabaseHealth {
            status: word(alive),
            latency_ms: now.since(started).ms(),
            kind: app.database.kind().to_owned(),
        },
        redis: RedisHealth { status: redis.to_owned() },
        memory: Memory { rss_mb: rss_mb() },
        engine: EngineHealth {
            trips: stats.trips,
            waiting_packages: stats.waiting_packages,
            actors: stats.trip_actors + stats.package_actors + stats.user_actors,
            sessions: stats.sessions,
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
