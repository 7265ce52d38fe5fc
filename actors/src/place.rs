//! Places: what a city is, where it lies, and finding one by name or by position.
//!
//! It knows the bundled gazetteer and nothing about trips, packages or matching. It does no I/O: the places
//! are compiled in. It never guesses: an unknown name is an absence, a likely one is a suggestion to show,
//! and a name that may mean several places is a list of them.

mod atlas;
mod compass;
mod folding;
mod gazetteer;
mod grid;
mod home;
mod layout;
mod names;
mod reading;
mod resolving;
mod spelling;
mod sphere;
mod suggesting;
mod tables;
mod territory;

use std::fmt;

use geo::{Distance, Haversine, Point};
use serde::{Deserialize, Serialize};

pub use atlas::{Crossing, Parts, Patches, PlaceIndex, Spot};
pub use compass::{CellIndex, Compass, SECTORS, Sectors};
pub use folding::folded;
pub use gazetteer::Gazetteer;
pub use home::{Home, NotACountry};
pub use resolving::{Hint, Resolved, Travel, Wanted};
pub(crate) use sphere::{degrees, half_width};
pub use tables::{ParseError, Problem, Table, Tables};

/// The place of a place among all in the gazetteer, by size: 0 is the most populous.
pub type PlaceRank = u16;

/// The id of a place, kept for good: that of GeoNames, and for an airport one of our own above them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct PlaceId(pub u32);

impl fmt::Display for PlaceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A point on the Earth, in degrees of WGS84.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Degrees")]
pub struct Position {
    /// Latitude, from -90 (south) to 90.
    pub lat: f64,
    /// Longitude, from -180 (west) to 180.
    pub lon: f64,
}

/// Degrees that no point on the Earth has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("latitude must be within -90..=90 and longitude within -180..=180")
    }
}

impl std::error::Error for OutOfRange {}

/// A position as it comes from outside, not checked yet.
#[derive(Deserialize)]
struct Degrees {
    lat: f64,
    lon: f64,
}

impl TryFrom<Degrees> for Position {
    type Error = OutOfRange;

    fn try_from(degrees: Degrees) -> Result<Self, OutOfRange> {
        Self::new(degrees.lat, degrees.lon)
    }
}

impl Position {
    /// Checks the degrees; what is not a number is out of range, too.
    pub fn new(lat: f64, lon: f64) -> Result<Self, OutOfRange> {
        let valid = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
        valid.then_some(Self { lat, lon }).ok_or(OutOfRange)
    }

    /// The same to 7 decimals of a degree, about a centimetre. A phone may send more digits than a program
    /// for tables keeps; what is stored so comes back as it was.
    #[must_use]
    pub fn rounded(self) -> Self {
        let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
        Self { lat: round(self.lat), lon: round(self.lon) }
    }

    /// The great-circle distance, in kilometres.
    #[must_use]
    pub fn distance_km(self, other: Self) -> f64 {
        let metres = Haversine.distance(Point::new(self.lon, self.lat), Point::new(other.lon, other.lat));
        metres / 1000.0
    }
}

/// A part of a country that has a government of its own: an oblast, a province.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// The ISO 3166 code of its country.
    pub country: &'static str,
    /// Its code in GeoNames.
    pub code: &'static str,
    /// Its Russian name, or the English one if no Russian name is known.
    pub name_ru: &'static str,
    /// Its English name.
    pub name_en: &'static str,
}

/// A country that places lie in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Country {
    /// Its ISO 3166 code: two capital letters.
    pub code: &'static str,
    /// Its Russian name.
    pub name_ru: &'static str,
    /// Its English name.
    pub name_en: &'static str,
}

/// What a place is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A city, a town or a district of one.
    Town,
    /// A small town or a village: known by name, and for the matching a part of what is around it.
    Small,
    /// An airport.
    Airport,
}

/// A city, a town, a district of a large city, or an airport.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    /// Its id.
    pub id: PlaceId,
    /// Its Russian name, or the English one if no Russian name is known.
    pub name_ru: &'static str,
    /// Its English name.
    pub name_en: &'static str,
    /// Where its centre is.
    pub position: Position,
    /// The IANA name of its time zone.
    pub tz: &'static str,
    /// The ISO 3166 code of its country: two capital letters.
    pub country: &'static str,
    /// The region it lies in, if that is known.
    pub region: Option<Region>,
    /// The city that it belongs to, if it is one of its districts or airports.
    pub city: Option<PlaceId>,
    /// What it is.
    pub kind: Kind,
    /// How many people live there; some counts are years old.
    pub population: u32,
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, MapDeserializer};

    use super::*;

    fn deserialized(lat: f64, lon: f64) -> Result<Position, Error> {
        Position::deserialize(MapDeserializer::new([("lat", lat), ("lon", lon)].into_iter()))
    }

    #[test]
    fn a_position_accepts_the_edges_of_the_earth() {
        for (lat, lon) in [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0)] {
            assert_eq!(Position::new(lat, lon), Ok(Position { lat, lon }));
        }
    }

    #[test]
    fn a_position_refuses_what_is_not_on_the_earth() {
        for (lat, lon) in [(90.1, 0.0), (-91.0, 0.0), (0.0, 180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Position::new(lat, lon), Err(OutOfRange));
        }
    }

    #[test]
    fn a_position_from_outside_is_checked() {
        assert_eq!(deserialized(55.75, 37.6).unwrap(), Position { lat: 55.75, lon: 37.6 });
        assert!(deserialized(155.75, 37.6).is_err());
    }

    #[test]
    fn a_rounded_position_has_seven_decimals_and_stays_as_it_is() {
        let exact = Position { lat: 55.7751234, lon: -37.6 };
        assert_eq!(exact.rounded(), exact);
        let longer = Position { lat: exact.lat + 4e-8, lon: exact.lon - 4e-8 };
        assert_eq!((longer.rounded(), longer == exact), (exact, false));
        assert_ne!(Position { lat: exact.lat + 1e-7, ..exact }.rounded(), exact);
    }

    #[test]
    fn moscow_is_about_635_km_from_saint_petersburg() {
        let moscow = Position::new(55.75204, 37.61781).unwrap();
        let petersburg = Position::new(59.93863, 30.31413).unwrap();
        assert!((moscow.distance_km(petersburg) - 634.0).abs() < 3.0);
        assert_eq!(moscow.distance_km(moscow), 0.0);
    }

    #[test]
    fn a_distance_over_the_antimeridian_is_the_short_one() {
        let west = Position::new(0.0, 179.5).unwrap();
        let east = Position::new(0.0, -179.5).unwrap();
        assert!((west.distance_km(east) - 111.2).abs() < 0.1);
    }
}
