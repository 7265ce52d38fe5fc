//! The paths of the messenger: its clients look for `success` and `error` in every body.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use serde_json::Value;

/// What the older messenger calls, and what belongs to it.
pub(super) fn is_messengers(path: &str) -> bool {
    const STARTS: [&str; 3] = ["/chats", "/messages", "/users/search"];
    const PATHS: [&str; 5] =
        ["/auth/register", "/auth/request-code", "/auth/verify-code", "/profile", "/profile/avatar"];
    PATHS.contains(&path) || STARTS.iter().any(|start| path.starts_with(start))
}

/// Adds `success: false` and `error` to refusals.
///
/// # Errors
/// None: a refusal is an answer here.
pub(super) async fn refusals<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let request = req.request().clone();
    let response = match next.call(req).await {
        Ok(response) if response.status().as_u16() < 400 => return Ok(response.map_into_boxed_body()),
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => ServiceResponse::new(request, error.error_response()),
    };
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let body = to_bytes(body).await.unwrap_or_default();
    let Ok(Value::Object(mut problem)) = serde_json::from_slice(&body) else {
        return Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))));
    };
    let message = problem.get("message").cloned().unwrap_or_default();
    problem.insert("success".to_owned(), false.into());
    problem.insert("error".to_owned(), message);
    let body = Value::Object(problem).to_string();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))))
}
