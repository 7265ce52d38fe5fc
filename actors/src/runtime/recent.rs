//! What this node has seen lately, within bounds: a caller that finds it here need not ask the store.

use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::Mutex;

/// The most entries in one generation; two are remembered.
const GENERATION: usize = 65_536;

/// A map that forgets what was put in first, once there is too much of it.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    known: Mutex<Generations<K, V>>,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { known: Mutex::new(Generations { young: HashMap::new(), old: HashMap::new() }) }
    }
}

impl<K: Eq + Hash, V: Copy> Recent<K, V> {
    /// What is remembered of a key.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        let known = self.known.lock();
        known.young.get(key).or_else(|| known.old.get(key)).copied()
    }

    /// Remembers an entry.
    pub(super) fn insert(&self, key: K, value: V) {
        self.insert_all([(key, value)]);
    }

    /// Remembers several at once.
    pub(super) fn insert_all(&self, entries: impl IntoIterator<Item = (K, V)>) {
        let mut known = self.known.lock();
        for (key, value) in entries {
            if known.young.len() >= GENERATION {
                known.old = std::mem::take(&mut known.young);
            }
            known.young.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered_and_memory_is_bounded() {
        let recent = Recent::default();
        for n in 0..3 * GENERATION {
            recent.insert(n, n);
        }
        assert_eq!(recent.get(&(3 * GENERATION - 1)), Some(3 * GENERATION - 1));
        assert_eq!(recent.get(&0), None);
        let known = recent.known.lock();
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION);
    }

    #[test]
    fn what_is_put_in_last_counts() {
        let recent = Recent::default();
        recent.insert_all((0..GENERATION).map(|n| (n, 1)));
        recent.insert(0, 2);
        assert_eq!((recent.get(&0), recent.get(&1)), (Some(2), Some(1)));
    }
}
