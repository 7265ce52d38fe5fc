//! Which slots name a place. Adding and removing a slot costs as much as it has places, however crowded they are.

use std::collections::HashMap;

use crate::place::PlaceId;

/// One mention of a place.
#[derive(Clone, Copy, Debug)]
struct Posting {
    slot: u32,
    /// Which of the slot's mentions this is.
    nth: u32,
}

/// The mentions of each place, in no particular order.
#[derive(Debug, Default)]
pub(super) struct Postings {
    lists: HashMap<PlaceId, Vec<Posting>>,
    /// For each slot and each of its mentions, where in the list of the place it stands.
    back: Vec<Vec<u32>>,
}

impl Postings {
    /// Adds all mentions of a slot that has none.
    pub(super) fn add(&mut self, slot: u32, places: impl Iterator<Item = PlaceId>) {
        let mut back = Vec::with_capacity(places.size_hint().0);
        for (place, nth) in places.zip(0..) {
            let list = self.lists.entry(place).or_default();
            back.push(u32::try_from(list.len()).expect("fewer than four billion mentions"));
            list.push(Posting { slot, nth });
        }
        if self.back.len() <= slot as usize {
            self.back.resize_with(slot as usize + 1, Vec::new);
        }
        self.back[slot as usize] = back;
    }

    /// Removes all mentions of a slot; the places must be those it was added with.
    pub(super) fn remove(&mut self, slot: u32, places: impl Iterator<Item = PlaceId>) {
        for (place, nth) in places.zip(0_usize..) {
            // Looked up each time: a place that is mentioned twice may have just moved its other mention.
            let at = self.back[slot as usize][nth];
            let list = self.lists.get_mut(&place).expect("a mention has a list");
            list.swap_remove(at as usize);
            if let Some(moved) = list.get(at as usize) {
                self.back[moved.slot as usize][moved.nth as usize] = at;
            } else if list.is_empty() {
                self.lists.remove(&place);
            }
        }
        self.back[slot as usize] = Vec::new();
    }

    /// How many mentions these places have together.
    pub(super) fn count(&self, places: &[PlaceId]) -> usize {
        places.iter().filter_map(|place| self.lists.get(place)).map(Vec::len).sum()
    }

    /// The slots that mention any of these places, each once, in ascending order.
    pub(super) fn slots(&self, places: &[PlaceId]) -> Vec<u32> {
        let mut slots = Vec::with_capacity(self.count(places));
        for place in places {
            slots.extend(self.lists.get(place).into_iter().flatten().map(|posting| posting.slot));
        }
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_mentions_takes_no_room() {
        let [one, two, three] = [1, 2, 3].map(PlaceId);
        let mut postings = Postings::default();
        postings.add(0, [one, two, one].into_iter());
        postings.add(1, [two, one, three].into_iter());
        assert_eq!((postings.count(&[one, two]), postings.slots(&[one, two])), (5, vec![0, 1]));
        postings.remove(0, [one, two, one].into_iter());
        assert_eq!((postings.count(&[one, two]), postings.slots(&[one, two])), (2, vec![1]));
        postings.remove(1, [two, one, three].into_iter());
        assert!(postings.lists.is_empty() && postings.back.iter().all(Vec::is_empty));
    }
}
