//! A connection among the sockets of its user: its place, its joining, and what becomes of both when it goes.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::web;
use peerpack_actors::ids::UserId;
use peerpack_actors::runtime::{Hello, Refusal, SessionPort};

use super::elsewhere::{self, PRESENT_FOR};
use crate::app::App;
use crate::bus::SocketName;
use crate::edge::address;
use crate::edge::outbox::Outbox;
use crate::talk;

/// A place among the sockets of an address; free again when dropped.
pub(super) struct Place {
    app: web::Data<App>,
    address: IpAddr,
}

/// A connection that is told of events. Dropped, it is told of nothing more.
pub(super) struct Membership {
    place: Place,
    user: UserId,
    outbox: Arc<Outbox>,
    name: SocketName,
}

impl Place {
    /// Takes one of the places of an address; nothing if there are enough sockets from there already.
    pub(super) fn take(app: web::Data<App>, address: IpAddr) -> Option<Self> {
        let address = address::client(address);
        app.sockets.take_place(address, app.config.max_sockets_per_ip).then(|| Self { app, address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.app.sockets.free_place(self.address);
    }
}

impl Membership {
    /// Tells the other nodes that it is still here; to be repeated before [`PRESENT_FOR`] is over.
    pub(super) fn renew(&self) {
        let app = &self.place.app;
        app.presence.renew(self.user, self.name, app.clock.now(), PRESENT_FOR);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.place.app.presence.leave(self.user, self.name);
        self.outbox.shut();
        self.place.app.engine.detach(self.user, self.outbox.id());
        self.place.app.sockets.leave(self.user, &self.outbox);
        if self.place.app.sockets.of(self.user).is_empty() {
            talk::came_or_went(&self.place.app, self.user, false);
        }
    }
}

/// Joins a connection: from the position it gets it is told of everything. A user's oldest sockets make room.
///
/// # Errors
/// The engine's refusal.
pub(super) async fn join(
    place: Place,
    user: UserId,
    outbox: Arc<Outbox>,
) -> Result<(Membership, Hello), Refusal> {
    // A task of its own: were it dropped half-way, the engine could take in a connection that nobody lets go
    // of.
    let joining = actix_web::rt::spawn(async move {
        let app = place.app.clone();
        let leaving = app.sockets.enter(user, &outbox, app.config.max_sockets_per_user);
        let name = SocketName { opened: app.clock.now(), id: outbox.name() };
        let membership = Membership { place, user, outbox, name };
        let port: Arc<dyn SessionPort> = membership.outbox.clone();
        let hello = app.engine.attach(user, port).await?;
        if app.sockets.of(user).len() == 1 {
            talk::came_or_went(&app, user, true);
        }
        for (leaving, ending) in leaving {
            leaving.end(ending);
            app.engine.detach(user, leaving.id());
        }
        actix_web::rt::spawn(elsewhere::make_room(app, user, Arc::clone(&membership.outbox), name));
        Ok((membership, hello))
    });
    joining.await.unwrap_or(Err(Refusal::Busy))
}
