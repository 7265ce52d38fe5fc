//! Which pages may call: one rule for calls and for sockets. A page that may not is told so, with the setting
//! that would let it; its own script cannot read that, but anybody who looks at the network of the browser,
//! or at the log, can.

use std::collections::BTreeSet;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use parking_lot::Mutex;
use reqwest::Url;

use super::idempotency;
use crate::config::{Config, Mode};
use crate::error::{ApiError, request_id};

/// Headers that pages may send, beside those that browsers let through anyway.
pub(crate) const HEADERS: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    idempotency::KEY,
    request_id::HEADER,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// Of this many refused origins the log speaks.
const MAX_NAMED: usize = 64;

/// The longest origin that is repeated in an answer and in the log.
const LONGEST: usize = 128;

/// The origins of pages that may call the API.
#[derive(Debug)]
pub struct Origins {
    listed: Vec<String>,
    is_development: bool,
    /// The server's own, if it knows it.
    own: String,
    /// Refused ones that the log has named.
    named: Mutex<BTreeSet<String>>,
}

impl Origins {
    /// Those of the configuration, and in development all of this machine.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            listed: config.allowed_origins.clone(),
            is_development: config.mode == Mode::Development,
            own: config.public_url.clone(),
            named: Mutex::default(),
        }
    }

    /// Whether pages of an origin may call.
    #[must_use]
    pub fn allow(&self, origin: &str) -> bool {
        self.listed.iter().any(|listed| listed == origin) || self.is_development && is_of_this_machine(origin)
    }

    /// Refuses the calls of pages that may not call. What names no origin is no page; a page may call where
    /// it comes from.
    ///
    /// # Errors
    /// 403, with the setting that would let the page in.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        self.judge(headers, true)
    }

    /// Refuses the sockets of such pages. Browsers do not ask whether a page may open one, so in production a
    /// page has to be on the list wherever it comes from.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_socket(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        self.judge(headers, self.is_development)
    }

    fn judge(&self, headers: &HeaderMap, may_own: bool) -> Result<(), ApiError> {
        let mut given = headers.get_all(header::ORIGIN);
        let Some(origin) = given.next() else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default();
        let is_one = given.next().is_none();
        if is_one && (self.allow(origin) || may_own && self.is_own(origin, headers)) {
            return Ok(());
        }
        Err(self.refusal(origin))
    }

    /// Whether a page comes from where the call goes to, so that a browser does not ask whether it may.
    fn is_own(&self, origin: &str, headers: &HeaderMap) -> bool {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        let same = headers.get(header::HOST).is_some_and(|host| authority.is_some_and(|own| host == own));
        same || (!self.own.is_empty() && origin == self.own)
    }

    fn refusal(&self, origin: &str) -> ApiError {
        metrics::counter!("peerpack_origins_refused_total").increment(1);
        let harmless = origin.len() <= LONGEST && origin.bytes().all(|byte| byte.is_ascii_graphic());
        let origin = if harmless && !origin.is_empty() { origin } else { "this origin" };
        // A page calls again and again; the log says it once.
        let mut named = self.named.lock();
        if named.len() < MAX_NAMED && named.insert(origin.to_owned()) {
            tracing::warn!(
                origin,
                "a page was refused: its origin is not among allowed_origins (PEERPACK_ALLOWED_ORIGINS)"
            );
        }
        let message = format!(
            "pages of {origin} may not call: it is not among allowed_origins (PEERPACK_ALLOWED_ORIGINS)"
        );
        ApiError::new(StatusCode::FORBIDDEN, "origin_not_allowed", message)
    }
}

/// Whether an origin is a page that this machine serves, at any port.
fn is_of_this_machine(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    matches!(url.scheme(), "http" | "https")
        && url.origin().ascii_serialization() == origin
        && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Refuses what foreign pages ask, and what pages ask with headers that are not let through. Sockets have a
/// check of their own, after the one of their token.
///
/// # Errors
/// The refusal, or the handler's error.
pub async fn refuse_foreign<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_socket = req.path() == "/ws" || req.path().starts_with("/ws/");
    if let Some(origins) = req.app_data::<web::Data<Origins>>().filter(|_| !is_socket) {
        origins.check(req.headers())?;
    }
    if req.method() == Method::OPTIONS {
        check_asked(req.headers())?;
    }
    Ok(next.call(req).await?.map_into_boxed_body())
}

/// Whether everything that a browser asks to send is let through; otherwise says what is not.
fn check_asked(headers: &HeaderMap) -> Result<(), ApiError> {
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).map(HeaderValue::to_str);
    let asked = asked.and_then(Result::ok).unwrap_or_default();
    let names = asked.split(',').map(str::trim).filter(|name| !name.is_empty());
    for name in names {
        if !HEADERS.iter().any(|known| known.as_str().eq_ignore_ascii_case(name)) {
            let harmless = name.len() <= LONGEST && HeaderName::try_from(name).is_ok();
            let name = if harmless { name } else { "one of the headers" };
            let allowed = HEADERS.map(|header| header.to_string()).join(", ");
            let message = format!("pages may not send {name}: only {allowed}");
            return Err(ApiError::forbidden(message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_of_this_machine;

    #[test]
    fn a_page_of_this_machine_is_one_at_any_port_and_no_other() {
        for own in [
            "http://localhost",
            "http://localhost:5173",
            "https://localhost:8443",
            "http://127.0.0.1:61234",
            "http://[::1]:3000",
            "http://[::1]",
        ] {
            assert!(is_of_this_machine(own), "{own}");
        }
        for foreign in [
            "null",
            "",
            "localhost:3000",
            "http://localhost.evil.example",
            "http://localhost:3000@evil.example",
            "http://evil.example/localhost",
            "http://localhost:3000/",
            "http://127.0.0.1.evil.example:80",
            "file://localhost",
            "http://10.0.0.1:3000",
        ] {
            assert!(!is_of_this_machine(foreign), "{foreign}");
        }
    }
}
