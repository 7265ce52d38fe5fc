//! Reads bodies and queries strictly, and refuses them in our own words.
//!
//! What a parser says about bad input stays inside; of the input itself only a field's name may be echoed.
//! Must not know any route: what a body means is its handler's business.

mod shape;

pub(crate) use shape::{NEGATIVE, NOT_WHOLE, TOO_LARGE, named};

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::error::{JsonPayloadError, PayloadError};
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::ApiError;
use super::wrong::Wrong;

/// The most bytes a JSON body may have.
pub const JSON_LIMIT: usize = 64 * 1024;

/// How long a body may stand still.
const BODY_STALL: Duration = Duration::from_secs(10);

/// How long a body may take in all.
const BODY_TOTAL: Duration = Duration::from_secs(30);

/// A request's body, in the request's extensions once it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBody(pub Bytes);

/// A JSON body of at most [`JSON_LIMIT`] bytes. `T` should `deny_unknown_fields`.
///
/// Refused are: other content types and any content encoding (415), large bodies (413), slow bodies (408),
/// and as malformed (400) whatever is not UTF-8, not JSON, nested deeper than 128 levels, not of `T`'s shape,
/// or has a NUL character in a string. Every field that is not of its shape is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let given = Given::from_request(req, payload);
        Box::pin(async move {
            let Given(body, wrong) = given.await?;
            wrong.finish(Self(body))
        })
    }
}

/// A JSON body as far as it could be read, with what is wrong with the rest: for a handler that looks at
/// every field before it refuses any. Otherwise as [`Body`].
#[derive(Debug)]
pub struct Given<T>(pub T, pub Wrong);

impl<T: DeserializeOwned + 'static> FromRequest for Given<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let checked = check_headers(req.headers(), JSON_LIMIT);
        let (payload, req) = (payload.take(), req.clone());
        Box::pin(async move {
            checked?;
            let body = read_in_time(payload, BODY_STALL, BODY_TOTAL).await?.freeze();
            req.extensions_mut().insert(RawBody(body.clone()));
            let (read, wrong) = parse(&body)?;
            match read {
                Some(read) => Ok(Self(read, wrong)),
                None => Err(wrong.into()),
            }
        })
    }
}

/// A JSON body that may be missing altogether, whatever its declared type. Otherwise as [`Body`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaybeBody<T>(pub Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for MaybeBody<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let checked = check_headers(req.headers(), JSON_LIMIT);
        let (payload, req) = (payload.take(), req.clone());
        Box::pin(async move {
            let body = read_in_time(payload, BODY_STALL, BODY_TOTAL).await?.freeze();
            req.extensions_mut().insert(RawBody(body.clone()));
            if body.is_empty() {
                return Ok(Self(None));
            }
            checked?;
            let (read, wrong) = parse(&body)?;
            wrong.finish(())?;
            read.map(|read| Self(Some(read))).ok_or_else(misshapen)
        })
    }
}

/// The query of a request. Empty values mean absent, `T` should have defaults for what may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        std::future::ready(query(req.query_string()).map(Query))
    }
}

fn query<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if name.contains('\0') || value.contains('\0') {
            return Err(nul());
        }
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    shape::read_query(pairs)
}

fn check_headers(headers: &HeaderMap, limit: usize) -> Result<(), ApiError> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::unsupported_media_type("an encoded body is not accepted"));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::unsupported_media_type("the body must be application/json"));
    }
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::too_large(limit));
    }
    Ok(())
}

/// A whole body of at most `limit` bytes, as it came: for callers whose JSON is not ours to be strict with.
///
/// # Errors
/// As for [`Body`].
pub async fn whole_body(req: &HttpRequest, payload: web::Payload, limit: usize) -> Result<Bytes, ApiError> {
    check_headers(req.headers(), limit)?;
    let body = read_at_most(payload.into_inner(), limit, BODY_STALL);
    let body = tokio::time::timeout(BODY_TOTAL, body).await.map_err(|_| ApiError::too_slow())?;
    Ok(body?.freeze())
}

async fn read_in_time(payload: dev::Payload, stall: Duration, total: Duration) -> Result<BytesMut, ApiError> {
    let body = read_at_most(payload, JSON_LIMIT, stall);
    tokio::time::timeout(total, body).await.map_err(|_| ApiError::too_slow())?
}

async fn read_at_most(
    mut payload: dev::Payload,
    limit: usize,
    stall: Duration,
) -> Result<BytesMut, ApiError> {
    let mut body = BytesMut::new();
    loop {
        let next = tokio::time::timeout(stall, payload.next()).await;
        match next.map_err(|_| ApiError::too_slow())? {
            None => return Ok(body),
            Some(Err(PayloadError::Overflow)) => return Err(ApiError::too_large(limit)),
            Some(Err(_)) => return Err(ApiError::bad_request("the body ended too early")),
            Some(Ok(chunk)) if body.len() + chunk.len() > limit => {
                return Err(ApiError::too_large(limit));
            }
            Some(Ok(chunk)) => body.extend_from_slice(&chunk),
        }
    }
}

/// Reads JSON of the shape `T` under the rules of [`Body`], as far as it goes.
fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<(Option<T>, Wrong), ApiError> {
    if has_nul(json) {
        return Err(nul());
    }
    shape::read(json)
}

/// Whether a JSON text has an escaped NUL in one of its strings. A bare one is no JSON anyway.
#[must_use]
pub fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        // Skips what is escaped: the second backslash of `\\u0000` starts nothing.
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

fn nul() -> ApiError {
    ApiError::bad_request("texts may not have NUL characters in them")
}

fn malformed(error: &serde_json::Error) -> ApiError {
    if error.is_data() { misshapen() } else { ApiError::bad_request("the body is not valid JSON") }
}

fn misshapen() -> ApiError {
    ApiError::bad_request("a value has the wrong type or form")
}

/// Makes actix's own `web::Json`, `web::Path` and `web::Query` refuse in the same words. For
/// `App::configure`.
pub fn refuse_in_our_words(config: &mut web::ServiceConfig) {
    config
        .app_data(web::JsonConfig::default().limit(JSON_LIMIT).error_handler(|error, _| json_error(&error).into()))
        // A path with something else where an id belongs leads nowhere.
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::not_found().into()))
        .app_data(web::QueryConfig::default().error_handler(|_, _| misshapen().into()));
}

fn json_error(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            ApiError::too_large(*limit)
        }
        JsonPayloadError::ContentType => {
            ApiError::unsupported_media_type("the body must be application/json")
        }
        JsonPayloadError::Deserialize(error) => malformed(error),
        _ => ApiError::bad_request("the body is not valid JSON"),
    }
}

/// The default service of the app: 404.
///
/// # Errors
/// Always: there is nothing here.
pub async fn nothing_here() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found())
}

#[cfg(test)]
mod tests;
