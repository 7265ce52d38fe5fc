//! Prices: quotes, final prices, fees of calling off, tariffs and surge.

use jiff::tz::{TimeZone, offset};
use proptest::prelude::*;

use super::fixture::{NOW, after, courier, id, passenger, rows, staff};
use crate::dispatch::price::{
    CancelFee, Extras, FeeReason, LocalHour, MAX_WAY_M, Quote, Ride, cancel_fee, waiting,
};
use crate::dispatch::surge::Surge;
use crate::dispatch::{By, OrderPhase as P, Tariff, Tariffs};
use crate::rejection::Rejection;
use crate::time::{Span, Time};

const DAY: LocalHour = LocalHour { hour: 11, weekend: false };

/// Ten kilometres in twenty minutes.
const RIDE: Ride = Ride { way_m: 10_000, ride_s: 1_200 };

fn roubles(extras: Extras, ride: Ride, local: LocalHour, surge_percent: u32) -> i64 {
    let quote = Quote::new(Tariff::default(), extras, ride, local, surge_percent).unwrap();
    assert_eq!(quote.breakdown.total_minor % 1_000, 0);
    quote.breakdown.total_minor / 100
}

#[test]
fn a_quote_is_what_the_formula_says() {
    let none = Extras::default();
    let with = |change: &dyn Fn(&mut Extras)| {
        let mut extras = Extras::default();
        change(&mut extras);
        extras
    };
    let child = with(&|extras| extras.category = "child".to_owned());
    let all = Extras { companion: true, child_seat: true, large_luggage: true, category: "child".to_owned() };
    let ride = |way_m, ride_s| Ride { way_m, ride_s };
    let local = |hour, weekend| LocalHour { hour, weekend };
    let table = [
        // 300 + 1200 + 500 + 100
        (none.clone(), RIDE, DAY, 100, 2_100),
        // 300 + 60 + 25 is less than 500.
        (none.clone(), ride(500, 60), DAY, 100, 600),
        (none.clone(), ride(0, 0), DAY, 100, 600),
        (with(&|extras| extras.companion = true), RIDE, DAY, 100, 2_200),
        (with(&|extras| extras.child_seat = true), RIDE, DAY, 100, 2_300),
        (with(&|extras| extras.large_luggage = true), RIDE, DAY, 100, 2_200),
        (none.clone(), RIDE, local(22, false), 100, 2_520),
        (none.clone(), RIDE, local(5, false), 100, 2_520),
        (none.clone(), RIDE, local(6, false), 100, 2_100),
        (none.clone(), RIDE, local(21, false), 100, 2_100),
        (none.clone(), RIDE, local(12, true), 100, 2_310),
        (child, RIDE, DAY, 100, 1_680),
        (with(&|extras| extras.category = "other".to_owned()), RIDE, DAY, 100, 2_100),
        (none.clone(), RIDE, DAY, 150, 3_150),
        // 2500 x 1.2 x 1.1 x 0.8 x 3
        (all, RIDE, local(23, true), 300, 7_920),
        // 2105 is half way between two steps; a kopeck less is not.
        (none.clone(), ride(10_000, 1_212), DAY, 100, 2_110),
        (none, ride(10_000, 1_211), DAY, 100, 2_100),
    ];
    for (extras, ride, local, surge, expected) in table {
        assert_eq!(
            roubles(extras.clone(), ride, local, surge),
            expected,
            "{extras:?} {ride:?} {local:?} {surge}"
        );
    }
}

#[test]
fn a_final_price_adds_the_waiting_and_keeps_to_the_quote() {
    let quote = Quote::new(Tariff::default(), Extras::default(), RIDE, DAY, 100).unwrap();
    let longer = Ride { way_m: 15_000, ride_s: 1_200 };
    let settle = |ride, minutes, changed| {
        let last = quote.settle(ride, Span::minutes(minutes), changed).unwrap();
        (last.total_minor / 100, last.uncapped_minor.map(|minor| minor / 100))
    };
    assert_eq!(settle(RIDE, 0, false), (2_100, None));
    assert_eq!(settle(RIDE, 5, false), (2_100, None), "the free minutes");
    assert_eq!(settle(RIDE, 15, false), (2_400, None));
    // 130 % of 2100.
    assert_eq!(settle(longer, 15, false), (2_730, Some(3_000)));
    assert_eq!(settle(longer, 15, true), (3_000, None), "the passenger has changed the route");
    assert_eq!(settle(Ride { way_m: 5_000, ride_s: 600 }, 0, false), (1_250, None), "less is less");
    // The quote itself stays as it was.
    assert_eq!(quote.breakdown.total_minor, 210_000);
}

#[test]
fn waiting_is_not_dearer_at_night() {
    let quote =
        Quote::new(Tariff::default(), Extras::default(), RIDE, LocalHour { hour: 23, weekend: false }, 100);
    let last = quote.unwrap().settle(RIDE, Span::minutes(15), false).unwrap();
    assert_eq!((last.total_minor, last.waiting_minor), (282_000, 30_000));
}

#[test]
fn the_upper_bound_is_rounded_like_the_price() {
    let ride = Ride { way_m: 10_000, ride_s: 1_212 };
    let quote = Quote::new(Tariff::default(), Extras::default(), ride, DAY, 100).unwrap();
    let last = quote.settle(Ride { way_m: 90_000, ride_s: 1_212 }, Span::default(), false).unwrap();
    // 130 % of 2110 are 2743.
    assert_eq!(last.total_minor, 274_000);
}

#[test]
fn a_ride_across_a_continent_is_not_priced() {
    let ride = Ride { way_m: MAX_WAY_M + 1, ride_s: 0 };
    let refused = Quote::new(Tariff::default(), Extras::default(), ride, DAY, 100).unwrap_err();
    assert!(matches!(refused, Rejection::Invalid { field: "distance_km", .. }));
}

#[test]
fn night_and_weekend_are_those_of_the_pickup() {
    let moscow = TimeZone::fixed(offset(3));
    // 15 January 2027 is a Friday.
    let friday: Time = "2027-01-15T20:30:00Z".parse().unwrap();
    let at = |time, zone: &TimeZone| LocalHour::of(time, zone);
    assert_eq!(at(friday, &TimeZone::UTC), LocalHour { hour: 20, weekend: false });
    assert_eq!(at(friday, &moscow), LocalHour { hour: 23, weekend: false });
    assert_eq!(at(friday + Span::hours(1), &moscow), LocalHour { hour: 0, weekend: true });
    assert_eq!(
        at(friday + Span::hours(1), &TimeZone::fixed(offset(-5))),
        LocalHour { hour: 16, weekend: false }
    );
}

#[test]
fn calling_off_costs_what_the_page_shows() {
    let tariff = Tariff::default();
    let assigned = Some(NOW);
    let ten_minutes = Span::minutes(10);
    let fee = |phase, by, second| {
        let fee = cancel_fee(&tariff, phase, assigned, ten_minutes, by, after(second));
        (fee.minor / 100, fee.reason)
    };
    let passenger = By::Passenger(passenger());
    let table = [
        (P::Submitted, passenger, 999, 0, FeeReason::BeforeAssignment),
        (P::Offered, passenger, 999, 0, FeeReason::BeforeAssignment),
        (P::Assigned, passenger, 120, 0, FeeReason::JustAssigned),
        (P::Assigned, passenger, 121, 500, FeeReason::Assigned),
        (P::DriverEnRoute, passenger, 1, 1_150, FeeReason::UnderWay),
        (P::ArrivedWaiting, passenger, 1, 1_150, FeeReason::UnderWay),
        (P::RideOngoing, passenger, 1, 1_150, FeeReason::UnderWay),
        (P::DriverEnRoute, By::Courier(courier(0)), 999, 0, FeeReason::NotByPassenger),
        (P::DriverEnRoute, staff(), 999, 0, FeeReason::NotByPassenger),
        (P::Assigned, By::Engine, 999, 0, FeeReason::NotByPassenger),
    ];
    for (phase, by, second, minor, reason) in table {
        assert_eq!(fee(phase, by, second), (minor, reason), "{phase:?} {by:?} {second}");
    }
    let shown: Vec<i64> = rows("### Calling off")
        .iter()
        .map(|row| row[1].split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(shown, [0, 0, 500, 1_000, 0]);
    let _: CancelFee = cancel_fee(&tariff, P::Assigned, None, Span::default(), passenger, NOW);
}

#[test]
fn of_several_tariffs_the_latest_of_the_region_holds() {
    let tariff = |version, region: Option<u128>, second| Tariff {
        version,
        region: region.map(id),
        valid_from: after(second),
        ..Tariff::default()
    };
    let tariffs = Tariffs::new(vec![
        tariff(3, Some(50), 100),
        tariff(1, None, 0),
        tariff(2, Some(50), 10),
        tariff(4, None, 200),
    ]);
    let at =
        |region: Option<u128>, second| tariffs.at(region.map(id), after(second)).map(|tariff| tariff.version);
    assert_eq!(at(Some(50), -1), None);
    assert_eq!(at(Some(50), 0), Some(1), "the general one");
    assert_eq!(at(Some(50), 10), Some(2));
    assert_eq!(at(Some(50), 500), Some(3), "never the general one once there is an own one");
    assert_eq!(at(Some(51), 500), Some(4));
    assert_eq!(at(None, 199), Some(1));
}

#[test]
fn a_later_tariff_changes_nothing_for_what_was_quoted() {
    let quote =
        Quote::new(Tariff { version: 7, ..Tariff::default() }, Extras::default(), RIDE, DAY, 120).unwrap();
    let last = quote.settle(RIDE, Span::default(), false).unwrap();
    assert_eq!((last.tariff, last.surge_percent, last.total_minor), (7, 120, quote.breakdown.total_minor));
}

#[test]
fn surge_follows_demand_slowly_within_its_bounds() {
    let settled = |orders, couriers| {
        let last = (0..50).fold(Surge::default(), |surge, _| surge.after(orders, couriers));
        last.percent()
    };
    let table = [
        (0, 0, 100),
        (10, 10, 100),
        (3, 10, 100),
        (20, 10, 150),
        (12, 10, 110),
        (40, 10, 250),
        (50, 10, 300),
        (1_000, 1, 300),
        (5, 0, 300),
    ];
    for (orders, couriers, percent) in table {
        assert_eq!(settled(orders, couriers), percent, "{orders} orders, {couriers} couriers");
    }
    let first = Surge::default().after(50, 10);
    assert_eq!(first.percent(), 160, "0.7 x 1 + 0.3 x 3");
    assert_eq!(first.after(0, 10).percent(), 140, "0.7 x 1.6 + 0.3 x 1 = 1.42");
    assert_eq!((0..50).fold(first, |surge, _| surge.after(0, 10)).percent(), 100);
}

proptest! {
    #[test]
    fn a_breakdown_adds_up_and_no_final_price_exceeds_the_bound(
        (way_m, ride_s) in (0..=MAX_WAY_M, 0..100_000_u32),
        (driven_m, driven_s, waited_s) in (0..=MAX_WAY_M, 0..100_000_u32, 0..10_000_i64),
        (hour, weekend, surge) in (0..24_i8, any::<bool>(), 10..=30_u32),
        (companion, child_seat, large_luggage, child) in any::<(bool, bool, bool, bool)>(),
    ) {
        let category = if child { "child".to_owned() } else { String::new() };
        let extras = Extras { companion, child_seat, large_luggage, category };
        let ride = Ride { way_m, ride_s };
        let quote = Quote::new(Tariff::default(), extras, ride, LocalHour { hour, weekend }, surge * 10).unwrap();
        let shown = &quote.breakdown;
        let parts = [shown.base_minor, shown.way_minor, shown.time_minor, shown.raised_minor,
            shown.booking_minor, shown.companion_minor, shown.options_minor];
        prop_assert_eq!(parts.iter().sum::<i64>(), shown.subtotal_minor);
        let percents = [shown.night_percent, shown.weekend_percent, shown.category_percent, shown.surge_percent];
        let exact = percents.iter().fold(shown.subtotal_minor as f64, |sum, one| sum * f64::from(*one) / 100.0);
        prop_assert!((shown.total_minor as f64 - exact).abs() <= 500.01, "{exact} {shown:?}");
        let waited = Span::seconds(waited_s);
        let same = quote.settle(ride, Span::default(), false).unwrap();
        prop_assert_eq!(same.total_minor, shown.total_minor);
        let driven = Ride { way_m: driven_m, ride_s: driven_s };
        let last = quote.settle(driven, waited, false).unwrap();
        prop_assert!(last.total_minor * 10 <= shown.total_minor * 13 + 5_000);
        prop_assert!(last.total_minor <= quote.settle(driven, waited, true).unwrap().total_minor);
        prop_assert_eq!(last.waiting_minor, waiting(&quote.tariff, waited));
    }
}

#[test]
fn a_child_pays_less_however_the_desk_writes_it() {
    let tariff = Tariff::default();
    for child in
        ["child", "Child", " ребенок-инвалид", "Ребенок-инвалид", "Ребёнок-инвалид", "РЕБЁНОК-ИНВАЛИД"]
    {
        assert_eq!(tariff.category(child), 80, "{child}");
    }
    for other in ["", "I группа", "II группа", "III группа", "children"] {
        assert_eq!(tariff.category(other), 100, "{other}");
    }
    let named = Tariff { category_percent: vec![("I группа".to_owned(), 90)], ..Tariff::default() };
    assert_eq!((named.category("i ГРУППА"), named.category("child")), (90, 100));
}
