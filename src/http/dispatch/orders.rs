//! Orders: placed, listed, changed, and led through their states.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::dispatch::{By, Order, OrderCommand, OrderPhase};
use peerpack_actors::ids::OrderId;
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::{Placing, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::draft::{self, NewOrder, Whom};
use super::prices::DrivenRide;
use super::refused::{as_bad_request, no_such_step, not_their_step};
use super::scope;
use super::views::{self, OrderView};
use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem, request_id};
use crate::http::input::{self, LONG_TEXT};
use crate::http::paging::Paging;
use crate::store::{OrderQuery, Slice};
use crate::town::Town;

/// The most orders of a page.
const MOST: u32 = 100;

/// How many orders of one person are listed at most: the newest.
const OF_ONE: u32 = 200;

/// Which orders.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichOrders {
    /// States, between commas.
    status: Option<String>,
    /// Those of one passenger, by number.
    passenger_id: Option<i64>,
    /// Those of one courier, by number.
    driver_id: Option<i64>,
    /// Words in an address or the passenger's name.
    search: Option<String>,
    /// 1 is the first.
    page: Option<u32>,
    /// 20 if absent, 100 at most.
    page_size: Option<u32>,
}

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderPage {
    /// How many there are in all.
    count: u64,
    /// The address of the next page.
    next: Option<String>,
    previous: Option<String>,
    /// Newest first.
    results: Vec<OrderView>,
}

/// A step of an order.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewOrderStatus {
    /// The state that it is to be in.
    status: String,
    /// Why it takes the step, in words for people.
    #[serde(default)]
    reason: Option<String>,
    /// What was driven, with `completed`.
    #[serde(flatten)]
    driven: DrivenRide,
}

/// A step that an order has taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderStepView {
    status_from: String,
    status_to: String,
    created_at: String,
    /// Why; may be empty.
    description: String,
    /// In which role: passenger, courier, staff or engine.
    by: String,
}

/// Orders: all of them for operators, one's own for anybody else.
#[utoipa::path(get, path = "/api/orders", operation_id = "town_orders", tag = "orders",
    security(("bearer" = [])), params(WhichOrders),
    responses((status = 200, body = OrderPage), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn list(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    query: Query<WhichOrders>,
) -> Result<HttpResponse, ApiError> {
    let (which, town) = (query.0, scope::town(&app)?);
    let paging = Paging::of(which.page, which.page_size, MOST)?;
    let (phases, search) = (phases(which.status.as_deref())?, which.search.unwrap_or_default());
    let mut wanted = OrderQuery { phases, search, ..OrderQuery::default() };
    let numbered = async |number: Option<i64>| match number {
        Some(number) => Ok::<_, ApiError>(Some(app.database.person_of(number).await?)),
        None => Ok(None),
    };
    let (passenger, driver) = (numbered(which.passenger_id).await?, numbered(which.driver_id).await?);
    let is_nobody = passenger == Some(None) || driver == Some(None);
    (wanted.passenger, wanted.driver) = (passenger.flatten(), driver.flatten());
    if !scope::sees_all(principal) {
        // One's own, in whatever role: others' are not there.
        let is_driver = app.database.driver(principal.user).await?.is_some_and(|driver| !driver.has_left);
        match (wanted.passenger, wanted.driver) {
            (None, None) if is_driver => wanted.driver = Some(principal.user),
            (None, None) => wanted.passenger = Some(principal.user),
            (passenger, driver) if passenger.or(driver) == Some(principal.user) => {}
            _ => return Err(ApiError::not_found()),
        }
    }
    if is_nobody {
        return Ok(HttpResponse::Ok().json(OrderPage {
            count: 0,
            next: None,
            previous: None,
            results: Vec::new(),
        }));
    }
    let part = app.database.find_orders(&wanted, paging.slice()).await?;
    let (next, previous) = paging.links(&req, part.count);
    let results = views::orders_for(&app, town, principal, &part.items).await?;
    Ok(HttpResponse::Ok().json(OrderPage { count: part.count, next, previous, results }))
}

/// States between commas.
pub(super) fn phases(words: Option<&str>) -> Result<Vec<OrderPhase>, ApiError> {
    let words = words.unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let unknown = || ApiError::unprocessable("status", "is no state of an order");
    words.map(|word| OrderPhase::from_word(word.trim()).ok_or_else(unknown)).collect()
}

/// Places an order. The desk names whom it is for, and makes them a passenger on the way; anybody else orders
/// for themselves, and a courier is looked for at once, or 20 minutes before a stated time.
#[utoipa::path(post, path = "/api/orders", operation_id = "place_order", tag = "orders",
    security(("bearer" = [])), params(Repeatable), request_body = NewOrder,
    responses((status = 201, body = OrderView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    body: Body<NewOrder>,
) -> Result<HttpResponse, ApiError> {
    let (town, given) = (scope::town(&app)?, body.0);
    if scope::sees_all(principal) && !scope::directs(principal) {
        return Err(ApiError::forbidden("your role does not allow this"));
    }
    let work = async |once: &Once| {
        town.catch_up(app.clock.now()).await?;
        let by_desk = scope::directs(principal);
        let whom = match by_desk {
            true => draft::named(&app, town, &given).await?,
            false => draft::oneself(&app, town, principal, &given).await?,
        };
        placed(&app, town, &given, &whom, by_desk, once).await
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

/// Places an order and answers with it; the answer is kept with the order.
pub(super) async fn placed(
    app: &App,
    town: &Town,
    given: &NewOrder,
    whom: &Whom,
    by_desk: bool,
    once: &Once,
) -> Result<HttpResponse, ApiError> {
    let placing = placing(app, town, given, whom, by_desk).await?;
    let view = views::order(app, town, placing.placed().clone()).await?;
    let receipt = once.receipt(StatusCode::CREATED, &view);
    town.dispatch().place(app.engine.context(), placing, receipt).await?;
    Ok(HttpResponse::Created().json(view))
}

/// What placing an order comes to; what the desk places waits for the desk.
pub(super) async fn placing(
    app: &App,
    town: &Town,
    given: &NewOrder,
    whom: &Whom,
    by_desk: bool,
) -> Result<Placing, ApiError> {
    let (draft, quote) = given.draft(app, town, whom).await?;
    let now = app.clock.now();
    let id = OrderId::new(now, app.clock.random());
    let order = Order::place(id, whom.person, draft, quote, now)?;
    Ok(town.dispatch().placing(order, !by_desk, now)?)
}

/// An order, for operators, its passenger, and the courier who has it or is asked.
#[utoipa::path(get, path = "/api/orders/{order_id}", operation_id = "town_order", tag = "orders",
    security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = OrderView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    Ok(HttpResponse::Ok().json(views::order_for(&app, scope::town(&app)?, principal, order).await?))
}

/// Changes what is wanted, while nobody has the order or is asked about it; it is quoted anew then. Its state
/// does not change so.
#[utoipa::path(patch, path = "/api/orders/{order_id}", operation_id = "change_order", tag = "orders",
    security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    request_body = NewOrder,
    responses((status = 200, body = OrderView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    body: Body<NewOrder>,
) -> Result<HttpResponse, ApiError> {
    let town = scope::town(&app)?;
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let by = scope::by(principal, &order);
    if matches!(by, By::Courier(_)) {
        return Err(ApiError::forbidden("your role does not allow this"));
    }
    let mut given = body.0;
    // What a form shows it sends back, to the minute; that is no wish for another time.
    given.desired_pickup_time = given.desired_pickup_time.filter(|text| !is_shown_time(&order, text));
    town.catch_up(app.clock.now()).await?;
    let command = amendment(&app, town, &order, &given.over(&order.draft), by).await?;
    let order = town.dispatch().carry_out(app.engine.context(), order.id, &command).await?;
    Ok(HttpResponse::Ok().json(views::order_for(&app, town, principal, order).await?))
}

/// Whether this is the time of pickup that is told of an order: when it was placed, if it is wanted at once.
fn is_shown_time(order: &Order, text: &str) -> bool {
    let shown = order.draft.pickup_at.unwrap_or(order.created_at).ms();
    let minute = |ms: i64| ms.div_euclid(60_000);
    let given = text.trim().parse::<jiff::Timestamp>();
    given.is_ok_and(|at| minute(at.as_millisecond()) == minute(shown))
}

/// What makes an order one for what is given.
pub(super) async fn amendment(
    app: &App,
    town: &Town,
    order: &Order,
    given: &NewOrder,
    by: By,
) -> Result<OrderCommand, ApiError> {
    let passenger = app.database.passenger(order.passenger).await?.ok_or_else(ApiError::not_found)?;
    let (draft, quote) = given.draft(app, town, &Whom::from(&passenger)).await?;
    Ok(OrderCommand::Amend { draft: Box::new(draft), quote: Box::new(quote), by })
}

/// Takes an order one step of the table. The passenger may call it off, the courier who has it may take the
/// steps of the ride, the desk all. A step that the table does not have is 400 with `current_status`,
/// `requested_status`, `valid_transitions` and `order_id`; one that is somebody else's 403 with
/// `current_user_role`, `order_status` and `requested_status`. A courier may say twice the expected at most.
#[utoipa::path(patch, path = "/api/orders/{order_id}/status", operation_id = "move_order", tag = "orders",
    security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    request_body = NewOrderStatus,
    responses((status = 200, body = OrderView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn set_status(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    body: Body<NewOrderStatus>,
) -> Result<HttpResponse, ApiError> {
    let town = scope::town(&app)?;
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let NewOrderStatus { status, reason, driven } = body.0;
    let reason = input::text("reason", reason, LONG_TEXT)?;
    let by = scope::by(principal, &order);
    if scope::sees_all(principal) && !scope::directs(principal) && by.person() != Some(order.passenger) {
        let why = ApiError::forbidden("your role does not allow this");
        return Ok(not_their_step(principal, "viewer", &order, &status, why));
    }
    let Some(to) = OrderPhase::from_word(&status) else {
        let why = ApiError::bad_request("this is no state of an order");
        return Ok(no_such_step(&order, &status, why));
    };
    let command = if to == OrderPhase::Completed && driven.is_said() {
        OrderCommand::Complete { by, driven: driven.over(order.draft.ride)?, reason }
    } else {
        OrderCommand::Move { to, by, reason }
    };
    match town.dispatch().carry_out(app.engine.context(), order.id, &command).await {
        Ok(order) => Ok(HttpResponse::Ok().json(views::order(&app, town, order).await?)),
        Err(Refusal::Rejected(rejection)) => match rejection {
            Rejection::NotAParty => Err(ApiError::not_found()),
            Rejection::WrongParty(_) => {
                let why = ApiError::forbidden("this step is somebody else's");
                Ok(not_their_step(principal, by.role(), &order, &status, why))
            }
            Rejection::Invalid { field, reason } if field != "status" => {
                Err(ApiError::unprocessable(field, reason))
            }
            rejection => {
                // As it is now: somebody may have been faster.
                let order = app.database.order(order.id).await?.unwrap_or(order);
                Ok(no_such_step(&order, &status, as_bad_request(rejection)))
            }
        },
        Err(refusal) => Err(refusal.into()),
    }
}

/// Every step that an order has taken, the first one first.
#[utoipa::path(get, path = "/api/orders/{order_id}/events", operation_id = "order_events", tag = "orders",
    security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = [OrderStepView]), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn events(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let language = request_id::language();
    let steps = app.database.order_steps(order.id).await?.into_iter().map(|step| OrderStepView {
        status_from: step.from,
        status_to: step.to,
        created_at: step.at.to_string(),
        description: views::reason_in(language, &step.description),
        by: step.role,
    });
    Ok(HttpResponse::Ok().json(steps.collect::<Vec<_>>()))
}

/// The newest orders of a passenger, for operators and the passenger.
#[utoipa::path(get, path = "/api/orders/passenger/{passenger_id}", operation_id = "orders_of_passenger",
    tag = "orders", security(("bearer" = [])),
    params(("passenger_id" = i64, Path, description = "The passenger's number")),
    responses((status = 200, body = [OrderView]), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn of_passenger(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let passenger = scope::passenger(&app, principal, path.into_inner()).await?;
    let query = OrderQuery { passenger: Some(passenger.person), ..OrderQuery::default() };
    Ok(HttpResponse::Ok().json(found(&app, principal, &query, OF_ONE).await?))
}

/// The newest orders of a courier, for operators and the courier.
#[utoipa::path(get, path = "/api/orders/driver/{driver_id}", operation_id = "orders_of_driver",
    tag = "orders", security(("bearer" = [])),
    params(("driver_id" = i64, Path, description = "The courier's number")),
    responses((status = 200, body = [OrderView]), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn of_driver(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::driver(&app, principal, path.into_inner()).await?;
    let query = OrderQuery { driver: Some(driver.person), ..OrderQuery::default() };
    Ok(HttpResponse::Ok().json(found(&app, principal, &query, OF_ONE).await?))
}

/// The newest orders that are found.
pub(super) async fn found(
    app: &App,
    principal: Principal,
    query: &OrderQuery,
    limit: u32,
) -> Result<Vec<OrderView>, ApiError> {
    let part = app.database.find_orders(query, Slice { offset: 0, limit }).await?;
    views::orders_for(app, scope::town(app)?, principal, &part.items).await
}
