//! The HTTP server around the application: its workers, its patience, and what all requests pass through.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_cors::Cors;
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::web;
use peerpack_actors::ports::Clock;

use super::app_data::AppData;
use super::ending::{self, KEPT_FOR, REQUESTS_WITHIN_S};
use crate::app::App;
use crate::auth::token::Tokens;
use crate::config::Config;
use crate::edge::connections::{Connection, Connections, turn};
use crate::edge::origins::{self, Origins};
use crate::edge::{idempotency, secure_headers};
use crate::error::{extract, panics, request_id};
use crate::http::{self, links};
use crate::ws;

/// How long a client may take over its request line and headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);

/// How long what is left of a body is still taken in after an answer that closes the connection: closed at
/// once, it might not let the answer through.
const LEFT_WITHIN: Duration = Duration::from_secs(2);

/// A server on a listener. It ends when its handle says so; signals are dealt with elsewhere.
///
/// # Errors
/// The listener cannot be used.
pub(crate) fn serve(
    listener: TcpListener,
    app: App,
    tokens: Tokens,
    beside: AppData,
    connections: Arc<Connections>,
) -> std::io::Result<Server> {
    let workers = app.config.workers;
    let clock: web::Data<dyn Clock> = web::Data::from(Arc::clone(&app.clock));
    let config = web::Data::from(Arc::clone(&app.config));
    let (app, tokens) = (web::Data::new(app), web::Data::new(tokens));
    let (threads, number) = (app.engine.threads().clone(), Arc::new(AtomicUsize::new(0)));
    let builder = Server::build().workers(workers).shutdown_timeout(REQUESTS_WITHIN_S).disable_signals();
    let ending = builder.graceful_shutdown_signal();
    let server = builder.listen("peerpack", listener, move || {
        // This runs once on each worker's own thread.
        let number = number.fetch_add(1, Ordering::Relaxed);
        actix_web::rt::spawn(threads.beat(format!("requests {number}")));
        let ending = ending.clone();
        let application = || {
            let application =
                application(app.clone(), tokens.clone(), config.clone(), clock.clone(), beside.clone());
            let application = application.map_err(|error: actix_web::Error| error.error_response().into());
            map_config(application, |()| AppConfig::default())
        };
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let ending = ending.clone();
                async move { ending.notified().await }
            })
            .client_request_timeout(HEADERS_WITHIN)
            .client_disconnect_timeout(LEFT_WITHIN)
            .keep_alive(KEPT_FOR)
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.turn());
            })
            .upgrade(ws::Takeover::new(application()))
            .finish(application());
        let connections = Arc::clone(&connections);
        let admit = move |stream: TcpStream| {
            let admitted = connections.admit(stream);
            async move {
                let (connection, peer) = admitted.ok_or(DispatchError::DisconnectTimeout)?;
                Ok((connection, Protocol::Http1, Some(peer)))
            }
        };
        fn_service(admit).and_then(http)
    })?;
    Ok(server.run())
}

/// What answers requests: the routes, and around them what all of them pass through.
fn application(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    config: web::Data<Config>,
    clock: web::Data<dyn Clock>,
    beside: AppData,
) -> impl ServiceFactory<
    actix_http::Request,
    Config = AppConfig,
    Response = ServiceResponse<BoxBody>,
    Error = actix_web::Error,
    InitError = (),
> {
    let cors = cors(beside.origins());
    actix_web::App::new()
        .app_data(app)
        .app_data(tokens)
        .app_data(config)
        .app_data(clock)
        .configure(|config| beside.provide(config))
        .configure(extract::refuse_in_our_words)
        .wrap(from_fn(panics::catch))
        .wrap(from_fn(turn::count))
        .wrap(from_fn(links::remember))
        .wrap(cors)
        .wrap(from_fn(origins::refuse_foreign))
        .wrap(NormalizePath::new(TrailingSlash::Trim))
        .wrap(from_fn(request_id::name))
        .wrap(from_fn(ending::say_goodbye))
        .wrap(from_fn(secure_headers::headers))
        .wrap(from_fn(turn::take))
        .configure(http::routes)
        .default_service(web::to(http::pages::page_or_nothing))
        .into_factory()
}

fn cors(origins: web::Data<Origins>) -> Cors {
    Cors::default()
        .allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|origin| origins.allow(origin)))
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers(origins::HEADERS)
        .expose_headers([idempotency::REPLAYED, header::ETAG, header::RETRY_AFTER, request_id::HEADER])
        .max_age(600)
}
