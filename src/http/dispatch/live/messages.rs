//! What the sockets of the dispatch say: `{"type": .., "data": ..}`.

use std::sync::Arc;

use peerpack_actors::dispatch::track::Fix;
use peerpack_actors::dispatch::{DutyPhase, Order, OrderPhase};
use peerpack_actors::ids::OrderId;
use peerpack_actors::time::Time;
use serde::Serialize;

use crate::error::town_state;
use crate::http::dispatch::map::{MapDriver, MapOrder, RouteView};
use crate::http::dispatch::views::OrderDriver;
use crate::store::Driver;
use crate::texts::language::Language;

/// A message as it goes out.
pub(super) fn message(kind: &str, data: &impl Serialize) -> Arc<str> {
    #[derive(Serialize)]
    struct Message<'a, D> {
        r#type: &'a str,
        data: &'a D,
    }
    serde_json::to_string(&Message { r#type: kind, data }).unwrap_or_default().into()
}

/// `order_status_changed`: an order is in another phase.
#[derive(Serialize)]
pub(super) struct StatusChanged {
    order_id: String,
    status: OrderPhase,
    /// The state in words, in the reader's language.
    status_display: &'static str,
}

impl StatusChanged {
    pub(super) fn of(order: &Order, language: Language) -> Self {
        let status = order.state.phase();
        Self { order_id: order.id.to_string(), status, status_display: town_state(status.word(), language) }
    }
}

/// `driver_assigned`: an order has another courier than before.
#[derive(Serialize)]
pub(super) struct DriverAssigned {
    pub(super) order_id: String,
    pub(super) driver: OrderDriver,
}

/// `driver_arrived`: the courier waits at the pickup.
#[derive(Serialize)]
pub(super) struct DriverArrived {
    pub(super) order_id: String,
    pub(super) driver: OrderDriver,
    pub(super) arrived_at: String,
}

/// `driver_location_update`: where a courier is now.
#[derive(Serialize)]
pub(super) struct DriverLocation<'a> {
    driver_id: i64,
    lat: f64,
    lon: f64,
    timestamp: String,
    name: &'a str,
    car_model: &'a str,
    /// How soon they are where they have to go, seconds; absent for somebody without an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    eta: Option<u32>,
}

impl<'a> DriverLocation<'a> {
    pub(super) fn of(driver: &'a Driver, fix: Fix, eta: Option<u32>) -> Self {
        Self {
            driver_id: driver.number,
            lat: fix.position.lat,
            lon: fix.position.lon,
            timestamp: fix.at.to_string(),
            name: &driver.name,
            car_model: &driver.car_model,
            eta,
        }
    }
}

/// `driver_status_update`: a courier does something else.
#[derive(Serialize)]
pub(super) struct DriverStatus<'a> {
    driver_id: i64,
    is_online: bool,
    status: DutyPhase,
    name: &'a str,
    car_model: &'a str,
    /// Whether it is known where they are.
    is_located: bool,
}

impl<'a> DriverStatus<'a> {
    pub(super) fn of(driver: &'a Driver, status: DutyPhase, is_located: bool) -> Self {
        Self {
            driver_id: driver.number,
            is_online: status != DutyPhase::Offline,
            status,
            name: &driver.name,
            car_model: &driver.car_model,
            is_located,
        }
    }
}

/// `driver_route_update`: where a courier has to go next.
#[derive(Serialize)]
pub(super) struct DriverRoute<'a> {
    pub(super) driver_id: i64,
    pub(super) order_id: String,
    #[serde(flatten)]
    pub(super) way: &'a RouteView,
}

/// `driver_eta_update`: when a courier will be where they have to go.
#[derive(Serialize)]
pub(super) struct DriverEta {
    driver_id: i64,
    order_id: String,
    eta_seconds: u32,
    eta_minutes: f64,
    distance_km: f64,
    /// When that is.
    eta: String,
}

impl DriverEta {
    pub(super) fn of(driver: &Driver, order: OrderId, way: &RouteView) -> Self {
        Self {
            driver_id: driver.number,
            order_id: order.to_string(),
            eta_seconds: way.duration_seconds,
            eta_minutes: way.duration_minutes,
            distance_km: way.distance_km,
            eta: way.eta.clone(),
        }
    }
}

/// `order_route_update`: from the pickup to the end.
#[derive(Serialize)]
pub(super) struct OrderRoute<'a> {
    pub(super) order_id: String,
    #[serde(flatten)]
    pub(super) way: &'a RouteView,
}

/// `snapshot`: a part of what is on the map.
#[derive(Serialize)]
pub(super) struct Snapshot<'a> {
    pub(super) drivers: &'a [MapDriver],
    pub(super) orders: &'a [MapOrder],
    /// Couriers of an earlier snapshot who are not on the map any more, by number.
    pub(super) gone_drivers: &'a [i64],
    /// Orders likewise, by id.
    pub(super) gone_orders: &'a [String],
    /// Whether this is all there is, and not only what has changed.
    pub(super) is_whole: bool,
    /// Whether more of it follows.
    pub(super) more: bool,
    /// Goes into the address as `after` when the socket is opened anew.
    pub(super) cursor: i64,
}

/// A time as a cursor.
pub(super) const fn cursor(at: Time) -> i64 {
    at.ms()
}
