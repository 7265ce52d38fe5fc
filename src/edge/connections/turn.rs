//! Whose turn it is on a connection: the server's while it answers, the peer's from an answer to the next
//! request.
//!
//! On its turn a peer may send what is left of the last request's body, and the head of the next one, within
//! bounds. A body that is read while its request is answered has bounds of its own (`error/extract.rs`,
//! `http/uploads.rs`).

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use bytes::Bytes;
use tokio::time::Instant;

use super::{ClientPlace, Connections};
use crate::config::Config;
use crate::edge::address;
use crate::error::ApiError;

/// How long a peer has from an answer to the end of the next request's head. The HTTP server closes what is
/// silent before.
const NEXT_WITHIN: Duration = Duration::from_secs(10);

/// How many bytes it may send until that head was read. The HTTP server reads 128 KiB before it looks.
const LEFT_BYTES: usize = 1024 * 1024;

/// When a client that has too many requests under way may come again, seconds.
const LATER_S: u32 = 1;

/// Shared by a connection and the requests on it.
#[derive(Clone)]
pub(super) struct Turn(Rc<Shared>);

struct Shared {
    /// Whether a request is being answered.
    is_answering: Cell<bool>,
    /// Since when none is.
    since: Cell<Instant>,
    /// What has come since then, in bytes.
    came: Cell<usize>,
    /// Of the client whose request is being answered, behind proxies.
    client: RefCell<Option<ClientPlace>>,
}

impl Default for Turn {
    fn default() -> Self {
        let since = Cell::new(Instant::now());
        let (is_answering, came, client) = (Cell::default(), Cell::default(), RefCell::default());
        Self(Rc::new(Shared { is_answering, since, came, client }))
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("is_answering", &self.0.is_answering.get()).finish_non_exhaustive()
    }
}

impl Turn {
    /// Until when the next request has to be there; none while one is being answered.
    pub(super) fn next_until(&self) -> Option<Instant> {
        (!self.0.is_answering.get()).then(|| self.0.since.get() + NEXT_WITHIN)
    }

    /// Counts what has come, and says whether it is too much to be looked at.
    pub(super) fn has_too_much(&self, bytes: usize) -> bool {
        let came = self.0.came.get() + bytes;
        self.0.came.set(came);
        !self.0.is_answering.get() && came > LEFT_BYTES
    }
}

/// The connection as its requests see it; in their connection data.
#[derive(Clone)]
pub struct Asked {
    turn: Turn,
    connections: Arc<Connections>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.turn.fmt(f)
    }
}

impl Asked {
    pub(super) fn new(turn: &Turn, connections: &Arc<Connections>) -> Self {
        Self { turn: turn.clone(), connections: Arc::clone(connections) }
    }

    fn begin(&self) -> Answering {
        self.turn.0.is_answering.set(true);
        Answering(self.turn.clone())
    }
}

/// A request is being answered; no longer when this is dropped.
struct Answering(Turn);

impl Drop for Answering {
    fn drop(&mut self) {
        let shared = &self.0.0;
        shared.client.take();
        shared.came.set(0);
        shared.since.set(Instant::now());
        shared.is_answering.set(false);
    }
}

/// An answer during which the peer's turn has not begun.
struct Answer {
    body: BoxBody,
    _answering: Option<Answering>,
}

impl MessageBody for Answer {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// Marks a request as being answered until the last byte of its answer is handed over. Goes outermost.
///
/// # Errors
/// Those of what is inside.
pub async fn take(req: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let answering = req.conn_data::<Asked>().map(Asked::begin);
    let answer = next.call(req).await?;
    Ok(answer.map_body(|_, body| BoxBody::new(Answer { body, _answering: answering })))
}

/// Behind proxies: lets a request pass whose client has not too many others under way. Where the peers are
/// the clients, their connections were counted.
///
/// # Errors
/// 429 if there are too many; otherwise those of what is inside.
pub async fn count<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let proxies = req.app_data::<web::Data<Config>>().map_or(0, |config| config.trusted_proxies);
    if let Some(asked) = req.conn_data::<Asked>().filter(|_| proxies > 0) {
        let client = address::of(req.request(), proxies);
        let place = asked.connections.admit_request(client).ok_or_else(|| ApiError::too_many(LATER_S))?;
        *asked.turn.0.client.borrow_mut() = Some(place);
    }
    next.call(req).await
}
