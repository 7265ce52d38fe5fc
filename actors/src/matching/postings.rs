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

    /// How many mentions there are.
    pub(super) fn len(&self) -> usize {
        self.lists.values().map(Vec::len).sum()
    }

    /// The slots that mention any of these places.
    pub(super) fn slots(&self, places: &[PlaceId]) -> Slots {
        let mut words = vec![0; self.back.len().div_ceil(64)];
        for posting in places.iter().filter_map(|place| self.lists.get(place)).flatten() {
            words[posting.slot as usize / 64] |= 1 << (posting.slot % 64);
        }
        Slots { words }
    }
}

/// A set of slots, one bit each: hubs are in many lists, and this is the cheapest way to cross two of those.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Slots {
    words: Vec<u64>,
}

impl Slots {
    /// The slots in both sets.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self { words: self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect() }
    }

    /// The slots, in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words.iter().zip((0..).step_by(64)).flat_map(|(&word, first)| {
            let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|bits| *bits != 0);
            let bits = std::iter::successors(Some(word).filter(|bits| *bits != 0), rest);
            bits.map(move |bits| first + bits.trailing_zeros())
        })
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
        assert_eq!(postings.slots(&[one, two]).iter().collect::<Vec<_>>(), [0, 1]);
        postings.remove(0, [one, two, one].into_iter());
        assert_eq!(postings.slots(&[one, two]).iter().collect::<Vec<_>>(), [1]);
        postings.remove(1, [two, one, three].into_iter());
        assert!(postings.lists.is_empty() && postings.back.iter().all(Vec::is_empty));
    }

    #[test]
    fn sets_are_crossed_and_read_in_order() {
        let set = |words: [u64; 3]| Slots { words: words.to_vec() };
        let one = set([1 << 63 | 1, u64::MAX, 0]);
        let other = set([1 << 63 | 2, 1 << 5, 1]);
        assert_eq!(one.and(&other).iter().collect::<Vec<_>>(), [63, 69]);
        assert_eq!(one.iter().count(), 66);
        assert!(one.iter().is_sorted());
    }
}
