//! What must hold of rides in town: every order has one winner, nobody has two, everybody who is asked hears
//! it, everybody is free at the end, and no position is shown beyond its time or too often.
//!
//! Facts are in the order in which they were seen; what one person has seen and done is in its true order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Context;
use peerpack::store::Database;
use peerpack_actors::dispatch::{DutyPhase, Order, OrderPhase};
use peerpack_actors::ids::{OfferId, OrderId, UserId};
use peerpack_actors::place::Position;
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::time::{Span, Time};

use super::people::Person;

/// How long a position may be shown.
const KEPT_FOR: Span = Span::minutes(5);

/// How far the clocks of this program and of the server may differ.
const SLACK: Span = Span::seconds(2);

/// A courier is shown at most so often, and after so many kilometres; a little less, because numbers on the
/// wire are rounded.
const SHOWN_EVERY: Span = Span::from_ms(500);
const SHOWN_KM: f64 = 0.009_99;

/// Orders that are read at once.
const AT_ONCE: usize = 500;

/// Something that was seen or done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    /// An order was answered.
    Placed { order: OrderId },
    /// The map was told of it.
    Created { order: OrderId },
    /// A courier was asked, on their socket.
    Asked { order: OrderId, offer: OfferId, courier: UserId },
    /// An acceptance was answered.
    Accepted { order: OrderId, courier: UserId },
    /// It was refused.
    Refused { order: OrderId, courier: UserId },
    /// The last step of a ride is about to be taken.
    Ending { order: OrderId, courier: UserId },
    /// It was answered.
    Done { order: OrderId, courier: UserId },
    /// A courier was shown on the map.
    Shown { number: i64, at: Time, position: Position, seen: Time },
    /// A courier's socket was closed before the end.
    Lost { courier: UserId },
    /// The map's socket was closed before the end.
    MapLost,
    /// A message could not be read.
    Unreadable { courier: UserId },
}

/// What the store has at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(super) orders: BTreeMap<OrderId, KeptOrder>,
    pub(super) duties: BTreeMap<UserId, DutyPhase>,
}

/// An order in the store.
#[derive(Clone, Debug)]
pub(super) struct KeptOrder {
    pub(super) phase: OrderPhase,
    pub(super) courier: Option<UserId>,
    /// Every offer with who was asked.
    pub(super) offers: Vec<(OfferId, UserId)>,
}

impl KeptOrder {
    fn of(order: &Order) -> Self {
        Self {
            phase: order.state.phase(),
            courier: order.state.courier(),
            offers: order.offers.iter().map(|offer| (offer.id, offer.courier)).collect(),
        }
    }
}

impl Kept {
    /// Reads what the store has of these orders and couriers.
    pub(crate) async fn read(
        database: &Database,
        orders: &[OrderId],
        couriers: &[Person],
    ) -> anyhow::Result<Self> {
        let mut kept = Self::default();
        for some in orders.chunks(AT_ONCE) {
            let read = database.orders_by_id(some).await.context("the orders of the store")?;
            kept.orders.extend(read.iter().map(|order| (order.id, KeptOrder::of(order))));
        }
        for courier in couriers {
            let duty = database.duty(courier.user).await.context("the duties of the store")?;
            let phase = duty.map_or(DutyPhase::Offline, |duty| duty.state.phase());
            kept.duties.insert(courier.user, phase);
        }
        Ok(kept)
    }

    /// Whether nothing goes on by itself: every order is at its end or with the desk.
    pub(crate) fn is_quiet(&self) -> bool {
        use OrderPhase as P;
        self.orders.values().all(|order| {
            matches!(order.phase, P::Completed | P::Cancelled | P::ActiveQueue | P::Rejected | P::NoShow)
        })
    }

    /// Rides that were done.
    pub(crate) fn done(&self) -> usize {
        self.orders.values().filter(|order| order.phase == OrderPhase::Completed).count()
    }
}

/// The promises that were broken, one sentence each.
pub(crate) fn check(facts: &[Fact], kept: &Kept) -> Vec<String> {
    let mut faults = Vec::new();
    winners(facts, kept, &mut faults);
    offers(facts, kept, &mut faults);
    ends(facts, kept, &mut faults);
    positions(facts, &mut faults);
    faults
}

/// One winner, and nobody with two.
fn winners(facts: &[Fact], kept: &Kept, faults: &mut Vec<String>) {
    let mut won: HashMap<OrderId, UserId> = HashMap::new();
    let mut busy: HashMap<UserId, OrderId> = HashMap::new();
    for fact in facts {
        match fact {
            Fact::Accepted { order, courier } => {
                if let Some(other) = won.insert(*order, *courier).filter(|other| other != courier) {
                    faults.push(format!("{order} was won by {other} and by {courier}"));
                }
                if let Some(other) = busy.insert(*courier, *order) {
                    faults.push(format!("{courier} was given {order} while busy with {other}"));
                }
            }
            Fact::Asked { order, courier, .. } => {
                if let Some(other) = busy.get(courier) {
                    faults.push(format!("{courier} was asked about {order} while busy with {other}"));
                }
            }
            Fact::Ending { order, courier } if busy.get(courier) == Some(order) => {
                busy.remove(courier);
            }
            _ => {}
        }
    }
    for (order, courier) in won {
        match kept.orders.get(&order) {
            Some(stored) if stored.courier == Some(courier) => {}
            stored => faults.push(format!("{order} was won by {courier}, and the store has {stored:?}")),
        }
    }
}

/// Each courier who was asked has heard it, and nobody else has.
fn offers(facts: &[Fact], kept: &Kept, faults: &mut Vec<String>) {
    let mut heard: HashMap<OfferId, BTreeSet<UserId>> = HashMap::new();
    let mut created = HashSet::new();
    let (mut lost, mut is_map_lost) = (HashSet::new(), false);
    for fact in facts {
        match fact {
            Fact::Asked { offer, courier, .. } if !heard.entry(*offer).or_default().insert(*courier) => {
                faults.push(format!("{courier} heard of the offer {offer} twice"));
            }
            Fact::Created { order } if !created.insert(*order) => {
                faults.push(format!("the map was told twice that {order} was created"));
            }
            Fact::Lost { courier } => {
                lost.insert(*courier);
                faults.push(format!("the socket of {courier} was closed"));
            }
            Fact::MapLost => {
                is_map_lost = true;
                faults.push("the map's socket was closed".to_owned());
            }
            Fact::Unreadable { courier } => {
                faults.push(format!("{courier} was told what nobody understands"));
            }
            _ => {}
        }
    }
    for (order, stored) in &kept.orders {
        for (offer, courier) in &stored.offers {
            let heard = heard.remove(offer).unwrap_or_default();
            if !heard.contains(courier) && !lost.contains(courier) {
                faults.push(format!("{courier} was asked about {order} by {offer} and did not hear it"));
            }
            if let Some(other) = heard.iter().find(|other| *other != courier) {
                faults.push(format!("{other} heard of {offer}, which was for {courier}"));
            }
        }
        if !created.contains(order) && !is_map_lost {
            faults.push(format!("the map was not told that {order} was created"));
        }
    }
    for (offer, couriers) in heard {
        faults.push(format!("{couriers:?} heard of {offer}, which the store does not have"));
    }
}

/// What was answered is stored; nothing goes on; everybody is free.
fn ends(facts: &[Fact], kept: &Kept, faults: &mut Vec<String>) {
    use OrderPhase as P;
    for fact in facts {
        let (order, is_kept) = match fact {
            Fact::Placed { order } => (order, kept.orders.contains_key(order)),
            Fact::Done { order, courier } => {
                let is_done =
                    |order: &KeptOrder| order.phase == P::Completed && order.courier == Some(*courier);
                (order, kept.orders.get(order).is_some_and(is_done))
            }
            _ => continue,
        };
        if !is_kept {
            faults.push(format!(
                "{order}: {fact:?} was answered, and the store has {:?}",
                kept.orders.get(order)
            ));
        }
    }
    for (order, stored) in &kept.orders {
        if !matches!(stored.phase, P::Completed | P::Cancelled | P::ActiveQueue) {
            faults.push(format!("{order} is {} when all is quiet", stored.phase.word()));
        }
    }
    for (courier, phase) in &kept.duties {
        if !matches!(phase, DutyPhase::OnlineIdle | DutyPhase::Offline) {
            faults.push(format!("{courier} is {} when all is quiet", phase.word()));
        }
    }
}

/// No position beyond its time, and no courier too often.
fn positions(facts: &[Fact], faults: &mut Vec<String>) {
    let mut last: HashMap<i64, (Time, Position)> = HashMap::new();
    for fact in facts {
        let Fact::Shown { number, at, position, seen } = fact else { continue };
        if seen.since(*at) > Span::from_ms(KEPT_FOR.ms() + SLACK.ms()) {
            faults.push(format!("the courier {number} was shown where they were at {at}, at {seen}"));
        }
        if let Some((before, place)) = last.insert(*number, (*at, *position))
            && (at.since(before) < SHOWN_EVERY || place.distance_km(*position) < SHOWN_KM)
        {
            faults.push(format!(
                "the courier {number} was shown {} ms and {:.1} m after the last time",
                at.since(before).ms(),
                place.distance_km(*position) * 1_000.0
            ));
        }
    }
}

#[cfg(test)]
mod tests;
