//! What a package does next: whom to ask, whom to take, when to look again. The policy decides; this asks it
//! with what this node knows.

use std::cell::Cell;

use super::context::Context;
use super::measured::{Measured, question};
use crate::ids::RequestId;
use crate::market::package::{Package, Proposal};
use crate::matching::policy::demand::Asked;
use crate::matching::policy::is_outranked;
use crate::matching::policy::keeping::{Step, next_step, rewards_at_once};
use crate::matching::{self, Candidate, PackageEntry, Question, Ranked, TripIndex};
use crate::money::Amount;
use crate::time::{Span, Time};

/// How soon a package that let better ones pass looks again.
const AFTER_BETTER: Span = Span::seconds(5);

/// The next wave of a package.
pub(super) struct Wave {
    /// Booked with their couriers.
    pub(super) proposals: Vec<Proposal>,
    /// When to look again, if somebody was passed over who may be asked later.
    pub(super) look_again: Option<Time>,
}

impl Wave {
    const NONE: Self = Self { proposals: Vec::new(), look_again: None };

    /// Works the next wave out; of some candidates more is known than the index does.
    pub(super) fn of(context: &Context, package: &Package, measured: &Measured) -> Self {
        let now = context.clock.now();
        if !package.is_waiting(now) {
            return Self::NONE;
        }
        let settings = &context.settings.matching;
        let entry = context.package_entry(package);
        let Judged { step, look_again, .. } = judge(context, &entry, measured, now);
        let in_town = entry.is_in_town(settings);
        let propose = |ranked: Ranked| {
            let candidate = ranked.candidate;
            let id = RequestId::new(now, context.clock.random());
            context.offers.book(candidate.courier, id, settings.max_live_offers).then(|| Proposal {
                id,
                trip: candidate.trip,
                courier: candidate.courier,
                plan: candidate.plan,
                reward: package.draft.reward,
                message: String::new(),
                airport: String::new(),
                time_limit: Some(matching::time_limit(now, candidate.plan.pickup.at, in_town, settings)),
            })
        };
        Self { proposals: step.wave.into_iter().filter_map(propose).collect(), look_again }
    }
}

/// What this node makes of an open package.
pub(super) struct Judged {
    /// What happens to it now.
    pub(super) step: Step,
    /// The rewards that might end the keeping of room, ascending.
    pub(super) rewards: Vec<Amount>,
    /// When to look again, if somebody was passed over who may be asked later.
    pub(super) look_again: Option<Time>,
}

/// What happens to a package now: what its actor does, and what people are told that it does.
pub(super) fn judge(context: &Context, entry: &PackageEntry, measured: &Measured, now: Time) -> Judged {
    let settings = &context.settings.matching;
    let trips = context.trips.read();
    let candidates = measured.correct(candidates(context, entry, &trips, now));
    let view = context.view(&trips, now);
    let ranked = matching::rank(&candidates, entry, &view, now, settings);
    let waiting = context.waiting.read();
    let most = settings.max_live_offers;
    let outranked = Cell::new(false);
    let passed_over = |one: &Ranked| {
        let places = context.offers.places(one.candidate.courier, most);
        let Some(trip) = trips.get(one.candidate.trip).filter(|_| places > 0) else { return true };
        let better_wait = places < most && is_outranked(one, entry, trip, places, &waiting, &view);
        outranked.set(outranked.get() || better_wait);
        better_wait
    };
    let step = next_step(&ranked, entry, &view, now, settings, passed_over);
    let paused = entry.paused.iter().map(|(_, until)| *until).filter(|until| *until > now);
    // The price of room falls with time. So the package looks again after `look_again_min`, or when the first
    // kept room is free, whichever is sooner. Room of couriers who cannot be asked now counts, too.
    let kept = ranked.iter().filter_map(|one| one.kept_until).min();
    let soon = now + Span::minutes(i64::from(settings.look_again_min.max(1)));
    let look_again = paused
        .chain(kept.map(|until| until.min(soon)))
        .chain(outranked.get().then(|| now + AFTER_BETTER))
        .min();
    Judged { step, rewards: rewards_at_once(&ranked, entry, settings), look_again }
}

/// Returns the trips with the soonest pickup whose couriers can get an offer now. A courier with
/// `max_live_offers` offers, or with an open request for this package, is left out and makes place for
/// others. When an offer of a full courier ends, the packages that suit the courier's trips are considered
/// again.
fn candidates(context: &Context, entry: &PackageEntry, trips: &TripIndex, now: Time) -> Vec<Candidate> {
    let settings = &context.settings.matching;
    let can_be_asked = |courier| {
        !entry.is_pending_with(courier) && context.offers.places(courier, settings.max_live_offers) > 0
    };
    trips.candidates_among(entry, now, settings.candidates, can_be_asked)
}

/// What has to be measured of the best candidates before one of them is asked.
pub(super) fn questions(context: &Context, entry: &PackageEntry) -> Vec<Question> {
    let settings = &context.settings.matching;
    if context.settings.roads.is_none() && !entry.is_in_town(settings) {
        return Vec::new();
    }
    let (now, trips) = (context.clock.now(), context.trips.read());
    let candidates = candidates(context, entry, &trips, now);
    let ranked = matching::rank(&candidates, entry, &context.view(&trips, now), now, settings);
    let best = ranked.into_iter().take(settings.measured).map(|one| one.candidate);
    best.filter_map(|one| question(context, entry, trips.get(one.trip)?, one.plan)).collect()
}

/// The acceptance that becomes a deal now, if the moment has come for one.
pub(super) fn choice(context: &Context, package: &Package) -> Option<RequestId> {
    let now = context.clock.now();
    let settings = &context.settings.matching;
    let (trips, standings) = (context.trips.read(), context.model.standings.read());
    let price_rub = |trip: &_, asked: Asked<'_>| context.model.price_rub(trip, asked, now, settings);
    let chosen = standings.choose(&[package.id], &trips, price_rub, now, settings);
    chosen.first().map(|(_, standing)| standing.request)
}

/// When a choice has to be made next.
pub(super) fn next_choice(context: &Context, package: &Package) -> Option<Time> {
    let standings = context.model.standings.read();
    let agreed = standings.get(package.id)?;
    agreed.next_choice(context.clock.now(), &context.settings.matching)
}
