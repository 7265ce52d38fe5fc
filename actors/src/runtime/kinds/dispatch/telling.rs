//! Positions of couriers: taken in here or heard from another node, passed on, forgotten in time; and who is
//! told of what happens.

use std::sync::Arc;

use async_trait::async_trait;

use super::Dispatch;
use crate::dispatch::track::{Fix, Sighting, Telling};
use crate::dispatch::{Duty, DutyCommand, Order};
use crate::ids::UserId;
use crate::place::Position;
use crate::ports::Unavailable;
use crate::runtime::context::Context;

/// How many couriers who have fallen silent go off duty in one round at most.
const SILENT_AT_ONCE: usize = 256;

/// Is told of everything that this node learns of orders and couriers, each once and in the order in which it
/// learns it: of what it has done itself at once, of what others have done after their hints, or when it
/// compares itself with the store. Must not wait.
#[async_trait]
pub trait Watcher: Send + Sync + 'static {
    /// An order has changed; some of its versions may be left out.
    fn order(&self, order: &Order);

    /// A duty has changed.
    fn duty(&self, duty: &Duty);

    /// A courier is here now: at most twice a second and after ten metres.
    fn moved(&self, courier: UserId, fix: Fix);

    /// It is no longer known where a courier is.
    fn lost(&self, courier: UserId);

    /// The other nodes are to know this position.
    fn pass_on(&self, courier: UserId, fix: Fix);

    /// Where the other nodes have heard a courier last.
    ///
    /// # Errors
    /// They do not answer.
    async fn heard_elsewhere(&self, courier: UserId) -> Result<Option<Fix>, Unheard>;
}

/// Nobody knows what the other nodes have heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unheard;

impl Dispatch {
    /// Has somebody watch; the first one stays.
    pub fn watched_by(&self, watcher: Arc<dyn Watcher>) {
        let _ = self.watcher.set(watcher);
    }

    /// A courier says where they are. Somebody who was nowhere until now may be whom an order waits for.
    /// `None` for somebody who is not on duty.
    pub fn sighted(
        self: &Arc<Self>,
        context: &Arc<Context>,
        courier: UserId,
        position: Position,
    ) -> Option<Sighting> {
        self.sighted_at(context, courier, Fix { position, at: context.now() })
    }

    /// The same of where they were at a time: what is taken in later has to be as old as it is.
    pub fn sighted_at(
        self: &Arc<Self>,
        context: &Arc<Context>,
        courier: UserId,
        fix: Fix,
    ) -> Option<Sighting> {
        let (sighting, telling) = self.take_in(context, courier, fix)?;
        if telling.nodes
            && let Some(watcher) = self.watcher.get()
        {
            watcher.pass_on(courier, fix);
        }
        Some(sighting)
    }

    /// The same, also of somebody of whose duty this node has not heard: it is read then.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sighted_or_met(
        self: &Arc<Self>,
        context: &Arc<Context>,
        courier: UserId,
        fix: Fix,
    ) -> Result<Option<Sighting>, Unavailable> {
        if let Some(sighting) = self.sighted_at(context, courier, fix) {
            return Ok(Some(sighting));
        }
        self.meet(context, courier).await?;
        Ok(self.sighted_at(context, courier, fix))
    }

    /// Another node has heard where a courier is.
    pub fn heard(self: &Arc<Self>, context: &Arc<Context>, courier: UserId, fix: Fix) {
        if context.now().since(fix.at) <= self.settings.position_fresh() {
            self.take_in(context, courier, fix);
        }
    }

    fn take_in(
        self: &Arc<Self>,
        context: &Arc<Context>,
        courier: UserId,
        fix: Fix,
    ) -> Option<(Sighting, Telling)> {
        let (was_known, sighting, telling) = {
            let mut board = self.board.write();
            let was_known = board.fix(courier, &self.settings, fix.at).is_some();
            let sighting = board.locate(courier, fix.position, fix.at, &self.settings)?;
            let telling = match sighting {
                Sighting::Believed => board.tell(courier, &self.settings),
                Sighting::Doubted | Sighting::Old => Telling::default(),
            };
            (was_known, sighting, telling)
        };
        if telling.watchers
            && let Some(watcher) = self.watcher.get()
        {
            watcher.moved(courier, fix);
        }
        if !was_known && sighting == Sighting::Believed {
            self.wake(context);
        }
        Some((sighting, telling))
    }

    /// Forgets positions that have had their time.
    pub(super) fn forget_positions(&self, context: &Context) {
        let lost = self.board.write().forget_old(&self.settings, context.now());
        if let Some(watcher) = self.watcher.get() {
            lost.into_iter().for_each(|courier| watcher.lost(courier));
        }
    }

    /// Couriers who are free and of whom nobody has heard for so long go off duty. While the other nodes
    /// cannot be asked, everybody stays.
    pub(super) async fn dismiss_silent(self: &Arc<Self>, context: &Arc<Context>) {
        let silent = self.board.read().silent(&self.settings, context.now());
        for courier in silent.into_iter().take(SILENT_AT_ONCE) {
            let elsewhere = match self.watcher.get() {
                Some(watcher) => watcher.heard_elsewhere(courier).await,
                None => Ok(None),
            };
            // What others have heard as long ago is no sign of life either.
            let is_recent = |fix: &Fix| context.now().since(fix.at) <= self.settings.silent_after();
            match elsewhere.map(|heard| heard.filter(is_recent)) {
                Ok(Some(fix)) => self.heard(context, courier, fix),
                // Somebody may have given them an order a moment ago: then they stay.
                Ok(None) => {
                    let gone = self.change_duty(context, courier, &DutyCommand::GoOffline).await;
                    if gone.is_ok() {
                        metrics::counter!("peerpack_couriers_silent_total").increment(1);
                    }
                }
                Err(Unheard) => return,
            }
        }
    }
}
