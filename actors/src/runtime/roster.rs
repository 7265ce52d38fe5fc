//! Every open connection of this node by user. It lives outside of the user actors, so that a rebuilt actor
//! finds its connections and goes on where each of them was.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use smallvec::SmallVec;

use super::session::{Attached, SessionId, SessionPort};
use crate::ids::UserId;

/// Connections by user.
#[derive(Default)]
pub(super) struct Roster {
    users: Mutex<HashMap<UserId, SmallVec<[Attached; 1]>>>,
}

impl Roster {
    /// Takes a connection in, which is told of events after `sent`.
    pub(super) fn attach(&self, user: UserId, port: Arc<dyn SessionPort>, sent: u64) {
        let attached = Attached { port, sent: Arc::new(AtomicU64::new(sent)) };
        self.users.lock().entry(user).or_default().push(attached);
    }

    /// Lets a connection go.
    pub(super) fn detach(&self, user: UserId, session: SessionId) {
        let mut users = self.users.lock();
        if let Some(sessions) = users.get_mut(&user) {
            sessions.retain(|attached| attached.port.id() != session);
            if sessions.is_empty() {
                users.remove(&user);
            }
        }
    }

    /// The connections of a user.
    pub(super) fn of(&self, user: UserId) -> SmallVec<[Attached; 1]> {
        self.users.lock().get(&user).cloned().unwrap_or_default()
    }

    /// Everybody who is connected.
    pub(super) fn users(&self) -> Vec<UserId> {
        self.users.lock().keys().copied().collect()
    }

    /// Every connection of this node.
    pub(super) fn all(&self) -> Vec<Attached> {
        self.users.lock().values().flatten().cloned().collect()
    }

    /// How many connections there are.
    pub(super) fn len(&self) -> usize {
        self.users.lock().values().map(SmallVec::len).sum()
    }
}
