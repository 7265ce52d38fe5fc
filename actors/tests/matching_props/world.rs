//! Trips and packages that change, with the indexes that have to follow, and the comparison of both.

use std::sync::OnceLock;

use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{End, Mode, Package, PackageCommand, PackageDraft, Proposal};
use peerpack_actors::market::request::{HandOver, Plan, RequestCommand};
use peerpack_actors::market::trip::{Stop, Transport, Trip, TripCommand, TripDraft};
use peerpack_actors::matching::{Need, PackageEntry, PackageIndex, Settings, TripEntry, TripIndex, zone};
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{Gazetteer, Place, PlaceId, Position, Tables};
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use crate::Change;
use crate::brute::{self, Ride};

const NOW: Time = Time::from_ms(1_800_000_000_000);
pub(crate) const USERS: u128 = 6;

/// Two cities with suburbs, towns between them and beside the way; two villages, one of them far from
/// everything; and an airport and a district that belong to the first city.
const PLACES: &str = "id\tname_ru\tname_en\tlat\tlon\ttz\tcountry\tregion\tpopulation\tkind\tcity
1\tа\ta\t55.00\t37.00\tEtc/UTC\tRU\t\t900000\ttown\t
2\tб\tb\t55.05\t37.05\tEtc/UTC\tRU\t\t50000\ttown\t
3\tв\tc\t55.09\t36.93\tEtc/UTC\tRU\t\t70000\ttown\t
4\tг\td\t54.93\t37.10\tEtc/UTC\tRU\t\t30000\ttown\t
5\tд\te\t55.20\t38.30\tEtc/UTC\tRU\t\t100000\ttown\t
6\tе\tf\t55.60\t38.90\tEtc/UTC\tRU\t\t40000\ttown\t
7\tж\tg\t55.41\t39.70\tEtc/UTC\tRU\t\t200000\ttown\t
8\tз\th\t55.48\t39.82\tEtc/UTC\tRU\t\t60000\ttown\t
9\tи\ti\t56.10\t39.50\tEtc/UTC\tRU\t\t80000\ttown\t
10\tй\tj\t55.70\t41.00\tEtc/UTC\tRU\t\t600000\ttown\t
11\tк\tk\t55.75\t41.12\tEtc/UTC\tRU\t\t20000\ttown\t
12\tл\tl\t54.60\t40.10\tEtc/UTC\tRU\t\t90000\ttown\t
13\tм\tm\t55.30\t38.40\tEtc/UTC\tRU\t\t3000\tsmall\t
14\tн\tn\t54.90\t38.95\tEtc/UTC\tRU\t\t2000\tsmall\t
15\tо\to\t55.25\t36.80\tEtc/UTC\tRU\t\t0\tairport\t1
16\tп\tp\t54.78\t37.30\tEtc/UTC\tRU\t\t25000\ttown\t1
";
pub(crate) const PLACE_COUNT: u32 = 16;

pub(crate) fn world() -> &'static Gazetteer {
    static WORLD: OnceLock<Gazetteer> = OnceLock::new();
    WORLD.get_or_init(|| Gazetteer::parse(Tables::of_places(PLACES)).expect("the table is right"))
}

fn place(n: u32) -> &'static Place {
    world().get(PlaceId(n)).expect("a place of the world")
}

fn user(n: u128) -> UserId {
    Uuid::from_u128(n).into()
}

fn weight(grams: u32) -> Load {
    Load { weight_g: grams, volume_ml: 0, slots: 1 }
}

/// The truth, and the indexes that have to follow it.
pub(crate) struct World {
    settings: Settings,
    now: Time,
    published: u128,
    trips: Vec<Trip>,
    packages: Vec<Package>,
    trip_index: TripIndex,
    package_index: PackageIndex,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::default(),
            now: NOW,
            published: 0,
            trips: Vec::new(),
            packages: Vec::new(),
            trip_index: TripIndex::over(world()),
            package_index: PackageIndex::over(world()),
        }
    }

    fn next_id(&mut self) -> Uuid {
        self.published += 1;
        // Ids whose order is not the order of publishing.
        Uuid::from_u128(self.published.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
    }

    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::PublishTrip { courier, car, stops, room_g, detour_min } => {
                self.publish_trip(courier, car, &stops, room_g, detour_min);
            }
            Change::RemoveTrip(n) if !self.trips.is_empty() => {
                let trip = self.trips.swap_remove(n % self.trips.len());
                assert!(self.trip_index.remove(trip.id).is_some());
            }
            Change::CancelTrip(n) => {
                self.change_trip(n, |trip| Some(TripCommand::Cancel { by: trip.courier, on_board: 0 }));
            }
            Change::TakeRoom { trip, from, legs, grams, detour_min } => self.change_trip(trip, |trip| {
                let from = from % trip.left.len();
                let legs = from..(from + legs).min(trip.left.len());
                let legs = leg_span(&legs);
                Some(TripCommand::Reserve { legs, load: weight(grams), detour_min })
            }),
            Change::GiveRoomBack(n) => self.change_trip(n, |trip| {
                let legs = leg_span(&(0..trip.left.len()));
                Some(TripCommand::Release { legs, load: weight(1_000), detour_min: trip.detour_used_min })
            }),
            Change::PublishPackage { sender, from, to, north, grams, ready_h, due_h } => {
                self.publish_package(sender, (from, to), north, grams, (ready_h, due_h));
            }
            Change::RemovePackage(n) if !self.packages.is_empty() => {
                let package = self.packages.swap_remove(n % self.packages.len());
                assert!(self.package_index.remove(package.id).is_some());
            }
            Change::Offer { package, trip } if !self.trips.is_empty() => {
                let trip = self.trips[trip % self.trips.len()].clone();
                let id = self.next_id();
                self.change_package(package, |_| Some(PackageCommand::Offer(vec![proposal(id, &trip)])));
            }
            Change::Answer { package, decline } => self.change_package(package, |package| {
                let request = package.pending().next()?;
                let command = if decline {
                    RequestCommand::Decline { by: request.courier, reason: None }
                } else {
                    RequestCommand::Withdraw { by: package.sender }
                };
                Some(PackageCommand::Request { id: request.id, command })
            }),
            Change::PassTime(hours) => self.now = self.now + Span::hours(hours),
            _ => {}
        }
    }

    fn publish_trip(
        &mut self,
        courier: u128,
        car: bool,
        stops: &[(u32, i64, i64)],
        room_g: u32,
        detour_min: u32,
    ) {
        let mut at = self.now;
        let mut way: Vec<Stop> = Vec::new();
        for (place_id, travel_h, wait_h) in stops {
            if way.last().is_some_and(|last| last.place == PlaceId(*place_id)) {
                continue;
            }
            let arrive = at + Span::hours(*travel_h);
            at = arrive + Span::hours(*wait_h);
            way.push(Stop {
                place: PlaceId(*place_id),
                position: place(*place_id).position,
                arrive,
                depart: at,
            });
        }
        let draft = TripDraft {
            stops: way,
            transport: if car { Transport::Car } else { Transport::Train },
            capacity: Load { weight_g: room_g, volume_ml: UNSTATED, slots: 3 },
            max_detour_min: detour_min,
            price: None,
            comment: String::new(),
            airport: String::new(),
        };
        let id = self.next_id().into();
        if let Ok(trip) = Trip::publish(id, user(courier), draft, self.now) {
            assert!(self.trip_index.upsert(TripEntry::of(&trip, world(), &self.settings)));
            self.trips.push(trip);
        }
    }

    fn publish_package(
        &mut self,
        sender: u128,
        way: (u32, u32),
        north: f64,
        grams: u32,
        window_h: (i64, i64),
    ) {
        let end = |n: u32, north: f64| {
            let position = place(n).position;
            let position = Position { lat: position.lat + north, lon: position.lon };
            End { place: PlaceId(n), position, address: String::new() }
        };
        let ready_at = self.now + Span::hours(window_h.0);
        let draft = PackageDraft {
            pickup: end(way.0, north),
            dropoff: end(way.1, -north),
            load: weight(grams),
            ready_at,
            deliver_by: ready_at + Span::hours(window_h.1),
            reward: Amount::new(50_000, Currency::Rub),
            description: String::new(),
            size: String::new(),
            weight: String::new(),
            tags: Vec::new(),
            mode: Mode::Instant,
            confirm_by: None,
            template: false,
        };
        let id = self.next_id().into();
        if let Ok(package) = Package::publish(id, user(sender), draft, self.now) {
            assert!(self.package_index.upsert(PackageEntry::of(&package, world(), &self.settings)));
            self.packages.push(package);
        }
    }

    fn change_trip(&mut self, n: usize, command: impl Fn(&Trip) -> Option<TripCommand>) {
        let count = self.trips.len();
        let Some(trip) = self.trips.get_mut(n % count.max(1)) else { return };
        if let Some(Ok(event)) = command(trip).map(|command| trip.decide(&command, self.now)) {
            trip.apply(&event);
            let entry = self.trip_index.get(trip.id).expect("published").renewed(trip);
            assert!(self.trip_index.upsert(entry));
        }
    }

    fn change_package(&mut self, n: usize, command: impl Fn(&Package) -> Option<PackageCommand>) {
        let count = self.packages.len();
        let Some(package) = self.packages.get_mut(n % count.max(1)) else { return };
        let outcome = command(package).map(|command| package.decide(&command, None, Funding::Demo, self.now));
        if let Some(Ok(outcome)) = outcome {
            package.apply(&outcome.events);
            assert!(self.package_index.upsert(PackageEntry::of(package, world(), &self.settings)));
        }
    }

    pub(crate) fn check(&self) {
        for package in &self.packages {
            let entry = self.package_index.get(package.id).expect("published");
            let found = self.trip_index.candidates(entry, self.now, usize::MAX);
            assert!(found.is_sorted_by_key(|one| (one.plan.pickup.at, one.trip)));
            let few = self.trip_index.candidates(entry, self.now, 2);
            assert_eq!(few[..], found[..found.len().min(2)], "a limit takes the first");
            let mut found: Vec<(TripId, Plan)> = found.into_iter().map(|one| (one.trip, one.plan)).collect();
            found.sort_by_key(|(trip, _)| *trip);
            let mut expected: Vec<(TripId, Ride)> = Vec::new();
            for trip in &self.trips {
                expected.extend(brute::ride(trip, package, self.now).map(|ride| (trip.id, ride)));
            }
            expected.sort_by_key(|(trip, _)| *trip);
            compare(&found, &expected, &format!("candidates of {:#?}", package.draft));
        }
        for trip in &self.trips {
            let found = self.package_index.waiting_for(
                self.trip_index.get(trip.id).expect("published"),
                self.now,
                usize::MAX,
            );
            let mut expected: Vec<(PackageId, Ride)> = Vec::new();
            for package in &self.packages {
                expected.extend(brute::ride(trip, package, self.now).map(|ride| (package.id, ride)));
            }
            expected.sort_by_key(|(package, _)| *package);
            compare(&found, &expected, &format!("waiting for {:#?}", trip.draft));
        }
        self.check_search();
        assert_eq!(
            (self.trip_index.len(), self.package_index.len()),
            (self.trips.len(), self.packages.len())
        );
    }

    fn check_search(&self) {
        let zone = |n: u32| zone(PlaceId(n), place(n).position, world(), &self.settings);
        for (from, to) in [(1, 10), (7, 1), (2, 8), (15, 7), (13, 16), (9, 14)] {
            let (from, to) = (zone(from), zone(to));
            let found = self.trip_index.between(&Need::to_pass(&from, &to), self.now, usize::MAX);
            assert!(found.is_sorted_by_key(|one| (one.plan.pickup.at, one.trip)));
            let mut found: Vec<TripId> = found.into_iter().map(|one| one.trip).collect();
            found.sort_unstable();
            let passes = |trip: &&Trip| brute::passes(trip, &from, &to, self.now);
            let mut expected: Vec<TripId> = self.trips.iter().filter(passes).map(|trip| trip.id).collect();
            expected.sort_unstable();
            assert_eq!(found, expected);
        }
    }
}

fn leg_span(legs: &std::ops::Range<usize>) -> LegSpan {
    let leg = |n: usize| u16::try_from(n).expect("few legs");
    LegSpan { from: leg(legs.start), to: leg(legs.end) }
}

fn proposal(id: Uuid, trip: &Trip) -> Proposal {
    let first = &trip.draft.stops[0];
    let hand_over = HandOver { place: first.place, at: first.depart };
    Proposal {
        id: id.into(),
        trip: trip.id,
        courier: trip.courier,
        plan: Plan {
            legs: leg_span(&(0..1)),
            pickup: hand_over,
            dropoff: hand_over,
            detour_min: 0,
            detour_m: 0,
            room_left_g: 0,
        },
        reward: Amount::new(50_000, Currency::Rub),
        message: String::new(),
        airport: String::new(),
        time_limit: Some((Span::seconds(30), first.depart)),
    }
}

fn compare<Id: Copy + PartialEq + std::fmt::Debug>(
    found: &[(Id, Plan)],
    expected: &[(Id, Ride)],
    what: &str,
) {
    let ride = |plan: &Plan| Ride { detour_min: plan.detour_min, dropoff_at: plan.dropoff.at };
    let found: Vec<(Id, Ride)> = found.iter().map(|(id, plan)| (*id, ride(plan))).collect();
    assert_eq!(found, expected, "{what}");
}
