//! Where an address is, as far as the server knows places.

use actix_web::HttpResponse;
use peerpack_actors::place::Gazetteer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, SHORT_TEXT};

/// An address.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Geocode {
    /// A town, or an address with its town.
    address: String,
}

/// What was found of an address.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GeocodeStatus {
    /// It is there.
    Ok,
    /// Nothing of this name is known.
    NotFound,
}

/// Where an address is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Geocoded {
    status: GeocodeStatus,
    lat: Option<f64>,
    lon: Option<f64>,
    display_name: String,
}

/// Looks an address up among the places that the server knows: towns, districts and airports.
#[utoipa::path(post, path = "/api/orders/geocode", operation_id = "geocode_address", tag = "orders",
    security(("bearer" = [])), request_body = Geocode,
    responses((status = 200, body = Geocoded), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn geocode(body: Body<Geocode>) -> Result<HttpResponse, ApiError> {
    let address = input::required("address", Some(body.0.address), SHORT_TEXT)?;
    let places = Gazetteer::bundled();
    let mut parts = address.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
    let place = places.find(&address).or_else(|| parts.find_map(|part| places.find(part)));
    Ok(HttpResponse::Ok().json(match place {
        Some(place) => Geocoded {
            status: GeocodeStatus::Ok,
            lat: Some(place.position.lat),
            lon: Some(place.position.lon),
            display_name: places.full_name(place, true),
        },
        None => {
            Geocoded { status: GeocodeStatus::NotFound, lat: None, lon: None, display_name: String::new() }
        }
    }))
}
