//! The events of a stream: their names and their JSON, as clients read them, and who hears of what.

mod fixture;

use fixture::{NOW, grams, id, package, proposal, trip};
use peerpack_actors::ids::UserId;
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::package::{Package, PackageCommand, Proposal};
use peerpack_actors::market::request::{Party, RequestCommand};
use peerpack_actors::market::trip::{Trip, TripCommand};
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::stream::{self, Notice, StreamEvent, Suits};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use serde_json::{Value, json};

const LEGS: LegSpan = LegSpan { from: 0, to: 2 };

fn sender() -> UserId {
    id(1)
}

fn courier() -> UserId {
    id(2)
}

fn other() -> UserId {
    id(4)
}

/// A package at some point of its way, with what was told of its last change.
struct Story {
    package: Package,
    trip: Trip,
    now: Time,
    told: Vec<Notice>,
}

impl Story {
    fn new() -> Self {
        let trip = trip(10, courier(), 3);
        Self { package: package(20, sender(), grams(1_000)), trip, now: NOW, told: Vec::new() }
    }

    fn then(mut self, command: &PackageCommand) -> Self {
        let others = matches!(command, PackageCommand::Request { id: request, .. } if *request == id(31));
        let trip = if others { trip(11, other(), 3) } else { self.trip.clone() };
        let outcome =
            self.package.decide(command, Some(&trip), Funding::Demo, self.now).expect("a legal step");
        self.told = stream::notices(&self.package, &outcome.events);
        self.package.apply(&outcome.events);
        self
    }

    fn request(self, command: RequestCommand) -> Self {
        self.then(&PackageCommand::Request { id: id(30), command })
    }

    fn offered(self) -> Self {
        let offer = self.offer();
        self.then(&PackageCommand::Offer(vec![offer]))
    }

    fn offer(&self) -> Proposal {
        let limit = Some((Span::seconds(15), NOW + Span::seconds(60)));
        Proposal { time_limit: limit, ..proposal(30, &self.trip, LEGS, 10) }
    }

    fn asked(self) -> Self {
        let proposal = Proposal { message: "Please".to_owned(), ..proposal(30, &self.trip, LEGS, 10) };
        self.then(&PackageCommand::Ask { by: sender(), proposal })
    }

    fn responded(self) -> Self {
        let proposal = proposal(30, &self.trip, LEGS, 10);
        self.then(&PackageCommand::Respond { proposal })
    }

    /// A second courier responds, as request 31 on trip 11.
    fn responded_too(self) -> Self {
        let proposal = proposal(31, &trip(11, other(), 3), LEGS, 0);
        self.then(&PackageCommand::Respond { proposal })
    }

    fn offered_too(self) -> Self {
        let proposal = proposal(31, &trip(11, other(), 3), LEGS, 0);
        self.then(&PackageCommand::Offer(vec![proposal]))
    }

    fn accepted(self) -> Self {
        self.request(RequestCommand::Accept { by: courier() })
    }

    fn picked_up(self) -> Self {
        self.request(RequestCommand::PickUp { by: courier() })
    }

    fn delivered(self) -> Self {
        self.request(RequestCommand::Deliver { by: courier() })
    }

    fn only_event(&self) -> &StreamEvent {
        assert_eq!(self.told.len(), 1, "{:?}", self.told);
        &self.told[0].event
    }

    /// Who was told what: `name type`, in order.
    fn heard(&self) -> Vec<String> {
        let tell = |notice: &Notice| {
            let name = match notice.to {
                user if user == sender() => "sender",
                user if user == courier() => "courier",
                user if user == other() => "other",
                _ => "a stranger",
            };
            let json = serde_json::to_value(&notice.event).expect("an event is JSON");
            format!("{name} {}", json["type"].as_str().expect("a type"))
        };
        self.told.iter().map(tell).collect()
    }

    fn at(mut self, now: Time) -> Self {
        self.now = now;
        self
    }
}

fn moscow() -> Value {
    json!({"id": 524901, "name_ru": "Москва", "name_en": "Moscow", "lat": 55.75204, "lon": 37.61781, "tz": "Europe/Moscow"})
}

fn kazan() -> Value {
    json!({"id": 551487, "name_ru": "Казань", "name_en": "Kazan", "lat": 55.78874, "lon": 49.12214, "tz": "Europe/Moscow"})
}

/// The fields that all steps of the sender's request have in common, with the given ones put in.
fn step(kind: &str, differing: Value) -> Value {
    let mut data = json!({
        "request_id": "00000000-0000-0000-0000-00000000001e",
        "package_id": "00000000-0000-0000-0000-000000000014",
        "trip_id": "00000000-0000-0000-0000-00000000000a",
        "sender_id": "00000000-0000-0000-0000-000000000001",
        "courier_id": "00000000-0000-0000-0000-000000000002",
        "origin": "sender",
        "description": "Books",
        "reward": 500.0,
        "currency": "RUB",
        "pickup": {"place": moscow(), "eta": "2027-01-16T08:00:00.000Z"},
        "dropoff": {"place": kazan(), "eta": "2027-01-16T14:00:00.000Z"},
    });
    let Value::Object(differing) = differing else { panic!("an object of fields") };
    data.as_object_mut().expect("an object").extend(differing);
    json!({"type": kind, "data": data})
}

fn offer_end(kind: &str, reason: &str) -> Value {
    json!({"type": kind, "data": {
        "request_id": "00000000-0000-0000-0000-00000000001e",
        "package_id": "00000000-0000-0000-0000-000000000014",
        "trip_id": "00000000-0000-0000-0000-00000000000a",
        "reason": reason,
    }})
}

/// The event is written as this JSON, and read back from it.
#[track_caller]
fn is_written_as(event: &StreamEvent, expected: &Value) {
    let written = serde_json::to_value(event).expect("an event is JSON");
    assert_eq!(&written, expected);
    let read: StreamEvent = serde_json::from_value(expected.clone()).expect("the JSON is an event");
    assert_eq!(&read, event);
    let text = serde_json::to_string(event).expect("an event is JSON");
    assert_eq!(serde_json::from_str::<StreamEvent>(&text).expect("the text is an event"), *event);
}

#[test]
fn offer_new_says_what_where_when_for_how_much_and_why() {
    let expected = json!({"type": "offer.new", "data": {
        "request_id": "00000000-0000-0000-0000-00000000001e",
        "package": {
            "id": "00000000-0000-0000-0000-000000000014",
            "description": "Books",
            "from": moscow(),
            "to": kazan(),
            "size": "small",
            "weight": "light",
            "weight_g": 1000,
            "volume_ml": 1000,
            "tags": ["paper"],
            "ready_at": "2027-01-15T08:00:00.000Z",
            "deliver_by": "2027-01-22T08:00:00.000Z",
        },
        "trip_id": "00000000-0000-0000-0000-00000000000a",
        "leg_from": 0,
        "leg_to": 2,
        "pickup": {"place": moscow(), "eta": "2027-01-16T08:00:00.000Z"},
        "dropoff": {"place": kazan(), "eta": "2027-01-16T14:00:00.000Z"},
        "detour_min": 10,
        "detour_km": 8.0,
        "reward": 500.0,
        "fee": 50.0,
        "currency": "RUB",
        "payment": "at_claim",
        "capacity_left_g": 10000,
        "expires_at": "2027-01-15T08:01:00.000Z",
        "ttl_ms": 15000,
        "hand_over_codes": false,
        "why": ["detour:+10min", "room_left:9000g", "early:138h"],
    }});
    is_written_as(Story::new().offered().only_event(), &expected);
}

#[test]
fn offer_revoked_says_why() {
    let asked = || Story::new().offered();
    let cancelled = asked().then(&PackageCommand::Cancel { by: sender() });
    is_written_as(&cancelled.told[0].event, &offer_end("offer.revoked", "cancelled"));
    let withdrawn = asked().request(RequestCommand::Withdraw { by: sender() });
    is_written_as(withdrawn.only_event(), &offer_end("offer.revoked", "changed"));
    let trip_gone = asked().then(&PackageCommand::TripGone(id(10)));
    is_written_as(trip_gone.only_event(), &offer_end("offer.revoked", "changed"));
    let taken = asked()
        .responded_too()
        .then(&PackageCommand::Request { id: id(31), command: RequestCommand::Accept { by: sender() } });
    is_written_as(&taken.told[2].event, &offer_end("offer.revoked", "taken"));
}

#[test]
fn offer_expired_looks_like_a_revoked_one() {
    let story = Story::new().offered().at(NOW + Span::seconds(60)).then(&PackageCommand::ExpireOverdue);
    is_written_as(story.only_event(), &offer_end("offer.expired", "expired"));
}

#[test]
fn request_new_has_the_message_and_no_old_status() {
    let expected = step("request.new", json!({"new_status": "pending", "message": "Please"}));
    is_written_as(Story::new().asked().only_event(), &expected);
    let adopted = Story::new().offered().asked();
    is_written_as(adopted.only_event(), &expected);
    assert_eq!(adopted.heard(), ["courier request.new"], "the offer is a request, under the same id");
    let expected = step("request.new", json!({"new_status": "pending", "origin": "courier"}));
    is_written_as(Story::new().responded().only_event(), &expected);
}

#[test]
fn every_step_of_a_deal_names_the_state_it_left_and_the_one_it_reached() {
    let deal = || Story::new().asked().accepted();
    let statuses = |old, new| json!({"old_status": old, "new_status": new});
    let table = [
        (deal(), step("request.accepted", statuses("pending", "accepted"))),
        (deal().picked_up(), step("request.picked_up", statuses("accepted", "picked_up"))),
        (deal().delivered(), step("request.delivered", statuses("accepted", "delivered"))),
        (deal().picked_up().delivered(), step("request.delivered", statuses("picked_up", "delivered"))),
        (
            deal().delivered().request(RequestCommand::Confirm { by: sender() }),
            step("request.confirmed", statuses("delivered", "confirmed")),
        ),
    ];
    for (story, expected) in table {
        assert_eq!(story.told.len(), 2);
        for notice in &story.told {
            is_written_as(&notice.event, &expected);
        }
    }
}

#[test]
fn request_declined_and_request_disputed_carry_the_words() {
    let reason = "Too big".to_owned();
    let declined =
        Story::new().asked().request(RequestCommand::Decline { by: courier(), reason: Some(reason) });
    let fields = json!({"old_status": "pending", "new_status": "declined", "message": "Too big"});
    is_written_as(&declined.told[0].event, &step("request.declined", fields));

    let silent = Story::new().asked().request(RequestCommand::Decline { by: courier(), reason: None });
    let fields = json!({"old_status": "pending", "new_status": "declined"});
    is_written_as(&silent.told[0].event, &step("request.declined", fields));

    let dispute = RequestCommand::Dispute { by: sender(), reason: "Wet".to_owned() };
    let disputed = Story::new().asked().accepted().delivered().request(dispute);
    let fields = json!({"old_status": "delivered", "new_status": "disputed", "message": "Wet"});
    is_written_as(&disputed.told[0].event, &step("request.disputed", fields));
}

#[test]
fn request_cancelled_says_by_whom_a_deal_was_called_off_or_that_the_request_was_taken_back() {
    let deal = || Story::new().asked().accepted();
    for (by, word) in [(sender(), "sender"), (courier(), "courier")] {
        let fields = json!({"old_status": "accepted", "new_status": "cancelled", "cancelled_by": word});
        let story = deal().request(RequestCommand::Cancel { by });
        is_written_as(&story.told[0].event, &step("request.cancelled", fields));
    }
    let refund = RequestCommand::Resolve { in_favour_of: Party::Sender, by: id(9) };
    let fields = json!({"old_status": "accepted", "new_status": "cancelled", "cancelled_by": "sender", "by_operator": true});
    is_written_as(&deal().request(refund).told[0].event, &step("request.cancelled", fields));
    let taken_back = Story::new().asked().request(RequestCommand::Withdraw { by: sender() });
    let fields = json!({"old_status": "pending", "new_status": "withdrawn"});
    is_written_as(&taken_back.told[0].event, &step("request.cancelled", fields));
}

#[test]
fn request_taken_reaches_a_courier_who_had_responded() {
    let story = Story::new()
        .responded()
        .offered_too()
        .then(&PackageCommand::Request { id: id(31), command: RequestCommand::Accept { by: other() } });
    let fields = json!({"old_status": "pending", "new_status": "taken", "origin": "courier"});
    is_written_as(&story.told[2].event, &step("request.taken", fields));
}

#[test]
fn package_updated_and_trip_updated_name_the_state_and_the_version() {
    let package = |state, version| {
        let id = "00000000-0000-0000-0000-000000000014";
        json!({"type": "package.updated", "data": {"package_id": id, "state": state, "version": version}})
    };
    let story = Story::new();
    is_written_as(&stream::published(&story.package).event, &package("open", 1));
    let cancelled = story.then(&PackageCommand::Cancel { by: sender() });
    is_written_as(cancelled.only_event(), &package("cancelled", 2));
    assert_eq!(cancelled.package.version, 2, "the version that was told is the version there is");

    let mut trip = cancelled.trip;
    trip.apply(&trip.decide(&TripCommand::Start, NOW).expect("an active trip"));
    let notice = stream::trip_updated(&trip);
    assert_eq!(notice.to, courier());
    let data =
        json!({"trip_id": "00000000-0000-0000-0000-00000000000a", "state": "in_progress", "version": 2});
    is_written_as(&notice.event, &json!({"type": "trip.updated", "data": data}));
}

#[test]
fn package_available_says_what_a_courier_may_know_and_for_which_trip() {
    let (trip, package) = (trip(10, courier(), 3), package(20, sender(), grams(1_000)));
    let Proposal { plan, .. } = proposal(30, &trip, LEGS, 10);
    let unit = Unit::publish_package_telling(package, &[Suits { trip: trip.id, courier: courier(), plan }]);
    let [_, notice] = &unit.notices[..] else { panic!("{:?}", unit.notices) };
    assert_eq!(notice.to, courier());
    let data = json!({
        "package": {
            "id": "00000000-0000-0000-0000-000000000014",
            "description": "Books",
            "from": moscow(),
            "to": kazan(),
            "size": "small",
            "weight": "light",
            "weight_g": 1000,
            "volume_ml": 1000,
            "tags": ["paper"],
            "ready_at": "2027-01-15T08:00:00.000Z",
            "deliver_by": "2027-01-22T08:00:00.000Z",
        },
        "trip_id": "00000000-0000-0000-0000-00000000000a",
        "pickup": {"place": moscow(), "eta": "2027-01-16T08:00:00.000Z"},
        "dropoff": {"place": kazan(), "eta": "2027-01-16T14:00:00.000Z"},
        "detour_min": 10,
        "reward": 500.0,
        "currency": "RUB",
    });
    is_written_as(&notice.event, &json!({"type": "package.available", "data": data}));
}

#[test]
fn each_change_is_told_to_the_people_it_concerns_and_to_nobody_else() {
    let none: [&str; 0] = [];
    let asked = || Story::new().asked();
    let offered = || Story::new().offered();
    let table: [(&str, Story, &[&str]); 18] = [
        ("an offer", offered(), &["courier offer.new"]),
        ("the sender asks", asked(), &["courier request.new"]),
        ("a courier responds", Story::new().responded(), &["sender request.new"]),
        ("accepted", asked().accepted(), &["courier request.accepted", "sender request.accepted"]),
        (
            "accepted with a loser who was offered it",
            asked().offered_too().accepted(),
            &["courier request.accepted", "sender request.accepted", "other offer.revoked"],
        ),
        (
            "accepted with a loser who responded",
            asked().responded_too().accepted(),
            &["courier request.accepted", "sender request.accepted", "other request.taken"],
        ),
        ("accepted twice", asked().accepted().accepted(), &none),
        (
            "declined",
            asked().request(RequestCommand::Decline { by: courier(), reason: None }),
            &["courier request.declined", "sender request.declined"],
        ),
        (
            "an offer declined",
            offered().request(RequestCommand::Decline { by: courier(), reason: None }),
            &["courier request.declined"],
        ),
        (
            "an offer withdrawn",
            offered().request(RequestCommand::Withdraw { by: sender() }),
            &["courier offer.revoked"],
        ),
        (
            "withdrawn",
            asked().request(RequestCommand::Withdraw { by: sender() }),
            &["courier request.cancelled", "sender request.cancelled"],
        ),
        (
            "picked up",
            asked().accepted().picked_up(),
            &["courier request.picked_up", "sender request.picked_up"],
        ),
        (
            "delivered",
            asked().accepted().delivered(),
            &["courier request.delivered", "sender request.delivered"],
        ),
        (
            "called off",
            asked().accepted().request(RequestCommand::Cancel { by: courier() }),
            &["courier request.cancelled", "sender request.cancelled", "sender package.updated"],
        ),
        (
            "ended by an operator",
            asked().accepted().request(RequestCommand::Resolve { in_favour_of: Party::Sender, by: id(9) }),
            &["courier request.cancelled", "sender request.cancelled", "sender package.updated"],
        ),
        (
            "the trip is gone",
            asked().accepted().then(&PackageCommand::TripGone(id(10))),
            &["courier request.cancelled", "sender request.cancelled", "sender package.updated"],
        ),
        (
            "the package is called off while an offer is open",
            offered().then(&PackageCommand::Cancel { by: sender() }),
            &["courier offer.revoked", "sender package.updated"],
        ),
        (
            "the package is called off with a deal",
            asked().accepted().then(&PackageCommand::Cancel { by: sender() }),
            &["courier request.cancelled", "sender request.cancelled", "sender package.updated"],
        ),
    ];
    for (name, story, expected) in table {
        assert_eq!(story.heard(), expected, "{name}");
    }
}

#[test]
fn an_unknown_field_of_a_newer_version_is_passed_over() {
    let mut value = offer_end("offer.revoked", "taken");
    value["data"]["hint"] = json!("new");
    assert!(serde_json::from_value::<StreamEvent>(value).is_ok());
    assert!(serde_json::from_value::<StreamEvent>(json!({"type": "offer.vanished", "data": {}})).is_err());
}
