//! The plan of a day: which orders and couriers it is about, one plan at a time, and the last one that was
//! drawn up here.
//!
//! A plan is of no consequence until somebody gives its orders to couriers, so it is kept in memory alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use parking_lot::Mutex;
use peerpack_actors::dispatch::order::Reservation;
use peerpack_actors::dispatch::plan::town::{Hand, done_with, problem};
use peerpack_actors::dispatch::plan::{Aim, MAX_JOBS, MAX_SHIFTS, Problem, Window};
use peerpack_actors::dispatch::{Duty, DutyState, Order, OrderPhase};
use peerpack_actors::ids::{OrderId, RegionId, UserId};
use peerpack_actors::place::Position;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::{Span, Time};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::{Town, vehicle, zone};
use crate::planning::{Draft, Hold, LONGEST, Planner, Progress, Refused};
use crate::store::{Driver, DriverQuery, OrderQuery, ReservedOrder, Slice};

/// The most orders of one courier's day.
const MAX_OF_ONE: usize = 40;

/// The most orders of one day that are reserved for somebody, in all regions together.
const MAX_RESERVED: usize = 20_000;

/// How many characters of the digest of a plan name it.
const ID_LENGTH: usize = 16;

/// For how long a plan counts as what somebody has looked at.
const KEPT: Span = Span::minutes(15);

/// Where orders stand that nobody has yet; somebody may be asked.
pub const OPEN: [OrderPhase; 6] = [
    OrderPhase::Submitted,
    OrderPhase::AwaitingDispatcherDecision,
    OrderPhase::Created,
    OrderPhase::Matching,
    OrderPhase::ActiveQueue,
    OrderPhase::Offered,
];

/// The day and the region that a plan is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Day {
    /// Its date, in the time of each region.
    pub date: Date,
    /// One region; every one if it is not said.
    pub region: Option<RegionId>,
}

/// The plan of a day in every region that was asked for.
#[derive(Debug)]
pub struct DayPlan {
    /// The day and the region that it is for.
    pub day: Day,
    /// When it was drawn up.
    pub at: Time,
    /// Whether it was called off before its time was over.
    pub called_off: bool,
    /// How many orders of that day have a courier already.
    pub already: u64,
    /// The plans of regions that have orders without one.
    pub regions: Vec<RegionPlan>,
    /// How many couriers work there.
    pub couriers: usize,
}

/// The plan of a day in one region.
#[derive(Debug)]
pub struct RegionPlan {
    /// What is to be driven.
    pub problem: Problem,
    /// Who drives what.
    pub draft: Draft,
    /// The couriers, by the numbers of their shifts.
    pub drivers: Vec<Driver>,
    /// For whom its orders were reserved when it was drawn up.
    pub reserved: BTreeMap<OrderId, Reservation>,
}

impl DayPlan {
    /// Names the plan: the same for the same orders, couriers and times, on whichever node it was drawn up.
    #[must_use]
    pub fn id(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(self.day.date.to_string());
        for region in &self.regions {
            for one in region.draft.plan.assignments(&region.problem) {
                digest.update(one.order.uuid().as_bytes());
                digest.update(one.courier.uuid().as_bytes());
                digest.update(one.pickup_at.ms().to_be_bytes());
            }
        }
        let mut id = hex::encode(digest.finalize());
        id.truncate(ID_LENGTH);
        id
    }
}

impl RegionPlan {
    /// The orders of this plan, by the numbers of their jobs.
    pub fn orders(&self) -> impl Iterator<Item = OrderId> {
        self.problem.jobs.iter().map(|job| job.order)
    }
}

/// Why there is no plan.
#[derive(Debug)]
pub enum NoPlan {
    /// Another one is being drawn up.
    Busy,
    /// More orders or couriers than one plan takes.
    Rejected(Rejection),
    /// The store does not answer.
    Unavailable(Unavailable),
    /// The planner has failed.
    Failed(String),
}

impl From<Unavailable> for NoPlan {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl From<Refused> for NoPlan {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy => Self::Busy,
            Refused::Failed(why) => Self::Failed(why),
        }
    }
}

/// A plan that is being drawn up.
#[derive(Clone, Debug)]
pub struct Under {
    /// The day and the region that it is for.
    pub day: Day,
    /// How far it is, all regions together.
    pub progress: Progress,
    /// Whether somebody has called it off.
    pub called_off: bool,
}

/// The plans of a node.
#[derive(Debug)]
pub(super) struct Daily {
    planner: Planner,
    turn: Arc<Semaphore>,
    current: Mutex<Option<Current>>,
    kept: Mutex<Option<Arc<DayPlan>>>,
}

#[derive(Debug)]
struct Current {
    day: Day,
    /// Over all regions.
    hold: Hold,
    /// Over the region that is planned now.
    region: Option<Hold>,
}

impl Default for Daily {
    fn default() -> Self {
        Self {
            planner: Planner::new(),
            turn: Arc::new(Semaphore::new(1)),
            current: Mutex::default(),
            kept: Mutex::default(),
        }
    }
}

/// Takes away what is told of a plan when nobody draws it up any more.
struct Working<'a>(&'a Daily);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        *self.0.current.lock() = None;
    }
}

impl Town {
    /// Draws up the plan of a day, region by region, for `within` in all. It goes on if nobody waits for it
    /// any more.
    ///
    /// # Errors
    /// Another plan is being drawn up, there is too much for one, or the store does not answer.
    pub async fn plan_day(
        self: &Arc<Self>,
        day: Day,
        within: Duration,
        now: Time,
    ) -> Result<Arc<DayPlan>, NoPlan> {
        let turn = Arc::clone(&self.daily.turn).try_acquire_owned().map_err(|_| NoPlan::Busy)?;
        let town = Arc::clone(self);
        let work = tokio::spawn(async move {
            let _turn = turn;
            town.drawn_up(day, within.min(LONGEST), now).await
        });
        work.await.unwrap_or_else(|error| Err(NoPlan::Failed(error.to_string())))
    }

    /// The plan of a day that was drawn up here last, if somebody may still be looking at it.
    #[must_use]
    pub fn last_plan(&self, day: Day, now: Time) -> Option<Arc<DayPlan>> {
        let kept = self.daily.kept.lock().clone();
        kept.filter(|plan| plan.day == day && now.since(plan.at) < KEPT)
    }

    /// The plan that is being drawn up here.
    #[must_use]
    pub fn plan_under_way(&self) -> Option<Under> {
        self.daily.current.lock().as_ref().map(Current::told)
    }

    /// Ends the plan that is being drawn up here soon: its answer is the best that there is by then.
    #[must_use]
    pub fn call_plan_off(&self) -> Option<Under> {
        self.daily.current.lock().as_ref().map(|current| {
            current.hold.call_off();
            current.region.iter().for_each(Hold::call_off);
            current.told()
        })
    }

    async fn drawn_up(&self, day: Day, within: Duration, now: Time) -> Result<Arc<DayPlan>, NoPlan> {
        let daily = &self.daily;
        let hold = Hold::new(within);
        *daily.current.lock() = Some(Current { day, hold: hold.clone(), region: None });
        let _working = Working(daily);
        let map = self.map();
        let regions = map.regions().filter(|region| day.region.is_none_or(|only| region.id == only));
        let regions: Vec<(RegionId, Position)> = regions.map(|region| (region.id, region.centre)).collect();
        let mut plan =
            DayPlan { day, at: now, called_off: false, already: 0, regions: Vec::new(), couriers: 0 };
        let mut problems = Vec::new();
        let reserved = self.reserved_of_day(day.date, &regions).await?;
        for (region, centre) in regions {
            let (orders, already) = self.orders_of_day(day.date, region, centre).await?;
            plan.already += already;
            let drivers = self.drivers_of_region(region).await?;
            plan.couriers += drivers.len();
            let orders = self.as_reserved(day.date, region, centre, orders, &drivers, &reserved).await?;
            if !orders.is_empty() {
                let busy = self.under_way(&drivers).await?;
                let kept = |order: &Order| Some((order.id, order.reserved?));
                let kept: BTreeMap<OrderId, Reservation> = orders.iter().filter_map(kept).collect();
                let (problem, drivers) = self.problem(day.date, centre, &orders, drivers, &busy, now)?;
                problems.push((problem, drivers, kept));
            }
        }
        let mut left = problems.len();
        for (problem, drivers, reserved) in problems {
            let share = hold.remaining() / u32::try_from(left).unwrap_or(u32::MAX);
            left -= 1;
            let settings = self.dispatch.settings().clone();
            let drafting = daily.planner.begin(problem.clone(), settings, Aim::Way, share)?;
            if let Some(current) = daily.current.lock().as_mut() {
                let region = drafting.hold();
                if current.hold.is_called_off() {
                    region.call_off();
                }
                current.region = Some(region);
            }
            let draft = drafting.finished().await?;
            // Called off before this region began, it ends by itself: without time.
            plan.called_off |= draft.called_off || hold.is_called_off();
            plan.regions.push(RegionPlan { problem, draft, drivers, reserved });
        }
        let plan = Arc::new(plan);
        *daily.kept.lock() = Some(Arc::clone(&plan));
        Ok(plan)
    }

    /// The orders of a day that nobody has yet, and how many have a courier.
    async fn orders_of_day(
        &self,
        date: Date,
        region: RegionId,
        centre: Position,
    ) -> Result<(Vec<Order>, u64), NoPlan> {
        use OrderPhase as P;
        let window = window(date, centre);
        let query = |phases: Vec<P>| OrderQuery {
            phases,
            from: Some(window.from),
            to: Some(window.to),
            region: Some(region),
            oldest_first: true,
            ..OrderQuery::default()
        };
        let limit = u32::try_from(MAX_JOBS + 1).unwrap_or(u32::MAX);
        let open = self.database.find_orders(&query(OPEN.to_vec()), Slice { offset: 0, limit }).await?;
        let taken = [P::Assigned, P::DriverEnRoute, P::ArrivedWaiting, P::RideOngoing];
        let one = Slice { offset: 0, limit: 1 };
        let already = self.database.find_orders(&query(taken.to_vec()), one).await?.count;
        Ok((open.items, already))
    }

    /// What is reserved for couriers on a day, in the time of whichever region: read once for all of them.
    async fn reserved_of_day(
        &self,
        date: Date,
        regions: &[(RegionId, Position)],
    ) -> Result<Vec<ReservedOrder>, NoPlan> {
        let windows: Vec<Window> = regions.iter().map(|(_, centre)| window(date, *centre)).collect();
        let (Some(from), Some(to)) =
            (windows.iter().map(|window| window.from).min(), windows.iter().map(|window| window.to).max())
        else {
            return Ok(Vec::new());
        };
        let limit = u32::try_from(MAX_RESERVED + 1).unwrap_or(u32::MAX);
        let reserved = self.database.reserved_orders(from, to, limit).await?;
        // What is left out would be given to couriers who are promised to somebody at that time.
        if reserved.len() > MAX_RESERVED { Err(too_many_orders()) } else { Ok(reserved) }
    }

    /// Orders of a region without those that are reserved for couriers of other regions, and with those of
    /// other regions that are reserved for its own: each is planned with its courier.
    async fn as_reserved(
        &self,
        date: Date,
        region: RegionId,
        centre: Position,
        orders: Vec<Order>,
        drivers: &[Driver],
        reserved: &[ReservedOrder],
    ) -> Result<Vec<Order>, NoPlan> {
        let own: BTreeSet<UserId> = drivers.iter().map(|driver| driver.person).collect();
        let of_others: Vec<OrderId> = reserved
            .iter()
            .filter(|kept| kept.region != Some(region) && own.contains(&kept.courier))
            .map(|kept| kept.order)
            .collect();
        let of_others = self.database.orders_by_id(&of_others).await?;
        let window = window(date, centre);
        let kept_for = |order: &Order| order.reserved.map(|kept| kept.courier);
        let elsewhere: BTreeSet<UserId> =
            orders.iter().filter_map(kept_for).filter(|courier| !own.contains(courier)).collect();
        // What was for somebody who has left is for anybody.
        let elsewhere = self.database.drivers_of(elsewhere).await?;
        let is_elsewhere = |courier: UserId| elsewhere.get(&courier).is_some_and(|driver| !driver.has_left);
        let mut all: Vec<Order> = orders
            .into_iter()
            .filter(|order| kept_for(order).is_none_or(|courier| !is_elsewhere(courier)))
            .collect();
        // Each region's day is its own, and somebody may have changed an order since.
        let is_own = |order: &Order| {
            let wanted_at = order.draft.pickup_at.unwrap_or(order.created_at);
            order.draft.region != Some(region)
                && (window.from..window.to).contains(&wanted_at)
                && kept_for(order).is_some_and(|courier| own.contains(&courier))
        };
        all.extend(of_others.into_iter().filter(is_own));
        Ok(all)
    }

    async fn drivers_of_region(&self, region: RegionId) -> Result<Vec<Driver>, NoPlan> {
        let query = DriverQuery { region: Some(region), ..DriverQuery::default() };
        let limit = u32::try_from(MAX_SHIFTS + 1).unwrap_or(u32::MAX);
        Ok(self.database.find_drivers(&query, Slice { offset: 0, limit }).await?.items)
    }

    /// The orders that couriers have at this moment, whatever region and day they are of.
    async fn under_way(&self, drivers: &[Driver]) -> Result<BTreeMap<UserId, Order>, NoPlan> {
        let ids: Vec<OrderId> = self.dispatch.with_board(|board| {
            let order = |driver: &Driver| match board.get(driver.person)?.duty.state {
                DutyState::ToPickup { order } | DutyState::OnTrip { order } => Some(order),
                DutyState::Offline | DutyState::Idle | DutyState::Paused | DutyState::Offered { .. } => None,
            };
            drivers.iter().filter_map(order).collect()
        });
        let orders = self.database.orders_by_id(&ids).await?;
        // What is known here of a duty may be old: a ride that is over has a courier, too, and binds nobody.
        let has_it = |order: Order| Some((order.state.bound()?, order));
        Ok(orders.into_iter().filter(|order| order.state.has_courier()).filter_map(has_it).collect())
    }

    /// The problem of a region, with the couriers by the numbers of their shifts. Who has an order begins
    /// when and where it ends.
    fn problem(
        &self,
        date: Date,
        centre: Position,
        orders: &[Order],
        drivers: Vec<Driver>,
        busy: &BTreeMap<UserId, Order>,
        now: Time,
    ) -> Result<(Problem, Vec<Driver>), NoPlan> {
        let day = window(date, centre);
        // What is left of the day; a day that is over has no time left.
        let window = Window { from: day.from.max(now).min(day.to), to: day.to };
        let places: BTreeMap<_, Position> = self.dispatch.with_board(|board| {
            let place =
                |driver: &Driver| Some((driver.person, board.get(driver.person)?.track.last()?.position));
            drivers.iter().filter_map(place).collect()
        });
        // Whose vehicle is not known cannot go on duty.
        let begin = |driver: Driver| {
            let duty = Duty::begin(driver.person, vehicle(&driver), driver.region, now).ok()?;
            Some((driver, duty))
        };
        let (drivers, duties): (Vec<Driver>, Vec<Duty>) = drivers.into_iter().filter_map(begin).unzip();
        let begins = |driver: &Driver| {
            let place = places.get(&driver.person).copied().unwrap_or(centre);
            let Some(order) = busy.get(&driver.person) else { return (place, window) };
            let done_at = done_with(order, place, self.dispatch.settings(), now);
            let from = window.from.max(done_at).min(window.to);
            (order.draft.dropoff.position, Window { from, ..window })
        };
        let (positions, windows): (Vec<Position>, Vec<Window>) = drivers.iter().map(begins).unzip();
        let hands: Vec<Hand<'_>> = duties
            .iter()
            .zip(windows)
            .map(|(duty, window)| Hand { duty, window, most_jobs: MAX_OF_ONE })
            .collect();
        let orders: Vec<&Order> = orders.iter().collect();
        // Before it is made: it grows with the square of what is in it.
        if orders.len() > MAX_JOBS {
            return Err(too_many_orders());
        }
        if hands.len() > MAX_SHIFTS {
            let (field, reason) = ("drivers", "are more than one plan takes");
            return Err(NoPlan::Rejected(Rejection::Invalid { field, reason }));
        }
        let problem = problem(&orders, &hands, &positions, self.dispatch.settings(), now);
        problem.check().map_err(NoPlan::Rejected)?;
        Ok((problem, drivers))
    }
}

fn too_many_orders() -> NoPlan {
    let (field, reason) = ("orders", "are more than one plan takes");
    NoPlan::Rejected(Rejection::Invalid { field, reason })
}

impl Current {
    fn told(&self) -> Under {
        Under { day: self.day, progress: self.hold.progress(), called_off: self.hold.is_called_off() }
    }
}

/// The begin and the end of a day where a region is.
fn window(date: Date, centre: Position) -> Window {
    let zone = zone(centre);
    let begin = |date: Date| {
        let at = date.to_zoned(zone.clone()).map(|at| at.timestamp().as_millisecond());
        Time::from_ms(at.unwrap_or(i64::MAX))
    };
    Window { from: begin(date), to: date.tomorrow().map_or(Time::from_ms(i64::MAX), begin) }
}
