//! A link for a receiver without an account: where the package is, and what to show to the courier. Signed,
//! expiring, read-only.

mod page;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError, web};
use peerpack_actors::ids::PackageId;
use peerpack_actors::market::package::{Package, PackageState};
use peerpack_actors::place::Gazetteer;
use peerpack_actors::ports::Store;
use peerpack_actors::time::{Span, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::auth::token::Tokens;
use crate::error::{ApiError, Problem};
use crate::http::input::local_time;
use crate::http::market::handover::code_for_receiver;
use crate::http::places::place_name;

/// How long a link is good.
const GOOD_FOR: Span = Span::days(30);

/// What the signature is for.
const PURPOSE: &str = "tracking";

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrackingLink {
    /// To open in a browser; under the server's own address.
    path: String,
    /// The same as data.
    json_path: String,
    expires_at: String,
}

/// Where a package is, for anybody who has the link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackedPackage)]
pub struct Tracking {
    /// `open`, `assigned`, `in_transit`, `delivered`, `confirmed` or `cancelled`.
    #[schema(value_type = peerpack_actors::market::phase::PackagePhase)]
    state: String,
    from: String,
    to: String,
    /// The first name of the courier, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    courier_name: Option<String>,
    /// When the courier is expected, local time of the destination: `YYYY-MM-DD HH:MM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// The same, an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expected_at: Option<String>,
    /// IANA time zone of the destination.
    to_tz: String,
    /// What the receiver shows to the courier: six digits, while a package that asks for codes is on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// When the state was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// A link by which anybody who has it can see where one's own package is, for 30 days, and the code of its
/// delivery once the courier has it: for the person who receives it.
#[utoipa::path(post, path = "/api/packages/{package_id}/tracking-link", operation_id = "make_tracking_link",
    tag = "packages",
    security(("bearer" = [])), params(("package_id" = String, Path, description = "The package")),
    responses((status = 201, body = TrackingLink), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn link(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
    path: web::Path<PackageId>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let header = app.database.package_header(id).await?;
    header.filter(|header| header.sender == principal.user).ok_or_else(ApiError::not_found)?;
    let until = app.clock.now() + GOOD_FOR;
    let text = format!("{}.{}", id.uuid().simple(), until.ms());
    let secret = format!("{text}.{}", tokens.sign(PURPOSE, &text));
    Ok(HttpResponse::Created().json(TrackingLink {
        path: format!("/track/{secret}"),
        json_path: format!("/api/tracking/{secret}"),
        expires_at: until.to_string(),
    }))
}

/// Where a package is, for anybody who has the link.
#[utoipa::path(get, path = "/api/tracking/{link}", operation_id = "track_package", tag = "packages",
    params(("link" = String, Path, description = "What the link ends with")),
    responses((status = 200, body = Tracking), (status = 404, body = Problem)))]
pub async fn json(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(look(&app, &tokens, &path).await?))
}

/// `GET /track/{link}`: the same as a page.
///
/// # Errors
/// When the store does not answer.
pub async fn show(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    match look(&app, &tokens, &path).await {
        Ok(tracking) => Ok(page::of(&tracking)),
        Err(error) if error.status_code() == StatusCode::NOT_FOUND => Ok(page::nothing_here()),
        Err(error) => Err(error),
    }
}

async fn look(app: &App, tokens: &Tokens, link: &str) -> Result<Tracking, ApiError> {
    let (text, signature) = link.rsplit_once('.').ok_or_else(ApiError::not_found)?;
    let (id, until) = text.split_once('.').ok_or_else(ApiError::not_found)?;
    let until: i64 = until.parse().map_err(|_| ApiError::not_found())?;
    if !tokens.is_signed(PURPOSE, text, signature) || Time::from_ms(until) <= app.clock.now() {
        return Err(ApiError::not_found());
    }
    let id: PackageId = id.parse().map_err(|_| ApiError::not_found())?;
    let package = app.database.package(id).await?.ok_or_else(ApiError::not_found)?;
    let courier = match package.deal() {
        Some(deal) => app.database.people(&[deal.courier]).await?.remove(&deal.courier),
        None => None,
    };
    let code = code_for_receiver(tokens, &package);
    Ok(Tracking { code, ..tracking(&package, courier.map(|courier| courier.name)) })
}

fn tracking(package: &Package, courier: Option<String>) -> Tracking {
    let draft = &package.draft;
    let is_coming = matches!(package.state, PackageState::Assigned { .. } | PackageState::InTransit { .. });
    let expected = package.deal().filter(|_| is_coming).map(|deal| &deal.plan.dropoff);
    // The courier may hand it over near the place that the sender has named, and the clocks are those of
    // there.
    let there = Gazetteer::bundled().get(expected.map_or(draft.dropoff.place, |there| there.place));
    Tracking {
        state: package.state.word().to_owned(),
        from: place_name(draft.pickup.place),
        to: place_name(draft.dropoff.place),
        courier_name: courier.and_then(|name| name.split_whitespace().next().map(str::to_owned)),
        expected: expected.map(|dropoff| {
            format!("{} {}", local_time::date_at(dropoff.at, there), local_time::clock_at(dropoff.at, there))
        }),
        expected_at: expected.map(|dropoff| dropoff.at.to_string()),
        to_tz: local_time::tz(there).to_owned(),
        code: None,
        since: package.state.at().map(|at| at.to_string()),
    }
}
