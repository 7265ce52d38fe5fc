//! Codes for the hand-over: anybody who shows the right one was there. The sender shows the first to the
//! courier at the pickup, the receiver the second at the delivery; the courier sees neither beforehand.
//!
//! Codes follow from the server's key and the request, so nothing is stored but how often somebody guessed.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::RequestId;
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::{Request, RequestState};
use peerpack_actors::ports::Store;
use peerpack_actors::time::Span;
use serde::Serialize;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::auth::token::Tokens;
use crate::error::{ApiError, Problem};
use crate::typed;

/// After so many wrong codes the courier has to wait.
const MAX_ATTEMPTS: u32 = 5;

/// How long.
const LOCKED_FOR: Span = Span::minutes(15);

/// The codes of a deal, for its sender.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandOverCodes)]
pub struct Codes {
    /// To be shown to the courier at the pickup; absent afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup: Option<CodeView>,
    /// To be shown to the courier at the delivery, by the person who receives the package; absent afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<CodeView>,
}

/// A code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandOverCode)]
pub struct CodeView {
    /// Six digits.
    code: String,
    /// The same for a QR code.
    qr: String,
}

/// One of the two hand-overs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::http) enum HandOver {
    Pickup,
    Delivery,
}

impl HandOver {
    const fn word(self) -> &'static str {
        match self {
            Self::Pickup => "pickup",
            Self::Delivery => "delivery",
        }
    }

    fn code(self, tokens: &Tokens, request: RequestId) -> String {
        tokens.hand_over_code(self.word(), request)
    }

    fn view(self, tokens: &Tokens, request: RequestId) -> CodeView {
        let code = self.code(tokens, request);
        let qr = format!("peerpack:{}:{request}:{code}", self.word());
        CodeView { code, qr }
    }
}

/// The codes of a deal over one's own package, if it asks for codes.
#[utoipa::path(get, path = "/api/package-requests/{request_id}/codes", operation_id = "hand_over_codes",
    tag = "requests", security(("bearer" = [])),
    params(("request_id" = String, Path, description = "The request")),
    responses((status = 200, body = Codes), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn codes(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
    path: web::Path<RequestId>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let (request, asks) = find(&app, id).await?;
    if request.sender != principal.user || !asks {
        return Err(ApiError::not_found());
    }
    let show = |at: HandOver| at.view(&tokens, id);
    let (pickup, delivery) = match request.state {
        RequestState::Accepted { .. } => (Some(HandOver::Pickup), Some(HandOver::Delivery)),
        RequestState::PickedUp { .. } => (None, Some(HandOver::Delivery)),
        _ => (None, None),
    };
    Ok(HttpResponse::Ok().json(Codes { pickup: pickup.map(show), delivery: delivery.map(show) }))
}

/// The code of the delivery, while the courier is under way with a package that asks for codes: for anybody
/// who receives it.
pub(super) fn code_for_receiver(tokens: &Tokens, package: &Package) -> Option<String> {
    let deal = package.deal().filter(|deal| matches!(deal.state, RequestState::PickedUp { .. }))?;
    package.terms.hand_over_codes.then(|| HandOver::Delivery.code(tokens, deal.id))
}

async fn find(app: &App, id: RequestId) -> Result<(Request, bool), ApiError> {
    let package = app.database.package_of(id).await?.ok_or_else(ApiError::not_found)?;
    let package = app.database.package(package).await?.ok_or_else(ApiError::not_found)?;
    let request = package.request(id).cloned().ok_or_else(ApiError::not_found)?;
    Ok((request, package.terms.hand_over_codes))
}

/// Whether the courier has shown that they were there: `false` when the package asks for no codes.
pub(in crate::http) async fn is_proven(
    app: &App,
    tokens: &Tokens,
    principal: Principal,
    id: RequestId,
    at: HandOver,
    given: Option<&str>,
) -> Result<bool, ApiError> {
    let (request, asks) = find(app, id).await?;
    // Who is not the courier is refused by the core, in its own words.
    if !asks || request.courier != principal.user {
        return Ok(false);
    }
    let Some(given) = given.map(typed::code).filter(|given| !given.is_empty()) else {
        return Err(ApiError::unprocessable("code", "this package asks for the code of the hand-over"));
    };
    let now = app.clock.now();
    let may_try = app.database.try_hand_over(id, at.word(), MAX_ATTEMPTS, now, LOCKED_FOR).await?;
    if !may_try {
        let seconds = u32::try_from(LOCKED_FOR.ms() / 1_000).unwrap_or(u32::MAX);
        return Err(ApiError::too_many(seconds));
    }
    if bool::from(given.as_bytes().ct_eq(at.code(tokens, id).as_bytes())) {
        app.database.forgive_hand_over(id, at.word()).await?;
        Ok(true)
    } else {
        Err(ApiError::forbidden("this is not the code of the hand-over").with_field("code", "is wrong"))
    }
}
