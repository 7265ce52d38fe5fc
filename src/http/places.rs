//! Places by name or by position.

use actix_web::{HttpResponse, web};
use peerpack_actors::place::{Gazetteer, Kind, Place, PlaceId};
use peerpack_actors::stream::{self, PlaceView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Point, SHORT_TEXT};
use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem, request_id};
use crate::texts::language::Language;

/// How many places one answer lists.
const MOST: usize = 20;

/// How far `near` looks, in kilometres.
const NEAR_KM: f64 = 100.0;

/// Which places.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The beginning of a name in Russian, English or the language of the country, or an airport's code.
    /// Slips and the wrong keyboard layout are forgiven; a region or a country may follow after a comma.
    q: Option<String>,
    /// Around a point: `lat,lon`.
    near: Option<String>,
}

/// Places that match what was typed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cities {
    /// The names of the places.
    cities: Vec<String>,
    /// The same with more about them.
    places: Vec<City>,
}

/// A place.
#[derive(Debug, Serialize, ToSchema)]
pub struct City {
    /// The gazetteer's id.
    id: String,
    name_ru: String,
    name_en: String,
    lat: f64,
    lon: f64,
    /// IANA time zone.
    tz: String,
    /// ISO 3166 code.
    country: String,
    country_ru: String,
    country_en: String,
    /// The region it lies in, in the reader's language (`Accept-Language`); absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region_ru: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region_en: Option<String>,
    /// What it is.
    kind: CityKind,
    /// The id of the city that it is a district or an airport of.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
}

/// What a place is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CityKind {
    /// A city, a town or a district.
    Town,
    /// A small town or a village.
    Small,
    /// An airport.
    Airport,
}

/// A place with what it lies in: dozens of towns share a name.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceAround {
    #[serde(flatten)]
    place: PlaceView,
    /// ISO 3166 code of its country.
    #[schema(required = false)]
    country: &'static str,
    /// The region it lies in, Russian; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    region_ru: Option<&'static str>,
    /// The same, English.
    #[serde(skip_serializing_if = "Option::is_none")]
    region_en: Option<&'static str>,
}

/// A place of the gazetteer with what it lies in.
pub(super) fn around(id: PlaceId) -> PlaceAround {
    let known = Gazetteer::bundled().get(id);
    let region = known.and_then(|place| place.region);
    PlaceAround {
        place: stream::place(id),
        country: known.map_or("", |place| place.country),
        region_ru: region.map(|region| region.name_ru),
        region_en: region.map(|region| region.name_en),
    }
}

/// Places by the beginning of a name, or around a point; the largest of the first home country if nothing is
/// asked. Names that are exactly what was asked come first, then those that begin like it, then those that
/// differ by a slip; in each group those in the home countries come first.
#[utoipa::path(get, path = "/api/cities", operation_id = "find_cities", tag = "places", params(Which),
    responses((status = 200, body = Cities), (status = 400, body = Problem), (status = 422, body = Problem)))]
pub async fn cities(app: web::Data<App>, query: Query<Which>) -> Result<HttpResponse, ApiError> {
    let (gazetteer, home) = (Gazetteer::bundled(), &app.config.home_countries);
    let found: Vec<&Place> = match (&query.0.q, &query.0.near) {
        (Some(name), _) => gazetteer.suggestions(shortened(name), home, MOST),
        (None, Some(near)) => {
            let position = point(near)?.position("near")?;
            gazetteer.within(position, NEAR_KM).into_iter().map(|(place, _)| place).take(MOST).collect()
        }
        (None, None) => gazetteer.largest(home, MOST),
    };
    let cities = found.iter().map(|place| place.name_ru.to_owned()).collect();
    Ok(HttpResponse::Ok().json(Cities { cities, places: found.into_iter().map(city).collect() }))
}

/// No name is longer, and a client that sends more asks for work in vain.
fn shortened(name: &str) -> &str {
    name.char_indices().nth(SHORT_TEXT).map_or(name, |(end, _)| &name[..end])
}

fn point(text: &str) -> Result<Point, ApiError> {
    let numbers = text
        .split_once(',')
        .and_then(|(lat, lon)| Some((lat.trim().parse().ok()?, lon.trim().parse().ok()?)));
    let (lat, lon) = numbers.ok_or_else(|| ApiError::unprocessable("near", "must be lat,lon"))?;
    Ok(Point { lat, lon })
}

fn city(place: &Place) -> City {
    let country = Gazetteer::bundled().country(place.country);
    let (region_ru, region_en) = (
        place.region.map(|region| region.name_ru.to_owned()),
        place.region.map(|region| region.name_en.to_owned()),
    );
    City {
        id: place.id.to_string(),
        name_ru: place.name_ru.to_owned(),
        name_en: place.name_en.to_owned(),
        lat: place.position.lat,
        lon: place.position.lon,
        tz: place.tz.to_owned(),
        country: place.country.to_owned(),
        country_ru: country.map_or(place.country, |country| country.name_ru).to_owned(),
        country_en: country.map_or(place.country, |country| country.name_en).to_owned(),
        region: match request_id::language() {
            Language::Russian => region_ru.clone(),
            Language::English => region_en.clone(),
        },
        region_ru,
        region_en,
        kind: match place.kind {
            Kind::Town => CityKind::Town,
            Kind::Small => CityKind::Small,
            Kind::Airport => CityKind::Airport,
        },
        city: place.city.map(|PlaceId(city)| city.to_string()),
    }
}

/// The name of a place as the older Mini App shows it.
pub(in crate::http) fn place_name(id: PlaceId) -> String {
    place_name_in(Language::Russian, id)
}

/// The name of a place for a reader of a language.
pub(in crate::http) fn place_name_in(language: Language, id: PlaceId) -> String {
    Gazetteer::bundled().get(id).map_or_else(String::new, |place| {
        language.choose(place.name_ru.to_string(), place.name_en.to_string())
    })
}
