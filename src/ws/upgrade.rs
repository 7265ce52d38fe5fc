//! Who may open a socket: everything that is checked before the connection is upgraded.
//!
//! A refusal here is a plain HTTP answer. Must not let anybody in whose token was not checked.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::runtime::Hello;

use super::conversation::Start;
use super::membership::{self, Membership, Place};
use super::ticket;
use super::wire::SUBPROTOCOL;
use crate::app::App;
use crate::auth::token::Access;
use crate::auth::{authenticate, check, welcome};
use crate::edge::limits::{Class, charge};
use crate::edge::origins::Origins;
use crate::edge::outbox::{Ending, Outbox};
use crate::edge::{address, close};
use crate::error::ApiError;
use crate::texts::language::Language;

/// The subprotocol that carries a token, for browsers: they cannot set headers.
const BEARER_PREFIX: &str = "bearer.";

/// The version of the WebSocket protocol.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// Names under which clients elsewhere put tokens into the query.
const TOKEN_PARAMETERS: [&str; 6] = ["token", "access_token", "bearer", "jwt", "auth", "authorization"];

/// When to come back, at most, if there are too many handshakes now.
const HANDSHAKE_LATER_S: u32 = 5;

/// Who may open a socket.
pub(super) struct Admitted {
    pub(super) access: Access,
    pub(super) place: Place,
}

/// `GET /ws`: opens the realtime connection of the signed-in user. The connection is taken over once this is
/// answered.
///
/// # Errors
/// 401 without a good token, 403 from a foreign page, 400 or 426 for what is no WebSocket handshake, 429 when
/// too many are open from one address or opened by one user, 503 when too many come at once or the user's
/// stream cannot be read.
pub async fn upgrade(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let Admitted { access, place } = admit(&req, &app).await?;
    // A client that names no protocol gets none; one that names others would not understand us.
    let subprotocols = subprotocols(req.headers())?;
    if !subprotocols.is_empty() && !subprotocols.contains(&SUBPROTOCOL) {
        return Err(ApiError::bad_request("the subprotocol has to be peerpack.v1"));
    }
    let outbox = Outbox::new(access.session);
    let (membership, hello) = join(&req, place, access, &outbox).await?;
    let mut response =
        HttpResponse::from(actix_http::ws::handshake_response(req.head()).finish()).map_into_boxed_body();
    if !subprotocols.is_empty() {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    let language = language(&req, &app, access).await;
    let start = Start { app, access, outbox, membership, position: hello.position, language };
    response.extensions_mut().insert(start);
    Ok(response)
}

/// The language that the reader asks for; or that of their profile, since a socket has only one handshake to
/// ask in.
async fn language(req: &HttpRequest, app: &App, access: Access) -> Language {
    if let Some(language) = Language::accepted(req.headers()) {
        return language;
    }
    // A language is not worth a refusal.
    let user = app.database.user(access.principal.user).await.ok().flatten();
    Language::of(user.as_ref().and_then(|user| user.language.as_deref()))
}

/// Joins a connection to the sockets of its user.
///
/// # Errors
/// The engine's refusal.
pub(super) async fn join(
    req: &HttpRequest,
    place: Place,
    access: Access,
    outbox: &Arc<Outbox>,
) -> Result<(Membership, Hello), ApiError> {
    let joined = membership::join(place, access.principal.user, Arc::clone(outbox)).await?;
    // A session that ended between the check and this moment closed every socket but this one.
    if welcome(req, access).is_err() {
        outbox.end(Ending::new(close::INVALID_TOKEN, "the session was ended"));
    }
    Ok(joined)
}

/// Checks everything that is checked before a connection is upgraded.
///
/// # Errors
/// The refusal.
pub(super) async fn admit(req: &HttpRequest, app: &web::Data<App>) -> Result<Admitted, ApiError> {
    let credentials = credentials(req)?;
    let place = enter(req, app)?;
    // What one user or one address does again and again, like inventing tickets, must not use up the
    // handshakes of everybody. Whose a ticket is was counted when it was made.
    match &credentials {
        Credentials::Token(access) => charge(req, Class::Socket, Some(access.principal.user)).await?,
        Credentials::Ticket(ticket) => {
            charge(req, Class::Socket, None).await?;
            ticket::look(app, ticket).await?;
        }
    }
    shake_hands(app)?;
    // Last: a ticket is good for one try.
    let access = match credentials {
        Credentials::Token(access) => access,
        Credentials::Ticket(ticket) => ticket::redeem(req, app, &ticket).await?,
    };
    Ok(Admitted { access, place })
}

/// The same for a socket that says with a close, after its upgrade, that somebody is not signed in: a page
/// cannot see more of a refusal than that. And a token may be in the address, where older pages put it.
///
/// # Errors
/// The refusal of what is no handshake, comes from a foreign page or too often.
pub(super) async fn admit_anybody(
    req: &HttpRequest,
    app: &web::Data<App>,
) -> Result<(Place, Result<Access, ApiError>), ApiError> {
    let credentials = credentials_or_token(req);
    let place = enter(req, app)?;
    let user = match &credentials {
        Ok(Credentials::Token(access)) => Some(access.principal.user),
        Ok(Credentials::Ticket(_)) | Err(_) => None,
    };
    charge(req, Class::Socket, user).await?;
    shake_hands(app)?;
    let access = match credentials {
        Ok(Credentials::Token(access)) => Ok(access),
        Ok(Credentials::Ticket(ticket)) => match ticket::look(app, &ticket).await {
            Ok(()) => ticket::redeem(req, app, &ticket).await,
            Err(refused) => Err(refused),
        },
        Err(refused) => Err(refused),
    };
    match access {
        // Nobody knows who it is: the store does not answer.
        Err(refused) if refused.status().is_server_error() => Err(refused),
        access => Ok((place, access)),
    }
}

/// A place for a connection that is a handshake, from a page that may make one.
fn enter(req: &HttpRequest, app: &web::Data<App>) -> Result<Place, ApiError> {
    check_origin(req)?;
    check_handshake(req)?;
    Place::take(app.clone(), address::of(req, app.config.trusted_proxies)).ok_or_else(|| {
        refused("address");
        ApiError::too_many(HANDSHAKE_LATER_S)
    })
}

/// Lets one more handshake pass.
fn shake_hands(app: &App) -> Result<(), ApiError> {
    if app.sockets.admits_handshake() {
        return Ok(());
    }
    refused("handshakes");
    Err(ApiError::unavailable().with_retry_after(rand::random_range(1..=HANDSHAKE_LATER_S)))
}

fn refused(why: &'static str) {
    metrics::counter!("peerpack_ws_refused_total", "why" => why).increment(1);
}

/// All subprotocols that the client offers.
fn subprotocols(headers: &HeaderMap) -> Result<Vec<&str>, ApiError> {
    let mut offered = Vec::new();
    for value in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        let value = value.to_str().map_err(|_| ApiError::bad_request("the subprotocols cannot be read"))?;
        offered.extend(value.split(',').map(str::trim).filter(|one| !one.is_empty()));
    }
    Ok(offered)
}

/// The subprotocol that is answered to a client of an older protocol, which named it: a page goes no further
/// without one of those that it has named. The one that carries its token will do if there is no other.
pub(super) fn named_protocol(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let offered = subprotocols(headers)?;
    let plain = offered.iter().find(|one| !one.starts_with(BEARER_PREFIX));
    Ok(plain.or(offered.first()).copied())
}

/// How the client says who it is.
enum Credentials {
    Token(Access),
    /// Not used up yet.
    Ticket(String),
}

/// A bearer header, a bearer subprotocol, or a ticket in the query: exactly one of them.
fn credentials(req: &HttpRequest) -> Result<Credentials, ApiError> {
    let parameters = || form_urlencoded::parse(req.query_string().as_bytes());
    if parameters().any(|(name, _)| TOKEN_PARAMETERS.contains(&name.to_ascii_lowercase().as_str())) {
        let message = "a token does not belong into the address: send it as a header or a subprotocol";
        return Err(ApiError::unauthorized("unauthorized", message));
    }
    let subprotocols = subprotocols(req.headers())?;
    let mut tokens = subprotocols.iter().filter_map(|one| one.strip_prefix(BEARER_PREFIX));
    let mut tickets = parameters().filter(|(name, _)| name == "ticket").map(|(_, ticket)| ticket);
    let has_header = req.headers().contains_key(header::AUTHORIZATION);
    match (has_header, tokens.next(), tokens.next(), tickets.next(), tickets.next()) {
        (true, None, _, None, _) => authenticate(req).map(Credentials::Token),
        (false, Some(token), None, None, None) => check(req, token).map(Credentials::Token),
        (false, None, None, Some(ticket), None) => Ok(Credentials::Ticket(ticket.into_owned())),
        _ => Err(ApiError::unauthorized("unauthorized", "please sign in")),
    }
}

/// The same, or an access token in the query as `token`.
fn credentials_or_token(req: &HttpRequest) -> Result<Credentials, ApiError> {
    let mut tokens = form_urlencoded::parse(req.query_string().as_bytes())
        .filter(|(name, _)| TOKEN_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()));
    match (tokens.next(), tokens.next()) {
        (None, _) => credentials(req),
        (Some((name, token)), None) if name == "token" => check(req, &token).map(Credentials::Token),
        _ => Err(ApiError::unauthorized("unauthorized", "please sign in")),
    }
}

/// Browsers let any page open a socket to us, so the page has to be one we know. What sends a header of its
/// own is no browser.
fn check_origin(req: &HttpRequest) -> Result<(), ApiError> {
    let headers = req.headers();
    if !headers.contains_key(header::ORIGIN) && !headers.contains_key(header::AUTHORIZATION) {
        return Err(ApiError::forbidden(
            "a page has to say its origin, and others send the token as a header",
        ));
    }
    let origins = req.app_data::<web::Data<Origins>>().ok_or_else(ApiError::unavailable)?;
    origins.check_socket(headers)
}

fn check_handshake(req: &HttpRequest) -> Result<(), ApiError> {
    let headers = req.headers();
    if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        let message = "this is a WebSocket, version 13";
        return Err(ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message));
    }
    if !is_key(headers, &header::SEC_WEBSOCKET_KEY) {
        return Err(ApiError::bad_request("the WebSocket key is missing or malformed"));
    }
    let is_upgrade =
        headers.get(header::UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if !is_upgrade || actix_http::ws::verify_handshake(req.head()).is_err() {
        return Err(ApiError::bad_request("this is no WebSocket handshake"));
    }
    Ok(())
}

/// Sixteen bytes in base64.
fn is_key(headers: &HeaderMap, name: &HeaderName) -> bool {
    let key = headers.get(name).map(HeaderValue::as_bytes);
    let Some(digits) = key.and_then(|key| key.strip_suffix(b"==")) else { return false };
    digits.len() == 22
        && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}
