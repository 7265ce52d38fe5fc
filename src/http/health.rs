//! Whether the server lives, and whether it should be sent requests.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use futures_util::future::join3;
use parking_lot::Mutex;
use peerpack_actors::time::Span;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::app::App;

/// How long what was found out about the database and Redis is good for another answer.
const FRESH: Duration = Duration::from_secs(1);

/// What was found out last about what this node needs. All who ask share it: once there is an answer a
/// probe begins once in a second at most, and only who began it waits for it, so that one which hangs holds
/// up nobody else.
#[derive(Default)]
pub struct Pulse(Mutex<Last>);

#[derive(Clone, Copy, Default)]
struct Last {
    /// When the last probe began.
    began: Option<Instant>,
    /// What was found, and when that probe began.
    found: Option<(Instant, Found)>,
}

#[derive(Clone, Copy)]
struct Found {
    /// How long the database took; none if it did not answer.
    database_ms: Option<i64>,
    /// Why it takes no writes, if it does not.
    refuses_writes: Option<&'static str>,
    redis: &'static str,
}

impl Pulse {
    async fn take(&self, app: &App) -> Found {
        let now = Instant::now();
        if let Some(found) = self.0.lock().fresh(now) {
            return found;
        }
        let found = probe(app).await;
        self.0.lock().keep(now, found);
        found
    }
}

impl Last {
    /// What is good for another answer; nothing if it is the caller's turn to find out.
    fn fresh(&mut self, now: Instant) -> Option<Found> {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= FRESH) {
            self.began = Some(now);
            return None;
        }
        self.found.map(|(_, found)| found)
    }

    /// Keeps what a probe found, unless one that began later was faster.
    fn keep(&mut self, began: Instant, found: Found) {
        if self.found.is_none_or(|(other, _)| other <= began) {
            self.found = Some((began, found));
        }
    }
}

async fn probe(app: &App) -> Found {
    let started = app.clock.now();
    let database = async {
        let answered = app.database.ping().await.is_ok();
        answered.then(|| app.clock.now().since(started).ms())
    };
    let (writes, present) = (app.database.refuses_writes(), app.presence.present_count(started));
    let (database_ms, refuses_writes, redis) = join3(database, writes, present).await;
    let redis = match (&app.config.redis_url, redis) {
        (None, _) => "not_configured",
        (Some(_), Ok(_)) => "ok",
        (Some(_), Err(_)) => "down",
    };
    Found { database_ms, refuses_writes, redis }
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `degraded`.
    #[schema(value_type = crate::http::vocabulary::HealthStatus)]
    status: String,
    version: String,
    timestamp: String,
    /// Seconds since the start.
    uptime: i64,
    database: DatabaseHealth,
    redis: RedisHealth,
    clock: ClockHealth,
    memory: Memory,
    /// What lives on this node.
    engine: EngineHealth,
}

/// The database.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatabaseHealth {
    /// `ok`, `down`, or `read_only` while it takes no writes.
    #[schema(value_type = crate::http::vocabulary::DatabaseStatus)]
    status: String,
    /// Why it takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(rename = "latencyMs")]
    latency_ms: i64,
    /// `sqlite` or `postgres`.
    #[schema(value_type = crate::http::vocabulary::DatabaseKind)]
    kind: String,
}

/// How Redis is.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedisHealth {
    /// `ok`, `down` or `not_configured`.
    #[schema(value_type = crate::http::vocabulary::RedisStatus)]
    status: String,
}

/// The clock of the machine.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockHealth {
    /// `ok`; `far` from the database's, further than a server may start with; or `jumped`: somebody has set
    /// it while the server runs, which goes on counting from where it was.
    #[schema(value_type = crate::http::vocabulary::ClockStatus)]
    status: String,
    /// How many milliseconds it is ahead of the database's, or behind if that is negative. The server
    /// corrects it. Null for the embedded store.
    skew_ms: Option<i64>,
    /// How many milliseconds it was set forward while the server runs, or back if that is negative. 0 unless
    /// it was.
    jumped_ms: i64,
}

/// Memory of the process.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemoryHealth)]
pub struct Memory {
    #[serde(rename = "rssMB")]
    rss_mb: u64,
}

/// What lives on this node.
#[derive(Debug, Serialize, ToSchema)]
pub struct EngineHealth {
    trips: usize,
    /// Whether live trips of the store are still being taken in after the start: until then searches and
    /// offers know the others only.
    restoring: bool,
    waiting_packages: usize,
    actors: usize,
    sessions: usize,
    /// Threads that are held up by something which does not yield.
    silent_threads: Vec<String>,
}

/// Whether to send requests here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub struct Ready {
    ready: bool,
    /// What keeps the server from being ready.
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
    let found = pulse.take(&app).await;
    if found.database_ms.is_none() {
        reasons.push("the database does not answer".to_owned());
    } else if let Some(why) = found.refuses_writes {
        reasons.push(format!("the database takes no writes: {why}"));
    }
    let mut answer = if reasons.is_empty() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(Ready { ready: reasons.is_empty(), reasons })
}

/// How the server is.
#[utoipa::path(get, path = "/api/health", operation_id = "health",
    tag = "health", responses((status = 200, body = Health)))]
pub async fn health(app: web::Data<App>, pulse: web::Data<Pulse>) -> HttpResponse {
    let Found { database_ms, refuses_writes, redis } = pulse.take(&app).await;
    let (stats, silent_threads, now) = (app.engine.stats(), app.engine.threads().silent(), app.clock.now());
    let jumped = app.skew.jumped();
    let clock = match app.skew.is_beyond(app.config.max_clock_skew) {
        true => "far",
        false if jumped.ms() != 0 => "jumped",
        false => "ok",
    };
    let database = match (database_ms, refuses_writes) {
        (None, _) => "down",
        (Some(_), Some(_)) => "read_only",
        (Some(_), None) => "ok",
    };
    let well = database == "ok" && redis != "down" && silent_threads.is_empty() && clock == "ok";
    HttpResponse::Ok().json(Health {
        status: if well { "ok" } else { "degraded" }.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        timestamp: now.to_string(),
        uptime: now.since(app.started_at).ms() / 1_000,
        database: DatabaseHealth {
            status: database.to_owned(),
            reason: refuses_writes.map(str::to_owned),
            latency_ms: database_ms.unwrap_or_default(),
            kind: app.database.kind().to_owned(),
        },
        redis: RedisHealth { status: redis.to_owned() },
        clock: ClockHealth {
            status: clock.to_owned(),
            skew_ms: app.skew.ahead().map(Span::ms),
            jumped_ms: jumped.ms(),
        },
        memory: Memory { rss_mb: rss_mb() },
        engine: EngineHealth {
            trips: stats.trips,
            restoring: stats.restoring,
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

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Found = Found { database_ms: Some(1), refuses_writes: None, redis: "ok" };
    const DOWN: Found = Found { database_ms: None, refuses_writes: None, redis: "down" };

    #[test]
    fn a_probe_that_hangs_holds_up_nobody_and_says_nothing_of_now() {
        let start = Instant::now();
        let second = |n| start + Duration::from_secs(n);
        let mut last = Last::default();
        assert!(last.fresh(start).is_none());
        last.keep(start, WELL);
        assert!(last.fresh(start).is_some_and(|found| found.redis == "ok"));
        // One asks again and hangs; the others are answered with what is known, until it is another's turn.
        assert!(last.fresh(second(1)).is_none());
        assert!((0..100).all(|_| last.fresh(second(1)).is_some()));
        assert!(last.fresh(second(2)).is_none());
        last.keep(second(2), DOWN);
        last.keep(second(1), WELL);
        assert!(last.fresh(second(2)).is_some_and(|found| found.redis == "down"));
    }
}
