//! What rides together fits: on each leg, and into the detour budget.

use std::collections::{BTreeSet, HashMap, HashSet};

use peerpack_actors::ids::{RequestId, TripId};
use peerpack_actors::trip::LegSpan;

use super::history::{Fact, History, Step, TripFacts, What};

#[derive(Clone, Copy)]
struct Ride {
    trip: TripId,
    legs: LegSpan,
    weight_g: u32,
    detour_min: u32,
}

/// Trips with too much on a leg or too long a detour, at any moment as the courier was told of it.
pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (user, stream) in &history.streams {
        let mut loads = Loads::new(&history.trips);
        let (mut rides, mut aboard) = (HashMap::new(), HashSet::new());
        for told in stream.in_order() {
            match told.fact {
                Fact::Offered { request, trip, legs, weight_g, detour_min, .. } => {
                    rides.insert(request, Ride { trip, legs, weight_g, detour_min });
                }
                Fact::Step { step: Step::Accepted, request, .. } => {
                    if let Some(ride) = rides.get(&request)
                        && aboard.insert(request)
                    {
                        found.extend(loads.add(*ride, request));
                    }
                }
                Fact::Step { step: Step::Cancelled, request, .. } => {
                    if let Some(ride) = rides.get(&request)
                        && aboard.remove(&request)
                    {
                        loads.remove(*ride);
                    }
                }
                _ => {}
            }
        }
        let cancelled = told_cancelled(history);
        let untold = history.commands.values().filter(|command| {
            command.by == *user
                && command.what == What::Accept
                && command.is_done()
                && !cancelled.contains(&command.request)
        });
        for command in untold {
            if let Some(ride) = rides.get(&command.request)
                && aboard.insert(command.request)
            {
                found.extend(loads.add(*ride, command.request));
            }
        }
    }
    found.into_iter().collect()
}

fn told_cancelled(history: &History) -> HashSet<RequestId> {
    let told = history.streams.values().flat_map(|stream| &stream.told);
    let told = told.filter_map(|told| match told.fact {
        Fact::Step { step: Step::Cancelled, request, .. } => Some(request),
        _ => None,
    });
    told.collect()
}

/// What rides on each leg of the trips of one courier.
struct Loads<'a> {
    trips: &'a HashMap<TripId, TripFacts>,
    used_g: HashMap<TripId, Vec<u32>>,
    detour_min: HashMap<TripId, u32>,
}

impl<'a> Loads<'a> {
    fn new(trips: &'a HashMap<TripId, TripFacts>) -> Self {
        Self { trips, used_g: HashMap::new(), detour_min: HashMap::new() }
    }

    /// Takes a ride on; says what does not fit.
    fn add(&mut self, ride: Ride, request: RequestId) -> Vec<String> {
        let Some(facts) = self.trips.get(&ride.trip) else { return Vec::new() };
        let trip = ride.trip;
        let used = self.used_g.entry(trip).or_insert_with(|| vec![0; facts.legs]);
        let mut wrong = Vec::new();
        for leg in ride.legs.range() {
            let Some(used_g) = used.get_mut(leg) else {
                wrong.push(format!("trip {trip} has {} legs, {request} rides on leg {leg}", facts.legs));
                continue;
            };
            *used_g += ride.weight_g;
            if *used_g > facts.capacity_g {
                wrong.push(format!(
                    "trip {trip}, leg {leg}: {used_g} g of {} g with {request}",
                    facts.capacity_g
                ));
            }
        }
        let detour = self.detour_min.entry(trip).or_default();
        *detour += ride.detour_min;
        if *detour > facts.max_detour_min {
            wrong.push(format!(
                "trip {trip}: {detour} min of {} min detour with {request}",
                facts.max_detour_min
            ));
        }
        wrong
    }

    fn remove(&mut self, ride: Ride) {
        if let Some(used) = self.used_g.get_mut(&ride.trip) {
            ride.legs
                .range()
                .filter_map(|leg| used.get_mut(leg).map(|used| *used -= ride.weight_g))
                .for_each(drop);
        }
        if let Some(detour) = self.detour_min.get_mut(&ride.trip) {
            *detour -= ride.detour_min;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Play;
    use super::*;

    fn offer(play: &mut Play, package: u8, legs: (u16, u16), weight_g: u32, detour_min: u32) -> RequestId {
        let legs = LegSpan { from: legs.0, to: legs.1 };
        play.offer_with(1, package, |fact| {
            if let Fact::Offered { legs: l, weight_g: w, detour_min: d, .. } = fact {
                (*l, *w, *d) = (legs, weight_g, detour_min);
            }
        })
    }

    #[test]
    fn parcels_on_different_legs_do_not_add_up() {
        let mut play = Play::new();
        for (package, legs) in [(1, (0, 1)), (2, (1, 2))] {
            let request = offer(&mut play, package, legs, 9_000, 0);
            play.deal(1, request, package);
        }
        assert_eq!(check(&play.history), [""; 0]);
    }

    #[test]
    fn too_much_on_a_leg_is_seen() {
        let mut play = Play::new();
        for (package, legs) in [(1, (0, 2)), (2, (1, 2))] {
            let request = offer(&mut play, package, legs, 6_000, 0);
            play.deal(1, request, package);
        }
        let found = check(&play.history);
        assert!(found.len() == 1 && found[0].contains("leg 1: 12000 g of 10000 g"), "{found:?}");
    }

    #[test]
    fn too_much_is_seen_even_if_only_acknowledged() {
        let mut play = Play::new();
        for package in [1, 2] {
            let request = offer(&mut play, package, (0, 1), 6_000, 0);
            play.acknowledged(1, What::Accept, request);
        }
        assert_eq!(check(&play.history).len(), 1);
    }

    #[test]
    fn a_cancelled_parcel_makes_room() {
        let mut play = Play::new();
        let first = offer(&mut play, 1, (0, 2), 6_000, 10);
        play.deal(1, first, 1);
        play.cancel(1, first, 1);
        let second = offer(&mut play, 2, (0, 2), 10_000, 15);
        play.deal(1, second, 2);
        assert_eq!(check(&play.history), [""; 0]);
    }

    #[test]
    fn too_long_a_detour_is_seen() {
        let mut play = Play::new();
        for package in [1, 2] {
            let request = offer(&mut play, package, (0, 1), 100, 15);
            play.deal(1, request, package);
        }
        let found = check(&play.history);
        assert!(found.len() == 1 && found[0].contains("30 min of 20 min"), "{found:?}");
    }

    #[test]
    fn a_leg_that_the_trip_does_not_have_is_seen() {
        let mut play = Play::new();
        let request = offer(&mut play, 1, (1, 3), 100, 0);
        play.deal(1, request, 1);
        assert!(check(&play.history)[0].contains("rides on leg 2"));
    }
}
