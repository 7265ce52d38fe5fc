//! Entries in numbered slots that are used again: small, stable numbers for the lists of the indexes.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// What can be put into a slab.
pub(super) trait Named {
    type Id: Copy + Eq + Hash;

    fn id(&self) -> Self::Id;
}

/// Entries by id and by slot.
#[derive(Debug)]
pub(super) struct Slab<Entry> {
    /// The slots, by the hash of the id: the ids themselves are in the entries.
    slots: HashTable<u32>,
    hasher: DefaultHashBuilder,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
}

impl<Entry: Named> Slab<Entry> {
    pub(super) fn new() -> Self {
        let hasher = DefaultHashBuilder::default();
        Self { slots: HashTable::new(), hasher, entries: Vec::new(), free: Vec::new() }
    }

    /// The slot of an id.
    pub(super) fn slot(&self, id: Entry::Id) -> Option<u32> {
        self.slots.find(self.hasher.hash_one(id), |slot| self.at(*slot).id() == id).copied()
    }

    /// Puts a new entry in, or replaces the one of the same id, and tells its slot.
    pub(super) fn put(&mut self, entry: Entry) -> u32 {
        let id = entry.id();
        if let Some(slot) = self.slot(id) {
            self.entries[slot as usize] = Some(entry);
            return slot;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            // Not doubled: at a million entries that would be a hundred megabytes of nothing.
            if self.entries.len() == self.entries.capacity() {
                self.entries.reserve_exact(64.max(self.entries.len() / 16));
            }
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).expect("fewer than four billion entries")
        });
        self.entries[slot as usize] = Some(entry);
        let Self { slots, hasher, entries, .. } = self;
        let hash = |slot: &u32| {
            let entry = entries[*slot as usize].as_ref().expect("the table names only slots in use");
            hasher.hash_one(entry.id())
        };
        slots.insert_unique(hasher.hash_one(id), slot, hash);
        slot
    }

    /// Takes an entry out, with the slot it had.
    pub(super) fn take(&mut self, id: Entry::Id) -> Option<(u32, Entry)> {
        let hash = self.hasher.hash_one(id);
        let is_it = |slot: &u32| self.entries[*slot as usize].as_ref().is_some_and(|entry| entry.id() == id);
        let (slot, _) = self.slots.find_entry(hash, is_it).ok()?.remove();
        self.free.push(slot);
        self.entries[slot as usize].take().map(|entry| (slot, entry))
    }

    pub(super) fn get(&self, id: Entry::Id) -> Option<&Entry> {
        self.slot(id).map(|slot| self.at(slot))
    }

    /// The entry in a slot that is in use.
    pub(super) fn at(&self, slot: u32) -> &Entry {
        self.entries[slot as usize].as_ref().expect("lists name only slots in use")
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The entries of so many slots from one on, and the slot to go on from: the first after the last.
    pub(super) fn some_from(&self, slot: usize, most: usize) -> (impl Iterator<Item = &Entry>, usize) {
        let from = slot.min(self.entries.len());
        let until = self.entries.len().min(from + most);
        let next = if until == self.entries.len() { 0 } else { until };
        (self.entries[from..until].iter().flatten(), next)
    }

    /// All entries, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for (char, i32) {
        type Id = char;

        fn id(&self) -> char {
            self.0
        }
    }

    #[test]
    fn a_slot_is_used_again() {
        let mut slab = Slab::new();
        assert_eq!((slab.put(('a', 1)), slab.put(('b', 2)), slab.put(('a', 3))), (0, 1, 0));
        assert_eq!((slab.take('a'), slab.take('a'), slab.len()), (Some((0, ('a', 3))), None, 1));
        assert_eq!((slab.put(('c', 4)), slab.put(('d', 5))), (0, 2));
        assert_eq!(slab.iter().map(|entry| entry.1).collect::<Vec<_>>(), [4, 2, 5]);
        assert_eq!((slab.get('c'), slab.get('a')), (Some(&('c', 4)), None));
    }

    #[test]
    fn many_are_told_apart() {
        let mut slab = Slab::new();
        let names = || ('a'..='z').chain('а'..='я');
        for (name, n) in names().zip(0..) {
            slab.put((name, n));
        }
        assert!(names().zip(0..).all(|(name, n)| slab.get(name) == Some(&(name, n))));
    }
}
