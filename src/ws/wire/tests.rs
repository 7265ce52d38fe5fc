use peerpack_actors::ids::{PackageId, RequestId, TripId};
use peerpack_actors::stream::{OfferEnd, OfferEndReason, PackageChanged, StreamEvent};
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
    let event = r#"{"seq":18,"type":"chat.message","at":"2026-09-21T14:13:20.123Z","data":{"text":"hi"}}"#;
    let Ok(ServerMessage::Event(Event { seq: 18, body: EventBody::Unknown { kind }, .. })) =
        ServerMessage::parse(event)
    else {
        panic!("not an event")
    };
    assert_eq!(kind, "chat.message");
    let control = ServerMessage::parse(r#"{"type":"weather","data":{}}"#).unwrap();
    assert_eq!(control, ServerMessage::Unknown { kind: "weather".into() });
    let broken = r#"{"seq":18,"type":"package.updated","at":"2026-09-21T14:13:20.123Z","data":{"state":1}}"#;
    assert!(ServerMessage::parse(broken).is_err());
    let changed = PackageChanged { package_id: PackageId::from(id()), state: "open".into(), version: 2 };
    let extended = json!({ "seq": 1, "at": "2026-09-21T14:13:20.123Z", "type": "package.updated", "data": {
        "package_id": ID, "state": "open", "version": 2, "colour": "green",
    } });
    let Ok(ServerMessage::Event(event)) = ServerMessage::parse(&extended.to_string()) else {
        panic!("not an event")
    };
    assert_eq!(event.body, EventBody::Known(Box::new(StreamEvent::PackageUpdated(changed))));
}

/// Whether a value is as a schema says; knows as much of JSON Schema as ours uses.
fn is_valid(value: &Value, schema: &Value, all: &Value) -> bool {
    let is_of = |kind: &str| match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is not known"),
    };
    schema.as_object().unwrap().iter().all(|(word, says)| match word.as_str() {
        "$ref" => {
            let name = says.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
            is_valid(value, &all["$defs"][name], all)
        }
        "type" => match says {
            Value::String(kind) => is_of(kind),
            kinds => kinds.as_array().unwrap().iter().any(|kind| is_of(kind.as_str().unwrap())),
        },
        "const" => value == says,
        "enum" => says.as_array().unwrap().contains(value),
        "oneOf" => says.as_array().unwrap().iter().filter(|one| is_valid(value, one, all)).count() == 1,
        "required" => says.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
        "properties" => value.as_object().is_none_or(|object| {
            object
                .iter()
                .all(|(name, value)| says.get(name).is_none_or(|schema| is_valid(value, schema, all)))
        }),
        "additionalProperties" => {
            let known = |name: &String| schema["properties"].get(name).is_some();
            value.as_object().is_none_or(|object| object.keys().all(known))
        }
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| is_valid(item, says, all))),
        "minimum" => value.as_f64().is_none_or(|number| number >= says.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= says.as_f64().unwrap()),
        "maxLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 <= says.as_u64().unwrap())
        }
        "format" => true,
        other => panic!("{other} is not known"),
    })
}

#[test]
fn every_example_is_as_the_schema_says_and_the_schema_has_no_other_messages() {
    let schema = schema();
    for side in ["client", "server"] {
        let examples = examples(side);
        for example in &examples {
            assert!(is_valid(example, &schema["$defs"][side], &schema), "{example}");
        }
        let forms = schema["$defs"][side]["oneOf"].as_array().unwrap();
        let kinds = forms.iter().map(|form| form["properties"]["type"]["const"].as_str().unwrap());
        for kind in kinds {
            // The steps of a request are told alike.
            let shown =
                if kind.starts_with("request.") && side == "server" { "request.accepted" } else { kind };
            assert!(examples.iter().any(|example| example["type"] == shown), "{kind} has no example");
        }
    }
}

#[test]
fn the_schema_refuses_what_the_server_refuses() {
    let schema = schema();
    for message in [
        json!({ "type": "offer.steal", "data": {} }),
        json!({ "type": "offer.accept", "data": { "request_id": ID } }),
        json!({ "type": "offer.accept", "cmd_id": ID, "data": { "request_id": ID, "role": "admin" } }),
        json!({ "type": "resume", "data": { "epoch": 1, "last_seq": -1 } }),
        json!({ "type": "location", "data": { "lat": 90.1, "lon": 0 } }),
    ] {
        assert!(ClientFrame::parse(&message.to_string()).is_err(), "{message}");
        assert!(!is_valid(&message, &schema["$defs"]["client"], &schema), "{message}");
    }
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let committed: Value = serde_json::from_str(include_str!("../../../docs/realtime.schema.json")).unwrap();
    assert_eq!(committed, schema(), "run `make openapi`");
}
