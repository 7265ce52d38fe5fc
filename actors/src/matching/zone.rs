//! Zones: the places that stand for one end of a package.
//!
//! Its own place, the most populous ones around it, and the whole city that it belongs to: a trip that stops
//! at an airport or in a district serves anybody who is elsewhere in the city, and the way between the two
//! counts as a detour.

use std::ops::Deref;

use smallvec::SmallVec;

use crate::market::package::End;
use crate::market::trip::Transport;
use crate::matching::Settings;
use crate::place::{Gazetteer, Place, PlaceId, PlaceIndex, PlaceRank, Position, Spot};

/// The places that stand for one end of a package, its own first; a small one is stood for by the nearest
/// that is none.
#[derive(Clone, Debug)]
pub struct Zone {
    spots: SmallVec<[&'static Spot; 3]>,
    /// The city whose districts and airports are all in it.
    city: Option<&'static Spot>,
    /// The rank of its own place.
    own: Option<PlaceRank>,
    /// How far its own place lies from the first of the spots, in kilometres.
    off_km: f64,
    /// Up to here the way to another place counts as nothing, in kilometres.
    free_km: f64,
    gazetteer: &'static Gazetteer,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        (&self.spots, self.city, self.own) == (&other.spots, other.city, other.own)
    }
}

impl Deref for Zone {
    type Target = [&'static Spot];

    fn deref(&self) -> &[&'static Spot] {
        &self.spots
    }
}

impl Zone {
    /// Nothing but these places, the first being its own.
    #[must_use]
    pub fn of(spots: &[&'static Spot], gazetteer: &'static Gazetteer) -> Self {
        let own = spots.first().and_then(|spot| gazetteer.rank_of(spot.place));
        Self { spots: spots.into(), city: None, own, off_km: 0.0, free_km: f64::MAX, gazetteer }
    }

    /// The city, if a stop in one of its districts or at one of its airports serves this zone and is not a
    /// place of it.
    pub(super) fn city_of_district(&self, place: PlaceIndex) -> Option<&'static Spot> {
        let city = self.city?;
        let serves = city.has_district(place) && self.spots.iter().all(|spot| spot.index != place);
        serves.then_some(city)
    }

    /// The place of a rank.
    pub(super) fn place_of(&self, rank: PlaceRank) -> Option<PlaceId> {
        self.gazetteer.ranked(rank).map(|place| place.id)
    }

    /// The way by road from its own place to a stop, in metres; nothing for one around the corner.
    pub(super) fn way_to_stop_m(&self, index: PlaceIndex, rank: PlaceRank, road_factor: f32) -> u32 {
        if self.own == Some(rank) { 0 } else { self.way_m(index, self.gazetteer.off_km(rank), road_factor) }
    }

    /// The way by road from its own place to another one that is no small one, in metres.
    pub(super) fn way_to_m(&self, index: PlaceIndex, road_factor: f32) -> u32 {
        self.way_m(index, 0.0, road_factor)
    }

    fn way_m(&self, index: PlaceIndex, further_km: f64, road_factor: f32) -> u32 {
        let Some(first) = self.spots.first() else { return 0 };
        let km = first.km_to(index) + self.off_km + further_km;
        #[expect(clippy::cast_possible_truncation, reason = "less than the way around the Earth")]
        #[expect(clippy::cast_sign_loss, reason = "never negative")]
        let metres = (f64::from(road_factor) * km * 1_000.0).round() as u32;
        if km <= self.free_km { 0 } else { metres }
    }
}

/// How long a way between a place and the hand-over takes, in minutes: anybody who goes it takes a car.
pub(super) fn way_min(metres: u32) -> u32 {
    let minutes = (f64::from(metres) / (Transport::Car.speed_kmh() * 1_000.0 / 60.0)).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and a few weeks"
    )]
    let minutes = minutes as u32;
    minutes
}

/// The zone of a place, whatever the other end is. Trips mostly stop in the city, not in the district next
/// door, so size counts more than nearness among the neighbours.
#[must_use]
pub fn zone(place: PlaceId, position: Position, gazetteer: &'static Gazetteer, settings: &Settings) -> Zone {
    with_city(neighbourhood(place, position, gazetteer, settings, |_, _| true), |_, _| true)
}

/// The zones of the two ends of a way, for anybody who looks for a courier. In one city, only places count.
#[must_use]
pub fn zones(from: &Place, to: &Place, gazetteer: &'static Gazetteer, settings: &Settings) -> (Zone, Zone) {
    let in_one_city = in_one_city(from.id, to.id, gazetteer);
    let around = |place: &Place| {
        let zone = neighbourhood(place.id, place.position, gazetteer, settings, |_, _| true);
        if in_one_city { zone } else { with_city(zone, |_, _| true) }
    };
    (around(from), around(to))
}

/// The zone of an end, without places that are nearer to the other end: through those a short way would be
/// carried backwards.
pub(super) fn end_zone(end: &End, other: &End, gazetteer: &'static Gazetteer, settings: &Settings) -> Zone {
    let other_index = gazetteer.index_of(other.place);
    let belongs = |index, position: Position| {
        Some(index) != other_index
            && position.distance_km(end.position) < position.distance_km(other.position)
    };
    let zone = neighbourhood(end.place, end.position, gazetteer, settings, belongs);
    if in_one_city(end.place, other.place, gazetteer) { zone } else { with_city(zone, belongs) }
}

/// Whether both places belong to one city: from one part of it to another, a third does not serve.
fn in_one_city(one: PlaceId, other: PlaceId, gazetteer: &Gazetteer) -> bool {
    let city = |place| gazetteer.index_of(place).map(|index| gazetteer.city_of(index));
    city(one) == city(other)
}

/// The place itself and the most populous others around the position.
fn neighbourhood(
    place: PlaceId,
    position: Position,
    gazetteer: &'static Gazetteer,
    settings: &Settings,
    belongs: impl Fn(PlaceIndex, Position) -> bool,
) -> Zone {
    let index = gazetteer.index_of(place);
    let (own, free_km) = (gazetteer.rank_of(place), settings.zone_radius_km);
    let off_km = own.map_or(0.0, |own| gazetteer.off_km(own));
    let mut spots: SmallVec<[&'static Spot; 3]> =
        index.map(|index| gazetteer.spot(index)).into_iter().collect();
    let mut around = gazetteer.numbered_within(position, settings.zone_radius_km);
    around.retain(|(other, at, _)| Some(*at) != index && belongs(*at, other.position));
    // Stable: of two equally populous places the nearer one stays first.
    around.sort_by_key(|(other, ..)| std::cmp::Reverse(other.population));
    let neighbours = around.iter().take(settings.zones_per_end.saturating_sub(1));
    spots.extend(neighbours.map(|(_, at, _)| gazetteer.spot(*at)));
    Zone { spots, city: None, own, off_km, free_km, gazetteer }
}

/// The same with the whole city that its place belongs to.
fn with_city(mut zone: Zone, belongs: impl Fn(PlaceIndex, Position) -> bool) -> Zone {
    let Some(first) = zone.spots.first() else { return zone };
    let city = zone.gazetteer.spot(zone.gazetteer.city_of(first.index));
    let is_in = zone.spots.iter().any(|spot| spot.index == city.index);
    if city.is_city() && (is_in || belongs(city.index, city.position)) {
        zone.city = Some(city);
        if !is_in {
            zone.spots.push(city);
        }
    }
    zone
}
