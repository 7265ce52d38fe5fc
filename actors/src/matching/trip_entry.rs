//! A trip as the matching sees it: the anchors it passes, and what is left of its room and its detour budget.

use std::sync::Arc;

use geo::{Haversine, InterpolatePoint, Point};
use smallvec::SmallVec;

use crate::ids::{TripId, UserId};
use crate::load::Load;
use crate::matching::Settings;
use crate::money::Amount;
use crate::place::{Gazetteer, PlaceId, Position};
use crate::time::Time;
use crate::trip::{LegIndex, Stop, Transport, Trip};

/// The error of a circle around the middle of a long leg, in kilometres.
const MARGIN_KM: f64 = 1.0;

/// A place where a package can get on or off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anchor {
    /// The place.
    pub place: PlaceId,
    /// The first leg used by a package that gets on here.
    pub board: LegIndex,
    /// One past the last leg used by a package that gets off here.
    pub alight: LegIndex,
    /// When the courier gets here: a package that gets off is delivered then.
    pub arrive: Time,
    /// When the courier goes on: a package that gets on has to be there by then.
    pub depart: Time,
    /// What a hand-over here takes of the detour budget, in minutes, rounded up; 0 at a stop.
    pub detour_min: u32,
    /// The extra way on the road, in metres.
    pub detour_m: u32,
}

/// A trip in the index.
#[derive(Clone, PartialEq, Debug)]
pub struct TripEntry {
    /// The trip.
    pub id: TripId,
    /// Who travels.
    pub courier: UserId,
    /// Where packages can get on and off, in the order of the way. They never change after publication.
    pub anchors: Arc<[Anchor]>,
    /// Room left on each leg.
    pub left: SmallVec<[Load; 4]>,
    /// Minutes of the detour budget that are left.
    pub detour_left_min: u32,
    /// When the courier leaves the first stop.
    pub departs: Time,
    /// When the courier reaches the last stop.
    pub arrives: Time,
    /// What the courier asks per parcel, if stated.
    pub price: Option<Amount>,
    /// The version of the trip this entry was made of.
    pub version: i64,
    /// Whether the trip can still take packages.
    pub live: bool,
}

impl TripEntry {
    /// The entry of a trip. Finding the anchors is the costly part; see [`TripEntry::renewed`].
    #[must_use]
    pub fn of(trip: &Trip, gazetteer: &Gazetteer, settings: &Settings) -> Self {
        Self::with_anchors(trip, anchors(trip, gazetteer, settings).into())
    }

    /// The entry of the same trip after its room, budget or state has changed. The way is as published, so the
    /// anchors are shared with this entry.
    #[must_use]
    pub fn renewed(&self, trip: &Trip) -> Self {
        Self::with_anchors(trip, Arc::clone(&self.anchors))
    }

    fn with_anchors(trip: &Trip, anchors: Arc<[Anchor]>) -> Self {
        Self {
            id: trip.id,
            courier: trip.courier,
            anchors,
            left: SmallVec::from_slice(&trip.left),
            detour_left_min: trip.detour_left_min(),
            departs: trip.departs(),
            arrives: trip.arrives(),
            price: trip.draft.price,
            version: trip.version,
            live: trip.state.is_live(),
        }
    }

    /// The places of the anchors, in order.
    pub fn places(&self) -> impl Iterator<Item = PlaceId> {
        self.anchors.iter().map(|anchor| anchor.place)
    }
}

/// The stops of a trip and the places near its way, in the order in which the courier passes them.
fn anchors(trip: &Trip, gazetteer: &Gazetteer, settings: &Settings) -> Vec<Anchor> {
    let stops = &trip.draft.stops;
    let corridor = corridor(trip, gazetteer, settings);
    let mut anchors = Vec::with_capacity(stops.len() + corridor.len());
    let mut on_legs = corridor.into_iter().peekable();
    for (stop, leg) in stops.iter().zip(0..) {
        anchors.push(at_stop(stop, leg));
        while let Some(anchor) = on_legs.next_if(|anchor| anchor.board == leg) {
            anchors.push(anchor);
        }
    }
    anchors
}

const fn at_stop(stop: &Stop, leg: LegIndex) -> Anchor {
    Anchor {
        place: stop.place,
        board: leg,
        alight: leg,
        arrive: stop.arrive,
        depart: stop.depart,
        detour_min: 0,
        detour_m: 0,
    }
}

/// The places whose detour fits the published budget, by leg and time. A place that fits on several legs is on
/// each of them: on the way out and on the way back it serves different packages.
fn corridor(trip: &Trip, gazetteer: &Gazetteer, settings: &Settings) -> Vec<Anchor> {
    let (stops, transport) = (&trip.draft.stops, trip.draft.transport);
    let budget_min = trip.draft.max_detour_min;
    if !transport.can_detour() || budget_min < settings.hand_over_min {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (leg, ends) in (0..).zip(stops.windows(2)) {
        let leg = Leg::new(leg, &ends[0], &ends[1], transport);
        let near = leg.reachable(gazetteer, budget_min, settings);
        let near = near.filter(|(place, _)| stops.iter().all(|stop| stop.place != *place));
        found.extend(near.filter_map(|(place, at)| leg.anchor(place, at, budget_min, settings)));
    }
    if found.len() > settings.max_corridor_anchors {
        found.sort_unstable_by_key(|anchor| (anchor.detour_m, anchor.board, anchor.place));
        found.truncate(settings.max_corridor_anchors);
    }
    found.sort_unstable_by_key(|anchor| (anchor.board, anchor.arrive, anchor.detour_m, anchor.place));
    found
}

/// The way between two stops.
struct Leg<'a> {
    index: LegIndex,
    start: &'a Stop,
    end: &'a Stop,
    direct_km: f64,
    transport: Transport,
}

impl<'a> Leg<'a> {
    fn new(index: LegIndex, start: &'a Stop, end: &'a Stop, transport: Transport) -> Self {
        Self { index, start, end, direct_km: start.position.distance_km(end.position), transport }
    }

    /// Places that may be within the budget: all that are, and some that are not. Those that are lie in an
    /// ellipse around the two stops, and the ellipse lies in this circle.
    fn reachable<'g>(
        &self,
        gazetteer: &'g Gazetteer,
        budget_min: u32,
        settings: &Settings,
    ) -> impl Iterator<Item = (PlaceId, Position)> + use<'g> {
        let driving_h = f64::from(budget_min - settings.hand_over_min) / 60.0;
        let extra_km = driving_h * self.transport.speed_kmh() / settings.road_factor;
        let middle = middle(self.start.position, self.end.position);
        let near = gazetteer.within(middle, f64::midpoint(self.direct_km, extra_km) + MARGIN_KM);
        near.into_iter().map(|(place, _)| (place.id, place.position))
    }

    /// The anchor at a place, if the detour there fits the budget.
    fn anchor(&self, place: PlaceId, at: Position, budget_min: u32, settings: &Settings) -> Option<Anchor> {
        let (from_km, to_km) = (self.start.position.distance_km(at), at.distance_km(self.end.position));
        let extra_km = settings.road_factor * (from_km + to_km - self.direct_km).max(0.0);
        let driving_min = (extra_km / self.transport.speed_kmh() * 60.0).ceil();
        if driving_min > f64::from(budget_min - settings.hand_over_min) {
            return None;
        }
        let whole_km = from_km + to_km;
        let share = if whole_km > 0.0 { from_km / whole_km } else { 0.0 };
        let time = self.start.depart.between(self.end.arrive, share);
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the budget, which is at most a day")]
        #[expect(clippy::cast_sign_loss, reason = "never negative")]
        let (driving_min, detour_m) = (driving_min as u32, (extra_km * 1_000.0).round() as u32);
        Some(Anchor {
            place,
            board: self.index,
            alight: self.index + 1,
            arrive: time,
            depart: time,
            detour_min: driving_min + settings.hand_over_min,
            detour_m,
        })
    }
}

fn middle(start: Position, end: Position) -> Position {
    let point = |at: Position| Point::new(at.lon, at.lat);
    let middle = Haversine.point_at_ratio_between(point(start), point(end), 0.5);
    Position { lat: middle.y(), lon: middle.x() }
}
