//! From the words of clients to domain values: points, amounts, texts. Bounds of every text field.

use std::str::FromStr;

use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::Position;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::ApiError;

/// Longest name, address or label, in characters.
pub(super) const SHORT_TEXT: usize = 200;

/// Longest description, comment or message, in characters.
pub(super) const LONG_TEXT: usize = 2_000;

/// How many tags a package may have.
pub(super) const MAX_TAGS: usize = 20;

/// A text of bounded length, trimmed.
pub(super) fn text(field: &'static str, text: Option<String>, most: usize) -> Result<String, ApiError> {
    let text = text.unwrap_or_default();
    let text = text.trim();
    if text.chars().count() > most {
        return Err(ApiError::unprocessable(field, format!("must be at most {most} characters")));
    }
    Ok(text.to_owned())
}

/// A text of bounded length that must say something.
pub(super) fn required(field: &'static str, given: Option<String>, most: usize) -> Result<String, ApiError> {
    let text = text(field, given, most)?;
    if text.is_empty() { Err(ApiError::unprocessable(field, "must not be empty")) } else { Ok(text) }
}

/// A price or reward in roubles.
pub(super) fn amount(field: &'static str, major: f64) -> Result<Amount, ApiError> {
    Amount::from_major(major, Currency::Rub)
        .map_err(|error| ApiError::unprocessable(field, error.to_string()))
}

/// A point on Earth.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GeoPoint)]
pub struct Point {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

impl Point {
    /// The position, if it is on Earth.
    pub(super) fn position(self, field: &'static str) -> Result<Position, ApiError> {
        Position::new(self.lat, self.lon)
            .map_err(|_| ApiError::unprocessable(field, "latitude or longitude is out of range"))
    }
}

impl From<Position> for Point {
    fn from(position: Position) -> Self {
        Self { lat: position.lat, lon: position.lon }
    }
}

/// A number that old clients may send as text.
pub(super) fn lenient_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Number(f64),
        Text(String),
    }
    match Option::<Number>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Number::Number(number)) => Ok(Some(number)),
        Some(Number::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(Number::Text(text)) => {
            text.trim().replace(',', ".").parse().map(Some).map_err(serde::de::Error::custom)
        }
    }
}

/// Where a page starts, as the last one named it: an id.
pub(super) fn id_cursor<I: FromStr>(text: &str) -> Result<I, ApiError> {
    text.parse().map_err(|_| foreign_cursor())
}

fn foreign_cursor() -> ApiError {
    ApiError::bad_request("the cursor is not one of ours").with_field("cursor", "is not one of ours")
}

/// Where a page starts, as the last one named it: a key and an id.
pub(super) fn cursor<K: FromStr, I: FromStr>(text: &str) -> Result<(K, I), ApiError> {
    let parts = text.split_once('_').and_then(|(key, id)| Some((key.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(foreign_cursor)
}
