//! What a user's actor sees of a connection: a port that takes frames, bounded, and can be shut.

use std::sync::Arc;

use crate::ports::{StreamEntry, StreamPosition};

/// The number of a connection on this node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub u64);

/// A message for a connection: encoded once, shared by all devices of a user.
#[derive(Clone, Debug)]
pub enum Frame {
    /// A numbered event.
    Event(StreamEntry),
    /// The store is away; events are late.
    Degraded,
}

/// The connection takes no more: it is closed and will resume.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overflow;

/// A connection as the engine sees it.
pub trait SessionPort: Send + Sync + 'static {
    /// Its number.
    fn id(&self) -> SessionId;

    /// Queues a frame.
    ///
    /// # Errors
    /// When the queue is full. The connection closes itself then; the events wait in the stream.
    fn push(&self, frame: Frame) -> Result<(), Overflow>;
}

/// What a new connection learns first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hello {
    /// The position from which this connection is told of everything.
    pub position: StreamPosition,
}

/// Why what a connection has missed cannot be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotRecoverable {
    /// The client's history is another one.
    EpochChanged,
    /// The first of the events is not kept any more.
    TooOld,
    /// They are too many.
    TooMany,
    /// The client has seen events that never were.
    FutureSeq,
}

/// The answer to `resume`.
#[derive(Clone, Debug)]
pub enum ResumeAnswer {
    /// Exactly what was missed, up to the position.
    Recovered {
        /// The missed events, in order.
        missed: Vec<StreamEntry>,
        /// The number of the last event.
        top: u64,
    },
    /// Nothing is sent; the client loads the state anew.
    Unrecoverable {
        /// Why what was missed cannot be told.
        reason: NotRecoverable,
        /// The number of the last event.
        top: u64,
    },
}

/// A connection in the roster.
#[derive(Clone)]
pub(super) struct Attached {
    pub(super) port: Arc<dyn SessionPort>,
    /// The last event this connection was given: what a rebuilt actor goes on from.
    pub(super) sent: Arc<std::sync::atomic::AtomicU64>,
}
