//! Real journeys, as timetables have them: what a ticket prints, and the instants that it means.
//!
//! `journeys.tsv` has the clocks of tickets; `takes` is what the timetable says, so an hour that a zone or a
//! change of the clocks adds or takes away is seen.

use peerpack_actors::ids::{TripId, UserId};
use peerpack_actors::market::bounds::Bounds;
use peerpack_actors::market::trip::Trip;
use peerpack_actors::place::Home;
use peerpack_actors::time::{Span, Time};
use serde_json::{Value, json};
use uuid::Uuid;

use super::draft::{NewTrip, read};
use super::journey::{DEPARTS_TWICE, Note};
use super::view::{TripView, view};
use crate::error::ApiError;
use crate::error::wrong::Wrong;
use crate::http::marks::Marks;
use crate::texts::language::Language;

const TABLE: &str = include_str!("journeys.tsv");

fn published(body: Value) -> Result<(Trip, Vec<Note>), ApiError> {
    let input: NewTrip = serde_json::from_value(body).unwrap();
    let mut wrong = Wrong::default();
    let (draft, notes) = read(input, &Home::default(), &Bounds::default(), &mut wrong);
    wrong.finish(())?;
    let now = draft.stops[0].depart - Span::days(1);
    let (id, courier) = (TripId::from(Uuid::from_u128(1)), UserId::from(Uuid::from_u128(2)));
    Ok((Trip::publish(id, courier, draft, now)?, notes))
}

fn shown(body: Value) -> TripView {
    view(&published(body).unwrap().0, None, &Marks::default())
}

/// What is wrong, and with which field.
fn refused(body: Value) -> String {
    published(body)
        .map(|(trip, _)| view(&trip, None, &Marks::default()).times)
        .unwrap_err()
        .message()
        .to_owned()
}

fn instant(text: &str) -> Time {
    text.parse().unwrap()
}

fn minutes(span: &str) -> i64 {
    let (hours, minutes) = span.split_once(':').unwrap();
    60 * hours.parse::<i64>().unwrap() + minutes.parse::<i64>().unwrap()
}

#[test]
fn the_clocks_on_tickets_mean_what_timetables_say() {
    let mut wrong = Vec::new();
    let rows = TABLE.lines().skip(1);
    for row in rows.clone() {
        let columns: Vec<&str> = row.split('\t').collect();
        let [from, to, by, date, time, given, arrival_date, takes, departs_at, arrives_at] = columns[..]
        else {
            panic!("{row}");
        };
        let mut body = json!({ "from": from, "to": to, "transportType": by, "date": date, "time": time });
        if given != "-" {
            body["arrival_date"] = json!(given);
        }
        let (trip, notes) = published(body).unwrap();
        let printed = time.split(" (").next().unwrap();
        let times = view(&trip, None, &Marks::default()).times;
        let expected = (date, printed, arrival_date);
        if (times.date.as_str(), times.time.as_str(), times.arrival_date.as_str()) != expected
            || trip.arrives().since(trip.departs()) != Span::minutes(minutes(takes))
            || (trip.departs(), trip.arrives()) != (instant(departs_at), instant(arrives_at))
            || !notes.is_empty()
        {
            wrong.push(format!("{row}\n  {times:?}"));
        }
    }
    assert!(rows.count() >= 55);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_given_of_the_arrival_counts() {
    let flight = |more: Value| {
        let mut body = json!({ "from": "Москва", "to": "Токио", "transportType": "plane", "date": "03.12.2026",
            "time": "10:00 → 20:00" });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    for (more, day) in [
        (json!({}), "2026-12-04"),
        (json!({ "arrival_date": "" }), "2026-12-04"),
        (json!({ "arrival_date": "2026-12-05" }), "2026-12-05"),
        (json!({ "arrivalDate": "05.12.2026" }), "2026-12-05"),
        (json!({ "time": "1000-2000 (+1)" }), "2026-12-04"),
        (json!({ "time": "10.00 – 20.00 (+2)", "arrival_date": "2026-12-05" }), "2026-12-05"),
    ] {
        assert_eq!(shown(flight(more.clone())).times.arrival_date, day, "{more}");
    }
    let other_day = json!({ "time": "10:00 → 20:00 (+1)", "arrival_date": "2026-12-05" });
    for (more, message) in [
        (other_day, "arrival_date: is another day than the time says"),
        (
            json!({ "arrival_date": "2026-12-02" }),
            "arrival_date: the arrival is too soon: nobody is that fast with this transport",
        ),
        (
            json!({ "time": "10:00 → 17:00 (+0)" }),
            "time: the arrival is too soon: nobody is that fast with this transport",
        ),
        (
            json!({ "time": "10:00", "arrival_date": "2026-12-03" }),
            "time: must say the arrival, too, where its day is given",
        ),
        (json!({ "arrival_date": "soon" }), "arrival_date: must be YYYY-MM-DD or DD.MM.YYYY"),
        (json!({ "date": "12/03/2026" }), "date: must be YYYY-MM-DD or DD.MM.YYYY"),
    ] {
        assert_eq!(refused(flight(more.clone())), message, "{more}");
    }
}

#[test]
fn who_does_not_say_how_they_travel_flies_if_no_car_is_that_fast() {
    let way = |more: &str| {
        let body = json!({ "from": "Владивосток", "to": "Москва", "date": "2026-12-03", "time": "10:05 → 11:40",
            "arrival_date": more });
        shown(body).transport
    };
    assert_eq!((way("2026-12-03"), way("2026-12-12"), way("")), ("plane".into(), "car".into(), "car".into()));
}

#[test]
fn a_time_that_a_change_of_the_clocks_leaves_out_is_refused() {
    let night = |date: &str, from: &str, to: &str, time: &str| json!({ "from": from, "to": to, "transportType": "train", "date": date, "time": time });
    let skipped = "time: this time does not exist on that day: the clocks go forward over it";
    for body in [
        night("2027-03-28", "Берлин", "Прага", "02:30 → 07:00"),
        night("2027-03-28", "Берлин", "Прага", "02:00"),
        night("2027-03-27", "Прага", "Берлин", "22:00 → 02:30"),
        night("2027-03-27", "Прага", "Берлин", "22:00 → 02:30 (+1)"),
    ] {
        assert_eq!(refused(body.clone()), skipped, "{body}");
    }
    assert_eq!(
        shown(night("2027-03-28", "Берлин", "Прага", "03:00 → 07:00")).times.departs_at,
        "2027-03-28T01:00:00.000Z"
    );
}

#[test]
fn a_time_that_comes_twice_is_the_first_and_that_is_said() {
    let night = |date: &str, from: &str, to: &str, time: &str| {
        let body = json!({ "from": from, "to": to, "transportType": "train", "date": date, "time": time });
        let (trip, notes) = published(body).unwrap();
        let notes: Vec<String> = notes
            .into_iter()
            .map(|note| {
                serde_json::to_value(note.view(Language::English)).unwrap()["message"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        (trip.departs().to_string(), trip.arrives().to_string(), notes)
    };
    let (departs, _, notes) = night("2026-10-25", "Берлин", "Прага", "02:30 → 07:00");
    assert_eq!(departs, "2026-10-25T00:30:00.000Z");
    assert_eq!(
        notes,
        ["The clocks go back on that day, and the time of departure comes twice; the first is meant"]
    );
    let russian = serde_json::to_string(&DEPARTS_TWICE.view(Language::Russian)).unwrap();
    assert!(russian.contains("переводят назад"), "{russian}");
    let (_, arrives, notes) = night("2026-10-24", "Прага", "Берлин", "22:00 → 02:30");
    assert_eq!(arrives, "2026-10-25T00:30:00.000Z");
    assert_eq!(
        notes,
        ["The clocks go back on that day, and the time of arrival comes twice; the first is meant"]
    );
}

#[test]
fn stops_have_times_of_their_own() {
    let body = json!({ "from": "Екатеринбург", "to": "Москва", "transportType": "car", "date": "2026-12-03",
        "time": "06:00 → 22:00", "stops": ["Уфа", { "name": "Казань", "arrive_at": "2026-12-03 21:00" }] });
    let view = shown(body);
    // Kazan is twelve hours before Moscow: nobody drives there by ten o'clock the same evening.
    assert_eq!(view.times.arrival_date, "2026-12-04");
    assert_eq!(view.stops, ["Екатеринбург", "Уфа", "Казань", "Москва"]);
    let stop = |index: usize| {
        let stop = &view.itinerary[index];
        (stop.date.as_str(), stop.time.as_str(), stop.tz.as_str())
    };
    assert_eq!(stop(0), ("2026-12-03", "06:00", "Asia/Yekaterinburg"));
    assert_eq!(stop(2), ("2026-12-03", "21:00", "Europe/Moscow"));
    assert_eq!(view.itinerary[2].arrives_at, "2026-12-03T18:00:00.000Z");
    // Between the places whose time is known, in proportion to the way.
    assert!(instant("2026-12-03T01:00:00Z") < instant(&view.itinerary[1].arrives_at));
    assert!(instant(&view.itinerary[1].arrives_at) < instant("2026-12-03T18:00:00Z"));
    assert_eq!(
        (view.times.from_tz.as_str(), view.times.to_tz.as_str()),
        ("Asia/Yekaterinburg", "Europe/Moscow")
    );
}

#[test]
fn without_an_arrival_it_is_what_is_usual() {
    let body = json!({ "from": "Владивосток", "to": "Москва", "transportType": "plane", "date": "2026-12-03",
        "time": "10:05" });
    let times = shown(body).times;
    assert_eq!((times.date.as_str(), times.arrival_date.as_str()), ("2026-12-03", "2026-12-03"));
    let takes = instant(&times.arrives_at).since(instant(&times.departs_at));
    assert!(Span::hours(8) < takes && takes < Span::hours(9), "{times:?}");
}
