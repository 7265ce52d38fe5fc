//! The plan of a day in the shape of the console.

use std::collections::HashMap;

use peerpack_actors::dispatch::plan::greedy::burdens;
use peerpack_actors::dispatch::plan::{Assignment, By, Route};
use peerpack_actors::dispatch::{Order, Settings};
use peerpack_actors::ids::OrderId;
use serde::Serialize;
use utoipa::ToSchema;

use super::scores::{PlannedScore, record_of};
use crate::app::App;
use crate::error::{ApiError, request_id, sentence};
use crate::http::dispatch::candidates::CandidateCost;
use crate::http::dispatch::desk::FailedOrder;
use crate::http::dispatch::views::{self, Faces, OrderView, region_title};
use crate::sheets::Leg;
use crate::store::Driver;
use crate::town::Town;
use crate::town::daily::{DayPlan, OPEN, RegionPlan};

/// How many orders are read at once.
const A_PAGE: usize = 500;

/// The weights that a plan goes by.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanConfig {
    name: &'static str,
    /// Of the gap between the last order and the pickup.
    w_eta: f64,
    /// Of the empty way.
    w_deadhead: f64,
    /// Of the chance of no.
    w_reject: f64,
    /// Of the share of orders called off.
    w_cancel: f64,
    /// Of having more orders than the courier with the fewest.
    w_fairness: f64,
    w_zone: f64,
    /// Of a low rating.
    w_quality: f64,
}

/// A courier of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedDriver {
    /// The number by which the desk names the courier.
    id: i64,
    name: String,
    car_model: String,
    plate_number: String,
    phone: String,
    /// The name of the region.
    region: String,
    capacity: u32,
}

/// An order of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedOrder {
    #[serde(flatten)]
    order: OrderView,
    passenger_name: String,
    /// When the courier is to be at the pickup.
    planned_pickup_at: String,
    /// When it is to be done.
    planned_done_at: String,
}

/// What one courier is to drive.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedRoute {
    driver: PlannedDriver,
    /// In the order of their pickups.
    orders: Vec<PlannedOrder>,
    /// What each of them costs, and why.
    scores: Vec<PlannedScore>,
    total_orders: usize,
    /// All ways, the empty ones included, kilometres of road.
    total_distance_km: f64,
}

/// An order with the courier whom the plan has for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedAssignment {
    order_id: String,
    driver_id: i64,
    driver_name: String,
    /// What the courier costs this order: the lower, the better it fits.
    ml_cost: f64,
    /// The parts of it: `eta` is the gap after the courier's last order, in parts of two hours.
    ml_details: CandidateCost,
}

/// Where a plan comes from.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PlanAlgorithm {
    /// The rule by which a dispatcher would do it by hand.
    Greedy,
    /// Insertion of one order after the other.
    Insertion,
    /// The library.
    Solver,
}

/// Why nobody drives an order.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum UnplannedCode {
    /// No vehicle has room for it.
    NoRoom,
    /// Nobody works then, or it cannot be driven in its time.
    NoTime,
    /// Everybody who could drive it is with other orders, or too far away.
    NobodyFree,
    /// It is reserved for somebody who cannot be there in time.
    Promised,
}

/// An order that nobody drives.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnplannedOrder {
    id: String,
    /// Why nobody drives it, in words.
    reason: String,
    /// Why, in one word.
    #[schema(value_type = UnplannedCode)]
    code: &'static str,
}

/// The plan of a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyPlan {
    /// `YYYY-MM-DD`, in the time of each region.
    date: String,
    /// Where it comes from.
    #[schema(value_type = PlanAlgorithm)]
    algorithm: &'static str,
    config: PlanConfig,
    /// Orders of the day that nobody has, or that are under way.
    total_orders: usize,
    /// Of these: nobody had them when the plan was drawn up.
    unassigned_count: usize,
    /// Of these: they have a courier already, outside of the plan.
    already_assigned_count: u64,
    /// Of these: the plan has a courier for them.
    distributed_count: usize,
    /// Of these: nobody drives them, or they could not be given to their couriers.
    failed_count: usize,
    /// Couriers of the regions.
    drivers_count: usize,
    /// Of couriers who drive something.
    routes: Vec<PlannedRoute>,
    assignments: Vec<PlannedAssignment>,
    unassigned_orders: Vec<UnplannedOrder>,
    /// Whether it was applied, not only looked at.
    auto_assigned: bool,
    /// Of a plan that was applied: whether it was told before, and not drawn up for this call.
    was_previewed: bool,
    /// How many orders were reserved for couriers, or given to them.
    assigned_count: usize,
    /// What could not be given away, and why.
    failed_orders: Vec<FailedOrder>,
    /// When it was drawn up.
    drawn_up_at: String,
    /// Names this plan: the same for the same couriers, orders and times. Who sends it when applying applies
    /// this plan or nothing.
    plan_id: String,
    /// Whether the search was called off before its time was over.
    called_off: bool,
}

/// What became of a plan that was applied.
#[derive(Debug, Default)]
pub(super) struct Applied {
    pub(super) was_previewed: bool,
    pub(super) assigned: usize,
    pub(super) failed: Vec<FailedOrder>,
}

/// A plan, with its orders as they are now, and what became of it if it was applied.
pub(super) async fn daily(
    app: &App,
    town: &Town,
    plan: &DayPlan,
    applied: Option<Applied>,
) -> Result<DailyPlan, ApiError> {
    let orders = orders_of(app, plan).await?;
    let mut seen: HashMap<OrderId, OrderView> = HashMap::new();
    for orders in orders.chunks(A_PAGE) {
        let views = views::orders(app, town, orders).await?;
        seen.extend(orders.iter().map(|order| order.id).zip(views));
    }
    let (mut routes, mut assignments, mut unassigned_orders) = (Vec::new(), Vec::new(), Vec::new());
    for region in &plan.regions {
        let all = region.draft.plan.assignments(&region.problem);
        let fewest = fewest(region);
        for route in &region.draft.plan.routes {
            let driver = &region.drivers[route.shift];
            let own = all.iter().filter(|one| one.courier == driver.person);
            let (settings, record) = (town.dispatch().settings(), record_of(town, driver));
            let (mut planned, mut scores) = (Vec::new(), Vec::new());
            for (one, (_, burden)) in own.zip(burdens(&region.problem, route, fewest)) {
                let cost = CandidateCost::planned(burden, &record, settings);
                scores.push(PlannedScore::of(one, cost.total(), burden, &record, settings));
                assignments.push(PlannedAssignment {
                    order_id: one.order.to_string(),
                    driver_id: driver.number,
                    driver_name: driver.name.clone(),
                    ml_cost: cost.total(),
                    ml_details: cost,
                });
                // Who is deleted in this very moment has no view.
                planned.extend(seen.remove(&one.order).map(|order| planned_order(order, one)));
            }
            routes.push(PlannedRoute {
                driver: planned_driver(town, driver),
                total_orders: planned.len(),
                orders: planned,
                scores,
                total_distance_km: metres_as_km(route.way_m),
            });
        }
        let language = request_id::language();
        unassigned_orders.extend(region.draft.plan.left.iter().map(|(job, left)| UnplannedOrder {
            id: region.problem.jobs[*job].order.to_string(),
            reason: sentence(left.sentence(), language).to_owned(),
            code: left.code(),
        }));
    }
    let (distributed_count, left) = (assignments.len(), unassigned_orders.len());
    let auto_assigned = applied.is_some();
    let applied = applied.unwrap_or_default();
    Ok(DailyPlan {
        date: plan.day.date.to_string(),
        algorithm: plan.regions.iter().map(|one| one.draft.plan.by).max().unwrap_or(By::Greedy).word(),
        config: config(town.dispatch().settings()),
        total_orders: distributed_count + left + usize::try_from(plan.already).unwrap_or(0),
        unassigned_count: distributed_count + left,
        already_assigned_count: plan.already,
        distributed_count,
        failed_count: left + applied.failed.len(),
        drivers_count: plan.couriers,
        routes,
        assignments,
        unassigned_orders,
        auto_assigned,
        was_previewed: applied.was_previewed,
        assigned_count: applied.assigned,
        failed_orders: applied.failed,
        drawn_up_at: plan.at.to_string(),
        plan_id: plan.id(),
        called_off: plan.called_off,
    })
}

/// The same as tables, by the names of couriers: without what nobody wants any more, and what somebody else
/// has by now.
pub(super) async fn legs(app: &App, plan: &DayPlan) -> Result<Vec<(String, Vec<Leg>)>, ApiError> {
    let orders = orders_of(app, plan).await?;
    let mut seen = HashMap::new();
    for orders in orders.chunks(A_PAGE) {
        let faces = Faces::of(app, orders).await?;
        for order in orders {
            let has_it = order.state.courier();
            if has_it.is_none() && !OPEN.contains(&order.state.phase()) {
                continue;
            }
            let passenger = faces.passenger_of(order);
            let leg = Leg {
                order_id: order.id.to_string(),
                pickup_title: order.draft.pickup.title.clone(),
                pickup_object_name: order.draft.pickup.object_name.clone(),
                dropoff_title: order.draft.dropoff.title.clone(),
                dropoff_object_name: order.draft.dropoff.object_name.clone(),
                passenger_name: passenger.map(|one| one.full_name.clone()).unwrap_or_default(),
                passenger_phone: passenger.and_then(|one| one.phone.clone()).unwrap_or_default(),
                note: order.draft.note.clone(),
                place: Some(order.draft.pickup.position),
                ..Leg::default()
            };
            seen.insert(order.id, (has_it, leg));
        }
    }
    let mut couriers = Vec::new();
    for region in &plan.regions {
        let all = region.draft.plan.assignments(&region.problem);
        for route in &region.draft.plan.routes {
            let driver = &region.drivers[route.shift];
            let own = all.iter().filter(|one| one.courier == driver.person);
            let legs = own.filter_map(|one| {
                let (has_it, leg) = seen.remove(&one.order)?;
                if has_it.is_some_and(|courier| courier != one.courier) {
                    return None;
                }
                Some(Leg { pickup_at: Some(one.pickup_at), done_at: Some(one.done_at), ..leg })
            });
            couriers.push((driver.name.clone(), legs.collect()));
        }
    }
    Ok(couriers)
}

async fn orders_of(app: &App, plan: &DayPlan) -> Result<Vec<Order>, ApiError> {
    let ids: Vec<OrderId> = plan.regions.iter().flat_map(RegionPlan::orders).collect();
    let mut orders = Vec::with_capacity(ids.len());
    for ids in ids.chunks(A_PAGE) {
        orders.extend(app.database.orders_by_id(ids).await?);
    }
    Ok(orders)
}

/// How many orders the courier with the fewest has.
fn fewest(region: &RegionPlan) -> usize {
    let routes = &region.draft.plan.routes;
    if routes.len() < region.drivers.len() { 0 } else { routes.iter().map(Route::jobs).min().unwrap_or(0) }
}

fn planned_order(order: OrderView, one: &Assignment) -> PlannedOrder {
    PlannedOrder {
        passenger_name: order.passenger.full_name.clone(),
        order,
        planned_pickup_at: one.pickup_at.to_string(),
        planned_done_at: one.done_at.to_string(),
    }
}

fn planned_driver(town: &Town, driver: &Driver) -> PlannedDriver {
    PlannedDriver {
        id: driver.number,
        name: driver.name.clone(),
        car_model: driver.car_model.clone(),
        plate_number: driver.plate_number.clone(),
        phone: driver.phone.clone().unwrap_or_default(),
        region: region_title(&town.map(), driver.region),
        capacity: driver.seats,
    }
}

fn config(settings: &Settings) -> PlanConfig {
    PlanConfig {
        name: "default",
        w_eta: settings.w_eta,
        w_deadhead: settings.w_deadhead,
        w_reject: settings.w_reject,
        w_cancel: settings.w_cancel,
        w_fairness: settings.w_fairness,
        w_zone: settings.w_zone,
        w_quality: settings.w_quality,
    }
}

#[expect(clippy::cast_precision_loss, reason = "ways are far below 2^53 metres")]
fn metres_as_km(metres: u64) -> f64 {
    metres as f64 / 1_000.0
}
