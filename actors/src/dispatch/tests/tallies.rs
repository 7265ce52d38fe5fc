//! What changes add to the counts, and how counts are put together.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::fixture::{NOW, after, ask, courier, duty, id, order, order_in, passenger, step};
use crate::dispatch::tally::{
    RegionHour, Step, Tally, by_hour_of_day, by_region, counted, hour_of, series, total,
};
use crate::dispatch::{By, Duty, Order, OrderChange, OrderCommand, OrderPhase as P, Settings};
use crate::time::{Span, Time};

/// What a command adds to the counts of the region, and of the courier 0.
fn adds(order: &mut Order, duties: &mut [Duty], command: &OrderCommand, now: Time) -> (Tally, Tally) {
    let known: Vec<&Duty> = duties.iter().collect();
    let outcome = order.decide(command, &known, &Settings::default(), now).unwrap();
    let (change, moved) = OrderChange::of(order, &outcome, &known).expect("something changes");
    let counted = counted(&change);
    assert_eq!((counted.hour, counted.region), (hour_of(now), Some(id(50))));
    *order = change.after().clone();
    for change in moved {
        let known = duties.iter_mut().find(|duty| duty.courier == change.after.courier);
        *known.expect("a known courier") = change.after;
    }
    (counted.tally, counted.couriers.get(&courier(0)).copied().unwrap_or_default())
}

#[test]
fn each_step_of_a_ride_counts_once() {
    let mut order = order(7);
    let mut duties = [duty(0)];
    let placed = counted(&OrderChange::New(Box::new(order.clone())));
    let expected = Tally { placed: 1, quoted: 1, surge_percent: 100, ..Tally::default() };
    assert_eq!((placed.tally, placed.couriers.len()), (expected, 0));
    let mut go =
        |command: &OrderCommand, seconds: i64| adds(&mut order, &mut duties, command, after(seconds));
    let (none, own) = (Tally::default(), By::Courier(courier(0)));

    assert_eq!(go(&step(P::Matching, By::Engine), 1), (none, none));
    let offers = Tally { offers: 1, ..none };
    assert_eq!(go(&ask(900, 0), 2), (offers, offers));
    let accept = OrderCommand::Accept { offer: id(900), by: courier(0) };
    let found = Tally { accepted: 1, assigned: 1, found: 1, search_ms: 5_000, ..none };
    assert_eq!(go(&accept, 5), (found, found));
    assert_eq!(go(&step(P::DriverEnRoute, own), 6), (none, none));
    assert_eq!(go(&step(P::ArrivedWaiting, own), 60), (none, none));
    let rides = Tally { rides: 1, waited_ms: 30_000, ..none };
    assert_eq!(go(&step(P::RideOngoing, own), 90), (rides, rides));
    let (completed, of_courier) = go(&step(P::Completed, own), 4_000);
    let (whole_ms, quoted_minor) = (4_000_000, order.quote.breakdown.total_minor);
    let expected =
        Tally { completed: 1, timed: 1, way_m: 10_000, ride_s: 1_200, whole_ms, quoted_minor, ..none };
    assert_eq!(Tally { price_minor: 0, ..completed }, expected);
    assert_eq!(completed, of_courier);
    assert_eq!(Some(completed.price_minor), order.milestones.settled.map(|settled| settled.total_minor));
}

#[test]
fn what_goes_wrong_counts_as_what_it_is() {
    let none = Tally::default();
    let mut asked = order_in(7, P::Offered);
    let mut duties = [super::fixture::duty_for(&asked)];
    let decline = OrderCommand::Decline { offer: id(900), by: courier(0), reason: String::new() };
    let declined = Tally { declined: 1, ..none };
    assert_eq!(adds(&mut asked.clone(), &mut duties.clone(), &decline, after(1)), (declined, declined));
    let expired = Tally { expired: 1, ..none };
    assert_eq!(adds(&mut asked, &mut duties, &OrderCommand::ExpireOffer, after(20)), (expired, expired));
    let to_desk = Tally { to_desk: 1, ..none };
    assert_eq!(adds(&mut asked, &mut duties, &step(P::ActiveQueue, By::Engine), after(200)).0, to_desk);

    let mut late = order_in(8, P::DriverEnRoute);
    let mut duties = [super::fixture::duty_for(&late)];
    let by_courier = step(P::Cancelled, By::Courier(courier(0)));
    let cancelled = Tally { cancelled: 1, by_courier: 1, ..none };
    let called_off = adds(&mut late.clone(), &mut duties.clone(), &by_courier, after(9));
    assert_eq!(called_off, (cancelled, cancelled));
    let by_passenger = step(P::Cancelled, By::Passenger(passenger()));
    let cancelled = Tally { cancelled: 1, by_passenger: 1, fees_minor: 100_000, ..none };
    assert_eq!(adds(&mut late, &mut duties, &by_passenger, after(9)), (cancelled, none));
    let restored = Tally { restored: 1, ..none };
    let again = step(P::Matching, super::fixture::staff());
    assert_eq!(adds(&mut late, &mut duties, &again, after(10)), (restored, none));
}

#[test]
fn an_order_that_goes_from_one_courier_under_way_to_another_is_not_called_off() {
    for from in [P::DriverEnRoute, P::ArrivedWaiting] {
        let mut passed_on = order_in(7, from);
        // Who has it got it before.
        passed_on.milestones.assigned_at = Some(NOW);
        let mut duties = [super::fixture::duty_for(&passed_on), duty(1)];
        let assign = OrderCommand::Assign { courier: courier(1), by: id(2), reason: String::new() };
        let assigned = Tally { assigned: 1, ..Tally::default() };
        let added = adds(&mut passed_on, &mut duties, &assign, after(60));
        assert_eq!(added, (assigned, Tally::default()), "{from:?}");
        assert_eq!(passed_on.state.courier(), Some(courier(1)));
    }
}

fn hour(region: Option<u128>, at: Time, placed: i64) -> RegionHour {
    RegionHour { region: region.map(id), hour: hour_of(at), tally: Tally { placed, ..Tally::default() } }
}

#[test]
fn a_series_has_an_item_for_each_step_and_days_are_those_of_the_zone() {
    let kaliningrad = TimeZone::get("Europe/Kaliningrad").unwrap();
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let at = |text: &str| text.parse::<Time>().unwrap();
    // 21:30 UTC is half past eleven at night, and 22:30 is the next day.
    let hours = [hour(None, at("2027-01-10T21:30:00Z"), 1), hour(None, at("2027-01-10T22:30:00Z"), 10)];
    let days =
        series(&hours, at("2027-01-08T22:00:00Z"), at("2027-01-11T22:00:00Z"), Step::Day, &kaliningrad);
    let counts: Vec<_> = days.iter().map(|(begin, tally)| (begin.to_string(), tally.placed)).collect();
    let begin = |day: u32| at(&format!("2027-01-{day:02}T22:00:00Z")).to_string();
    assert_eq!(counts, [(begin(8), 0), (begin(9), 1), (begin(10), 10)]);

    // The night in March has 23 hours, that in October 25.
    for (from, to, length) in [
        ("2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", 23),
        ("2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z", 25),
    ] {
        assert_eq!(series(&[], at(from), at(to), Step::Hour, &berlin).len(), length);
        assert_eq!(series(&[], at(from), at(to), Step::Day, &berlin).len(), 1);
    }
    let year = (at("2027-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
    assert_eq!(series(&[], year.0, year.1, Step::Month, &TimeZone::UTC).len(), 12);
    let weeks = series(&[], year.0, year.1, Step::Week, &TimeZone::UTC);
    assert_eq!((weeks.len(), weeks[0].0), (53, at("2026-12-28T00:00:00Z")), "weeks begin on Mondays");
    assert_eq!(series(&[], year.1, year.0, Step::Day, &TimeZone::UTC), []);
}

#[test]
fn regions_without_orders_are_told_with_zeros_and_so_are_the_hours_of_the_day() {
    let hours = [hour(Some(50), NOW, 2), hour(None, NOW, 3), hour(Some(99), NOW + Span::hours(1), 4)];
    let regions = by_region(&hours, &[id(49), id(50)]);
    let counts: Vec<_> = regions.iter().map(|(region, tally)| (*region, tally.placed)).collect();
    assert_eq!(counts, [(Some(id(49)), 0), (Some(id(50)), 2), (None, 7)], "what is left is not lost");
    // 08:00 UTC is 11:00 in Moscow.
    let moscow = TimeZone::get("Europe/Moscow").unwrap();
    let busy: Vec<i64> = by_hour_of_day(&hours, &moscow).iter().map(|tally| tally.placed).collect();
    assert_eq!((busy[11], busy[12], busy.iter().sum::<i64>()), (5, 4, 9));
}

proptest! {
    #[test]
    fn no_count_is_lost_or_told_twice(
        counts in prop::collection::vec((0_i64..2_000, 0_i64..9, prop::option::of(48_u128..52)), 0..40),
        zone in prop::sample::select(vec!["UTC", "Europe/Moscow", "America/New_York", "Asia/Kolkata"]),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let hours: Vec<RegionHour> = counts.iter()
            .map(|(n, placed, region)| hour(*region, NOW + Span::hours(*n), *placed)).collect();
        let expected = total(&hours);
        let end = NOW + Span::hours(2_000);
        for step in [Step::Hour, Step::Day, Step::Week, Step::Month] {
            let items = series(&hours, NOW, end, step, &zone);
            prop_assert!(items.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let mut sum = Tally::default();
            items.iter().for_each(|(_, tally)| sum += *tally);
            prop_assert_eq!(sum, expected, "{:?}", step);
        }
        let mut sum = Tally::default();
        by_region(&hours, &[id(49), id(51)]).iter().for_each(|(_, tally)| sum += *tally);
        prop_assert_eq!(sum, expected);
        let mut sum = Tally::default();
        by_hour_of_day(&hours, &zone).iter().for_each(|tally| sum += *tally);
        prop_assert_eq!(sum, expected);
    }
}
