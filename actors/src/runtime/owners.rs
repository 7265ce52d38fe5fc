//! Which package a request belongs to, as far as this node has seen it lately: the store need not be asked for each
//! command. It never changes, so what is remembered is never wrong.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::ids::{PackageId, RequestId};
use crate::package::Package;

/// The most requests in one generation; two are remembered.
const GENERATION: usize = 65_536;

/// Packages by request.
#[derive(Default)]
pub(super) struct Owners {
    known: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<RequestId, PackageId>,
    old: HashMap<RequestId, PackageId>,
}

impl Owners {
    /// The package of a request, if it is remembered.
    pub(super) fn of(&self, request: RequestId) -> Option<PackageId> {
        let known = self.known.lock();
        known.young.get(&request).or_else(|| known.old.get(&request)).copied()
    }

    /// Remembers the requests of a package.
    pub(super) fn learn(&self, package: &Package) {
        let mut known = self.known.lock();
        for request in &package.requests {
            known.insert(request.id, package.id);
        }
    }

    /// Remembers one.
    pub(super) fn insert(&self, request: RequestId, package: PackageId) {
        self.known.lock().insert(request, package);
    }
}

impl Generations {
    fn insert(&mut self, request: RequestId, package: PackageId) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(request, package);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn the_latest_are_remembered_and_memory_is_bounded() {
        let owners = Owners::default();
        let at = |n: u32| Time::from_ms(1_790_000_000_000 + i64::from(n));
        let request = |n| RequestId::new(at(n), [0; 10]);
        let package = |n| PackageId::new(at(n), [1; 10]);
        let many = 3 * u32::try_from(GENERATION).unwrap();
        for n in 0..many {
            owners.insert(request(n), package(n));
        }
        assert_eq!(owners.of(request(many - 1)), Some(package(many - 1)));
        assert_eq!(owners.of(request(0)), None);
        let known = owners.known.lock();
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION);
    }
}
