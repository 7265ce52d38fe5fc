//! The paths of the messenger, whose clients look for `success` and `error` in every body, and of the
//! dispatch, whose console looks for `error`.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web;
use serde::Serialize;
use serde_json::Value;

use crate::config::Config;
use crate::error::{ApiError, Problem};

/// A refusal as the messenger's clients read it: what they know comes first.
#[derive(Serialize)]
struct Refusal {
    success: bool,
    error: String,
    #[serde(flatten)]
    problem: Problem,
}

/// What some problems have, and others leave out: it means the same wherever it is.
const OF_PROBLEMS: [&str; 6] = ["request_id", "suggestions", "candidates", "limit", "success", "error"];

/// What the older messenger calls, and what belongs to it.
pub(super) fn is_messengers(path: &str) -> bool {
    const STARTS: [&str; 3] = ["/chats", "/messages", "/users/search"];
    const PATHS: [&str; 5] =
        ["/auth/register", "/auth/request-code", "/auth/verify-code", "/profile", "/profile/avatar"];
    PATHS.contains(&path) || STARTS.iter().any(|start| path.starts_with(start))
}

/// What the console of the dispatch calls, beside signing in.
fn is_of_the_town(path: &str) -> bool {
    const ROOMS: [&str; 7] =
        ["orders", "drivers", "passengers", "regions", "dispatch", "mobile", "analytics"];
    path.split('/').nth(1).is_some_and(|room| ROOMS.contains(&room))
}

/// Whose clients look for `error`, and for a map of fields, in the body of a refusal.
pub(super) fn is_consoles(path: &str) -> bool {
    const PATHS: [&str; 6] = [
        "/admin/users",
        "/auth/phone-login",
        "/auth/verify-otp",
        "/auth/email-login",
        "/auth/token/refresh",
        "/auth/logout",
    ];
    let is_of_staff = path == "/admin/users/bulk-action" || path.starts_with("/admin/users/{number}");
    PATHS.contains(&path) || is_of_staff || is_of_the_town(path)
}

/// Adds to refusals what the console of the dispatch looks for. Where no dispatch runs, its paths are not
/// there.
///
/// # Errors
/// None: a refusal is an answer here.
pub(super) async fn of_console<B: MessageBody + 'static>(
    path: &'static str,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let runs = req.app_data::<web::Data<Config>>().is_none_or(|config| config.dispatch);
    if is_of_the_town(path) && !runs {
        return Err(ApiError::not_found().into());
    }
    told(req, next, |body| {
        let Ok(Value::Object(mut problem)) = serde_json::from_slice(body) else { return None };
        let message = problem.get("message").cloned().unwrap_or_default();
        let fields = problem.get("fields").and_then(Value::as_object).cloned().unwrap_or_default();
        // A field that is called as a member of every problem is in `fields` alone.
        let fields = fields.into_iter().filter(|(field, _)| !OF_PROBLEMS.contains(&field.as_str()));
        for (field, reason) in fields {
            problem.entry(field).or_insert_with(|| Value::Array(vec![reason]));
        }
        problem.entry("error").or_insert_with(|| message.clone());
        problem.entry("detail").or_insert(message);
        Some(Value::Object(problem).to_string())
    })
    .await
}

/// Adds `success: false` and `error` to refusals.
///
/// # Errors
/// None: a refusal is an answer here.
pub(super) async fn refusals<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    told(req, next, |body| {
        let problem: Problem = serde_json::from_slice(body).ok()?;
        serde_json::to_string(&Refusal { success: false, error: problem.message.clone(), problem }).ok()
    })
    .await
}

/// Tells refusals in another way; those of which nothing is made stay as they are.
async fn told<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
    tell: impl FnOnce(&[u8]) -> Option<String>,
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
    let Some(body) = tell(&body) else {
        return Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))));
    };
    response.headers_mut().remove(header::CONTENT_LENGTH);
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))))
}
