//! The order in which acceptances of one window are carried out, and which of them wait at all.

use super::*;
use crate::market::package::PackageCommand;
use crate::market::request::RequestCommand;
use crate::matching::policy::fair::{MAX_WAITING, Window, contested};

fn with_window() -> Settings {
    Settings { fair_window_ms: 200, ..Settings::default() }
}

fn ms(ms: i64) -> Time {
    NOW + Span::from_ms(ms)
}

/// An offer made now, open for 30 s after it was shown, for 90 s at most.
fn offer(shown_at: Option<Time>) -> Request {
    let trip = trip(2, &[("Alfa", 1), ("Bravo", 3)]);
    let mut offer = request(&trip, Origin::Engine, RequestState::Pending);
    offer.plan.pickup.at = hour(1);
    (offer.expires_at, offer.ttl, offer.rendered_at) = (Some(ms(90_000)), Span::seconds(30), shown_at);
    offer
}

#[test]
fn what_is_no_number_is_no_setting() {
    for odd in [f64::NAN, f64::INFINITY, -1.0] {
        let settings = Settings { work_exponent: odd, ..Settings::default() };
        assert_eq!(settings.problems().len(), 1, "{odd}");
    }
    assert!(Settings::default().problems().is_empty());
}

#[test]
fn the_quickest_reaction_comes_first_and_of_equals_whoever_was_there_first() {
    // Name, when the screen showed the offer, when the acceptance came in; in order of arrival.
    type Came = (&'static str, Option<i64>, i64);
    let table: [(&str, &[Came], &[&str]); 5] = [
        ("alone", &[("a", Some(100), 900)], &["a"]),
        ("in order", &[("a", Some(0), 900), ("b", Some(0), 950)], &["a", "b"]),
        ("a slow network", &[("near", Some(10), 2_010), ("far", Some(400), 2_150)], &["far", "near"]),
        (
            "equally quick",
            &[("a", Some(100), 600), ("b", Some(200), 700), ("c", Some(50), 550)],
            &["a", "b", "c"],
        ),
        ("not shown counts from its creation", &[("a", None, 900), ("b", Some(300), 1_000)], &["b", "a"]),
    ];
    for (case, came, expected) in table {
        let mut window = Window::open(ms(came[0].2), &with_window());
        for (name, shown, at) in came {
            window.add(&offer(shown.map(ms)), ms(*at), *name).expect("there is room");
        }
        assert_eq!(window.in_order(), expected, "{case}");
    }
}

#[test]
fn a_window_ends_in_time_for_every_offer_whose_acceptance_waits() {
    let shown = |at| offer(Some(ms(at)));
    let mut window = Window::open(ms(29_900), &with_window());
    window.add(&shown(20_000), ms(29_900), ()).expect("there is room");
    assert_eq!(window.ends_at(), ms(30_100));
    window.add(&shown(1_050), ms(29_950), ()).expect("there is room");
    assert_eq!(window.ends_at(), ms(30_050), "a second before the offer ends");
    window.add(&shown(0), ms(29_990), ()).expect("there is room");
    assert_eq!(window.ends_at(), ms(29_990), "at once");
    window.add(&shown(20_000), ms(29_995), ()).expect("there is room");
    assert_eq!(window.ends_at(), ms(29_990), "never later again");
}

#[test]
fn a_window_takes_so_many_and_gives_the_next_one_back() {
    let mut window = Window::open(NOW, &with_window());
    for number in 0..MAX_WAITING {
        assert_eq!(window.add(&offer(None), NOW, number), Ok(()));
    }
    assert_eq!(window.add(&offer(None), NOW, MAX_WAITING), Err(MAX_WAITING));
    assert_eq!(window.in_order().len(), MAX_WAITING);
}

#[test]
fn only_a_couriers_acceptance_that_would_be_a_deal_at_once_waits() {
    let asked = |change: &dyn Fn(&mut Package), by: u128, settings: &Settings| {
        let mut package = package("Alfa", "Bravo");
        package.requests.push(offer(None));
        change(&mut package);
        let id = package.requests[0].id;
        let accept = RequestCommand::Accept { by: user(by) };
        contested(&package, &PackageCommand::Request { id, command: accept }, ms(100), settings).is_some()
    };
    let as_is = |_: &mut Package| {};
    assert!(asked(&as_is, 102, &with_window()));
    assert!(!asked(&as_is, 102, &Settings::default()), "there is no window by default");
    assert!(!asked(&as_is, 103, &with_window()), "somebody else's offer");
    assert!(!asked(&|package| package.draft.mode = Mode::Choose, 102, &with_window()));
    assert!(!asked(&|package| package.draft.confirm_by = Some(hour(1)), 102, &with_window()), "agrees");
    assert!(
        asked(&|package| package.draft.confirm_by = Some(NOW), 102, &with_window()),
        "too late to choose"
    );
    assert!(
        !asked(&|package| package.requests[0].origin = Origin::Courier, 1, &with_window()),
        "the sender's word"
    );
    assert!(!asked(&|package| package.requests[0].expires_at = Some(NOW), 102, &with_window()), "too late");
    let taken = |package: &mut Package| package.requests[0].state = RequestState::Taken { at: NOW };
    assert!(!asked(&taken, 102, &with_window()), "taken");
    let package = package("Alfa", "Bravo");
    assert!(contested(&package, &PackageCommand::ExpireOverdue, NOW, &with_window()).is_none());
}

#[test]
fn a_window_is_short_or_there_is_none() {
    for (fair_window_ms, is_fine) in
        [(0, true), (1, false), (99, false), (100, true), (300, true), (301, false)]
    {
        let settings = Settings { fair_window_ms, ..Settings::default() };
        assert_eq!(settings.problems().is_empty(), is_fine, "{fair_window_ms}");
    }
}
