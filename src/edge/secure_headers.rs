//! Headers that tell browsers to be careful with every answer.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::config::{Config, Mode};

/// Answers are data. Where one is shown all the same, it may load nothing, and only Telegram's web client may
/// frame it.
const NOTHING: &str = "default-src 'none'; frame-ancestors https://web.telegram.org";

/// The page at `/docs` is made of its own files.
const OWN_FILES: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                         frame-ancestors 'none'";

/// Adds the headers. Goes outermost.
///
/// # Errors
/// The handler's error, with the headers.
pub async fn headers<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let production =
        req.app_data::<web::Data<Config>>().is_some_and(|config| config.mode == Mode::Production);
    let policy = if req.path().starts_with("/docs") { OWN_FILES } else { NOTHING };
    match next.call(req).await {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            add(response.headers_mut(), policy, production);
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            add(response.headers_mut(), policy, production);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn add(headers: &mut HeaderMap, policy: &'static str, production: bool) {
    let mut add = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::REFERRER_POLICY, "no-referrer");
    add(header::CONTENT_SECURITY_POLICY, policy);
    add(header::CACHE_CONTROL, "no-store");
    if production {
        add(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
}
