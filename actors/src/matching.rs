//! Matching: which courier can carry which package, and who is asked first.
//!
//! **The model.** Both sides are reduced to gazetteer places, the *zones*. A trip is an ordered list of
//! *anchors*: its stops, and the places near its way that the courier can reach within the detour budget. A
//! package has, at each end, its own place, the most populous neighbours, and the whole city they belong to.
//! A package suits a trip when a pickup zone is an anchor before a dropoff zone, in time, with room on every
//! leg in between, and within what is left of the detour budget.
//!
//! **Detours are additive.** Between cities a hand-over off the way costs the same whatever else the courier
//! does, so the extra way of a package is the sum of its two ends. It is always measured against the trip as
//! it was published: accepted packages use the budget up, they do not move the way. Times at the anchors are
//! those of the published trip, too; a detour may make the courier late by as much as the budget allows. In
//! town detours do not add up: there the best candidates' whole routes are driven again ([`measure`]), by the
//! ways that a routing service knows, if there is one.
//!
//! **Two halves.** [`feasible`] and the indexes say what is possible, exactly. [`score()`] and [`policy`] say
//! what is wise: whom to offer the package, in waves. [`explain()`] says why not. Nothing in here decides a
//! claim, reads a clock or depends on the order of a hash map.

pub mod courier_grid;
pub mod explain;
pub mod feasibility;
pub mod index;
pub mod insertion;
pub mod measure;
pub mod package_entry;
pub mod policy;
pub mod reason;
pub mod score;
pub mod trip_entry;
pub mod zone;

mod postings;
mod slab;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::matching::policy::outlook::MAX_WEIGHT;
use crate::time::Span;

pub use courier_grid::{CourierGrid, Nearby};
pub use explain::{Explanation, Next, Verdict, explain};
pub use feasibility::{Need, feasible, fit};
pub use index::{
    Browsing, Candidate, Chart, PackageIndex, Passing, Seen, SubscriptionIndex, Survey, TripIndex,
};
pub use measure::{Aboard, Question, Way, Ways};
pub use package_entry::PackageEntry;
pub use policy::{Ranked, next_wave, rank, time_limit};
pub use reason::Reason;
pub use score::{Terms, gain_rub, roubles, score};
pub use trip_entry::{Anchor, TripEntry};
pub use zone::{Zone, zone, zones};

/// Every knob of the matching. The same settings must serve all entries of an index.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How far from the point of an end a neighbouring place may be to serve as its zone, and how much way
    /// between two places of a zone counts as nothing, in kilometres.
    pub zone_radius_km: f64,
    /// How many places one end has at most, its own included.
    pub zones_per_end: usize,
    /// Length of the road over the great circle.
    pub road_factor: f64,
    /// Minutes that a hand-over off the way costs besides the extra way.
    pub hand_over_min: u32,
    /// How many trips are considered for a package: those that pick it up soonest.
    pub candidates: usize,
    /// How many of the best candidates are measured on the roads, or through the town, before any of them is
    /// asked.
    pub measured: usize,
    /// How many live offers one courier may have.
    pub max_live_offers: usize,
    /// How many live offers one package may have, 1 to 32.
    pub max_wave: usize,
    /// How long a courier may look at an offer in town, and at least elsewhere, in seconds, 5 to 600.
    pub offer_ttl_s: u32,
    /// Between cities: the share of the time to the pickup that a courier may look at an offer, in percent, 1
    /// to 50.
    pub offer_ttl_percent: u32,
    /// How long a courier may look at an offer at most, in minutes, 10 to 1440.
    pub longest_offer_ttl_min: u32,
    /// The chance that a courier of whom nothing is known accepts an offer, 0 to 1.
    pub acceptance: f64,
    /// Up to this length of way, in kilometres of road, a package is one in town: offers end within seconds.
    pub in_town_km: f64,
    /// What a minute of detour costs the courier, in roubles; other currencies are weighed by a rough rate.
    pub detour_rub_per_min: f64,
    /// What a kilometre of detour costs the courier, in roubles.
    pub detour_rub_per_km: f64,
    /// The power of kg x km that the gain is divided by: 0 prefers large parcels, 1 small ones.
    pub work_exponent: f64,
    /// How many answers of a courier the configured `acceptance` is worth, when the courier's own are learned
    /// from.
    pub acceptance_prior: f64,
    /// How much fairness to couriers who had less weighs, 0 to 0.15.
    pub fairness: f64,
    /// Weights of regions by the gazetteer id of the place of pickup, 0.85 to 1.15: above 1, its packages are
    /// offered first. Together with fairness they stay within 15 %.
    pub region_weights: BTreeMap<String, f64>,
    /// How many days of published packages the prices of room are learned from; 0 learns nothing.
    pub history_days: u32,
    /// How many people it takes at least to be evidence of demand, 2 to 1000: of fewer, it is nothing.
    pub evidence_people: u32,
    /// How many standard deviations the demand for a trip is taken to be below what was seen of it, 0 to 5.
    pub doubt: f64,
    /// How long a package that nobody carries has to wait, in minutes, to be evidence of demand.
    pub evidence_wait_min: u32,
    /// How long room is kept from a package at most, in percent of the time from when it and the trip are
    /// published to the pickup, 0 (room is free) to 100. Then the package is offered to everybody who suits.
    pub keep_percent: u32,
    /// The part of the demand that fits a trip that is counted as this trip's, 0 (room is free) to 3. Above
    /// 1, room is kept against chance, too.
    pub demand_share: f64,
    /// The part of the trips to come, as those of the past speak for them, that a package with time to choose
    /// counts on, 0 (only what is published) to 1.
    pub supply_share: f64,
    /// How long before the pickup a package with a deadline for its confirmation gets its courier at the
    /// latest, in minutes.
    pub notice_min: u32,
    /// How many couriers' acceptances stand for one package at most, before one is chosen.
    pub max_standing: usize,
    /// How often a choice is looked at again after the sender's deadline, if there was none to make, in
    /// minutes, 1 to 1440.
    pub choose_again_min: u32,
    /// How many packages a choice among standing acceptances looks at.
    pub neighbours: usize,
    /// How long an offer that ran out is not made again to the same trip, in minutes.
    pub reoffer_pause_min: u32,
    /// How often one trip is offered the same package at most.
    pub reoffers: usize,
    /// How soon a package that nobody could be asked for is looked at again, in minutes.
    pub look_again_min: u32,
    /// How long the first acceptance of a package waits for others, in milliseconds, so that the quickest
    /// reaction wins and not the fastest network: 100 to 300, or 0 (the first to arrive wins).
    pub fair_window_ms: u32,
    /// How many verdicts an explanation lists.
    pub max_verdicts: usize,
}

impl Settings {
    /// How long an offer that ran out is not made again to the same trip.
    #[must_use]
    pub fn reoffer_pause(&self) -> Span {
        Span::minutes(i64::from(self.reoffer_pause_min))
    }

    /// What is out of bounds, one sentence each.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let share = 0.0..=1.0;
        let weight = 1.0 - MAX_WEIGHT..=1.0 + MAX_WEIGHT;
        let regions = self.region_weights.values().all(|region| weight.contains(region));
        let window = [0..=0, 100..=300].iter().any(|allowed| allowed.contains(&self.fair_window_ms));
        let amounts = [
            self.zone_radius_km,
            self.in_town_km,
            self.detour_rub_per_min,
            self.detour_rub_per_km,
            self.work_exponent,
            self.acceptance_prior,
            self.road_factor,
        ];
        let finite = amounts.iter().all(|amount| (0.0..=1e6).contains(amount));
        let bounds = [
            (finite, "a radius, a cost, an exponent, a prior or the road factor is not in 0 to 1000000"),
            (share.contains(&self.acceptance), "acceptance is not in 0 to 1"),
            (self.acceptance_prior > 0.0, "acceptance_prior is not above 0"),
            ((2..=1_000).contains(&self.evidence_people), "evidence_people is not in 2 to 1000"),
            ((0.0..=5.0).contains(&self.doubt), "doubt is not in 0 to 5"),
            (self.keep_percent <= 100, "keep_percent is not in 0 to 100"),
            ((0.0..=3.0).contains(&self.demand_share), "demand_share is not in 0 to 3"),
            (share.contains(&self.supply_share), "supply_share is not in 0 to 1"),
            ((0.0..=MAX_WEIGHT).contains(&self.fairness), "fairness is not in 0 to 0.15"),
            (regions, "a region weight is not in 0.85 to 1.15"),
            (window, "fair_window_ms is neither 0 nor in 100 to 300"),
            (self.max_live_offers > 0, "max_live_offers is 0: nobody would be asked"),
            ((1..=32).contains(&self.max_wave), "max_wave is not in 1 to 32"),
            ((5..=600).contains(&self.offer_ttl_s), "offer_ttl_s is not in 5 to 600"),
            ((1..=50).contains(&self.offer_ttl_percent), "offer_ttl_percent is not in 1 to 50"),
            ((10..=1440).contains(&self.longest_offer_ttl_min), "longest_offer_ttl_min is not in 10 to 1440"),
            ((1..=1440).contains(&self.choose_again_min), "choose_again_min is not in 1 to 1440"),
            (self.candidates > 0, "candidates is 0: nobody would be asked"),
            (self.zones_per_end > 0, "zones_per_end is 0: nothing would match"),
            (self.road_factor >= 1.0, "road_factor is below 1"),
        ];
        bounds.into_iter().filter(|(fine, _)| !fine).map(|(_, problem)| problem.to_owned()).collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            zone_radius_km: 15.0,
            zones_per_end: 3,
            road_factor: 1.3,
            hand_over_min: 5,
            candidates: 64,
            measured: 24,
            max_live_offers: 3,
            max_wave: 8,
            offer_ttl_s: 30,
            offer_ttl_percent: 5,
            longest_offer_ttl_min: 120,
            acceptance: 0.5,
            in_town_km: 40.0,
            detour_rub_per_min: 5.0,
            detour_rub_per_km: 8.0,
            work_exponent: 0.7,
            acceptance_prior: 5.0,
            fairness: 0.05,
            region_weights: BTreeMap::new(),
            history_days: 7,
            evidence_people: 5,
            doubt: 1.0,
            evidence_wait_min: 60,
            keep_percent: 99,
            demand_share: 2.0,
            supply_share: 0.5,
            notice_min: 15,
            max_standing: 16,
            choose_again_min: 15,
            neighbours: 512,
            reoffer_pause_min: 60,
            reoffers: 2,
            look_again_min: 30,
            fair_window_ms: 0,
            max_verdicts: 200,
        }
    }
}
