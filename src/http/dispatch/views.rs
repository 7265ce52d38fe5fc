//! Orders, couriers, passengers and regions in the shape of the console.

mod places;

use std::collections::HashMap;

use peerpack_actors::dispatch::{Breakdown, DutyPhase, Order, OrderPhase};
use peerpack_actors::ids::{RegionId, UserId};
use peerpack_actors::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::scope;
use crate::app::App;
use crate::auth::Principal;
use crate::error::{ApiError, request_id};
use crate::http::input::Point;
use crate::store::{Driver, Passenger};
use crate::texts::language::Language;
use crate::texts::russian;
use crate::town::{Town, TownMap};

pub use places::{CityView, RegionHours, RegionView};
pub(super) use places::{city_view, region_view};

/// The person behind a courier or a passenger.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TownUser {
    /// The number by which the desk names the person.
    id: i64,
    /// Their Telegram name, or their phone.
    username: String,
    phone: String,
    /// Empty where it is not known.
    email: String,
}

/// How the courier of an order can be reached. All who see the order see this, and no more of the person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderDriverUser {
    /// The number by which the desk names the courier.
    id: i64,
    /// Empty where it is not known.
    phone: String,
}

/// A region by its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionName {
    id: String,
    title: String,
}

/// Who is driven.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PassengerView {
    /// The number by which the desk names the passenger.
    pub(super) id: i64,
    user: TownUser,
    pub(super) full_name: String,
    region: RegionName,
    /// What they need, in the desk's words; may be empty.
    pub(super) disability_category: String,
    /// Whether somebody may come along.
    allowed_companion: bool,
}

/// Who drives, as an order names them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderDriver {
    /// The number by which the desk names the courier.
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) car_model: String,
    plate_number: String,
    user: OrderDriverUser,
}

/// Who drives.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DriverView {
    /// The number by which the desk names the courier.
    id: i64,
    user: TownUser,
    name: String,
    region: RegionName,
    car_model: String,
    plate_number: String,
    /// How many people the vehicle takes.
    capacity: u32,
    is_online: bool,
    /// What they are doing.
    status: DutyPhase,
    /// Where they are, while they are on duty.
    current_lat: Option<f64>,
    current_lon: Option<f64>,
    current_position: Option<Point>,
    /// When they have said so.
    last_location_update: Option<String>,
}

/// How a price came about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderPriceParts {
    /// For being driven, the way and the time.
    base_distance_price: f64,
    /// For waiting beyond the free minutes.
    waiting_time_price: f64,
    companion_fee: f64,
    /// For the booking.
    booking_fee: f64,
    /// For the options, such as a child's seat.
    options_fee: f64,
    /// What the passenger's category is multiplied by.
    disability_multiplier: f64,
    night_multiplier: f64,
    weekend_multiplier: f64,
    /// What is multiplied by where couriers are few.
    surge_multiplier: f64,
    /// Everything before it is multiplied.
    subtotal: f64,
    /// What the ride was raised by, to the least that one costs.
    minimum_fare_adjustment: f64,
    total: f64,
}

/// Whom an order is kept for, by the desk or by the plan of a day. Nobody is bound by it: the courier is
/// asked first once the search has begun.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderReservation {
    /// The number by which the desk names the courier.
    driver_id: i64,
    driver_name: String,
    /// When the courier is to be at the pickup.
    pickup_at: String,
}

/// An order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderView {
    id: String,
    pub(super) passenger: PassengerView,
    /// Who has it, or had it to its end; not who is only asked.
    driver: Option<OrderDriver>,
    /// For whom it is kept, while nobody has it; for the desk and that courier alone.
    reservation: Option<OrderReservation>,
    pickup_title: String,
    pickup_object_name: String,
    dropoff_title: String,
    dropoff_object_name: String,
    pickup_lat: f64,
    pickup_lon: f64,
    dropoff_lat: f64,
    dropoff_lon: f64,
    pickup_coordinate: Point,
    dropoff_coordinate: Point,
    /// When the courier is wanted; when it was placed, if that is at once.
    desired_pickup_time: String,
    has_companion: bool,
    note: String,
    status: OrderPhase,
    created_at: String,
    assigned_at: Option<String>,
    completed_at: Option<String>,
    /// Why this courier.
    assignment_reason: String,
    rejection_reason: String,
    seats_needed: u32,
    /// How far it is expected to go.
    distance_km: f64,
    /// How long the courier has waited at the pickup.
    waiting_time_minutes: f64,
    estimated_price: f64,
    final_price: Option<f64>,
    /// Of the final price once there is one.
    price_breakdown: OrderPriceParts,
}

/// People by their ids, for many orders at once.
pub(super) struct Faces {
    passengers: HashMap<UserId, Passenger>,
    drivers: HashMap<UserId, Driver>,
}

impl Faces {
    /// Everybody whom orders name.
    pub(super) async fn of(app: &App, orders: &[Order]) -> Result<Self, ApiError> {
        let mut passengers: Vec<UserId> = orders.iter().map(|order| order.passenger).collect();
        let of_order = |order: &Order| [order.state.courier(), order.reserved.map(|kept| kept.courier)];
        let mut drivers: Vec<UserId> = orders.iter().flat_map(of_order).flatten().collect();
        for people in [&mut passengers, &mut drivers] {
            people.sort_unstable();
            people.dedup();
        }
        Ok(Self {
            passengers: app.database.passengers_of(passengers).await?,
            drivers: app.database.drivers_of(drivers).await?,
        })
    }

    /// The name of an order's passenger, with their number.
    pub(super) fn passenger(&self, order: &Order) -> (i64, String) {
        let known = self.passengers.get(&order.passenger);
        known.map_or_else(Default::default, |one| (one.number, one.full_name.clone()))
    }

    /// An order's passenger.
    pub(super) fn passenger_of(&self, order: &Order) -> Option<&Passenger> {
        self.passengers.get(&order.passenger)
    }

    /// An order's courier.
    pub(super) fn driver_of(&self, order: &Order) -> Option<&Driver> {
        self.drivers.get(&order.state.courier()?)
    }

    /// For whom an order is kept.
    fn reservation_of(&self, order: &Order) -> Option<OrderReservation> {
        let kept = order.reserved?;
        let driver = self.drivers.get(&kept.courier)?;
        Some(OrderReservation {
            driver_id: driver.number,
            driver_name: driver.name.clone(),
            pickup_at: kept.at.to_string(),
        })
    }

    /// The number of an order's courier.
    pub(super) fn driver_number(&self, order: &Order) -> Option<i64> {
        self.drivers.get(&order.state.courier()?).map(|driver| driver.number)
    }
}

/// Several orders, as somebody may see them: how a passenger can be reached is not for a courier who is only
/// asked, and for whom an order is kept not for others.
pub(super) async fn orders_for(
    app: &App,
    town: &Town,
    principal: Principal,
    orders: &[Order],
) -> Result<Vec<OrderView>, ApiError> {
    let mut views = self::orders(app, town, orders).await?;
    for (view, order) in views.iter_mut().zip(orders) {
        let (user, sees_all) = (principal.user, scope::sees_all(principal));
        if !scope::may_reach(user, sees_all, order) {
            view.hide_contacts();
        }
        if !scope::may_see_reservation(user, sees_all, order) {
            view.hide_reservation();
        }
    }
    Ok(views)
}

/// An order, as somebody may see it.
pub(super) async fn order_for(
    app: &App,
    town: &Town,
    principal: Principal,
    order: Order,
) -> Result<OrderView, ApiError> {
    orders_for(app, town, principal, &[order]).await?.pop().ok_or_else(ApiError::not_found)
}

/// Several orders, for somebody who may see all of them.
pub(super) async fn orders(app: &App, town: &Town, orders: &[Order]) -> Result<Vec<OrderView>, ApiError> {
    let (faces, map, now) = (Faces::of(app, orders).await?, town.map(), app.clock.now());
    let language = request_id::language();
    let view = |order: &Order| {
        let view = order_view(&faces, &map, order, now).map(|view| view.told_in(language));
        view.ok_or_else(ApiError::not_found)
    };
    orders.iter().map(view).collect()
}

/// A reason as it is stored, for a reader. The server's own are sentences that it knows in both languages;
/// what people have written stays as it is.
pub(super) fn reason_in(language: Language, stored: &str) -> String {
    let known = match language {
        Language::Russian => russian::sentence(stored),
        Language::English => None,
    };
    known.unwrap_or(stored).to_owned()
}

/// An order, by people who were read before, with its reasons as they are stored; nothing if its passenger is
/// not among them.
pub(super) fn order_view(faces: &Faces, map: &TownMap, order: &Order, now: Time) -> Option<OrderView> {
    let passenger = faces.passenger_of(order).map(|one| passenger_view(map, one))?;
    let (draft, milestones) = (&order.draft, &order.milestones);
    let (pickup, dropoff) = (draft.pickup.position, draft.dropoff.position);
    let settled = milestones.settled.as_ref();
    Some(OrderView {
        id: order.id.to_string(),
        passenger,
        driver: faces.driver_of(order).map(order_driver),
        reservation: faces.reservation_of(order),
        pickup_title: draft.pickup.title.clone(),
        pickup_object_name: draft.pickup.object_name.clone(),
        dropoff_title: draft.dropoff.title.clone(),
        dropoff_object_name: draft.dropoff.object_name.clone(),
        pickup_lat: pickup.lat,
        pickup_lon: pickup.lon,
        dropoff_lat: dropoff.lat,
        dropoff_lon: dropoff.lon,
        pickup_coordinate: pickup.into(),
        dropoff_coordinate: dropoff.into(),
        desired_pickup_time: draft.pickup_at.unwrap_or(order.created_at).to_string(),
        has_companion: draft.extras.companion,
        note: draft.note.clone(),
        status: order.state.phase(),
        created_at: order.created_at.to_string(),
        assigned_at: milestones.assigned_at.map(|at| at.to_string()),
        completed_at: milestones.completed_at.map(|at| at.to_string()),
        assignment_reason: milestones.assignment_reason.clone(),
        rejection_reason: milestones.rejection_reason.clone(),
        seats_needed: draft.load().slots,
        distance_km: f64::from(draft.ride.way_m) / 1_000.0,
        waiting_time_minutes: order.waited(now).ms() as f64 / 60_000.0,
        estimated_price: major(order.quote.breakdown.total_minor),
        final_price: settled.map(|settled| major(settled.total_minor)),
        price_breakdown: parts(settled.unwrap_or(&order.quote.breakdown)),
    })
}

impl OrderView {
    /// The same with its reasons in the reader's language.
    pub(super) fn told_in(mut self, language: Language) -> Self {
        for reason in [&mut self.assignment_reason, &mut self.rejection_reason] {
            *reason = reason_in(language, reason);
        }
        self
    }

    /// Says no more how its passenger can be reached.
    pub(super) fn hide_contacts(&mut self) {
        let TownUser { username, phone, email, .. } = &mut self.passenger.user;
        for contact in [username, phone, email] {
            contact.clear();
        }
    }

    /// Says no more for whom it is kept.
    pub(super) fn hide_reservation(&mut self) {
        self.reservation = None;
    }
}

/// An order as the API shows it to somebody who may see all of it.
pub(super) async fn order(app: &App, town: &Town, order: Order) -> Result<OrderView, ApiError> {
    let mut views = orders(app, town, &[order]).await?;
    views.pop().ok_or_else(ApiError::not_found)
}

/// Minor units as people write them.
#[expect(clippy::cast_precision_loss, reason = "prices are far below 2^53")]
pub(super) fn major(minor: i64) -> f64 {
    minor as f64 / 100.0
}

/// How a price came about.
pub(super) fn parts(breakdown: &Breakdown) -> OrderPriceParts {
    let times = |percent: u32| f64::from(percent) / 100.0;
    OrderPriceParts {
        base_distance_price: major(breakdown.base_minor + breakdown.way_minor + breakdown.time_minor),
        waiting_time_price: major(breakdown.waiting_minor),
        companion_fee: major(breakdown.companion_minor),
        booking_fee: major(breakdown.booking_minor),
        options_fee: major(breakdown.options_minor),
        disability_multiplier: times(breakdown.category_percent),
        night_multiplier: times(breakdown.night_percent),
        weekend_multiplier: times(breakdown.weekend_percent),
        surge_multiplier: times(breakdown.surge_percent),
        subtotal: major(breakdown.subtotal_minor),
        minimum_fare_adjustment: major(breakdown.raised_minor),
        total: major(breakdown.total_minor),
    }
}

/// Somebody who is driven.
pub(super) fn passenger_view(map: &TownMap, passenger: &Passenger) -> PassengerView {
    PassengerView {
        id: passenger.number,
        user: user(
            passenger.number,
            passenger.username.as_deref(),
            passenger.phone.as_deref(),
            &passenger.email,
        ),
        full_name: passenger.full_name.clone(),
        region: region_name(map, passenger.region),
        disability_category: passenger.category.clone(),
        allowed_companion: passenger.allowed_companion,
    }
}

/// Somebody who drives, as an order names them.
pub(super) fn order_driver(driver: &Driver) -> OrderDriver {
    OrderDriver {
        id: driver.number,
        name: driver.name.clone(),
        car_model: driver.car_model.clone(),
        plate_number: driver.plate_number.clone(),
        user: OrderDriverUser { id: driver.number, phone: driver.phone.clone().unwrap_or_default() },
    }
}

/// Somebody who drives, and where they are.
pub(super) fn driver_view(town: &Town, map: &TownMap, driver: &Driver, now: Time) -> DriverView {
    let fix = town.fix(driver.person, now);
    let position = fix.map(|fix| fix.position);
    DriverView {
        id: driver.number,
        user: user(driver.number, driver.username.as_deref(), driver.phone.as_deref(), &driver.email),
        name: driver.name.clone(),
        region: region_name(map, driver.region),
        car_model: driver.car_model.clone(),
        plate_number: driver.plate_number.clone(),
        capacity: driver.seats,
        is_online: driver.duty != DutyPhase::Offline,
        status: driver.duty,
        current_lat: position.map(|position| position.lat),
        current_lon: position.map(|position| position.lon),
        current_position: position.map(Point::from),
        last_location_update: fix.map(|fix| fix.at.to_string()),
    }
}

/// A region by its name.
pub(super) fn region_name(map: &TownMap, id: RegionId) -> RegionName {
    RegionName { id: id.to_string(), title: region_title(map, id) }
}

/// The name of a region.
pub(super) fn region_title(map: &TownMap, id: RegionId) -> String {
    map.region(id).map(|region| region.title.clone()).unwrap_or_default()
}

fn user(number: i64, username: Option<&str>, phone: Option<&str>, email: &str) -> TownUser {
    let phone = phone.unwrap_or_default();
    TownUser {
        id: number,
        username: username.unwrap_or(phone).to_owned(),
        phone: phone.to_owned(),
        email: email.to_owned(),
    }
}
