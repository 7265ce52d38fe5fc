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
    pub(super) cancelled_by_passenger: i64,
    /// Of the cancelled ones: by their couriers.
    pub(super) cancelled_by_driver: i64,
    /// Of the cancelled ones: by the desk.
    cancelled_by_staff: i64,
    /// Passengers who did not come.
    pub(super) no_shows: i64,
    /// Rides on which something happened.
    incidents: i64,
    rejected_orders: i64,
    /// Orders that were taken up again after they had been called off.
    restored_orders: i64,
    /// Orders that were left to the desk, because nobody was found.
    left_to_dispatcher: i64,
    /// Times that an order got a courier.
    pub(super) assignments: i64,
    pub(super) offers_sent: i64,
    pub(super) offers_accepted: i64,
    pub(super) offers_declined: i64,
    /// Offers that ran out.
    offers_expired: i64,
    /// Done ones among those that ended in that time, 0 to 1; nothing where none did.
    completion_rate: Option<f64>,
    /// Cancelled ones among those that ended in that time, 0 to 1.
    cancellation_rate: Option<f64>,
    /// Accepted offers among those that were answered or ran out, 0 to 1.
    acceptance_rate: Option<f64>,
    /// How long orders waited for their first courier.
    average_search_seconds: Option<f64>,
    /// How long couriers waited at the pickup.
    average_waiting_minutes: Option<f64>,
    /// How far done orders were expected to go.
    average_distance_km: Option<f64>,
    /// How long they were expected to take.
    average_duration_minutes: Option<f64>,
}

/// What orders came to, in roubles.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeskMoney {
    /// Of done orders.
    revenue: f64,
    /// Of calling off.
    cancellation_fees: f64,
    /// Both together.
    total_revenue: f64,
    /// Of a done order; nothing where there is none.
    average_order_value: Option<f64>,
    /// Of a kilometre of done orders, as it was expected.
    revenue_per_km: Option<f64>,
    /// Of an hour of them.
    revenue_per_hour: Option<f64>,
}

/// What became of orders, and what they came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeskNumbers {
    #[serde(flatten)]
    pub(super) outcomes: OrderOutcomes,
    #[serde(flatten)]
    money: DeskMoney,
}

impl OrderOutcomes {
    pub(super) fn of(tally: &Tally) -> Self {
        let ended = tally.completed + tally.cancelled + tally.rejected;
        let answered = tally.accepted + tally.declined + tally.expired;
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
            offers_sent: tally.offers,
            offers_accepted: tally.accepted,
            offers_declined: tally.declined,
            offers_expired: tally.expired,
            completion_rate: each(tally.completed, ended),
            cancellation_rate: each(tally.cancelled, ended),
            acceptance_rate: each(tally.accepted, answered),
            average_search_seconds: each(tally.search_ms, tally.found).map(|ms| ms / 1_000.0),
            average_waiting_minutes: each(tally.waited_ms, tally.rides).map(|ms| ms / 60_000.0),
            average_distance_km: each(tally.way_m, tally.completed).map(|metres| metres / 1_000.0),
            average_duration_minutes: each(tally.ride_s, tally.completed).map(|seconds| seconds / 60.0),
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
            average_order_value: per(tally.completed, 1.0),
            revenue_per_km: per(tally.way_m, 1_000.0),
            revenue_per_hour: per(tally.ride_s, 3_600.0),
        }
    }

    /// Both together, in roubles.
    pub(super) const fn total(&self) -> f64 {
        self.total_revenue
    }
}

impl DeskNumbers {
    pub(super) fn of(tally: &Tally) -> Self {
        Self { outcomes: OrderOutcomes::of(tally), money: DeskMoney::of(tally) }
    }

    /// What two times are compared by.
    pub(super) fn compared(&self) -> [f64; 5] {
        let OrderOutcomes { total_orders, completed_orders, cancelled_orders, .. } = self.outcomes;
        let count = |count: i64| {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            let count = count as f64;
            count
        };
        let rides = self.outcomes.assignments;
        [
            count(total_orders),
            count(completed_orders),
            count(cancelled_orders),
            count(rides),
            self.money.total(),
        ]
    }
}

/// A part of each; nothing where there is none.
#[expect(clippy::cast_precision_loss, reason = "counts and sums are far below 2^53")]
fn each(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_means_are_of_what_there_is() {
        let nothing = OrderOutcomes::of(&Tally::default());
        assert_eq!((nothing.total_orders, nothing.completion_rate, nothing.acceptance_rate), (0, None, None));
        let tally = Tally {
            placed: 9,
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
            price_minor: 300_000,
            fees_minor: 50_000,
            ..Tally::default()
        };
        let outcomes = OrderOutcomes::of(&tally);
        assert_eq!((outcomes.completion_rate, outcomes.cancellation_rate), (Some(0.75), Some(0.25)));
        assert_eq!((outcomes.acceptance_rate, outcomes.cancelled_by_staff), (Some(0.75), 0));
        assert_eq!(
            (outcomes.average_search_seconds, outcomes.average_waiting_minutes),
            (Some(45.0), Some(3.0))
        );
        assert_eq!(
            (outcomes.average_distance_km, outcomes.average_duration_minutes),
            (Some(10.0), Some(40.0))
        );
        let money = DeskMoney::of(&tally);
        assert_eq!(
            (money.revenue, money.total(), money.average_order_value),
            (3_000.0, 3_500.0, Some(1_000.0))
        );
        assert_eq!((money.revenue_per_km, money.revenue_per_hour), (Some(100.0), Some(1_500.0)));
    }
}
