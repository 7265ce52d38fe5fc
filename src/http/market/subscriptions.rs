//! Standing questions: being told when a trip, or a package, appears on one's way.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::SubscriptionId;
use peerpack_actors::market::package::End;
use peerpack_actors::market::subscription::{LONGEST, Subscription, Wanted};
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::http::input::ends::{self, Context, PlaceInput, Spot};
use crate::http::input::local_time::{self, OfDay};
use crate::http::places::place_name_in;
use crate::texts::language::Language;

/// Something to be told of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// `trips` of couriers who pass both places, or `packages` from one to the other.
    wanted: Wanted,
    /// Where the way begins.
    from: PlaceInput,
    /// Where it ends.
    to: PlaceInput,
    /// What happens before is of no interest; now if absent. An instant, or `YYYY-MM-DD HH:MM` or a day in
    /// local time of where it begins.
    #[serde(default)]
    since: Option<String>,
    /// When the question is over, at most 90 days from now, which is also meant if it is absent.
    #[serde(default)]
    until: Option<String>,
}

/// A standing question.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub struct SubscriptionView {
    #[schema(value_type = String)]
    subscription_id: SubscriptionId,
    wanted: Wanted,
    /// Russian name of where the way begins.
    from_ru: String,
    /// English name.
    from_en: String,
    to_ru: String,
    to_en: String,
    /// What happens before is of no interest.
    since: String,
    /// When it is over.
    until: String,
    created_at: String,
}

/// One's standing questions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Subscriptions {
    /// Newest first.
    subscriptions: Vec<SubscriptionView>,
}

/// It stands no longer.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionEnded {
    success: bool,
}

/// Asks to be told when a trip, or a package, appears on one's way: by `subscription.matched` on the socket,
/// as a notification, and by the bot. Told at most once in half an hour.
#[utoipa::path(post, path = "/api/subscriptions", operation_id = "subscribe", tag = "notifications",
    security(("bearer" = [])), request_body = NewSubscription,
    responses((status = 201, body = SubscriptionView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    app: web::Data<App>,
    principal: Principal,
    body: Body<NewSubscription>,
) -> Result<HttpResponse, ApiError> {
    let NewSubscription { wanted, from, to, since, until } = body.0;
    let now = app.clock.now();
    let context = Context { home: &app.config.home_countries, travel: None };
    let (from, to) = ends::both(context, ("from", ends::read("from", &from)), ("to", ends::read("to", &to)));
    let (from, to) = (from?, to?);
    let moment = |field, said: Option<String>, of_day| -> Result<Option<Time>, ApiError> {
        said.map(|text| local_time::moment(field, &text, from.place, of_day)).transpose()
    };
    let subscription = Subscription {
        id: SubscriptionId::new(now, app.clock.random()),
        user: principal.user,
        wanted,
        starts_at: moment("since", since, OfDay::Start)?.unwrap_or(now),
        ends_at: moment("until", until, OfDay::End)?.unwrap_or(now + LONGEST),
        from: end(from),
        to: end(to),
        created_at: now,
        cancelled_at: None,
    };
    subscription.check().map_err(ApiError::from)?;
    if !app.database.add_subscription(subscription.clone()).await? {
        let message = "you have twenty subscriptions already: take one back first";
        return Err(ApiError::conflict("too_many_subscriptions", message));
    }
    let view = view(&subscription);
    app.engine.subscribed(subscription);
    Ok(HttpResponse::Created().json(view))
}

/// One's standing questions.
#[utoipa::path(get, path = "/api/subscriptions", operation_id = "my_subscriptions", tag = "notifications",
    security(("bearer" = [])),
    responses((status = 200, body = Subscriptions), (status = 401, body = Problem)))]
pub async fn list(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let found = app.database.subscriptions_of(principal.user, app.clock.now()).await?;
    let subscriptions = found.iter().map(view).collect();
    Ok(HttpResponse::Ok().json(Subscriptions { subscriptions }))
}

/// Takes a standing question back.
#[utoipa::path(delete, path = "/api/subscriptions/{subscription_id}", operation_id = "unsubscribe", tag = "notifications",
    security(("bearer" = [])), params(("subscription_id" = String, Path, description = "The question")),
    responses((status = 200, body = SubscriptionEnded), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn remove(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<SubscriptionId>,
) -> Result<HttpResponse, ApiError> {
    let (id, now) = (path.into_inner(), app.clock.now());
    if !app.database.cancel_subscription(id, principal.user, now).await? {
        return Err(ApiError::not_found());
    }
    app.engine.unsubscribed(id);
    Ok(HttpResponse::Ok().json(SubscriptionEnded { success: true }))
}

fn end(spot: Spot) -> End {
    End { place: spot.place.id, position: spot.position, address: String::new() }
}

fn view(subscription: &Subscription) -> SubscriptionView {
    let name = |language, end: &End| place_name_in(language, end.place);
    SubscriptionView {
        subscription_id: subscription.id,
        wanted: subscription.wanted,
        from_ru: name(Language::Russian, &subscription.from),
        from_en: name(Language::English, &subscription.from),
        to_ru: name(Language::Russian, &subscription.to),
        to_en: name(Language::English, &subscription.to),
        since: subscription.starts_at.to_string(),
        until: subscription.ends_at.to_string(),
        created_at: subscription.created_at.to_string(),
    }
}
