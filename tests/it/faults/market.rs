//! A marketplace in full swing while something breaks, and everything that the oracle, the store and a
//! bystander who looks at it all the time have to say about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use peerpack::store::{Database, Settings};
use peerpack::ws::wire::{Event, ServerMessage};
use peerpack_actors::ids::{PackageId, RequestId, UserId};
use peerpack_actors::ports::{Store, StreamEntry};
use peerpack_actors::time::Span;
use peerpack_loadtest::cli::Options;
use peerpack_loadtest::cue::Cue;
use peerpack_loadtest::oracle::{History, Stored, Violation, judge, judge_stored};
use peerpack_loadtest::run::{Played, play};
use tokio::time::{Instant, sleep};

use crate::support::{PATIENCE, TestUser, at_full_size, eventually, promised, sign_in_at};

/// The most that a fault may take, seconds.
const LONGEST_S: u64 = 900;

/// Fewer deals show nothing.
const MIN_DEALS: u64 = 10;

/// Fewer looks at the store show nothing.
const MIN_LOOKS: usize = 3;

/// How long a publication may take to succeed again after what it needs is back, seconds.
pub const HEALS_WITHIN_S: u64 = 10;

/// So many in every run, or so many at full size.
pub fn rounds(some: usize, all: usize) -> usize {
    if at_full_size() { all } else { some }
}

/// What was played, and where.
pub struct Market {
    history: History,
    violations: Vec<Violation>,
    pub counts: BTreeMap<String, u64>,
}

/// Plays on these nodes until the fault is over, and some seconds at least. The fault begins with the first
/// packages.
pub async fn play_while(urls: &[&str], at_least_s: u64, fault: impl Future<Output = ()>) -> Market {
    let mut arguments = vec!["peerpack-loadtest".to_owned()];
    arguments.extend(urls.iter().map(|url| format!("--url={url}")));
    let size = ["--couriers=40", "--senders=12", "--trips-per-courier=2", "--packages-per-s=12"];
    let manners = [
        "--accept=0.7",
        "--deliver=0.5",
        "--cancel=0.2",
        "--warmup-s=0",
        "--resume-sample=52",
        "--seed=0",
        "--promises-only",
    ];
    arguments.extend(size.into_iter().chain(manners).map(str::to_owned));
    arguments.push(format!("--duration-s={LONGEST_S}"));
    let (options, cue) = (Options::parse_from(arguments), Arc::<Cue>::default());
    cue.deals.store(MIN_DEALS, Ordering::Relaxed);
    let during = async {
        cue.began.notified().await;
        futures_util::future::join(fault, sleep(Duration::from_secs(at_least_s))).await;
        cue.enough.store(true, Ordering::Relaxed);
        // A slow machine takes longer to come to as many deals.
        sleep(PATIENCE).await;
        cue.deals.store(0, Ordering::Relaxed);
    };
    let options = options.ordinary();
    let mut playing = std::pin::pin!(play(&options, &cue));
    let played = tokio::select! {
        played = &mut playing => played,
        () = during => playing.await,
    };
    let Played { history, violations, counts, .. } = played.unwrap();
    eprintln!("{counts:#?}");
    let done = counts.get("Accept: ok").copied().unwrap_or_default();
    assert!(done >= MIN_DEALS, "too little happened: {done} deals");
    let market = Market { history, violations, counts };
    eprintln!("an event came {:?} late at the 99th percentile", market.delay_at(99));
    market
}

impl Market {
    /// Nothing was broken: not in what was told, not between that and the store, not in the store.
    pub async fn judge(&mut self, database: &Database) {
        let mut violations = std::mem::take(&mut self.violations);
        violations.extend(judge_stored(&self.history, &self.stored(database).await));
        let users: Vec<UserId> = self.history.streams.keys().copied().collect();
        for user in users {
            let mut events = all_events(database, user).await;
            let listened_to = self.history.listened_to(user).unwrap_or(u64::MAX);
            events.retain(|event| event.seq <= listened_to);
            let top = events.last().map_or(0, |event| event.seq);
            self.history.compare(user, 0, top, &events);
        }
        violations.extend(judge(&self.history));
        let violations: BTreeSet<String> = violations.iter().map(ToString::to_string).collect();
        if !violations.is_empty() {
            let record = std::env::temp_dir().join(format!("history-{}.jsonl", std::process::id()));
            let lines: Vec<String> =
                self.history.record().iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
            std::fs::write(&record, lines.join("\n")).unwrap();
            panic!("{violations:#?}\nthe history is in {}", record.display());
        }
        assert_eq!(database.audit().await.unwrap(), Vec::<String>::new());
    }

    /// How late an event came at most: all of them, or those alone that no reconnect was needed for.
    pub fn longest_delay(&self, live_only: bool) -> Span {
        let told = self.history.streams.values().flat_map(|stream| &stream.told);
        let told = told.filter(|told| told.is_live || !live_only);
        told.map(|told| told.received_at.since(told.at)).max().unwrap_or_default()
    }

    /// How late an event came at this percentile.
    fn delay_at(&self, percent: usize) -> Span {
        let told = self.history.streams.values().flat_map(|stream| &stream.told);
        let mut delays: Vec<Span> = told.map(|told| told.received_at.since(told.at)).collect();
        delays.sort_unstable();
        delays.get(delays.len() * percent / 100).copied().unwrap_or_default()
    }

    /// How often something happened whose name contains one of these.
    pub fn count_of(&self, names: &[&str]) -> BTreeMap<&str, u64> {
        let is_meant = |name: &&String| names.iter().any(|part| name.contains(part));
        self.counts
            .iter()
            .filter(|(name, _)| is_meant(name))
            .map(|(name, count)| (name.as_str(), *count))
            .collect()
    }

    /// Of what was refused or failed, nothing but this.
    pub fn failed_only_with(&self, allowed: &[&str]) {
        let mut failures = self.count_of(&["not published:", "over HTTP:"]);
        failures.retain(|name, _| !allowed.iter().any(|allowed| name.ends_with(allowed)));
        assert_eq!(failures, BTreeMap::new(), "beside {allowed:?}");
    }

    async fn stored(&self, database: &Database) -> Stored {
        let mut stored = Stored::default();
        for trip in self.history.trips.keys() {
            if database.trip(*trip).await.unwrap().is_some() {
                stored.trips.insert(*trip);
            }
        }
        let packages: BTreeSet<PackageId> = self.history.packages.keys().copied().collect();
        let others = self.history.numbers.values().flatten().copied();
        // A publication whose answer was lost is none of these, and yet couriers may have taken the package.
        let requests: BTreeSet<RequestId> =
            self.history.commands.values().map(|command| command.request).collect();
        let mut taken = BTreeSet::new();
        for request in requests {
            taken.extend(database.package_of(request).await.unwrap());
        }
        for package in packages.into_iter().chain(others).chain(taken) {
            if let Some(package) = database.package(package).await.unwrap() {
                stored.add(&package);
            }
        }
        stored
    }
}

/// The whole stream of a user, as the store has it.
pub async fn all_events(database: &Database, user: UserId) -> Vec<Event> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let page = database.events(user, after, 500).await.unwrap();
        let Some(last) = page.last() else { return events };
        after = last.seq;
        events.extend(page.iter().map(event));
    }
}

fn event(entry: &StreamEntry) -> Event {
    let mut body: serde_json::Value = serde_json::from_str(&entry.body).unwrap();
    body["seq"] = entry.seq.into();
    body["at"] = serde_json::to_value(entry.at).unwrap();
    match ServerMessage::parse(&body.to_string()).unwrap() {
        ServerMessage::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

/// A database past the server, brought up to date.
pub async fn database(url: &str) -> Database {
    let database = Database::connect(&Settings::new(url)).await.unwrap();
    database.migrate().await.unwrap();
    database
}

/// Looks at every snapshot of the store it can get: room, money, deals, streams.
pub struct Bystander {
    stop: Arc<AtomicBool>,
    looks: Arc<AtomicUsize>,
    looking: tokio::task::JoinHandle<BTreeSet<String>>,
}

impl Bystander {
    pub fn start(database: &Database) -> Self {
        let (stop, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted, database) = (Arc::clone(&stop), Arc::clone(&looks), database.clone());
        let looking = tokio::spawn(async move {
            let mut found = BTreeSet::new();
            while !stopped.load(Ordering::Relaxed) {
                // A store that is down shows nothing.
                if let Ok(violations) = database.audit().await {
                    counted.fetch_add(1, Ordering::Relaxed);
                    found.extend(violations);
                }
                sleep(Duration::from_millis(200)).await;
            }
            found
        });
        Self { stop, looks, looking }
    }

    /// What was seen: nothing, in some looks.
    pub async fn has_seen_nothing(self) {
        let looks = || self.looks.load(Ordering::Relaxed);
        eventually("look at the store", async || (looks() >= MIN_LOOKS).then_some(())).await;
        self.stop.store(true, Ordering::Relaxed);
        let looks = looks();
        let found = self.looking.await.unwrap();
        assert_eq!(found, BTreeSet::new(), "in {looks} looks");
    }
}

/// Somebody who tries things out beside the market.
pub struct Probe(TestUser);

impl Probe {
    pub async fn at(url: &str) -> Self {
        Self(sign_in_at(url, "Probe").await)
    }

    /// Publishes until it succeeds; 503 at most, in time at most.
    pub async fn is_served_again(&self) {
        let since = Instant::now();
        let body = serde_json::json!({
            "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s", "weight": "light",
            "tags": [],
        });
        loop {
            match self.0.try_post("/api/packages", body.clone()).await {
                Ok(status) if status.is_success() => break,
                Ok(status) => assert_eq!(status, 503, "while it heals"),
                // A server that starts, or a connection to the one before.
                Err(error) => assert!(!error.is_timeout(), "{error:?}"),
            }
            assert!(since.elapsed() < promised(HEALS_WITHIN_S), "not healed after {:?}", since.elapsed());
            sleep(Duration::from_millis(50)).await;
        }
        eprintln!("healed after {:?}", since.elapsed());
    }
}
