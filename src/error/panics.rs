//! A handler that panics: its request is answered with 500, and the connection and the worker go on.

use std::panic::AssertUnwindSafe;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use futures_util::FutureExt;

use super::ApiError;

/// Catches the panic of a handler. Goes inside of what has to see every answer.
///
/// # Errors
/// The handler's error; 500 if it panics.
pub async fn catch<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    // What a handler shares with others is behind locks that do not poison, or in the store.
    match AssertUnwindSafe(async move { next.call(req).await }).catch_unwind().await {
        Ok(answer) => answer,
        Err(panic) => {
            metrics::counter!("peerpack_handler_panics_total").increment(1);
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Err(ApiError::internal(&format!("a handler panicked: {}", text.unwrap_or("no message"))).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, test, web};

    use super::*;

    async fn stumble() -> HttpResponse {
        let nothing: Option<u8> = std::hint::black_box(None);
        HttpResponse::Ok().json(nothing.expect("a bug"))
    }

    #[actix_web::test]
    async fn f15_a_handler_that_panics_answers_500_and_the_next_request_is_answered() {
        let app = App::new()
            .wrap(from_fn(catch))
            .route("/bug", web::get().to(stumble))
            .route("/fine", web::get().to(HttpResponse::Ok));
        let app = test::init_service(app).await;
        let request = |path| test::TestRequest::get().uri(path).to_request();
        let error = test::try_call_service(&app, request("/bug")).await.expect_err("an error");
        assert_eq!(error.as_response_error().status_code(), 500);
        assert!(test::call_service(&app, request("/fine")).await.status().is_success());
    }
}
