//! Plays a world to its end under a policy.

use peerpack_actors::ids::{PackageId, TripId};
use peerpack_actors::matching::Settings;
use peerpack_actors::time::{Span, Time};

use crate::generator::{START, World};
use crate::market::Market;

/// How often policies that wait look at the market.
pub const ROUND: Span = Span::minutes(15);

/// What chooses. Every call may make deals; the market checks them.
pub trait Policy {
    /// A package is new, or waits again.
    fn package_published(&mut self, market: &mut Market, package: PackageId);

    /// A trip is new.
    fn trip_published(&mut self, market: &mut Market, trip: TripId);

    /// A package is called off by its sender.
    fn package_withdrawn(&mut self, _package: PackageId) {}

    /// Another [`ROUND`] has passed.
    fn round(&mut self, _market: &mut Market) {}
}

/// Plays a world from the first publication to the last delivery, and returns the market with its deals.
pub fn play<S>(
    world: &World<S>,
    policy: &mut dyn Policy,
    confirm_within: Option<Span>,
    settings: &Settings,
) -> Market {
    let mut market = Market::new(settings.clone(), START);
    let mut events: Vec<(Time, u8, Event)> = Vec::new();
    events.extend(world.trips.iter().enumerate().map(|(n, trip)| (trip.created_at, 0, Event::Trip(n))));
    events.extend(
        world.packages.iter().enumerate().map(|(n, package)| (package.created_at, 1, Event::Package(n))),
    );
    events.extend(world.cancellations.iter().map(|(at, trip)| (*at, 2, Event::Cancel(*trip))));
    events.extend(world.withdrawals.iter().map(|(at, package)| (*at, 2, Event::Withdraw(*package))));
    let end = START + Span::days(world.scenario.days + 2);
    let mut round = START;
    while round < end {
        events.push((round, 3, Event::Round));
        round = round + ROUND;
    }
    events.sort_by_key(|(at, kind, _)| (*at, *kind));
    for (at, _, event) in events {
        market.now = at;
        match event {
            Event::Trip(n) => {
                market.publish_trip(&world.trips[n]);
                policy.trip_published(&mut market, world.trips[n].id);
            }
            Event::Package(n) => {
                market.publish_package(&world.packages[n], confirm_within);
                policy.package_published(&mut market, world.packages[n].id);
            }
            Event::Cancel(trip) => {
                for package in market.cancel_trip(trip) {
                    policy.package_published(&mut market, package);
                }
            }
            Event::Withdraw(package) => {
                market.withdraw(package);
                policy.package_withdrawn(package);
            }
            Event::Round => {
                market.clear_out();
                policy.round(&mut market);
            }
        }
    }
    market
}

#[derive(Clone, Copy)]
enum Event {
    Trip(usize),
    Package(usize),
    Cancel(TripId),
    Withdraw(PackageId),
    Round,
}
