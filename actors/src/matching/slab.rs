//! Entries in numbered slots that are used again: small, stable numbers for the posting lists.

use std::collections::HashMap;
use std::hash::Hash;

/// Entries by id and by slot.
#[derive(Debug)]
pub(super) struct Slab<Id, Entry> {
    slots: HashMap<Id, u32>,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
}

impl<Id: Copy + Eq + Hash, Entry> Slab<Id, Entry> {
    pub(super) fn new() -> Self {
        Self { slots: HashMap::new(), entries: Vec::new(), free: Vec::new() }
    }

    /// The slot of an id.
    pub(super) fn slot(&self, id: Id) -> Option<u32> {
        self.slots.get(&id).copied()
    }

    /// Puts a new entry in, or replaces the one of the same id, and tells its slot.
    pub(super) fn put(&mut self, id: Id, entry: Entry) -> u32 {
        let slot = self.slot(id).or_else(|| self.free.pop()).unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).expect("fewer than four billion entries")
        });
        self.slots.insert(id, slot);
        self.entries[slot as usize] = Some(entry);
        slot
    }

    /// Takes an entry out, with the slot it had.
    pub(super) fn take(&mut self, id: Id) -> Option<(u32, Entry)> {
        let slot = self.slots.remove(&id)?;
        self.free.push(slot);
        self.entries[slot as usize].take().map(|entry| (slot, entry))
    }

    pub(super) fn get(&self, id: Id) -> Option<&Entry> {
        self.slot(id).map(|slot| self.at(slot))
    }

    /// The entry in a slot that is in use.
    pub(super) fn at(&self, slot: u32) -> &Entry {
        self.entries[slot as usize].as_ref().expect("postings name only slots in use")
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// All entries, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again() {
        let mut slab = Slab::new();
        assert_eq!((slab.put('a', 1), slab.put('b', 2), slab.put('a', 3)), (0, 1, 0));
        assert_eq!((slab.take('a'), slab.take('a'), slab.len()), (Some((0, 3)), None, 1));
        assert_eq!((slab.put('c', 4), slab.put('d', 5)), (0, 2));
        assert_eq!(slab.iter().copied().collect::<Vec<_>>(), [4, 2, 5]);
    }
}
