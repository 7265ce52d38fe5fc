//! Where an address is, as far as the server knows places.
//!
//! It knows towns, and no streets: of an address it looks for the town, wherever that stands, and says that
//! the point is no more than that.

use actix_web::{HttpResponse, web};
use peerpack_actors::place::{Gazetteer, Hint, Home, Place, Resolved, Wanted, folded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, SHORT_TEXT};

/// How many parts of an address are looked at: no address has more that matter.
const MAX_PARTS: usize = 8;

/// Words beside the name of a street.
const STREETS: &[&str] = &[
    "ул",
    "улица",
    "пр",
    "просп",
    "проспект",
    "пер",
    "переулок",
    "пл",
    "площадь",
    "наб",
    "набережная",
    "ш",
    "шоссе",
    "бульвар",
    "проезд",
    "аллея",
    "тупик",
    "мкр",
    "микрорайон",
    "street",
    "avenue",
    "road",
    "lane",
];

/// Words in front of a number.
const NUMBERED: &[&str] =
    &["д", "дом", "к", "корп", "корпус", "стр", "строение", "кв", "квартира", "оф", "офис", "подъезд"];

/// An address.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Geocode {
    /// A town, or an address with its town: `Казань`, `г. Казань, ул. Пушкина, 5`.
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
    /// The address says more than the place that was found, such as a street: the point is the middle of that
    /// place, which may be kilometres from the address.
    is_coarse: bool,
}

/// Looks an address up among the places that the server knows: towns, districts and airports. Of an address
/// with a street the town is found, and `is_coarse` says so.
#[utoipa::path(post, path = "/api/orders/geocode", operation_id = "geocode_address", tag = "orders",
    security(("bearer" = [])), request_body = Geocode,
    responses((status = 200, body = Geocoded), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn geocode(app: web::Data<App>, body: Body<Geocode>) -> Result<HttpResponse, ApiError> {
    let address = input::required("address", Some(body.0.address), SHORT_TEXT)?;
    Ok(HttpResponse::Ok().json(match found(&address, &app.config.home_countries) {
        Some((place, is_coarse)) => Geocoded {
            status: GeocodeStatus::Ok,
            lat: Some(place.position.lat),
            lon: Some(place.position.lon),
            display_name: Gazetteer::bundled().full_name(place, true),
            is_coarse,
        },
        None => Geocoded {
            status: GeocodeStatus::NotFound,
            lat: None,
            lon: None,
            display_name: String::new(),
            is_coarse: false,
        },
    }))
}

/// The place that an address is in, and whether the address says more than that.
fn found(address: &str, home: &Home) -> Option<(&'static Place, bool)> {
    let places = Gazetteer::bundled();
    if let Some(place) = places.find(address) {
        return Some((place, false));
    }
    let hint = Hint { other_end: None, travel: None, home };
    let meant = |name: &str| match places.resolve(&Wanted::named(name), &hint) {
        Resolved::One(place) => Some(place),
        // It is shown with its region, so that who asks sees whether it is the one.
        Resolved::Ambiguous(all) => all.first().copied(),
        Resolved::Unknown(_) => None,
    };
    let (mut names, mut is_coarse) = (Vec::new(), false);
    let parts = address.split([',', ';']).map(folded).filter(|part| !part.is_empty());
    for part in parts.take(MAX_PARTS) {
        let words: Vec<&str> = part.split(' ').filter(|word| !is_postcode(word)).collect();
        let (name, rest) = words.split_at(in_name(&words));
        is_coarse |= !rest.is_empty();
        if !name.is_empty() {
            names.push(name.join(" "));
        }
    }
    if names.is_empty() {
        return None;
    }
    // With what the place lies in, if all of it is known; else by whichever part is one.
    match meant(&names.join(", ")) {
        Some(place) => Some((place, is_coarse)),
        None => names.iter().find_map(|name| meant(name)).map(|place| (place, true)),
    }
}

fn is_postcode(word: &str) -> bool {
    word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// How many words at the beginning of a part may be the name of a place: those before a street or a number;
/// none if they are the name of that street.
fn in_name(words: &[&str]) -> usize {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    for (n, word) in words.iter().enumerate() {
        let a_name_follows = words.get(n + 1).is_some_and(|next| !is_number(next));
        if STREETS.contains(word) {
            return if a_name_follows { n } else { 0 };
        }
        if is_number(word) || (NUMBERED.contains(word) && !a_name_follows) {
            return n;
        }
    }
    words.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_town_of_an_address_is_found_wherever_it_stands() {
        let home = Home::default();
        for (address, expected) in [
            ("Казань", Some(("Казань", false))),
            ("г. Казань", Some(("Казань", false))),
            ("город Казань", Some(("Казань", false))),
            ("Казань, ул. Баумана, 1", Some(("Казань", true))),
            ("г. Казань, ул. Пушкина", Some(("Казань", true))),
            ("г.Казань ул.Пушкина 5", Some(("Казань", true))),
            ("420111, г. Казань", Some(("Казань", false))),
            ("420111, Республика Татарстан, г. Казань, Кремлёвская улица, д. 2", Some(("Казань", true))),
            ("ул. Пушкина, д. 5, кв. 1, Казань", Some(("Казань", true))),
            ("Кремлёвский проспект 5, гор. Казань", Some(("Казань", true))),
            ("с. Пестрецы, ул. Советская, 1", Some(("Пестрецы", true))),
            ("пос. Высокая Гора", Some(("Высокая Гора", false))),
            ("ул. Московская, 5", None),
            ("Московское шоссе", None),
            ("Ыыыыыы", None),
            (", ; 5", None),
        ] {
            let found = found(address, &home).map(|(place, is_coarse)| (place.name_ru, is_coarse));
            assert_eq!(found, expected, "{address}");
        }
        let kirov = found("Калужская область, г. Киров, ул. Ленина", &home).unwrap();
        assert_eq!(kirov.0.region.map(|region| region.name_ru), Some("Калужская область"));
        assert!(kirov.1);
    }
}
