//! A small world on the equator, where a degree is 111.2 km, and the tests on it.
//!
//! ```text
//!        Northtown (22 km off the way)
//! Alfa ---- Bravo ---- Charlie ---- Delta      one degree apart, from west to east
//! ```
//! Alfa has four suburbs to its north: Near (2 km), Mid (4 km), Big (11 km, large) and Far (22 km).

mod browsing;
mod choices;
mod classic_bugs;
mod entries;
mod explaining;
mod fairness;
mod feasibility;
mod indexes;
mod keeping;
mod learning;
mod measuring;
mod policies;
mod recall;
mod zones;

use std::sync::OnceLock;

use uuid::Uuid;

use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::leg::LegSpan;
use crate::market::load::{Load, UNSTATED};
use crate::market::package::{End, Mode, Package, PackageDraft};
use crate::market::request::{HandOver, Origin, Plan, Request, RequestState};
use crate::market::trip::{Stop, Transport, Trip, TripDraft};
use crate::matching::{PackageEntry, Settings, TripEntry, Zone};
use crate::money::{Amount, Currency};
use crate::place::{Gazetteer, Place, PlaceId, Spot, Tables};
use crate::time::{Span, Time};

const NOW: Time = Time::from_ms(1_800_000_000_000);

const PLACES: &str = "id\tname_ru\tname_en\tlat\tlon\ttz\tcountry\tregion\tpopulation\tkind\tcity
1\tАльфа\tAlfa\t0\t0\tEtc/UTC\tRU\t\t1000000\ttown\t
2\tБраво\tBravo\t0\t1\tEtc/UTC\tRU\t\t300000\ttown\t
3\tЧарли\tCharlie\t0\t2\tEtc/UTC\tRU\t\t200000\ttown\t
4\tДельта\tDelta\t0\t3\tEtc/UTC\tRU\t\t900000\ttown\t
5\tСеверск\tNorthtown\t0.2\t1.5\tEtc/UTC\tRU\t\t40000\ttown\t
11\tБлижний\tNear\t0.02\t0\tEtc/UTC\tRU\t\t20000\ttown\t
12\tСредний\tMid\t0.04\t0\tEtc/UTC\tRU\t\t30000\ttown\t
13\tБольшой\tBig\t0.1\t0\tEtc/UTC\tRU\t\t250000\ttown\t
14\tДальний\tFar\t0.2\t0\tEtc/UTC\tRU\t\t50000\ttown\t
";

fn world() -> &'static Gazetteer {
    static WORLD: OnceLock<Gazetteer> = OnceLock::new();
    WORLD.get_or_init(|| Gazetteer::parse(Tables::of_places(PLACES)).expect("the table is right"))
}

fn place(name: &str) -> &'static Place {
    world().find(name).expect("a place of the world")
}

fn spot(name: &str) -> &'static Spot {
    world().spot(world().index_of(id(name)).expect("a place of the world"))
}

/// The zone of this one place.
fn only(name: &str) -> Zone {
    Zone::of(&[spot(name)], world())
}

fn id(name: &str) -> PlaceId {
    place(name).id
}

/// So many hours from now.
fn hour(hours: i64) -> Time {
    NOW + Span::hours(hours)
}

fn user(n: u128) -> UserId {
    Uuid::from_u128(n).into()
}

fn stop(name: &str, at: Time) -> Stop {
    Stop { place: id(name), position: place(name).position, arrive: at, depart: at }
}

fn kg(kg: u32) -> Load {
    Load { weight_g: kg * 1_000, volume_ml: UNSTATED, slots: UNSTATED }
}

/// A car trip of courier 100 + n over stops at these hours, with 10 kg of room and no time for detours.
fn trip(n: u128, stops: &[(&str, i64)]) -> Trip {
    detouring(n, stops, 0)
}

fn detouring(n: u128, stops: &[(&str, i64)], max_detour_min: u32) -> Trip {
    let draft = TripDraft {
        stops: stops.iter().map(|(name, hours)| stop(name, hour(*hours))).collect(),
        transport: Transport::Car,
        capacity: kg(10),
        max_detour_min,
        price: None,
        comment: String::new(),
        airport: String::new(),
    };
    Trip::publish(Uuid::from_u128(n).into(), user(100 + n), draft, NOW).expect("a valid trip")
}

/// A parcel of 2 kg of user 1, ready now, due in two days.
fn package(from: &str, to: &str) -> Package {
    let end = |name| End { place: id(name), position: place(name).position, address: String::new() };
    let draft = PackageDraft {
        pickup: end(from),
        dropoff: end(to),
        load: Load { weight_g: 2_000, volume_ml: 0, slots: 0 },
        ready_at: NOW,
        deliver_by: hour(48),
        reward: Amount::new(50_000, Currency::Rub),
        description: String::new(),
        size: String::new(),
        weight: String::new(),
        tags: Vec::new(),
        mode: Mode::Instant,
        confirm_by: None,
        template: false,
    };
    Package::publish(Uuid::from_u128(1).into(), user(1), draft, NOW).expect("a valid package")
}

fn request(trip: &Trip, origin: Origin, state: RequestState) -> Request {
    let hand_over = HandOver { place: id("Alfa"), at: NOW };
    Request {
        id: RequestId::from(Uuid::from_u128(1)),
        package: PackageId::from(Uuid::from_u128(1)),
        trip: trip.id,
        sender: user(1),
        courier: trip.courier,
        origin,
        plan: Plan {
            legs: LegSpan { from: 0, to: 1 },
            pickup: hand_over,
            dropoff: hand_over,
            detour_min: 0,
            detour_m: 0,
            room_left_g: 0,
        },
        reward: Amount::new(50_000, Currency::Rub),
        message: String::new(),
        airport: String::new(),
        created_at: NOW,
        expires_at: None,
        ttl: Span::default(),
        rendered_at: None,
        state,
    }
}

fn trip_entry(trip: &Trip) -> TripEntry {
    TripEntry::of(trip, world(), &Settings::default())
}

fn package_entry(package: &Package) -> PackageEntry {
    PackageEntry::of(package, world(), &Settings::default())
}

fn trip_id(n: u128) -> TripId {
    Uuid::from_u128(n).into()
}
