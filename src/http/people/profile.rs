//! Oneself: what others see, and what one may say about others.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::RequestId;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::avatars;
use super::reviews::{PastTrip, ReviewView, SHOWN};
use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{IfMatch, Once, Repeatable, etag};
use crate::error::extract::Given;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, LONG_TEXT};
use crate::store::{self, NewReview, Reviewed, User};

/// A user as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileView {
    id: String,
    telegram_id: Option<i64>,
    name: String,
    /// Telegram name, without `@`.
    username: Option<String>,
    /// The language in which they are told things: a tag such as `ru`.
    language: Option<String>,
    /// The URL of their picture, or of their initials.
    avatar: String,
    /// Whether a reviewer has seen a document that shows who they are.
    verified: bool,
    /// `user`, `viewer`, `dispatcher` or `admin`.
    #[schema(value_type = crate::auth::Role)]
    role: String,
    created_at: String,
    /// Packages carried to a confirmed end.
    trips_count: u64,
    /// 0 without reviews.
    rating: f64,
    reviews_count: u64,
    past_trips: Vec<PastTrip>,
    reviews: Vec<ReviewView>,
}

/// What one changes about oneself; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileChange {
    /// What others see.
    name: Option<String>,
    /// Language tag, such as `ru` or `en-GB`.
    language: Option<String>,
}

/// What one says about the other party of a deal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReview)]
pub struct ReviewInput {
    /// 1 to 5.
    #[serde(deserialize_with = "input::lenient_whole")]
    #[schema(minimum = 1, maximum = 5, value_type = u32, required = true)]
    rating: Option<u32>,
    /// What is to be said beside the stars.
    #[serde(default)]
    text: Option<String>,
}

/// It is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewKept {
    success: bool,
}

/// Oneself. The `ETag` is the version.
#[utoipa::path(get, path = "/api/user/profile", operation_id = "my_profile", tag = "profile",
    security(("bearer" = [])),
    responses((status = 200, body = ProfileView,
        headers(("ETag" = String, description = "The version, for `If-Match`."))),
            (status = 401, body = Problem)))]
pub async fn show(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    answer(&app, principal).await
}

/// Changes one's name or language.
#[utoipa::path(patch, path = "/api/user/profile", operation_id = "change_profile",
    tag = "profile", security(("bearer" = [])),
    request_body = ProfileChange,
    params(IfMatch),
    responses((status = 200, body = ProfileView,
        headers(("ETag" = String, description = "The version, for `If-Match`."))),
            (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Given<ProfileChange>,
) -> Result<HttpResponse, ApiError> {
    let Given(input, mut wrong) = body;
    let name = wrong.or(input.name.map(|name| input::name("name", &name)).transpose(), None);
    let language = wrong.or(input.language.map(language).transpose(), None);
    wrong.finish(())?;
    let profile = store::Profile { name, language, ..store::Profile::default() };
    let seen = seen.0.map(Time::from_ms);
    if app.database.set_profile(principal.user, profile, seen, app.clock.now()).await?.is_err() {
        return Err(peerpack_actors::rejection::Rejection::Stale.into());
    }
    answer(&app, principal).await
}

fn language(tag: String) -> Result<String, ApiError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (2..=35).contains(&tag.len()) && tag.bytes().all(plain) {
        Ok(tag)
    } else {
        Err(ApiError::unprocessable("language", "must be a language tag such as ru or en-GB"))
    }
}

async fn answer(app: &App, principal: Principal) -> Result<HttpResponse, ApiError> {
    let user = app.database.user(principal.user).await?.ok_or_else(ApiError::not_found)?;
    let version = user.updated_at.ms();
    Ok(HttpResponse::Ok().insert_header(etag(version)).json(view(app, user).await?))
}

async fn view(app: &App, user: User) -> Result<ProfileView, ApiError> {
    let people = app.database.people(&[user.id]).await?;
    let person = people.get(&user.id);
    let reputation = app.database.reputations(&[user.id], SHOWN).await?.remove(&user.id).unwrap_or_default();
    let avatar = avatars::of(user.id, &user.name, user.avatar.as_deref());
    Ok(ProfileView {
        id: user.id.to_string(),
        telegram_id: user.telegram_id,
        name: user.name,
        username: user.username,
        language: user.language,
        avatar,
        verified: user.verified_at.is_some(),
        role: user.role.word().to_owned(),
        created_at: user.created_at.to_string(),
        trips_count: person.map_or(0, |person| person.delivered),
        rating: person.map_or(0.0, store::Person::rating),
        reviews_count: person.map_or(0, |person| person.reviews),
        past_trips: reputation.past.iter().map(PastTrip::of).collect(),
        reviews: reputation.reviews.iter().map(ReviewView::of).collect(),
    })
}

/// Says what the other party of a confirmed deal was like, once. It is shown when both have spoken, or after
/// 14 days.
#[utoipa::path(post, path = "/api/package-requests/{request_id}/review", operation_id = "review_delivery",
    tag = "requests",
    security(("bearer" = [])), params(("request_id" = String, Path, description = "The request"), Repeatable),
    request_body = ReviewInput,
    responses((status = 201, body = ReviewKept), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn review(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
    body: Given<ReviewInput>,
) -> Result<HttpResponse, ApiError> {
    let (request, author) = (path.into_inner(), principal.user);
    let work = async |once: &Once| {
        let Given(input, mut wrong) = body;
        let rating = input.rating.and_then(|rating| u8::try_from(rating).ok());
        let rating = rating.filter(|rating| (1..=5).contains(rating));
        let rating = wrong.or(rating.ok_or_else(|| ApiError::unprocessable("rating", "must be 1 to 5")), 1);
        let text = wrong.or(input::text("text", input.text, LONG_TEXT), String::new());
        wrong.finish(())?;
        let answer = ReviewKept { success: true };
        let review = NewReview { request, author, rating, text };
        let receipt = once.receipt(StatusCode::CREATED, &answer);
        match app.database.review(review, receipt, app.clock.now()).await? {
            Reviewed::Kept => Ok(HttpResponse::Created().json(answer)),
            Reviewed::NotAParty => Err(ApiError::not_found()),
            Reviewed::TooEarly => Err(ApiError::conflict(
                "illegal_transition",
                "only a confirmed delivery can be reviewed: this one is not confirmed yet",
            )),
            Reviewed::Twice => Err(ApiError::conflict("already_reviewed", "you have reviewed this before")),
        }
    };
    repeatable.run(&app.database, author, None, work).await
}
