//! The dispatch of one town without a database: orders and duties with the board, changed by decisions of the
//! core alone.

use std::collections::BTreeSet;

use peerpack_actors::dispatch::order::{Cargo, OrderEnd};
use peerpack_actors::dispatch::ranking::{Circumstances, Ranked, rank};
use peerpack_actors::dispatch::record::Record;
use peerpack_actors::dispatch::search::{Limits, Next, next};
use peerpack_actors::dispatch::{
    Board, Crowd, Duty, DutyState, Order, OrderCommand, OrderDraft, OrderState, Settings, Vehicle,
};
use peerpack_actors::ids::{OrderId, UserId};
use peerpack_actors::market::load::Load;
use peerpack_actors::place::Position;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use super::day::{Courier, Wish};

/// For how long couriers are compared with the same crowd, as a node does.
const CROWD_KEPT: Span = Span::seconds(5);

const FIRST_COURIER: u128 = 1_000_000_000;
const FIRST_PASSENGER: u128 = 2_000_000_000;
const FIRST_ORDER: u128 = 3_000_000_000;
const REGION: u128 = 4_000_000_000;

/// Orders, duties and what is known of couriers.
pub struct Desk {
    /// Who is on duty, and where.
    pub board: Board,
    /// The knobs.
    pub settings: Settings,
    orders: Vec<Order>,
    duties: Vec<Duty>,
    /// Orders that look for a courier, the oldest first.
    matching: BTreeSet<usize>,
    free: usize,
    crowd: (Time, Crowd),
    day_began: Time,
}

impl Desk {
    /// Everybody goes on duty.
    ///
    /// # Errors
    /// None: every courier has a vehicle.
    pub fn open(
        couriers: &[Courier],
        settings: Settings,
        day_began: Time,
        now: Time,
    ) -> Result<Self, Rejection> {
        let vehicle = Vehicle {
            car_model: "sedan".to_owned(),
            plate_number: "A 001 AA".to_owned(),
            capacity: Load { weight_g: 100_000, volume_ml: 500_000, slots: 4 },
        };
        let (mut board, mut duties) = (Board::new(), Vec::new());
        for (n, courier) in couriers.iter().enumerate() {
            let duty = Duty::begin(courier_id(n), vehicle.clone(), Uuid::from_u128(REGION).into(), now)?;
            board.follow(duty.clone());
            let mut record = Record::default();
            (record.version, record.rating) = (duty.version, Some(courier.rating));
            board.remember(duty.courier, record);
            board.locate(duty.courier, courier.at, now, &settings);
            duties.push(duty);
        }
        let crowd = (now, board.crowd(&settings, now));
        let free = duties.len();
        let (orders, matching) = (Vec::new(), BTreeSet::new());
        Ok(Self { board, settings, orders, duties, matching, free, crowd, day_began })
    }

    /// An order by its number.
    #[must_use]
    pub fn order(&self, n: usize) -> &Order {
        &self.orders[n]
    }

    /// What a courier is doing.
    #[must_use]
    pub fn duty(&self, courier: usize) -> &Duty {
        &self.duties[courier]
    }

    /// How many couriers are free.
    #[must_use]
    pub const fn free(&self) -> usize {
        self.free
    }

    /// Orders that look for a courier: those that have waited longest.
    #[must_use]
    pub fn oldest(&self, most: usize) -> Vec<usize> {
        self.matching.iter().copied().take(most).collect()
    }

    /// Where a courier is, as far as the dispatch knows.
    #[must_use]
    pub fn whereabouts(&self, courier: usize) -> Option<Position> {
        self.board.get(courier_id(courier))?.track.last().map(|fix| fix.position)
    }

    /// A courier says where they are.
    pub fn locate(&mut self, courier: usize, position: Position, now: Time) {
        self.board.locate(courier_id(courier), position, now, &self.settings);
    }

    /// Those who are free say that they are still where they were.
    pub fn locate_free(&mut self, now: Time) {
        for courier in 0..self.duties.len() {
            if self.duties[courier].state == DutyState::Idle
                && let Some(position) = self.whereabouts(courier)
            {
                self.locate(courier, position, now);
            }
        }
    }

    /// Somebody places an order; its number is the next one.
    ///
    /// # Errors
    /// The order is out of bounds.
    pub fn place(&mut self, wish: &Wish, now: Time) -> Result<usize, Rejection> {
        let n = self.orders.len();
        let end = |title: &str, position| OrderEnd {
            title: title.to_owned(),
            object_name: String::new(),
            position,
        };
        let draft = OrderDraft {
            pickup: end("pickup", wish.pickup),
            dropoff: end("dropoff", wish.dropoff),
            pickup_at: None,
            cargo: Cargo::Passenger,
            extras: wish.quote.extras.clone(),
            note: String::new(),
            region: None,
            ride: wish.ride,
        };
        let passenger = UserId::from(Uuid::from_u128(FIRST_PASSENGER + n as u128));
        self.orders.push(Order::place(order_id(n), passenger, draft, wish.quote.clone(), now)?);
        Ok(n)
    }

    /// Carries out a command, as a node does: decided upon the order and the duties that it touches, and
    /// applied to both.
    ///
    /// # Errors
    /// The refusal.
    pub fn carry_out(&mut self, n: usize, command: &OrderCommand, now: Time) -> Result<(), Rejection> {
        let order = &self.orders[n];
        let named = match command {
            OrderCommand::Offer { courier, .. } | OrderCommand::Assign { courier, .. } => Some(*courier),
            _ => None,
        };
        let touched = named.into_iter().chain(order.touches().filter(|courier| named != Some(*courier)));
        let duties: Vec<&Duty> = touched.map(|courier| &self.duties[courier_number(courier)]).collect();
        let outcome = order.decide(command, &duties, &self.settings, now)?;
        let mut moved = Vec::new();
        for (courier, event) in &outcome.duties {
            let duty = &mut self.duties[courier_number(*courier)];
            let was_free = duty.state == DutyState::Idle;
            duty.apply(event);
            self.free = self.free + usize::from(duty.state == DutyState::Idle) - usize::from(was_free);
            moved.push(duty.clone());
        }
        self.board.learn(&self.orders[n], &outcome.events, &moved);
        self.orders[n].apply(&outcome.events);
        moved.into_iter().for_each(|duty| self.board.follow(duty));
        match self.orders[n].state {
            OrderState::Matching { .. } => self.matching.insert(n),
            _ => self.matching.remove(&n),
        };
        Ok(())
    }

    /// What comes next for an order that is searched for alone.
    pub fn next(&mut self, n: usize, now: Time) -> Next {
        self.look_around(now);
        next(&self.orders[n], &self.settings, now, |limits| self.ranked(n, limits, now).into_iter().next())
    }

    /// What comes next for an order that nobody can take.
    #[must_use]
    pub fn next_without(&self, n: usize, now: Time) -> Next {
        next(&self.orders[n], &self.settings, now, |_| None)
    }

    /// Who can take an order, within the limits of its search.
    pub fn candidates(&mut self, n: usize, now: Time) -> Vec<Ranked> {
        self.look_around(now);
        self.ranked(n, Limits::of(self.orders[n].round(), &self.settings), now)
    }

    fn ranked(&self, n: usize, limits: Limits, now: Time) -> Vec<Ranked> {
        if self.free == 0 {
            return Vec::new();
        }
        let order = &self.orders[n];
        let circumstances = Circumstances {
            crowd: self.crowd.1,
            region: None,
            day_began: self.day_began,
            seed: order.id.uuid().as_u64_pair().1,
            now,
        };
        rank(&self.board, order, limits, &circumstances, &self.settings)
    }

    fn look_around(&mut self, now: Time) {
        if now.since(self.crowd.0) >= CROWD_KEPT {
            self.crowd = (now, self.board.crowd(&self.settings, now));
        }
    }
}

/// The id of the n-th courier.
#[must_use]
pub fn courier_id(n: usize) -> UserId {
    Uuid::from_u128(FIRST_COURIER + n as u128).into()
}

/// The number of a courier.
#[must_use]
pub fn courier_number(id: UserId) -> usize {
    number(id.uuid(), FIRST_COURIER)
}

/// The number of an order.
#[must_use]
pub fn order_number(id: OrderId) -> usize {
    number(id.uuid(), FIRST_ORDER)
}

fn order_id(n: usize) -> OrderId {
    Uuid::from_u128(FIRST_ORDER + n as u128).into()
}

fn number(id: Uuid, first: u128) -> usize {
    usize::try_from(id.as_u128() - first).expect("an id that was made here")
}
