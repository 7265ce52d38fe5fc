//! Plays an afternoon under a policy: what happens, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use anyhow::Context as _;
use peerpack_actors::dispatch::batch::{Waiting, together};
use peerpack_actors::dispatch::ranking::Ranked;
use peerpack_actors::dispatch::search::Next;
use peerpack_actors::dispatch::{By, OrderCommand, OrderPhase, OrderState, Settings};
use peerpack_actors::ids::OfferId;
use peerpack_actors::place::Position;
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use super::day::{Answer, Day, MIDNIGHT, road_km};
use super::desk::{Desk, courier_id, courier_number, order_number};
use super::figures::Ledger;
use super::town::Town;

/// How many steps one look at an order takes at most, as a node does.
const STEPS: usize = 16;

/// How many waiting orders are looked at when a courier becomes free, as a node does.
const WOKEN: usize = 8;

/// How often those who are free say where they are.
const SIGHTINGS: Span = Span::seconds(120);

/// How long getting in takes.
const BOARDING: Span = Span::seconds(60);

/// After so long the desk lets the engine look again for an order that nobody was found for.
const DESK: Span = Span::seconds(30);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Event {
    Wish(usize),
    Answer { order: usize, offer: OfferId, yes: bool },
    OfferEnds(usize),
    Look(usize),
    LookAgain(usize),
    Impatient(usize),
    Regret(usize),
    Arrives(usize),
    Boards(usize),
    Done(usize),
    Batch,
    Sightings,
}

/// A courier on the way to a pickup.
#[derive(Clone, Copy, Debug)]
struct Way {
    courier: usize,
    from: Position,
    set_out: Time,
    arrives: Time,
    km: f64,
}

struct Player<'a, S> {
    day: &'a Day<S>,
    town: &'a Town,
    desk: Desk,
    ledger: Ledger,
    batches: Option<Span>,
    events: BinaryHeap<Reverse<(Time, usize, Event)>>,
    /// How many events there were, so that those of one moment keep their order.
    count: usize,
    offers: u128,
    ways: Vec<Option<Way>>,
    /// Orders that are not over.
    open: usize,
    now: Time,
}

/// Plays an afternoon to the end of its last ride.
///
/// # Errors
/// A step that the core refuses: the play is wrong then.
pub fn play<S: crate::seed::Seed>(
    day: &Day<S>,
    town: &Town,
    settings: Settings,
) -> anyhow::Result<(Desk, Ledger)> {
    let begins = day.scenario.begins();
    let batches = (settings.batch_ms > 0).then(|| Span::from_ms(i64::from(settings.batch_ms)));
    let desk = Desk::open(&day.couriers, settings, MIDNIGHT, begins)?;
    let mut player = Player {
        day,
        town,
        desk,
        ledger: Ledger::new(day.couriers.len(), day.scenario.ends()),
        batches,
        events: BinaryHeap::new(),
        count: 0,
        offers: 0,
        ways: vec![None; day.wishes.len()],
        open: day.wishes.len(),
        now: begins,
    };
    for (n, wish) in day.wishes.iter().enumerate() {
        player.at(wish.at, Event::Wish(n));
    }
    player.at(begins, Event::Sightings);
    if let Some(batches) = batches {
        player.at(begins + batches, Event::Batch);
    }
    while let Some(Reverse((at, _, event))) = player.events.pop() {
        player.now = at;
        player.happen(event).with_context(|| format!("{event:?} at {at}"))?;
    }
    Ok((player.desk, player.ledger))
}

impl<S: crate::seed::Seed> Player<'_, S> {
    fn at(&mut self, at: Time, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, event)));
    }

    fn after(&mut self, span: Span, event: Event) {
        self.at(self.now + span, event);
    }

    fn happen(&mut self, event: Event) -> anyhow::Result<()> {
        let state = |order: usize| self.desk.order(order).state;
        match event {
            Event::Wish(n) => self.wished(n)?,
            Event::Answer { order, offer, yes } => {
                if self.desk.order(order).pending().is_some_and(|pending| pending.id == offer) {
                    self.answered(order, offer, yes)?;
                }
            }
            Event::OfferEnds(order) => {
                let is_due = |at: Time| at <= self.now;
                if self.desk.order(order).next_deadline().is_some_and(is_due) {
                    self.desk.carry_out(order, &OrderCommand::ExpireOffer, self.now)?;
                    self.look_on(order)?;
                }
            }
            Event::Look(order) if self.batches.is_none() => self.consider(order)?,
            Event::Look(_) => {}
            Event::LookAgain(order) => {
                if state(order) == OrderState::ActiveQueue {
                    self.step(order, OrderPhase::Matching, By::Staff(Uuid::nil().into()))?;
                    self.look_for(order)?;
                }
            }
            Event::Impatient(order) => {
                let has_nobody = state(order).courier().is_none() && state(order) != OrderState::Cancelled;
                if has_nobody {
                    self.called_off(order)?;
                }
            }
            Event::Regret(order) => self.regretted(order)?,
            Event::Arrives(order) => self.arrived(order)?,
            Event::Boards(order) => {
                if let Some(courier) = state(order).courier() {
                    self.step(order, OrderPhase::RideOngoing, By::Courier(courier))?;
                    self.ledger.began(order, self.now);
                    let ride_s = self.day.wishes[order].ride.ride_s;
                    self.after(Span::seconds(i64::from(ride_s)), Event::Done(order));
                }
            }
            Event::Done(order) => self.done(order)?,
            Event::Batch => {
                self.batch()?;
                if self.open > 0
                    && let Some(batches) = self.batches
                {
                    self.after(batches, Event::Batch);
                }
            }
            Event::Sightings => {
                self.desk.locate_free(self.now);
                if self.open > 0 {
                    self.after(SIGHTINGS, Event::Sightings);
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, order: usize, to: OrderPhase, by: By) -> anyhow::Result<()> {
        let command = OrderCommand::Move { to, by, reason: String::new() };
        Ok(self.desk.carry_out(order, &command, self.now)?)
    }

    fn wished(&mut self, n: usize) -> anyhow::Result<()> {
        let wish = &self.day.wishes[n];
        let order = self.desk.place(wish, self.now)?;
        self.step(order, OrderPhase::Matching, By::Engine)?;
        self.ledger.wished(wish.at);
        self.after(wish.patience, Event::Impatient(order));
        self.look_for(order)
    }

    /// An order begins to wait.
    fn look_for(&mut self, order: usize) -> anyhow::Result<()> {
        if self.batches.is_none() { self.consider(order) } else { Ok(()) }
    }

    /// An order waits again, and a courier is free.
    fn look_on(&mut self, order: usize) -> anyhow::Result<()> {
        self.look_for(order)?;
        self.wake()
    }

    fn wake(&mut self) -> anyhow::Result<()> {
        if self.batches.is_some() {
            return Ok(());
        }
        for order in self.desk.oldest(WOKEN) {
            self.consider(order)?;
        }
        Ok(())
    }

    /// Takes the next steps for an order, as a node does.
    fn consider(&mut self, order: usize) -> anyhow::Result<()> {
        for _ in 0..STEPS {
            match self.desk.next(order, self.now) {
                Next::Ask(best) => self.ask(order, &best)?,
                Next::Nothing => return Ok(()),
                next => {
                    if !self.widen(order, next)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// What comes for an order that has found nobody; whether there is a next step at once.
    fn widen(&mut self, order: usize, next: Next) -> anyhow::Result<bool> {
        match next {
            Next::Widen { from } => {
                self.desk.carry_out(order, &OrderCommand::Widen { from }, self.now)?;
                Ok(true)
            }
            Next::TellDispatcher => {
                self.step(order, OrderPhase::ActiveQueue, By::Engine)?;
                self.after(DESK, Event::LookAgain(order));
                Ok(false)
            }
            Next::Wait(until) => {
                self.at(until, Event::Look(order));
                Ok(false)
            }
            Next::Ask(_) | Next::Nothing => Ok(false),
        }
    }

    fn ask(&mut self, order: usize, best: &Ranked) -> anyhow::Result<()> {
        self.offers += 1;
        let (id, courier) = (OfferId::from(Uuid::from_u128(self.offers)), best.candidate.courier);
        let round = self.desk.order(order).round();
        let command = OrderCommand::Offer { id, courier, reckoning: best.reckoning() };
        self.desk.carry_out(order, &command, self.now)?;
        self.ledger.asked();
        match self.day.answer(courier_number(courier), order, round) {
            Answer::Yes(after) => self.after(after, Event::Answer { order, offer: id, yes: true }),
            Answer::No(after) => self.after(after, Event::Answer { order, offer: id, yes: false }),
            Answer::Silence => {}
        }
        if let Some(deadline) = self.desk.order(order).next_deadline() {
            self.at(deadline, Event::OfferEnds(order));
        }
        Ok(())
    }

    /// All orders that wait and all couriers who are free, at once.
    fn batch(&mut self) -> anyhow::Result<()> {
        let mut waiting = Vec::new();
        for n in self.desk.oldest(self.desk.settings.batch_orders) {
            let candidates = self.desk.candidates(n, self.now);
            if candidates.is_empty() {
                match self.desk.next_without(n, self.now) {
                    // The next batch looks again.
                    Next::Wait(_) => {}
                    next => {
                        self.widen(n, next)?;
                    }
                }
            } else {
                waiting.push(Waiting { order: self.desk.order(n).id, candidates });
            }
        }
        for (order, best) in together(&waiting) {
            self.ask(order_number(order), &best)?;
        }
        Ok(())
    }

    fn answered(&mut self, order: usize, offer: OfferId, yes: bool) -> anyhow::Result<()> {
        let pending = self.desk.order(order).pending().context("an offer that waits for its answer")?;
        let by = pending.courier;
        if !yes {
            let decline = OrderCommand::Decline { offer, by, reason: String::new() };
            self.desk.carry_out(order, &decline, self.now)?;
            return self.look_on(order);
        }
        self.desk.carry_out(order, &OrderCommand::Accept { offer, by }, self.now)?;
        self.step(order, OrderPhase::DriverEnRoute, By::Courier(by))?;
        let (wish, courier) = (&self.day.wishes[order], courier_number(by));
        let from = self.desk.whereabouts(courier).context("a courier whose position is known")?;
        let km = road_km(from, wish.pickup);
        let span = self.day.empty_way(self.town, courier, order, km, self.now);
        let way = Way { courier, from, set_out: self.now, arrives: self.now + span, km };
        self.ways[order] = Some(way);
        self.at(way.arrives, Event::Arrives(order));
        if let Some(regrets) = wish.regrets {
            self.after(regrets, Event::Regret(order));
        }
        Ok(())
    }

    fn called_off(&mut self, order: usize) -> anyhow::Result<()> {
        let passenger = self.desk.order(order).passenger;
        self.step(order, OrderPhase::Cancelled, By::Passenger(passenger))?;
        self.open -= 1;
        self.wake()
    }

    /// Somebody calls off while the courier is on the way: who stands somewhere on it then.
    fn regretted(&mut self, order: usize) -> anyhow::Result<()> {
        let Some(way) = self.ways[order] else { return Ok(()) };
        if self.desk.order(order).state.phase() != OrderPhase::DriverEnRoute {
            return Ok(());
        }
        let pickup = self.day.wishes[order].pickup;
        let whole = way.arrives.since(way.set_out).ms().max(1) as f64;
        let share = self.now.since(way.set_out).ms() as f64 / whole;
        let between = |from: f64, to: f64| from + (to - from) * share;
        let at = Position { lat: between(way.from.lat, pickup.lat), lon: between(way.from.lon, pickup.lon) };
        self.desk.locate(way.courier, at, self.now);
        self.ledger.drove_empty(way.km * share, self.now);
        self.called_off(order)
    }

    fn arrived(&mut self, order: usize) -> anyhow::Result<()> {
        let Some(way) = self.ways[order] else { return Ok(()) };
        if self.desk.order(order).state.phase() != OrderPhase::DriverEnRoute {
            return Ok(());
        }
        let wish = &self.day.wishes[order];
        self.desk.locate(way.courier, wish.pickup, self.now);
        self.step(order, OrderPhase::ArrivedWaiting, By::Courier(courier_id(way.courier)))?;
        self.ledger.arrived(self.now.since(wish.at), way.km, self.now);
        self.after(BOARDING, Event::Boards(order));
        Ok(())
    }

    fn done(&mut self, order: usize) -> anyhow::Result<()> {
        let way = self.ways[order].context("a ride that somebody drives")?;
        self.step(order, OrderPhase::Completed, By::Courier(courier_id(way.courier)))?;
        self.desk.locate(way.courier, self.day.wishes[order].dropoff, self.now);
        let settled = self.desk.order(order).milestones.settled.as_ref();
        let earned = settled.map_or(0, |breakdown| breakdown.total_minor);
        self.ledger.earned(way.courier, earned);
        self.open -= 1;
        self.wake()
    }
}
