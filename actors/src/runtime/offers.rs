//! Which offers each courier has before them, so that nobody is asked too much at once. A courtesy, not a guard:
//! the counts are those of this node and are rebuilt from the packages.

use std::collections::HashMap;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::ids::{RequestId, UserId};
use crate::package::Package;
use crate::request::Origin;

/// Live offers by courier.
#[derive(Default)]
pub(super) struct OfferBook {
    live: Mutex<HashMap<UserId, SmallVec<[RequestId; 4]>>>,
}

impl OfferBook {
    /// How many more offers the courier may have, of `most`.
    pub(super) fn places(&self, courier: UserId, most: usize) -> usize {
        most.saturating_sub(self.live.lock().get(&courier).map_or(0, SmallVec::len))
    }

    /// Books an offer, if the courier has fewer than `most`.
    pub(super) fn book(&self, courier: UserId, offer: RequestId, most: usize) -> bool {
        let mut live = self.live.lock();
        let offers = live.entry(courier).or_default();
        let room = offers.len() < most;
        if room {
            offers.push(offer);
        }
        room
    }

    /// Brings the book in line with a package. Returns the couriers who have a place free again.
    pub(super) fn follow(&self, package: &Package, most: usize) -> Vec<UserId> {
        let mut freed = Vec::new();
        let mut live = self.live.lock();
        for request in package.requests.iter().filter(|request| request.origin == Origin::Engine) {
            if request.state.is_pending() {
                let offers = live.entry(request.courier).or_default();
                if !offers.contains(&request.id) {
                    offers.push(request.id);
                }
            } else if remove(&mut live, request.courier, request.id, most) {
                freed.push(request.courier);
            }
        }
        freed
    }

    /// Takes an offer out that was booked and not made.
    pub(super) fn cancel(&self, courier: UserId, offer: RequestId) {
        remove(&mut self.live.lock(), courier, offer, 0);
    }
}

/// Whether the courier had been full and is not any more.
fn remove(
    live: &mut HashMap<UserId, SmallVec<[RequestId; 4]>>,
    courier: UserId,
    offer: RequestId,
    most: usize,
) -> bool {
    let Some(offers) = live.get_mut(&courier) else { return false };
    let before = offers.len();
    offers.retain(|id| *id != offer);
    let freed = before >= most && offers.len() < before;
    if offers.is_empty() {
        live.remove(&courier);
    }
    freed
}
