//! Every socket of this process by user: the limit for each user, and the way to end sockets from outside.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use actix_web::web;
use parking_lot::Mutex;
use peerpack_actors::ids::UserId;
use peerpack_actors::runtime::{Hello, Refusal, SessionPort};

use super::outbox::{Ending, Outbox};
use super::wire::close;
use crate::app::App;

/// Oldest first. One for the process: what is limited is its sockets.
static SOCKETS: LazyLock<Mutex<HashMap<UserId, Vec<Arc<Outbox>>>>> = LazyLock::new(Mutex::default);

/// The close code of a restart.
const RESTART: u16 = 1012;

/// How far apart clients are sent away when all are.
const SPREAD_MS: u32 = 10_000;

/// A connection that is told of events. Dropped, it is told of nothing more.
pub(super) struct Membership {
    app: web::Data<App>,
    user: UserId,
    outbox: Arc<Outbox>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.outbox.shut();
        leave(&self.app, self.user, &self.outbox);
    }
}

/// Joins a connection: from the position it gets it is told of everything. A user's oldest sockets make room.
///
/// # Errors
/// The engine's refusal.
pub(super) async fn join(
    app: web::Data<App>,
    user: UserId,
    outbox: Arc<Outbox>,
) -> Result<(Membership, Hello), Refusal> {
    // A task of its own: were it dropped half-way, the engine could take in a connection that nobody lets go of.
    let joining = actix_web::rt::spawn(async move {
        let membership = Membership { app, user, outbox };
        let port: Arc<dyn SessionPort> = membership.outbox.clone();
        let hello = membership.app.engine.attach(user, port).await?;
        for replaced in enter(user, &membership.outbox, membership.app.config.max_sockets_per_user) {
            replaced.end(Ending::new(close::REPLACED, "replaced by a newer connection"));
            membership.app.engine.detach(user, replaced.id());
        }
        Ok((membership, hello))
    });
    joining.await.unwrap_or(Err(Refusal::Busy))
}

/// Adds a socket; answers with those that have to go.
fn enter(user: UserId, outbox: &Arc<Outbox>, most: usize) -> Vec<Arc<Outbox>> {
    let mut sockets = SOCKETS.lock();
    let of_user = sockets.entry(user).or_default();
    of_user.push(Arc::clone(outbox));
    let surplus = of_user.len().saturating_sub(most.max(1));
    of_user.drain(..surplus).collect()
}

/// Takes a socket out, wherever it is known.
pub(super) fn leave(app: &App, user: UserId, outbox: &Arc<Outbox>) {
    app.engine.detach(user, outbox.id());
    let mut sockets = SOCKETS.lock();
    if let Some(of_user) = sockets.get_mut(&user) {
        of_user.retain(|other| !Arc::ptr_eq(other, outbox));
        if of_user.is_empty() {
            sockets.remove(&user);
        }
    }
}

/// The sockets of a user.
pub(super) fn of(user: UserId) -> Vec<Arc<Outbox>> {
    SOCKETS.lock().get(&user).cloned().unwrap_or_default()
}

/// Closes every socket that a user has on this node, as after a logout or a ban.
pub fn close_user(user: UserId, code: u16, reason: &'static str) {
    for outbox in of(user) {
        outbox.end(Ending::new(code, reason));
    }
}

/// Sends every client of this node away, as before a restart: each is told when to come back.
pub fn close_all() {
    let all: Vec<_> = SOCKETS.lock().values().flatten().cloned().collect();
    for outbox in all {
        outbox.end(restart());
    }
}

/// The end of one client's connection before a restart.
pub(super) fn restart() -> Ending {
    let retry_after_ms = Some(rand::random_range(0..SPREAD_MS));
    Ending { code: RESTART, reason: "restart", retry_after_ms }
}

#[cfg(test)]
mod tests {
    use peerpack_actors::time::Time;

    use super::*;

    #[test]
    fn the_oldest_socket_goes_first() {
        let user = UserId::new(Time::from_ms(1_790_000_000_000), rand::random());
        let outboxes: Vec<_> = (0..4).map(|_| Outbox::new()).collect();
        for outbox in &outboxes[..3] {
            assert!(enter(user, outbox, 3).is_empty());
        }
        let replaced = enter(user, &outboxes[3], 3);
        assert!(replaced.len() == 1 && Arc::ptr_eq(&replaced[0], &outboxes[0]));
        assert_eq!(of(user).len(), 3);
    }
}
