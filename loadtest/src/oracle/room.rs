//! What rides together fits: on each leg, and into the detour budget.

use std::collections::{BTreeSet, HashMap, HashSet};

use peerpack_actors::ids::{RequestId, TripId};
use peerpack_actors::invariants::legs_within_capacity;
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::Load;

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
                        loads.remove(ride.trip, request);
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

/// What rides on the trips of one courier.
struct Loads<'a> {
    trips: &'a HashMap<TripId, TripFacts>,
    rides: HashMap<TripId, HashMap<RequestId, Ride>>,
}

impl<'a> Loads<'a> {
    fn new(trips: &'a HashMap<TripId, TripFacts>) -> Self {
        Self { trips, rides: HashMap::new() }
    }

    /// Takes a ride on; says what does not fit.
    fn add(&mut self, ride: Ride, request: RequestId) -> Vec<String> {
        let Some(facts) = self.trips.get(&ride.trip) else { return Vec::new() };
        let rides = self.rides.entry(ride.trip).or_default();
        rides.insert(request, ride);
        let capacity = load(facts.capacity_g);
        let fits = legs_within_capacity(
            capacity,
            facts.legs,
            rides.values().map(|ride| (ride.legs, load(ride.weight_g))),
        );
        let detour_min: u32 = rides.values().map(|ride| ride.detour_min).sum();
        let most_min = facts.max_detour_min;
        let too_far = (detour_min > most_min).then(|| format!("{detour_min} min of {most_min} min detour"));
        let wrong = fits.err().map(|violation| violation.text).into_iter().chain(too_far);
        wrong.map(|what| format!("trip {} with {request}: {what}", ride.trip)).collect()
    }

    fn remove(&mut self, trip: TripId, request: RequestId) {
        if let Some(rides) = self.rides.get_mut(&trip) {
            rides.remove(&request);
        }
    }
}

/// Trips are published with a weight alone.
const fn load(weight_g: u32) -> Load {
    Load { weight_g, volume_ml: 0, slots: 0 }
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
        assert!(found.len() == 1 && found[0].contains("leg 1 carries"), "{found:?}");
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
        assert!(check(&play.history)[0].contains("a ride on legs 1..3 of a trip with 2"));
    }
}
