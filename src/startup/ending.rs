//! How a server ends: it stops taking on work, sends its sockets away one by one, and finishes what was asked
//! before.
//!
//! All of it takes fifteen seconds at most. Connections that come meanwhile wait in the listener; anybody who
//! has inherited it takes them, so a restart refuses nobody.

use std::sync::Arc;
use std::time::Duration;

use actix_http::ConnectionType;
use actix_server::ServerHandle;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::inherited;
use crate::app::App;
use crate::edge::connections::Connections;

/// How long a connection is kept for a next request.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(5);

/// Answers that were decided just before the end begin their time only when they are written.
const WRITTEN_WITHIN: Duration = Duration::from_millis(500);

/// How long requests may take that were under way when the last kept connection had its time, seconds.
pub(super) const REQUESTS_WITHIN_S: u64 = 9;

/// How often the connections are counted.
const ROUND: Duration = Duration::from_millis(20);

/// How long sockets may take to close.
const SOCKETS_WITHIN: Duration = Duration::from_secs(4);

/// Connections that were accepted a moment ago get this long to say what they want.
const MOMENT: Duration = Duration::from_millis(50);

/// While the server ends, every answer is the last one on its connection: anybody who kept one for the next
/// request would find it closed.
///
/// # Errors
/// Those of what is inside.
pub(super) async fn say_goodbye(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut answer = next.call(req).await?;
    let is_ending = answer.request().app_data::<web::Data<App>>().is_some_and(|app| app.duty.is_ending());
    if is_ending && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(answer)
}

/// Waits for a signal to end, and ends the server. Anybody who presses Ctrl-C a second time does not want to
/// wait for anybody.
pub(super) async fn on_signal(app: App, server: ServerHandle, connections: Arc<Connections>) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return tracing::error!("signals cannot be heard: the server ends without finishing what it has");
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!(sockets = app.sockets.len(), connections = connections.len(), "ending");
    tokio::select! {
        () = end(&app, &server, &connections) => {}
        _ = interrupt.recv() => {
            tracing::warn!("ending at once: requests that are under way may be cut off");
            server.stop(false).await;
        }
    }
}

/// Ends a server that is in use.
async fn end(app: &App, server: &ServerHandle, connections: &Connections) {
    let until = Instant::now() + KEPT_FOR + WRITTEN_WITHIN;
    inherited::tell("STOPPING=1");
    app.duty.end();
    server.pause().await;
    tokio::time::sleep(MOMENT).await;
    let handed_out = Instant::now();
    app.sockets.close_all(SOCKETS_WITHIN).await;
    // Closed now, a kept connection might be the one on which somebody is just asking. Used once more, it is
    // the client who closes it; unused, it ends when it would have ended anyway. And a worker that has much
    // to do has not yet looked at all connections that it was given: those it would drop.
    let threads = app.engine.threads();
    while !(connections.is_empty() && threads.have_spoken_since(handed_out)) && Instant::now() < until {
        tokio::time::sleep(ROUND).await;
    }
    server.stop(true).await;
}
