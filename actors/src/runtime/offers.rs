//! Which offers each courier has before them, so that nobody is asked too much at once. A courtesy, not a
//! guard: the counts are those of this node and are rebuilt from the packages.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::ids::{RequestId, UserId};
use crate::market::package::{Package, Proposal};
use crate::market::request::Origin;

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
        for request in &package.requests {
            // An offer can turn into a request of the sender's.
            if request.origin == Origin::Engine && request.state.is_pending() {
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
}

/// Offers that are booked, but perhaps never committed. When this value is dropped, also by a panic, the
/// bookings of those that were not committed are removed.
pub(super) struct Bookings {
    book: Arc<OfferBook>,
    offers: Vec<(UserId, RequestId)>,
}

impl Bookings {
    pub(super) fn of(book: &Arc<OfferBook>, proposals: &[Proposal]) -> Self {
        let offers = proposals.iter().map(|proposal| (proposal.courier, proposal.id)).collect();
        Self { book: Arc::clone(book), offers }
    }

    /// Keeps those that the package holds.
    pub(super) fn keep(mut self, package: &Package) {
        self.offers.retain(|(_, offer)| package.request(*offer).is_none());
    }
}

impl Drop for Bookings {
    fn drop(&mut self) {
        let mut live = self.book.live.lock();
        for (courier, offer) in &self.offers {
            remove(&mut live, *courier, *offer, 0);
        }
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
