//! What can only be measured once everything is known.

use std::collections::HashMap;

use peerpack_actors::ids::{PackageId, UserId};
use peerpack_actors::stream::OfferEndReason;
use peerpack_actors::time::Time;

use crate::measure::Metric;
use crate::oracle::{Fact, History, What};
use crate::shared::Shared;

/// Measures how soon offers followed answers, and how soon losers knew.
pub(super) fn measure(shared: &Shared) {
    let Some(schedule) = shared.schedule.get() else { return };
    schedule.first_offers_after_answers(&shared.measures);
    let history = shared.history.lock();
    let sleepers = shared.sleepers.lock();
    let losers = losers(&history, schedule.measured_from_us).into_iter();
    for loser in losers.filter(|loser| !sleepers.contains(&loser.user)) {
        if let Some(winner_us) = loser.winner_us {
            shared.measures.record_between(Metric::LoserAfterAck, winner_us, loser.told_us);
        }
        shared.record(Metric::LoserSinceDecided, shared.clock.reading_at(loser.decided), loser.told_us);
    }
}

/// How many acceptances there were of each package that anybody accepted, on average.
pub(super) fn contest(history: &History) -> f64 {
    let told = history.streams.values().flat_map(|stream| &stream.told);
    let packages: HashMap<_, _> = told
        .filter_map(|told| match told.fact {
            Fact::Offered { request, package, .. } => Some((request, package)),
            _ => None,
        })
        .collect();
    let mut acceptances = HashMap::<PackageId, u64>::new();
    for command in history.commands.values().filter(|command| command.what == What::Accept) {
        if let Some(package) = packages.get(&command.request) {
            *acceptances.entry(*package).or_default() += 1;
        }
    }
    acceptances.values().sum::<u64>() as f64 / acceptances.len().max(1) as f64
}

/// Somebody who was told that another courier was first.
struct Loser {
    user: UserId,
    decided: Time,
    told_us: u64,
    /// When the winner knew.
    winner_us: Option<u64>,
}

fn losers(history: &History, from_us: u64) -> Vec<Loser> {
    let told = || history.streams.values().flat_map(|stream| &stream.told);
    let packages: HashMap<_, _> = told()
        .filter_map(|told| match told.fact {
            Fact::Offered { request, package, .. } => Some((request, package)),
            _ => None,
        })
        .collect();
    let mut winners = HashMap::<PackageId, Vec<u64>>::new();
    for command in history.commands.values().filter(|command| command.what == What::Accept) {
        if let (Some(us), Some(package)) = (command.done_us(), packages.get(&command.request)) {
            winners.entry(*package).or_default().push(us);
        }
    }
    let of_users = history.streams.iter();
    let lost = of_users.flat_map(|(user, stream)| stream.told.iter().map(move |told| (*user, told)));
    let lost = lost.filter(|(_, told)| told.is_live && told.received_us >= from_us);
    lost.filter_map(|(user, told)| match told.fact {
        Fact::Ended { package, reason: OfferEndReason::Taken, .. } => {
            // A package that was called off and taken again has several winners: the one at the time.
            let winner =
                winners.get(&package).and_then(|us| us.iter().min_by_key(|us| us.abs_diff(told.received_us)));
            Some(Loser { user, decided: told.at, told_us: told.received_us, winner_us: winner.copied() })
        }
        _ => None,
    })
    .collect()
}
