//! The town of the demo: couriers on duty who drive about, and people who order rides. Sochi is drawn, too,
//! and has nobody of the demo in it: there two visitors have orders and offers to themselves.

mod driver;
mod settling;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use peerpack_actors::dispatch::order::{Cargo, OrderEnd};
use peerpack_actors::dispatch::price::Extras;
use peerpack_actors::dispatch::{
    By, DutyCommand, DutyState, Order, OrderCommand, OrderDraft, OrderPhase, Vehicle,
};
use peerpack_actors::ids::{OrderId, UserId};
use peerpack_actors::place::{Gazetteer, Place, Position};
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::Refusal;
use peerpack_actors::time::{Span, Time};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use self::driver::Bot;
use self::settling::MOSCOW;
pub(super) use self::settling::Townspeople;
use super::people::one_of;
use crate::app::App;
use crate::store::{OrderQuery, Slice};
use crate::town::{NoQuote, Town};

/// With so many orders that are not over nobody orders another one.
const MAX_ORDERS: usize = 30;

/// An order that has no courier by then is called off.
const PATIENCE: Span = Span::minutes(10);

/// How far the spots are from the centre at most, kilometres.
const REACH_KM: f64 = 16.0;

/// Parts of the town, by the names of the gazetteer.
const PARTS: [&str; 16] = [
    "Пресненский",
    "Таганский",
    "Раменки",
    "Новые Черёмушки",
    "Хорошёво-Мнёвники",
    "Текстильщики",
    "Богородское",
    "Измайлово",
    "Черёмушки",
    "Зюзино",
    "Кузьминки",
    "Люблино",
    "Щукино",
    "Рязанский",
    "Очаково-Матвеевское",
    "Кунцево",
];

/// How fast the town lives.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// How long a turn lasts.
    pub(super) turn: Duration,
    /// How far a courier drives in one, kilometres.
    pub(super) km: f64,
    /// From one order to the next, milliseconds.
    pub(super) order: Range<i64>,
    /// From an offer to the answer, milliseconds.
    pub(super) answer: Range<i64>,
    /// Between getting there and driving on, milliseconds.
    pub(super) rest: Range<i64>,
}

impl Pace {
    /// Quick for a town, so that there is something to see: 72 km/h.
    pub(super) const HUMAN: Self = Self {
        turn: Duration::from_secs(2),
        km: 0.04,
        order: 8_000..20_000,
        answer: 2_000..9_000,
        rest: 4_000..15_000,
    };

    /// Nobody hesitates, and nothing is far.
    #[cfg(test)]
    pub(super) const HURRIED: Self =
        Self { turn: Duration::from_millis(10), km: 5.0, order: 10..50, answer: 1..5, rest: 1..5 };
}

/// Lets the town live until the program ends: couriers drive about and answer, somebody orders now and then.
/// Refusals are part of life and only logged.
pub(super) async fn drive(app: App, people: Townspeople) {
    let Some(town) = app.town.clone() else { return };
    let parts = parts();
    if parts.len() < 2 {
        tracing::error!("the parts of the demo's town are not in the gazetteer; nobody will order there");
        return;
    }
    let mut life = Life::new(app, town, people, parts);
    life.wake_up().await;
    loop {
        tokio::time::sleep(life.pace.turn).await;
        life.turn().await;
    }
}

/// The parts of the town that are known, and near.
fn parts() -> Vec<&'static Place> {
    let known = PARTS.iter().filter_map(|name| Gazetteer::bundled().find(name));
    known.filter(|place| place.position.distance_km(MOSCOW.centre) <= REACH_KM).collect()
}

struct Life {
    app: App,
    town: Arc<Town>,
    pace: Pace,
    rng: StdRng,
    parts: Vec<&'static Place>,
    passengers: Vec<UserId>,
    /// Those who are to go on duty yet.
    drivers: Vec<(UserId, Vehicle)>,
    bots: Vec<Bot>,
    /// Orders that couriers of the demo have or are asked about.
    known: BTreeMap<OrderId, Order>,
    /// Orders of the demo that are not over, as far as is known, the oldest first.
    open: VecDeque<(OrderId, UserId, Time)>,
    next_order: Time,
}

impl Life {
    fn new(app: App, town: Arc<Town>, people: Townspeople, parts: Vec<&'static Place>) -> Self {
        let Townspeople { drivers, passengers, pace, seed } = people;
        let mut rng = StdRng::seed_from_u64(seed.wrapping_add(3));
        let bot = |(person, _): &(UserId, Vehicle)| Bot::new(*person, somewhere(&parts, &mut rng));
        let bots = drivers.iter().map(bot).collect();
        let (known, open, next_order) = (BTreeMap::new(), VecDeque::new(), app.clock.now());
        Self { app, town, pace, rng, parts, passengers, drivers, bots, known, open, next_order }
    }

    /// Everybody goes on duty, and orders of an earlier life are remembered.
    async fn wake_up(&mut self) {
        let (dispatch, context) = (self.town.dispatch(), self.app.engine.context());
        for (person, vehicle) in std::mem::take(&mut self.drivers) {
            let command = DutyCommand::GoOnline { vehicle, region: MOSCOW.region() };
            // Somebody who is busy since an earlier life is on duty already.
            if let Err(refusal) = dispatch.change_duty(context, person, &command).await {
                tracing::debug!(courier = %person, %refusal, "somebody of the demo did not go on duty");
            }
        }
        let query = OrderQuery { phases: waiting(), oldest_first: true, ..OrderQuery::default() };
        let most = u32::try_from(MAX_ORDERS).unwrap_or(u32::MAX);
        match self.app.database.find_orders(&query, Slice { offset: 0, limit: most }).await {
            Ok(found) => {
                let ours = found.items.iter().filter(|order| self.passengers.contains(&order.passenger));
                self.open.extend(ours.map(|order| (order.id, order.passenger, order.created_at)));
            }
            Err(error) => tracing::debug!(%error, "the town of the demo remembers nothing"),
        }
    }

    /// Everybody drives a little, and does what it is time for.
    async fn turn(&mut self) {
        let now = self.app.clock.now();
        let context = Arc::clone(self.app.engine.context());
        let states: Vec<Option<DutyState>> = self.town.dispatch().with_board(|board| {
            self.bots.iter().map(|bot| Some(board.get(bot.person)?.duty.state)).collect()
        });
        let wanted: Vec<OrderId> = states.iter().flatten().filter_map(|state| state.order()).collect();
        self.known.retain(|id, _| wanted.contains(id));
        for (at, state) in states.into_iter().enumerate() {
            let Some(state) = state else { continue };
            let order = match state.order() {
                Some(id) => self.order(id).await,
                None => None,
            };
            let Some(bot) = self.bots.get_mut(at) else { continue };
            let wander = somewhere(&self.parts, &mut self.rng);
            let command = bot.turn(state, order.as_ref(), wander, now, &self.pace, &mut self.rng);
            self.town.dispatch().sighted(&context, bot.person, bot.at);
            if let (Some(command), Some(order)) = (command, order) {
                self.carry_out(order.id, &command).await;
            }
        }
        self.call_off(now).await;
        if self.next_order <= now {
            let pause = self.rng.random_range(self.pace.order.clone());
            self.next_order = now + Span::from_ms(pause);
            if self.open.len() < MAX_ORDERS
                && let Err(error) = self.order_something(now).await
            {
                tracing::debug!(%error, "nobody of the demo has ordered");
            }
        }
    }

    /// An order that is driven, read once and then kept up to date by what is done to it.
    async fn order(&mut self, id: OrderId) -> Option<Order> {
        if let Some(order) = self.known.get(&id) {
            return Some(order.clone());
        }
        let order = self.app.database.order(id).await.ok().flatten()?;
        self.known.insert(id, order.clone());
        Some(order)
    }

    async fn carry_out(&mut self, id: OrderId, command: &OrderCommand) {
        match self.town.dispatch().carry_out(self.app.engine.context(), id, command).await {
            Ok(order) => {
                tracing::debug!(order = %id, phase = order.state.word(), "the town of the demo moves on");
                if order.state.phase() == OrderPhase::Completed {
                    self.open.retain(|(known, ..)| *known != id);
                }
                self.known.insert(id, order);
            }
            Err(refusal) => {
                // Somebody else has done something to it: it is read again.
                self.known.remove(&id);
                tracing::debug!(order = %id, %refusal, "the town of the demo was refused");
            }
        }
    }

    async fn order_something(&mut self, now: Time) -> anyhow::Result<()> {
        let passenger = one_of(&self.passengers, &mut self.rng);
        let (from, to) = (one_of(&self.parts, &mut self.rng), one_of(&self.parts, &mut self.rng));
        if from.id == to.id {
            return Ok(());
        }
        let draft = OrderDraft {
            ride: self.town.way(from.position, to.position),
            pickup: end(from),
            dropoff: end(to),
            pickup_at: None,
            cargo: Cargo::Passenger,
            extras: Extras { companion: self.rng.random_bool(0.2), ..Extras::default() },
            note: String::new(),
            region: Some(MOSCOW.region()),
        };
        let quote = self.town.quote(&draft, now).await.map_err(|error| match error {
            NoQuote::Rejected(rejection) => anyhow::anyhow!("{rejection}"),
            NoQuote::Unavailable(error) => error.into(),
        })?;
        let id = OrderId::new(now, self.app.clock.random());
        let order = Order::place(id, passenger, draft, quote, now)?;
        let (dispatch, context) = (self.town.dispatch(), self.app.engine.context());
        let placing = dispatch.placing(order, true, now)?;
        dispatch.place(context, placing, None).await?;
        self.open.push_back((id, passenger, now));
        Ok(())
    }

    /// The oldest order is called off if nobody was found for it, and forgotten if it is over.
    async fn call_off(&mut self, now: Time) {
        let Some((id, passenger, placed_at)) = self.open.front().copied() else { return };
        if now.since(placed_at) < PATIENCE {
            return;
        }
        self.open.pop_front();
        let Ok(Some(order)) = self.app.database.order(id).await else { return };
        let phase = order.state.phase();
        if order.state.courier().is_some() && phase != OrderPhase::Completed && phase != OrderPhase::NoShow {
            // Under way: it is looked at again later.
            self.open.push_back((id, passenger, now));
            return;
        }
        if !waiting().contains(&phase) {
            return;
        }
        let (to, by) = (OrderPhase::Cancelled, By::Passenger(passenger));
        let command = OrderCommand::Move { to, by, reason: String::new() };
        match self.town.dispatch().carry_out(self.app.engine.context(), id, &command).await {
            Ok(_) | Err(Refusal::NotFound | Refusal::Rejected(Rejection::IllegalTransition { .. })) => {}
            Err(refusal) => {
                tracing::debug!(order = %id, %refusal, "an order of the demo was not called off");
                self.open.push_back((id, passenger, now));
            }
        }
    }
}

/// The states of an order that has no courier yet.
fn waiting() -> Vec<OrderPhase> {
    use OrderPhase::{ActiveQueue, Created, Matching, Offered, Submitted};
    vec![Submitted, Created, Matching, Offered, ActiveQueue]
}

fn end(place: &Place) -> OrderEnd {
    OrderEnd { title: place.name_ru.to_owned(), object_name: String::new(), position: place.position }
}

/// Anywhere in a part of the town.
fn somewhere(parts: &[&'static Place], rng: &mut StdRng) -> Position {
    let Position { lat, lon } = one_of(parts, rng).position;
    Position { lat: lat + rng.random_range(-0.01..0.01), lon: lon + rng.random_range(-0.02..0.02) }
}
