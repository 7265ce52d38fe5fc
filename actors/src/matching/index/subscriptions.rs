//! Standing questions, found by what is published: a question is to a trip what a waiting package is, and to
//! a package what another one on the same way is.
//!
//! Those for trips are packages that weigh nothing, in an index of packages; those for packages are listed by
//! the pair of places that they name, and a package asks for the pairs of its zones.

use std::collections::HashMap;

use smallvec::{SmallVec, smallvec};

use super::PackageIndex;
use crate::ids::{PackageId, SubscriptionId, UserId};
use crate::market::load::Load;
use crate::market::subscription::{Subscription, Wanted};
use crate::matching::{PackageEntry, Settings, TripEntry};
use crate::money::{Amount, Currency};
use crate::place::{Gazetteer, PlaceId};
use crate::time::{Span, Time};

/// How many questions one publication answers at most.
pub const MAX_TOLD: usize = 64;

/// A question is answered once in this time: who asks wants to look, and not to be followed.
pub const TOLD_EVERY: Span = Span::minutes(30);

/// What asks for nothing but to be carried.
const NOTHING: Load = Load { weight_g: 1, volume_ml: 1, slots: 1 };

/// The questions of a node.
pub struct SubscriptionIndex {
    subscriptions: HashMap<SubscriptionId, Subscription>,
    for_trips: PackageIndex,
    for_packages: HashMap<(PlaceId, PlaceId), SmallVec<[SubscriptionId; 2]>>,
    told: HashMap<SubscriptionId, Time>,
    gazetteer: &'static Gazetteer,
    settings: Settings,
}

impl SubscriptionIndex {
    /// An index without questions.
    #[must_use]
    pub fn new(gazetteer: &'static Gazetteer, settings: Settings) -> Self {
        Self {
            subscriptions: HashMap::new(),
            for_trips: PackageIndex::new(),
            for_packages: HashMap::new(),
            told: HashMap::new(),
            gazetteer,
            settings,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// The question with an id, if it stands.
    #[must_use]
    pub fn get(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.subscriptions.get(&id)
    }

    /// Takes a question in, or out if it is over.
    pub fn follow(&mut self, subscription: Subscription, now: Time) {
        self.remove(subscription.id);
        if !subscription.is_live(now) {
            return;
        }
        match subscription.wanted {
            Wanted::Trips => {
                self.for_trips.upsert(self.entry(&subscription));
            }
            Wanted::Packages => {
                let pair = (subscription.from.place, subscription.to.place);
                self.for_packages.entry(pair).or_default().push(subscription.id);
            }
        }
        self.subscriptions.insert(subscription.id, subscription);
    }

    /// Takes a question out.
    pub fn remove(&mut self, id: SubscriptionId) {
        let Some(old) = self.subscriptions.remove(&id) else { return };
        self.told.remove(&id);
        match old.wanted {
            Wanted::Trips => drop(self.for_trips.remove(PackageId::from(id.uuid()))),
            Wanted::Packages => {
                let pair = (old.from.place, old.to.place);
                if let Some(listed) = self.for_packages.get_mut(&pair) {
                    listed.retain(|one| *one != id);
                    if listed.is_empty() {
                        self.for_packages.remove(&pair);
                    }
                }
            }
        }
    }

    /// Takes out what is over.
    pub fn forget_ended(&mut self, now: Time) {
        let over: Vec<_> =
            self.subscriptions.values().filter(|one| !one.is_live(now)).map(|one| one.id).collect();
        over.into_iter().for_each(|id| self.remove(id));
    }

    fn entry(&self, subscription: &Subscription) -> PackageEntry {
        let ends = (&subscription.from, &subscription.to);
        let times = (subscription.starts_at, subscription.ends_at);
        let id = PackageId::from(subscription.id.uuid());
        let nothing = Amount::new(0, Currency::Rub);
        PackageEntry::of_way(
            id,
            subscription.user,
            ends,
            times,
            (NOTHING, nothing),
            self.gazetteer,
            &self.settings,
        )
    }

    /// Questions that a trip answers, one of each person, those that were answered longest ago first.
    #[must_use]
    pub fn answered_by_trip(&self, trip: &TripEntry, courier: UserId, now: Time) -> Vec<&Subscription> {
        let found = self.for_trips.waiting_for(trip, now, 4 * MAX_TOLD);
        let ids = found.into_iter().map(|(package, _)| SubscriptionId::from(package.uuid()));
        self.thinned(ids.collect(), courier, now)
    }

    /// Questions that a package answers, likewise.
    #[must_use]
    pub fn answered_by_package(&self, package: &PackageEntry, now: Time) -> Vec<&Subscription> {
        let mut ids: SmallVec<[SubscriptionId; 8]> = smallvec![];
        for from in package.pickups.iter() {
            for to in package.dropoffs.iter() {
                let Some(listed) = self.for_packages.get(&(from.place, to.place)) else { continue };
                let is_in_time = |id: &&SubscriptionId| {
                    self.get(**id).is_some_and(|one| {
                        one.starts_at <= package.deliver_by && package.ready_at <= one.ends_at
                    })
                };
                ids.extend(listed.iter().filter(is_in_time).take(4 * MAX_TOLD).copied());
            }
        }
        self.thinned(ids.to_vec(), package.sender, now)
    }

    fn thinned(&self, mut ids: Vec<SubscriptionId>, publisher: UserId, now: Time) -> Vec<&Subscription> {
        let told_at = |id: &SubscriptionId| self.told.get(id).copied();
        ids.retain(|id| told_at(id).is_none_or(|at| now.since(at) >= TOLD_EVERY));
        ids.sort_by_key(|id| (told_at(id), *id));
        let mut found: Vec<&Subscription> = Vec::new();
        for id in ids {
            let Some(one) = self.get(id).filter(|one| one.is_live(now) && one.user != publisher) else {
                continue;
            };
            if found.len() < MAX_TOLD && found.iter().all(|known| known.user != one.user) {
                found.push(one);
            }
        }
        found
    }

    /// These were answered.
    pub fn have_told(&mut self, ids: impl IntoIterator<Item = SubscriptionId>, now: Time) {
        self.told.extend(ids.into_iter().map(|id| (id, now)));
    }
}
