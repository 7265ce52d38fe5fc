//! Publishes packages when the schedule says so, whatever the server does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use crate::api::Failure;
use crate::cue::Cue;
use crate::measure::Metric;
use crate::oracle::PackageFacts;
use crate::population::Population;
use crate::series::Rate;
use crate::shared::{Account, Shared};
use crate::world::PackagePlan;

/// Publications at once: each holds a connection. Those that wait for a place are late, and that is measured.
const AT_ONCE: usize = 1_000;

/// Publications that are due and not started.
const WAITING: usize = 100_000;

/// How often a publication of unknown outcome is repeated.
const ATTEMPTS: u32 = 4;

/// Publishes everything and returns when the last publication has started.
pub(crate) async fn publish(
    shared: &Arc<Shared>,
    people: &Population,
    packages: &[PackagePlan],
    cue: &Arc<Cue>,
) {
    let (due, mut dues) = mpsc::channel(WAITING);
    let pacer = {
        let (shared, cue) = (Arc::clone(shared), Arc::clone(cue));
        // A thread of its own: timers of the runtime are a millisecond coarse and wait for other tasks.
        std::thread::spawn(move || {
            let Some(schedule) = shared.schedule.get() else { return };
            let is_enough = || {
                let wanted = cue.deals.load(Ordering::Relaxed);
                cue.enough.load(Ordering::Relaxed) && shared.counts.get("Accept: ok") >= wanted
            };
            for (number, at_us) in schedule.intended_us.iter().enumerate() {
                shared.clock.block_until(*at_us);
                if is_enough() || due.blocking_send(number).is_err() {
                    return;
                }
            }
        })
    };
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(number) = dues.recv().await {
        let plan = packages[number].clone();
        let sender = Arc::clone(people.sender(plan.sender));
        shared.outstanding.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(publish_one(Arc::clone(shared), sender, plan, number, Arc::clone(&places)));
    }
    drop(pacer.join());
}

async fn publish_one(
    shared: Arc<Shared>,
    sender: Arc<Account>,
    plan: PackagePlan,
    number: usize,
    places: Arc<Semaphore>,
) {
    let place = places.acquire().await;
    if let (Ok(_), Some(schedule)) = (&place, shared.schedule.get()) {
        let (intended, sent) = (schedule.intended_us[number], shared.clock.now_us());
        schedule.sent(number, sent);
        shared.touch(sent);
        shared.series.count(Rate::Due, intended);
        let is_measured = schedule.is_measured(number);
        if is_measured {
            shared.measures.record_between(Metric::Lateness, intended, sent);
        }
        if attempt(&shared, &sender, &plan, number).await {
            let now = shared.clock.now_us();
            shared.touch(now);
            schedule.answered(number, now);
            if is_measured {
                shared.record(Metric::Publish, intended, now);
                shared.measures.record_between(Metric::PublishNaive, sent, now);
            }
        }
    }
    shared.outstanding.fetch_sub(1, Ordering::Relaxed);
}

/// Publishes, and repeats while the outcome is unknown.
async fn attempt(shared: &Shared, sender: &Account, plan: &PackagePlan, number: usize) -> bool {
    let description = shared.description(number);
    let key = Uuid::from_u128(sender.id.uuid().as_u128() ^ ((number as u128 + 1) << 64));
    let base = &shared.targets[sender.node].http;
    for _ in 0..ATTEMPTS {
        match shared.api.publish_package(base, &sender.token(), plan, &description, key).await {
            Ok(package) => {
                shared.counts.add("packages published");
                shared.series.count(Rate::Published, shared.clock.now_us());
                let facts = PackageFacts { sender: sender.id, number };
                shared.history.lock().package_published(package, facts);
                return true;
            }
            Err(Failure::Refused(401, _)) => drop(sender.renew(shared).await),
            Err(failure) => {
                shared.failed(&format!("package not published: {}", failure.label()));
                if matches!(failure, Failure::Refused(..)) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
    shared.counts.add("publications without success");
    false
}
