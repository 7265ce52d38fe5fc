//! Whom to offer a package, how many at once, and for how long.

use crate::ids::{TripId, UserId};
use crate::matching::{Candidate, PackageEntry, Settings, score};
use crate::time::{Span, Time};

/// A wave should find a taker with all but this chance.
const CHANCE_OF_NONE: f64 = 0.1;

/// The most live offers for one package.
pub const MAX_WAVE: usize = 8;

/// How long a courier may look at an offer in town, and at least elsewhere.
pub const LEAST_TTL: Span = Span::seconds(30);

/// How long a courier may look at an offer at most.
pub const LONGEST_TTL: Span = Span::hours(2);

/// Between cities, this share of the time to the pickup, in percent.
const TTL_PERCENT: i64 = 5;

/// An offer that nobody has looked at ends after this many times its time to live.
const PATIENCE: i64 = 3;

/// A candidate with its score.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ranked {
    /// The trip and the plan.
    pub candidate: Candidate,
    /// The chance that the courier accepts, 0 to 1.
    pub acceptance: f64,
    /// See [`score()`].
    pub score: f64,
}

/// The best candidates, best first: by score, then by the earlier dropoff, then by trip id. At most
/// [`Settings::candidates`] of them.
#[must_use]
pub fn rank(
    candidates: &[Candidate],
    package: &PackageEntry,
    acceptance: impl Fn(UserId) -> f64,
    settings: &Settings,
) -> Vec<Ranked> {
    let mut ranked = scored(candidates, package, acceptance, settings);
    ranked.truncate(settings.candidates);
    ranked
}

/// All candidates, best first.
pub(super) fn scored(
    candidates: &[Candidate],
    package: &PackageEntry,
    acceptance: impl Fn(UserId) -> f64,
    settings: &Settings,
) -> Vec<Ranked> {
    let score_one = |candidate: &Candidate| {
        let acceptance = acceptance(candidate.courier);
        let score = score(&candidate.plan, package, candidate.price, acceptance, settings);
        Ranked { candidate: *candidate, acceptance, score }
    };
    let mut ranked: Vec<Ranked> = candidates.iter().map(score_one).collect();
    let tie = |one: &Ranked| -> (Time, TripId) { (one.candidate.plan.dropoff.at, one.candidate.trip) };
    ranked.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then_with(|| tie(a).cmp(&tie(b))));
    ranked
}

/// How many offers a package should have open, so that one is accepted with a chance of nine in ten, when each
/// is accepted with this chance. At least 1, at most [`MAX_WAVE`].
#[must_use]
pub fn wave_size(acceptance: f64) -> usize {
    let offers = (CHANCE_OF_NONE.ln() / (-acceptance.clamp(0.0, 1.0)).ln_1p()).ceil();
    #[expect(clippy::cast_possible_truncation, reason = "within 1..=8 by the comparison above")]
    #[expect(clippy::cast_sign_loss, reason = "within 1..=8")]
    if offers < MAX_WAVE as f64 { (offers as usize).max(1) } else { MAX_WAVE }
}

/// How long a courier may look at an offer once it is on the screen, and when it ends at the latest. `pickup_at` is
/// when the courier would set off with the package: no offer outlives it.
#[must_use]
pub fn time_limit(now: Time, pickup_at: Time, in_town: bool) -> (Span, Time) {
    let between_cities = pickup_at.since(now).percent(TTL_PERCENT).clamp(LEAST_TTL, LONGEST_TTL);
    let ttl = if in_town { LEAST_TTL } else { between_cities };
    let latest = now + Span::from_ms(ttl.ms() * PATIENCE);
    (ttl, latest.min(pickup_at.max(now)))
}

/// The next couriers to ask, best first, so that the package has `k` requests open.
///
/// Nobody gets two requests for one package, whether one is open already or two trips suit: the better one counts.
/// Couriers for whom `busy` holds, those with [`Settings::max_live_offers`] live offers, are passed over.
#[must_use]
pub fn next_wave(
    ranked: &[Ranked],
    package: &PackageEntry,
    k: usize,
    busy: impl Fn(UserId) -> bool,
) -> Vec<Ranked> {
    let room = k.saturating_sub(package.pending.len());
    let mut wave: Vec<Ranked> = Vec::with_capacity(room.min(ranked.len()));
    for one in ranked {
        if wave.len() == room {
            break;
        }
        let courier = one.candidate.courier;
        let asked =
            package.is_pending_with(courier) || wave.iter().any(|other| other.candidate.courier == courier);
        if !asked && !busy(courier) {
            wave.push(*one);
        }
    }
    wave
}
