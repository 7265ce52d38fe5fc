//! A request: the proposal that joins one package to one trip, and the deal that may come of it.
//!
//! No matter who starts it, the *other* party accepts: the courier for the sender's and the engine's
//! requests, the sender for the courier's.
//!
//! ```text
//! pending -> accepted -> picked_up -> delivered -> confirmed
//! accepted -> delivered                  a delivery implies the pickup
//! pending -> agreed -> accepted          where the sender leaves time to choose (`confirm_by`)
//! agreed -> accepted                     the engine chooses, or the sender selects
//! pending | agreed -> declined | expired | withdrawn | taken
//! accepted -> cancelled        picked_up | delivered -> disputed -> confirmed | cancelled
//! ```
//!
//! No money stays where only a silent party could free it: what was picked up and does not arrive by the
//! deadline can be disputed, a delivery that the sender says nothing to is settled, and an operator can end
//! what neither of them ends:
//!
//! ```text
//! accepted | picked_up -> cancelled        delivered -> confirmed | cancelled
//! ```

mod command;
mod state;

use serde::{Deserialize, Serialize};

use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::leg::LegSpan;
use crate::money::Amount;
use crate::place::PlaceId;
use crate::rejection::Rejection;
use crate::time::{Span, Time};

pub use command::RequestCommand;
pub use state::RequestState;

/// Who started a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The sender asked a courier.
    Sender,
    /// A courier responded to a package.
    Courier,
    /// The engine offers the package to a courier.
    Engine,
}

impl Origin {
    /// The word in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Courier => "courier",
            Self::Engine => "engine",
        }
    }

    /// The origin of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Sender, Self::Courier, Self::Engine].into_iter().find(|origin| origin.word() == word)
    }
}

/// The two sides of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Who sends the package.
    Sender,
    /// Who travels.
    Courier,
}

impl Party {
    /// The word for people and the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Courier => "courier",
        }
    }
}

/// Where and when the package changes hands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HandOver {
    /// The place where it changes hands.
    pub place: PlaceId,
    /// When the courier is expected there.
    pub at: Time,
}

/// How a package would ride a trip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The legs it uses.
    pub legs: LegSpan,
    /// Where it gets on.
    pub pickup: HandOver,
    /// Where it gets off.
    pub dropoff: HandOver,
    /// Extra way for the courier, in minutes.
    pub detour_min: u32,
    /// Extra way, in metres: for the courier, and between the package's places and where it changes hands.
    pub detour_m: u32,
    /// Room left on the fullest leg it uses, in grams, before it is loaded.
    pub room_left_g: u32,
}

/// A proposal joining one package and one trip.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The package that would ride.
    pub package: PackageId,
    /// The trip that it would ride on.
    pub trip: TripId,
    /// The sender of the package.
    pub sender: UserId,
    /// The courier of the trip.
    pub courier: UserId,
    /// Who started it.
    pub origin: Origin,
    /// How the package would ride.
    pub plan: Plan,
    /// What the courier earns, the platform's fee included.
    pub reward: Amount,
    /// Free words of the person who started it.
    pub message: String,
    /// The airport or station that the courier has named with a response; empty where the trip's counts.
    pub airport: String,
    /// When it was made.
    pub created_at: Time,
    /// When it ends at the latest; `None` for requests between people, which wait for an answer until the
    /// pickup.
    pub expires_at: Option<Time>,
    /// How long the courier may look at an offer once it is on the screen.
    pub ttl: Span,
    /// When the courier's screen first showed the offer. Not stored: after a crash the courier has until
    /// `expires_at`, more time and never less.
    pub rendered_at: Option<Time>,
    /// Where it stands.
    pub state: RequestState,
}

impl Request {
    /// The side a user is on, if any.
    #[must_use]
    pub fn party(&self, user: UserId) -> Option<Party> {
        if user == self.courier {
            Some(Party::Courier)
        } else if user == self.sender {
            Some(Party::Sender)
        } else {
            None
        }
    }

    /// The side that answers the request.
    #[must_use]
    pub const fn answerer(&self) -> Party {
        match self.origin {
            Origin::Sender | Origin::Engine => Party::Courier,
            Origin::Courier => Party::Sender,
        }
    }

    /// When the request ends by itself: when the courier would set off with the package. An offer ends
    /// earlier, `ttl` after it was shown and `expires_at` at the latest, unless the courier has agreed.
    #[must_use]
    pub fn deadline(&self) -> Time {
        let Some(latest) = self.expires_at.filter(|_| self.state.is_pending()) else {
            return self.plan.pickup.at;
        };
        self.rendered_at.map_or(latest, |shown| latest.min(shown + self.ttl))
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_overdue(&self, now: Time) -> bool {
        self.state.is_open() && self.deadline() <= now
    }

    /// Turns the engine's offer into the sender's request, which waits for an answer without a time limit.
    pub(crate) fn adopt(&mut self, message: String) {
        self.origin = Origin::Sender;
        self.message = message;
        (self.expires_at, self.ttl, self.rendered_at) = (None, Span::default(), None);
    }

    /// Notes that the courier's screen shows the offer; later notes change nothing.
    pub fn rendered(&mut self, now: Time) {
        self.rendered_at.get_or_insert(now);
    }

    /// The state that follows from a command. Changes nothing.
    ///
    /// # Errors
    /// The refusal, when the caller or the state does not allow it.
    pub fn decide(&self, command: &RequestCommand, now: Time) -> Result<RequestState, Rejection> {
        use {RequestCommand as C, RequestState as S};
        match command {
            C::Accept { by } => {
                self.require(*by, self.answerer())?;
                match self.state {
                    S::Pending if self.is_overdue(now) => Err(Rejection::Expired),
                    S::Pending => Ok(S::Accepted { at: now }),
                    _ => self.answered(command),
                }
            }
            C::Choose => match self.state {
                S::Agreed { .. } if self.is_overdue(now) => Err(Rejection::Expired),
                S::Agreed { .. } => Ok(S::Accepted { at: now }),
                _ => self.answered(command),
            },
            C::Select { by } => {
                self.require(*by, Party::Sender)?;
                let may_be_selected = match self.state {
                    S::Pending => self.answerer() == Party::Sender,
                    ref state => matches!(state, S::Agreed { .. }),
                };
                match self.state {
                    _ if may_be_selected && self.is_overdue(now) => Err(Rejection::Expired),
                    _ if may_be_selected => Ok(S::Accepted { at: now }),
                    _ => self.answered(command),
                }
            }
            C::Decline { by, reason } => {
                self.require(*by, self.answerer())?;
                self.unless_answered(command, S::Declined { at: now, reason: reason.clone() })
            }
            C::Withdraw { by } => {
                let starter = if self.answerer() == Party::Courier { Party::Sender } else { Party::Courier };
                self.require(*by, starter)?;
                self.unless_answered(command, S::Withdrawn { at: now })
            }
            C::Expire => {
                if self.state.is_open() && !self.is_overdue(now) {
                    return self.illegal(command);
                }
                self.unless_answered(command, S::Expired { at: now })
            }
            C::PickUp { by } => {
                self.require(*by, Party::Courier)?;
                match self.state {
                    S::Accepted { .. } => Ok(S::PickedUp { at: now }),
                    _ => self.illegal(command),
                }
            }
            C::Deliver { by } => {
                self.require(*by, Party::Courier)?;
                match self.state {
                    S::Accepted { .. } | S::PickedUp { .. } => Ok(S::Delivered { at: now }),
                    _ => self.illegal(command),
                }
            }
            C::Confirm { by } => {
                self.require(*by, Party::Sender)?;
                match self.state {
                    S::Delivered { .. } => Ok(S::Confirmed { at: now, operator: None }),
                    _ => self.illegal(command),
                }
            }
            C::Settle { delivered_by } => match &self.state {
                S::Delivered { at } if at <= delivered_by => Ok(S::Confirmed { at: now, operator: None }),
                _ => self.illegal(command),
            },
            C::Dispute { by, reason } => {
                self.require(*by, Party::Sender)?;
                match self.state {
                    // When that is not too early, the package knows.
                    S::PickedUp { .. } | S::Delivered { .. } => {
                        Ok(S::Disputed { at: now, reason: reason.clone() })
                    }
                    _ => self.illegal(command),
                }
            }
            C::Resolve { by, .. } | C::Split { by, .. } if self.party(*by).is_some() => {
                Err(Rejection::WrongParty("other operators"))
            }
            C::Split { by, .. } => match self.state {
                S::Delivered { .. } | S::Disputed { .. } => Ok(S::Confirmed { at: now, operator: Some(*by) }),
                _ => self.illegal(command),
            },
            C::Resolve { in_favour_of, by } => match (&self.state, in_favour_of) {
                (S::Delivered { .. } | S::Disputed { .. }, Party::Courier) => {
                    Ok(S::Confirmed { at: now, operator: Some(*by) })
                }
                (
                    S::Accepted { .. } | S::PickedUp { .. } | S::Delivered { .. } | S::Disputed { .. },
                    Party::Sender,
                ) => Ok(S::Cancelled { at: now, by: Party::Sender, operator: Some(*by) }),
                _ => self.illegal(command),
            },
            C::Cancel { by } => {
                let by = self.party(*by).ok_or(Rejection::NotAParty)?;
                match self.state {
                    S::Accepted { .. } => Ok(S::Cancelled { at: now, by, operator: None }),
                    _ => self.illegal(command),
                }
            }
        }
    }

    /// Takes in a decided step.
    pub fn apply(&mut self, next: RequestState) {
        self.state = next;
    }

    fn require(&self, user: UserId, side: Party) -> Result<(), Rejection> {
        match self.party(user) {
            None => Err(Rejection::NotAParty),
            Some(party) if party == side => Ok(()),
            Some(_) => Err(Rejection::WrongParty(side.word())),
        }
    }

    fn unless_answered(
        &self,
        command: &RequestCommand,
        next: RequestState,
    ) -> Result<RequestState, Rejection> {
        if self.state.is_open() { Ok(next) } else { self.answered(command) }
    }

    /// Why an answer comes too late.
    fn answered(&self, command: &RequestCommand) -> Result<RequestState, Rejection> {
        match self.state {
            RequestState::Taken { .. } => Err(Rejection::AlreadyTaken),
            RequestState::Expired { .. } => Err(Rejection::Expired),
            _ => self.illegal(command),
        }
    }

    fn illegal(&self, command: &RequestCommand) -> Result<RequestState, Rejection> {
        Err(Rejection::IllegalTransition { action: command.action(), state: self.state.word() })
    }
}
