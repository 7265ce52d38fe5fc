//! Every number of the dispatch that may be set: one table, in docs/dispatch.md, too.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// By which rule couriers are put in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The fewest orders today, then the nearest.
    Simple,
    /// The lowest cost of time, way, habits and fairness.
    #[default]
    Scored,
}

/// Every knob of the dispatch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// By which rule couriers are put in order.
    pub rule: Rule,
    /// How long a courier may think about an offer, in seconds, 5 to 300.
    pub offer_ttl_s: u32,
    /// How old a position may be for its courier to be asked, in seconds, 10 to 3600.
    pub position_fresh_s: u32,
    /// Above this speed from the last position, in km/h, a new one is doubted until a second one agrees.
    pub doubted_kmh: f64,
    /// After so long without a position a courier who is free counts as silent, in minutes, 1 to 1440.
    pub silent_min: u32,
    /// The lowest rating of couriers who are asked, 0 to 5. Nobody is turned away for having none.
    pub least_rating: f64,
    /// The rating that somebody without any counts with.
    pub rating: f64,
    /// How many offers a courier may get within `recent_min`: with so many, no further one.
    pub most_offers: u32,
    /// For how long offers and orders count as recent ones, in minutes, 1 to 1440.
    pub recent_min: u32,
    /// Whether couriers who pause are asked.
    pub ask_paused: bool,
    /// How many couriers are weighed for an order: the nearest, 1 to 1000.
    pub nearest: usize,
    /// How far in time a courier may be, in seconds, before the search is widened.
    pub eta_limit_s: u32,
    /// How long the way to the pickup may be, in kilometres, before the search is widened.
    pub km_limit: f64,
    /// How long the search finds nobody before it is widened, in seconds.
    pub widen_after_s: u32,
    /// By how much both limits grow then, 1 to 10.
    pub widen_by: f64,
    /// How often they grow, 0 to 20; then a dispatcher is told.
    pub widenings: u32,
    /// How long before a stated time of pickup the search begins, in minutes.
    pub ahead_min: u32,
    /// Length of the road over the great circle, at least 1.
    pub road_factor: f64,
    /// How quick couriers are in town, in km/h.
    pub speed_kmh: f64,
    /// The chance that a courier of whom nothing is known accepts an offer, 0 to 1.
    pub acceptance: f64,
    /// How many answers of a courier that chance is worth, and how many orders a clean record.
    pub prior: f64,
    /// Weight of the time to the pickup, as a part of 720 seconds.
    pub w_eta: f64,
    /// Weight of the empty way, as a part of 20 km.
    pub w_deadhead: f64,
    /// Weight of the chance that the courier does not accept.
    pub w_reject: f64,
    /// Weight of the share of orders that the courier has called off.
    pub w_cancel: f64,
    /// Weight of having had more orders lately than the median courier.
    pub w_fairness: f64,
    /// Weight of standing outside of the order's region.
    pub w_zone: f64,
    /// Weight of a rating below 4.5.
    pub w_quality: f64,
    /// Whether open orders and free couriers are matched in batches, and how often, in milliseconds: 0 (one
    /// at a time) or 500 to 10000.
    pub batch_ms: u32,
    /// How many orders one batch takes at most: those that have waited longest, 1 to 500.
    pub batch_orders: usize,
}

impl Settings {
    /// How long a courier may think about an offer.
    #[must_use]
    pub fn offer_ttl(&self) -> Span {
        Span::seconds(i64::from(self.offer_ttl_s))
    }

    /// How old a position may be.
    #[must_use]
    pub fn position_fresh(&self) -> Span {
        Span::seconds(i64::from(self.position_fresh_s))
    }

    /// For how long who is free may say nothing of where they are.
    #[must_use]
    pub fn silent_after(&self) -> Span {
        Span::minutes(i64::from(self.silent_min))
    }

    /// For how long offers and orders count as recent ones.
    #[must_use]
    pub fn recent(&self) -> Span {
        Span::minutes(i64::from(self.recent_min))
    }

    /// How long a search finds nobody before it is widened.
    #[must_use]
    pub fn widen_after(&self) -> Span {
        Span::seconds(i64::from(self.widen_after_s))
    }

    /// What is out of bounds, one sentence each.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let share = 0.0..=1.0;
        let bounds = [
            ((5..=300).contains(&self.offer_ttl_s), "offer_ttl_s is not in 5 to 300"),
            ((10..=3_600).contains(&self.position_fresh_s), "position_fresh_s is not in 10 to 3600"),
            ((1..=1_440).contains(&self.silent_min), "silent_min is not in 1 to 1440"),
            ((0.0..=5.0).contains(&self.least_rating), "least_rating is not in 0 to 5"),
            ((0.0..=5.0).contains(&self.rating), "rating is not in 0 to 5"),
            (self.most_offers > 0, "most_offers is 0: nobody would be asked"),
            ((1..=1_440).contains(&self.recent_min), "recent_min is not in 1 to 1440"),
            ((1..=1_000).contains(&self.nearest), "nearest is not in 1 to 1000"),
            ((1..=86_400).contains(&self.eta_limit_s), "eta_limit_s is not in 1 to 86400"),
            ((1..=3_600).contains(&self.widen_after_s), "widen_after_s is not in 1 to 3600"),
            ((1.0..=10.0).contains(&self.widen_by), "widen_by is not in 1 to 10"),
            (self.widenings <= 20, "widenings is not in 0 to 20"),
            (self.ahead_min <= 1_440, "ahead_min is not in 0 to 1440"),
            ((1.0..=10.0).contains(&self.road_factor), "road_factor is not in 1 to 10"),
            (share.contains(&self.acceptance), "acceptance is not in 0 to 1"),
            (
                self.batch_ms == 0 || (500..=10_000).contains(&self.batch_ms),
                "batch_ms is neither 0 nor in 500 to 10000",
            ),
            ((1..=500).contains(&self.batch_orders), "batch_orders is not in 1 to 500"),
        ];
        let weights = [
            ("w_eta", self.w_eta),
            ("w_deadhead", self.w_deadhead),
            ("w_reject", self.w_reject),
            ("w_cancel", self.w_cancel),
            ("w_fairness", self.w_fairness),
            ("w_zone", self.w_zone),
            ("w_quality", self.w_quality),
        ];
        let positive = [
            ("doubted_kmh", self.doubted_kmh),
            ("km_limit", self.km_limit),
            ("speed_kmh", self.speed_kmh),
            ("prior", self.prior),
        ];
        let named = bounds.into_iter().filter(|(fine, _)| !fine).map(|(_, problem)| problem.to_owned());
        let weights = weights.into_iter().filter(|(_, weight)| !(0.0..=100.0).contains(weight));
        let positive = positive.into_iter().filter(|(_, amount)| !(*amount > 0.0 && *amount <= 1e4));
        named
            .chain(weights.map(|(knob, _)| format!("{knob} is not in 0 to 100")))
            .chain(positive.map(|(knob, _)| format!("{knob} is not above 0, or above 10000")))
            .collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rule: Rule::Scored,
            offer_ttl_s: 15,
            position_fresh_s: 300,
            doubted_kmh: 200.0,
            silent_min: 15,
            least_rating: 4.0,
            rating: 4.7,
            most_offers: 20,
            recent_min: 60,
            ask_paused: false,
            nearest: 50,
            eta_limit_s: 720,
            km_limit: 20.0,
            widen_after_s: 30,
            widen_by: 1.5,
            widenings: 3,
            ahead_min: 20,
            road_factor: 1.3,
            speed_kmh: 30.0,
            acceptance: 0.5,
            prior: 5.0,
            w_eta: 0.40,
            w_deadhead: 0.15,
            w_reject: 0.20,
            w_cancel: 0.15,
            w_fairness: 0.15,
            w_zone: 0.03,
            w_quality: 0.02,
            batch_ms: 0,
            batch_orders: 200,
        }
    }
}
