//! Connections before they are requests: how many there may be, from where, how long a peer may leave an
//! answer lying, and how much it may still send after one.
//!
//! The HTTP server bounds how long a peer may take to ask for the first time; this bounds the rest. Must not
//! know what is asked.

pub mod turn;

use std::collections::HashMap;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use parking_lot::Mutex;
use rustix::process::{Resource, getrlimit};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::address;
use crate::config::Config;
use turn::Turn;

/// How long a peer may leave what was sent to it unacknowledged, on the level of TCP.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);

/// Files that are kept for what is no connection: the store, the bus, logs, uploads.
const OTHER_FILES: usize = 96;

/// The most connections from one address, or behind our proxies the most requests of one client at a time,
/// where those are counted.
const FROM_ONE_ADDRESS: usize = 256;

/// The connections of a node.
#[derive(Debug)]
pub struct Connections {
    most: usize,
    most_from_one: usize,
    /// Whether the peers are proxies of ours: then clients are counted by their requests.
    is_behind_proxies: bool,
    unread_within: Duration,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// HTTP connections only: sockets are counted by `ws`. Behind proxies, requests under way.
    addresses: HashMap<IpAddr, usize>,
}

impl Open {
    fn enter(&mut self, address: IpAddr, most: usize) -> bool {
        let count = self.addresses.get(&address).copied().unwrap_or(0);
        let has_room = count < most;
        if has_room {
            self.addresses.insert(address, count + 1);
        }
        has_room
    }

    fn leave(&mut self, address: IpAddr) {
        if let Some(count) = self.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
    }
}

impl Connections {
    /// Room for as many as the configuration says, or as the process may have files.
    ///
    /// # Errors
    /// The configuration asks for more than there can be.
    pub fn new(config: &Config) -> io::Result<Self> {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let possible = files.saturating_sub(OTHER_FILES).max(1);
        let most = config.max_connections.unwrap_or(possible);
        if most > possible {
            return Err(io::Error::other(format!(
                "max_connections is {most}, but with a limit of {files} open files there is room for {possible}"
            )));
        }
        let most_from_one = config.max_connections_per_ip.unwrap_or(if config.limits {
            FROM_ONE_ADDRESS
        } else {
            usize::MAX
        });
        let is_behind_proxies = config.trusted_proxies > 0;
        let unread_within = Duration::from_secs(config.unread_within_s.into());
        Ok(Self { most, most_from_one, is_behind_proxies, unread_within, open: Mutex::default() })
    }

    /// How many there are, sockets included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.lock().all
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a connection in, unless there are too many; then it is closed at once.
    pub fn admit(self: &Arc<Self>, stream: TcpStream) -> Option<(Connection, SocketAddr)> {
        let peer = stream.peer_addr().ok()?;
        // Behind proxies all connections come from a few addresses that are not those of clients.
        let address = (!self.is_behind_proxies).then(|| address::client(peer.ip()));
        let refused = {
            let mut open = self.open.lock();
            if open.all >= self.most {
                Some("all")
            } else if address.is_some_and(|address| !open.enter(address, self.most_from_one)) {
                Some("address")
            } else {
                open.all += 1;
                None
            }
        };
        if let Some(why) = refused {
            metrics::counter!("peerpack_connections_refused_total", "why" => why).increment(1);
            return None;
        }
        // Small answers at once: without it an answer may wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(ACKNOWLEDGED_WITHIN));
        let place = Place { connections: Arc::clone(self), address };
        Some((Connection { stream, place, unread: None, turn: Turn::default(), between: None }, peer))
    }

    /// Counts one more request of a client behind our proxies, unless it has too many under way.
    fn admit_request(self: &Arc<Self>, client: IpAddr) -> Option<ClientPlace> {
        let client = address::client(client);
        if !self.open.lock().enter(client, self.most_from_one) {
            metrics::counter!("peerpack_connections_refused_total", "why" => "client").increment(1);
            return None;
        }
        Some(ClientPlace { connections: Arc::clone(self), client })
    }
}

/// One request of a client behind our proxies; counted until it is dropped.
#[derive(Debug)]
struct ClientPlace {
    connections: Arc<Connections>,
    client: IpAddr,
}

impl Drop for ClientPlace {
    fn drop(&mut self) {
        self.connections.open.lock().leave(self.client);
    }
}

/// A place among the connections of a node; free again when dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    address: Option<IpAddr>,
}

impl Place {
    fn leave_address(&mut self, open: &mut Open) {
        if let Some(address) = self.address.take() {
            open.leave(address);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let connections = Arc::clone(&self.connections);
        let mut open = connections.open.lock();
        open.all -= 1;
        self.leave_address(&mut open);
    }
}

/// A connection of which a peer has to take what is written to it, and on which it does not dawdle between
/// requests.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    place: Place,
    /// Runs while the peer takes nothing.
    unread: Option<Pin<Box<Sleep>>>,
    /// Whether a request is being answered.
    turn: Turn,
    /// Rings when the next request should have come.
    between: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    /// The connection as it is, for the task that looks after it from now on. It no longer counts for its
    /// address.
    #[must_use]
    pub fn into_stream(mut self) -> (TcpStream, Place) {
        let connections = Arc::clone(&self.place.connections);
        self.place.leave_address(&mut connections.open.lock());
        (self.stream, self.place)
    }

    /// What the requests on this connection know of it.
    #[must_use]
    pub fn turn(&self) -> turn::Asked {
        turn::Asked::new(&self.turn, &self.place.connections)
    }

    /// Whether the peer has had its time for the next request. It is told by a timer when it has.
    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(until) = self.turn.next_until() else { return false };
        let between = self.between.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if between.deadline() != until {
            between.as_mut().reset(until);
        }
        between.as_mut().poll(cx).is_ready()
    }

    /// Passes on how a write went, and loses patience with a peer that takes nothing.
    fn patiently(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.unread = None;
            return written;
        }
        let within = self.place.connections.unread_within;
        let unread = self.unread.get_or_insert_with(|| Box::pin(tokio::time::sleep(within)));
        if unread.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        metrics::counter!("peerpack_connections_unread_total").increment(1);
        // With a reset, so that the kernel does not keep for it what it will not take.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        // What came in time counts, also when nobody had the time to look at it.
        let why = match &read {
            Poll::Pending if self.is_overdue(cx) => "time",
            Poll::Ready(Ok(())) if self.turn.has_too_much(buffer.filled().len() - before) => "bytes",
            _ => return read,
        };
        metrics::counter!("peerpack_connections_cut_total", "why" => why).increment(1);
        // To the HTTP server the peer has ended: it sends what it has to send, and closes.
        buffer.set_filled(before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.patiently(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.patiently(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The server flushes after each answer and then may wait for nothing else: here the timer is set.
        let _ = self.is_overdue(cx);
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
