//! The sockets that a user has on other nodes count, too.

use std::sync::Arc;

use actix_web::web;
use peerpack_actors::ids::UserId;
use peerpack_actors::time::Span;

use crate::app::App;
use crate::bus::SocketName;
use crate::edge::close;
use crate::edge::outbox::{Ending, Outbox};

/// For how long a user counts as present after a sign of life.
pub(super) const PRESENT_FOR: Span = Span::seconds(75);

/// Makes a new socket known to the other nodes, and the oldest of all make room if there are too many. Nobody
/// waits for it: a bus that does not answer leaves it at the sockets of this node.
pub(super) async fn make_room(app: web::Data<App>, user: UserId, outbox: Arc<Outbox>, name: SocketName) {
    let Ok(all) = app.presence.enter(user, name, app.clock.now(), PRESENT_FOR).await else { return };
    if !app.sockets.of(user).iter().any(|here| here.name() == name.id) {
        // It was faster to go.
        return app.presence.leave(user, name);
    }
    let surplus = all.len().saturating_sub(app.config.max_sockets_per_user.max(1));
    if surplus == 0 {
        return;
    }
    if !app.sockets.may_replace(user) {
        return outbox.end(Ending::new(close::TOO_MANY, "too many sockets"));
    }
    for SocketName { id, .. } in &all[..surplus] {
        app.sockets.make_room(user, *id);
        app.presence.replace(user, *id);
    }
}
