//! A run from beginning to end: people gather, packages are published, all calms down, the oracle judges.

mod replay;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack_actors::ids::PackageId;
use peerpack_actors::stream::OfferEndReason;
use peerpack_actors::time::Time;

use crate::api::Api;
use crate::arrival::poisson;
use crate::chance::{Purpose, generator};
use crate::cli::Options;
use crate::clock::Clock;
use crate::cue::Cue;
use crate::machine::{self, Machine, Memory, Used};
use crate::measure::Metric;
use crate::oracle::{Fact, History, Rule, Violation, What, judge};
use crate::population::Population;
use crate::publishing::publish;
use crate::report::{Report, Sizes};
use crate::scenario::{Size, World};
use crate::shared::{Manners, Phase, Schedule, Shared};
use crate::socket::Target;

/// How long it may take until nobody does anything any more.
const DRAIN_US: u64 = 15_000_000;

/// How long it may take from then on until everybody has been told.
const SETTLE_US: u64 = 12_000_000;

/// How long it is waited at most for those who are away: they may have to wait twenty seconds before they
/// come back.
const PEACE_US: u64 = 60_000_000;

/// Quiet is when nothing has happened for so long: longer than people take to react.
const QUIET_US: u64 = 2_500_000;

/// Files besides those of users: connections for HTTP, the report.
const SPARE_FILES: usize = 1_200;

/// What came of a run.
pub struct Played {
    /// Everything that was said and told.
    pub history: History,
    /// What went wrong.
    pub violations: Vec<Violation>,
    /// What happened how often.
    pub counts: BTreeMap<String, u64>,
    report: Report,
}

/// Plays, judges and reports. Whether nothing went wrong.
///
/// # Errors
/// The run could not take place.
pub async fn run(options: Options) -> anyhow::Result<bool> {
    let played = play(&options, &Arc::default()).await?;
    played.report.write(&options)?;
    Ok(played.violations.is_empty())
}

/// Plays and judges.
///
/// # Errors
/// The run could not take place.
pub async fn play(options: &Options, cue: &Arc<Cue>) -> anyhow::Result<Played> {
    let clock = Clock::start();
    let seed = if options.seed == 0 { clock.wall().ms().unsigned_abs() } else { options.seed };
    eprintln!("seed {seed}");
    check_files(options.couriers + options.senders)?;
    let shared = Arc::new(share(options, clock, seed).await?);
    let mut memory =
        Memory { at_start_mib: machine::memory_mib(&options.server_pids, "VmRSS"), ..Memory::default() };

    let arrivals_us = poisson(
        options.packages_per_s,
        0,
        (options.warmup_s + options.duration_s) * 1_000_000,
        &mut generator(seed, Purpose::Arrivals),
    );
    let size = Size {
        trips: options.couriers * options.trips_per_courier,
        packages: arrivals_us.len(),
        senders: options.senders,
    };
    let world = World::plan(seed, clock.wall(), size);
    eprintln!("{} couriers and {} senders sign in and connect", options.couriers, options.senders);
    let mut people = Population::gather(&shared, options.couriers, options.senders).await?;
    eprintln!("the couriers publish {} trips", size.trips);
    let trips = people.publish_trips(&shared, &world).await?;
    memory.connected_mib = machine::memory_mib(&options.server_pids, "VmRSS");

    eprintln!(
        "{} packages in {} s, after {} s to warm up",
        size.packages, options.duration_s, options.warmup_s
    );
    let start_us = clock.now_us() + 500_000;
    let intended = arrivals_us.iter().map(|at| start_us + at).collect();
    drop(shared.schedule.set(Schedule::new(intended, start_us + options.warmup_s * 1_000_000)));
    let progress = tokio::spawn(show_progress(Arc::clone(&shared), start_us));
    let used = Used::now(&options.server_pids);
    cue.began.notify_one();
    publish(&shared, &people, &world.packages, cue).await;
    let seconds = clock.now_us().saturating_sub(start_us) as f64 / 1e6;
    let cores = Used::now(&options.server_pids).since(used, seconds);

    let drained = quiet_within(&shared, QUIET_US, DRAIN_US).await;
    shared.phase.send_replace(Phase::Settling);
    quiet_within(&shared, QUIET_US / 2, SETTLE_US).await;
    progress.abort();
    judged_in_peace(&shared).await;
    let replayed = replay::sample(&shared, &people, options.resume_sample).await;
    memory.peak_mib = machine::memory_mib(&options.server_pids, "VmHWM");
    shared.phase.send_replace(Phase::Over);
    while people.lives.join_next().await.is_some() {}

    measure_afterwards(&shared);
    let history = std::mem::take(&mut *shared.history.lock());
    let violations = judge(&history);
    let sizes = Sizes {
        couriers: options.couriers,
        senders: options.senders,
        trips,
        packages: size.packages,
        packages_offered: shared.schedule.get().map_or(0, Schedule::offered_packages),
        streams_replayed: replayed,
        is_drained: drained,
    };
    let report = Report::new(options, &shared, Machine::here(), sizes, cores, memory, violations.clone());
    Ok(Played { history, violations, counts: shared.counts.all(), report })
}

async fn share(options: &Options, clock: Clock, seed: u64) -> anyhow::Result<Shared> {
    let mut targets = Vec::new();
    for url in &options.urls {
        targets.push(Target::parse(url).await?);
    }
    let api = Api::new(options.bot_token.clone())?;
    for target in &targets {
        let health = api.health(&target.http).await;
        health.map_err(|failure| anyhow::anyhow!("{} does not serve: {}", target.http, failure.label()))?;
    }
    let manners = Manners { accept: options.accept, deliver: options.deliver, cancel: options.cancel };
    let run = format!("load {seed:x}-{:x} #", clock.wall().ms());
    Ok(Shared::new(clock, seed, manners, api, targets, run))
}

fn check_files(users: usize) -> anyhow::Result<()> {
    let needed = users + SPARE_FILES;
    match machine::max_open_files() {
        Some(limit) if limit < needed => {
            anyhow::bail!("{needed} open files are needed and {limit} are allowed: raise `ulimit -n`")
        }
        _ => Ok(()),
    }
}

/// Waits until nothing has happened for a while, but not for ever. Whether it became quiet.
async fn quiet_within(shared: &Shared, quiet_us: u64, within_us: u64) -> bool {
    let end = shared.clock.now_us() + within_us;
    while shared.clock.now_us() < end {
        if shared.quiet_us() >= quiet_us {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Waits until nobody is left to be told anything: a lost hint between nodes may delay it by ten seconds, a
/// connection that cannot be made by more.
async fn judged_in_peace(shared: &Shared) {
    let end = shared.clock.now_us() + PEACE_US;
    let may_heal = |violation: &Violation| violation.rule == Rule::EverybodyTold;
    while judge(&shared.history.lock()).iter().any(may_heal) && shared.clock.now_us() < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn show_progress(shared: Arc<Shared>, start_us: u64) {
    let mut ticks = tokio::time::interval(Duration::from_secs(2));
    loop {
        ticks.tick().await;
        let seconds = shared.clock.now_us().saturating_sub(start_us) / 1_000_000;
        let count = |name| shared.counts.get(name);
        let p99 = |metric| shared.measures.summary(metric).p99_ms;
        eprintln!(
            "{seconds:>4} s: {} published, {} offers, {} deals, {} too late, {} unanswered | p99 ms: published {:.1}, first offer {:.1}, \
             accepted {:.1}, generator late {:.1}",
            count("packages published"),
            count("offers received"),
            count("Accept: ok"),
            count("offers revoked"),
            shared.outstanding.load(Ordering::Relaxed),
            p99(Metric::Publish),
            p99(Metric::FirstOffer),
            p99(Metric::Accept),
            p99(Metric::Lateness),
        );
    }
}

/// What can only be measured once everything is known.
fn measure_afterwards(shared: &Shared) {
    let Some(schedule) = shared.schedule.get() else { return };
    schedule.first_offers_after_answers(&shared.measures);
    let history = shared.history.lock();
    for loser in losers(&history, schedule.measured_from_us) {
        if let Some(winner_us) = loser.winner_us {
            shared.measures.record_between(Metric::LoserAfterAck, winner_us, loser.told_us);
        }
        shared.measures.record_between(
            Metric::LoserSinceDecided,
            shared.clock.reading_at(loser.decided),
            loser.told_us,
        );
    }
}

/// Somebody who was told that another courier was first.
struct Loser {
    decided: Time,
    told_us: u64,
    /// When the winner knew.
    winner_us: Option<u64>,
}

fn losers(history: &History, from_us: u64) -> Vec<Loser> {
    let told = || history.streams.values().flat_map(|stream| &stream.told);
    let packages: std::collections::HashMap<_, _> = told()
        .filter_map(|told| match told.fact {
            Fact::Offered { request, package, .. } => Some((request, package)),
            _ => None,
        })
        .collect();
    let mut winners = std::collections::HashMap::<PackageId, Vec<u64>>::new();
    for command in history.commands.values().filter(|command| command.what == What::Accept) {
        if let (Some(us), Some(package)) = (command.done_us(), packages.get(&command.request)) {
            winners.entry(*package).or_default().push(us);
        }
    }
    let lost = told().filter(|told| told.is_live && told.received_us >= from_us);
    lost.filter_map(|told| match told.fact {
        Fact::Ended { package, reason: OfferEndReason::Taken, .. } => {
            // A package that was called off and taken again has several winners: the one at the time.
            let winner =
                winners.get(&package).and_then(|us| us.iter().min_by_key(|us| us.abs_diff(told.received_us)));
            Some(Loser { decided: told.at, told_us: told.received_us, winner_us: winner.copied() })
        }
        _ => None,
    })
    .collect()
}
