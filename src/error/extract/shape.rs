//! Reads JSON of a given shape as far as it goes, and says of every field that will not do what it should be.
//!
//! A parser stops at the first field that it cannot read. So that field is noted and taken out, and what is
//! left is read again; what must not be missing is stood in for. What the parser says stays inside: of its
//! words only the names of fields, types and variants are ours.

mod found;

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use self::found::{Found, is_understood, path_of};
use super::{malformed, misshapen};
use crate::error::ApiError;
use crate::error::wrong::Wrong;

pub(crate) use self::found::{NEGATIVE, NOT_WHOLE, TOO_LARGE};

/// The most fields that are told about.
const MAX_WRONG: usize = 32;

/// What can stand in for a field that is missing, until one is of its type.
const STAND_INS: [fn() -> Value; 6] = [
    || Value::from(""),
    || Value::from(0),
    || Value::from(false),
    || Value::Array(Vec::new()),
    || Value::Object(Map::new()),
    || Value::from("00000000-0000-0000-0000-000000000000"),
];

/// Reads as much as can be read. Without a value nothing could stand in for what is wrong.
///
/// # Errors
/// 400 for what is no JSON at all.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<(Option<T>, Wrong), ApiError> {
    if let Ok(whole) = serde_json::from_slice(json) {
        return Ok((Some(whole), Wrong::default()));
    }
    let Members(members) = serde_json::from_slice(json).map_err(|error| match error.is_data() {
        true => ApiError::bad_request("the body must be a JSON object"),
        false => malformed(&error),
    })?;
    let mut wrong = Wrong::default();
    let mut left = Map::new();
    for (name, value) in members {
        if left.insert(name.clone(), value).is_some() {
            wrong.add(misshapen_field(&name, "is given twice"));
        }
    }
    let read = collect(Value::Object(left), &mut wrong);
    // A field that is given twice further inside is seen by nobody but the first parser.
    if wrong.is_empty() {
        wrong.add(misshapen());
    }
    Ok((read, wrong))
}

fn collect<T: DeserializeOwned>(mut left: Value, wrong: &mut Wrong) -> Option<T> {
    for _ in 0..MAX_WRONG {
        let error = match serde_path_to_error::deserialize(&left) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let Found { field, within, reason, is_missing } = Found::of(&error);
        if !wrong.has(&field) {
            wrong.add(match is_understood(&error.inner().to_string()) {
                true => ApiError::unprocessable(&field, &reason),
                false => misshapen_field(&field, &reason),
            });
        }
        let done = match (is_missing, within.is_empty()) {
            // What it is missing in is of no use without it.
            (true, false) => take_out(&mut left, &within),
            (true, true) => stand_in::<T>(&mut left, &field),
            (false, _) => take_out(&mut left, &path_of(error.path())),
        };
        if !done {
            return None;
        }
    }
    None
}

/// The first field that a parser could not read, and what it should be.
pub(crate) fn named<E: fmt::Display>(error: &serde_path_to_error::Error<E>) -> (String, String) {
    let Found { field, reason, .. } = Found::of(error);
    (field, reason)
}

/// Reads a query; every parameter that will not do is named.
///
/// # Errors
/// 400 with everything that is wrong.
pub(super) fn read_query<T: DeserializeOwned>(
    mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>,
) -> Result<T, ApiError> {
    let mut wrong = Wrong::default();
    for _ in 0..MAX_WRONG {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let parser = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        let error = match serde_path_to_error::deserialize(parser) {
            Ok(read) => return wrong.finish(read),
            Err(error) => error,
        };
        let Found { field, reason, .. } = Found::of(&error);
        wrong.add(misshapen_field(&field, &reason));
        let before = pairs.len();
        // What is doubled stands under the name that the parser has for it.
        let name = path_of(error.path()).pop().unwrap_or(field);
        pairs.retain(|(known, _)| *known != name);
        if pairs.len() == before {
            break;
        }
    }
    wrong.finish(()).and_then(|()| Err(misshapen()))
}

fn misshapen_field(field: &str, reason: &str) -> ApiError {
    ApiError::bad_request(format!("{field}: {reason}")).with_field(field, reason)
}

/// Takes a field out; of a list, all of it, so that the others keep their numbers. Answers whether it was
/// there.
fn take_out(left: &mut Value, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let Some(members) = left.as_object_mut() else { return false };
    match members.get_mut(first) {
        Some(inner @ Value::Object(_)) if !rest.is_empty() => {
            take_out(inner, rest) || members.remove(first).is_some()
        }
        _ => members.remove(first).is_some(),
    }
}

/// Puts something in the place of a field that must not be missing.
fn stand_in<T: DeserializeOwned>(left: &mut Value, field: &str) -> bool {
    for value in STAND_INS {
        left[field] = value();
        let is_of_its_type = match serde_path_to_error::deserialize::<_, T>(&*left) {
            Ok(_) => true,
            Err(error) => path_of(error.path()).first().is_none_or(|at| at != field),
        };
        if is_of_its_type {
            return true;
        }
    }
    false
}

/// The members of an object in their order, also those that come twice.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Parcel {
        name: String,
        weight_g: u32,
        #[serde(default)]
        fragile: bool,
        #[serde(default)]
        mode: Option<Mode>,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default, alias = "pickUp")]
        pickup: Option<Point>,
        id: uuid::Uuid,
    }

    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Instant,
        Choose,
        Later,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Point {
        lat: f64,
        lon: f64,
    }

    fn wrong(body: &str) -> Vec<(String, String)> {
        let (_, wrong) = read::<Parcel>(body.as_bytes()).unwrap();
        match wrong.finish(()) {
            Ok(()) => Vec::new(),
            Err(refusal) => refusal.problem(None).fields.into_iter().collect(),
        }
    }

    fn fields(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect()
    }

    #[test]
    fn every_field_is_told_what_it_should_be() {
        let body = json!({
            "name": 5, "weight_g": -1, "fragile": "да", "mode": "auction", "tags": ["a", 7], "id": "7",
            "pickUp": { "lat": "север", "lon": [], "alt": 1 }, "role": "admin", "<script>": 1,
        });
        assert_eq!(
            wrong(&body.to_string()),
            fields(&[
                ("?", "is not known here"),
                ("fragile", "must be true or false"),
                ("id", "must be an id"),
                ("mode", "must be instant, choose or later"),
                ("name", "must be text"),
                ("pickUp.alt", "is not known here"),
                ("pickUp.lat", "must be a number"),
                ("pickUp.lon", "must be a number"),
                ("role", "is not known here"),
                ("tags.1", "must be text"),
                ("weight_g", "must be a whole number of zero or more"),
            ])
        );
    }

    #[test]
    fn a_negative_number_is_understood_and_another_type_is_not() {
        for (weight, status) in [
            (json!(-1), 422),
            (json!(1.5), 400),
            (json!(99_999_999_999_u64), 400),
            (json!("много"), 400),
            (json!([]), 400),
        ] {
            let body =
                json!({ "name": "a", "weight_g": weight, "id": "00000000-0000-0000-0000-000000000001" });
            let (_, wrong) = read::<Parcel>(body.to_string().as_bytes()).unwrap();
            assert_eq!(wrong.finish(()).unwrap_err().status().as_u16(), status, "{weight}");
        }
    }

    #[test]
    fn everything_that_is_missing_or_doubled_is_named() {
        assert_eq!(
            wrong("{}"),
            fields(&[("id", "is required"), ("name", "is required"), ("weight_g", "is required")])
        );
        assert_eq!(
            wrong(
                r#"{"name":"a","name":"b","weight_g":99999999999,"id":"00000000-0000-0000-0000-000000000001","pickup":{"lat":1}}"#
            ),
            fields(&[
                ("name", "is given twice"),
                ("pickup.lon", "is required"),
                ("weight_g", "is too large")
            ])
        );
    }

    #[test]
    fn nothing_of_a_value_comes_back() {
        let evil = json!({ "name": "a", "weight_g": "<b>, expected a string", "id": "<i>", "mode": "`<u>`, expected `x`" });
        let told = wrong(&evil.to_string());
        assert!(told.len() == 3 && !format!("{told:?}").contains('<'), "{told:?}");
    }

    #[test]
    fn thousands_of_wrong_fields_are_answered_with_a_few() {
        let many: Map<String, Value> = (0..5_000).map(|n| (format!("f{n}"), json!(1))).collect();
        let (read, wrong) = read::<Parcel>(Value::Object(many).to_string().as_bytes()).unwrap();
        assert!(read.is_none());
        assert_eq!(wrong.finish(()).unwrap_err().problem(None).fields.len(), MAX_WRONG);
    }

    #[test]
    fn a_body_that_is_no_object_is_said_to_be_none() {
        for body in ["5", "[]", "\"a\"", "null"] {
            let error = read::<Parcel>(body.as_bytes()).unwrap_err();
            assert_eq!(error.message(), "the body must be a JSON object", "{body}");
        }
    }
}
