//! From the words of clients to domain values: points, amounts, texts. Bounds of every text field.

pub(super) mod ends;
pub(super) mod loads;
pub(super) mod local_time;
pub(super) mod numbers;

use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{Gazetteer, Place, Position};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::error::wrong::Wrong;
use crate::typed;

pub(super) use numbers::{lenient_number, lenient_whole};

/// Longest name, address or label, in characters.
pub(super) const SHORT_TEXT: usize = 200;

/// Longest description, comment or message, in characters.
pub(super) const LONG_TEXT: usize = 2_000;

/// How many tags a package may have.
pub(super) const MAX_TAGS: usize = 20;

/// The years that a range of time may name. Nothing here happens outside of them, and a range that ends with
/// the calendar is one that somebody would have to walk to its end.
const YEARS: RangeInclusive<i16> = 2000..=2100;

/// A date of a range of time.
pub(super) fn date_within(field: &'static str, date: Date) -> Result<Date, ApiError> {
    let is_within = YEARS.contains(&date.year());
    is_within
        .then_some(date)
        .ok_or_else(|| ApiError::unprocessable(field, "must be in the years 2000 to 2100"))
}

/// An instant of a range of time.
pub(super) fn instant_within(field: &'static str, at: Time) -> Result<Time, ApiError> {
    let date = jiff::Timestamp::from_millisecond(at.ms()).map(|at| at.to_zoned(TimeZone::UTC).date());
    date_within(field, date.unwrap_or(Date::MAX)).map(|_| at)
}

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

/// A name that others see.
pub(super) fn name(field: &'static str, given: &str) -> Result<String, ApiError> {
    typed::name(given).map_err(|reason| ApiError::unprocessable(field, reason))
}

/// A place to stand in for one that cannot be read.
pub(super) fn any_place(n: usize) -> &'static Place {
    Gazetteer::bundled().iter().nth(n).expect("the bundled gazetteer has thousands of places")
}

/// Notes what keeps a draft from being published. What is said of doubtful fields does not count: it follows
/// from something that only stands in.
pub(super) fn look_for_faults(faults: impl Iterator<Item = Rejection>, doubtful: &[&str], wrong: &mut Wrong) {
    let is_doubtful =
        |fault: &Rejection| matches!(fault, Rejection::Invalid { field, .. } if doubtful.contains(field));
    for fault in faults.filter(|fault| !is_doubtful(fault)) {
        wrong.add(fault.into());
    }
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
