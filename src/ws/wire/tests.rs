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

/// One example of each client message.
fn client_examples() -> Vec<Value> {
    let request = json!({ "request_id": ID });
    let refusal = json!({ "request_id": ID, "reason": "no room" });
    let command = |kind: &str, data: &Value| json!({ "type": kind, "cmd_id": ID, "data": data });
    vec![
        json!({ "type": "ping" }),
        json!({ "type": "resume", "data": { "epoch": 3, "last_seq": 17 } }),
        json!({ "type": "offer.rendered", "data": request }),
        command("offer.accept", &request),
        command("offer.decline", &refusal),
        command("request.accept", &request),
        command("request.decline", &request),
        command("request.pick_up", &request),
        command("request.deliver", &request),
        command("request.confirm", &request),
        command("request.cancel", &request),
        command("request.withdraw", &request),
        json!({ "type": "location", "data": { "lat": 55.75, "lon": 37.62 } }),
    ]
}

/// One example of each server message.
fn server_examples() -> Vec<Value> {
    vec![
        json!({ "type": "hello", "data": {
            "epoch": 3, "top": 17, "server_time": "2026-09-21T14:13:20.123Z", "ping_s": 25, "session_id": "s1",
            "limits": { "frame_bytes": 16384, "message_bytes": 32768, "messages_per_minute": 120, "burst": 30,
                        "resume_events": 300 },
        } }),
        json!({ "type": "ack", "cmd_id": ID, "status": "ok", "data": { "state": "accepted" } }),
        json!({ "type": "ack", "cmd_id": ID, "status": "error", "code": "already_taken", "message": "too late" }),
        json!({ "type": "ack", "cmd_id": null, "status": "error", "code": "bad_request", "message": "what?" }),
        json!({ "type": "pong", "data": { "server_time": "2026-09-21T14:13:20.123Z" } }),
        json!({ "type": "resumed", "data": { "recovered": true, "count": 4, "top": 21 } }),
        json!({ "type": "resumed", "data": { "recovered": false, "reason": "epoch_changed", "top": 21 } }),
        json!({ "type": "degraded", "data": { "degraded": true } }),
        json!({ "type": "reconnect", "data": { "retry_after_ms": 4200 } }),
        json!({ "type": "trip.location", "data": {
            "trip_id": ID, "lat": 55.75, "lon": 37.62, "at": "2026-09-21T14:13:20.123Z",
        } }),
        json!({ "seq": 17, "type": "offer.revoked", "at": "2026-09-21T14:13:20.123Z", "data": {
            "request_id": ID, "package_id": ID, "trip_id": ID, "reason": "taken",
        } }),
    ]
}

#[test]
fn every_client_message_reads_and_writes_as_its_example() {
    let examples = client_examples();
    for example in &examples {
        let frame = ClientFrame::parse(&example.to_string()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&frame.to_text()).unwrap(), *example);
    }
    let kinds: Vec<_> = examples.iter().map(|example| example["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, TYPES);
}

#[test]
fn every_server_message_reads_and_writes_as_its_example() {
    for example in server_examples() {
        let message = ServerMessage::parse(&example.to_string()).unwrap();
        assert!(!matches!(message, ServerMessage::Unknown { .. }), "{example}");
        assert_eq!(serde_json::from_str::<Value>(&message.to_text()).unwrap(), example);
    }
}

#[test]
fn the_limits_told_to_clients_are_those_of_the_example() {
    let told = serde_json::to_value(Limits::default()).unwrap();
    assert_eq!(told, server_examples()[0]["data"]["limits"]);
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
