use std::collections::BTreeSet;

use boon::{Compiler, Schemas};
use peerpack_actors::ids::{PackageId, RequestId, TripId};
use peerpack_actors::market::phase::{PackagePhase, RequestPhase, TripPhase};
use peerpack_actors::stream::{OfferEnd, OfferEndReason, PackageChanged, StreamEvent, Why};
use peerpack_actors::time::Time;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const ID: &str = "01900000-0000-7000-8000-000000000001";

fn id() -> Uuid {
    ID.parse().unwrap()
}

/// The examples of one side in the documentation.
fn examples(side: &str) -> Vec<Value> {
    let fence = format!("```json {side}\n");
    let blocks = include_str!("../../../docs/realtime.md").split(fence.as_str()).skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_client_message_reads_and_writes_as_its_example() {
    let examples = examples("client");
    for example in &examples {
        let frame = ClientFrame::parse(&example.to_string()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&frame.to_text()).unwrap(), *example);
    }
    let kinds: Vec<_> = examples.iter().map(|example| example["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, TYPES);
}

#[test]
fn every_server_message_reads_and_writes_as_its_example() {
    for example in examples("server") {
        let message = ServerMessage::parse(&example.to_string()).unwrap();
        assert!(!matches!(message, ServerMessage::Unknown { .. }), "{example}");
        assert_eq!(serde_json::from_str::<Value>(&message.to_text()).unwrap(), example);
    }
}

#[test]
fn the_limits_told_to_clients_are_those_of_the_example() {
    let told = serde_json::to_value(Limits::default()).unwrap();
    assert_eq!(told, examples("server")[0]["data"]["limits"]);
}

#[test]
fn a_frame_whose_data_will_not_do_names_the_field() {
    let cases = [
        ("offer.accept", json!({}), "request_id: is required"),
        ("offer.accept", json!({ "request_id": 42 }), "request_id: must be an id"),
        ("offer.accept", json!({ "request_id": "42" }), "request_id: must be an id"),
        ("offer.accept", json!({ "request_id": ID, "role": "admin" }), "role: is not known here"),
        ("offer.decline", json!({ "request_id": ID, "reason": 7 }), "reason: must be text"),
        ("location", json!({ "lat": "north", "lon": 37.6 }), "lat: must be a number"),
        (
            "resume",
            json!({ "epoch": 1, "last_seq": 1.5 }),
            "last_seq: must be a whole number of zero or more",
        ),
        ("subscribe", json!({ "trip_id": [] }), "trip_id: must be an id"),
    ];
    for (kind, data, message) in cases {
        let text = json!({ "type": kind, "cmd_id": ID, "data": data }).to_string();
        let error = ClientFrame::parse(&text).unwrap_err();
        assert_eq!(
            (error.cmd_id, error.code, &*error.message),
            (Some(id()), "bad_request", message),
            "{text}"
        );
        let (field, reason) = error.field.unwrap();
        assert_eq!(format!("{field}: {reason}"), message);
    }
}

#[test]
fn a_frame_that_is_no_message_says_why_under_its_cmd_id() {
    let own = Some(id());
    let cases = [
        ("", None, "bad_request"),
        ("[]", None, "bad_request"),
        (r#"{"type":5}"#, None, "bad_request"),
        (r#"{"type":"ping","type":"ping"}"#, None, "bad_request"),
        (r#"{"type":"ping","seq":1}"#, None, "bad_request"),
        (r#"{"type":"ping","cmd_id":7}"#, None, "bad_request"),
        (r#"{"type":"ping","data":{"a":1}}"#, None, "bad_request"),
        (r#"{"type":"offer.steal","cmd_id":"ID"}"#, own, "unknown_type"),
        (r#"{"type":"offer.accept","cmd_id":"ID"}"#, own, "bad_request"),
        (r#"{"type":"offer.accept","data":{"request_id":"ID"}}"#, None, "bad_request"),
        (
            r#"{"type":"offer.accept","cmd_id":"ID","data":{"request_id":"ID","role":"admin"}}"#,
            own,
            "bad_request",
        ),
        (r#"{"type":"offer.accept","cmd_id":"ID","data":{"request_id":"42"}}"#, own, "bad_request"),
        (
            r#"{"type":"offer.decline","cmd_id":"ID","data":{"request_id":"ID","reason":"a\u0000"}}"#,
            None,
            "bad_request",
        ),
        (r#"{"type":"resume","data":{"epoch":1,"last_seq":-1}}"#, None, "bad_request"),
        (r#"{"type":"resume","data":{"epoch":1,"last_seq":1.5}}"#, None, "bad_request"),
        (r#"{"type":"resume","data":{"epoch":1,"last_seq":99999999999999999999}}"#, None, "bad_request"),
        (r#"{"type":"location","data":{"lat":90.1,"lon":0}}"#, None, "invalid"),
        (r#"{"type":"location","data":{"lat":1e400,"lon":0}}"#, None, "bad_request"),
    ];
    for (text, cmd_id, code) in cases {
        let error = ClientFrame::parse(&text.replace("ID", ID)).unwrap_err();
        assert_eq!((error.cmd_id, error.code), (cmd_id, code), "{text}");
    }
    let deep = format!(r#"{{"type":"ping","data":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(ClientFrame::parse(&deep).unwrap_err().code, "bad_request");
    let long = json!({ "type": "offer.decline", "cmd_id": ID, "data": { "request_id": ID, "reason": "я".repeat(501) } });
    assert_eq!(ClientFrame::parse(&long.to_string()).unwrap_err().code, "invalid");
}

#[test]
fn a_stored_event_is_numbered_without_being_taken_apart() {
    let at = Time::from_ms(1_790_000_000_123);
    let event = StreamEvent::OfferRevoked(OfferEnd {
        request_id: RequestId::from(id()),
        package_id: PackageId::from(id()),
        trip_id: TripId::from(id()),
        reason: OfferEndReason::Taken,
    });
    let frame = event_frame(17, at, &serde_json::to_string(&event).unwrap());
    let expected = ServerMessage::Event(Event { seq: 17, at, body: EventBody::Known(Box::new(event)) });
    assert_eq!(ServerMessage::parse(&frame).unwrap(), expected);
    assert_eq!(serde_json::from_str::<Value>(&frame).unwrap(), serde_json::to_value(&expected).unwrap());
    assert!(
        frame.starts_with(r#"{"seq":17,"at":"2026-09-21T14:13:20.123Z","type":"offer.revoked","data":{"#)
    );
}

#[test]
fn messages_of_a_newer_server_are_read_and_can_be_ignored() {
    let event = r#"{"seq":18,"type":"weather.changed","at":"2026-09-21T14:13:20.123Z","data":{"text":"hi"}}"#;
    let Ok(ServerMessage::Event(Event { seq: 18, body: EventBody::Unknown { kind }, .. })) =
        ServerMessage::parse(event)
    else {
        panic!("not an event")
    };
    assert_eq!(kind, "weather.changed");
    let control = ServerMessage::parse(r#"{"type":"weather","data":{}}"#).unwrap();
    assert_eq!(control, ServerMessage::Unknown { kind: "weather".into() });
    let broken = r#"{"seq":18,"type":"package.updated","at":"2026-09-21T14:13:20.123Z","data":{"state":1}}"#;
    assert!(ServerMessage::parse(broken).is_err());
    let changed = PackageChanged { package_id: PackageId::from(id()), state: PackagePhase::Open, version: 2 };
    let extended = json!({ "seq": 1, "at": "2026-09-21T14:13:20.123Z", "type": "package.updated", "data": {
        "package_id": ID, "state": "open", "version": 2, "colour": "green",
    } });
    let Ok(ServerMessage::Event(event)) = ServerMessage::parse(&extended.to_string()) else {
        panic!("not an event")
    };
    assert_eq!(event.body, EventBody::Known(Box::new(StreamEvent::PackageUpdated(changed))));
}

/// What is wrong with a value under a definition of the schema.
struct Judge {
    schemas: Schemas,
    compiler: Compiler,
}

impl Judge {
    fn new() -> Self {
        let mut compiler = Compiler::new();
        compiler.add_resource("http://peerpack/realtime.json", schema()).unwrap();
        Self { schemas: Schemas::new(), compiler }
    }

    /// The name of a definition; the whole schema if empty.
    fn refuses(&mut self, value: &Value, definition: &str) -> Option<String> {
        let at = match definition {
            "" => String::new(),
            name => format!("#/$defs/{name}"),
        };
        let place = format!("http://peerpack/realtime.json{at}");
        let compiled = self.compiler.compile(&place, &mut self.schemas).unwrap();
        self.schemas.validate(value, compiled).err().map(|error| format!("{error:#}"))
    }
}

/// The types of messages that a side of the schema has.
fn kinds(schema: &Value, side: &str) -> BTreeSet<String> {
    let forms = schema["$defs"][side]["anyOf"].as_array().unwrap().iter();
    let form = |reference: &Value| {
        let name = reference["$ref"].as_str().unwrap().strip_prefix("#/$defs/").unwrap();
        schema["$defs"][name]["properties"]["type"]["enum"][0].as_str().unwrap().to_owned()
    };
    forms.map(form).collect()
}

#[test]
fn every_example_is_as_the_schema_says_and_every_message_of_the_schema_has_an_example() {
    let (schema, mut judge) = (schema(), Judge::new());
    for (side, definition) in [("client", "ClientMessage"), ("server", "ServerMessage")] {
        let examples = examples(side);
        for example in &examples {
            assert_eq!(judge.refuses(example, definition), None, "{example}");
            assert_eq!(judge.refuses(example, ""), None, "{example}");
        }
        let shown: BTreeSet<String> =
            examples.iter().map(|example| example["type"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds(&schema, definition), shown);
    }
    let read: BTreeSet<String> = TYPES.map(str::to_owned).into();
    assert_eq!(kinds(&schema, "ClientMessage"), read);
}

#[test]
fn a_client_message_knows_its_type() {
    for example in examples("client") {
        let frame = ClientFrame::parse(&example.to_string()).unwrap();
        assert_eq!(frame.message.kind(), example["type"]);
    }
}

/// Whatever the engine has a word for is in the schema, and the schema has no word that it does not have.
#[test]
fn the_words_of_the_schema_are_the_words_of_the_engine() {
    fn words(schema: &Value, name: &str) -> Vec<Value> {
        schema["$defs"][name]["enum"].as_array().unwrap().clone()
    }
    let schema = schema();
    for word in words(&schema, "RequestState") {
        assert_eq!(serde_json::from_value::<RequestPhase>(word.clone()).unwrap().word(), word);
    }
    for word in words(&schema, "PackageState") {
        assert_eq!(serde_json::from_value::<PackagePhase>(word.clone()).unwrap().word(), word);
    }
    for word in words(&schema, "TripState") {
        assert_eq!(serde_json::from_value::<TripPhase>(word.clone()).unwrap().word(), word);
    }
    let told = include_str!("../../../docs/realtime.md");
    for name in
        ["RequestState", "PackageState", "TripState", "OfferEndReason", "Origin", "Party", "NotRecovered"]
    {
        for word in words(&schema, name) {
            let word = word.as_str().unwrap();
            assert!(told.contains(&format!("`{word}`")), "{word} of {name} is not in docs/realtime.md");
        }
    }
}

#[test]
fn every_reason_for_an_offer_is_as_the_schema_says() {
    let mut judge = Judge::new();
    let all = [
        Why::OnRoute,
        Why::Detour { minutes: 12 },
        Why::RoomLeft { grams: 9_000 },
        Why::Early { hours: 26 },
        Why::Early { hours: -1 },
    ];
    for why in all {
        assert_eq!(judge.refuses(&json!(why), "Why"), None, "{why}");
    }
    assert!(judge.refuses(&json!("on_the_way"), "Why").is_some());
}

#[test]
fn the_schema_refuses_what_the_server_refuses() {
    let mut judge = Judge::new();
    for message in [
        json!({ "type": "offer.steal", "data": {} }),
        json!({ "type": "ping", "data": { "a": 1 } }),
        json!({ "type": "ping", "seq": 1 }),
        json!({ "type": "offer.accept", "cmd_id": ID }),
        json!({ "type": "offer.accept", "data": { "request_id": ID } }),
        json!({ "type": "offer.accept", "cmd_id": ID, "data": { "request_id": ID, "role": "admin" } }),
        json!({ "type": "offer.decline", "cmd_id": ID, "data": { "request_id": ID, "reason": "я".repeat(501) } }),
        json!({ "type": "resume", "data": { "epoch": 1, "last_seq": -1 } }),
        json!({ "type": "location", "data": { "lat": 90.1, "lon": 0 } }),
        json!({ "type": "subscribe", "data": {} }),
        json!({ "type": "subscribe", "data": { "trip_id": ID, "package_id": ID } }),
    ] {
        assert!(ClientFrame::parse(&message.to_string()).is_err(), "{message}");
        assert!(judge.refuses(&message, "ClientMessage").is_some(), "{message}");
        assert!(judge.refuses(&message, "").is_some(), "{message}");
    }
    for (server, what) in [
        (
            json!({ "type": "resumed", "data": { "recovered": false, "reason": "forgot", "top": 1 } }),
            "a reason",
        ),
        (json!({ "type": "pong" }), "no data"),
        (json!({ "type": "ack", "status": "ok" }), "no cmd_id"),
        (json!({ "type": "ack", "cmd_id": ID, "status": "error", "code": "bad_luck" }), "a code"),
        (
            json!({ "type": "trip.updated", "data": { "trip_id": ID, "state": "active", "version": 1 } }),
            "no number",
        ),
    ] {
        assert!(judge.refuses(&server, "ServerMessage").is_some(), "{what}");
    }
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let committed: Value = serde_json::from_str(include_str!("../../../docs/realtime.schema.json")).unwrap();
    assert_eq!(committed, schema(), "run `make openapi`");
}
