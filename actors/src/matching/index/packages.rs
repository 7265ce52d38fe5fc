//! Waiting packages, found by where a trip goes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use super::stays::{Visit, visits};
use super::{Cells, cells_of};
use crate::ids::PackageId;
use crate::market::request::Plan;
use crate::matching::slab::{Named, Slab};
use crate::matching::{PackageEntry, TripEntry, feasible};
use crate::place::{CellIndex, Gazetteer, PlaceId, Spot};
use crate::time::Time;

/// A package in a list, with enough to tell for most trips that it does not come into question.
#[derive(Clone, Copy, Debug)]
struct Listed {
    id: PackageId,
    slot: u32,
    weight_g: u32,
    ready_at: Time,
    deliver_by: Time,
}

/// Waiting packages by the cells of their ends.
#[derive(Debug)]
pub struct PackageIndex {
    packages: Slab<PackageEntry>,
    /// By the cell of the pickup, then of the dropoff.
    lists: HashMap<CellIndex, HashMap<CellIndex, Vec<Listed>>>,
    gazetteer: &'static Gazetteer,
}

impl Named for PackageEntry {
    type Id = PackageId;

    fn id(&self) -> PackageId {
        self.id
    }
}

impl Default for PackageIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl PackageIndex {
    /// An empty index over the bundled gazetteer.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Gazetteer::bundled())
    }

    /// An empty index over another gazetteer: that which its entries are made with.
    #[must_use]
    pub fn over(gazetteer: &'static Gazetteer) -> Self {
        Self { packages: Slab::new(), lists: HashMap::new(), gazetteer }
    }

    /// Takes a package in, or its new version. A version older than the one at hand changes nothing and gives
    /// `false`.
    pub fn upsert(&mut self, entry: PackageEntry) -> bool {
        if self.get(entry.id).is_some_and(|old| entry.version < old.version) {
            return false;
        }
        self.remove(entry.id);
        let slot = self.packages.put(entry);
        let entry = self.packages.at(slot);
        let listed = Listed {
            id: entry.id,
            slot,
            weight_g: entry.load.weight_g,
            ready_at: entry.ready_at,
            deliver_by: entry.deliver_by,
        };
        for from in cells_of(&entry.pickups) {
            let lists = self.lists.entry(from).or_default();
            for to in cells_of(&entry.dropoffs) {
                lists.entry(to).or_default().push(listed);
            }
        }
        true
    }

    /// Takes a package out; `None` when it is not in.
    pub fn remove(&mut self, id: PackageId) -> Option<PackageEntry> {
        let (_, entry) = self.packages.take(id)?;
        for from in cells_of(&entry.pickups) {
            let Some(lists) = self.lists.get_mut(&from) else { continue };
            for to in cells_of(&entry.dropoffs) {
                let Some(list) = lists.get_mut(&to) else { continue };
                if let Some(at) = list.iter().position(|listed| listed.id == id) {
                    list.swap_remove(at);
                }
                if list.is_empty() {
                    lists.remove(&to);
                }
            }
            if lists.is_empty() {
                self.lists.remove(&from);
            }
        }
        Some(entry)
    }

    /// The entry of a package.
    #[must_use]
    pub fn get(&self, id: PackageId) -> Option<&PackageEntry> {
        self.packages.get(id)
    }

    /// How many packages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often packages are listed: what the memory of the index grows with.
    #[must_use]
    pub fn mentions(&self) -> usize {
        self.lists.values().flat_map(HashMap::values).map(Vec::len).sum()
    }

    /// Some of the packages, from a place in their order on, and the place to go on from; in the end all of
    /// them were seen that were there all the time.
    pub fn some_from(&self, place: usize, most: usize) -> (impl Iterator<Item = &PackageEntry>, usize) {
        self.packages.some_from(place, most)
    }

    /// All packages, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = &PackageEntry> {
        self.packages.iter()
    }

    /// The packages that may be proposed to the trip, in order of id, which is that of publication; at most
    /// `limit`: the package that has waited longest comes first.
    #[must_use]
    pub fn waiting_for(&self, trip: &TripEntry, now: Time, limit: usize) -> Vec<(PackageId, Plan)> {
        self.waiting_for_after(None, trip, now, limit)
    }

    /// The same without those up to a package: the next page of them.
    #[must_use]
    pub fn waiting_for_after(
        &self,
        after: Option<PackageId>,
        trip: &TripEntry,
        now: Time,
        limit: usize,
    ) -> Vec<(PackageId, Plan)> {
        let mut found = Vec::new();
        let mut in_reach = self.in_reach(trip, now);
        in_reach.retain(|Reverse((id, _))| after.is_none_or(|after| *id > after));
        // A heap, because most of a long list is never looked at.
        let mut rest = BinaryHeap::from(in_reach);
        let mut last = None;
        while found.len() < limit {
            let Some(Reverse((id, slot))) = rest.pop() else { break };
            if last.replace(id) == Some(id) {
                continue;
            }
            found.extend(feasible(trip, self.packages.at(slot), now).ok().map(|plan| (id, plan)));
        }
        found
    }

    /// The packages that go from one zone, or from anywhere, to another, or to anywhere: an end is in a zone
    /// if one of the places that stand for it is. In order of id, after `after`; at most `limit`.
    #[must_use]
    pub fn between(
        &self,
        from: Option<&[&'static Spot]>,
        to: Option<&[&'static Spot]>,
        after: Option<PackageId>,
        limit: usize,
    ) -> Vec<PackageId> {
        let places = |zone: &[&Spot]| zone.iter().map(|spot| spot.place).collect::<Vec<_>>();
        let (from_places, to_places) = (from.map(places), to.map(places));
        let is_in = |ends: &[&'static Spot], zone: &Option<Vec<PlaceId>>| {
            zone.as_ref().is_none_or(|zone| ends.iter().any(|spot| zone.contains(&spot.place)))
        };
        let mut found: Vec<(PackageId, u32)> = Vec::new();
        let (from_cells, to_cells) = (from.map(cells_of), to.map(cells_of));
        self.each_list(from_cells.as_ref(), to_cells.as_ref(), |list| {
            let later = list.iter().filter(|one| after.is_none_or(|after| one.id > after));
            found.extend(later.map(|one| (one.id, one.slot)));
        });
        found.sort_unstable();
        found.dedup();
        let goes = |slot: u32| {
            let entry = self.packages.at(slot);
            is_in(&entry.pickups, &from_places) && is_in(&entry.dropoffs, &to_places)
        };
        let found = found.into_iter().filter(|(_, slot)| goes(*slot));
        found.map(|(id, _)| id).take(limit).collect()
    }

    /// Calls back with the lists of these pairs of cells; nothing stands for every cell.
    fn each_list(&self, from: Option<&Cells>, to: Option<&Cells>, mut look: impl FnMut(&[Listed])) {
        let mut along = |lists: &HashMap<CellIndex, Vec<Listed>>| match to {
            Some(to) => to.iter().filter_map(|cell| lists.get(cell)).for_each(|list| look(list)),
            None => lists.values().for_each(|list| look(list)),
        };
        match from {
            Some(from) => from.iter().filter_map(|cell| self.lists.get(cell)).for_each(&mut along),
            None => self.lists.values().for_each(&mut along),
        }
    }

    /// What is listed under a pair of cells that the trip passes in this order, and suits by weight and time.
    fn in_reach(&self, trip: &TripEntry, now: Time) -> Vec<Reverse<(PackageId, u32)>> {
        let visits = visits(trip, self.gazetteer);
        let most_g = (0..).take(trip.legs()).map(|leg| trip.left(leg).weight_g).max().unwrap_or(0);
        let mut found = Vec::new();
        for on in &visits {
            let Some(lists) = self.lists.get(&on.cell) else { continue };
            let suits = |listed: &&Listed, off: &Visit| {
                listed.weight_g <= most_g && listed.ready_at <= on.last && off.first <= listed.deliver_by
            };
            for off in visits.iter().filter(|off| on.first <= off.last && now < off.last) {
                let listed = lists.get(&off.cell).into_iter().flatten();
                found.extend(listed.filter(|one| suits(one, off)).map(|one| Reverse((one.id, one.slot))));
            }
        }
        found
    }
}
