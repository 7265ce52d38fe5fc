//! Gives every request a name, and every error answer its shape.
//!
//! The name is in the answer's `x-request-id`, in the body of errors, and in the span that all work for the
//! request belongs to, so that the log has it. Answers of 400 and above that have no body of their own
//! (actix's own 404, 405, 426 …) become problem documents here. Must not decide anything else.

use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use peerpack_actors::ports::Clock;
use tracing::Instrument as _;

use super::ApiError;
use crate::texts::language::Language;

/// The header that carries the name, in both directions.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST_GIVEN: usize = 64;

tokio::task_local! {
    static CURRENT: RequestId;
    static LANGUAGE: Language;
}

/// The name of a request; also in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Rc<str>);

impl RequestId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn given(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(HEADER)?.to_str().ok()?;
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (!text.is_empty() && text.len() <= LONGEST_GIVEN && text.bytes().all(harmless))
            .then(|| Self(text.into()))
    }
}

/// The name of the request this task works on, if it works on one.
#[must_use]
pub fn current() -> Option<String> {
    CURRENT.try_with(|id| id.as_str().to_owned()).ok()
}

/// The language of the person or program that made the request this task works on. A request that asks for
/// none gets English, the language of programs.
pub(crate) fn language() -> Language {
    LANGUAGE.try_with(|language| *language).unwrap_or(Language::English)
}

/// Names the request and shapes its error answers. Goes outermost: `.wrap(from_fn(request_id::name))`. Takes
/// the clock from the app data (`web::Data<dyn Clock>`); a name given by the client is kept if it is
/// harmless.
///
/// # Errors
/// The handler's error, already rendered.
pub async fn name<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let fresh =
        || req.app_data::<web::Data<dyn Clock>>().map(|clock| RequestId(hex::encode(clock.random()).into()));
    let id = RequestId::given(req.headers()).or_else(fresh).unwrap_or_else(|| RequestId("-".into()));
    req.extensions_mut().insert(id.clone());
    let header = HeaderValue::from_str(id.as_str()).unwrap_or(HeaderValue::from_static("-"));
    let language = Language::accepted(req.headers()).unwrap_or(Language::English);
    let span = tracing::info_span!("request", request_id = id.as_str(), route = tracing::field::Empty);
    let answer = CURRENT.scope(id, async move {
        match next.call(req).await {
            Ok(response) => {
                let mut response = shaped(response.map_into_boxed_body());
                response.headers_mut().insert(HEADER, header);
                Ok(response)
            }
            Err(error) => {
                // Rendered here, while the name is known; outside, actix would render it without.
                let mut response = shape(error.error_response());
                response.headers_mut().insert(HEADER, header);
                Err(InternalError::from_response(error, response).into())
            }
        }
    });
    LANGUAGE.scope(language, answer).instrument(span).await
}

fn shaped(response: ServiceResponse) -> ServiceResponse {
    let (request, response) = response.into_parts();
    ServiceResponse::new(request, shape(response))
}

fn shape(response: HttpResponse) -> HttpResponse {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    // A handler that names a type means its body; without one, or as plain text, it is actix that speaks.
    let is_meant = kind.is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if is_meant || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let mut problem = ApiError::for_status(status).error_response();
    let own: Vec<HeaderName> = problem.headers().keys().cloned().collect();
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH && !own.contains(name) {
            problem.headers_mut().append(name.clone(), value.clone());
        }
    }
    problem
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};

    use super::*;
    use crate::error::Problem;

    async fn refuse() -> Result<HttpResponse, ApiError> {
        Err(ApiError::bad_request("no"))
    }

    async fn not_ready() -> HttpResponse {
        HttpResponse::ServiceUnavailable().json(["database"])
    }

    macro_rules! app {
        () => {
            init_service(
                App::new()
                    .wrap(from_fn(name))
                    .service(web::resource("/refuse").route(web::get().to(refuse)))
                    .service(web::resource("/ready").route(web::get().to(not_ready)))
                    .service(web::resource("/post-only").route(web::post().to(HttpResponse::Ok))),
            )
            .await
        };
    }

    #[actix_web::test]
    async fn the_name_of_a_request_is_in_the_header_and_in_the_error() {
        let app = app!();
        let request = TestRequest::get().uri("/refuse").insert_header(("x-request-id", "abc-1")).to_request();
        let response = call_service(&app, request).await;
        assert_eq!(response.headers().get("x-request-id").unwrap(), "abc-1");
        let problem: Problem = read_body_json(response).await;
        assert_eq!(problem.request_id.as_deref(), Some("abc-1"));
        assert_eq!(current(), None);
    }

    #[actix_web::test]
    async fn errors_are_in_the_language_that_is_preferred() {
        let app = app!();
        for (preferred, message) in [
            ("", "no"),
            ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "Запрос не понят"),
            ("en-GB,ru;q=0.5", "no"),
            ("tt_RU", "Запрос не понят"),
            ("fr", "no"),
        ] {
            let request = TestRequest::get().uri("/refuse").insert_header(("accept-language", preferred));
            let problem: Problem = read_body_json(call_service(&app, request.to_request()).await).await;
            assert_eq!(
                (problem.message.as_str(), problem.code.as_str()),
                (message, "bad_request"),
                "{preferred}"
            );
        }
        let request = TestRequest::get().uri("/nowhere").insert_header(("accept-language", "ru"));
        let problem: Problem = read_body_json(call_service(&app, request.to_request()).await).await;
        assert_eq!((problem.message.as_str(), problem.title.as_str()), ("Здесь ничего нет", "Not Found"));
    }

    #[actix_web::test]
    async fn a_name_that_could_harm_the_log_is_not_taken() {
        let app = app!();
        let request =
            TestRequest::get().uri("/refuse").insert_header(("x-request-id", "a b\tc")).to_request();
        let problem: Problem = read_body_json(call_service(&app, request).await).await;
        assert_ne!(problem.request_id.as_deref(), Some("a b\tc"));
    }

    #[actix_web::test]
    async fn unknown_paths_and_wrong_methods_are_problem_documents_too() {
        let app = app!();
        let response = call_service(&app, TestRequest::get().uri("/nowhere/secret").to_request()).await;
        let problem: Problem = read_body_json(response).await;
        assert_eq!((problem.status, problem.code.as_str()), (404, "not_found"));
        assert!(!serde_json::to_string(&problem).unwrap().contains("secret"));

        let response = call_service(&app, TestRequest::get().uri("/post-only").to_request()).await;
        assert_eq!(response.headers().get("allow").unwrap(), "POST");
        let problem: Problem = read_body_json(response).await;
        assert_eq!((problem.status, problem.code.as_str()), (405, "method_not_allowed"));
    }

    #[actix_web::test]
    async fn a_body_that_a_handler_means_is_left_alone() {
        let app = app!();
        let response = call_service(&app, TestRequest::get().uri("/ready").to_request()).await;
        assert_eq!(response.status(), 503);
        assert_eq!(read_body_json::<Vec<String>, _>(response).await, ["database"]);
    }
}
