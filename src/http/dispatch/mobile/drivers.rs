//! The courier's phone.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::region::day_began;
use peerpack_actors::dispatch::{DutyState, Order};
use peerpack_actors::ids::OfferId;
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::{Body, MaybeBody};
use crate::error::{ApiError, Problem};
use crate::http::dispatch::drivers::{OnlineStatus, Whereabouts, located};
use crate::http::dispatch::offers::{DeclineOffer, OfferAnswered, accepted, declined};
use crate::http::dispatch::orders::found;
use crate::http::dispatch::views::{self, DriverView, OrderView, driver_view};
use crate::http::dispatch::{days, scope};
use crate::store::{OrderQuery, Passenger};

/// How many orders are listed at most: the newest.
const ORDERS: u32 = 100;

/// Who wants to be driven, as far as somebody sees it who is only asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferPassenger {
    id: i64,
    full_name: String,
    disability_category: String,
}

/// An order that the caller is asked about.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyOffer {
    offer_id: String,
    order_id: String,
    pickup_title: String,
    dropoff_title: String,
    pickup_lat: f64,
    pickup_lon: f64,
    dropoff_lat: f64,
    dropoff_lon: f64,
    /// When the courier is wanted; when it was placed, if that is at once.
    desired_pickup_time: String,
    has_companion: bool,
    /// How far the pickup is, kilometres of road.
    distance_km: f64,
    eta_seconds: u32,
    cost_score: f64,
    created_at: String,
    expires_at: String,
    /// How long the caller may think, seconds.
    expires_in_seconds: i64,
    passenger: OfferPassenger,
}

/// What the caller is asked about.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyOffers {
    count: usize,
    results: Vec<MyOffer>,
}

/// Several orders of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyOrders {
    pub(super) count: usize,
    /// Newest first.
    pub(super) results: Vec<OrderView>,
}

/// The order that the caller has.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActiveOrder {
    has_active_order: bool,
    /// Null for who has none. Its members stand beside it, too.
    order: Option<OrderView>,
    #[serde(flatten)]
    #[schema(ignore)]
    members: Option<OrderView>,
}

/// What the caller has done.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverStatistics {
    completed_orders: u64,
    /// Since midnight in the region.
    completed_today: u64,
    offers: u64,
    offers_accepted: u64,
    /// The share of offers that were accepted; null for who was never asked.
    acceptance_rate: Option<f64>,
    orders_called_off: u64,
}

/// Oneself as a courier.
#[utoipa::path(get, path = "/api/mobile/drivers/profile", operation_id = "my_driver_profile", tag = "mobile",
    security(("bearer" = [])),
    responses((status = 200, body = DriverView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn profile(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let driver = scope::own_driver(&app, principal.user).await?;
    let town = scope::town(&app)?;
    Ok(HttpResponse::Ok().json(driver_view(town, &*scope::map(&app).await?, &driver, app.clock.now())))
}

/// Says where one is. It counts while one is on duty; out of range is 400.
#[utoipa::path(patch, path = "/api/mobile/drivers/location", operation_id = "send_my_location", tag = "mobile",
    security(("bearer" = [])), request_body = Whereabouts,
    responses((status = 200, body = DriverView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn locate(
    app: web::Data<App>,
    principal: Principal,
    body: Body<Whereabouts>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::own_driver(&app, principal.user).await?;
    located(&app, &driver, &body.0).await
}

/// Goes on duty, pauses, or goes off duty.
#[utoipa::path(patch, path = "/api/mobile/drivers/online-status", operation_id = "set_me_online",
    tag = "mobile", security(("bearer" = [])), request_body = OnlineStatus,
    responses((status = 200, body = DriverView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn online(
    app: web::Data<App>,
    principal: Principal,
    body: Body<OnlineStatus>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::own_driver(&app, principal.user).await?;
    let town = scope::town(&app)?;
    body.0.take_effect(&app, town, &driver).await?;
    let driver = scope::own_driver(&app, principal.user).await?;
    Ok(HttpResponse::Ok().json(driver_view(town, &*scope::map(&app).await?, &driver, app.clock.now())))
}

/// What one is asked about: one order at most.
#[utoipa::path(get, path = "/api/mobile/drivers/offers", operation_id = "my_order_offers", tag = "mobile",
    security(("bearer" = [])),
    responses((status = 200, body = MyOffers), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn offers(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let driver = scope::own_driver(&app, principal.user).await?;
    let order = match app.database.duty(driver.person).await?.map(|duty| duty.state) {
        Some(DutyState::Offered { order, .. }) => app.database.order(order).await?,
        _ => None,
    };
    let mut results = Vec::new();
    if let Some(order) = order {
        let passenger = app.database.passenger(order.passenger).await?.ok_or_else(ApiError::not_found)?;
        results.extend(offer(&order, &passenger, app.clock.now()));
    }
    Ok(HttpResponse::Ok().json(MyOffers { count: results.len(), results }))
}

/// What somebody is asked about, as they see it; nothing once it is over.
pub(in crate::http::dispatch) fn offer(order: &Order, passenger: &Passenger, now: Time) -> Option<MyOffer> {
    let offer = order.pending().filter(|offer| now < offer.expires_at)?;
    let draft = &order.draft;
    Some(MyOffer {
        offer_id: offer.id.to_string(),
        order_id: order.id.to_string(),
        pickup_title: draft.pickup.title.clone(),
        dropoff_title: draft.dropoff.title.clone(),
        pickup_lat: draft.pickup.position.lat,
        pickup_lon: draft.pickup.position.lon,
        dropoff_lat: draft.dropoff.position.lat,
        dropoff_lon: draft.dropoff.position.lon,
        desired_pickup_time: draft.pickup_at.unwrap_or(order.created_at).to_string(),
        has_companion: draft.extras.companion,
        distance_km: f64::from(offer.reckoning.way_m) / 1_000.0,
        eta_seconds: offer.reckoning.eta_s,
        cost_score: offer.reckoning.cost,
        created_at: offer.created_at.to_string(),
        expires_at: offer.expires_at.to_string(),
        expires_in_seconds: offer.expires_at.since(now).ms() / 1_000,
        passenger: OfferPassenger {
            id: passenger.number,
            full_name: passenger.full_name.clone(),
            disability_category: passenger.category.clone(),
        },
    })
}

/// Takes the order that one is asked about.
#[utoipa::path(post, path = "/api/mobile/drivers/offer/{offer_id}/accept", operation_id = "accept_my_offer",
    tag = "mobile", security(("bearer" = [])), params(("offer_id" = String, Path, description = "The offer")),
    responses((status = 200, body = OfferAnswered), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn accept(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OfferId>,
) -> Result<HttpResponse, ApiError> {
    accepted(&app, principal, path.into_inner()).await
}

/// Does not want the order that one is asked about.
#[utoipa::path(post, path = "/api/mobile/drivers/offer/{offer_id}/decline", operation_id = "decline_my_offer",
    tag = "mobile", security(("bearer" = [])), params(("offer_id" = String, Path, description = "The offer")),
    request_body(content = Option<DeclineOffer>),
    responses((status = 200, body = OfferAnswered), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn decline(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OfferId>,
    body: MaybeBody<DeclineOffer>,
) -> Result<HttpResponse, ApiError> {
    declined(&app, principal, path.into_inner(), body.0).await
}

/// One's newest orders as a courier.
#[utoipa::path(get, path = "/api/mobile/drivers/orders", operation_id = "my_driver_orders", tag = "mobile",
    security(("bearer" = [])),
    responses((status = 200, body = MyOrders), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn orders(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let driver = scope::own_driver(&app, principal.user).await?;
    let query = OrderQuery { driver: Some(driver.person), ..OrderQuery::default() };
    let results = found(&app, principal, &query, ORDERS).await?;
    Ok(HttpResponse::Ok().json(MyOrders { count: results.len(), results }))
}

/// The order that one has, and is not done with.
#[utoipa::path(get, path = "/api/mobile/drivers/active-order", operation_id = "my_driver_order",
    tag = "mobile", security(("bearer" = [])),
    responses((status = 200, body = ActiveOrder), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn active(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let driver = scope::own_driver(&app, principal.user).await?;
    let order = match app.database.duty(driver.person).await?.map(|duty| duty.state) {
        Some(DutyState::ToPickup { order } | DutyState::OnTrip { order }) => {
            app.database.order(order).await?
        }
        _ => None,
    };
    let order = match order {
        Some(order) => Some(views::order(&app, scope::town(&app)?, order).await?),
        None => None,
    };
    let (has_active_order, members) = (order.is_some(), order.clone());
    Ok(HttpResponse::Ok().json(ActiveOrder { has_active_order, order, members }))
}

/// What one has done as a courier.
#[utoipa::path(get, path = "/api/mobile/drivers/statistics", operation_id = "my_driver_statistics",
    tag = "mobile", security(("bearer" = [])),
    responses((status = 200, body = DriverStatistics), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn statistics(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let driver = scope::own_driver(&app, principal.user).await?;
    let zone = days::zone_of(&*scope::map(&app).await?, Some(driver.region));
    let figures = app.database.driver_figures(driver.person, day_began(app.clock.now(), Some(&zone))).await?;
    #[expect(clippy::cast_precision_loss, reason = "nobody is asked 2^53 times")]
    let rate = (figures.asked > 0).then(|| figures.accepted as f64 / figures.asked as f64);
    Ok(HttpResponse::Ok().json(DriverStatistics {
        completed_orders: figures.completed,
        completed_today: figures.today,
        offers: figures.asked,
        offers_accepted: figures.accepted,
        acceptance_rate: rate,
        orders_called_off: figures.called_off,
    }))
}
