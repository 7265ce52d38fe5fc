//! The ends of a way as people name them, and the places that they mean.
//!
//! A name is not a place: what is said of the other end, and how one travels, tells namesakes apart. Where it
//! does not, the answer is a refusal with the candidates, and never a guess.

use peerpack_actors::place::{Gazetteer, Hint, Home, Place, PlaceId, Position, Resolved, Travel, Wanted};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Point, SHORT_TEXT};
use crate::error::ApiError;

/// A point that is farther from the place than this is not in it, in kilometres.
const FAR_KM: f64 = 60.0;

/// A stop that lies so much farther off the way than another of its name is not the one that is meant: in
/// kilometres, and as a share of the way.
const OFF_THE_WAY: (f64, f64) = (100.0, 0.1);

/// How often two ends are looked at, each with the other in view, before they count as unclear.
const TURNS: usize = 3;

/// A place as people name it: by a name, or with more said about it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum PlaceInput {
    /// By name: `Москва`, `Киров, Калужская область`, `SVO`.
    #[schema(example = "Москва")]
    Name(String),
    /// By id, by name, or by a point.
    Said(PlaceSaid),
}

/// A place with more said about it: its id, or its name with what tells it from others, or a point.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlaceSaid {
    /// The gazetteer's id, as `/api/cities` has it.
    #[schema(value_type = Option<String>)]
    pub(in crate::http) place_id: Option<Number>,
    /// Its name.
    pub(in crate::http) name: Option<String>,
    /// The region it lies in.
    pub(in crate::http) region: Option<String>,
    /// The country it lies in: a name, or the ISO 3166 code.
    pub(in crate::http) country: Option<String>,
    /// Where exactly: degrees north,
    pub(in crate::http) lat: Option<f64>,
    /// and degrees east.
    pub(in crate::http) lon: Option<f64>,
}

/// An id, as a number or as text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::http) enum Number {
    Number(u32),
    Text(String),
}

impl PlaceInput {
    /// What a query says: a name, or an id, which counts before the name.
    pub(in crate::http) fn of_query(name: Option<String>, id: Option<String>) -> Option<Self> {
        match (name, id) {
            (_, Some(id)) => {
                Some(Self::Said(PlaceSaid { place_id: Some(Number::Text(id)), ..PlaceSaid::default() }))
            }
            (name, None) => name.map(Self::Name),
        }
    }

    /// Whether it says nothing.
    pub(in crate::http) fn is_blank(&self) -> bool {
        matches!(self, Self::Name(name) if name.trim().is_empty())
    }
}

/// A place, and where exactly.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Spot {
    pub(in crate::http) place: &'static Place,
    /// The point that was given, or the place's own.
    pub(in crate::http) position: Position,
}

impl Spot {
    /// A place, and no more.
    pub(in crate::http) fn of(place: &'static Place) -> Self {
        Self { place, position: place.position }
    }
}

/// What else is known when places are looked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Context<'a> {
    /// Whose places are meant before others.
    pub(in crate::http) home: &'a Home,
    /// How one travels, if that is said.
    pub(in crate::http) travel: Option<Travel>,
}

/// What was said of a place: it alone, or something to look for.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) enum Said<'a> {
    Known(Spot),
    Wanted(Wanted<'a>),
}

/// Both ends of a way, each with the other in view. A field that is wrong does not hide what is wrong with
/// the other one.
pub(in crate::http) fn both(
    context: Context<'_>,
    (from_field, from): (&'static str, Result<Said<'_>, ApiError>),
    (to_field, to): (&'static str, Result<Said<'_>, ApiError>),
) -> (Result<Spot, ApiError>, Result<Spot, ApiError>) {
    let (from, to) = match (from, to) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(error), Ok(to)) => return (Err(error), one(context, to_field, to)),
        (Ok(from), Err(error)) => return (one(context, from_field, from), Err(error)),
        (Err(first), Err(second)) => return (Err(first), Err(second)),
    };
    let alone = (look(context, from, None), look(context, to, None));
    let pair = match (settled(context, &alone.0, from, to), settled(context, &alone.1, to, from)) {
        (Some(pair), None) => Some(pair),
        (None, Some((to, from))) => Some((from, to)),
        (Some(one), Some((to, from))) if same(one, (from, to)) => Some(one),
        (Some(one), Some((to, from))) => {
            return (either(from_field, one.0, from), either(to_field, one.1, to));
        }
        (None, None) => None,
    };
    match pair {
        Some((one, other)) => (placed(from_field, from, one), placed(to_field, to, other)),
        None => {
            let seen_from = |end: &Resolved<'static>| match end {
                Resolved::One(place) => Some(place.position),
                _ => None,
            };
            let first = look(context, from, seen_from(&alone.1));
            let second = look(context, to, seen_from(&alone.0));
            (found(from_field, from, first), found(to_field, to, second))
        }
    }
}

/// The ends that are searched for, as far as they are said.
pub(in crate::http) fn of_search(
    context: Context<'_>,
    from: Option<&PlaceInput>,
    to: Option<&PlaceInput>,
) -> Result<(Option<&'static Place>, Option<&'static Place>), ApiError> {
    let said = |field, place| (field, read(field, place));
    let place = |spot: Spot| Some(spot.place);
    match (from, to) {
        (Some(from), Some(to)) => {
            let (from, to) = both(context, said("from", from), said("to", to));
            Ok((place(from?), place(to?)))
        }
        (Some(from), None) => Ok((place(one(context, "from", read("from", from)?)?), None)),
        (None, Some(to)) => Ok((None, place(one(context, "to", read("to", to)?)?))),
        (None, None) => Ok((None, None)),
    }
}

/// A place of which only itself is said.
fn one(context: Context<'_>, field: &'static str, said: Said<'_>) -> Result<Spot, ApiError> {
    found(field, said, look(context, said, None))
}

/// A place between two others: of several that bear the name, the one on the way.
pub(in crate::http) fn between(
    context: Context<'_>,
    field: &'static str,
    said: Said<'_>,
    (before, after): (Position, Position),
) -> Result<Spot, ApiError> {
    let mut candidates: Vec<&'static Place> = Vec::new();
    for end in [before, after] {
        match look(context, said, Some(end)) {
            Resolved::One(place) => candidates.push(place),
            Resolved::Ambiguous(places) => candidates.extend(places),
            unknown @ Resolved::Unknown(_) => return found(field, said, unknown),
        }
    }
    let off = |place: &Place| before.distance_km(place.position) + place.position.distance_km(after);
    candidates.sort_by(|one, other| off(one).total_cmp(&off(other)).then(one.id.cmp(&other.id)));
    candidates.dedup_by_key(|place| place.id);
    let [best, rivals @ ..] = &candidates[..] else { return Err(unknown(field, &[])) };
    let clear = off(best) + OFF_THE_WAY.0 + OFF_THE_WAY.1 * before.distance_km(after);
    if rivals.iter().any(|rival| off(rival) < clear) {
        return Err(ambiguous(field, &candidates));
    }
    placed(field, said, best)
}

/// Reads what is said of a place, without looking for it.
pub(in crate::http) fn read<'a>(field: &'static str, input: &'a PlaceInput) -> Result<Said<'a>, ApiError> {
    let said = match input {
        PlaceInput::Name(name) => return named(field, name, None, None, None),
        PlaceInput::Said(said) => said,
    };
    let point = match (said.lat, said.lon) {
        (Some(lat), Some(lon)) => Some(Point { lat, lon }.position(field)?),
        (None, None) => None,
        _ => return Err(ApiError::unprocessable(field, "a point needs lat and lon")),
    };
    let gazetteer = Gazetteer::bundled();
    let name = said.name.as_deref().filter(|name| !name.trim().is_empty());
    match (&said.place_id, name, point) {
        (Some(id), ..) => {
            let id = match id {
                Number::Number(id) => Some(*id),
                Number::Text(id) => id.trim().parse().ok(),
            };
            let place = id.and_then(|id| gazetteer.get(PlaceId(id)));
            let place = place.ok_or_else(|| ApiError::unprocessable(field, "unknown place_id"))?;
            let position = point.unwrap_or(place.position);
            check_distance(field, place, position)?;
            Ok(Said::Known(Spot { place, position }))
        }
        (None, Some(name), _) => named(field, name, said.region.as_deref(), said.country.as_deref(), point),
        (None, None, Some(position)) => {
            Ok(Said::Known(Spot { place: gazetteer.nearest(position), position }))
        }
        (None, None, None) => Err(ApiError::unprocessable(field, "a place needs a name, an id or a point")),
    }
}

fn named<'a>(
    field: &'static str,
    name: &'a str,
    region: Option<&'a str>,
    country: Option<&'a str>,
    near: Option<Position>,
) -> Result<Said<'a>, ApiError> {
    let words = [Some(name), region, country];
    if words.into_iter().flatten().any(|text| text.chars().count() > SHORT_TEXT) {
        return Err(ApiError::unprocessable(field, "must be at most 200 characters"));
    }
    if name.trim().is_empty() {
        return Err(ApiError::unprocessable(field, "must not be empty"));
    }
    let said = |text: &&str| !text.trim().is_empty();
    Ok(Said::Wanted(Wanted { name, region: region.filter(said), country: country.filter(said), near }))
}

/// Refuses a point that does not lie in the place or near it.
pub(in crate::http) fn check_distance(
    field: &'static str,
    place: &Place,
    point: Position,
) -> Result<(), ApiError> {
    if place.position.distance_km(point) > FAR_KM {
        return Err(ApiError::unprocessable(field, "this point is far from the place"));
    }
    Ok(())
}

fn look(context: Context<'_>, said: Said<'_>, other_end: Option<Position>) -> Resolved<'static> {
    match said {
        Said::Known(spot) => Resolved::One(spot.place),
        Said::Wanted(wanted) => {
            let hint = Hint { other_end, travel: context.travel, home: context.home };
            Gazetteer::bundled().resolve(&wanted, &hint)
        }
    }
}

/// Both ends, beginning with what the first one means alone, if each is still what the other one makes of it.
fn settled(
    context: Context<'_>,
    alone: &Resolved<'static>,
    first: Said<'_>,
    second: Said<'_>,
) -> Option<(&'static Place, &'static Place)> {
    let Resolved::One(mut one) = *alone else { return None };
    for _ in 0..TURNS {
        let Resolved::One(other) = look(context, second, Some(one.position)) else { return None };
        let Resolved::One(again) = look(context, first, Some(other.position)) else { return None };
        if again.id == one.id {
            return Some((one, other));
        }
        one = again;
    }
    None
}

fn same(one: (&Place, &Place), other: (&Place, &Place)) -> bool {
    (one.0.id, one.1.id) == (other.0.id, other.1.id)
}

fn either(field: &'static str, one: &'static Place, other: &'static Place) -> Result<Spot, ApiError> {
    if one.id == other.id { Ok(Spot::of(one)) } else { Err(ambiguous(field, &[one, other])) }
}

fn found(field: &'static str, said: Said<'_>, resolved: Resolved<'static>) -> Result<Spot, ApiError> {
    match resolved {
        Resolved::One(place) => placed(field, said, place),
        Resolved::Ambiguous(places) => Err(ambiguous(field, &places)),
        Resolved::Unknown(similar) => Err(unknown(field, &similar)),
    }
}

fn placed(field: &'static str, said: Said<'_>, place: &'static Place) -> Result<Spot, ApiError> {
    match said {
        Said::Known(spot) => Ok(spot),
        Said::Wanted(Wanted { near: Some(position), .. }) => {
            check_distance(field, place, position)?;
            Ok(Spot { place, position })
        }
        Said::Wanted(_) => Ok(Spot::of(place)),
    }
}

fn ambiguous(field: &'static str, places: &[&'static Place]) -> ApiError {
    ApiError::ambiguous_place(field).with_candidates(field, places)
}

fn unknown(field: &'static str, similar: &[&'static Place]) -> ApiError {
    ApiError::unprocessable(field, "unknown city").with_candidates(field, similar)
}

#[cfg(test)]
mod tests;
