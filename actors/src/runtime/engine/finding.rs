//! Packages whose senders choose: couriers find them, and hear of new ones.

use super::Engine;
use crate::ids::{PackageId, TripId};
use crate::market::request::Plan;
use crate::matching::zone;
use crate::place::{Gazetteer, Place};

/// Of how many trips of one courier packages are found at once.
const MAX_TRIPS: usize = 32;

/// A package that a courier may respond to, as far as the index knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fitting {
    /// The package that suits.
    pub package: PackageId,
    /// On which trip it would ride, and how; nothing where no trip was asked about.
    pub ride: Option<(TripId, Plan)>,
}

impl Engine {
    /// Packages that would ride on these trips and whose senders choose, in order of publication, after
    /// `after`; at most `limit`. Each comes once, with the first trip that it suits.
    #[must_use]
    pub fn packages_for(&self, trips: &[TripId], after: Option<PackageId>, limit: usize) -> Vec<Fitting> {
        let now = self.context.clock.now();
        let mut found = Vec::new();
        for trip in trips.iter().take(MAX_TRIPS) {
            let Some(entry) = self.context.trips.read().get(*trip).cloned() else { continue };
            let choosing = self.context.choosing.read();
            let waiting = choosing.waiting_for_after(after, &entry, now, limit);
            found.extend(
                waiting.into_iter().map(|(package, plan)| Fitting { package, ride: Some((*trip, plan)) }),
            );
        }
        // Stable: the trips are in the caller's order.
        found.sort_by_key(|one| one.package);
        found.dedup_by_key(|one| one.package);
        found.truncate(limit);
        found
    }

    /// Packages whose senders choose from around one place to around another, in order of publication, after
    /// `after`; at most `limit`.
    #[must_use]
    pub fn packages_between(
        &self,
        (from, to): (Option<&Place>, Option<&Place>),
        after: Option<PackageId>,
        limit: usize,
    ) -> Vec<Fitting> {
        let settings = &self.context.settings.matching;
        let around = |place: &Place| zone(place.id, place.position, Gazetteer::bundled(), settings);
        let (from, to) = (from.map(around), to.map(around));
        let found = self.context.choosing.read().between(from.as_deref(), to.as_deref(), after, limit);
        found.into_iter().map(|package| Fitting { package, ride: None }).collect()
    }
}
