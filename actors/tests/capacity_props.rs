//! Many packages on one trip of several legs: what is left is always the capacity less the live deals.

mod fixture;

use fixture::{NOW, grams, id, package, proposal, trip};
use peerpack_actors::ids::UserId;
use peerpack_actors::invariants::{self, Ride};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::Load;
use peerpack_actors::market::package::{Outcome, Package, PackageCommand};
use peerpack_actors::market::request::{RequestCommand, RequestState};
use peerpack_actors::market::trip::{Trip, TripCommand};
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::{Span, Time};
use proptest::prelude::*;
use proptest::sample::Index;

const LEGS: u16 = 6;

/// A package with the ride that its courier proposes.
#[derive(Clone, Debug)]
struct Parcel {
    load: Load,
    legs: LegSpan,
    detour_min: u32,
}

/// Everything the world can do. An index names one of the packages.
#[derive(Clone, Debug)]
enum Happening {
    Respond(Parcel),
    Accept(Index),
    CallOff(Index, bool),
    CancelPackage(Index),
    PickUp(Index),
    Deliver(Index),
    Confirm(Index),
    StartTrip,
    CompleteTrip,
    CancelTrip,
}

fn parcel() -> impl Strategy<Value = Parcel> {
    let load = (1..6_000_u32, 0..20_000_u32, 0..3_u32);
    (load, 0..LEGS, 1..=LEGS, 0..25_u32).prop_map(
        |((weight_g, volume_ml, slots), from, count, detour_min)| Parcel {
            load: Load { weight_g, volume_ml, slots },
            legs: LegSpan { from, to: (from + count).min(LEGS) },
            detour_min,
        },
    )
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    prop_oneof![
        12 => parcel().prop_map(H::Respond),
        16 => any::<Index>().prop_map(H::Accept),
        8 => (any::<Index>(), any::<bool>()).prop_map(|(which, by_courier)| H::CallOff(which, by_courier)),
        3 => any::<Index>().prop_map(H::CancelPackage),
        3 => any::<Index>().prop_map(H::PickUp),
        3 => any::<Index>().prop_map(H::Deliver),
        2 => any::<Index>().prop_map(H::Confirm),
        1 => Just(H::StartTrip),
        1 => Just(H::CompleteTrip),
        1 => Just(H::CancelTrip),
    ]
}

struct World {
    trip: Trip,
    parcels: Vec<(Package, Parcel)>,
    now: Time,
}

impl World {
    fn new() -> Self {
        Self { trip: trip(10, courier(), u32::from(LEGS)), parcels: Vec::new(), now: NOW }
    }

    fn run(&mut self, happening: &Happening) {
        self.now = self.now + Span::seconds(1);
        match happening {
            Happening::Respond(parcel) => self.respond(parcel.clone()),
            Happening::StartTrip => self.move_trip(&TripCommand::Start),
            Happening::CompleteTrip => self.move_trip(&TripCommand::Complete { on_board: self.on_board() }),
            Happening::CancelTrip => {
                self.move_trip(&TripCommand::Cancel { by: courier(), on_board: self.on_board() });
            }
            Happening::Accept(which) => self.accept(which),
            Happening::CallOff(which, by_courier) => {
                let by = if *by_courier { courier() } else { sender() };
                self.step(which, |_| RequestCommand::Cancel { by });
            }
            Happening::PickUp(which) => self.step(which, |_| RequestCommand::PickUp { by: courier() }),
            Happening::Deliver(which) => self.step(which, |_| RequestCommand::Deliver { by: courier() }),
            Happening::Confirm(which) => self.step(which, |_| RequestCommand::Confirm { by: sender() }),
            Happening::CancelPackage(which) => {
                if let Some(n) = self.pick(which) {
                    let _ = self.decide(n, &PackageCommand::Cancel { by: sender() });
                }
            }
        }
        self.check();
    }

    fn respond(&mut self, parcel: Parcel) {
        let n = self.parcels.len() as u128;
        let package = package(1_000 + n, sender(), parcel.load);
        self.parcels.push((package, parcel));
        self.propose_again(self.parcels.len() - 1, 5_000 + n);
    }

    fn propose_again(&mut self, n: usize, request: u128) {
        let parcel = self.parcels[n].1.clone();
        let proposal = proposal(request, &self.trip, parcel.legs, parcel.detour_min);
        self.decide(n, &PackageCommand::Respond { proposal }).expect("an open package");
    }

    fn accept(&mut self, which: &Index) {
        let Some(n) = self.pick(which) else { return };
        let Some(request) = self.parcels[n].0.pending().next().map(|request| request.id) else { return };
        let expected = self.refusal(&self.parcels[n].1);
        let command =
            PackageCommand::Request { id: request, command: RequestCommand::Accept { by: sender() } };
        let answer = self.decide(n, &command);
        assert_eq!(answer.err(), expected, "{:?} with {:?} left", self.parcels[n].1, self.trip.left);
    }

    /// Why a parcel must be refused, from the sum of live deals alone.
    fn refusal(&self, parcel: &Parcel) -> Option<Rejection> {
        if !matches!(self.trip.state.word(), "active" | "in_progress") {
            return Some(Rejection::TripNotLive);
        }
        let capacity = self.trip.draft.capacity;
        for leg in parcel.legs.from..parcel.legs.to {
            let (mut weight, mut volume, mut slots) =
                (parcel.load.weight_g, parcel.load.volume_ml, parcel.load.slots);
            for ride in self.live().filter(|ride| (ride.legs.from..ride.legs.to).contains(&leg)) {
                weight += ride.load.weight_g;
                volume += ride.load.volume_ml;
                slots += ride.load.slots;
            }
            if weight > capacity.weight_g || volume > capacity.volume_ml || slots > capacity.slots {
                return Some(Rejection::NoRoom(leg));
            }
        }
        let detour: u32 = self.live().map(|ride| ride.detour_min).sum();
        (detour + parcel.detour_min > self.trip.draft.max_detour_min)
            .then_some(Rejection::DoesNotSuit("detour"))
    }

    /// The parcels whose deal stands.
    fn live(&self) -> impl Iterator<Item = &Parcel> {
        self.parcels.iter().filter(|(package, _)| package.deal().is_some()).map(|(_, parcel)| parcel)
    }

    fn step(&mut self, which: &Index, command: impl Fn(&RequestState) -> RequestCommand) {
        let Some(n) = self.pick(which) else { return };
        let Some(deal) = self.parcels[n].0.deal() else { return };
        let (id, command) = (deal.id, command(&deal.state));
        let called_off = matches!(command, RequestCommand::Cancel { .. });
        let answer = self.decide(n, &PackageCommand::Request { id, command });
        if called_off && answer.is_ok() {
            let again = 50_000 + u128::try_from(self.now.ms() - NOW.ms()).expect("time goes on");
            self.propose_again(n, again);
        }
    }

    fn move_trip(&mut self, command: &TripCommand) {
        let Ok(event) = self.trip.decide(command, self.now) else { return };
        self.trip.apply(&event);
        if self.trip.state.word() == "cancelled" {
            for n in 0..self.parcels.len() {
                self.decide(n, &PackageCommand::TripGone(self.trip.id)).expect("nothing is on board");
            }
            self.check();
            let kept = self.parcels.iter().filter_map(|(package, _)| package.deal());
            assert!(kept.into_iter().all(|deal| matches!(deal.state.word(), "delivered" | "confirmed")));
            *self = Self { now: self.now, ..Self::new() };
        }
    }

    fn decide(&mut self, n: usize, command: &PackageCommand) -> Result<Outcome, Rejection> {
        let package = &mut self.parcels[n].0;
        let outcome = package.decide(command, Some(&self.trip), Funding::Demo, self.now)?;
        package.apply(&outcome.events);
        for (trip, event) in &outcome.trips {
            assert_eq!(*trip, self.trip.id);
            self.trip.apply(event);
        }
        Ok(outcome)
    }

    fn pick(&self, which: &Index) -> Option<usize> {
        (!self.parcels.is_empty()).then(|| which.index(self.parcels.len()))
    }

    fn on_board(&self) -> usize {
        let deals = self.parcels.iter().filter_map(|(package, _)| package.deal());
        deals.filter(|deal| deal.state.word() == "picked_up").count()
    }

    fn check(&self) {
        let capacity = self.trip.draft.capacity;
        for leg in 0..LEGS {
            let here = self.live().filter(|parcel| (parcel.legs.from..parcel.legs.to).contains(&leg));
            let used = here.fold((0, 0, 0), |sum, Parcel { load, .. }| {
                (sum.0 + load.weight_g, sum.1 + load.volume_ml, sum.2 + load.slots)
            });
            let left = self.trip.left[usize::from(leg)];
            assert_eq!(left.weight_g + used.0, capacity.weight_g, "grams on leg {leg}");
            assert_eq!(left.volume_ml + used.1, capacity.volume_ml, "millilitres on leg {leg}");
            assert_eq!(left.slots + used.2, capacity.slots, "slots on leg {leg}");
        }
        let detour: u32 = self.live().map(|parcel| parcel.detour_min).sum();
        assert_eq!(self.trip.detour_used_min, detour);
        assert_eq!(self.trip.detour_left_min() + detour, self.trip.draft.max_detour_min);

        let rides: Vec<Ride> = self
            .parcels
            .iter()
            .flat_map(|(package, _)| invariants::rides_on(package, self.trip.id))
            .collect();
        assert_eq!(invariants::of_trip(&self.trip, rides.iter().copied()), []);
        let seen = rides.iter().map(|ride| (ride.legs, ride.load));
        assert_eq!(invariants::legs_within_capacity(capacity, usize::from(LEGS), seen), Ok(()));
    }
}

fn sender() -> UserId {
    id(1)
}

fn courier() -> UserId {
    id(2)
}

fn reserve(parcel: &Parcel) -> TripCommand {
    TripCommand::Reserve { legs: parcel.legs, load: parcel.load, detour_min: parcel.detour_min }
}

fn release(parcel: &Parcel) -> TripCommand {
    TripCommand::Release { legs: parcel.legs, load: parcel.load, detour_min: parcel.detour_min }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_of_a_trip_is_its_capacity_less_the_live_deals(
        happenings in prop::collection::vec(happening(), 1..150),
    ) {
        let mut world = World::new();
        for happening in &happenings {
            world.run(happening);
        }
    }

    #[test]
    fn room_given_back_in_any_order_is_exactly_the_room_that_was_taken(
        parcels in prop::collection::vec(parcel(), 1..40),
        order in prop::collection::vec(any::<Index>(), 40),
    ) {
        let mut trip = trip(10, courier(), u32::from(LEGS));
        let empty = trip.clone();
        let mut riding = Vec::new();
        for parcel in parcels {
            let before = trip.clone();
            let Ok(event) = trip.decide(&reserve(&parcel), NOW) else {
                prop_assert_eq!(&trip, &before, "a refusal changes nothing");
                continue;
            };
            trip.apply(&event);
            let mut given_back = trip.clone();
            given_back.apply(&given_back.decide(&release(&parcel), NOW).expect("room is always taken back"));
            prop_assert_eq!(&given_back.left, &before.left);
            prop_assert_eq!(given_back.detour_used_min, before.detour_used_min);
            riding.push(parcel);
        }
        for which in order {
            if riding.is_empty() {
                break;
            }
            let parcel = riding.swap_remove(which.index(riding.len()));
            trip.apply(&trip.decide(&release(&parcel), NOW).expect("room is always taken back"));
        }
        prop_assert_eq!(&trip.left, &empty.left);
        prop_assert_eq!(trip.detour_used_min, 0);
    }
}

#[test]
fn parcels_that_never_meet_on_a_leg_share_the_whole_capacity() {
    let mut world = World::new();
    let load = world.trip.draft.capacity;
    for from in 0..LEGS {
        world.respond(Parcel { load, legs: LegSpan { from, to: from + 1 }, detour_min: 10 });
        let request = world.parcels[usize::from(from)].0.requests[0].id;
        let command =
            PackageCommand::Request { id: request, command: RequestCommand::Accept { by: sender() } };
        world.decide(usize::from(from), &command).expect("an empty leg");
        world.check();
    }
    assert_eq!(world.trip.left, [Load::NONE; LEGS as usize]);
    assert_eq!(world.trip.detour_left_min(), 0);
}

#[test]
fn a_parcel_needs_room_on_every_leg_of_its_way() {
    let mut world = World::new();
    let parcels = [
        (grams(6_000), LegSpan { from: 2, to: 3 }, None),
        (grams(4_001), LegSpan { from: 0, to: LEGS }, Some(Rejection::NoRoom(2))),
        (grams(10_000), LegSpan { from: 0, to: 2 }, None),
        (grams(10_000), LegSpan { from: 3, to: LEGS }, None),
        (grams(4_000), LegSpan { from: 2, to: 3 }, None),
        (grams(1), LegSpan { from: 0, to: LEGS }, Some(Rejection::NoRoom(0))),
    ];
    for (n, (load, legs, expected)) in parcels.into_iter().enumerate() {
        world.respond(Parcel { load, legs, detour_min: 0 });
        let request = world.parcels[n].0.requests[0].id;
        let command =
            PackageCommand::Request { id: request, command: RequestCommand::Accept { by: sender() } };
        assert_eq!(world.decide(n, &command).err(), expected, "parcel {n}");
        world.check();
    }
}
