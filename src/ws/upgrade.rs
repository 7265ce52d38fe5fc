//! Who may open a socket: everything that is checked before the connection is upgraded.
//!
//! A refusal here is a plain HTTP answer. Must not let anybody in whose token was not checked.

use std::sync::{Arc, Weak};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};

use super::guard::FrameGuard;
use super::outbox::Outbox;
use super::session::{self, Start};
use super::sockets;
use super::watch::{self, Plug};
use super::wire::SUBPROTOCOL;
use crate::app::App;
use crate::auth::token::Access;
use crate::auth::{authenticate, check};
use crate::config::Mode;
use crate::error::ApiError;

/// The subprotocol that carries a token, for browsers: they cannot set headers.
const BEARER_PREFIX: &str = "bearer.";

/// The version of the WebSocket protocol.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// Names under which clients elsewhere put tokens into the query.
const TOKEN_PARAMETERS: [&str; 6] = ["token", "access_token", "bearer", "jwt", "auth", "authorization"];

/// `GET /ws`: opens the realtime connection of the signed-in user.
///
/// # Errors
/// 401 without a good token, 403 from a foreign page, 400 or 426 for what is no WebSocket handshake, 503 when the
/// user's stream cannot be read.
pub async fn upgrade(
    req: HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, ApiError> {
    let subprotocols = subprotocols(req.headers())?;
    let access = sign_in(&req, &subprotocols)?;
    check_origin(&req, &app)?;
    if let Some(refusal) = refuse_version(req.headers()) {
        return Ok(refusal);
    }
    check_handshake(&req, &subprotocols)?;

    let user = access.principal.user;
    let outbox = Outbox::new();
    let (membership, hello) = sockets::join(app.clone(), user, Arc::clone(&outbox)).await?;
    let plug = req.conn_data::<Arc<Plug>>().map_or_else(Weak::new, Arc::downgrade);
    actix_web::rt::spawn(watch::watch(app.clone(), user, Arc::clone(&outbox), plug));
    let (payload, verdict) = FrameGuard::new(payload);
    let start = Start { app, access, outbox, membership, position: hello.position, verdict };
    let mut response = session::start(start, &req, payload)?;
    if !subprotocols.is_empty() {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
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

fn sign_in(req: &HttpRequest, subprotocols: &[&str]) -> Result<Access, ApiError> {
    let mut parameters = form_urlencoded::parse(req.query_string().as_bytes());
    if parameters.any(|(name, _)| TOKEN_PARAMETERS.contains(&name.to_ascii_lowercase().as_str())) {
        let message = "a token does not belong into the address: send it as a header or a subprotocol";
        return Err(ApiError::unauthorized("unauthorized", message));
    }
    if req.headers().contains_key(header::AUTHORIZATION) {
        return authenticate(req);
    }
    let mut tokens = subprotocols.iter().filter_map(|one| one.strip_prefix(BEARER_PREFIX));
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => check(req, token),
        _ => Err(ApiError::unauthorized("unauthorized", "please sign in")),
    }
}

/// Browsers let any page open a socket to us, so the page has to be one we know. What sends a header of its own
/// is no browser.
fn check_origin(req: &HttpRequest, app: &App) -> Result<(), ApiError> {
    let mut origins = req.headers().get_all(header::ORIGIN);
    let allowed = match (origins.next(), origins.next()) {
        (None, _) => req.headers().contains_key(header::AUTHORIZATION),
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| is_allowed(origin, req, app)),
        _ => false,
    };
    if allowed { Ok(()) } else { Err(ApiError::forbidden("this page may not connect")) }
}

fn is_allowed(origin: &str, req: &HttpRequest, app: &App) -> bool {
    let config = &app.config;
    if config.allowed_origins.iter().any(|allowed| allowed == origin) {
        return true;
    }
    let Some((_, authority)) = origin.split_once("://") else { return false };
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let same = req.headers().get(header::HOST).is_some_and(|host| host == authority);
    config.mode == Mode::Development && config.allowed_origins.is_empty() && (local || same)
}

fn refuse_version(headers: &HeaderMap) -> Option<HttpResponse> {
    if headers.get(header::SEC_WEBSOCKET_VERSION) == Some(&VERSION) {
        return None;
    }
    let error =
        ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "this is a WebSocket, version 13");
    let mut response = error.error_response();
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    Some(response)
}

fn check_handshake(req: &HttpRequest, subprotocols: &[&str]) -> Result<(), ApiError> {
    if !is_key(req.headers(), &header::SEC_WEBSOCKET_KEY) {
        return Err(ApiError::bad_request("the WebSocket key is missing or malformed"));
    }
    // A client that names none gets none; one that names others would not understand us.
    if !subprotocols.is_empty() && !subprotocols.contains(&SUBPROTOCOL) {
        return Err(ApiError::bad_request("the subprotocol has to be peerpack.v1"));
    }
    session::check_handshake(req)
}

/// Sixteen bytes in base64.
fn is_key(headers: &HeaderMap, name: &HeaderName) -> bool {
    let key = headers.get(name).map(HeaderValue::as_bytes);
    let Some(digits) = key.and_then(|key| key.strip_suffix(b"==")) else { return false };
    digits.len() == 22
        && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}
