//! Several orders, several couriers, everybody at once, with copies that may be old: whatever the order,
//! nobody has two orders, no order has two couriers, and in the end everybody is free.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::fixture::{NOW, courier, duty, id, order, passenger, staff, vehicle};
use crate::dispatch::offer::{OfferState, Reckoning};
use crate::dispatch::order::{OrderEvent, Reservation};
use crate::dispatch::price::{Driven, Ride};
use crate::dispatch::{
    By, Duty, DutyCommand, DutyEvent, Order, OrderCommand, OrderPhase as P, OrderState, Outcome, Settings,
};
use crate::ids::{OrderId, UserId};
use crate::rejection::Rejection;
use crate::time::{Span, Time};

const ORDERS: u128 = 3;
const COURIERS: u128 = 4;

/// Who takes a step, right or wrong.
#[derive(Clone, Copy, Debug)]
enum Caller {
    Passenger,
    Stranger,
    Holder,
    Other,
    Staff,
    Engine,
}

/// Everything the world can do.
#[derive(Clone, Debug)]
enum Happening {
    Move(Index, P, Caller),
    /// A step that the table knows.
    MoveOn(Index, Index),
    Complete(Index, Caller, u32),
    Offer(Index, Index),
    Accept(Index, Index),
    /// The courier who is asked accepts.
    AcceptRightly(Index),
    Decline(Index, Index),
    DeclineRightly(Index),
    Expire(Index),
    Assign(Index, Index),
    Reserve(Index, Index),
    Widen(Index),
    Duty(Index, Index),
    /// Seconds; a clock can be set back.
    PassTime(i64),
}

fn caller() -> impl Strategy<Value = Caller> {
    use Caller as C;
    let all = [C::Passenger, C::Stranger, C::Holder, C::Other, C::Staff, C::Engine];
    prop::sample::select(all.to_vec())
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let which = any::<Index>;
    prop_oneof![
        3 => (which(), prop::sample::select(P::ALL.to_vec()), caller()).prop_map(|(n, to, by)| H::Move(n, to, by)),
        8 => (which(), which()).prop_map(|(n, to)| H::MoveOn(n, to)),
        2 => (which(), caller(), 0..50_000_u32).prop_map(|(n, by, way)| H::Complete(n, by, way)),
        8 => (which(), which()).prop_map(|(n, whom)| H::Offer(n, whom)),
        1 => (which(), which()).prop_map(|(n, by)| H::Accept(n, by)),
        5 => which().prop_map(H::AcceptRightly),
        1 => (which(), which()).prop_map(|(n, by)| H::Decline(n, by)),
        1 => which().prop_map(H::DeclineRightly),
        2 => which().prop_map(H::Expire),
        2 => (which(), which()).prop_map(|(n, whom)| H::Assign(n, whom)),
        1 => (which(), which()).prop_map(|(n, whom)| H::Reserve(n, whom)),
        1 => which().prop_map(H::Widen),
        3 => (which(), which()).prop_map(|(whom, what)| H::Duty(whom, what)),
        3 => (-5..30_i64).prop_map(H::PassTime),
    ]
}

/// What is stored, and what somebody has read before.
struct World {
    now: Time,
    settings: Settings,
    orders: BTreeMap<OrderId, Order>,
    duties: BTreeMap<UserId, Duty>,
    old: Vec<(BTreeMap<OrderId, Order>, BTreeMap<UserId, Duty>)>,
    steps: BTreeMap<OrderId, Vec<(P, P)>>,
    next_offer: u128,
}

impl World {
    fn new(ask_paused: bool) -> Self {
        let orders = (0..ORDERS).map(|n| order(10 + n)).map(|order| (order.id, order)).collect();
        let duties = (0..COURIERS).map(duty).map(|duty| (duty.courier, duty)).collect();
        let settings = Settings { ask_paused, ..Settings::default() };
        let (old, steps) = (Vec::new(), BTreeMap::new());
        Self { now: NOW, settings, orders, duties, old, steps, next_offer: 1_000 }
    }

    /// Decides upon a copy that may be old, and stores what follows if nobody was faster.
    fn run(&mut self, happening: &Happening, age: usize) {
        if let Happening::PassTime(seconds) = happening {
            self.now = self.now + Span::seconds(*seconds);
            return;
        }
        self.old.push((self.orders.clone(), self.duties.clone()));
        let (orders, duties) = self.old[self.old.len().saturating_sub(1 + age)].clone();
        if let Happening::Duty(whom, what) = happening {
            let duty = nth(&duties, *whom);
            let all = [
                DutyCommand::GoOnline { vehicle: vehicle(), region: id(50) },
                DutyCommand::GoOffline,
                DutyCommand::Pause,
                DutyCommand::Resume,
            ];
            if let Ok(Some(event)) = duty.decide(what.get(&all), self.now) {
                self.store_duty(duty, &event);
            }
            return;
        }
        let Some((order, command)) = self.command(happening, &orders) else { return };
        let known: Vec<&Duty> = duties.values().collect();
        let answer = order.decide(&command, &known, &self.settings, self.now);
        self.check_answer(order, &command, &answer);
        if let Ok(outcome) = answer {
            self.store(order, &duties, &outcome);
        }
    }

    fn command<'a>(
        &mut self,
        happening: &Happening,
        orders: &'a BTreeMap<OrderId, Order>,
    ) -> Option<(&'a Order, OrderCommand)> {
        use Happening as H;
        let who = |index: &Index| courier(index.index(COURIERS as usize) as u128);
        let offer_of = |order: &Order| order.offers.last().map(|offer| (offer.id, offer.courier));
        Some(match happening {
            H::Move(n, to, caller) => {
                let order = nth(orders, *n);
                let by = by(*caller, order);
                (order, OrderCommand::Move { to: *to, by, reason: "a word".to_owned() })
            }
            H::MoveOn(n, to) => {
                let order = nth(orders, *n);
                let next = order.state.phase().next();
                let to = next.get(to.index(next.len().max(1)))?;
                (order, OrderCommand::Move { to: *to, by: staff(), reason: String::new() })
            }
            H::Complete(n, caller, way_m) => {
                let order = nth(orders, *n);
                let ride = Ride { way_m: *way_m, ride_s: 600 };
                let driven = Driven { ride, ..Driven::default() };
                let (by, reason) = (by(*caller, order), String::new());
                (order, OrderCommand::Complete { by, driven, reason })
            }
            H::Offer(n, whom) => {
                self.next_offer += 1;
                let (id, courier) = (id(self.next_offer), who(whom));
                (nth(orders, *n), OrderCommand::Offer { id, courier, reckoning: Reckoning::default() })
            }
            H::Accept(n, whom) => {
                let order = nth(orders, *n);
                (order, OrderCommand::Accept { offer: offer_of(order)?.0, by: who(whom) })
            }
            H::AcceptRightly(n) => {
                let order = nth(orders, *n);
                let (offer, by) = offer_of(order)?;
                (order, OrderCommand::Accept { offer, by })
            }
            H::Decline(n, whom) => {
                let order = nth(orders, *n);
                let (offer, by) = (offer_of(order)?.0, who(whom));
                (order, OrderCommand::Decline { offer, by, reason: String::new() })
            }
            H::DeclineRightly(n) => {
                let order = nth(orders, *n);
                let (offer, by) = offer_of(order)?;
                (order, OrderCommand::Decline { offer, by, reason: String::new() })
            }
            H::Expire(n) => (nth(orders, *n), OrderCommand::ExpireOffer),
            H::Assign(n, whom) => {
                let command = OrderCommand::Assign { courier: who(whom), by: id(2), reason: String::new() };
                (nth(orders, *n), command)
            }
            H::Reserve(n, whom) => {
                let reservation = Reservation { courier: who(whom), at: self.now };
                (nth(orders, *n), OrderCommand::Reserve { reservation, by: id(2), reason: String::new() })
            }
            H::Widen(n) => {
                let order = nth(orders, *n);
                (order, OrderCommand::Widen { from: order.round() })
            }
            H::Duty(..) | H::PassTime(_) => return None,
        })
    }

    /// As the store does: all or nothing, each version as it was decided upon.
    fn store(&mut self, order: &Order, duties: &BTreeMap<UserId, Duty>, outcome: &Outcome) {
        let is_current = self.orders[&order.id].version == order.version
            && outcome.duties.iter().all(|(who, _)| self.duties[who].version == duties[who].version);
        if !is_current || outcome.is_empty() {
            assert!(!outcome.is_empty() || outcome.duties.is_empty(), "a duty moves with its order alone");
            return;
        }
        let stored = self.orders.get_mut(&order.id).expect("an order");
        let before = stored.version;
        stored.apply(&outcome.events);
        assert_eq!(stored.version, before + 1);
        for (who, event) in &outcome.duties {
            self.duties.get_mut(who).expect("a courier").apply(event);
        }
        let mut people: Vec<UserId> = outcome.duties.iter().map(|(who, _)| *who).collect();
        people.sort_unstable();
        people.dedup();
        assert_eq!(people.len(), outcome.duties.len(), "one event for each duty: {outcome:?}");
        let moved = outcome.events.iter().filter_map(|event| match event {
            OrderEvent::Moved { from, to, .. } => Some((*from, to.phase())),
            _ => None,
        });
        self.steps.entry(order.id).or_default().extend(moved);
    }

    fn store_duty(&mut self, read: &Duty, event: &DutyEvent) {
        let stored = self.duties.get_mut(&read.courier).expect("a courier");
        if stored.version == read.version {
            stored.apply(event);
        }
    }

    fn check_answer(&self, order: &Order, command: &OrderCommand, answer: &Result<Outcome, Rejection>) {
        match (command, answer) {
            (OrderCommand::Accept { offer, by }, Ok(_)) => {
                let offer = order.offer(*offer).expect("an offer");
                assert_eq!(offer.courier, *by, "only who was asked takes it");
                let is_named = order.state.courier() == Some(*by);
                assert!(match offer.state {
                    OfferState::Pending | OfferState::Accepted { .. } => true,
                    // The desk has named them meanwhile.
                    OfferState::Withdrawn { .. } => is_named,
                    OfferState::Declined { .. } | OfferState::Expired { .. } => false,
                });
            }
            (OrderCommand::Offer { courier, .. }, Ok(_)) => {
                assert!(!order.has_turned_down(*courier), "a decliner is not asked again");
            }
            (_, Err(Rejection::Stale)) => panic!("all duties were known: {command:?}"),
            _ => {}
        }
    }

    fn check(&self) {
        for (id, steps) in &self.steps {
            assert!(steps.iter().all(|(from, to)| from.may_become(*to)), "{id}: {steps:?}");
            assert!(steps.windows(2).all(|pair| pair[0].1 == pair[1].0), "{id}: a gap in {steps:?}");
            assert_eq!(steps.last().map(|(_, to)| *to), Some(self.orders[id].state.phase()));
        }
        let mut holders: BTreeMap<UserId, OrderId> = BTreeMap::new();
        for order in self.orders.values() {
            if let Some(courier) = order.state.bound() {
                assert_eq!(holders.insert(courier, order.id), None, "{courier} is busy twice");
                assert_eq!(self.duties[&courier].state.order(), Some(order.id));
            }
            let pending = order.offers.iter().filter(|offer| offer.state == OfferState::Pending);
            let pending: Vec<_> = pending.map(|offer| (offer.id, offer.courier)).collect();
            match order.state {
                OrderState::Offered { offer, courier, .. } => {
                    assert_eq!(pending, [(offer, courier)]);
                    assert_eq!(self.duties[&courier].state.offer(), Some(offer));
                }
                _ => assert_eq!(pending, [], "an offer of an order that is {:?}", order.state),
            }
            let is_searched = matches!(order.state.phase(), P::Matching | P::Offered);
            assert!(order.reserved.is_none() || is_searched, "{:?}", order.state);
            let settled = order.milestones.settled.is_some();
            assert_eq!(settled, order.milestones.completed_at.is_some());
            assert_eq!(settled, order.state.phase() == P::Completed);
        }
        for duty in self.duties.values() {
            let busy = duty.state.order();
            assert_eq!(
                busy,
                holders.get(&duty.courier).copied(),
                "bound by an order that knows nothing of it"
            );
        }
    }

    /// Everything is called off or done.
    fn end(&mut self) {
        for id in self.orders.keys().copied().collect::<Vec<_>>() {
            if self.orders[&id].state.phase().may_become(P::Cancelled) {
                let (order, duties) = (self.orders[&id].clone(), self.duties.clone());
                let known: Vec<&Duty> = duties.values().collect();
                let command = OrderCommand::Move { to: P::Cancelled, by: staff(), reason: String::new() };
                let outcome = order.decide(&command, &known, &self.settings, self.now).unwrap();
                self.store(&order, &duties, &outcome);
            }
        }
        self.check();
        for duty in self.duties.values() {
            assert_eq!(duty.state.order(), None, "everybody is free in the end");
        }
    }
}

fn nth<K, V>(all: &BTreeMap<K, V>, index: Index) -> &V {
    all.values().nth(index.index(all.len())).expect("one of them")
}

fn by(caller: Caller, order: &Order) -> By {
    match caller {
        Caller::Passenger => By::Passenger(passenger()),
        Caller::Stranger => By::Passenger(id(77)),
        Caller::Holder => By::Courier(order.state.bound().unwrap_or(courier(0))),
        Caller::Other => By::Courier(courier(COURIERS)),
        Caller::Staff => staff(),
        Caller::Engine => By::Engine,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_happens_nobody_is_busy_twice_and_everybody_is_free_in_the_end(
        happenings in prop::collection::vec((happening(), 0..3_usize), 1..120),
        ask_paused in any::<bool>(),
    ) {
        let mut world = World::new(ask_paused);
        for (happening, age) in &happenings {
            world.run(happening, *age);
            world.check();
        }
        world.end();
    }
}

#[test]
fn of_two_searches_at_once_one_asks() {
    let mut world = World::new(false);
    for order in world.orders.values_mut() {
        order.state = OrderState::Matching { since: NOW, round: 0 };
    }
    let (orders, duties) = (world.orders.clone(), world.duties.clone());
    let known: Vec<&Duty> = duties.values().collect();
    let outcomes: Vec<_> = orders
        .values()
        .zip(1_u128..)
        .map(|(order, n)| {
            let command = super::fixture::ask(n, 0);
            (order, order.decide(&command, &known, &world.settings, NOW).unwrap())
        })
        .collect();
    for (order, outcome) in &outcomes {
        world.store(order, &duties, outcome);
    }
    let offered = world.orders.values().filter(|order| order.state.phase() == P::Offered).count();
    assert_eq!(offered, 1, "the courier's duty has one version");
    world.check();
}
