//! Places by name or by position.

use actix_web::HttpResponse;
use peerpack_actors::place::{Gazetteer, Place};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::Point;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};

/// How many places one answer lists.
const MOST: usize = 20;

/// How far `near` looks, in kilometres.
const NEAR_KM: f64 = 100.0;

/// Which places.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The beginning of a name, in Russian or English.
    q: Option<String>,
    /// Around a point: `lat,lon`.
    near: Option<String>,
}

/// Places.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cities {
    /// Their names.
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
}

/// Places by the beginning of a name, or around a point; the largest if nothing is asked.
#[utoipa::path(get, path = "/api/cities", operation_id = "find_cities", tag = "places", params(Which),
    responses((status = 200, body = Cities), (status = 400, body = Problem), (status = 422, body = Problem)))]
pub async fn cities(query: Query<Which>) -> Result<HttpResponse, ApiError> {
    let gazetteer = Gazetteer::bundled();
    let found: Vec<&Place> = match (&query.0.q, &query.0.near) {
        (Some(name), _) => gazetteer.search(name, MOST),
        (None, Some(near)) => {
            let position = point(near)?.position("near")?;
            gazetteer.within(position, NEAR_KM).into_iter().map(|(place, _)| place).take(MOST).collect()
        }
        (None, None) => gazetteer.iter().take(MOST).collect(),
    };
    let cities = found.iter().map(|place| place.name_ru.to_owned()).collect();
    Ok(HttpResponse::Ok().json(Cities { cities, places: found.into_iter().map(city).collect() }))
}

fn point(text: &str) -> Result<Point, ApiError> {
    let numbers = text
        .split_once(',')
        .and_then(|(lat, lon)| Some((lat.trim().parse().ok()?, lon.trim().parse().ok()?)));
    let (lat, lon) = numbers.ok_or_else(|| ApiError::unprocessable("near", "must be lat,lon"))?;
    Ok(Point { lat, lon })
}

fn city(place: &Place) -> City {
    City {
        id: place.id.to_string(),
        name_ru: place.name_ru.to_owned(),
        name_en: place.name_en.to_owned(),
        lat: place.position.lat,
        lon: place.position.lon,
        tz: place.tz.to_owned(),
        country: place.country.to_owned(),
    }
}
