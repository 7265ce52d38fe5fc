//! Whom to offer a package, how many at once, for how long, and when an acceptance becomes a deal.
//!
//! Everything here is a function of what is passed in: no clock, no chance, no memory of its own. The
//! simulation of the `quality` crate drives this code, and so does the server.

pub mod couriers;
pub mod demand;
pub mod evidence;
pub mod fair;
pub mod holds;
pub mod keeping;
pub mod outlook;
pub mod prospects;
pub mod settlement;
pub mod standing;

use crate::ids::{PackageId, TripId};
use crate::market::request::Plan;
use crate::matching::policy::outlook::{Outlook, View, bounded};
use crate::matching::score::Terms;
use crate::matching::{Candidate, PackageEntry, PackageIndex, Settings, TripEntry, score};
use crate::time::{Span, Time};

/// A wave should find a taker with all but this chance.
const CHANCE_OF_NONE: f64 = 0.1;

/// How many waiting packages one new or changed trip wakes at most: the best of its queue.
pub const MAX_WOKEN: usize = 64;

/// How many of the packages that wait for one courier are put in order: those that have waited longest.
const MAX_QUEUED: usize = 256;

/// An offer that nobody has looked at ends after this many times its time to live.
const PATIENCE: i64 = 3;

/// A candidate with its score.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ranked {
    /// The trip and the plan.
    pub candidate: Candidate,
    /// The chance that the courier accepts, 0 to 1.
    pub acceptance: f64,
    /// The same, less where the reward is below what the courier asks.
    pub chance: f64,
    /// The points by which it is ranked: see [`score()`].
    pub score: f64,
    /// What the room is worth to packages that are still to come, in roubles.
    pub room_price_rub: f64,
    /// Until when the room is kept for packages that are expected to need it more; `None` where it is not.
    pub kept_until: Option<Time>,
}

/// The best candidates, best first: by score, then by the earlier dropoff, then by trip id. At most
/// [`Settings::candidates`] of them.
#[must_use]
pub fn rank(
    candidates: &[Candidate],
    package: &PackageEntry,
    outlook: &impl Outlook,
    now: Time,
    settings: &Settings,
) -> Vec<Ranked> {
    let mut ranked = scored(candidates, package, outlook, now, settings);
    ranked.truncate(settings.candidates);
    ranked
}

/// All candidates, best first.
pub(super) fn scored(
    candidates: &[Candidate],
    package: &PackageEntry,
    outlook: &impl Outlook,
    now: Time,
    settings: &Settings,
) -> Vec<Ranked> {
    let score_one = |candidate: &Candidate| {
        let terms = Terms {
            asked: candidate.price,
            acceptance: outlook.acceptance(candidate.courier),
            room_price_rub: outlook.room_price_rub(candidate, package),
            weight: bounded(outlook.weight(candidate.courier, package)),
        };
        Ranked {
            candidate: *candidate,
            acceptance: terms.acceptance,
            chance: terms.chance(package),
            score: score(&candidate.plan, package, &terms, settings),
            room_price_rub: terms.room_price_rub,
            kept_until: keeping::kept_until(candidate, package, terms.room_price_rub, now, settings),
        }
    };
    let mut ranked: Vec<Ranked> = candidates.iter().map(score_one).collect();
    let tie = |one: &Ranked| -> (Time, TripId) { (one.candidate.plan.dropoff.at, one.candidate.trip) };
    ranked.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then_with(|| tie(a).cmp(&tie(b))));
    ranked
}

/// How long a courier may look at an offer once it is on the screen, and when it ends at the latest.
/// `pickup_at` is when the courier would set off with the package: no offer outlives it.
#[must_use]
pub fn time_limit(now: Time, pickup_at: Time, in_town: bool, settings: &Settings) -> (Span, Time) {
    let least = Span::seconds(i64::from(settings.offer_ttl_s));
    let longest = Span::minutes(i64::from(settings.longest_offer_ttl_min)).max(least);
    let share = pickup_at.since(now).percent(i64::from(settings.offer_ttl_percent));
    let ttl = if in_town { least } else { share.clamp(least, longest) };
    let latest = now + Span::from_ms(ttl.ms() * PATIENCE);
    (ttl, latest.min(pickup_at.max(now)))
}

/// The next couriers to ask, best first.
///
/// A package that the first acceptance takes at once has as many offers open as it needs to find a taker with
/// a chance of nine in ten, at most [`Settings::max_wave`]: where all couriers accept with chance q, that is
/// ln 0.1 / ln (1 - q), rounded up. And it leaves room alone that is expected to be needed more. One that is
/// confirmed later collects acceptances, up to [`Settings::max_standing`], because there is a choice to make
/// in the end; of those, all but [`Settings::max_wave`] are left to trips that are published after the
/// package. Room is kept no longer than [`keeping::bound`] says.
///
/// Nobody gets two requests for one package, whether one is open already or two trips suit: the better one
/// counts. Couriers for whom `busy` holds are passed over.
#[must_use]
pub fn next_wave(
    ranked: &[Ranked],
    package: &PackageEntry,
    outlook: &impl Outlook,
    now: Time,
    settings: &Settings,
    busy: impl Fn(&Ranked) -> bool,
) -> Vec<Ranked> {
    let deferred = package.is_deferred(now);
    // What people have asked each other may wait until the pickup, so the engine does not wait for it.
    let chances = package.offered.iter().map(|courier| 1.0 - outlook.acceptance(*courier));
    let mut none: f64 = chances.product();
    let open = package.offered.len() + package.standing.len();
    let mut room = settings.max_wave.saturating_sub(package.offered.len());
    if deferred {
        room = room.min(settings.max_standing.saturating_sub(open));
    }
    let mut wave: Vec<Ranked> = Vec::with_capacity(room.min(ranked.len()));
    for one in ranked {
        if wave.len() == room || (!deferred && none <= CHANCE_OF_NONE + 1e-9) {
            break;
        }
        let courier = one.candidate.courier;
        let asked =
            package.is_pending_with(courier) || wave.iter().any(|other| other.candidate.courier == courier);
        // Ids begin with the time of publication.
        let is_older = one.candidate.trip.uuid() < package.id.uuid();
        let reserved = deferred && open + wave.len() >= settings.max_wave && is_older;
        if !asked && one.kept_until.is_none() && !reserved && !busy(one) {
            none *= 1.0 - one.acceptance;
            wave.push(*one);
        }
    }
    wave
}

/// The packages that wait for nobody's answer and suit a trip, with their scores, best first: the order in
/// which its courier should be asked. The price of room does not count here: all of them want the same room.
#[must_use]
pub fn queue(trip: &TripEntry, waiting: &PackageIndex, view: &impl View) -> Vec<(PackageId, f64)> {
    let score_one = |(id, plan): (PackageId, Plan)| Some((id, on_trip(trip, waiting.get(id)?, &plan, view)));
    let mut queue: Vec<_> =
        waiting.waiting_for(trip, view.now(), MAX_QUEUED).into_iter().filter_map(score_one).collect();
    queue.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    queue
}

/// Whether so many better packages wait for this courier that nobody has been asked for yet, that they will
/// need all of the courier's `places` for offers. Anybody who has waited as long as room is kept at most lets
/// nobody pass any more.
#[must_use]
pub fn is_outranked(
    one: &Ranked,
    package: &PackageEntry,
    trip: &TripEntry,
    places: usize,
    waiting: &PackageIndex,
    view: &impl View,
) -> bool {
    if keeping::is_over(&one.candidate, package, view.now(), view.settings()) {
        return false;
    }
    let own = on_trip(trip, package, &one.candidate.plan, view);
    let unasked = |id: &PackageId| {
        waiting.get(*id).is_some_and(|other| other.pending.is_empty() && other.standing.is_empty())
    };
    let queue = queue(trip, waiting, view);
    let better = queue.iter().take_while(|(_, score)| *score > own).map(|(id, _)| id);
    better.filter(|id| **id != package.id && unasked(id)).take(places).count() >= places
}

fn on_trip(trip: &TripEntry, package: &PackageEntry, plan: &Plan, view: &impl View) -> f64 {
    let terms = Terms {
        asked: trip.price(),
        acceptance: view.acceptance(trip.courier),
        room_price_rub: 0.0,
        weight: bounded(view.weight(trip.courier, package)),
    };
    score(plan, package, &terms, view.settings())
}
