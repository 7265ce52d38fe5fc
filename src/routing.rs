//! Ways over roads, from a service that speaks like OSRM (`/table/v1/driving`).
//!
//! The caller is about to offer a package and waits a fraction of a second at most, so everything here is
//! bounded: the time, the requests at once, the answer's size, the memory. A service that fails several times
//! in a row is left alone for a while. What it has said is kept, and what it does not say is missing: great
//! circles take its place.

mod cache;
mod table;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use peerpack_actors::matching::Way;
use peerpack_actors::matching::measure::Journey;
use peerpack_actors::ports::Roads;
use reqwest::{Client, Url, redirect};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use cache::Cache;
use table::Table;

/// Requests on their way at once; who comes when there are as many does without.
const AT_ONCE: usize = 8;

/// The longest answer that is read: a full table is a tenth of it.
const LONGEST_ANSWER: usize = 1 << 20;

/// After so many failures in a row the service is left alone.
const PATIENCE: u32 = 5;

/// How long it is left alone.
const PAUSE: Duration = Duration::from_secs(10);

/// Ways that are kept.
const KEPT: usize = 200_000;

/// How long they are kept: roads change, and so does the map of the service.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);

/// An OSRM-compatible service.
#[derive(Debug, Clone)]
pub struct Osrm(Arc<Service>);

#[derive(Debug)]
struct Service {
    client: Client,
    base: Url,
    within: Duration,
    /// The workers' arbiters have runtimes of their own; connections belong to this one.
    runtime: Handle,
    places: Semaphore,
    failures: AtomicU32,
    paused_until: Mutex<Option<Instant>>,
    cache: Mutex<Cache>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("it answered {0}")]
    Status(reqwest::StatusCode),
    #[error("the answer is longer than {LONGEST_ANSWER} bytes")]
    TooLong,
    #[error("it does not answer like OSRM: {0}")]
    Garbage(String),
}

impl Failure {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Late(_) => "late",
            Self::Http(_) => "unreachable",
            Self::Status(_) => "status",
            Self::TooLong => "too_long",
            Self::Garbage(_) => "garbage",
        }
    }
}

impl Osrm {
    /// A service at this address, which is given so much time for an answer. Needs a running runtime.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn at(base: &str, within: Duration) -> anyhow::Result<Self> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(AT_ONCE)
            .build()?;
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/')))?;
        Ok(Self(Arc::new(Service {
            client,
            base,
            within,
            runtime: Handle::current(),
            places: Semaphore::new(AT_ONCE),
            failures: AtomicU32::new(0),
            paused_until: Mutex::new(None),
            cache: Mutex::new(Cache::new(KEPT, KEPT_FOR)),
        })))
    }
}

#[async_trait]
impl Roads for Osrm {
    async fn ways(&self, journeys: &[Journey]) -> Vec<Option<Way>> {
        let missing = self.0.cache().missing(journeys, Instant::now());
        let known = journeys.len() - missing.len();
        metrics::counter!("peerpack_routing_ways_total", "from" => "cache").increment(known as u64);
        let service = Arc::clone(&self.0);
        if !missing.is_empty() {
            // Goes on when nobody waits any more: the next one finds the answer kept.
            let asking = self.0.runtime.spawn(async move { service.ask(missing).await });
            let _ = timeout(self.0.within, asking).await;
        }
        self.0.cache().of(journeys, Instant::now())
    }
}

impl Service {
    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(self: Arc<Self>, missing: Vec<Journey>) {
        let mut asking = tokio::task::JoinSet::new();
        for table in Table::of(&missing) {
            let service = Arc::clone(&self);
            asking.spawn(async move { service.fetch(table).await });
        }
        asking.join_all().await;
    }

    async fn fetch(&self, table: Table) {
        let outcome = |kind: &'static str| {
            metrics::counter!("peerpack_routing_requests_total", "outcome" => kind).increment(1);
        };
        if self.is_paused() {
            return outcome("paused");
        }
        let Ok(_place) = self.places.try_acquire() else { return outcome("busy") };
        let answer = timeout(self.within, self.request(&table)).await;
        match answer.unwrap_or(Err(Failure::Late(self.within))) {
            Ok(ways) => {
                outcome("ok");
                metrics::counter!("peerpack_routing_ways_total", "from" => "service")
                    .increment(ways.len() as u64);
                self.failures.store(0, Ordering::Release);
                self.cache().keep(ways, Instant::now());
            }
            Err(failure) => {
                outcome(failure.kind());
                self.note(&failure);
            }
        }
    }

    async fn request(&self, table: &Table) -> Result<Vec<(Journey, Option<Way>)>, Failure> {
        let url = self.base.join(&table.path()).map_err(|error| Failure::Garbage(error.to_string()))?;
        let mut answer = self.client.get(url).send().await?;
        if !answer.status().is_success() {
            return Err(Failure::Status(answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Failure::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        table.read(&body).map_err(Failure::Garbage)
    }

    fn is_paused(&self) -> bool {
        let paused_until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        paused_until.is_some_and(|until| Instant::now() < until)
    }

    /// Counts a failure. One more after a pause begins the next pause, one success ends the count.
    fn note(&self, failure: &Failure) {
        let failures = self.failures.fetch_add(1, Ordering::AcqRel) + 1;
        tracing::debug!(%failure, failures, "no ways from the routing service");
        if failures >= PATIENCE {
            let until = Instant::now() + PAUSE;
            *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
            tracing::warn!(%failure, pause = ?PAUSE, "the routing service is left alone for a while");
        }
    }
}
