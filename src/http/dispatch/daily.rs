//! The plan of a day over HTTP: looked at, given to couriers, taken away as tables.

mod scores;
mod view;

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use futures_util::{StreamExt as _, stream};
use peerpack_actors::dispatch::order::Reservation;
use peerpack_actors::dispatch::plan::Assignment;
use peerpack_actors::dispatch::search::begins;
use peerpack_actors::dispatch::{Order, OrderCommand};
use peerpack_actors::ids::RegionId;
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::runtime::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk::FailedOrder;
use super::refused::of_order;
use super::{days, scope, tables};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::{MaybeBody, Query};
use crate::error::{ApiError, Problem, request_id, sentence};
use crate::http::input::lenient_whole;
use crate::planning::LONGEST;
use crate::sheets;
use crate::town::Town;
use crate::town::daily::{Day, DayPlan, NoPlan, OPEN, Under};

pub use scores::PlannedScore;
pub use view::{DailyPlan, PlanAlgorithm, UnplannedCode};

/// For how long a better plan is searched for where nobody says, in seconds.
const USUAL_S: u32 = 4;

/// Why a courier has an order of a plan: as it is stored, and told in the language of who reads it.
const PLANNED: &str = "the plan of the day";

/// How many orders are given away side by side.
const AT_ONCE: usize = 4;

/// Which day is to be planned, and for how long.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichDay {
    /// `YYYY-MM-DD`, in the time of each region; today if it is not said.
    #[param(format = Date)]
    date: Option<String>,
    /// One region; every one if it is not said.
    region_id: Option<String>,
    /// For how long a better plan is searched for, seconds: 4 if it is not said, at most 300.
    #[serde(deserialize_with = "lenient_whole")]
    #[param(value_type = Option<u32>)]
    #[schema(value_type = Option<u32>)]
    within_s: Option<u32>,
    /// Whether a plan that was drawn up a moment ago is drawn up anew.
    fresh: Option<bool>,
    /// The plan that is to be applied or exported, as the preview has named it: that one, or none at all.
    plan_id: Option<String>,
}

/// How far a plan is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanProgress {
    /// Whether one is being drawn up on this node; everything else is about it.
    is_running: bool,
    /// Of which day, `YYYY-MM-DD`.
    date: Option<String>,
    region_id: Option<String>,
    /// The share of its time that is over, 0 to 1.
    progress: Option<f64>,
    /// How long it has been drawn up, seconds.
    spent_seconds: Option<f64>,
    /// How long it may be at most, seconds.
    within_seconds: Option<f64>,
    /// Whether somebody has called it off.
    called_off: bool,
}

impl PlanProgress {
    fn of(under: Option<Under>) -> Self {
        let progress = under.as_ref().map(|under| under.progress);
        let region = under.as_ref().and_then(|under| under.day.region);
        Self {
            is_running: under.is_some(),
            date: under.as_ref().map(|under| under.day.date.to_string()),
            region_id: region.map(|id| id.to_string()),
            progress: progress.map(|progress| progress.share()),
            spent_seconds: progress.map(|progress| progress.spent.as_secs_f64()),
            within_seconds: progress.map(|progress| progress.within.as_secs_f64()),
            called_off: under.is_some_and(|under| under.called_off),
        }
    }
}

impl From<NoPlan> for ApiError {
    fn from(why: NoPlan) -> Self {
        match why {
            NoPlan::Busy => {
                let message = "another plan is being drawn up: wait for it, or call it off";
                Self::conflict("planning", message).with_retry_after(5)
            }
            NoPlan::Rejected(rejection) => rejection.into(),
            NoPlan::Unavailable(error) => error.into(),
            NoPlan::Failed(why) => Self::internal(&why),
        }
    }
}

/// Draws up the plan of a day: who drives which of the orders that nobody has yet, and when. Nothing is given
/// to anybody. It answers when the search is over or called off, and the plan is kept for 15 minutes on its
/// node, for being applied or exported as it was seen. One plan is drawn up at a time.
#[utoipa::path(get, path = "/api/dispatch/daily-routes", operation_id = "preview_daily_plan", tag = "dispatch",
    security(("bearer" = [])), params(WhichDay),
    responses((status = 200, body = DailyPlan), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn preview(app: web::Data<App>, query: Query<WhichDay>) -> Result<HttpResponse, ApiError> {
    let (town, wish) = (scope::town(&app)?, Wish::of(&app, query.0, None).await?);
    let plan = town.plan_day(wish.day, wish.within, app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(view::daily(&app, town, &plan, None).await?))
}

/// Applies the plan of a day: the one that was looked at on this node in the last 15 minutes, or a new one
/// (`was_previewed`). With the `plan_id` of what was looked at it is that plan, and where this node has
/// another one nothing is applied (409 `plan_changed`). Each order is reserved for its courier: nobody is
/// bound before its search begins, and then this courier is asked first. A courier's first order whose search
/// has begun is given to them, as if the desk had named them, unless they have another one. `assigned_count`
/// counts both. What could not be done is in `failed_orders`. What is done already is not done again.
#[utoipa::path(post, path = "/api/dispatch/daily-routes", operation_id = "apply_daily_plan", tag = "dispatch",
    security(("bearer" = [])), params(WhichDay), request_body(content = Option<WhichDay>),
    responses((status = 200, body = DailyPlan), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn apply(
    app: web::Data<App>,
    principal: Principal,
    query: Query<WhichDay>,
    body: MaybeBody<WhichDay>,
) -> Result<HttpResponse, ApiError> {
    let (town, wish) = (scope::town(&app)?, Wish::of(&app, query.0, body.0).await?);
    let (plan, was_previewed) = seen_or_new(&app, town, &wish).await?;
    let applied = applied(&app, town, principal, &plan).await?;
    let applied = view::Applied { was_previewed, ..applied };
    Ok(HttpResponse::Ok().json(view::daily(&app, town, &plan, Some(applied)).await?))
}

/// How far the plan is that is being drawn up on this node.
#[utoipa::path(get, path = "/api/dispatch/daily-routes/progress", operation_id = "daily_plan_progress",
    tag = "dispatch", security(("bearer" = [])),
    responses((status = 200, body = PlanProgress), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn progress(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(PlanProgress::of(scope::town(&app)?.plan_under_way())))
}

/// Ends the search for a better plan soon: the call that waits for it answers with the best there is by then.
#[utoipa::path(post, path = "/api/dispatch/daily-routes/cancel", operation_id = "call_daily_plan_off",
    tag = "dispatch", security(("bearer" = [])),
    responses((status = 200, body = PlanProgress), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn call_off(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(PlanProgress::of(scope::town(&app)?.call_plan_off())))
}

/// The plan of a day as an archive of tables, one for each courier: the plan that was looked at on this node
/// in the last 15 minutes, or a new one; with a `plan_id` that plan, or 409 `plan_changed`. What nobody wants
/// any more is left out. Times are those of each pickup, with their offset.
#[utoipa::path(get, path = "/api/dispatch/daily-routes-export", operation_id = "export_daily_plan",
    tag = "dispatch", security(("bearer" = [])), params(WhichDay),
    responses((status = 200, description = "The archive.", content((Vec<u8> = "application/zip"))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn export(app: web::Data<App>, query: Query<WhichDay>) -> Result<HttpResponse, ApiError> {
    let (town, wish) = (scope::town(&app)?, Wish::of(&app, query.0, None).await?);
    let (plan, _) = seen_or_new(&app, town, &wish).await?;
    let legs = view::legs(&app, &plan).await?;
    let bytes =
        sheets::make_routes(legs, tables::zone_of).await?.map_err(|error| ApiError::internal(&error))?;
    Ok(tables::attached(bytes, "application/zip", format!("daily-routes-{}.zip", plan.day.date)))
}

/// What is asked for.
struct Wish {
    day: Day,
    within: Duration,
    fresh: bool,
    plan: Option<String>,
}

impl Wish {
    /// What the body says goes before what the query says.
    async fn of(app: &App, query: WhichDay, body: Option<WhichDay>) -> Result<Self, ApiError> {
        let (map, body) = (scope::map(app).await?, body.unwrap_or_default());
        let region = body.region_id.or(query.region_id).filter(|id| !id.is_empty());
        let region: Option<RegionId> =
            region.map(|id| scope::region_in(&map, "region_id", &id)).transpose()?;
        let date = match body.date.or(query.date).filter(|date| !date.is_empty()) {
            Some(date) => days::date("date", &date)?,
            None => days::date_of(app.clock.now(), &days::zone_of(&map, region)),
        };
        let within_s = body.within_s.or(query.within_s).unwrap_or(USUAL_S);
        let within = Duration::from_secs(within_s.into());
        if within > LONGEST {
            return Err(ApiError::unprocessable("within_s", "must be at most 300"));
        }
        let fresh = body.fresh.or(query.fresh).unwrap_or(false);
        let plan = body.plan_id.or(query.plan_id).filter(|id| !id.is_empty());
        Ok(Self { day: Day { date, region }, within, fresh, plan })
    }
}

/// The plan that somebody has looked at, or a new one; and which of both it is.
async fn seen_or_new(app: &App, town: &Arc<Town>, wish: &Wish) -> Result<(Arc<DayPlan>, bool), ApiError> {
    let now = app.clock.now();
    let seen = town.last_plan(wish.day, now).filter(|_| !wish.fresh);
    if let Some(wanted) = &wish.plan
        && seen.as_ref().is_none_or(|plan| plan.id() != *wanted)
    {
        // Each node keeps its own: another one may have been asked for the preview.
        let message = "the plan that was looked at is not the one that is kept here: look at it again";
        return Err(ApiError::conflict("plan_changed", message));
    }
    match seen {
        Some(plan) => Ok((plan, true)),
        None => Ok((town.plan_day(wish.day, wish.within, now).await?, false)),
    }
}

/// Reserves each order of the plan for its courier, or gives it to them where its time has come.
async fn applied(app: &App, town: &Town, by: Principal, plan: &DayPlan) -> Result<view::Applied, ApiError> {
    let mut all: Vec<(Assignment, Option<Reservation>)> = Vec::new();
    for region in &plan.regions {
        let assignments = region.draft.plan.assignments(&region.problem);
        all.extend(assignments.into_iter().map(|one| (one, region.reserved.get(&one.order).copied())));
    }
    let give = |(one, seen)| given(app, town, by, seen, one);
    let mut outcomes = stream::iter(all).map(give).buffered(AT_ONCE);
    let mut applied = view::Applied::default();
    while let Some(outcome) = outcomes.next().await {
        match outcome? {
            Some(Ok(())) => applied.assigned += 1,
            Some(Err(failed)) => applied.failed.push(failed),
            None => {}
        }
    }
    Ok(applied)
}

/// Reserves one order for its courier, or gives it to them, unless that was done: whether it was now, or why
/// not. `seen` is for whom it was reserved when the plan was drawn up.
async fn given(
    app: &App,
    town: &Town,
    by: Principal,
    seen: Option<Reservation>,
    one: Assignment,
) -> Result<Option<Result<(), FailedOrder>>, ApiError> {
    let order = app.database.order(one.order).await?.ok_or_else(ApiError::not_found)?;
    let reservation = Reservation { courier: one.courier, at: one.pickup_at };
    let is_done =
        |order: &Order| order.state.courier() == Some(one.courier) || order.reserved == Some(reservation);
    if is_done(&order) {
        return Ok(None);
    }
    // What was reserved before, the plan has left to its courier, or for anybody if they drive no more.
    let is_elsewhere = order.reserved.is_some_and(|kept| kept.courier != one.courier);
    if is_elsewhere && order.reserved != seen {
        let why = "somebody has reserved it for another courier since the plan was drawn up";
        let why = sentence(why, request_id::language());
        return Ok(Some(Err(FailedOrder::new(one.order, why.to_owned()))));
    }
    // What was called off meanwhile, or given to somebody else, is left as it is.
    if !OPEN.contains(&order.state.phase()) {
        let why = sentence("nobody is wanted for this order any more", request_id::language());
        return Ok(Some(Err(FailedOrder::new(one.order, why.to_owned()))));
    }
    let (by, reason) = (by.user, PLANNED.to_owned());
    let planned = Order { reserved: Some(reservation), ..order };
    let is_due = begins(&planned, town.dispatch().settings()) <= app.clock.now();
    // Who is busy gets it when they are done: the plan begins there. Of others the store says whether they
    // can.
    let is_busy = town.dispatch().with_board(|board| {
        let order = board.get(one.courier).and_then(|standing| standing.duty.state.order());
        order.is_some_and(|order| order != one.order)
    });
    let command = if one.before == 0 && is_due && !is_busy {
        OrderCommand::AssignWaiting { courier: one.courier, takes_up: false, by, reason }
    } else {
        OrderCommand::ReserveWaiting { reservation, takes_up: false, by, reason }
    };
    match town.dispatch().carry_out(app.engine.context(), one.order, &command).await {
        Ok(_) => Ok(Some(Ok(()))),
        Err(Refusal::Unavailable(error)) => Err(error.into()),
        Err(refusal) => {
            // Of two who apply the plan at once, one is refused what the other one has done.
            if app.database.order(one.order).await?.as_ref().is_some_and(is_done) {
                return Ok(None);
            }
            let why = of_order(refusal).told_in(request_id::language());
            Ok(Some(Err(FailedOrder::new(one.order, why.message().to_owned()))))
        }
    }
}
