//! Logs and metrics: where they go and in which form. What is logged is each module's own business; none of
//! them may log a token, a code or init data.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::callsite::Identifier;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::LogFormat;

/// Seconds, for everything whose name ends in `_seconds`.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How often histograms are folded; between two folds they keep every sample.
const UPKEEP: Duration = Duration::from_secs(5);

/// Warnings and errors from one place in the program within [`CALM`]; the rest is counted and left out.
const MAX_LINES: u32 = 10;

/// See [`MAX_LINES`].
const CALM: Duration = Duration::from_secs(10);

/// Logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not of the form `info,peerpack=debug`.
    #[error("the log filter is malformed: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// A logger is in place already.
    #[error("logging is already set up")]
    Logger,
    /// A recorder is in place already, or its settings are wrong.
    #[error("metrics cannot be set up: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The listener of the metrics cannot be used.
    #[error("metrics cannot be served: {0}")]
    Listener(#[from] std::io::Error),
}

/// Sends logs to standard error. Control characters in what is logged are escaped.
///
/// # Errors
/// A malformed filter, or a second call.
pub fn init_logs(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let is_terminal = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        // Where nobody reads the log, to complain of that would panic, and take with it the thread that
        // wanted to say something.
        .log_internal_errors(false);
    let filter = EnvFilter::try_new(filter)?;
    let json = match format {
        LogFormat::Auto => !is_terminal,
        LogFormat::Json => true,
        LogFormat::Pretty => false,
    };
    let logs = if json { logs.json().flatten_event(true).boxed() } else { logs.boxed() };
    let logs = logs.with_filter(Calm::default()).with_filter(filter);
    tracing_subscriber::registry().with(logs).try_init().map_err(|_| TelemetryError::Logger)
}

/// Keeps one complaint from being made over and over: a server in trouble must not drown in words about it.
#[derive(Default)]
struct Calm(Mutex<HashMap<Identifier, Said>>);

/// What a place in the program has complained of lately.
#[derive(Clone, Copy)]
struct Said {
    since: Instant,
    lines: u32,
}

impl Said {
    fn admits(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= CALM {
            *self = Self { since: now, lines: 0 };
        }
        self.lines = self.lines.saturating_add(1);
        self.lines <= MAX_LINES
    }
}

impl<S: Subscriber> Filter<S> for Calm {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        if !metadata.is_event() || *metadata.level() > Level::WARN {
            return true;
        }
        let now = Instant::now();
        let mut said = self.0.lock();
        let said = said.entry(metadata.callsite()).or_insert(Said { since: now, lines: 0 });
        let admitted = said.admits(now);
        if !admitted {
            metrics::counter!("peerpack_log_lines_left_out_total").increment(1);
        }
        admitted
    }
}

/// Collects the process's metrics from now on.
///
/// # Errors
/// A second call.
pub fn install_metrics() -> Result<PrometheusHandle, TelemetryError> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?)
}

/// Serves `/metrics` on a listener of its own; the server is to be spawned. Folds histograms as long as it
/// runs.
///
/// # Errors
/// The listener cannot be used.
pub fn serve_metrics(handle: &PrometheusHandle, listener: TcpListener) -> Result<Server, TelemetryError> {
    let folding = handle.clone();
    actix_web::rt::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            folding.run_upkeep();
        }
    });
    let handle = web::Data::new(handle.clone());
    let server = HttpServer::new(move || {
        App::new().app_data(handle.clone()).service(web::resource("/metrics").route(web::get().to(render)))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

async fn render(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn metrics_are_served_on_a_listener_of_their_own() {
        let handle = install_metrics().unwrap();
        metrics::counter!("telemetry_test_total").increment(3);
        metrics::histogram!("telemetry_test_seconds").record(0.02);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/metrics", listener.local_addr().unwrap());
        let server = serve_metrics(&handle, listener).unwrap();
        let running = server.handle();
        actix_web::rt::spawn(server);
        let body = reqwest::get(url).await.unwrap().text().await.unwrap();
        assert!(body.contains("telemetry_test_total 3"), "{body}");
        assert!(body.contains("telemetry_test_seconds_bucket{le=\"0.025\"} 1"), "{body}");
        running.stop(false).await;
    }

    #[test]
    fn a_complaint_is_made_ten_times_in_ten_seconds() {
        let start = Instant::now();
        let mut said = Said { since: start, lines: 0 };
        assert_eq!((0..10_000).filter(|_| said.admits(start)).count(), 10);
        assert!(!said.admits(start + Duration::from_secs(9)));
        assert_eq!((0..10_000).filter(|_| said.admits(start + Duration::from_secs(10))).count(), 10);
    }

    #[test]
    fn a_malformed_log_filter_is_refused() {
        assert!(matches!(init_logs("peerpack=loud!", LogFormat::Json), Err(TelemetryError::Filter(_))));
    }
}
