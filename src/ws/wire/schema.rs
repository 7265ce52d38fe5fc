//! The JSON Schema of all messages, for whoever writes a client in another language: `peerpack schema`.
//!
//! Servers are strict, clients are tolerant: what a client sends may have no unknown members; what a server sends may
//! have new ones, and whole messages of types that are not listed here, which are to be ignored. A test holds it
//! against what the server writes and reads.

use serde_json::{Map, Value, json};

/// The schema: `#/$defs/client` and `#/$defs/server` are the messages of each side.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = shared();
    definitions.insert("client".to_owned(), json!({ "oneOf": client() }));
    definitions.insert("server".to_owned(), json!({ "oneOf": server() }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "PeerPack realtime messages, subprotocol peerpack.v1",
        "$defs": definitions,
    })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "number" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn one_of_words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

fn known(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn members(pairs: &[(&str, Value)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// An object with members that are always there and members that may be.
fn object(always: &[(&str, Value)], sometimes: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    let mut properties = members(always);
    properties.extend(members(sometimes));
    json!({ "type": "object", "required": required, "properties": properties })
}

/// The same without any others.
fn strict(always: &[(&str, Value)], sometimes: &[(&str, Value)]) -> Value {
    let mut schema = object(always, sometimes);
    schema["additionalProperties"] = json!(false);
    schema
}

fn client() -> Vec<Value> {
    let kind = |kind: &str| ("type", json!({ "const": kind }));
    let cmd_id = ("cmd_id", known("uuid"));
    let request = strict(&[("request_id", known("uuid"))], &[]);
    let refusal = strict(
        &[("request_id", known("uuid"))],
        &[("reason", json!({ "type": ["string", "null"], "maxLength": 500 }))],
    );
    let resume = strict(&[("epoch", count()), ("last_seq", count())], &[]);
    let location = strict(
        &[
            ("lat", json!({ "type": "number", "minimum": -90, "maximum": 90 })),
            ("lon", json!({ "type": "number", "minimum": -180, "maximum": 180 })),
        ],
        &[],
    );
    let topic = strict(&[], &[("trip_id", known("uuid")), ("package_id", known("uuid"))]);
    let free = |name: &str, data: &Value| {
        strict(&[kind(name), ("data", data.clone())], std::slice::from_ref(&cmd_id))
    };
    let command =
        |name: &str, data: &Value| strict(&[kind(name), cmd_id.clone(), ("data", data.clone())], &[]);
    let mut messages = vec![
        strict(&[kind("ping")], &[cmd_id.clone(), ("data", strict(&[], &[]))]),
        free("resume", &resume),
        free("offer.rendered", &request),
        free("location", &location),
        free("subscribe", &topic),
        free("unsubscribe", &topic),
    ];
    messages.extend(["offer.decline", "request.decline"].map(|name| command(name, &refusal)));
    messages.extend(
        [
            "offer.accept",
            "request.accept",
            "request.pick_up",
            "request.deliver",
            "request.confirm",
            "request.cancel",
            "request.withdraw",
        ]
        .map(|name| command(name, &request)),
    );
    messages
}

fn server() -> Vec<Value> {
    let kind = |kind: &str| ("type", json!({ "const": kind }));
    let control = |name: &str, data: Value| object(&[kind(name), ("data", data)], &[]);
    let event = |name: &str, data: Value| {
        let seq = json!({ "type": "integer", "minimum": 1 });
        object(&[("seq", seq), kind(name), ("at", known("instant")), ("data", data)], &[])
    };
    let id = |name| (name, known("uuid"));
    let limits = ["frame_bytes", "message_bytes", "messages_per_minute", "burst", "resume_events"];
    let hello = object(
        &[
            ("epoch", count()),
            ("top", count()),
            ("server_time", known("instant")),
            ("ping_s", count()),
            ("limits", object(&limits.map(|name| (name, count())), &[])),
        ],
        &[("session_id", text())],
    );
    let ack = object(
        &[
            kind("ack"),
            ("cmd_id", json!({ "oneOf": [known("uuid"), { "type": "null" }] })),
            ("status", one_of_words(&["ok", "error"])),
        ],
        &[("code", text()), ("message", text()), ("data", json!({}))],
    );
    let reasons = ["epoch_changed", "too_old", "too_many", "future_seq"];
    let resumed = object(
        &[("recovered", json!({ "type": "boolean" })), ("top", count())],
        &[("reason", one_of_words(&reasons)), ("count", count())],
    );
    let trip_location =
        object(&[id("trip_id"), ("lat", number()), ("lon", number()), ("at", known("instant"))], &[]);
    let state = [("state", text()), ("version", count())];
    let changed = |name| object(&[&[id(name)], &state[..]].concat(), &[]);
    let way = [("from", known("place")), ("to", known("place")), ("departs_at", known("instant"))];
    let available = object(&[&[id("package_id"), id("trip_id"), id("courier_id")], &way[..]].concat(), &[]);
    let reviewed =
        object(&[id("document_id"), ("approved", json!({ "type": "boolean" }))], &[("reason", text())]);
    let mut messages = vec![
        control("hello", hello),
        ack,
        control("pong", object(&[("server_time", known("instant"))], &[])),
        control("resumed", resumed),
        control("degraded", object(&[("degraded", json!({ "type": "boolean" }))], &[])),
        control("reconnect", object(&[("retry_after_ms", count())], &[])),
        control("trip.location", trip_location),
        event("offer.new", known("offer")),
        event("offer.revoked", known("offer_end")),
        event("offer.expired", known("offer_end")),
        event("package.updated", changed("package_id")),
        event("trip.updated", changed("trip_id")),
        event("courier.available", available),
        event("package.available", known("package_available")),
        event("document.reviewed", reviewed),
        event("notification.new", object(&[&[id("trip_id")], &way[..]].concat(), &[])),
    ];
    messages.extend(
        [
            "request.new",
            "request.accepted",
            "request.declined",
            "request.taken",
            "request.picked_up",
            "request.delivered",
            "request.confirmed",
            "request.cancelled",
            "request.disputed",
        ]
        .map(|name| event(name, known("request_change"))),
    );
    messages
}

/// What several messages have in common.
fn shared() -> Map<String, Value> {
    let id = |name| (name, known("uuid"));
    let place = object(
        &[("id", count()), ("name_ru", text()), ("name_en", text()), ("lat", number()), ("lon", number())],
        &[("tz", text())],
    );
    let hand_over = object(&[("place", known("place")), ("eta", known("instant"))], &[]);
    let package = object(
        &[
            id("id"),
            ("description", text()),
            ("from", known("place")),
            ("to", known("place")),
            ("size", text()),
            ("weight", text()),
            ("weight_g", count()),
            ("volume_ml", count()),
            ("tags", json!({ "type": "array", "items": text() })),
            ("ready_at", known("instant")),
            ("deliver_by", known("instant")),
        ],
        &[],
    );
    let offer = object(
        &[
            id("request_id"),
            ("package", known("package")),
            id("trip_id"),
            ("leg_from", count()),
            ("leg_to", count()),
            ("pickup", known("hand_over")),
            ("dropoff", known("hand_over")),
            ("detour_min", count()),
            ("detour_km", number()),
            ("reward", number()),
            ("fee", number()),
            ("currency", text()),
            ("capacity_left_g", count()),
            ("expires_at", known("instant")),
            ("ttl_ms", count()),
            ("why", json!({ "type": "array", "items": text() })),
        ],
        &[],
    );
    let package_available = object(
        &[
            ("package", known("package")),
            id("trip_id"),
            ("pickup", known("hand_over")),
            ("dropoff", known("hand_over")),
            ("detour_min", count()),
            ("reward", number()),
            ("currency", text()),
        ],
        &[],
    );
    let ends = ["taken", "cancelled", "expired", "changed"];
    let offer_end =
        object(&[id("request_id"), id("package_id"), id("trip_id"), ("reason", one_of_words(&ends))], &[]);
    let request_change = object(
        &[
            id("request_id"),
            id("package_id"),
            id("trip_id"),
            id("sender_id"),
            id("courier_id"),
            ("origin", one_of_words(&["sender", "courier", "engine"])),
            ("new_status", text()),
            ("description", text()),
            ("reward", number()),
            ("currency", text()),
            ("pickup", known("hand_over")),
            ("dropoff", known("hand_over")),
        ],
        &[
            ("old_status", text()),
            ("message", text()),
            ("cancelled_by", one_of_words(&["sender", "courier"])),
            ("by_operator", json!({ "type": "boolean" })),
        ],
    );
    members(&[
        ("uuid", json!({ "type": "string", "format": "uuid" })),
        ("instant", json!({ "type": "string", "format": "date-time" })),
        ("place", place),
        ("hand_over", hand_over),
        ("package", package),
        ("offer", offer),
        ("offer_end", offer_end),
        ("package_available", package_available),
        ("request_change", request_change),
    ])
}
