//! What the orders of a plan cost their couriers, part by part.

use peerpack_actors::dispatch::Settings;
use peerpack_actors::dispatch::plan::{Assignment, greedy};
use peerpack_actors::dispatch::ranking::Habits;
use peerpack_actors::dispatch::record::Record;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::Driver;
use crate::town::Town;

/// What an order of a plan costs its courier: what is known, and how much that is, 0 to 1, before it is
/// weighed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedScore {
    order_id: String,
    /// All of it, weighed: as `ml_cost` of the assignment.
    cost: f64,
    /// How long after the courier's last order the pickup is, without the way, minutes.
    gap_min: f64,
    gap_norm: f64,
    /// The empty way to the pickup, kilometres of road.
    deadhead_km: f64,
    deadhead_norm: f64,
    /// The chance that the courier accepts an offer.
    acceptance_rate: f64,
    reject_norm: f64,
    /// The share of orders that the courier calls off.
    cancel_rate: f64,
    cancel_norm: f64,
    /// How many orders of the day the courier has before it.
    orders_so_far: usize,
    fairness_norm: f64,
    /// The rating that the courier counts with.
    rating: f64,
    quality_norm: f64,
}

impl PlannedScore {
    #[expect(clippy::cast_precision_loss, reason = "gaps are far below 2^53 milliseconds")]
    pub(super) fn of(
        one: &Assignment,
        cost: f64,
        burden: greedy::Burden,
        record: &Record,
        settings: &Settings,
    ) -> Self {
        let greedy::Cost { gap, deadhead, fairness } = burden.parts();
        let Habits { reject, cancel, quality } = Habits::parts(record, settings);
        Self {
            order_id: one.order.to_string(),
            cost,
            gap_min: (burden.gap_ms as f64 / 60_000.0).round(),
            gap_norm: gap,
            deadhead_km: f64::from(burden.empty_m) / 1_000.0,
            deadhead_norm: deadhead,
            acceptance_rate: record.acceptance(settings),
            reject_norm: reject,
            cancel_rate: record.cancel_rate(settings),
            cancel_norm: cancel,
            orders_so_far: burden.jobs,
            fairness_norm: fairness,
            rating: record.rating(settings),
            quality_norm: quality,
        }
    }
}

/// What is known of a courier's habits.
pub(super) fn record_of(town: &Town, driver: &Driver) -> Record {
    let record = town.dispatch().with_board(|board| board.get(driver.person).map(|one| one.record.clone()));
    record.unwrap_or_default()
}
