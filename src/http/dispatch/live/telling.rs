//! Tells the sockets of this node what changes in town: each change is put into words once, and goes to
//! everybody who looks at it and may.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use peerpack_actors::dispatch::track::Fix;
use peerpack_actors::dispatch::{Duty, DutyState, Order};
use peerpack_actors::ids::{OrderId, UserId};
use peerpack_actors::place::Position;
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::time::{Span, Time};
use tokio::task::AbortHandle;

use super::messages::{DriverEta, DriverLocation, DriverRoute, DriverStatus, OrderRoute, message};
use super::parties::{Texts, is_over, to_driver, to_order, to_passenger, told};
use crate::app::App;
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::edge::viewers::{About, Subject, Viewer};
use crate::error::ApiError;
use crate::http::dispatch::map::{goal, route_of, way};
use crate::http::dispatch::views::{Faces, order_view};
use crate::store::Driver;
use crate::town::live::News;
use crate::town::{Town, TownMap};

/// When changes are told again that could not be put into words.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// An order this young that a map has not shown yet is a new one.
const YOUNG: Span = Span::minutes(1);

/// How long what is known of a courier's name and vehicle is told without asking again.
const FACE_KEPT: Span = Span::minutes(10);

/// The most couriers and orders of which something is remembered.
const MOST: usize = 20_000;

/// The task that tells. Dropped, it ends.
pub struct Teller(AbortHandle);

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Teller {
    /// Tells from now on; nothing where the dispatch does not run.
    #[must_use]
    pub fn start(app: App) -> Option<Self> {
        let town = Arc::clone(app.town.as_ref()?);
        let mut telling = Telling { app, town, faces: HashMap::new(), courses: HashMap::new() };
        let telling = actix_web::rt::spawn(async move {
            loop {
                let news = telling.town.live().next().await;
                telling.tell(news).await;
            }
        });
        Some(Self(telling.abort_handle()))
    }
}

struct Telling {
    app: App,
    town: Arc<Town>,
    /// Couriers, and when that was read.
    faces: HashMap<UserId, (Driver, Time)>,
    /// Where the courier of an order has to go next, and the ends of the order.
    courses: HashMap<OrderId, Course>,
}

#[derive(Clone, Copy, PartialEq)]
struct Course {
    courier: Option<UserId>,
    goal: Position,
    pickup: Position,
    dropoff: Position,
}

impl Course {
    fn of(order: &Order) -> Self {
        Self {
            courier: order.state.courier().filter(|_| !is_over(order)),
            goal: goal(order),
            pickup: order.draft.pickup.position,
            dropoff: order.draft.dropoff.position,
        }
    }
}

impl Telling {
    /// What could not be told is told again: the latest counts, so nothing is told twice in another order.
    async fn tell(&mut self, mut news: News) {
        if std::mem::take(&mut news.is_anew) {
            self.courses.clear();
            self.faces.clear();
        }
        if news.has_gap {
            for viewer in self.app.sockets.viewers().all() {
                viewer.end(Ending::new(close::GOING_AWAY, "too much has happened: come back"));
            }
        }
        // Orders before couriers, who say all the time where they are.
        let orders: Vec<Order> = std::mem::take(&mut news.orders).into_values().collect();
        if let Err(error) = self.tell_orders(&orders).await {
            tracing::warn!(%error, "cannot tell of orders");
            news.orders = orders.into_iter().map(|order| (order.id, order)).collect();
        }
        let moved = match self.tell_duties(&news.duties).await {
            Ok(()) => {
                news.duties.clear();
                self.tell_moves(&news.fixes).await
            }
            Err(error) => Err(error),
        };
        match moved {
            Ok(()) => news.fixes.clear(),
            Err(error) => tracing::warn!(%error, "cannot tell of couriers"),
        }
        news.has_gap = false;
        if !news.is_empty() {
            tokio::time::sleep(AGAIN_AFTER).await;
            self.town.live().put_back(news);
        }
    }

    async fn tell_orders(&mut self, orders: &[Order]) -> Result<(), ApiError> {
        let sockets = Arc::clone(&self.app.sockets);
        let viewers = sockets.viewers();
        let maps = viewers.of(Subject::Map);
        let is_asked =
            |order: &Order| order.pending().is_some_and(|asked| viewers.has(Subject::Driver(asked.courier)));
        let is_shown = |order: &Order| {
            !maps.is_empty()
                || viewers.has(Subject::Order(order.id))
                || viewers.has(Subject::Passenger(order.passenger))
                || order.state.courier().is_some_and(|courier| viewers.has(Subject::Driver(courier)))
        };
        let told: Vec<Order> =
            orders.iter().filter(|order| is_asked(order) || is_shown(order)).cloned().collect();
        let (faces, map, now) = (Faces::of(&self.app, &told).await?, self.town.map(), self.app.clock.now());
        // An offer first: it lives for seconds, and needs little.
        for (order, asked) in orders.iter().filter_map(|order| Some((order, order.pending()?))) {
            for viewer in viewers.of(Subject::Driver(asked.courier)) {
                to_driver(&viewer, asked.courier, order, None, &faces, now);
            }
        }
        for order in orders {
            let before = self.courses.get(&order.id).copied();
            let texts = if is_shown(order) { texts_of(order, &faces, &map, now) } else { None };
            if let Some(texts) = &texts {
                for viewer in viewers.of(Subject::Order(order.id)) {
                    to_order(&viewer, order, texts, &faces, false);
                }
                for viewer in viewers.of(Subject::Passenger(order.passenger)) {
                    to_passenger(&viewer, order, texts, &faces);
                }
            }
            let asked = order.offers.iter().map(|offer| offer.courier);
            let couriers: BTreeSet<UserId> =
                asked.chain(order.state.courier()).chain(before.and_then(|before| before.courier)).collect();
            for courier in couriers {
                for viewer in viewers.of(Subject::Driver(courier)) {
                    to_driver(&viewer, courier, order, texts.as_ref(), &faces, now);
                }
            }
            if let Some(texts) = texts.filter(|_| !maps.is_empty()) {
                self.tell_maps(&maps, order, &texts, before).await?;
            }
            self.remember(order);
        }
        Ok(())
    }

    async fn tell_maps(
        &mut self,
        maps: &[Arc<Viewer>],
        order: &Order,
        texts: &Texts,
        before: Option<Course>,
    ) -> Result<(), ApiError> {
        let (now, course) = (self.app.clock.now(), Course::of(order));
        let is_young = now.since(order.created_at) <= YOUNG && !is_over(order);
        let ends = |course: Course| (course.pickup, course.dropoff);
        let order_route =
            (before.is_none_or(|before| ends(before) != ends(course)) && !is_over(order)).then(|| {
                let way = route_of(&self.town, order, now);
                message("order_route_update", &OrderRoute { order_id: order.id.to_string(), way: &way })
            });
        let is_underway =
            before.is_none_or(|before| (before.courier, before.goal) != (course.courier, course.goal));
        let driver_route = match course.courier.filter(|_| is_underway) {
            Some(courier) => self.driver_route(courier, order.id, course.goal, now).await?,
            None => None,
        };
        for viewer in maps {
            let Ok(told) = viewer.note(order.id, told(order)) else { continue };
            let text = texts.for_viewer(viewer, order);
            if told.is_none() && is_young {
                let created = text.replacen("order_update", "order_created", 1).into();
                viewer.push(About::Order("order_created", order.id), created);
            } else {
                viewer.push(About::Order("order_update", order.id), Arc::clone(text));
            }
            if let Some(route) = &order_route {
                viewer.push(About::Order("order_route_update", order.id), Arc::clone(route));
            }
            if let Some((courier, route, eta)) = &driver_route {
                viewer.push(About::Courier("driver_route_update", *courier), Arc::clone(route));
                viewer.push(About::Courier("driver_eta_update", *courier), Arc::clone(eta));
            }
            if is_over(order) {
                viewer.forget(order.id);
            }
        }
        Ok(())
    }

    /// The way of a courier to where they have to go next, and how soon they are there; nothing while it is
    /// not known where they are.
    async fn driver_route(
        &mut self,
        courier: UserId,
        order: OrderId,
        goal: Position,
        now: Time,
    ) -> Result<Option<(UserId, Arc<str>, Arc<str>)>, ApiError> {
        let Some(fix) = self.town.fix(courier, now) else { return Ok(None) };
        self.meet([courier], now).await?;
        let Some((driver, _)) = self.faces.get(&courier) else { return Ok(None) };
        let way = way(&self.town, &[fix.position, goal], now);
        let route = DriverRoute { driver_id: driver.number, order_id: order.to_string(), way: &way };
        let route = message("driver_route_update", &route);
        Ok(Some((courier, route, message("driver_eta_update", &DriverEta::of(driver, order, &way)))))
    }

    fn remember(&mut self, order: &Order) {
        if is_over(order) {
            self.courses.remove(&order.id);
        } else {
            if self.courses.len() >= MOST {
                self.courses.clear();
            }
            self.courses.insert(order.id, Course::of(order));
        }
    }

    async fn tell_duties(&mut self, duties: &HashMap<UserId, Duty>) -> Result<(), ApiError> {
        let maps = self.app.sockets.viewers().of(Subject::Map);
        if maps.is_empty() || duties.is_empty() {
            return Ok(());
        }
        let now = self.app.clock.now();
        // Anew: somebody goes on duty with what they drive today.
        duties.keys().for_each(|courier| drop(self.faces.remove(courier)));
        self.meet(duties.keys().copied(), now).await?;
        for (courier, duty) in duties {
            let Some((driver, _)) = self.faces.get(courier) else { continue };
            let is_located = self.town.fix(*courier, now).is_some();
            let status = DriverStatus::of(driver, duty.state.phase(), is_located);
            let text = message("driver_status_update", &status);
            for viewer in &maps {
                viewer.push(About::Courier("driver_status_update", *courier), Arc::clone(&text));
            }
        }
        Ok(())
    }

    async fn tell_moves(&mut self, fixes: &HashMap<UserId, Option<Fix>>) -> Result<(), ApiError> {
        let maps = self.app.sockets.viewers().of(Subject::Map);
        if maps.is_empty() || fixes.is_empty() {
            return Ok(());
        }
        let now = self.app.clock.now();
        self.meet(fixes.keys().copied(), now).await?;
        let bound = self.bound(fixes.keys().copied()).await?;
        let windows: Vec<_> = maps.iter().map(|viewer| (viewer, viewer.window())).collect();
        let mut told = 0;
        for (courier, fix) in fixes {
            let Some((driver, _)) = self.faces.get(courier) else { continue };
            let Some(fix) = *fix else {
                let phase = self
                    .town
                    .dispatch()
                    .with_board(|board| board.get(*courier).map(|standing| standing.duty.state.phase()));
                let Some(phase) = phase else { continue };
                let text = message("driver_status_update", &DriverStatus::of(driver, phase, false));
                for viewer in &maps {
                    viewer.push(About::Courier("driver_status_update", *courier), Arc::clone(&text));
                }
                continue;
            };
            let way = bound
                .get(courier)
                .map(|(order, goal)| (*order, way(&self.town, &[fix.position, *goal], now)));
            let eta = way.as_ref().map(|(_, way)| way.duration_seconds);
            let text = message("driver_location_update", &DriverLocation::of(driver, fix, eta));
            let eta =
                way.map(|(order, way)| message("driver_eta_update", &DriverEta::of(driver, order, &way)));
            for (viewer, _) in
                windows.iter().filter(|(_, window)| window.is_none_or(|window| window.holds(fix.position)))
            {
                viewer.push(About::Courier("driver_location_update", *courier), Arc::clone(&text));
                if let Some(eta) = &eta {
                    viewer.push(About::Courier("driver_eta_update", *courier), Arc::clone(eta));
                }
                told += 1;
            }
        }
        metrics::counter!("peerpack_town_positions_told_total").increment(told);
        Ok(())
    }

    /// Couriers on the way, with their orders and where they have to go.
    async fn bound(
        &mut self,
        couriers: impl Iterator<Item = UserId>,
    ) -> Result<BTreeMap<UserId, (OrderId, Position)>, ApiError> {
        let busy: Vec<(UserId, OrderId)> = self.town.dispatch().with_board(|board| {
            let order = |courier| match board.get(courier)?.duty.state {
                DutyState::ToPickup { order } | DutyState::OnTrip { order } => Some((courier, order)),
                DutyState::Offline | DutyState::Idle | DutyState::Paused | DutyState::Offered { .. } => None,
            };
            couriers.filter_map(order).collect()
        });
        let mut bound = BTreeMap::new();
        for (courier, id) in busy {
            if !self.courses.contains_key(&id) {
                let order = match self.town.dispatch().seen(id) {
                    Some(order) => Some(order),
                    None => self.app.database.order(id).await?,
                };
                if let Some(order) = order {
                    self.remember(&order);
                }
            }
            if let Some(course) = self.courses.get(&id) {
                bound.insert(courier, (id, course.goal));
            }
        }
        Ok(bound)
    }

    /// Reads names and vehicles of couriers that are not known, or were read too long ago.
    async fn meet(&mut self, couriers: impl IntoIterator<Item = UserId>, now: Time) -> Result<(), ApiError> {
        let is_known =
            |courier: &UserId| self.faces.get(courier).is_some_and(|(_, at)| now.since(*at) < FACE_KEPT);
        let unknown: Vec<UserId> = couriers.into_iter().filter(|courier| !is_known(courier)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        if self.faces.len() >= MOST {
            self.faces.clear();
        }
        let read = self.app.database.drivers_of(unknown).await?;
        self.faces.extend(read.into_iter().map(|(courier, driver)| (courier, (driver, now))));
        Ok(())
    }
}

/// A whole order in words; nothing if its passenger is gone.
fn texts_of(order: &Order, faces: &Faces, map: &TownMap, now: Time) -> Option<Texts> {
    Some(Texts::of(order_view(faces, map, order, now)?))
}
