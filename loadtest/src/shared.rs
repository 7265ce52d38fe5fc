//! What all tasks of a run share.

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use peerpack::auth::telegram::TelegramUser;
use peerpack_actors::ids::UserId;
use tokio::sync::watch;

use crate::api::{Api, Failure};
use crate::clock::Clock;
use crate::measure::{Measures, Metric};
use crate::oracle::History;
use crate::scenario::{Manners, Network, Scenario, Talk};
use crate::series::Series;
use crate::socket::Target;

/// How far the run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Users react to what they are told.
    Playing,
    /// Users listen and start nothing new; no connection breaks any more.
    Settling,
    /// Users ask whether they have everything.
    Counting,
    /// Users hang up.
    Over,
}

/// When packages are published, and when what followed.
pub(crate) struct Schedule {
    /// When each should be.
    pub(crate) intended_us: Vec<u64>,
    /// When the measured part begins.
    pub(crate) measured_from_us: u64,
    sent_us: Vec<AtomicU64>,
    answered_us: Vec<AtomicU64>,
    offered_us: Vec<AtomicU64>,
}

/// What all tasks of a run share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
    pub(crate) manners: Manners,
    pub(crate) network: Network,
    pub(crate) talk: Talk,
    pub(crate) api: Api,
    pub(crate) targets: Vec<Target>,
    pub(crate) history: Mutex<History>,
    pub(crate) measures: Measures,
    pub(crate) counts: Counts,
    pub(crate) schedule: OnceLock<Schedule>,
    /// When what is said in chats was due, by its place in the plan.
    pub(crate) words_due_us: OnceLock<Vec<u64>>,
    pub(crate) phase: watch::Sender<Phase>,
    /// What happened when.
    pub(crate) series: Series,
    /// How often all connections were broken at once.
    pub(crate) storms: watch::Sender<u64>,
    /// Users who lost the connection and have not heard yet what they missed.
    pub(crate) away: AtomicI64,
    /// Users whose phone sleeps: how late they hear of something says nothing of the server.
    pub(crate) sleepers: Mutex<HashSet<UserId>>,
    /// Marks the packages of this run among those of others.
    pub(crate) run: String,
    /// Calls and commands without an answer so far.
    pub(crate) outstanding: AtomicI64,
    last_activity_us: AtomicU64,
}

/// A user's account.
pub(crate) struct Account {
    /// Its place among all users.
    pub(crate) index: usize,
    /// As Telegram knows them.
    pub(crate) telegram: TelegramUser,
    /// Which node they use.
    pub(crate) node: usize,
    /// As the server knows them.
    pub(crate) id: UserId,
    token: Mutex<String>,
}

/// Counts by name.
#[derive(Default)]
pub(crate) struct Counts(Mutex<BTreeMap<String, u64>>);

impl Counts {
    /// Counts one more of a name.
    pub(crate) fn add(&self, name: &str) {
        let mut counts = self.0.lock();
        match counts.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                counts.insert(name.to_owned(), 1);
            }
        }
    }

    /// How many of a name were counted.
    pub(crate) fn get(&self, name: &str) -> u64 {
        self.0.lock().get(name).copied().unwrap_or(0)
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        self.0.lock().clone()
    }
}

impl Schedule {
    /// A schedule of which nothing has happened yet.
    pub(crate) fn new(intended_us: Vec<u64>, measured_from_us: u64) -> Self {
        let none = || intended_us.iter().map(|_| AtomicU64::new(0)).collect();
        Self { sent_us: none(), answered_us: none(), offered_us: none(), intended_us, measured_from_us }
    }

    /// A publication is sent.
    pub(crate) fn sent(&self, number: usize, us: u64) {
        self.sent_us[number].store(us, Ordering::Relaxed);
    }

    /// A publication is answered.
    pub(crate) fn answered(&self, number: usize, us: u64) {
        self.answered_us[number].store(us, Ordering::Relaxed);
    }

    /// A package is offered. Whether it is the first time.
    pub(crate) fn offered(&self, number: usize, us: u64) -> bool {
        let cell = self.offered_us.get(number);
        cell.is_some_and(|cell| cell.compare_exchange(0, us, Ordering::Relaxed, Ordering::Relaxed).is_ok())
    }

    /// When a publication was answered, and when somebody was offered the package; 0 for never.
    pub(crate) fn followed_us(&self, number: usize) -> (u64, u64) {
        let at = |cells: &[AtomicU64]| cells[number].load(Ordering::Relaxed);
        (at(&self.answered_us), at(&self.offered_us))
    }

    /// When a publication was sent.
    pub(crate) fn sent_us(&self, number: usize) -> u64 {
        self.sent_us[number].load(Ordering::Relaxed)
    }

    /// Whether it belongs to the measured part.
    pub(crate) fn is_measured(&self, number: usize) -> bool {
        self.intended_us[number] >= self.measured_from_us
    }

    /// From the answer to the first offer, for every measured package that has both.
    pub(crate) fn first_offers_after_answers(&self, measures: &Measures) {
        for number in (0..self.intended_us.len()).filter(|number| self.is_measured(*number)) {
            let answered = self.answered_us[number].load(Ordering::Relaxed);
            let offered = self.offered_us[number].load(Ordering::Relaxed);
            if answered > 0 && offered > 0 {
                measures.record_between(Metric::FirstOfferAfterAnswer, answered, offered);
            }
        }
    }

    /// Packages that some courier was offered.
    pub(crate) fn offered_packages(&self) -> usize {
        self.offered_us.iter().filter(|cell| cell.load(Ordering::Relaxed) > 0).count()
    }
}

impl Account {
    /// An account that has just signed in.
    pub(crate) fn new(index: usize, telegram: TelegramUser, node: usize, id: UserId, token: String) -> Self {
        Self { index, telegram, node, id, token: Mutex::new(token) }
    }

    /// The access token.
    pub(crate) fn token(&self) -> String {
        self.token.lock().clone()
    }

    /// Signs in again: the token has expired.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub(crate) async fn renew(&self, shared: &Shared) -> Result<(), Failure> {
        let base = &shared.targets[self.node].http;
        let signed_in = shared.api.sign_in(base, &self.telegram, shared.clock.wall()).await?;
        *self.token.lock() = signed_in.access_token;
        shared.counts.add("tokens renewed");
        Ok(())
    }
}

impl Shared {
    /// Takes a latency in, for the percentiles and for the plots; 0 when the readings are the other way
    /// round.
    pub(crate) fn record(&self, metric: Metric, from_us: u64, to_us: u64) {
        self.measures.record_between(metric, from_us, to_us);
        self.series.latency(metric, to_us, to_us.saturating_sub(from_us));
    }

    /// Something was refused or failed: counted under its name, and shown over time.
    pub(crate) fn failed(&self, name: &str) {
        self.counts.add(name);
        self.series.failure(name, self.clock.now_us());
    }

    /// Something happens: the run is not quiet.
    pub(crate) fn touch(&self, us: u64) {
        self.last_activity_us.fetch_max(us, Ordering::Relaxed);
    }

    /// For how long nothing has happened, in microseconds; 0 while answers are awaited.
    pub(crate) fn quiet_us(&self) -> u64 {
        if self.outstanding.load(Ordering::Relaxed) > 0 {
            return 0;
        }
        self.clock.now_us().saturating_sub(self.last_activity_us.load(Ordering::Relaxed))
    }

    /// Whether latencies count at this moment: not during the warm-up.
    pub(crate) fn is_measured(&self, us: u64) -> bool {
        self.schedule.get().is_some_and(|schedule| us >= schedule.measured_from_us)
    }

    /// The description of a package, which says its place in the schedule.
    pub(crate) fn description(&self, number: usize) -> String {
        format!("{} {number}", self.run)
    }

    /// The place in the schedule that a description says.
    pub(crate) fn number(&self, description: &str) -> Option<usize> {
        let number: usize = description.strip_prefix(self.run.as_str())?.trim().parse().ok()?;
        self.schedule.get().filter(|schedule| number < schedule.intended_us.len())?;
        Some(number)
    }
}

impl Shared {
    /// A run that has not begun.
    pub(crate) fn new(
        clock: Clock,
        seed: u64,
        scenario: &Scenario,
        api: Api,
        targets: Vec<Target>,
        run: String,
    ) -> Self {
        Self {
            clock,
            seed,
            manners: scenario.manners,
            network: scenario.network.clone(),
            talk: scenario.talk,
            api,
            targets,
            run,
            history: Mutex::default(),
            measures: Measures::new(),
            counts: Counts::default(),
            schedule: OnceLock::new(),
            words_due_us: OnceLock::new(),
            phase: watch::Sender::new(Phase::Playing),
            series: Series::default(),
            storms: watch::Sender::new(0),
            away: AtomicI64::new(0),
            sleepers: Mutex::default(),
            outstanding: AtomicI64::new(0),
            last_activity_us: AtomicU64::new(0),
        }
    }
}
