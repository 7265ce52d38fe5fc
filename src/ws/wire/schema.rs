//! The JSON Schema of all messages, for authors of clients in other languages: `peerpack schema`.
//!
//! It is derived from the types that are written and read, so that nothing is sent which is not described.
//! Servers are strict, clients are tolerant: what a client sends may have no unknown members; what a server
//! sends may have new ones, and whole messages of types that are not listed here, which are to be ignored.

use peerpack_actors::stream::StreamEvent;
use peerpack_actors::time::Time;
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::client::{ClientMessage, is_command};
use super::server::{ACK, Ack, Control};
use crate::texts::paragraphs::joined;

/// The schema: a message of either side. `#/$defs/ClientMessage` and `#/$defs/ServerMessage` are those of
/// each.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let client: Vec<Value> = messages::<ClientMessage>(&mut definitions).map(asked).collect();
    let mut server: Vec<Value> = messages::<Control>(&mut definitions).collect();
    server.push(ack(&mut definitions));
    define::<Time>(&mut definitions);
    let events: Vec<Value> = messages::<StreamEvent>(&mut definitions).map(numbered).collect();
    let client = named(client, "Message", &mut definitions);
    let server =
        [named(server, "Message", &mut definitions), named(events, "Event", &mut definitions)].concat();
    definitions.insert("ClientMessage".to_owned(), json!({ "anyOf": client }));
    definitions.insert("ServerMessage".to_owned(), json!({ "anyOf": server }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "RealtimeMessage",
        "description": "A message of PeerPack's realtime socket, subprotocol peerpack.v1, in either direction.",
        "anyOf": [{ "$ref": "#/$defs/ClientMessage" }, { "$ref": "#/$defs/ServerMessage" }],
        "$defs": definitions,
    })
}

/// The forms of an enum of messages. What they are made of is defined beside.
fn messages<T: ToSchema>(definitions: &mut Map<String, Value>) -> std::vec::IntoIter<Value> {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    definitions.extend(parts.into_iter().map(|(name, schema)| (name, rendered(&schema))));
    match rendered(&T::schema())["oneOf"].take() {
        Value::Array(forms) => forms.into_iter(),
        _ => Vec::new().into_iter(),
    }
}

fn define<T: ToSchema>(definitions: &mut Map<String, Value>) {
    definitions.insert(T::name().into_owned(), rendered(&T::schema()));
}

/// A schema of the API description as one of ours, which has its definitions elsewhere.
fn rendered(schema: &RefOr<Schema>) -> Value {
    let mut schema = serde_json::to_value(schema).unwrap_or_default();
    moved(&mut schema);
    schema
}

fn moved(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get_mut("$ref") {
                *to = to.replace("#/components/schemas/", "#/$defs/");
                // Generators take a reference with something beside it for a type of its own.
                members.retain(|word, _| word == "$ref");
            }
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = joined(text);
            }
            members.values_mut().for_each(moved);
        }
        Value::Array(items) => items.iter_mut().for_each(moved),
        _ => {}
    }
}

/// The type of a message.
fn kind(form: &Value) -> &str {
    form["properties"]["type"]["enum"][0].as_str().unwrap_or_default()
}

/// Adds a member to a form, before the others.
fn add(form: &mut Value, name: &str, schema: Value, is_required: bool) {
    form["properties"][name] = schema;
    if let (true, Some(required)) = (is_required, form["required"].as_array_mut()) {
        required.insert(0, Value::from(name));
    }
}

/// A client's message: strict, and with the id that its ack will carry.
fn asked(mut form: Value) -> Value {
    let is_command = is_command(kind(&form));
    let id = json!({ "type": "string", "format": "uuid", "description": "Chosen by the client; its ack carries it." });
    add(&mut form, "cmd_id", id, is_command);
    if form["properties"].get("data").is_none() {
        add(&mut form, "data", json!({ "type": "object", "maxProperties": 0 }), false);
    }
    form["additionalProperties"] = json!(false);
    form
}

/// A numbered event.
fn numbered(mut form: Value) -> Value {
    let at = json!({ "$ref": "#/$defs/Instant" });
    let seq = json!({ "type": "integer", "minimum": 1, "description": "Its number in the user's stream." });
    add(&mut form, "at", at, true);
    add(&mut form, "seq", seq, true);
    form
}

/// The one message whose members stand beside its type.
fn ack(definitions: &mut Map<String, Value>) -> Value {
    let mut parts = Vec::new();
    Ack::schemas(&mut parts);
    definitions.extend(parts.into_iter().map(|(name, schema)| (name, rendered(&schema))));
    let mut form = rendered(&Ack::schema());
    add(&mut form, "type", json!({ "type": "string", "enum": [ACK] }), true);
    form
}

/// Gives each form a name, and refers to it.
fn named(forms: Vec<Value>, what: &str, definitions: &mut Map<String, Value>) -> Vec<Value> {
    let refer = |mut form: Value| {
        let mut name: String = kind(&form).split(['.', '_']).map(capital).chain([what.to_owned()]).collect();
        // Both sides say it.
        if definitions.contains_key(&name) {
            name.push_str("Back");
        }
        form["title"] = Value::from(name.as_str());
        let reference = json!({ "$ref": format!("#/$defs/{name}") });
        definitions.insert(name, form);
        reference
    };
    forms.into_iter().map(refer).collect()
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + rest
}
