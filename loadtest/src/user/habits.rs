//! How people react to what they are told: after how long, and with what.

use peerpack_actors::ids::UserId;
use peerpack_actors::market::request::Party;
use peerpack_actors::stream::{RequestChange, StreamEvent};
use rand::RngExt;
use rand::rngs::StdRng;

use super::Deed;
use crate::oracle::What;
use crate::scenario::Manners;

/// Offers that end within this many milliseconds are sometimes not answered at all, so that some expire.
const SHORT_TTL_MS: i64 = 60_000;

/// The share of those.
const IGNORED: f64 = 0.3;

/// The share of couriers who never say that they picked a package up.
const FORGETFUL: f64 = 0.3;

/// What a user does about an event, and after how many microseconds.
pub(super) fn reaction(
    event: &StreamEvent,
    user: UserId,
    manners: Manners,
    random: &mut StdRng,
) -> Vec<(u64, Deed)> {
    match event {
        StreamEvent::OfferNew(offer) => {
            let request = offer.request_id;
            let look_us = random.random_range(10_000..50_000);
            let answer_us = random.random_range(manners.answer_ms.0 * 1_000..manners.answer_ms.1 * 1_000);
            let what = if random.random_bool(manners.accept) { What::Accept } else { What::Decline };
            let ignored = random.random_bool(IGNORED) && offer.ttl_ms <= SHORT_TTL_MS;
            let looks = manners.look >= 1.0 || random.random_bool(manners.look);
            let mut deeds: Vec<_> = looks.then_some((look_us, Deed::Look(request))).into_iter().collect();
            if !ignored {
                deeds.push((answer_us, Deed::Say(what, request)));
            }
            deeds
        }
        StreamEvent::RequestAccepted(change) => after_the_deal(change, user, manners, random),
        StreamEvent::RequestPickedUp(change) if change.courier_id == user => {
            vec![(random.random_range(200_000..1_500_000), by_any_way(What::Deliver, change, random))]
        }
        StreamEvent::RequestDelivered(change) if change.sender_id == user => {
            vec![(random.random_range(100_000..1_000_000), Deed::Call(What::Confirm, change.request_id))]
        }
        _ => Vec::new(),
    }
}

impl Manners {
    /// When something is done that people would do at a moment: then, or at the next tick of the clock that
    /// all share.
    pub(super) const fn tick(self, at_us: u64, deed: &Deed) -> u64 {
        let tick_us = self.together_ms * 1_000;
        let waits = tick_us > 0 && matches!(deed, Deed::Say(What::Accept | What::Decline, _));
        if waits { at_us.next_multiple_of(tick_us) } else { at_us }
    }
}

/// Either party may call the deal off; otherwise the courier goes on with it, or leaves it for later.
fn after_the_deal(
    change: &RequestChange,
    user: UserId,
    manners: Manners,
    random: &mut StdRng,
) -> Vec<(u64, Deed)> {
    let party = if change.courier_id == user { Party::Courier } else { Party::Sender };
    let wait_us = random.random_range(100_000..1_500_000);
    if random.random_bool(manners.cancel / 2.0) {
        return vec![(wait_us, by_any_way(What::Cancel, change, random))];
    }
    if party == Party::Sender || !random.random_bool(manners.deliver) {
        return Vec::new();
    }
    let what = if random.random_bool(FORGETFUL) { What::Deliver } else { What::PickUp };
    vec![(wait_us, by_any_way(what, change, random))]
}

fn by_any_way(what: What, change: &RequestChange, random: &mut StdRng) -> Deed {
    if random.random_bool(0.5) {
        Deed::Say(what, change.request_id)
    } else {
        Deed::Call(what, change.request_id)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn answers_fall_together_where_people_share_a_clock() {
        let request = Uuid::from_u128(1).into();
        let accept = Deed::Say(What::Accept, request);
        let alone = Manners::default();
        let together = Manners { together_ms: 500, ..alone };
        assert_eq!(alone.tick(1_234, &accept), 1_234);
        assert_eq!([1, 1_234, 500_000].map(|us| together.tick(us, &accept)), [500_000; 3]);
        assert_eq!(together.tick(1_234, &Deed::Say(What::PickUp, request)), 1_234);
    }
}
