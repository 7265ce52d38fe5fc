//! What somebody may have meant who named a place.

use peerpack_actors::place::Place;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A place that may have been meant. Ask again with its `place_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    /// The field that it was named in.
    pub field: String,
    /// The gazetteer's id.
    pub place_id: String,
    /// Its Russian name.
    pub name_ru: String,
    /// Its English name.
    pub name_en: String,
    /// The Russian name of the region it lies in, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The English name of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region_en: Option<String>,
    /// ISO 3166 code.
    pub country: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// What may have been meant: boxed, because few errors have it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Meant {
    pub(super) suggestions: Vec<String>,
    pub(super) candidates: Vec<Candidate>,
}

impl Candidate {
    pub(super) fn of(field: &str, place: &Place) -> Self {
        Self {
            field: field.to_owned(),
            place_id: place.id.to_string(),
            name_ru: place.name_ru.to_owned(),
            name_en: place.name_en.to_owned(),
            region: place.region.map(|region| region.name_ru.to_owned()),
            region_en: place.region.map(|region| region.name_en.to_owned()),
            country: place.country.to_owned(),
            lat: place.position.lat,
            lon: place.position.lon,
        }
    }
}
