//! How long room is kept from a package for better ones that are still to come, and what happens to it next.
//!
//! Room is kept while it is expected to bring more than the package does ([`Demand`](super::demand::Demand)),
//! and never beyond a share of the time to the pickup ([`Settings::keep_percent`]): then the package is
//! offered to everybody who suits. What a package does next is worked out in one place, [`next_step`]; what
//! people are told before and after they publish is this answer.

use crate::matching::policy::outlook::Outlook;
use crate::matching::{Candidate, PackageEntry, Ranked, Settings, gain_rub, next_wave, roubles};
use crate::money::{Amount, MAX_MINOR};
use crate::time::Time;

/// Until when the room of a trip may be kept from a package at most: a share of the time from when both were
/// published to the pickup.
#[must_use]
pub fn bound(candidate: &Candidate, package: &PackageEntry, settings: &Settings) -> Time {
    bound_from(candidate.trip.created_at().max(package.published_at), candidate.plan.pickup.at, settings)
}

/// The same, from when both were published. In whole seconds: who publishes what they have just asked about
/// is told the same moment.
pub(super) fn bound_from(published_at: Time, pickup_at: Time, settings: &Settings) -> Time {
    let ahead = pickup_at.since(published_at);
    let until = published_at + ahead.percent(i64::from(settings.keep_percent));
    Time::from_ms(until.ms() - until.ms().rem_euclid(1_000))
}

/// Whether the room of a trip is kept from a package no longer, whatever it is worth.
#[must_use]
pub fn is_over(candidate: &Candidate, package: &PackageEntry, now: Time, settings: &Settings) -> bool {
    now >= bound(candidate, package, settings)
}

/// Until when the room is kept, at this price of it; `None` where the package may have it now.
pub(super) fn kept_until(
    candidate: &Candidate,
    package: &PackageEntry,
    room_price_rub: f64,
    now: Time,
    settings: &Settings,
) -> Option<Time> {
    let is_dear = room_price_rub > 0.0 && room_price_rub >= gain_rub(&candidate.plan, package, settings);
    let until = bound(candidate, package, settings);
    (is_dear && now < until && package.is_offered && !package.has_time_to_choose(now)).then_some(until)
}

/// What happens to a package now.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Step {
    /// Whom it is offered to, best first.
    pub wave: Vec<Ranked>,
    /// When the first of the rooms that are kept from it is kept no longer, if any is whose courier could be
    /// asked.
    pub kept_until: Option<Time>,
}

/// What happens to a package now. Couriers for whom `busy` holds are passed over; see [`next_wave`].
#[must_use]
pub fn next_step(
    ranked: &[Ranked],
    package: &PackageEntry,
    outlook: &impl Outlook,
    now: Time,
    settings: &Settings,
    busy: impl Fn(&Ranked) -> bool,
) -> Step {
    let wave = next_wave(ranked, package, outlook, now, settings, &busy);
    let kept = ranked.iter().filter(|one| {
        one.kept_until.is_some() && !package.is_pending_with(one.candidate.courier) && !busy(one)
    });
    Step { wave, kept_until: kept.filter_map(|one| one.kept_until).min() }
}

/// The rewards, in whole units and ascending, from which on room that is kept now would not be.
#[must_use]
pub fn rewards_at_once(ranked: &[Ranked], package: &PackageEntry, settings: &Settings) -> Vec<Amount> {
    let enough = |one: &Ranked| {
        let currency = package.reward.currency;
        let cost_rub =
            package.reward.major() * roubles(currency) - gain_rub(&one.candidate.plan, package, settings);
        let units = ((one.room_price_rub + cost_rub) / roubles(currency)).floor() + 1.0;
        let reward = Amount::from_major(units, currency).ok()?;
        (reward.minor > package.reward.minor && reward.minor <= MAX_MINOR).then_some(reward)
    };
    let kept = ranked.iter().filter(|one| one.kept_until.is_some());
    let mut rewards: Vec<Amount> = kept.filter_map(enough).collect();
    rewards.sort_unstable_by_key(|reward| reward.minor);
    rewards.dedup();
    rewards
}
