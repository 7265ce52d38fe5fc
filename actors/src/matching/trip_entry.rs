//! A trip as the matching sees it: its stops, what is left of its room and its detour budget, and from these
//! the anchors at which a package can get on and off.
//!
//! Anchors are worked out when somebody asks for those at certain places, never kept: a car with an hour to
//! spare passes dozens of them, and three numbers from the table of distances say all about each.

use smallvec::SmallVec;

use crate::ids::{TripId, UserId};
use crate::leg::LegIndex;
use crate::market::load::Load;
use crate::market::trip::{Stop, Transport, Trip};
use crate::matching::{Settings, Zone};
use crate::money::{Amount, Currency};
use crate::place::{Gazetteer, PlaceId, PlaceIndex, PlaceRank, Spot};
use crate::time::{Span, Time};

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
    /// The way by road between here and the package's own place, in metres. It takes nothing of the budget:
    /// who goes it is for people to settle.
    pub way_m: u32,
}

impl Anchor {
    /// Sorts anchors in the order in which the courier passes them.
    #[must_use]
    pub const fn order(&self) -> (u16, Time, u32, PlaceId) {
        // Twice the number of a stop, and the odd numbers for the legs in between.
        (self.board + self.alight, self.arrive, self.detour_m, self.place)
    }
}

/// A stop of an entry, with the leg that follows. Half of what a trip costs in memory, so nothing in it is
/// wider than it must be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Halt {
    pub(super) arrive: Time,
    /// How long the courier stays: less than [`MAX_DURATION`](crate::market::trip::MAX_DURATION).
    stay_ms: u32,
    /// The great circle to the next stop.
    leg_km: f32,
    /// `NOWHERE` for a place that the gazetteer does not have.
    pub(super) index: PlaceIndex,
    /// The place itself, which may be a small one that has the number of another.
    pub(super) rank: PlaceRank,
    /// Room left on the leg that follows; none after the last stop.
    pub(super) left: Load,
}

pub(super) const NOWHERE: PlaceIndex = PlaceIndex::MAX;

impl Halt {
    pub(super) fn depart(&self) -> Time {
        self.arrive + Span::from_ms(i64::from(self.stay_ms))
    }
}

/// A trip in the index. In this order of fields what decides whether it can carry a package is in one cache
/// line, mostly.
#[derive(Clone, PartialEq, Debug)]
#[repr(C)]
pub struct TripEntry {
    pub(super) halts: Box<[Halt]>,
    /// Minutes of the detour budget that are left.
    pub detour_left_min: u32,
    pub(super) road_factor: f32,
    pub(super) max_detour_min: u16,
    pub(super) hand_over_min: u16,
    pub(super) transport: Transport,
    /// Whether the trip can still take packages.
    pub live: bool,
    /// What the courier asks per parcel, with the currency if it is stated.
    asks_currency: Option<Currency>,
    asks_minor: i64,
    /// The version of the trip this entry was made of.
    pub version: i64,
    /// The trip.
    pub id: TripId,
    /// The courier who travels.
    pub courier: UserId,
}

impl TripEntry {
    /// The entry of a trip.
    #[must_use]
    pub fn of(trip: &Trip, gazetteer: &Gazetteer, settings: &Settings) -> Self {
        let mut halts: Vec<Halt> = Vec::with_capacity(trip.draft.stops.len());
        for stop in &trip.draft.stops {
            let index = gazetteer.index_of(stop.place).unwrap_or(NOWHERE);
            if let Some(last) = halts.last_mut()
                && last.index != NOWHERE
                && index != NOWHERE
            {
                #[expect(clippy::cast_possible_truncation, reason = "it was rounded to that before")]
                let leg_km = gazetteer.km_between(last.index, index) as f32;
                last.leg_km = leg_km;
            }
            halts.push(halt(stop, index, gazetteer.rank_of(stop.place).unwrap_or(NOWHERE)));
        }
        let small = |min: u32| u16::try_from(min).unwrap_or(u16::MAX);
        #[expect(clippy::cast_possible_truncation, reason = "a factor a little above 1, with few digits")]
        let road_factor = settings.road_factor as f32;
        let mut entry = Self {
            id: trip.id,
            courier: trip.courier,
            halts: halts.into(),
            asks_minor: trip.draft.price.map_or(0, |price| price.minor),
            asks_currency: trip.draft.price.map(|price| price.currency),
            version: 0,
            detour_left_min: 0,
            max_detour_min: small(trip.draft.max_detour_min),
            hand_over_min: small(settings.hand_over_min),
            road_factor,
            transport: trip.draft.transport,
            live: false,
        };
        entry.renew(trip);
        entry
    }

    /// The entry of a trip as it was published: alive, with all its room.
    #[must_use]
    pub fn as_published(trip: &Trip, gazetteer: &Gazetteer, settings: &Settings) -> Self {
        let mut entry = Self::of(trip, gazetteer, settings);
        let legs = entry.legs();
        entry.halts[..legs].iter_mut().for_each(|halt| halt.left = trip.draft.capacity);
        entry.detour_left_min = trip.draft.max_detour_min;
        entry.live = true;
        entry
    }

    /// The entry of the same trip after its room, budget or state has changed.
    #[must_use]
    pub fn renewed(&self, trip: &Trip) -> Self {
        let mut entry = self.clone();
        entry.renew(trip);
        entry
    }

    fn renew(&mut self, trip: &Trip) {
        for (halt, left) in self.halts.iter_mut().zip(&trip.left) {
            halt.left = *left;
        }
        self.detour_left_min = trip.detour_left_min();
        self.version = trip.version;
        self.live = trip.state.is_live();
    }

    /// What the courier asks per parcel, if stated.
    #[must_use]
    pub fn price(&self) -> Option<Amount> {
        self.asks_currency.map(|currency| Amount::new(self.asks_minor, currency))
    }

    /// When the courier leaves the first stop.
    #[must_use]
    pub fn departs(&self) -> Time {
        self.halts[0].depart()
    }

    /// When the courier reaches the last stop.
    #[must_use]
    pub const fn arrives(&self) -> Time {
        self.halts[self.halts.len() - 1].arrive
    }

    /// The places of the stops, in order: nothing for one that the gazetteer does not have.
    pub fn stops(&self) -> impl Iterator<Item = Option<PlaceIndex>> {
        self.halts.iter().map(|halt| Some(halt.index).filter(|index| *index != NOWHERE))
    }

    /// Something of the entry, for a caller that wants it fetched from memory.
    pub(super) const fn touch(&self) -> u32 {
        self.detour_left_min
    }

    /// Something of every cache line of the stops; free of branches.
    pub(super) fn touch_stops(&self) -> u32 {
        let [.., last] = &self.halts[..] else { return 0 };
        self.halts[0].stay_ms ^ self.halts[self.halts.len() / 2].stay_ms ^ last.stay_ms
    }

    /// Room left on a leg.
    #[must_use]
    pub const fn left(&self, leg: LegIndex) -> Load {
        self.halts[leg as usize].left
    }

    /// Room left on each leg.
    #[must_use]
    pub fn room(&self) -> SmallVec<[Load; 4]> {
        self.halts[..self.legs()].iter().map(|halt| halt.left).collect()
    }

    /// Whether the trip has more room, or time for detours, than this entry says.
    #[must_use]
    pub fn has_grown(&self, trip: &Trip) -> bool {
        let more_room = self.halts.iter().zip(&trip.left).any(|(halt, left)| !left.fits(halt.left));
        more_room || trip.detour_left_min() > self.detour_left_min
    }

    /// Whether accepted packages have used some of the detour budget.
    #[must_use]
    pub const fn has_detours(&self) -> bool {
        self.detour_left_min < self.max_detour_min as u32
    }

    /// How many legs there are.
    #[must_use]
    pub const fn legs(&self) -> usize {
        self.halts.len() - 1
    }

    /// Whether the way is the same, in place and time: room and budget may differ.
    pub(super) fn is_same_way(&self, other: &Self) -> bool {
        let way =
            |entry: &Self| (entry.max_detour_min, entry.hand_over_min, entry.transport, entry.halts.len());
        let place_and_time = |halt: &Halt| (halt.index, halt.rank, halt.arrive, halt.stay_ms);
        way(self) == way(other)
            && self.road_factor.to_bits() == other.road_factor.to_bits()
            && self.halts.iter().map(place_and_time).eq(other.halts.iter().map(place_and_time))
    }

    /// How much longer the great circles of a leg may become, in kilometres; nothing if the courier never
    /// leaves the way. A place within this may still be too far for the minutes left, never the other way
    /// round.
    pub(super) fn extra_km(&self) -> Option<f64> {
        let driving_min = self.max_detour_min.checked_sub(self.hand_over_min)?;
        let hours = f64::from(driving_min) / 60.0;
        self.transport
            .can_detour()
            .then(|| hours * self.transport.speed_kmh() / f64::from(self.road_factor) + 0.01)
    }

    /// The anchors in a zone, in no particular order. A place that fits on several legs is on each of them:
    /// on the way out and on the way back it serves different packages.
    #[must_use]
    pub fn anchors_at(&self, zone: &Zone) -> SmallVec<[Anchor; 6]> {
        let mut anchors = SmallVec::new();
        let extra_km = self.extra_km();
        for spot in zone.iter() {
            let mut is_stop = false;
            for (halt, leg) in self.halts.iter().zip(0..) {
                if halt.index == spot.index {
                    is_stop = true;
                    anchors.push(self.at_stop(zone, spot, halt, leg));
                }
            }
            if let Some(extra_km) = extra_km.filter(|_| !is_stop) {
                for (ends, leg) in self.halts.windows(2).zip(0..) {
                    anchors.extend(self.near_leg(zone, spot, &ends[0], &ends[1], leg, extra_km));
                }
            }
        }
        for (halt, leg) in self.halts.iter().zip(0..) {
            if let Some(city) = zone.city_of_district(halt.index) {
                anchors.push(self.at_stop(zone, city, halt, leg));
            }
        }
        anchors
    }

    fn at_stop(&self, zone: &Zone, spot: &Spot, halt: &Halt, leg: LegIndex) -> Anchor {
        Anchor {
            place: zone.place_of(halt.rank).unwrap_or(spot.place),
            board: leg,
            alight: leg,
            arrive: halt.arrive,
            depart: halt.depart(),
            detour_min: 0,
            detour_m: 0,
            way_m: zone.way_to_stop_m(halt.index, halt.rank, self.road_factor),
        }
    }

    /// The anchor at a place near a leg, if the detour there fits the published budget.
    fn near_leg(
        &self,
        zone: &Zone,
        spot: &Spot,
        start: &Halt,
        end: &Halt,
        leg: LegIndex,
        extra_km: f64,
    ) -> Option<Anchor> {
        if start.index == NOWHERE || end.index == NOWHERE {
            return None;
        }
        let (from_km, to_km) = (spot.km_to(start.index), spot.km_to(end.index));
        let extra = from_km + to_km - f64::from(start.leg_km);
        if extra > extra_km {
            return None;
        }
        let metres = (f64::from(self.road_factor) * extra.max(0.0) * 1_000.0).round();
        let driving_min = (metres / (self.transport.speed_kmh() * 1_000.0 / 60.0)).ceil();
        if driving_min > f64::from(self.max_detour_min - self.hand_over_min) {
            return None;
        }
        let whole_km = from_km + to_km;
        let share = if whole_km > 0.0 { from_km / whole_km } else { 0.0 };
        let time = start.depart().between(end.arrive, share);
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the budget, which is at most a day")]
        #[expect(clippy::cast_sign_loss, reason = "never negative")]
        let (driving_min, detour_m) = (driving_min as u32, metres as u32);
        Some(Anchor {
            place: spot.place,
            board: leg,
            alight: leg + 1,
            arrive: time,
            depart: time,
            detour_min: driving_min + u32::from(self.hand_over_min),
            detour_m,
            way_m: zone.way_to_m(spot.index, self.road_factor),
        })
    }
}

fn halt(stop: &Stop, index: PlaceIndex, rank: PlaceRank) -> Halt {
    let stay_ms = u32::try_from(stop.depart.since(stop.arrive).ms()).unwrap_or(u32::MAX);
    Halt { arrive: stop.arrive, stay_ms, leg_km: 0.0, index, rank, left: Load::NONE }
}
