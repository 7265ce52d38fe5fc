//! How far a package is how long after it should have been published: every stage on one clock, the
//! generator's.

use std::collections::HashMap;

use peerpack_actors::ids::{PackageId, RequestId};
use peerpack_actors::stream::OfferEndReason;
use serde::Serialize;

use crate::oracle::{Fact, History, Step, What};
use crate::shared::Schedule;

/// The stages, in the order in which a package comes to them.
const NAMES: [&str; 7] = [
    "publication sent",
    "publication answered",
    "first offer on a socket",
    "first acceptance sent",
    "acceptance acknowledged",
    "sender told",
    "last loser told",
];

/// How long after a package should have been published it came to a stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Stage {
    /// What has happened by then.
    pub(crate) name: &'static str,
    /// Of all packages that came so far, milliseconds.
    pub(crate) p10_ms: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p90_ms: f64,
    pub(crate) p99_ms: f64,
    /// How many came so far.
    pub(crate) n: usize,
}

/// What happened to one package.
#[derive(Clone, Copy, Default)]
struct Package {
    accepted_us: Option<u64>,
    acknowledged_us: Option<u64>,
    sender_us: Option<u64>,
    loser_us: Option<u64>,
}

/// The stages of the measured packages.
pub(crate) fn stages(history: &History, schedule: &Schedule) -> Vec<Stage> {
    let packages = packages(history);
    let mut after = vec![Vec::new(); NAMES.len()];
    for number in (0..schedule.intended_us.len()).filter(|number| schedule.is_measured(*number)) {
        let intended_us = schedule.intended_us[number];
        let (answered_us, offered_us) = schedule.followed_us(number);
        let known = |us: u64| (us > 0).then_some(us);
        let ids = history.numbers.get(&number).into_iter().flatten();
        let package = ids.filter_map(|id| packages.get(id)).next().copied().unwrap_or_default();
        let moments = [
            known(schedule.sent_us(number)),
            known(answered_us),
            known(offered_us),
            package.accepted_us,
            package.acknowledged_us,
            package.sender_us,
            package.loser_us,
        ];
        for (after, us) in after.iter_mut().zip(moments) {
            after.extend(us.map(|us| us.saturating_sub(intended_us)));
        }
    }
    NAMES.iter().zip(after).map(|(name, after)| stage(name, after)).collect()
}

fn stage(name: &'static str, mut after_us: Vec<u64>) -> Stage {
    after_us.sort_unstable();
    let at = |percent: usize| {
        let place = (after_us.len() * percent / 100).min(after_us.len().saturating_sub(1));
        after_us.get(place).map_or(0.0, |us| *us as f64 / 1e3)
    };
    Stage { name, p10_ms: at(10), p50_ms: at(50), p90_ms: at(90), p99_ms: at(99), n: after_us.len() }
}

fn packages(history: &History) -> HashMap<PackageId, Package> {
    let mut packages = HashMap::<PackageId, Package>::new();
    let mut of_request = HashMap::<RequestId, PackageId>::new();
    let later = |there: &mut Option<u64>, us: u64| *there = Some(there.map_or(us, |there| there.max(us)));
    let sooner = |there: &mut Option<u64>, us: u64| *there = Some(there.map_or(us, |there| there.min(us)));
    for (user, stream) in &history.streams {
        for told in &stream.told {
            match told.fact {
                Fact::Offered { request, package, .. } => {
                    of_request.insert(request, package);
                }
                Fact::Ended { package, reason: OfferEndReason::Taken, .. } => {
                    later(&mut packages.entry(package).or_default().loser_us, told.received_us);
                }
                Fact::Step { step: Step::Accepted, package, .. }
                    if history.packages.get(&package).is_some_and(|facts| facts.sender == *user) =>
                {
                    sooner(&mut packages.entry(package).or_default().sender_us, told.received_us);
                }
                _ => {}
            }
        }
    }
    for command in history.commands.values().filter(|command| command.what == What::Accept) {
        let Some(package) = of_request.get(&command.request) else { continue };
        let package = packages.entry(*package).or_default();
        command.asked_us.iter().for_each(|us| sooner(&mut package.accepted_us, *us));
        command.done_us().into_iter().for_each(|us| sooner(&mut package.acknowledged_us, us));
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_says_how_long_after_the_beginning_packages_come_to_it() {
        let stage = stage("publication sent", (1..=100).rev().map(|ms| ms * 1_000).collect());
        assert_eq!((stage.p10_ms, stage.p50_ms, stage.p90_ms, stage.n), (11.0, 51.0, 91.0, 100));
        assert_eq!(super::stage("sender told", Vec::new()).n, 0);
    }

    #[test]
    fn packages_of_which_nothing_is_known_came_as_far_as_they_were_seen() {
        let schedule = Schedule::new(vec![1_000, 5_000], 2_000);
        schedule.sent(1, 7_000);
        schedule.answered(1, 9_000);
        let stages = stages(&History::default(), &schedule);
        let seen: Vec<(usize, f64)> = stages.iter().map(|stage| (stage.n, stage.p50_ms)).collect();
        assert_eq!(seen[..3], [(1, 2.0), (1, 4.0), (0, 0.0)]);
    }
}
