//! Orders and couriers on duty as two kinds of work, on one node.
//!
//! A command is decided upon the copies that are held here, or upon what the store has if these have grown
//! old, then committed, and only then applied here. The store has the last word, so several nodes may search
//! for one order, and one of them asks. What is held here can be lost.

mod batches;
mod desk;
mod held;
mod kinds;
mod searching;
mod telling;
mod turns;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};

pub use self::desk::{Given, LOOKED_FOR};
use self::kinds::{Duties, Orders};
pub use self::searching::NOBODY_FOUND;
pub use self::telling::{Unheard, Watcher};
use self::turns::Turns;
use super::Kind;
use crate::dispatch::track::Sighting;
use crate::dispatch::{
    Board, By, Crowd, Duty, DutyChange, DutyCommand, DutyState, Order, OrderChange, OrderCommand, OrderPhase,
    OrderState, Regions, Settings,
};
use crate::ids::{OrderId, UserId};
use crate::place::Position;
use crate::ports::{CommitError, OrderStore};
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
    /// Orders that a courier has. Locked after `searching` where both are.
    taken: Mutex<HashMap<OrderId, Order>>,
    turns: Turns,
    /// When each of them is looked at next, as far as that is soon.
    alarms: Mutex<BTreeMap<OrderId, Time>>,
    /// Couriers who are being asked at this moment. A courtesy, not a guard: without it, orders that look at
    /// the same time would all ask the same courier, and all but one in vain.
    asking: Mutex<HashSet<UserId>>,
    /// Orders that are looked at now, and whether they have to be looked at again.
    considered: Mutex<HashMap<OrderId, bool>>,
    /// Whether a task matches batches. Locked before `searching` where both are.
    is_matching: Mutex<bool>,
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
            taken: Mutex::default(),
            turns: Turns::default(),
            alarms: Mutex::default(),
            asking: Mutex::default(),
            considered: Mutex::default(),
            is_matching: Mutex::default(),
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
                    match command {
                        DutyCommand::GoOnline { .. } => {
                            self.follow_with_records(vec![after.clone()], now).await;
                        }
                        DutyCommand::GoOffline
                        | DutyCommand::Pause
                        | DutyCommand::Resume
                        | DutyCommand::Offer { .. }
                        | DutyCommand::Take { .. }
                        | DutyCommand::Board { .. }
                        | DutyCommand::Free { .. } => self.follow_duty(after.clone()),
                    }
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

    /// Decides and commits, first upon what is held here, then upon what the store has, again if somebody
    /// else was faster. Only then it is applied here. Whether a courier is free afterwards.
    async fn commit(
        self: &Arc<Self>,
        context: &Arc<Context>,
        id: OrderId,
        command: &OrderCommand,
    ) -> Result<(Order, bool), Refusal> {
        let _turn = self.turns.of(id).await?;
        if let Some((order, duties)) = self.held(id, command) {
            match self.attempt(context, &order, &duties, command).await {
                Ok(Attempt::Done { order, freed }) => return Ok((*order, freed)),
                // It may have been carried out.
                Err(Refusal::Unavailable(error)) => return Err(error.into()),
                // What is held may be old: whether there is nothing to do, and why not, the store says.
                Ok(Attempt::Unchanged | Attempt::Outrun) | Err(_) => {}
            }
        }
        for _ in 0..TRIES {
            let (order, duties) = self.read(id, command).await?;
            match self.attempt(context, &order, &duties, command).await? {
                Attempt::Done { order, freed } => return Ok((*order, freed)),
                Attempt::Unchanged => return Ok((order, false)),
                Attempt::Outrun => {}
            }
        }
        Err(Refusal::Busy)
    }

    async fn attempt(
        self: &Arc<Self>,
        context: &Arc<Context>,
        before: &Order,
        duties: &[Duty],
        command: &OrderCommand,
    ) -> Result<Attempt, Refusal> {
        let (known, now, id) = (duties.iter().collect::<Vec<&Duty>>(), context.now(), before.id);
        let outcome = before.decide(command, &known, &self.settings, now)?;
        let Some((change, moved)) = OrderChange::of(before, &outcome, &known) else {
            return Ok(Attempt::Unchanged);
        };
        let order = change.after().clone();
        let followed: Vec<Duty> = moved.iter().map(|change| change.after.clone()).collect();
        let mut changed = vec![id.into()];
        changed.extend(followed.iter().map(|duty| Duty::work(duty.courier)));
        match context.commit(Unit::order(change, moved, now), changed).await {
            Ok(()) => {
                self.board.write().learn(before, &outcome.events, &followed);
                let freed = followed.iter().any(|duty| duty.state == DutyState::Idle);
                followed.into_iter().for_each(|duty| self.follow_duty(duty));
                self.follow(order.clone());
                if let Some(deadline) = order.next_deadline() {
                    self.alarm(context, id, deadline);
                }
                Ok(Attempt::Done { order: Box::new(order), freed })
            }
            Err(CommitError::Conflict) => Ok(Attempt::Outrun),
            Err(error) => Err(error.into()),
        }
    }
}

/// What became of one attempt to carry out a command.
enum Attempt {
    /// It is in the store, and the order is this now.
    Done { order: Box<Order>, freed: bool },
    /// There is nothing to do.
    Unchanged,
    /// Somebody else has changed the order or a duty meanwhile; nothing was changed.
    Outrun,
}
