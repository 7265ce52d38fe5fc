//! What can be asked of a package, and what follows.

use smallvec::SmallVec;

use super::{Package, PackageState};
use crate::ids::{RequestId, TripId, UserId};
use crate::market::request::{Plan, Request, RequestCommand, RequestState};
use crate::market::trip::TripEvent;
use crate::money::Amount;
use crate::money::fees::unreserve;
use crate::money::ledger::{Escrow, EscrowCommand, EscrowEvent, Transfer};
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// A request to be opened.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposal {
    /// The id it will have.
    pub id: RequestId,
    /// The trip it is for.
    pub trip: TripId,
    /// The courier whose trip it is.
    pub courier: UserId,
    /// How the package would ride.
    pub plan: Plan,
    /// What the courier earns.
    pub reward: Amount,
    /// Free words of the person who proposes it; may be empty.
    pub message: String,
    /// The airport or station that the courier names; empty where the trip's counts.
    pub airport: String,
    /// How long the courier may look at it, and when it ends at the latest; `None` waits for an answer.
    pub time_limit: Option<(Span, Time)>,
}

/// What can be asked of a package.
#[derive(Clone, PartialEq, Debug)]
pub enum PackageCommand {
    /// The engine offers it to the couriers of a wave.
    Offer(Vec<Proposal>),
    /// The sender asks a courier. If the engine has offered the package to that courier, its offer turns into
    /// the sender's request.
    Ask {
        /// The caller, who must be the sender.
        by: UserId,
        /// The request to open.
        proposal: Proposal,
    },
    /// A courier responds.
    Respond {
        /// The request to open; its courier is the caller.
        proposal: Proposal,
    },
    /// A step of one request.
    Request {
        /// The request that goes a step on.
        id: RequestId,
        /// The step that it takes.
        command: RequestCommand,
    },
    /// A hand-over, of which the courier has shown the code.
    HandOver {
        /// The request by which it changes hands.
        id: RequestId,
        /// Pickup or delivery.
        command: RequestCommand,
    },
    /// Every request whose time is over ends, and so does a package that nobody has taken in time.
    ExpireOverdue,
    /// The trip is gone: its open requests end, its deal is called off.
    TripGone(TripId),
    /// The sender calls the package off.
    Cancel {
        /// The caller, who must be the sender.
        by: UserId,
    },
}

impl PackageCommand {
    /// What it is called in traces.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Offer(_) => "offer",
            Self::Ask { .. } => "ask",
            Self::Respond { .. } => "respond",
            Self::Request { command, .. } | Self::HandOver { command, .. } => command.action(),
            Self::ExpireOverdue => "expire",
            Self::TripGone(_) => "withdraw from a trip",
            Self::Cancel { .. } => "cancel",
        }
    }
}

/// What has happened to a package.
#[derive(Clone, PartialEq, Debug)]
pub enum PackageEvent {
    /// A request was opened.
    RequestOpened(Request),
    /// A request went to its next state.
    RequestMoved {
        /// The request that moved.
        id: RequestId,
        /// The state it left.
        from: RequestState,
        /// The state it has now.
        to: RequestState,
    },
    /// The sender asks the courier of an offer: it is the sender's request from now on, without a time limit.
    OfferAdopted {
        /// The offer's id, which the request keeps.
        id: RequestId,
        /// The sender's words.
        message: String,
    },
    /// The package itself went to its next state.
    Moved(PackageState),
}

/// Everything that follows from one command on one package.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outcome {
    /// What happens to the package; empty when the command repeats what is already so.
    pub events: Vec<PackageEvent>,
    /// What happens to trips: room taken or given back.
    pub trips: SmallVec<[(TripId, TripEvent); 1]>,
    /// The money of deals that moves.
    pub escrow: SmallVec<[(Escrow, EscrowEvent); 1]>,
    /// The money of the package itself that moves: what was paid for it before there was a deal.
    pub transfers: Vec<Transfer>,
}

impl Outcome {
    /// Whether nothing changes: the command repeats what is already so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(super) fn move_escrow(
        &mut self,
        package: &Package,
        request: &Request,
        command: EscrowCommand,
    ) -> Result<(), Rejection> {
        let escrow = package.escrow(request);
        let event = escrow.decide(command)?;
        self.escrow.push((escrow, event));
        Ok(())
    }

    /// What was paid for a package that ends without a deal goes back.
    pub(super) fn give_back(&mut self, package: &Package) {
        let reserved = package.reserved().filter(|reward| reward.minor > 0);
        self.transfers.extend(reserved.map(|reward| unreserve(package.id, package.sender, reward)));
    }
}
