//! The desk: an order given to somebody, or offered at once.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::search::begins;
use peerpack_actors::dispatch::{DutyPhase, Order, OrderPhase, Unfit};
use peerpack_actors::ids::OrderId;
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::runtime::{Given, Refusal};
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::candidates::CandidateCost;
use super::refused::{not_assigned, of_desk, of_order};
use super::scope;
use super::views::{OrderDriver, order_driver, reason_in};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::MaybeBody;
use crate::error::{ApiError, Problem, request_id, sentence};
use crate::http::input::{self, LONG_TEXT, lenient_whole};
use crate::store::{OrderQuery, Slice};
use crate::town::{Town, vehicle};

/// Why a courier has an order where the dispatcher does not say, and where they are chosen by the rule: as it
/// is stored, and told in the language of who reads it.
const DECIDED: &str = "the desk has decided so";
const THE_BEST: &str = "the best courier of all who are free";

/// How many orders are given away in one call at most.
const AT_ONCE: u32 = 200;

/// How many times as many are looked through for those whose search has begun.
const PAGES: u32 = 20;

/// Whom an order is given to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct AssignOrder {
    /// The courier's number; the best one if absent.
    #[serde(deserialize_with = "lenient_whole")]
    #[schema(value_type = Option<i64>)]
    driver_id: Option<u32>,
    /// Why this courier, in the dispatcher's words.
    reason: Option<String>,
    /// Only says what would come of it.
    dry_run: bool,
}

/// An order with its courier.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignedOrder {
    id: String,
    status: OrderPhase,
    driver: Option<OrderDriver>,
}

/// An order was given to somebody, or reserved for them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Assignment {
    success: bool,
    driver_id: i64,
    /// Why this courier.
    reason: String,
    order: AssignedOrder,
    /// Whether it is only reserved: its search has not begun, and nobody is bound before.
    is_reserved: bool,
    /// When the courier is to be at the pickup, of an order that is reserved.
    reserved_pickup_at: Option<String>,
    /// Which of both it is, in words.
    message: String,
}

/// A courier is asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct SmartAssignment {
    success: bool,
    offer_id: String,
    driver_id: i64,
    driver_name: String,
    eta_seconds: u32,
    /// Until when the courier may answer.
    expires_at: String,
    /// What the courier costs: the lowest of all.
    cost_score: f64,
    /// The parts of it; absent for somebody who had been asked before.
    details: Option<CandidateCost>,
}

/// An order that was not given to anybody.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailedOrder {
    order_id: String,
    reason: String,
}

impl FailedOrder {
    /// Why an order was not given away.
    pub(super) fn new(order: OrderId, reason: String) -> Self {
        Self { order_id: order.to_string(), reason }
    }
}

/// What became of every order that waited.
#[derive(Debug, Serialize, ToSchema)]
pub struct AutoAssignment {
    success: bool,
    assigned: u32,
    failed: u32,
    /// `assigned` and `failed` together.
    total: u32,
    failed_orders: Vec<FailedOrder>,
    message: String,
}

/// Gives an order to a courier without asking: to the one who is named, who has to be on duty, free, and with
/// seats enough, or to the best one. From wherever the desk may take it, the order goes to `active_queue`
/// step by step first; the courier who had it is free again. To the best one it goes only while nobody has
/// it: otherwise the answer is who has it. An order for later is reserved as long as its search has not begun
/// (`is_reserved`): nobody is bound before, and the courier, who need not be on duty yet, is asked first
/// then. What cannot be is 400 with `success`, `reason`, `rejection_reason` and `driver_status`. With
/// `dry_run` the answer is the same, and nothing is changed.
#[utoipa::path(post, path = "/api/dispatch/assign/{order_id}", operation_id = "assign_order",
    tag = "dispatch", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    request_body(content = Option<AssignOrder>),
    responses((status = 200, body = Assignment), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn assign(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    body: MaybeBody<AssignOrder>,
) -> Result<HttpResponse, ApiError> {
    let (town, id) = (scope::town(&app)?, path.into_inner());
    let AssignOrder { driver_id, reason, dry_run } = body.0.unwrap_or_default();
    let reason = input::text("reason", reason, LONG_TEXT)?;
    let reason = if reason.is_empty() { DECIDED.to_owned() } else { reason };
    let context = app.engine.context();
    let Some(number) = driver_id else {
        let given = if dry_run {
            let would_be = town.dispatch().would_assign(context, id, None, principal.user, &reason).await;
            would_be.map(|order| order.map_or(Given::ToNobody, Given::Now))
        } else {
            town.dispatch().assign_best(context, id, principal.user, &reason, true).await
        };
        return match given {
            Ok(Given::Now(order) | Given::Before(order)) => {
                Ok(HttpResponse::Ok().json(assignment(&app, &order, &reason).await?))
            }
            Ok(Given::ToNobody) => nobody(&app, town, id).await,
            Err(refusal) => of_desk(refusal, None),
        };
    };
    let person = app.database.person_of(number.into()).await?;
    let driver = match person {
        Some(person) => app.database.driver(person).await?.filter(|driver| !driver.has_left),
        None => None,
    };
    let Some(driver) = driver else {
        let why = ApiError::bad_request("there is no such courier");
        return Ok(not_assigned(why, "unknown_driver", None));
    };
    let status = driver.duty.word();
    let (courier, by) = (driver.person, principal.user);
    let order = app.database.order(id).await?.ok_or_else(ApiError::not_found)?;
    let for_later = town.dispatch().reservation(&order, courier, app.clock.now()).is_some();
    if for_later && !order.draft.load().fits(vehicle(&driver).capacity) {
        let why = ApiError::bad_request(Unfit::NoRoom.sentence());
        return Ok(not_assigned(why, Unfit::NoRoom.word(), Some(status)));
    }
    let given = if dry_run {
        let order = town.dispatch().would_assign(context, id, Some(courier), by, &reason).await;
        order.and_then(|order| order.ok_or(Refusal::NotFound))
    } else {
        town.dispatch().assign(context, id, courier, by, &reason).await
    };
    match given {
        Ok(order) => Ok(HttpResponse::Ok().json(assignment(&app, &order, &reason).await?)),
        // What the courier does now is no matter then.
        Err(refusal) if for_later => of_desk(refusal, Some(status)),
        Err(Refusal::Rejected(rejection)) => {
            // The desk is told what is the matter with the courier, and only then with the order.
            let unfit = match driver.duty {
                DutyPhase::Offline => Some(Unfit::OffDuty),
                DutyPhase::Paused => Some(Unfit::Paused),
                DutyPhase::Offered | DutyPhase::EnrouteToPickup | DutyPhase::OnTrip => Some(Unfit::Busy),
                DutyPhase::OnlineIdle if courier == order.passenger => Some(Unfit::OwnOrder),
                DutyPhase::OnlineIdle if !order.draft.load().fits(vehicle(&driver).capacity) => {
                    Some(Unfit::NoRoom)
                }
                DutyPhase::OnlineIdle => None,
            };
            match unfit {
                Some(unfit) => {
                    let why = ApiError::bad_request(unfit.sentence());
                    Ok(not_assigned(why, unfit.word(), Some(status)))
                }
                None => of_desk(Refusal::Rejected(rejection), Some(status)),
            }
        }
        Err(refusal) => of_desk(refusal, Some(status)),
    }
}

/// Asks the best courier at once, whatever the time of the pickup. Where nobody can take the order it is 400,
/// and the order is searched for from then on, also if it had been left to the desk.
#[utoipa::path(post, path = "/api/dispatch/smart-assign/{order_id}", operation_id = "offer_order",
    tag = "dispatch", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = SmartAssignment), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn smart_assign(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let (town, id) = (scope::town(&app)?, path.into_inner());
    let (order, best) = match town.dispatch().offer_best(app.engine.context(), id, principal.user).await {
        Ok(found) => found,
        Err(refusal) => return of_desk(refusal, None),
    };
    let Some(offer) = order.pending() else { return nobody(&app, town, id).await };
    let driver = app.database.driver(offer.courier).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(SmartAssignment {
        success: true,
        offer_id: offer.id.to_string(),
        driver_id: driver.number,
        driver_name: driver.name,
        eta_seconds: offer.reckoning.eta_s,
        expires_at: offer.expires_at.to_string(),
        cost_score: offer.reckoning.cost,
        details: best.map(|best| best.cost.into()),
    }))
}

/// Gives every order that waits to the best courier who can take it, the oldest first. An order whose search
/// has not begun yet waits on. What somebody else has given away meanwhile stays as it is, and is not
/// counted.
#[utoipa::path(post, path = "/api/dispatch/auto-assign-all", operation_id = "assign_all_orders",
    tag = "dispatch", security(("bearer" = [])),
    responses((status = 200, body = AutoAssignment), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn auto_assign_all(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    use OrderPhase as P;
    let town = scope::town(&app)?;
    let phases = vec![P::Submitted, P::AwaitingDispatcherDecision, P::Created, P::Matching, P::ActiveQueue];
    let query = OrderQuery { phases, oldest_first: true, ..OrderQuery::default() };
    let (mut waiting, mut failed_orders) = (Vec::new(), Vec::new());
    let language = request_id::language();
    // Those that are for later are no reason to look at none that is for now.
    for page in 0..PAGES {
        let slice = Slice { offset: page * AT_ONCE, limit: AT_ONCE };
        let found = app.database.find_orders(&query, slice).await?.items;
        let is_last = found.len() < AT_ONCE as usize;
        for order in found {
            if begins(&order, town.dispatch().settings()) <= app.clock.now() {
                waiting.push(order);
            } else {
                let why = sentence("the search for a courier has not begun yet", language);
                failed_orders.push(FailedOrder::new(order.id, why.to_owned()));
            }
        }
        if is_last || waiting.len() >= AT_ONCE as usize {
            break;
        }
    }
    waiting.truncate(AT_ONCE as usize);
    let mut assigned = 0_u32;
    for order in waiting {
        let context = app.engine.context();
        let given = town.dispatch().assign_best(context, order.id, principal.user, THE_BEST, false).await;
        let why = match given {
            Ok(Given::Now(_)) => {
                assigned += 1;
                continue;
            }
            Ok(Given::Before(_)) => continue,
            Ok(Given::ToNobody) => {
                let (_, why) = why_nobody(town, &order, app.clock.now());
                sentence(why, language).to_owned()
            }
            Err(Refusal::Unavailable(error)) => return Err(error.into()),
            Err(refusal) => of_order(refusal).told_in(language).message().to_owned(),
        };
        failed_orders.push(FailedOrder::new(order.id, why));
    }
    let failed = u32::try_from(failed_orders.len()).unwrap_or(u32::MAX);
    Ok(HttpResponse::Ok().json(AutoAssignment {
        success: true,
        assigned,
        failed,
        total: assigned + failed,
        failed_orders,
        message: language.choose(
            format!("Назначено заказов: {assigned}, ждут: {failed}"),
            format!("{assigned} orders are given to couriers, {failed} wait"),
        ),
    }))
}

/// An order with who has it, or for whom it is reserved; `reason` is why, of one that is reserved.
async fn assignment(app: &App, order: &Order, reason: &str) -> Result<Assignment, ApiError> {
    let (has_it, language) = (order.state.courier(), request_id::language());
    let kept = order.reserved.filter(|_| has_it.is_none());
    let courier = has_it.or(kept.map(|kept| kept.courier)).ok_or_else(ApiError::not_found)?;
    let driver = app.database.driver(courier).await?.ok_or_else(ApiError::not_found)?;
    let (reason, message) = if kept.is_some() {
        (reason, "the order is reserved for this courier, who is asked when its time comes")
    } else {
        (order.milestones.assignment_reason.as_str(), "the courier has the order")
    };
    Ok(Assignment {
        success: true,
        driver_id: driver.number,
        reason: reason_in(language, reason),
        order: AssignedOrder {
            id: order.id.to_string(),
            status: order.state.phase(),
            driver: Some(order_driver(&driver)),
        },
        is_reserved: kept.is_some(),
        reserved_pickup_at: kept.map(|kept| kept.at.to_string()),
        message: sentence(message, language).to_owned(),
    })
}

/// Nobody can take an order: 400, with the reason that keeps most of those on duty from it.
async fn nobody(app: &App, town: &Town, id: OrderId) -> Result<HttpResponse, ApiError> {
    let order = app.database.order(id).await?.ok_or_else(ApiError::not_found)?;
    let (code, sentence) = why_nobody(town, &order, app.clock.now());
    Ok(not_assigned(ApiError::bad_request(sentence), code, None))
}

/// What keeps most couriers from an order.
fn why_nobody(town: &Town, order: &Order, now: Time) -> (&'static str, &'static str) {
    let verdicts = town.dispatch().explain(order, now);
    let count = |unfit: Unfit| verdicts.iter().filter(|verdict| verdict.unfit == Some(unfit)).count();
    let most = Unfit::ALL.into_iter().max_by_key(|unfit| count(*unfit)).filter(|unfit| count(*unfit) > 0);
    most.map_or(("no_candidates", "nobody is on duty"), |unfit| (unfit.word(), unfit.of_most()))
}
