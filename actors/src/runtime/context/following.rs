//! How the indexes follow what was committed, and whom a change wakes.

use super::Context;
use crate::ids::{TripId, UserId};
use crate::market::package::{Mode, Package, PackageState};
use crate::market::trip::Trip;
use crate::matching::policy;
use crate::matching::{Chart, TripEntry};
use crate::place::Gazetteer;
use crate::runtime::messages::Consider;

impl Context {
    /// Brings the indexes in line with a package that changed.
    pub(in crate::runtime) fn follow_package(&self, package: &Package) {
        let is_old = || self.package_versions.get(&package.id).is_some_and(|known| package.version < known);
        if is_old() {
            return;
        }
        self.owners.insert_all(package.requests.iter().map(|request| (request.id, package.id)));
        let entry = self.package_entry(package);
        let now = self.clock.now();
        let freed = {
            // Seen and noted under one lock: a copy that was read earlier and comes later changes nothing.
            let _alone = self.following.lock();
            if is_old() {
                return;
            }
            self.package_versions.insert(package.id, package.version);
            self.model.follow(package, &entry, now, &self.settings.matching);
            if package.draft.mode == Mode::Choose {
                let mut choosing = self.choosing.write();
                if package.state == PackageState::Open {
                    choosing.upsert(entry.clone());
                } else {
                    choosing.remove(package.id);
                }
            }
            if package.is_waiting(now) {
                self.waiting.write().upsert(entry);
            } else {
                self.waiting.write().remove(package.id);
            }
            self.offers.follow(package, self.settings.matching.max_live_offers)
        };
        for courier in freed {
            self.wake_for_courier(courier);
        }
    }

    /// Brings the index in line with a trip that changed, and wakes packages that may ride it now.
    pub(in crate::runtime) fn follow_trip(&self, trip: &Trip, room_grew: bool) {
        let is_old = || self.trip_versions.get(&trip.id).is_some_and(|known| trip.version < known);
        if !trip.state.is_live() {
            let mut trips = self.trips.write();
            if !is_old() {
                self.trip_versions.insert(trip.id, trip.version);
                let was_known = trips.remove(trip.id).is_some();
                drop(trips);
                if was_known {
                    self.forget_trip_of(trip.courier, trip.id);
                }
            }
            return;
        }
        let known = self.trips.read().get(trip.id).cloned();
        let is_new = known.is_none();
        let entry = match known {
            Some(known) => known.renewed(trip),
            None => TripEntry::of(trip, Gazetteer::bundled(), &self.settings.matching),
        };
        // Nobody should have to wait while the way of a new trip is worked out.
        let chart = is_new.then(|| Chart::of(&entry, Gazetteer::bundled()));
        let upserted = {
            let mut trips = self.trips.write();
            if is_old() {
                return;
            }
            self.trip_versions.insert(trip.id, trip.version);
            trips.upsert_charted(entry.clone(), chart)
        };
        if is_new {
            self.trips_of.write().entry(trip.courier).or_default().push(trip.id);
        }
        if upserted && (is_new || room_grew) {
            self.wake_for_trip(&entry);
        }
    }

    /// Wakes waiting packages that the trip could carry, those first that suit it best.
    fn wake_for_trip(&self, entry: &TripEntry) {
        if self.waiting.read().is_empty() {
            return;
        }
        let now = self.clock.now();
        let best = {
            let (trips, waiting) = (self.trips.read(), self.waiting.read());
            policy::queue(entry, &waiting, &self.view(&trips, now))
        };
        for (package, _) in best.into_iter().take(policy::MAX_WOKEN) {
            let _ = self.directories().packages.get(package).tell(Consider);
        }
    }

    fn wake_for_courier(&self, courier: UserId) {
        let trips = self.trips_of.read().get(&courier).cloned().unwrap_or_default();
        for trip in trips {
            let entry = self.trips.read().get(trip).cloned();
            if let Some(entry) = entry {
                self.wake_for_trip(&entry);
            }
        }
    }

    fn forget_trip_of(&self, courier: UserId, trip: TripId) {
        let mut trips_of = self.trips_of.write();
        if let Some(trips) = trips_of.get_mut(&courier) {
            trips.retain(|id| *id != trip);
            if trips.is_empty() {
                trips_of.remove(&courier);
            }
        }
    }
}
