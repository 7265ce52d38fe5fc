//! The last requests of this node, for operators: what was asked, how it went, how long it took. No
//! addresses, no names, no bodies: a route's pattern, a status and a time.

use std::collections::VecDeque;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use parking_lot::Mutex;
use peerpack_actors::ports::Clock;
use peerpack_actors::time::{Span, Time};
use tokio::time::Instant;

/// How many requests are remembered.
const MOST: usize = 50_000;

/// How far back the answers look.
const WINDOW: Span = Span::minutes(60);

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Time,
    /// The method and the pattern of the path: `GET /api/trips/{trip_id}`.
    pub(crate) route: String,
    pub(crate) status: u16,
    pub(crate) took_us: u32,
}

/// The last requests.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<VecDeque<Entry>>);

impl RequestLog {
    fn note(&self, entry: Entry) {
        let mut entries = self.0.lock();
        if entries.len() >= MOST {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// What was asked within the last hour, as far as it is remembered.
    pub(crate) fn lately(&self, now: Time) -> Vec<Entry> {
        self.0.lock().iter().filter(|entry| entry.at > now - WINDOW).cloned().collect()
    }
}

/// Notes how a request went.
pub(crate) async fn note<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let Some((clock, log)) =
        req.app_data::<web::Data<dyn Clock>>().cloned().zip(req.app_data::<web::Data<RequestLog>>().cloned())
    else {
        return next.call(req).await;
    };
    let route = format!("{} {}", req.method(), req.match_pattern().unwrap_or_default());
    tracing::Span::current().record("route", route.as_str());
    let begun = Instant::now();
    let outcome = next.call(req).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let took = begun.elapsed();
    let labels = [("route", route.clone()), ("status", status.as_u16().to_string())];
    metrics::histogram!("peerpack_http_request_seconds", &labels).record(took.as_secs_f64());
    let took_us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    log.note(Entry { at: clock.now(), route, status: status.as_u16(), took_us });
    outcome
}
