//! The one error of the HTTP edge: a status, a stable code and a sentence for people.
//!
//! Every refusal of the core and every failure below becomes an [`ApiError`] here and nowhere else, so that
//! clients meet one body, `application/problem+json`. Nothing internal may get into it: no parser's words, no
//! path, no SQL.

mod candidates;
pub mod codes;
pub mod extract;
pub mod panics;
mod rejections;
pub mod request_id;
mod translated;
pub mod wrong;

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use peerpack_actors::place::Place;
use peerpack_actors::ports::{CommitError, Unavailable};
use peerpack_actors::runtime::Refusal;
use peerpack_actors::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::texts::language::Language;
use crate::texts::russian;

pub use candidates::Candidate;
use candidates::Meant;
pub(crate) use rejections::town_state;

/// The media type of every error body.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An answer that is not a success.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    russian: Option<Box<str>>,
    fields: BTreeMap<String, String>,
    meant: Option<Box<Meant>>,
    limit: Option<u32>,
    retry_after_s: Option<u32>,
}

/// The body of an error, as RFC 9457 has it and with our own members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:peerpack:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, for programs.
    #[schema(value_type = codes::ErrorCode)]
    pub code: String,
    /// For people: in Russian if `Accept-Language` prefers it to English, otherwise in English.
    pub message: String,
    /// Names this HTTP request in the server's log, as `x-request-id` does. Not the id of anybody's request
    /// to carry a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What is wrong, field by field, in the language of `message`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// What may have been meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// The places that may have been meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// The most there may be, of what there would be too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `false`, on the paths of the messenger only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// The same as `message`, on the paths of the messenger and of the dispatch only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl ApiError {
    /// An error with a status, a stable code and a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(
            codes::of(code)
                .is_some_and(|known| known.is_general || known.statuses.contains(&status.as_u16())),
            "{code} with {status} is not among the documented codes"
        );
        Self {
            status,
            code,
            message: message.into(),
            russian: None,
            fields: BTreeMap::new(),
            meant: None,
            limit: None,
            retry_after_s: None,
        }
    }

    /// The same sentence in Russian, where it is none of those that are known by heart.
    #[must_use]
    pub fn in_russian(mut self, message: impl Into<String>) -> Self {
        self.russian = Some(message.into().into_boxed_str());
        self
    }

    /// The error as it is told in a language.
    #[must_use]
    pub fn told_in(self, language: Language) -> Self {
        match language {
            Language::Russian => translated::translated(self),
            Language::English => self,
        }
    }

    /// 400: the request is malformed.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 401: nobody is signed in.
    #[must_use]
    pub fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 403: visible to the caller, but not theirs to do.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: not there, or not visible to the caller.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    /// 408: the request took too long to arrive.
    #[must_use]
    pub fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the request took too long to arrive")
    }

    /// 409: the state does not allow it.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 413: the body is larger than `limit` bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let message = format!("the body may have at most {limit} bytes");
        let russian = format!("Слишком большой запрос: не больше {limit} байт");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message).in_russian(russian)
    }

    /// 415: the body is not of a type we read.
    #[must_use]
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    /// 422: understood, but this field will not do.
    #[must_use]
    pub fn unprocessable(field: impl Into<String>, reason: impl Into<String>) -> Self {
        let (field, reason) = (field.into(), reason.into());
        let message = format!("{field}: {reason}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message).with_field(field, reason)
    }

    /// 422: the name in this field means several places.
    #[must_use]
    pub fn ambiguous_place(field: &str) -> Self {
        let reason = "this name means several places: say the region, or one of `candidates`";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "ambiguous_place", format!("{field}: {reason}"))
            .with_field(field, reason)
    }

    /// 429: asked too often; again after so many seconds.
    #[must_use]
    pub fn too_many(retry_after_s: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", "too many requests, please wait a moment")
            .with_retry_after(retry_after_s)
    }

    /// 503: something we need does not answer; again in a second.
    #[must_use]
    pub fn unavailable() -> Self {
        let message = "this is temporarily unavailable, please try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message).with_retry_after(1)
    }

    /// 500: a fault of ours. The cause goes to the log, not to the client.
    #[must_use]
    pub fn internal(cause: &dyn fmt::Display) -> Self {
        tracing::error!(%cause, request_id = request_id::current().as_deref(), "internal error");
        Self::for_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The plain error of a status that nothing more is known about.
    #[must_use]
    pub fn for_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::BAD_REQUEST => ("bad_request", "the request is malformed"),
            StatusCode::UNAUTHORIZED => ("unauthorized", "please sign in"),
            StatusCode::FORBIDDEN => ("forbidden", "this is not allowed"),
            StatusCode::NOT_FOUND => return Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this method is not allowed here"),
            StatusCode::REQUEST_TIMEOUT => return Self::too_slow(),
            StatusCode::CONFLICT => ("conflict", "this is not possible now"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported_media_type", "the body's type is not supported")
            }
            StatusCode::UNPROCESSABLE_ENTITY => ("invalid", "the request cannot be carried out as it is"),
            StatusCode::TOO_MANY_REQUESTS => ("too_many", "too many requests, please wait a moment"),
            StatusCode::SERVICE_UNAVAILABLE => return Self::unavailable(),
            status if status.is_client_error() => ("bad_request", "the request cannot be answered"),
            _ => ("internal", "something went wrong on our side"),
        };
        Self::new(status, code, message)
    }

    /// Names a field and what is wrong with it.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        self.fields.insert(field.into(), reason.into());
        self
    }

    /// Adds what may have been meant.
    #[must_use]
    pub fn with_suggestions(mut self, suggestions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let meant = self.meant.get_or_insert_default();
        meant.suggestions.extend(suggestions.into_iter().map(Into::into));
        self
    }

    /// Adds the places that may have been meant by what a field says.
    #[must_use]
    pub fn with_candidates(mut self, field: &str, places: &[&Place]) -> Self {
        let meant = self.meant.get_or_insert_default();
        meant.suggestions.extend(places.iter().map(|place| place.name_ru.to_owned()));
        meant.candidates.extend(places.iter().map(|place| Candidate::of(field, place)));
        self
    }

    /// Says how many there may be at most.
    #[must_use]
    pub const fn with_limit(mut self, most: Option<u32>) -> Self {
        self.limit = most;
        self
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub const fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The status of HTTP that the refusal is answered with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The body for a request that is known as `request_id`.
    #[must_use]
    pub fn problem(&self, request_id: Option<String>) -> Problem {
        let meant = self.meant.as_deref().cloned().unwrap_or_default();
        Problem {
            kind: format!("urn:peerpack:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            message: self.message.clone(),
            request_id,
            fields: self.fields.clone(),
            suggestions: meant.suggestions,
            candidates: meant.candidates,
            limit: self.limit,
            success: None,
            error: None,
        }
    }

    fn body(&self) -> String {
        let told = self.clone().told_in(request_id::language());
        serde_json::to_string(&told.problem(request_id::current())).unwrap_or_default()
    }
}

/// A sentence that is known by heart, in a language.
#[must_use]
pub fn sentence(english: &'static str, language: Language) -> &'static str {
    match language {
        Language::Russian => russian::sentence(english).unwrap_or(english),
        Language::English => english,
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON)));
        response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let rejected = matches!(self.code, "invalid_token" | "token_expired");
            let challenge = if rejected { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            response.insert_header((header::UPGRADE, "websocket"));
            response.insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
        }
        if self.status == StatusCode::REQUEST_TIMEOUT {
            // What is still to come of this request must not be read as the next one.
            response.force_close();
        }
        response.body(self.body())
    }
}

impl From<Unavailable> for ApiError {
    fn from(_: Unavailable) -> Self {
        Self::unavailable()
    }
}

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => {
                Self::conflict("conflict", "somebody else changed this at the same moment, please try again")
            }
            CommitError::Refused(rejection) => rejection.into(),
            CommitError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => rejection.into(),
            Refusal::NotFound => Self::not_found(),
            Refusal::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too busy, please try again")
                .with_retry_after(1),
            Refusal::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

/// How many whole seconds a caller has to wait: rounded up, and one at least.
pub(crate) fn whole_seconds(wait: Span) -> u32 {
    let ms = u64::try_from(wait.ms()).unwrap_or_default();
    u32::try_from(ms.div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests;
