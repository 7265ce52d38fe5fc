//! What nodes tell each other, and who is around: hints, presence, last positions.
//!
//! Everything here may be lost, repeated or late without harm: the store has the truth. So nothing waits
//! here, nothing fails here, and nothing of value may live only here. The only modules that know Redis are
//! below.

pub mod local;
pub mod redis;
pub mod tally;

use async_trait::async_trait;
use peerpack_actors::ids::{ChatId, UserId};
use peerpack_actors::ports::Hint;
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a position is worth knowing.
pub const POSITION_TTL: Span = Span::minutes(2);

/// What a node hears from the others.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Look again at these.
    Hint(Hint),
    /// A courier is here now.
    Position(UserId, LastPosition),
    /// A courier on duty in town is here now.
    Fix(UserId, LastPosition),
    /// This socket of a user has to make room for a newer one.
    Replaced(UserId, Uuid),
    /// Something that is worth a word only now.
    Signal(Signal),
    /// Hints may have been missed: compare all positions with the store. Also the first thing a node hears.
    Gap,
}

/// Where a courier was last.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LastPosition {
    /// Latitude in degrees, positive to the north.
    pub lat: f64,
    /// Longitude in degrees, positive to the east.
    pub lon: f64,
    /// When the courier was there.
    pub at: Time,
}

/// What is worth a word only now, to people who are there to hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// Somebody writes to somebody else, in their chat.
    Typing {
        /// Who is written to.
        to: UserId,
        /// The chat in which somebody writes.
        chat: ChatId,
        /// The person who writes.
        by: UserId,
    },
    /// Somebody has opened their first socket on a node, or closed the last one.
    Presence {
        /// The person who was seen.
        user: UserId,
        /// Whether they are there.
        is_here: bool,
    },
}

/// A socket as other nodes know it. The one that was opened first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketName {
    /// When it was opened.
    pub opened: Time,
    /// Its own number, over all nodes.
    pub id: Uuid,
}

/// The bus does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bus does not answer")]
pub struct Silent;

/// Who is around and where, as far as is known. Writing never waits and may be lost; reading takes a second
/// at most.
#[async_trait]
pub trait Presence: Send + Sync + 'static {
    /// A user has a socket open; to be repeated before `ttl` is over.
    fn set_present(&self, user: UserId, now: Time, ttl: Span);

    /// A courier is here. Forgotten after [`POSITION_TTL`].
    fn set_position(&self, user: UserId, position: LastPosition);

    /// One more socket of a user is open here; to be renewed before `ttl` is over. All of theirs, the oldest
    /// first, this one included; none where there are no other nodes.
    ///
    /// # Errors
    /// Nobody answers.
    async fn enter(
        &self,
        _user: UserId,
        _socket: SocketName,
        _now: Time,
        _ttl: Span,
    ) -> Result<Vec<SocketName>, Silent> {
        Ok(Vec::new())
    }

    /// A socket of a user is still open here.
    fn renew(&self, _user: UserId, _socket: SocketName, _now: Time, _ttl: Span) {}

    /// It is no longer.
    fn leave(&self, _user: UserId, _socket: SocketName) {}

    /// Tells the other nodes that a socket has to make room.
    fn replace(&self, _user: UserId, _socket: Uuid) {}

    /// Whether a user has a socket open on a node, as far as the others know. Where there are no others the
    /// node itself knows.
    ///
    /// # Errors
    /// Nobody answers.
    async fn is_present(&self, _user: UserId, _now: Time) -> Result<bool, Silent> {
        Ok(false)
    }

    /// Tells the other nodes what is worth a word only now.
    fn signal(&self, _signal: Signal) {}

    /// Whether a user has a socket open on another node, or had a moment ago.
    ///
    /// # Errors
    /// Nobody answers.
    async fn is_elsewhere(&self, _user: UserId, _now: Time) -> Result<bool, Silent> {
        Ok(false)
    }

    /// How many users have a socket open, on all nodes.
    ///
    /// # Errors
    /// Nobody answers.
    async fn present_count(&self, now: Time) -> Result<u64, Silent>;

    /// Where a courier was last.
    ///
    /// # Errors
    /// Nobody answers.
    async fn last_position(&self, user: UserId, now: Time) -> Result<Option<LastPosition>, Silent>;

    /// A courier on duty in town is here: for the other nodes, and forgotten after `ttl`, because the
    /// dispatch says how long a position counts. Of what waits the latest of each courier alone goes out.
    fn set_fix(&self, _courier: UserId, _fix: LastPosition, _ttl: Span) {}

    /// Where the other nodes have heard a courier on duty last, if that is less than `ttl` ago.
    ///
    /// # Errors
    /// Nobody answers.
    async fn last_fix(
        &self,
        _courier: UserId,
        _now: Time,
        _ttl: Span,
    ) -> Result<Option<LastPosition>, Silent> {
        Ok(None)
    }
}
