//! What each kind of actor is told and asked. A sender of messages needs this file and a directory, and
//! knows nothing of the actor.

use std::sync::Arc;

use actix::Message;

use super::mailbox::{Living, Takes};
use super::promise::Promise;
use super::refusal::Refusal;
use super::session::{Hello, ResumeAnswer, SessionPort};
use crate::ids::{RequestId, UserId};
use crate::leg::LegSpan;
use crate::market::load::Load;
use crate::market::package::{Package, PackageCommand};
use crate::market::request::Request;
use crate::market::trip::{Trip, TripEvent};
use crate::ports::StreamEntry;

/// What the actor of a trip takes.
pub(super) trait TripInbox:
    Mortal + Takes<Reserve> + Takes<Settle> + Takes<Refresh> + Takes<TripOrder>
{
}

impl<T: Mortal + Takes<Reserve> + Takes<Settle> + Takes<Refresh> + Takes<TripOrder>> TripInbox for T {}

/// What the actor of a package takes.
pub(super) trait PackageInbox:
    Mortal + Takes<Do> + Takes<Consider> + Takes<Refresh> + Takes<Rendered>
{
}

impl<T: Mortal + Takes<Do> + Takes<Consider> + Takes<Refresh> + Takes<Rendered>> PackageInbox for T {}

/// What the actor of a user takes.
pub(super) trait UserInbox:
    Mortal + Takes<Deliver> + Takes<CatchUp> + Takes<Attach> + Takes<Resume>
{
}

impl<T: Mortal + Takes<Deliver> + Takes<CatchUp> + Takes<Attach> + Takes<Resume>> UserInbox for T {}

/// An actor that lives, and that a test can let die.
#[cfg(feature = "failpoints")]
pub(super) trait Mortal: Living + Takes<Crash> {}

#[cfg(feature = "failpoints")]
impl<T: Living + Takes<Crash>> Mortal for T {}

/// An actor that lives.
#[cfg(not(feature = "failpoints"))]
pub(super) trait Mortal: Living {}

#[cfg(not(feature = "failpoints"))]
impl<T: Living> Mortal for T {}

/// Die, as a bug would have it.
#[cfg(feature = "failpoints")]
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Crash;

/// The trip or the package changed past its actor.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Refresh;

/// Sets room on a trip aside for an acceptance that is on its way to the store.
#[derive(Clone, Copy)]
pub(super) struct Reserve {
    pub(super) request: RequestId,
    pub(super) legs: LegSpan,
    pub(super) load: Load,
    pub(super) detour_min: u32,
}

impl Message for Reserve {
    type Result = Result<Trip, Refusal>;
}

/// The acceptance was committed, or came to nothing.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Settle {
    pub(super) request: RequestId,
    pub(super) event: Option<TripEvent>,
}

/// What people and the clock do to a trip.
#[derive(Clone, Debug)]
pub(super) enum TripOrder {
    /// The courier calls it off.
    Cancel {
        by: UserId,
        /// The version that the courier has seen, if it must still be the one.
        seen: Option<i64>,
        promise: Option<Promise>,
    },
    /// Its times have passed: start it, or complete it.
    Tick,
}

impl TripOrder {
    /// What it is called in traces.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Cancel { .. } => "cancel",
            Self::Tick => "tick",
        }
    }
}

impl Message for TripOrder {
    type Result = Result<Trip, Refusal>;
}

/// A command on a package; answers with the package afterwards.
#[derive(Clone)]
pub(super) struct Do {
    pub(super) command: PackageCommand,
    /// The version that the caller has seen, if it must still be the one.
    pub(super) seen: Option<i64>,
    pub(super) promise: Option<Promise>,
}

impl Do {
    /// Whether a package is still the one that the caller has seen.
    pub(super) fn has_seen(&self, package: &Package) -> bool {
        self.seen.is_none_or(|seen| seen == package.version)
    }
}

impl From<PackageCommand> for Do {
    /// A command of the engine itself: nobody has seen a version, and nobody is promised an answer.
    fn from(command: PackageCommand) -> Self {
        Self { command, seen: None, promise: None }
    }
}

impl Message for Do {
    type Result = Result<Done, Refusal>;
}

/// What a command on a package came to.
#[derive(Clone, Debug)]
pub struct Done {
    /// The package afterwards.
    pub package: Package,
    /// Whether the command only repeated what was already so.
    pub repeated: bool,
}

impl Done {
    /// The request that the command was about.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.package.request(id)
    }
}

/// Look for couriers: something may have changed.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Consider;

/// A courier's screen shows an offer.
pub(super) struct Rendered {
    pub(super) request: RequestId,
    pub(super) by: UserId,
}

impl Message for Rendered {
    type Result = Result<(), Refusal>;
}

/// New events of a user, in order.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Deliver(pub(super) Vec<StreamEntry>);

/// The stream of a user has reached this position.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct CatchUp(pub(super) u64);

/// A connection joins.
pub(super) struct Attach(pub(super) Arc<dyn SessionPort>);

impl Message for Attach {
    type Result = Result<Hello, Refusal>;
}

/// A connection asks for what it missed.
pub(super) struct Resume {
    pub(super) epoch: u64,
    pub(super) last_seq: u64,
}

impl Message for Resume {
    type Result = Result<ResumeAnswer, Refusal>;
}
