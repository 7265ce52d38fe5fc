//! Who hears of a new trip or package that nobody has asked them about.

use super::Context;
use crate::ids::{PackageId, UserId};
use crate::market::package::{Package, PackageState};
use crate::market::subscription::Subscription;
use crate::market::trip::Trip;
use crate::matching::{Candidate, TripEntry};
use crate::place::Gazetteer;
use crate::stream::Suits;
use crate::time::{Span, Time};

/// How many senders hear of one new trip at most.
const TELL_SENDERS: usize = 32;

/// How many couriers hear of one new package at most.
const TELL_COURIERS: usize = 32;

/// Of how many new packages one courier hears within an hour. A courier who wants to see them all asks for
/// the list.
const TELL_AN_HOUR: u32 = 6;

impl Context {
    /// Who is to hear of a new trip: senders who choose their courier and whose packages it could carry, each
    /// of them for one package.
    pub(in crate::runtime) fn senders_waiting_for(&self, trip: &Trip) -> Vec<(PackageId, UserId)> {
        let choosing = self.choosing.read();
        if choosing.is_empty() {
            return Vec::new();
        }
        let entry = TripEntry::of(trip, Gazetteer::bundled(), &self.settings.matching);
        let mut told = Vec::new();
        for (package, _) in choosing.waiting_for(&entry, self.clock.now(), 4 * TELL_SENDERS) {
            let Some(sender) = choosing.get(package).map(|package| package.sender) else { continue };
            if told.len() < TELL_SENDERS && told.iter().all(|(_, known)| *known != sender) {
                told.push((package, sender));
            }
        }
        told
    }

    /// Who is to hear of a new package: couriers with trips that suit it, if its sender chooses among those
    /// who respond; each of them for the trip with the soonest pickup.
    pub(in crate::runtime) fn couriers_for(&self, package: &Package) -> Vec<Suits> {
        let now = self.clock.now();
        if !package.is_open_to_responses(now) {
            return Vec::new();
        }
        let entry = self.package_entry(package);
        let found = {
            let trips = self.trips.read();
            trips.candidates_among(&entry, now, 4 * TELL_COURIERS, |courier| {
                !self.has_heard_enough(courier, now)
            })
        };
        let mut told: Vec<Suits> = Vec::new();
        for Candidate { trip, courier, plan, .. } in found {
            if told.len() < TELL_COURIERS && told.iter().all(|known| known.courier != courier) {
                told.push(Suits { trip, courier, plan });
            }
        }
        told
    }

    /// Who is to hear of a new trip because they have asked for such.
    pub(in crate::runtime) fn asked_for_trip(&self, trip: &Trip) -> Vec<Subscription> {
        let subscriptions = self.subscriptions.read();
        if subscriptions.is_empty() {
            return Vec::new();
        }
        let entry = TripEntry::of(trip, Gazetteer::bundled(), &self.settings.matching);
        subscriptions.answered_by_trip(&entry, trip.courier, self.clock.now()).into_iter().cloned().collect()
    }

    /// The same for a new package.
    pub(in crate::runtime) fn asked_for_package(&self, package: &Package) -> Vec<Subscription> {
        let subscriptions = self.subscriptions.read();
        if subscriptions.is_empty() || package.state != PackageState::Open {
            return Vec::new();
        }
        let entry = self.package_entry(package);
        subscriptions.answered_by_package(&entry, self.clock.now()).into_iter().cloned().collect()
    }

    /// Notes whose questions were answered.
    pub(in crate::runtime) fn have_answered(&self, asked: &[Subscription]) {
        if !asked.is_empty() {
            self.subscriptions.write().have_told(asked.iter().map(|one| one.id), self.clock.now());
        }
    }

    /// Notes who has heard of a new package.
    pub(in crate::runtime) fn have_heard(&self, suits: &[Suits]) {
        let now = self.clock.now();
        for Suits { courier, .. } in suits {
            let (since, count) = self.heard(*courier, now);
            self.told.insert(*courier, (since, count + 1));
        }
    }

    fn has_heard_enough(&self, courier: UserId, now: Time) -> bool {
        self.heard(courier, now).1 >= TELL_AN_HOUR
    }

    /// Of how many new packages a courier has heard within the hour that is under way.
    fn heard(&self, courier: UserId, now: Time) -> (Time, u32) {
        let known = self.told.get(&courier).filter(|(since, _)| now.since(*since) < Span::hours(1));
        known.unwrap_or((now, 0))
    }
}
