//! What a node holds of orders and duties, so that a command need not read them first.
//!
//! A change that is decided upon what is held is refused by the store if that has grown old; everything else
//! that is decided upon it is decided anew upon what the store has.

use std::collections::BTreeMap;

use super::Dispatch;
use crate::dispatch::record::Record;
use crate::dispatch::{Duty, Order, OrderCommand, OrderPhase};
use crate::ids::{OrderId, UserId};
use crate::ports::Unavailable;
use crate::runtime::refusal::Refusal;
use crate::time::Time;

/// How many records are read at once: each is some months of a courier.
const RECORDS: usize = 100;

impl Dispatch {
    /// An order as this node has it, while it is searched for or a courier has it. Another node may have
    /// changed it a moment ago.
    #[must_use]
    pub fn seen(&self, id: OrderId) -> Option<Order> {
        let searched = self.searching.lock().get(&id).cloned();
        searched.or_else(|| self.taken.lock().get(&id).cloned())
    }

    /// An order and the duties of everybody whom a command touches; nothing if one of them is not held here.
    pub(super) fn held(&self, id: OrderId, command: &OrderCommand) -> Option<(Order, Vec<Duty>)> {
        let order = self.seen(id)?;
        let board = self.board.read();
        let duty = |courier| board.get(courier).map(|standing| standing.duty.clone());
        let duties = touched(&order, command).map(duty).collect::<Option<_>>()?;
        Some((order, duties))
    }

    /// The same as the store has them; this node knows them afterwards.
    pub(super) async fn read(
        &self,
        id: OrderId,
        command: &OrderCommand,
    ) -> Result<(Order, Vec<Duty>), Refusal> {
        let Some(order) = self.store.order(id).await? else {
            self.searching.lock().remove(&id);
            self.taken.lock().remove(&id);
            return Err(Refusal::NotFound);
        };
        let mut duties = Vec::new();
        for courier in touched(&order, command) {
            duties.extend(self.store.duty(courier).await?);
        }
        duties.iter().for_each(|duty| self.follow_duty(duty.clone()));
        self.follow(order.clone());
        Ok((order, duties))
    }

    /// Reads an order, and somebody whom it was to be offered to.
    pub(super) async fn read_again(&self, id: OrderId, courier: Option<UserId>) -> Result<(), Unavailable> {
        if let Some(order) = self.store.order(id).await? {
            self.follow(order);
        }
        if let Some(courier) = courier
            && let Some(duty) = self.store.duty(courier).await?
        {
            self.follow_duty(duty);
        }
        Ok(())
    }

    /// Takes in an order, unless a later version of it was here.
    pub(super) fn follow(&self, order: Order) {
        let (mut searching, mut taken) = (self.searching.lock(), self.taken.lock());
        let known = self.order_versions.get(&order.id);
        if known.is_some_and(|known| known > order.version) {
            return;
        }
        if known != Some(order.version) {
            self.order_versions.insert(order.id, order.version);
            if let Some(watcher) = self.watcher.get() {
                watcher.order(&order);
            }
        }
        searching.remove(&order.id);
        taken.remove(&order.id);
        match order.state.phase() {
            OrderPhase::Matching | OrderPhase::Offered => drop(searching.insert(order.id, order)),
            OrderPhase::Assigned
            | OrderPhase::DriverEnRoute
            | OrderPhase::ArrivedWaiting
            | OrderPhase::RideOngoing => drop(taken.insert(order.id, order)),
            OrderPhase::Draft
            | OrderPhase::Submitted
            | OrderPhase::AwaitingDispatcherDecision
            | OrderPhase::Rejected
            | OrderPhase::Created
            | OrderPhase::ActiveQueue
            | OrderPhase::NoShow
            | OrderPhase::Incident
            | OrderPhase::Completed
            | OrderPhase::Cancelled => {}
        }
    }

    /// Takes in couriers with what they have done. That is read first: nobody is asked because their record
    /// is not there yet. Where it cannot be read they are on duty all the same, and the next comparison reads
    /// it.
    pub(super) async fn follow_with_records(&self, duties: Vec<Duty>, now: Time) {
        for duties in duties.chunks(RECORDS) {
            let couriers: Vec<UserId> = duties.iter().map(|duty| duty.courier).collect();
            let records = self.store.records(&couriers, now).await;
            duties.iter().for_each(|duty| self.follow_duty(duty.clone()));
            match records {
                Ok(records) => self.remember(records),
                Err(error) => tracing::warn!(%error, "cannot read what couriers have done"),
            }
        }
    }

    /// Reads what couriers have done whom other nodes have asked or given orders since.
    pub(super) async fn catch_up_with_records(&self, now: Time) {
        let behind = self.board.read().behind();
        for some in behind.chunks(RECORDS) {
            match self.store.records(some, now).await {
                Ok(records) => self.remember(records),
                // Those who are left are still behind at the next comparison.
                Err(error) => return tracing::warn!(%error, "cannot read what couriers have done"),
            }
        }
    }

    fn remember(&self, records: BTreeMap<UserId, Record>) {
        let mut board = self.board.write();
        records.into_iter().for_each(|(courier, record)| board.remember(courier, record));
    }

    /// Takes in a duty, unless a later version of it was here.
    pub(super) fn follow_duty(&self, duty: Duty) {
        let mut board = self.board.write();
        let known = self.duty_versions.get(&duty.courier);
        if known.is_some_and(|known| known > duty.version) {
            return;
        }
        if known != Some(duty.version) {
            self.duty_versions.insert(duty.courier, duty.version);
            if let Some(watcher) = self.watcher.get() {
                watcher.duty(&duty);
            }
        }
        board.follow(duty);
    }
}

/// Everybody whom a command on an order touches, each once.
fn touched(order: &Order, command: &OrderCommand) -> impl Iterator<Item = UserId> {
    let named = match command {
        OrderCommand::Offer { courier, .. }
        | OrderCommand::Assign { courier, .. }
        | OrderCommand::AssignWaiting { courier, .. } => Some(*courier),
        // Nobody is bound by a reservation. The others concern couriers whom the order knows.
        OrderCommand::Reserve { .. }
        | OrderCommand::ReserveWaiting { .. }
        | OrderCommand::Move { .. }
        | OrderCommand::Complete { .. }
        | OrderCommand::Accept { .. }
        | OrderCommand::Decline { .. }
        | OrderCommand::ExpireOffer
        | OrderCommand::Widen { .. }
        | OrderCommand::Requote(_)
        | OrderCommand::Amend { .. } => None,
    };
    named.into_iter().chain(order.touches().filter(move |courier| named != Some(*courier)))
}
