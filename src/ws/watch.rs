//! Watches a connection from outside of its session: a peer that does not read keeps the session from being polled at
//! all, its timers included. Such a connection is let go of, and its socket shut.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::web;
use peerpack_actors::ids::UserId;

use super::outbox::{Ending, Outbox};
use super::sockets;
use super::wire::close;
use crate::app::App;

/// How often the session is asked to look.
const ROUND: Duration = Duration::from_secs(5);

/// How long it may take.
const STUCK: Duration = Duration::from_secs(9);

/// How long the last words of a connection may take to get out.
const LAST_WORDS: Duration = Duration::from_secs(8);

/// A second handle to a connection's socket, to shut it from outside.
pub(super) struct Plug(TcpStream);

impl Plug {
    fn pull(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Keeps a second handle to a connection's socket. To be given to `HttpServer::on_connect`; without it, a stuck
/// connection is freed of everything but its socket.
pub fn keep_plug(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        data.insert(Arc::new(Plug(handle.into())));
    }
}

/// Runs as long as the connection, and a little longer.
pub(super) async fn watch(app: web::Data<App>, user: UserId, outbox: Arc<Outbox>, plug: Weak<Plug>) {
    loop {
        if tokio::time::timeout(ROUND, outbox.ended()).await.is_ok() {
            tokio::time::sleep(LAST_WORDS).await;
            break;
        }
        if outbox.is_stuck_for(STUCK) {
            metrics::counter!("peerpack_ws_stuck_total").increment(1);
            tracing::debug!(%user, "the peer does not read");
            outbox.end(Ending::new(close::TOO_SLOW, "too slow"));
            break;
        }
        outbox.poke();
    }
    outbox.shut();
    sockets::leave(&app, user, &outbox);
    // Gone by now, if all went well.
    if let Some(plug) = plug.upgrade() {
        plug.pull();
    }
}
