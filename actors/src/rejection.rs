//! Why a command is refused. A refusal is a normal answer, not an error: it is decided, stable and explained.

use crate::leg::LegIndex;

/// A refusal by the core. `code` is stable and part of the public contract; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The caller has no part in this.
    #[error("this is not yours")]
    NotAParty,
    /// The caller is a party, but the other one has to do this.
    #[error("only the {0} can do this")]
    WrongParty(&'static str),
    /// The state does not allow this step.
    #[error("cannot {action} while {state}")]
    IllegalTransition {
        /// What was asked, in the imperative.
        action: &'static str,
        /// The state that forbids it.
        state: &'static str,
    },
    /// Somebody else was first.
    #[error("another courier has already taken this package")]
    AlreadyTaken,
    /// The offer's time is over.
    #[error("the time to answer is over")]
    Expired,
    /// A leg of the trip has no room for the package.
    #[error("the trip has no room left for the package on leg {0}")]
    NoRoom(LegIndex),
    /// The trip does not pass the package's places in order, in time, or within the detour budget.
    #[error("the trip does not suit the package: {0}")]
    DoesNotSuit(&'static str),
    /// The trip is over or cancelled.
    #[error("the trip is over or was called off")]
    TripNotLive,
    /// The sender or the courier has deleted the account, or was shut out.
    #[error("somebody who takes part in this has left")]
    PartyGone,
    /// The trip still carries parcels.
    #[error("the trip has parcels on board and cannot be called off")]
    ParcelsOnBoard,
    /// Sender and courier are the same person.
    #[error("you cannot carry your own package")]
    OwnPackage,
    /// There is a live request for this package and trip already.
    #[error("there is already an open request for this package and trip")]
    AlreadyRequested,
    /// The package has too many requests.
    #[error("too many couriers were asked about this package")]
    TooManyRequests,
    /// The sender has so many packages open, and that is the most.
    #[error("you have {0} packages open, and that is the most")]
    TooManyPackages(u32),
    /// The courier has so many live trips, and that is the most.
    #[error("you have {0} trips that are not over, and that is the most")]
    TooManyTrips(u32),
    /// So many requests of this person wait for an answer, and that is the most.
    #[error("{0} of your requests wait for an answer, and that is the most")]
    TooManyPending(u32),
    /// So many requests wait on this trip, and that is the most.
    #[error("{0} requests wait for an answer on this trip, and that is the most")]
    TooManyOnTrip(u32),
    /// Too many withdrawals of one person wait.
    #[error("too many withdrawals wait for an operator, please be patient")]
    TooManyWithdrawals,
    /// The person has taken out as much as one may within a day.
    #[error("this is more than may be taken out within a day")]
    DailyLimit,
    /// The owner has named another place for the money, and that waits for a while.
    #[error("the payout details are new: this has to wait")]
    PayoutWaits,
    /// Too many payments of one person wait for their money.
    #[error("too many of your payments wait for their money")]
    TooManyPayments,
    /// No such request in this package.
    #[error("no such request")]
    UnknownRequest,
    /// The sender's money does not cover the reward.
    #[error("the sender has not enough money for the reward")]
    InsufficientFunds,
    /// A call under this key was carried out before; its answer is kept.
    #[error("this was done before")]
    AnsweredBefore,
    /// The package changes hands only with the code of the hand-over.
    #[error("this package asks for the code of the hand-over")]
    CodeRequired,
    /// Somebody has changed it since the caller looked.
    #[error("this has changed since you looked, please look again")]
    Stale,
    /// The caller is none of the two people of the chat.
    #[error("this is a chat of other people")]
    NotAMember,
    /// Nothing is said.
    #[error("the message is empty")]
    EmptyMessage,
    /// The other person cannot be written to. Whether they have left or want no words of the caller is
    /// nobody's business.
    #[error("you cannot write to this person")]
    CannotWrite,
    /// The caller has blocked the other person.
    #[error("you have blocked this person: unblock them first")]
    BlockedByYou,
    /// The text has the code of a hand-over in it.
    #[error("this is the code of a hand-over: never send it, show it when you meet")]
    CodeInMessage,
    /// So many messages to somebody who has not answered, and that is the most.
    #[error(
        "{0} of your messages wait for an answer, and that is the most to somebody you have no request with"
    )]
    AwaitsAnswer(u32),
    /// The caller has written to so many strangers within a day, and that is the most.
    #[error("you have written to {0} strangers within a day, and that is the most")]
    TooManyStrangers(u32),
    /// So many posts of one person stand on the board, and that is the most.
    #[error("you have {0} posts on the board, and that is the most")]
    TooManyPosts(u32),
    /// Too many messages within a minute; again in so many seconds.
    #[error("too many messages, please wait a moment")]
    TooFast(u32),
    /// A field is out of bounds.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field in question, as on the wire.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Rejection {
    /// The most that there may be, of what there is too much.
    #[must_use]
    pub const fn limit(&self) -> Option<u32> {
        match self {
            Self::TooManyPackages(most)
            | Self::TooManyTrips(most)
            | Self::TooManyPending(most)
            | Self::TooManyOnTrip(most)
            | Self::AwaitsAnswer(most)
            | Self::TooManyStrangers(most)
            | Self::TooManyPosts(most) => Some(*most),
            _ => None,
        }
    }

    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAParty => "not_a_party",
            Self::WrongParty(_) => "wrong_party",
            Self::IllegalTransition { .. } => "illegal_transition",
            Self::AlreadyTaken => "already_taken",
            Self::Expired => "expired",
            Self::NoRoom(_) => "no_room",
            Self::DoesNotSuit(_) => "does_not_suit",
            Self::TripNotLive => "trip_not_live",
            Self::PartyGone => "party_gone",
            Self::ParcelsOnBoard => "parcels_on_board",
            Self::OwnPackage => "own_package",
            Self::AlreadyRequested => "already_requested",
            Self::TooManyRequests => "too_many_requests",
            Self::TooManyPackages(_) => "too_many_packages",
            Self::TooManyTrips(_) => "too_many_trips",
            Self::TooManyPending(_) => "too_many_pending",
            Self::TooManyOnTrip(_) => "too_many_on_trip",
            Self::TooManyWithdrawals => "too_many_withdrawals",
            Self::DailyLimit => "daily_limit",
            Self::PayoutWaits => "payout_waits",
            Self::TooManyPayments => "too_many_payments",
            Self::UnknownRequest => "unknown_request",
            Self::InsufficientFunds => "insufficient_funds",
            Self::AnsweredBefore => "answered_before",
            Self::CodeRequired => "code_required",
            Self::Stale => "stale",
            Self::NotAMember => "not_a_member",
            Self::EmptyMessage => "empty_message",
            Self::CannotWrite => "cannot_write",
            Self::BlockedByYou => "blocked_by_you",
            Self::CodeInMessage => "code_in_message",
            Self::AwaitsAnswer(_) => "awaits_answer",
            Self::TooManyStrangers(_) => "too_many_strangers",
            Self::TooManyPosts(_) => "too_many_posts",
            Self::TooFast(_) => "too_many",
            Self::Invalid { .. } => "invalid",
        }
    }
}
