//! What a kind of work tells the supervisor, so that what lives survives crashes, restarts and lost hints.
//!
//! Packages and trips are two kinds; [`own`] lists them, and a new one is a line there. The supervisor knows
//! kinds by [`Kind`] alone: it restores them at the start, has them look again at what other nodes have
//! changed, compares them with the store, and rebuilds their dead actors.

mod dispatch;
mod packages;
mod subscriptions;
mod trips;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::context::Context;
use super::directory::Directory;
use super::mailbox::Living;
use crate::ports::Unavailable;
use crate::time::{Span, Time};

pub use dispatch::{Dispatch, Given, LOOKED_FOR, NOBODY_FOUND, Placing, Unheard, Watcher};

/// How often an actor may die before it is left alone until [`BUDGET_SPAN`] has passed.
const RESTART_BUDGET: usize = 5;

/// How many things that wait are looked at again with each comparison.
const SWEPT: usize = 256;

/// An offer this late is taken over from the node that should have ended it.
const OVERDUE: Span = Span::seconds(3);

/// How long deaths are remembered.
const BUDGET_SPAN: Span = Span::minutes(1);

/// Every kind of this crate, in the order in which they are restored: those first that others look for.
pub(super) fn own() -> Vec<Arc<dyn Kind>> {
    vec![
        Arc::new(trips::Trips),
        Arc::new(packages::Packages::default()),
        Arc::new(subscriptions::Subscriptions),
    ]
}

/// A kind of work on one node: its index, its actors, what it knows of the store.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// The name in its [`WorkId`](crate::work::WorkId)s.
    fn name(&self) -> &'static str;

    /// Brings back everything that was live before this process, with its timers.
    async fn restore(&self, context: &Arc<Context>) -> Result<(), Unavailable>;

    /// Reads one thing again, which has changed elsewhere or past its actor.
    async fn refresh(&self, context: &Arc<Context>, id: Uuid);

    /// What has changed in the store at or after `since`, with its versions, oldest change first, at most
    /// `limit`.
    async fn changed(
        &self,
        context: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable>;

    /// The version of a thing that was taken in here last, if it is remembered. Newer ones are read again.
    fn known(&self, context: &Context, id: Uuid) -> Option<i64>;

    /// Does what is due by now, also what another node should have done.
    async fn see_to_due(&self, context: &Arc<Context>) -> Result<(), Unavailable>;

    /// Looks again at some of what waits and has nobody to look after it. Nothing waits for ever because a
    /// message was lost.
    async fn sweep(&self, _context: &Arc<Context>) {}

    /// Makes actors anew that have died, as far as `deaths` allows. A kind without actors has none to make.
    fn rebuild(&self, _context: &Context, _deaths: &mut Deaths) {}

    /// How much of it lives here: names of gauges and their values.
    fn gauges(&self, context: &Context) -> Vec<(&'static str, usize)>;
}

/// Which actors have died lately. One that keeps dying is left alone for a while.
#[derive(Debug, Default)]
pub struct Deaths {
    now: Time,
    times: HashMap<(&'static str, Uuid), Vec<Time>>,
}

impl Deaths {
    /// A round begins: what is too long ago is forgotten.
    pub(super) fn begin(&mut self, now: Time) {
        self.now = now;
        self.times.retain(|_, times| times.last().is_some_and(|last| now.since(*last) < BUDGET_SPAN));
    }

    /// Notes a death. Whether the actor may be made anew at once.
    pub fn may_rebuild(&mut self, kind: &'static str, id: Uuid) -> bool {
        let times = self.times.entry((kind, id)).or_default();
        let may = times.len() < RESTART_BUDGET;
        if may {
            times.push(self.now);
        }
        may
    }

    /// Makes the dead of a directory anew.
    pub(super) fn rebuild<K, I>(&mut self, directory: &Directory<K, I>, uuid: impl Fn(K) -> Uuid)
    where
        K: Copy + Eq + Hash,
        I: Living + ?Sized,
    {
        for id in directory.dead() {
            if self.may_rebuild(directory.kind(), uuid(id)) {
                directory.get(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_dying_is_left_alone_for_a_minute() {
        let (mut deaths, start) = (Deaths::default(), Time::from_ms(1_800_000_000_000));
        let (sick, well) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for second in 0..5 {
            deaths.begin(start + Span::seconds(second));
            assert!(deaths.may_rebuild("package", sick));
        }
        assert!(!deaths.may_rebuild("package", sick));
        assert!(deaths.may_rebuild("trip", sick), "another kind");
        assert!(deaths.may_rebuild("package", well));
        deaths.begin(start + Span::seconds(64));
        assert!(deaths.may_rebuild("package", sick));
    }
}
