//! Whom to ask first: two rules over the same candidates.

use std::cmp::Ordering;

use super::board::{Board, Candidate, Crowd, Standing};
use super::offer::Reckoning;
use super::order::Order;
use super::record::Record;
use super::region::Region;
use super::search::Limits;
use super::settings::{Rule, Settings};
use crate::ids::UserId;
use crate::time::Time;

/// The time that the weight of the time is for, in seconds.
const WHOLE_ETA_S: f64 = 720.0;

/// The way that the weight of the way is for, in kilometres.
const WHOLE_KM: f64 = 20.0;

/// So many orders above the median are as unfair as it gets.
const WHOLE_EXCESS: f64 = 2.0;

/// Ratings from here on cost nothing; 1.5 less costs the whole weight.
const GOOD_RATING: f64 = 4.5;
const RATING_SPAN: f64 = 1.5;

/// What a courier costs an order: the parts, each times its weight.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Cost {
    /// The time to the pickup.
    pub eta: f64,
    /// The empty way.
    pub deadhead: f64,
    /// The chance of no.
    pub reject: f64,
    /// The share of orders called off.
    pub cancel: f64,
    /// Orders above the median.
    pub fairness: f64,
    /// Standing outside of the region.
    pub zone: f64,
    /// A low rating.
    pub quality: f64,
}

impl Cost {
    /// All of it.
    #[must_use]
    pub fn total(self) -> f64 {
        self.eta + self.deadhead + self.reject + self.cancel + self.fairness + self.zone + self.quality
    }
}

/// The part of it that a courier's habits make, whatever the order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Habits {
    /// The chance of no.
    pub reject: f64,
    /// The share of orders called off.
    pub cancel: f64,
    /// A low rating.
    pub quality: f64,
}

impl Habits {
    /// What a record costs.
    #[must_use]
    pub fn of(record: &Record, settings: &Settings) -> Self {
        let Self { reject, cancel, quality } = Self::parts(record, settings);
        Self {
            reject: settings.w_reject * reject,
            cancel: settings.w_cancel * cancel,
            quality: settings.w_quality * quality,
        }
    }

    /// Its parts before they are weighed.
    #[must_use]
    pub fn parts(record: &Record, settings: &Settings) -> Self {
        let below = (GOOD_RATING - record.rating(settings)).max(0.0);
        Self {
            reject: 1.0 - record.acceptance(settings),
            cancel: record.cancel_rate(settings),
            quality: below / RATING_SPAN,
        }
    }
}

/// A candidate with what the rule has weighed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ranked {
    /// The courier, and how far away.
    pub candidate: Candidate,
    /// What the courier costs.
    pub cost: Cost,
    /// How many orders the courier has had today.
    pub orders_today: u32,
}

impl Ranked {
    /// The same in the figures of an offer.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the limits")]
    pub fn reckoning(&self) -> Reckoning {
        Reckoning {
            eta_s: self.candidate.eta_s.round() as u32,
            way_m: (self.candidate.way_km * 1_000.0).round() as u32,
            cost: self.cost.total(),
        }
    }
}

/// What a ranking goes by, beside the order and the couriers.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// What couriers are compared with.
    pub crowd: Crowd,
    /// The region of the order, if it has one.
    pub region: Option<&'a Region>,
    /// When the day has begun where the order is.
    pub day_began: Time,
    /// Decides between equals.
    pub seed: u64,
    /// The moment of the ranking.
    pub now: Time,
}

/// Who can take an order, the first to be asked first.
///
/// The simple rule looks at everybody within the limits, the scored one at the nearest
/// [`Settings::nearest`]. Equals are put in order by the seed: the same one gives the same order on every
/// node, and none of them has an advantage for good.
///
/// The courier whom the order is reserved for comes first, wherever a search can look for them at its end.
#[must_use]
pub fn rank(
    board: &Board,
    order: &Order,
    limits: Limits,
    circumstances: &Circumstances<'_>,
    settings: &Settings,
) -> Vec<Ranked> {
    let most = match settings.rule {
        Rule::Simple => board.len(),
        Rule::Scored => settings.nearest,
    };
    let candidates = board.candidates(order, limits, most, settings, circumstances.now);
    let weigh = |candidate: Candidate| {
        let standing = board.get(candidate.courier)?;
        Some(Ranked {
            candidate,
            cost: cost(&candidate, standing, circumstances, settings),
            orders_today: standing.record.orders_after(circumstances.day_began),
        })
    };
    let mut ranked: Vec<Ranked> = candidates.into_iter().filter_map(&weigh).collect();
    let by_rule = |a: &Ranked, b: &Ranked| match settings.rule {
        Rule::Simple => {
            let km = |one: &Ranked| one.candidate.way_km;
            a.orders_today.cmp(&b.orders_today).then(km(a).total_cmp(&km(b)))
        }
        Rule::Scored => a.cost.total().total_cmp(&b.cost.total()),
    };
    let tie = |a: &Ranked, b: &Ranked| -> Ordering {
        let lot = |one: &Ranked| lot(circumstances.seed, one.candidate.courier);
        lot(a).cmp(&lot(b)).then(a.candidate.courier.cmp(&b.candidate.courier))
    };
    ranked.sort_unstable_by(|a, b| by_rule(a, b).then_with(|| tie(a, b)));
    let farthest = Limits::of(settings.widenings, settings);
    let reserved = order.reserved.and_then(|reserved| {
        weigh(board.candidate(reserved.courier, order, farthest, settings, circumstances.now)?)
    });
    if let Some(first) = reserved {
        ranked.retain(|one| one.candidate.courier != first.candidate.courier);
        ranked.insert(0, first);
    }
    ranked
}

/// What a courier costs an order, by the scored rule.
#[must_use]
pub fn cost(
    candidate: &Candidate,
    standing: &Standing,
    circumstances: &Circumstances<'_>,
    settings: &Settings,
) -> Cost {
    let record = &standing.record;
    let recent = record.orders_after(circumstances.now - settings.recent());
    let excess = f64::from(recent.saturating_sub(circumstances.crowd.median_orders));
    let is_outside = circumstances
        .region
        .is_some_and(|region| standing.track.last().is_none_or(|fix| !region.contains(fix.position)));
    let Habits { reject, cancel, quality } = Habits::of(record, settings);
    Cost {
        eta: settings.w_eta * (candidate.eta_s / WHOLE_ETA_S).min(1.0),
        deadhead: settings.w_deadhead * (candidate.way_km / WHOLE_KM).min(1.0),
        reject,
        cancel,
        fairness: settings.w_fairness * (excess / WHOLE_EXCESS).min(1.0),
        zone: settings.w_zone * f64::from(u8::from(is_outside)),
        quality,
    }
}

/// A number that a seed gives a courier: evenly spread, and without any meaning.
fn lot(seed: u64, courier: UserId) -> u64 {
    let (high, low) = courier.uuid().as_u64_pair();
    [high, low].into_iter().fold(seed, |mixed, part| {
        // The finaliser of SplitMix64.
        let mut mixed = (mixed ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}
