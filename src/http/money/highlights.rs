//! A mark in lists for one's own trip or package, for Telegram Stars.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::money::highlight::{Highlight, Subject};
use peerpack_actors::money::payment::{Method, Purpose};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::Store as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::payments::{self, PaymentView};
use crate::app::App;
use crate::auth::Principal;
use crate::config::{MoneyConfig, PaymentMode};
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::maintenance::checkout;

/// What to highlight: one of the two, and one's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHighlight {
    /// A trip that is not over.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    trip_id: Option<TripId>,
    /// A package whose couriers respond: no other one is in lists.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    package_id: Option<PackageId>,
}

/// What a highlight costs here.
#[derive(Debug, Serialize, ToSchema)]
pub struct HighlightTerms {
    /// Telegram Stars.
    stars: u32,
    /// For how many hours.
    hours: i64,
}

impl HighlightTerms {
    /// If there are highlights.
    pub(super) fn of(money: &MoneyConfig) -> Option<Self> {
        let hours = money.highlight_lasts.ms() / peerpack_actors::time::Span::hours(1).ms();
        money.has(PaymentMode::Stars).then_some(Self { stars: money.highlight_stars, hours })
    }
}

/// Asks for a mark in lists, for a while, beside one's own trip or package. The answer says where to pay with
/// Telegram Stars; each time that it is paid buys one period, and a period that is bought while another one
/// goes on follows it. It changes neither the order of lists nor what the engine offers.
#[utoipa::path(post, path = "/api/highlights", operation_id = "highlight", tag = "money",
    security(("bearer" = [])), request_body = NewHighlight, params(Repeatable),
    responses((status = 201, body = PaymentView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    body: Body<NewHighlight>,
) -> Result<HttpResponse, ApiError> {
    let work = async |once: &Once| {
        let Some(provider) = app.providers.get(Method::Stars) else {
            let message = "nothing can be highlighted here";
            return Err(ApiError::conflict("no_payment_method", message));
        };
        let money = &app.config.money;
        let of = owned(&app, principal.user, &body.0).await?;
        let highlight = Highlight { of, lasts: money.highlight_lasts };
        if !checkout::is_of_use(&app, highlight).await? {
            let message = "nobody looks for this in lists: it is over, or the engine finds its courier";
            return Err(ApiError::conflict("not_in_lists", message));
        }
        let price = Amount::new(money.highlight_stars.into(), Currency::Xtr);
        let purpose = Purpose::Highlight(highlight);
        let file = payments::new_payment(&app, principal.user, purpose, Method::Stars, price);
        payments::ask(&app, provider, &file, once).await
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

/// What is to be highlighted, if it is one thing of this person's.
async fn owned(app: &App, user: UserId, wanted: &NewHighlight) -> Result<Subject, ApiError> {
    let (subject, owner) = match (wanted.trip_id, wanted.package_id) {
        (Some(trip), None) => {
            let header = app.database.trip_header(trip).await?;
            (Subject::Trip(trip), header.map(|header| header.courier))
        }
        (None, Some(package)) => {
            let found = app.database.package(package).await?;
            (Subject::Package(package), found.map(|package| package.sender))
        }
        _ => return Err(ApiError::unprocessable("trip_id", "name one of trip and package")),
    };
    if owner == Some(user) { Ok(subject) } else { Err(ApiError::not_found()) }
}
