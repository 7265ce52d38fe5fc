//! Orders and couriers on duty as two kinds of work, on one node.
//!
//! Every command goes load -> decide -> commit -> apply; the store has the last word, so several nodes may
//! search for one order, and one of them asks. What is held here is an index and timers: it can be lost.

mod desk;
mod kinds;
mod searching;
mod telling;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};

use self::kinds::{Duties, Orders};
pub use self::telling::{Unheard, Watcher};
use super::Kind;
use crate::dispatch::track::Sighting;
use crate::dispatch::{
    Board, By, Crowd, Duty, DutyChange, DutyCommand, DutyState, Order, OrderChange, OrderCommand, OrderPhase,
    OrderState, Regions, Settings,
};
use crate::ids::{OrderId, UserId};
use crate::place::Position;
use crate::ports::{CommitError, OrderStore, Unavailable};
use crate::receipt::Receipt;
use crate::rejection::Rejection;
use crate::runtime::context::Context;
use crate::runtime::recent::Recent;
use crate::runtime::refusal::Refusal;
use crate::time::Time;
use crate::unit::Unit;

/// How often a command is decided anew because somebody else was faster.
const TRIES: usize = 4;

/// The dispatch of one node.
pub struct Dispatch {
    store: Arc<dyn OrderStore>,
    settings: Settings,
    /// Replaced as a whole when somebody draws a region.
    regions: RwLock<Arc<Regions>>,
    board: RwLock<Board>,
    /// Orders that look for a courier, or have asked one.
    searching: Mutex<BTreeMap<OrderId, Order>>,
    /// When each of them is looked at next, as far as that is soon.
    alarms: Mutex<BTreeMap<OrderId, Time>>,
    /// Couriers who are being asked at this moment. A courtesy, not a guard: without it, orders that look at
    /// the same time would all ask the same courier, and all but one in vain.
    asking: Mutex<HashSet<UserId>>,
    /// Orders that are looked at now, and whether they have to be looked at again.
    considered: Mutex<HashMap<OrderId, bool>>,
    /// Where the next sweep begins.
    swept: Mutex<Option<OrderId>>,
    crowd: Mutex<Option<(Time, Crowd)>>,
    order_versions: Recent<OrderId, i64>,
    duty_versions: Recent<UserId, i64>,
    watcher: OnceLock<Arc<dyn Watcher>>,
}

/// An order that is about to be placed.
#[derive(Clone, Debug)]
pub struct Placing {
    order: Order,
    step: Option<OrderChange>,
}

impl Placing {
    /// The order as it will be.
    #[must_use]
    pub fn placed(&self) -> &Order {
        self.step.as_ref().map_or(&self.order, OrderChange::after)
    }
}

impl Dispatch {
    /// A dispatch that knows nobody yet.
    #[must_use]
    pub fn new(store: Arc<dyn OrderStore>, settings: Settings, regions: Regions) -> Arc<Self> {
        Arc::new(Self {
            store,
            settings,
            regions: RwLock::new(Arc::new(regions)),
            board: RwLock::default(),
            searching: Mutex::default(),
            alarms: Mutex::default(),
            asking: Mutex::default(),
            considered: Mutex::default(),
            swept: Mutex::default(),
            crowd: Mutex::default(),
            order_versions: Recent::default(),
            duty_versions: Recent::default(),
            watcher: OnceLock::new(),
        })
    }

    /// Its kinds of work, for [`Engine::start_with`](crate::runtime::Engine::start_with): duties first,
    /// because orders look for them.
    #[must_use]
    pub fn kinds(self: &Arc<Self>) -> Vec<Arc<dyn Kind>> {
        vec![Arc::new(Duties(Arc::clone(self))), Arc::new(Orders(Arc::clone(self)))]
    }

    /// Works out what placing an order comes to; with `search` a courier is looked for at once.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn placing(&self, order: Order, search: bool, now: Time) -> Result<Placing, Rejection> {
        if !search {
            return Ok(Placing { order, step: None });
        }
        let command = OrderCommand::Move { to: OrderPhase::Matching, by: By::Engine, reason: String::new() };
        let outcome = order.decide(&command, &[], &self.settings, now)?;
        let step = OrderChange::of(&order, &outcome, &[]).map(|(step, _)| step);
        Ok(Placing { order, step })
    }

    /// Places an order, in one unit with its first step and with the answer to the call.
    ///
    /// # Errors
    /// Nothing was placed, or the store does not answer.
    pub async fn place(
        self: &Arc<Self>,
        context: &Arc<Context>,
        placing: Placing,
        receipt: Option<Receipt>,
    ) -> Result<Order, Refusal> {
        let placed = placing.placed().clone();
        let id = placed.id;
        let Placing { order, step } = placing;
        context.commit(Unit::place_order_under(order, step, receipt), [id.into()]).await?;
        self.follow(placed.clone());
        if let OrderState::Matching { .. } = placed.state {
            self.look(context, vec![id]);
        }
        Ok(placed)
    }

    /// Carries out a command on an order, and sees to what comes next: a search, or the end of an offer.
    ///
    /// # Errors
    /// The refusal; nothing was changed then, unless the store does not answer.
    pub async fn carry_out(
        self: &Arc<Self>,
        context: &Arc<Context>,
        id: OrderId,
        command: &OrderCommand,
    ) -> Result<Order, Refusal> {
        let (order, freed) = self.commit(context, id, command).await?;
        if let OrderState::Matching { .. } = order.state {
            self.look(context, vec![id]);
        }
        if freed {
            self.wake(context);
        }
        Ok(order)
    }

    /// Carries out a command on a courier's duty. The first one has to be to go on duty.
    ///
    /// # Errors
    /// The refusal; nothing was changed then, unless the store does not answer.
    pub async fn change_duty(
        self: &Arc<Self>,
        context: &Arc<Context>,
        courier: UserId,
        command: &DutyCommand,
    ) -> Result<Duty, Refusal> {
        for _ in 0..TRIES {
            let now = context.now();
            let change = match (self.store.duty(courier).await?, command) {
                (None, DutyCommand::GoOnline { vehicle, region }) => {
                    DutyChange { version: 0, after: Duty::begin(courier, vehicle.clone(), *region, now)? }
                }
                (None, _) => return Err(Refusal::NotFound),
                (Some(before), command) => {
                    let Some(event) = before.decide(command, now)? else { return Ok(before) };
                    let (version, mut after) = (before.version, before);
                    after.apply(&event);
                    DutyChange { version, after }
                }
            };
            let after = change.after.clone();
            match context.commit(Unit::other(change, Vec::new(), now), [Duty::work(courier)]).await {
                Ok(()) => {
                    self.follow_duty(after.clone());
                    if after.state == DutyState::Idle {
                        self.wake(context);
                    }
                    return Ok(after);
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::Busy)
    }

    /// A courier says where they are. `None` for somebody who is not on duty.
    pub fn locate(&self, courier: UserId, position: Position, at: Time) -> Option<Sighting> {
        self.board.write().locate(courier, position, at, &self.settings)
    }

    /// Looks at who is on duty.
    pub fn with_board<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&self.board.read())
    }

    /// Decides and commits, again if somebody else was faster. Only then it is applied here. Whether a
    /// courier is free afterwards.
    async fn commit(
        self: &Arc<Self>,
        context: &Arc<Context>,
        id: OrderId,
        command: &OrderCommand,
    ) -> Result<(Order, bool), Refusal> {
        for _ in 0..TRIES {
            let before = self.store.order(id).await?.ok_or(Refusal::NotFound)?;
            let duties = self.duties(&before, command).await?;
            let (known, now) = (duties.iter().collect::<Vec<&Duty>>(), context.now());
            let outcome = before.decide(command, &known, &self.settings, now)?;
            let Some((change, moved)) = OrderChange::of(&before, &outcome, &known) else {
                self.follow(before.clone());
                return Ok((before, false));
            };
            let after = change.after().clone();
            let followed: Vec<Duty> = moved.iter().map(|change| change.after.clone()).collect();
            let mut changed = vec![id.into()];
            changed.extend(followed.iter().map(|duty| Duty::work(duty.courier)));
            match context.commit(Unit::order(change, moved, now), changed).await {
                Ok(()) => {
                    self.board.write().learn(&before, &outcome.events);
                    let freed = followed.iter().any(|duty| duty.state == DutyState::Idle);
                    followed.into_iter().for_each(|duty| self.follow_duty(duty));
                    self.follow(after.clone());
                    if let Some(deadline) = after.next_deadline() {
                        self.alarm(context, id, deadline);
                    }
                    return Ok((after, freed));
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::Busy)
    }

    /// The duties of everybody whom a command touches.
    async fn duties(&self, order: &Order, command: &OrderCommand) -> Result<Vec<Duty>, Unavailable> {
        let named = match command {
            OrderCommand::Offer { courier, .. } | OrderCommand::Assign { courier, .. } => Some(*courier),
            _ => None,
        };
        let mut duties = Vec::new();
        for courier in named.into_iter().chain(order.touches().filter(|courier| named != Some(*courier))) {
            duties.extend(self.store.duty(courier).await?);
        }
        Ok(duties)
    }

    fn follow(&self, order: Order) {
        let is_news = self.order_versions.get(&order.id).is_none_or(|known| known < order.version);
        self.order_versions.insert(order.id, order.version);
        if let Some(watcher) = self.watcher.get().filter(|_| is_news) {
            watcher.order(&order);
        }
        let mut searching = self.searching.lock();
        if searching.get(&order.id).is_some_and(|known| known.version > order.version) {
            return;
        }
        match order.state.phase() {
            OrderPhase::Matching | OrderPhase::Offered => drop(searching.insert(order.id, order)),
            _ => drop(searching.remove(&order.id)),
        }
    }

    fn follow_duty(&self, duty: Duty) {
        let is_news = self.duty_versions.get(&duty.courier).is_none_or(|known| known < duty.version);
        self.duty_versions.insert(duty.courier, duty.version);
        let told = is_news.then(|| duty.clone());
        self.board.write().follow(duty);
        if let Some((watcher, duty)) = self.watcher.get().zip(told) {
            watcher.duty(&duty);
        }
    }
}
