//! Units as they wait to be applied.

use std::sync::Arc;

use peerpack_actors::stream::message::Message;
use peerpack_actors::unit::{PackageChange, TripChange, Unit};
use peerpack_actors::work::WorkId;

use super::kinds;
use crate::store::failure::Failure;
use crate::store::sql::codec::to_document;

/// A unit with everything worked out that needs no database, so that locks are held only for what does.
pub(in crate::store) struct Prepared {
    unit: Unit,
    /// The events as they are stored, in the order of the notices.
    pub(in crate::store) bodies: Vec<Arc<str>>,
    /// What each event is worth as a message, in the same order; nothing where nobody sends messages.
    pub(in crate::store) messages: Vec<Option<Message>>,
}

impl std::ops::Deref for Prepared {
    type Target = Unit;

    fn deref(&self) -> &Unit {
        &self.unit
    }
}

impl Prepared {
    /// `sends` says whether there is a bot that sends messages.
    pub(in crate::store) fn new(unit: Unit, sends: bool) -> Result<Self, Failure> {
        kinds::check(&unit)?;
        let body = |notice: &peerpack_actors::stream::Notice| to_document(&notice.event).map(Arc::from);
        let bodies = unit.notices.iter().map(body).collect::<Result<_, _>>()?;
        let messages = if sends { unit.notices.iter().map(Message::of).collect() } else { Vec::new() };
        Ok(Self { unit, bodies, messages })
    }

    /// Whether somebody may get a message for it.
    pub(in crate::store) fn has_messages(&self) -> bool {
        self.messages.iter().any(Option::is_some)
    }

    /// What it touches that is guarded by a version. Two units that share some of it cannot be applied as
    /// one. A trip gives room to many units at once.
    pub(in crate::store) fn guarded(&self) -> impl Iterator<Item = WorkId> {
        let packages = self.unit.packages.iter().map(|change| match change {
            PackageChange::New(package) => package.id.into(),
            PackageChange::Update { id, .. } => (*id).into(),
        });
        packages.chain(self.unit.others.iter().map(|change| change.work()))
    }

    /// Whether it counts on a trip's version, and so cannot be applied as one with units that take room
    /// there.
    pub(in crate::store) fn moves_a_trip(&self) -> bool {
        self.unit.trips.iter().any(|change| matches!(change, TripChange::Moved { .. }))
    }
}
