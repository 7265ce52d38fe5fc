//! Counts in the words of the console.

use peerpack_actors::dispatch::tally::Tally;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::dispatch::views::major;

/// What became of orders, as far as it happened in that time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderOutcomes {
    /// Orders that were placed.
    pub(super) total_orders: i64,
    pub(super) completed_orders: i64,
    pub(super) cancelled_orders: i64,
    /// Of the cancelled ones: by their passengers.
    cancelled_by_passenger: i64,
    /// Of the cancelled ones: by their couriers.
    cancelled_by_driver: i64,
    /// Of the cancelled ones: by the desk.
    cancelled_by_staff: i64,
    /// Passengers who did not come.
    no_shows: i64,
    /// Rides on which something happened.
    incidents: i64,
    rejected_orders: i64,
    /// Orders that were taken up again after they had been called off.
    restored_orders: i64,
    /// Orders that were left to the desk, because nobody was found.
    left_to_dispatcher: i64,
    /// Times that an order got a courier.
    assignments: i64,
    total_offers: i64,
    accepted_offers: i64,
    declined_offers: i64,
    /// Offers that ran out.
    expired_offers: i64,
    /// Orders that were placed while couriers were few, so that they were dearer.
    orders_with_surge: i64,
    /// Done ones among those that ended in that time, percent; nothing where none did.
    success_rate: Option<f64>,
    /// Cancelled ones among those that ended in that time, percent.
    cancellation_rate: Option<f64>,
    /// Accepted offers among those that were answered or ran out, percent.
    pub(super) acceptance_rate: Option<f64>,
    /// How long orders waited for their first courier.
    avg_assignment_time_minutes: Option<f64>,
    /// How long couriers waited at the pickup.
    avg_waiting_minutes: Option<f64>,
    /// How far done orders were expected to go.
    avg_distance_km: Option<f64>,
    /// How long it took from placing an order until it was done.
    avg_duration_minutes: Option<f64>,
    /// By what orders were multiplied while couriers were few, in the mean of all that were placed.
    avg_surge_multiplier: Option<f64>,
}

/// What orders came to, in roubles.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeskMoney {
    /// What done orders came to.
    pub(super) revenue: f64,
    /// What passengers paid for calling off.
    cancellation_fees: f64,
    /// The revenue and the fees together.
    total_revenue: f64,
    /// How many orders were done.
    completed_orders_count: i64,
    /// Of a done order; nothing where there is none.
    pub(super) avg_order_value: Option<f64>,
    /// The same: what a done order has cost.
    avg_final_price: Option<f64>,
    /// What a done order was expected to cost.
    avg_quote: Option<f64>,
    /// Of a kilometre of done orders, as it was expected.
    revenue_per_km: Option<f64>,
    /// Of an hour of them, as it was expected.
    revenue_per_hour: Option<f64>,
}

/// What became of orders, and what they came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeskNumbers {
    #[serde(flatten)]
    pub(super) outcomes: OrderOutcomes,
    #[serde(flatten)]
    pub(super) money: DeskMoney,
}

impl OrderOutcomes {
    pub(super) fn of(tally: &Tally) -> Self {
        let ended = tally.completed + tally.cancelled + tally.rejected;
        let answered = tally.accepted + tally.declined + tally.expired;
        let percent = |part, all| each(part, all).map(|share| share * 100.0);
        Self {
            total_orders: tally.placed,
            completed_orders: tally.completed,
            cancelled_orders: tally.cancelled,
            cancelled_by_passenger: tally.by_passenger,
            cancelled_by_driver: tally.by_courier,
            cancelled_by_staff: tally.cancelled - tally.by_passenger - tally.by_courier,
            no_shows: tally.no_shows,
            incidents: tally.incidents,
            rejected_orders: tally.rejected,
            restored_orders: tally.restored,
            left_to_dispatcher: tally.to_desk,
            assignments: tally.assigned,
            total_offers: tally.offers,
            accepted_offers: tally.accepted,
            declined_offers: tally.declined,
            expired_offers: tally.expired,
            orders_with_surge: tally.surged,
            success_rate: percent(tally.completed, ended),
            cancellation_rate: percent(tally.cancelled, ended),
            acceptance_rate: percent(tally.accepted, answered),
            avg_assignment_time_minutes: each(tally.search_ms, tally.found).map(minutes),
            avg_waiting_minutes: each(tally.waited_ms, tally.rides).map(minutes),
            avg_distance_km: each(tally.way_m, tally.completed).map(|metres| metres / 1_000.0),
            avg_duration_minutes: each(tally.whole_ms, tally.timed).map(minutes),
            avg_surge_multiplier: each(tally.surge_percent, tally.quoted).map(|percent| percent / 100.0),
        }
    }
}

impl DeskMoney {
    pub(super) fn of(tally: &Tally) -> Self {
        let per = |count: i64, unit: f64| each(tally.price_minor, count).map(|minor| minor * unit / 100.0);
        Self {
            revenue: major(tally.price_minor),
            cancellation_fees: major(tally.fees_minor),
            total_revenue: major(tally.price_minor + tally.fees_minor),
            completed_orders_count: tally.completed,
            avg_order_value: per(tally.completed, 1.0),
            avg_final_price: per(tally.completed, 1.0),
            avg_quote: each(tally.quoted_minor, tally.timed).map(|minor| minor / 100.0),
            revenue_per_km: per(tally.way_m, 1_000.0),
            revenue_per_hour: per(tally.ride_s, 3_600.0),
        }
    }
}

impl DeskNumbers {
    pub(super) fn of(tally: &Tally) -> Self {
        Self { outcomes: OrderOutcomes::of(tally), money: DeskMoney::of(tally) }
    }
}

/// A part of each; nothing where there is none.
#[expect(clippy::cast_precision_loss, reason = "counts and sums are far below 2^53")]
pub(super) fn each(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

fn minutes(ms: f64) -> f64 {
    ms / 60_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_means_are_of_what_there_is() {
        let nothing = OrderOutcomes::of(&Tally::default());
        assert_eq!((nothing.total_orders, nothing.success_rate, nothing.acceptance_rate), (0, None, None));
        let tally = Tally {
            placed: 9,
            surged: 3,
            surge_percent: 960,
            quoted: 8,
            completed: 3,
            cancelled: 1,
            by_passenger: 1,
            accepted: 3,
            declined: 1,
            found: 2,
            search_ms: 90_000,
            rides: 3,
            waited_ms: 540_000,
            way_m: 30_000,
            ride_s: 7_200,
            whole_ms: 6_000_000,
            quoted_minor: 180_000,
            timed: 2,
            price_minor: 300_000,
            fees_minor: 50_000,
            ..Tally::default()
        };
        let outcomes = OrderOutcomes::of(&tally);
        assert_eq!((outcomes.success_rate, outcomes.cancellation_rate), (Some(75.0), Some(25.0)));
        assert_eq!((outcomes.acceptance_rate, outcomes.cancelled_by_staff), (Some(75.0), 0));
        assert_eq!(
            (outcomes.avg_assignment_time_minutes, outcomes.avg_waiting_minutes),
            (Some(0.75), Some(3.0))
        );
        assert_eq!((outcomes.avg_distance_km, outcomes.avg_duration_minutes), (Some(10.0), Some(50.0)));
        assert_eq!((outcomes.orders_with_surge, outcomes.avg_surge_multiplier), (3, Some(1.2)));
        let money = DeskMoney::of(&tally);
        assert_eq!(
            (money.revenue, money.total_revenue, money.avg_order_value, money.avg_quote),
            (3_000.0, 3_500.0, Some(1_000.0), Some(900.0))
        );
        assert_eq!((money.revenue_per_km, money.revenue_per_hour), (Some(100.0), Some(1_500.0)));
    }
}
