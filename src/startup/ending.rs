//! How a server ends: it stops taking on work, sends its sockets away one by one, and finishes what was asked before.
//!
//! All of it takes fifteen seconds at most. Connections that come meanwhile wait in the listener; whoever has inherited
//! it takes them, so a restart refuses nobody.

use std::time::Duration;

use actix_server::ServerHandle;
use tokio::signal::unix::{SignalKind, signal};

use super::inherited;
use crate::app::App;

/// How long requests may take that were under way, seconds.
pub(super) const REQUESTS_WITHIN_S: u64 = 10;

/// How long sockets may take to close.
const SOCKETS_WITHIN: Duration = Duration::from_secs(4);

/// Connections that were accepted a moment ago get this long to say what they want.
const MOMENT: Duration = Duration::from_millis(50);

/// Waits for a signal to end, and ends the server.
pub(super) async fn on_signal(app: App, server: ServerHandle) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return tracing::error!("signals cannot be heard: the server ends without finishing what it has");
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!(sockets = app.sockets.len(), "ending");
    end(&app, &server).await;
}

/// Ends a server that is in use.
async fn end(app: &App, server: &ServerHandle) {
    inherited::tell("STOPPING=1");
    app.duty.end();
    server.pause().await;
    tokio::time::sleep(MOMENT).await;
    app.sockets.close_all(SOCKETS_WITHIN).await;
    server.stop(true).await;
}
