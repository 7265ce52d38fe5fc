//! Who could take an order, and who could not: two lists by the filter by which couriers are asked.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::plan::greedy;
use peerpack_actors::dispatch::ranking::{Cost, Habits, Ranked};
use peerpack_actors::dispatch::record::Record;
use peerpack_actors::dispatch::{Rule, Settings};
use peerpack_actors::ids::OrderId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::scope;
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem, request_id, sentence};

/// Why a courier is where they are in the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandidatePriority {
    /// Whether the courier works in the region of the order.
    region_match: bool,
    /// How many orders they have had today.
    order_count: u32,
    /// How far they are from the pickup, kilometres of road.
    distance: f64,
}

/// Somebody who can take an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandidateView {
    driver_id: i64,
    name: String,
    region_id: String,
    car_model: String,
    capacity: u32,
    is_online: bool,
    priority: CandidatePriority,
}

/// Somebody on duty who cannot take an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct RejectedCandidate {
    driver_id: i64,
    name: String,
    /// The reason in one word.
    reason: String,
    /// The reason in a sentence.
    message: String,
    /// How far they are, kilometres of road, if that is known.
    distance_km: Option<f64>,
}

/// Who can take an order, and who cannot.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderCandidates {
    order_id: String,
    /// The best first, by the simple rule: the fewest orders today, then the nearest.
    candidates: Vec<CandidateView>,
    count: usize,
    /// Everybody else on duty, with why not.
    rejected: Vec<RejectedCandidate>,
}

/// What a courier costs an order: the parts, each times its weight.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CandidateCost {
    /// The time to the pickup.
    eta: f64,
    /// The empty way.
    deadhead: f64,
    /// The chance of no.
    reject: f64,
    /// The share of orders called off.
    cancel: f64,
    /// Orders above the median.
    fairness: f64,
    /// Standing outside of the region.
    zone: f64,
    /// A low rating.
    quality: f64,
}

/// Somebody who can take an order, with what they cost it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoredCandidate {
    driver_id: i64,
    name: String,
    region_id: String,
    car_model: String,
    capacity: u32,
    is_online: bool,
    /// The lowest is the best.
    cost_score: f64,
    eta_seconds: u32,
    distance_km: f64,
    details: CandidateCost,
}

/// Who can take an order, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoredCandidates {
    order_id: String,
    candidates: Vec<ScoredCandidate>,
    count: usize,
}

/// How many.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct HowMany {
    /// At most so many; all if absent.
    limit: Option<usize>,
}

impl CandidateCost {
    /// What a courier costs an order of a plan: what the plan has weighed, and the courier's habits.
    pub(super) fn planned(burden: greedy::Burden, record: &Record, settings: &Settings) -> Self {
        let greedy::Cost { gap, deadhead, fairness } = burden.cost(settings);
        let Habits { reject, cancel, quality } = Habits::of(record, settings);
        Self { eta: gap, deadhead, reject, cancel, fairness, zone: 0.0, quality }
    }

    /// All of it.
    pub(super) fn total(&self) -> f64 {
        self.eta + self.deadhead + self.reject + self.cancel + self.fairness + self.zone + self.quality
    }
}

impl From<Cost> for CandidateCost {
    fn from(cost: Cost) -> Self {
        let Cost { eta, deadhead, reject, cancel, fairness, zone, quality } = cost;
        Self { eta, deadhead, reject, cancel, fairness, zone, quality }
    }
}

/// Who can take an order, the best first, and everybody else on duty with why not: the same filter by which
/// couriers are asked.
#[utoipa::path(get, path = "/api/dispatch/candidates/{order_id}", operation_id = "order_candidates",
    tag = "dispatch", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = OrderCandidates), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let town = scope::town(&app)?;
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let now = app.clock.now();
    let ranked = town.dispatch().candidates(&order, Rule::Simple, now);
    let verdicts = town.dispatch().explain(&order, now);
    let drivers = app.database.drivers_of(verdicts.iter().map(|verdict| verdict.courier)).await?;
    let candidates: Vec<CandidateView> = ranked
        .iter()
        .filter_map(|one| {
            let driver = drivers.get(&one.candidate.courier)?;
            Some(CandidateView {
                driver_id: driver.number,
                name: driver.name.clone(),
                region_id: driver.region.to_string(),
                car_model: driver.car_model.clone(),
                capacity: driver.seats,
                is_online: true,
                priority: CandidatePriority {
                    region_match: order.draft.region == Some(driver.region),
                    order_count: one.orders_today,
                    distance: one.candidate.way_km,
                },
            })
        })
        .collect();
    let language = request_id::language();
    let rejected = verdicts.iter().filter_map(|verdict| {
        let (driver, unfit) = (drivers.get(&verdict.courier)?, verdict.unfit?);
        Some(RejectedCandidate {
            driver_id: driver.number,
            name: driver.name.clone(),
            reason: unfit.word().to_owned(),
            message: sentence(unfit.sentence(), language).to_owned(),
            distance_km: verdict.way_km,
        })
    });
    Ok(HttpResponse::Ok().json(OrderCandidates {
        order_id: order.id.to_string(),
        count: candidates.len(),
        candidates,
        rejected: rejected.collect(),
    }))
}

/// Who can take an order, by the scored rule, the lowest cost first.
#[utoipa::path(get, path = "/api/dispatch/candidates-scored/{order_id}",
    operation_id = "scored_order_candidates", tag = "dispatch", security(("bearer" = [])),
    params(("order_id" = String, Path, description = "The order"), HowMany),
    responses((status = 200, body = ScoredCandidates), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn scored(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    query: Query<HowMany>,
) -> Result<HttpResponse, ApiError> {
    let town = scope::town(&app)?;
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let mut ranked = town.dispatch().candidates(&order, Rule::Scored, app.clock.now());
    ranked.truncate(query.0.limit.unwrap_or(usize::MAX));
    let drivers = app.database.drivers_of(ranked.iter().map(|one| one.candidate.courier)).await?;
    let view = |one: &Ranked| {
        let driver = drivers.get(&one.candidate.courier)?;
        let reckoning = one.reckoning();
        Some(ScoredCandidate {
            driver_id: driver.number,
            name: driver.name.clone(),
            region_id: driver.region.to_string(),
            car_model: driver.car_model.clone(),
            capacity: driver.seats,
            is_online: true,
            cost_score: reckoning.cost,
            eta_seconds: reckoning.eta_s,
            distance_km: one.candidate.way_km,
            details: one.cost.into(),
        })
    };
    let candidates: Vec<ScoredCandidate> = ranked.iter().filter_map(view).collect();
    Ok(HttpResponse::Ok().json(ScoredCandidates {
        order_id: order.id.to_string(),
        count: candidates.len(),
        candidates,
    }))
}
