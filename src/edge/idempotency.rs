//! Calls that may come again: a lost answer, a double tap, a retry. The effect happens once, the answer stays
//! the same.
//!
//! The client names a call with `Idempotency-Key`; where a call has a natural identity (this request, this
//! step) that serves when it does not. The answer is stored in the transaction of the effect, so a client
//! that is left without an answer finds out what became of the call by repeating it.

use std::collections::HashSet;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev, web};
use parking_lot::Mutex;
use peerpack_actors::ids::UserId;
use peerpack_actors::market::package::Package;
use peerpack_actors::market::trip::Trip;
use peerpack_actors::receipt::{Call, Receipt};
use peerpack_actors::runtime::{Promise, Subject};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::error::ApiError;
use crate::error::extract::RawBody;
use crate::store::{Database, Kept};

/// The header that names a call.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The longest key.
const MAX_KEY: usize = 255;

/// Calls that this node carries out right now. At most one for each open connection.
#[derive(Debug, Default)]
pub struct Running(Mutex<HashSet<(UserId, String, String)>>);

/// A call that may come again. As a handler's argument it reads the header.
pub struct Repeatable {
    req: HttpRequest,
    key: Option<String>,
}

impl FromRequest for Repeatable {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(given_key(req).map(|key| Self { req: req.clone(), key }))
    }
}

fn given_key(req: &HttpRequest) -> Result<Option<String>, ApiError> {
    let mut values = req.headers().get_all(KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| {
        !key.is_empty() && key.len() <= MAX_KEY && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(format!("given:{key}"))),
        _ => Err(ApiError::bad_request("Idempotency-Key must have 1 to 255 visible ASCII characters")
            .with_field("idempotency-key", "must have 1 to 255 visible ASCII characters")),
    }
}

/// The key of a call, if it is given: shortened where it is long, for what has a name of its own.
///
/// # Errors
/// The header is none.
pub(crate) fn short_key(req: &HttpRequest) -> Result<Option<String>, ApiError> {
    let short = |key: String| hex::encode(&Sha256::digest(key.as_bytes())[..16]);
    Ok(given_key(req)?.map(|key| format!("key:{}", short(key))))
}

impl IntoParams for Repeatable {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_KEY))
            .pattern(Some("^[!-~]+$"));
        let told =
            "Names the call: with the same key it can be repeated for a day, with one effect and one answer.";
        vec![in_header("Idempotency-Key", told, schema)]
    }
}

/// A header that a call may have, for the description.
fn in_header(name: &str, told: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(told))
        .schema(Some(schema))
        .build()
}

/// A call that is being carried out, and how its answer is to be kept.
pub(crate) struct Once {
    call: Option<Call>,
}

impl Once {
    /// The answer to a command on a package, made of what the package is afterwards.
    pub(crate) fn package<T: Serialize>(
        &self,
        status: StatusCode,
        answer: impl Fn(&Package) -> Option<T> + Send + Sync + 'static,
    ) -> Option<Promise> {
        self.promise(status, move |subject| match subject {
            Subject::Package(package) => answer(package),
            Subject::Trip(_) => None,
        })
    }

    /// The answer to a command on a trip, made of what the trip is afterwards.
    pub(crate) fn trip<T: Serialize>(
        &self,
        status: StatusCode,
        answer: impl Fn(&Trip) -> T + Send + Sync + 'static,
    ) -> Option<Promise> {
        self.promise(status, move |subject| match subject {
            Subject::Trip(trip) => Some(answer(trip)),
            Subject::Package(_) => None,
        })
    }

    /// The answer to what needs no engine.
    pub(crate) fn receipt<T: Serialize>(&self, status: StatusCode, answer: &T) -> Option<Receipt> {
        let call = self.call.clone()?;
        Some(Receipt { call, status: status.as_u16(), answer: serde_json::to_string(answer).ok()? })
    }

    fn promise<T: Serialize>(
        &self,
        status: StatusCode,
        answer: impl Fn(Subject<'_>) -> Option<T> + Send + Sync + 'static,
    ) -> Option<Promise> {
        let render = move |subject: Subject<'_>| {
            Some((status.as_u16(), serde_json::to_string(&answer(subject)?).ok()?))
        };
        Some(Promise::new(self.call.clone()?, render))
    }
}

impl Repeatable {
    /// Carries the call out, unless it was carried out before: then its answer is repeated. `natural` is the
    /// call's own identity within its route, if it has one.
    ///
    /// # Errors
    /// 409 while it is being carried out, 422 when the key was used for another call, and what `work` says.
    pub(crate) async fn run(
        self,
        database: &Database,
        by: UserId,
        natural: Option<String>,
        work: impl AsyncFnOnce(&Once) -> Result<HttpResponse, ApiError>,
    ) -> Result<HttpResponse, ApiError> {
        let digest = if self.key.is_some() { self.digest() } else { String::new() };
        let natural = natural.map(|identity| format!("natural:{identity}"));
        let Some(key) = self.key.or(natural) else { return work(&Once { call: None }).await };
        let call = Call { by, route: route(&self.req), key, digest };
        let _running = Entered::enter(&self.req, &call)?;
        if let Some(replay) = replay(database, &call).await? {
            return Ok(replay);
        }
        match work(&Once { call: Some(call.clone()) }).await {
            // Another node was faster.
            Err(error) if error.code() == "answered_before" => replay(database, &call).await?.ok_or(error),
            outcome => outcome,
        }
    }

    /// Of what is asked: the address and the body.
    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(unversioned(self.req.path()).as_bytes());
        digest.update([0]);
        if let Some(RawBody(body)) = self.req.extensions().get() {
            // However it is spaced, and in whatever order its fields are: a JSON value keeps them by name.
            let value = serde_json::from_slice::<serde_json::Value>(body).ok();
            let plain = value.and_then(|value| serde_json::to_vec(&value).ok());
            digest.update(Sha256::digest(plain.as_deref().unwrap_or(body)));
        }
        hex::encode(digest.finalize())
    }
}

async fn replay(database: &Database, call: &Call) -> Result<Option<HttpResponse>, ApiError> {
    match database.kept_answer(call).await? {
        None => Ok(None),
        Some(Kept::OtherCall) => {
            let message = "this Idempotency-Key was used for another call";
            Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", message)
                .with_field("idempotency-key", "was used for another call"))
        }
        Some(Kept::Answer { status, answer }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let mut response = HttpResponse::build(status);
            response.insert_header((REPLAYED, HeaderValue::from_static("true")));
            response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
            Ok(Some(response.body(answer)))
        }
    }
}

fn route(req: &HttpRequest) -> String {
    let pattern = req.match_pattern();
    format!("{} {}", req.method(), unversioned(pattern.as_deref().unwrap_or(req.path())))
}

/// `/api` and `/v1` are the same.
fn unversioned(path: &str) -> &str {
    ["/api/", "/v1/"].iter().find_map(|prefix| path.strip_prefix(prefix)).unwrap_or(path)
}

/// A call's place among those that are being carried out.
struct Entered {
    running: Arc<Running>,
    place: (UserId, String, String),
}

impl Entered {
    fn enter(req: &HttpRequest, call: &Call) -> Result<Self, ApiError> {
        let running = req.app_data::<web::Data<Running>>();
        let running = running.ok_or_else(|| ApiError::internal(&"the app data lacks the running calls"))?;
        let running = running.clone().into_inner();
        let place = (call.by, call.route.clone(), call.key.clone());
        if running.0.lock().insert(place.clone()) {
            Ok(Self { running, place })
        } else {
            let message = "this call is still being carried out";
            Err(ApiError::conflict("in_progress", message).with_retry_after(1))
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.running.0.lock().remove(&self.place);
    }
}

/// The version that a client has seen and counts on: `If-Match: "7"`.
pub struct IfMatch(pub Option<i64>);

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let Some(value) = req.headers().get(header::IF_MATCH) else { return ready(Ok(Self(None))) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return ready(Ok(Self(None)));
        }
        let version = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')?.parse().ok());
        let malformed = || ApiError::bad_request("If-Match must be a version as the ETag gave it");
        ready(version.map(|version| Self(Some(version))).ok_or_else(malformed))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r#"^("[0-9]{1,18}"|\*)$"#));
        let told = "The `ETag` that was seen last: 412 if there is a newer version by now.";
        vec![in_header("If-Match", told, schema)]
    }
}

/// The `ETag` of a version.
pub(crate) fn etag(version: i64) -> (HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}
