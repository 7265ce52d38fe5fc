//! A run from beginning to end: people gather, packages are published, all calms down, the oracle judges.

mod afterwards;
mod leaving;
mod reading;
mod replay;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::api::Api;
use crate::arrival::arrivals;
use crate::chance::{Purpose, generator};
use crate::cli::{RunOptions, ScenarioOptions};
use crate::clock::Clock;
use crate::crowd::Crowd;
use crate::cue::Cue;
use crate::machine::{self, Memory, Used};
use crate::oracle::{History, Rule, Violation, judge};
use crate::population::{self, Population};
use crate::publishing::publish;
use crate::report::{Facts, Report, Sizes};
use crate::sampler::Sampler;
use crate::scenario::Scenario;
use crate::shared::{Phase, Schedule, Shared};
use crate::socket::Target;
use crate::stages::stages;
use crate::talking::{self, TalkPlan};
use crate::user::counted_after_us;
use crate::verdict::Judgement;
use crate::world::{Size, World};
use crate::{disturbance, live};

/// How long it may take until nobody does anything any more.
const DRAIN_US: u64 = 15_000_000;

/// How long it may take from then on until everybody has been told.
const SETTLE_US: u64 = 12_000_000;

/// How long it is waited at most for those who are away: they may have to wait twenty seconds before they
/// come back.
const PEACE_US: u64 = 60_000_000;

/// Quiet is when nothing has happened for so long: longer than people take to react.
const QUIET_US: u64 = 2_500_000;

/// How long people wait at most, after the last has asked, to hear whether they have been told everything.
const COUNTED_WITHIN_US: u64 = 10_000_000;

/// Files besides those of users: connections for HTTP, the report.
const SPARE_FILES: usize = 1_200;

/// What came of a run.
pub struct Played {
    /// Everything that was said and told.
    pub history: History,
    /// The promises that were broken.
    pub violations: Vec<Violation>,
    /// What happened how often.
    pub counts: BTreeMap<String, u64>,
    /// How good or bad that is.
    pub judgement: Judgement,
    pub(crate) report: Report,
}

/// Plays, judges and reports.
///
/// # Errors
/// The run could not take place.
pub async fn run(options: ScenarioOptions) -> anyhow::Result<Judgement> {
    let played = play(&options, &Arc::default()).await?;
    played.report.write(&options.run)?;
    Ok(played.judgement)
}

/// Plays and judges.
///
/// # Errors
/// The run could not take place.
pub async fn play(options: &ScenarioOptions, cue: &Arc<Cue>) -> anyhow::Result<Played> {
    let scenario = options.resolved()?;
    play_as(&scenario, &options.run, cue).await
}

/// Plays a scenario as it is, and judges.
pub(crate) async fn play_as(
    scenario: &Scenario,
    options: &RunOptions,
    cue: &Arc<Cue>,
) -> anyhow::Result<Played> {
    let clock = Clock::start();
    let seed = if scenario.seed == 0 { clock.wall().ms().unsigned_abs() } else { scenario.seed };
    eprintln!("{}, seed {seed}", scenario.name);
    disturbance::check(scenario, options)?;
    check_files(scenario, options)?;
    let shared = Arc::new(share(scenario, options, clock, seed).await?);
    let mut memory = Memory { at_start_mib: rss_mib(options), ..Memory::default() };
    let (crowd, idle_kib) = idle(&shared, scenario, options).await?;

    let arrivals_us = arrivals(&scenario.load, &mut generator(seed, Purpose::Arrivals));
    let (people, load) = (&scenario.people, &scenario.load);
    let size = Size {
        trips: people.couriers * people.trips_per_courier,
        packages: arrivals_us.len(),
        senders: people.senders,
        towns: people.towns,
    };
    let world = World::plan(seed, clock.wall(), size);
    let talkers = scenario.talk.people();
    eprintln!(
        "{} couriers, {} senders and {talkers} talkers sign in and connect",
        people.couriers, people.senders
    );
    let mut population = Population::gather(&shared, scenario).await?;
    let plan = TalkPlan::new(scenario.talk, load, seed);
    let chats = population.open_chats(&shared).await?;
    eprintln!("the couriers publish {} trips", size.trips);
    let trips = population.publish_trips(&shared, &world).await?;
    memory.connected_mib = rss_mib(options);

    eprintln!("{} packages in {} s, after {} s to warm up", size.packages, load.duration_s, load.warmup_s);
    let start_us = clock.now_us() + 500_000;
    let intended = arrivals_us.iter().map(|at| start_us + at).collect();
    drop(shared.schedule.set(Schedule::new(intended, start_us + load.warmup_s * 1_000_000)));
    shared.series.start(start_us, load.warmup_s + load.duration_s + DRAIN_US / 1_000_000);
    let view = tokio::spawn(live::show(Arc::clone(&shared), scenario.clone(), start_us));
    let disturbing = disturbance::start(&shared, scenario, options, start_us);
    let sampler = Sampler::start(&shared, options, start_us);
    let (pids, used) = (options.server_pids(), Used::now(&options.server_pids()));
    cue.began.notify_one();
    let words = plan.words();
    let talking = talking::start(&shared, plan, (chats, population.voices.clone()), start_us, cue);
    publish(&shared, &population, &world.packages, cue).await;
    talking.await?;
    let seconds = clock.now_us().saturating_sub(start_us) as f64 / 1e6;
    let cores = Used::now(&pids).since(used, seconds);
    disturbing.abort();

    let is_drained = quiet_within(&shared, QUIET_US, DRAIN_US).await;
    shared.phase.send_replace(Phase::Settling);
    quiet_within(&shared, QUIET_US / 2, SETTLE_US).await;
    everybody_back(&shared).await;
    judged_in_peace(&shared).await;
    shared.phase.send_replace(Phase::Counting);
    everybody_counted(&shared, scenario.people()).await;
    view.abort();
    live::end();
    let samples = sampler.stop();
    let replayed = replay::sample(&shared, &population, options.resume_sample).await;
    let chats_read = reading::read(&shared, &population).await;
    memory.peak_mib = machine::memory_mib(&options.server_pids(), "VmHWM");
    let processes = crowd.processes() + 1;
    let held = crowd.leave().await?;
    shared.phase.send_replace(Phase::Over);
    while population.lives.join_next().await.is_some() {}

    afterwards::measure(&shared);
    let history = std::mem::take(&mut *shared.history.lock());
    let violations = judge(&history);
    if options.leave {
        leaving::leave(&shared, &population, &history).await;
    }
    let sizes = Sizes {
        couriers: people.couriers,
        senders: people.senders,
        trips,
        packages: size.packages,
        talkers,
        messages: words,
        chats_read,
        packages_offered: shared.schedule.get().map_or(0, Schedule::offered_packages),
        streams_replayed: replayed,
        is_drained,
        processes,
    };
    let facts = Facts {
        sizes,
        cores,
        memory,
        samples,
        held,
        idle_kib,
        stages: shared.schedule.get().map(|schedule| stages(&history, schedule)).unwrap_or_default(),
        contest: afterwards::contest(&history),
        receptions: history.receptions(),
        violations: violations.clone(),
    };
    let report = Report::new(scenario, options, &shared, facts);
    let judgement = report.judgement();
    Ok(Played { history, violations, counts: shared.counts.all(), judgement, report })
}

/// Connects the people for whom nothing happens. What each of them costs the server, KiB, where that is
/// known.
async fn idle(
    shared: &Arc<Shared>,
    scenario: &Scenario,
    options: &RunOptions,
) -> anyhow::Result<(Crowd, Option<f64>)> {
    let idle = scenario.people.idle;
    if idle == 0 {
        return Ok((Crowd::default(), None));
    }
    eprintln!("{idle} people who do nothing sign in and connect");
    let first = scenario.people();
    let tokens = population::tokens(shared, first, idle).await?;
    let before_mib = rss_mib(options);
    let crowd = Crowd::gather(&shared.targets, first, tokens, options.sockets_per_process).await?;
    let is_known = !options.server_pids().is_empty();
    Ok((crowd, is_known.then(|| (rss_mib(options) - before_mib) * 1_024.0 / idle as f64)))
}

fn rss_mib(options: &RunOptions) -> f64 {
    machine::memory_mib(&options.server_pids(), "VmRSS")
}

async fn share(scenario: &Scenario, options: &RunOptions, clock: Clock, seed: u64) -> anyhow::Result<Shared> {
    let mut targets = Vec::new();
    for url in &options.urls {
        targets.push(Target::parse(url).await?);
    }
    let api = Api::new(options.bot_token.clone())?;
    for target in &targets {
        let health = api.health(&target.http).await;
        health.map_err(|failure| anyhow::anyhow!("{} does not serve: {}", target.http, failure.label()))?;
    }
    let run = format!("load {seed:x}-{:x} #", clock.wall().ms());
    Ok(Shared::new(clock, seed, scenario, api, targets, run))
}

fn check_files(scenario: &Scenario, options: &RunOptions) -> anyhow::Result<()> {
    // A crowd that does not fit into one process has processes of its own.
    let idle = scenario.people.idle;
    let needed = scenario.people() + if idle > options.sockets_per_process { 0 } else { idle } + SPARE_FILES;
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

/// Waits until everybody is back and has heard what was missed, but not for ever.
async fn everybody_back(shared: &Shared) {
    let end = shared.clock.now_us() + PEACE_US;
    while shared.away.load(Ordering::Relaxed) > 0 && shared.clock.now_us() < end {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until nobody is left to be told anything: a lost hint between nodes may delay it by ten seconds, a
/// connection that cannot be made by more. What is broken for good is not waited for.
async fn judged_in_peace(shared: &Shared) {
    let end = shared.clock.now_us() + PEACE_US;
    let may_heal = |violation: &Violation| matches!(violation.rule, Rule::EverybodyTold | Rule::Chats);
    let is_worth_waiting = |found: &[Violation]| !found.is_empty() && found.iter().all(may_heal);
    while is_worth_waiting(&judge(&shared.history.lock())) && shared.clock.now_us() < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Waits until everybody has heard where their stream ends, and has been told what was missing.
async fn everybody_counted(shared: &Shared, users: usize) {
    let end = shared.clock.now_us() + counted_after_us(users) + COUNTED_WITHIN_US;
    let is_over = || {
        let all = shared.history.lock().receptions();
        all.clients >= users && all.incomplete_clients == 0
    };
    while !is_over() && shared.clock.now_us() < end {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
