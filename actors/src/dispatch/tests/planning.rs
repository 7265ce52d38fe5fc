//! From when on a plan may count on couriers who have an order.

use super::fixture::{CENTRE, NOW, after, order_in};
use crate::dispatch::plan::town::done_with;
use crate::dispatch::{Order, OrderPhase as P, Settings};
use crate::time::Time;

#[test]
fn who_has_an_order_is_free_when_it_ends() {
    let done = |order: &Order, now: Time| {
        done_with(order, CENTRE, &Settings::default(), now).since(NOW).ms() / 1_000
    };
    // Seven kilometres as the crow flies take 18 minutes by road; getting in takes five, getting out two.
    let is_about = |seconds: i64, expected: i64| (seconds - expected).abs() <= 10;
    let mut order = order_in(10, P::Assigned);
    assert!(is_about(done(&order, NOW), 300 + 1_092 + 120), "{}", done(&order, NOW));
    order.draft.pickup_at = Some(after(3_600));
    assert!(is_about(done(&order, NOW), 3_600 + 300 + 1_092 + 120), "{}", done(&order, NOW));
    let order = order_in(10, P::RideOngoing);
    assert!(is_about(done(&order, after(60)), 1_092 + 120), "{}", done(&order, after(60)));
    assert!(is_about(done(&order, after(7_200)), 7_200 + 120), "{}", done(&order, after(7_200)));
}
