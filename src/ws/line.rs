//! The socket of one connection: frames in, frames out, and no buffer while nothing is under way.
//!
//! It is read into a buffer on the stack and written from one that is thrown away as soon as the kernel has
//! taken all of it, so an idle connection costs what its bookkeeping costs. Frame headers are watched before
//! their bytes are kept (see [`guard`](super::guard)). Knows WebSocket frames, nothing of what they say.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::time::Duration;

use actix_codec::Decoder;
use actix_http::ws::{CloseCode, CloseReason, Codec, Frame, OpCode, Parser, ProtocolError};
use actix_web::rt::net::TcpStream;
use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::time::Instant;

use super::guard::{FrameScanner, MAX_FRAME_BYTES, Violation};

/// Bytes read at once, on the stack.
const READ_BYTES: usize = 4 * 1024;

/// Bytes that are written to the peer before more is taken from what waits for it.
pub(super) const HIGH_WATER: usize = 16 * 1024;

/// Bytes that may wait in all. Acks and pongs come on top of what the outbox bounds.
const MAX_UNSENT: usize = 512 * 1024;

/// What the kernel may hold back of one connection beyond what is on its way to the peer.
const KERNEL_UNSENT: u32 = 64 * 1024;

/// A connection after its upgrade.
pub(super) struct Line {
    stream: TcpStream,
    scanner: FrameScanner,
    codec: Codec,
    /// The beginning of a frame whose end has not come yet.
    unread: BytesMut,
    /// What the kernel has not taken yet.
    unsent: BytesMut,
    stalled: Option<Instant>,
    violation: Option<Violation>,
    /// Where the next frame starts is not known any more: nothing is read.
    is_deaf: bool,
}

/// What has come in from the peer.
#[derive(Debug)]
pub(super) enum Heard {
    /// A whole frame.
    Frame(Frame),
    /// Nothing more for now.
    Nothing,
    /// A frame that may not be; nothing is read any more.
    Violation(Violation),
    /// The frames do not follow the protocol.
    Malformed(ProtocolError),
    /// The peer is gone.
    Gone,
}

impl Line {
    /// Takes a connection over. `unread` came with the request, after its head.
    pub(super) fn new(stream: TcpStream, unread: &[u8]) -> Self {
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(KERNEL_UNSENT);
        let frame_bytes = usize::try_from(MAX_FRAME_BYTES).unwrap_or(usize::MAX);
        let mut line = Self {
            stream,
            scanner: FrameScanner::new(),
            codec: Codec::new().max_size(frame_bytes),
            unread: BytesMut::new(),
            unsent: BytesMut::new(),
            stalled: None,
            violation: None,
            is_deaf: false,
        };
        line.keep(unread);
        line
    }

    /// Waits until there is something to read, or, while the peer takes nothing, until it takes more.
    pub(super) async fn ready(&self) -> io::Result<()> {
        match (self.unsent.is_empty(), self.is_deaf) {
            (false, _) => self.stream.ready(Interest::WRITABLE).await.map(drop),
            (true, false) => self.stream.ready(Interest::READABLE).await.map(drop),
            (true, true) => pending().await,
        }
    }

    /// The next thing that came in.
    pub(super) fn hear(&mut self) -> Heard {
        loop {
            if self.is_deaf {
                return Heard::Nothing;
            }
            match self.codec.decode(&mut self.unread) {
                Ok(Some(frame)) => return Heard::Frame(frame),
                Ok(None) => {}
                Err(error) => {
                    self.is_deaf = true;
                    return Heard::Malformed(error);
                }
            }
            if let Some(violation) = self.violation {
                self.is_deaf = true;
                return Heard::Violation(violation);
            }
            if self.unread.is_empty() {
                self.unread = BytesMut::new();
            }
            let mut buffer = [0; READ_BYTES];
            match self.stream.try_read(&mut buffer) {
                Ok(0) => return Heard::Gone,
                Ok(read) => self.keep(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::Nothing,
                Err(_) => return Heard::Gone,
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let mut good = bytes.len();
        if let Err((before, violation)) = self.scanner.scan(bytes) {
            self.violation = Some(violation);
            good = before;
        }
        self.unread.extend_from_slice(&bytes[..good]);
    }

    /// Writes a text frame, as far as the peer takes it.
    pub(super) fn text(&mut self, text: &str) {
        self.write(OpCode::Text, text.as_bytes());
    }

    /// Writes a ping.
    pub(super) fn ping(&mut self) {
        self.write(OpCode::Ping, &[]);
    }

    /// Answers a ping.
    pub(super) fn pong(&mut self, bytes: &[u8]) {
        self.write(OpCode::Pong, bytes);
    }

    /// Queues a close frame.
    pub(super) fn close(&mut self, code: u16, reason: &str) {
        let description = Some(reason.to_owned());
        let reason = CloseReason { code: CloseCode::from(code), description };
        Parser::write_close(&mut self.unsent, Some(reason), false);
    }

    /// Answers the peer's goodbye.
    pub(super) fn close_back(&mut self, reason: Option<CloseReason>) {
        Parser::write_close(&mut self.unsent, reason, false);
    }

    fn write(&mut self, opcode: OpCode, payload: &[u8]) {
        Parser::write_message(&mut self.unsent, payload, opcode, true, false);
    }

    /// Gives the kernel what it takes of what was written.
    ///
    /// # Errors
    /// The peer is gone.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut taken = 0;
        let outcome = loop {
            if taken == self.unsent.len() {
                break Ok(());
            }
            match self.stream.try_write(&self.unsent[taken..]) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(written) => taken += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if taken == self.unsent.len() {
            self.unsent = BytesMut::new();
            self.stalled = None;
        } else {
            let _ = self.unsent.split_to(taken);
            if taken > 0 || self.stalled.is_none() {
                self.stalled = Some(Instant::now());
            }
        }
        outcome
    }

    /// Whether more may be written now.
    pub(super) fn has_room(&self) -> bool {
        self.unsent.len() < HIGH_WATER
    }

    /// Whether more waits than may.
    pub(super) fn is_overfull(&self) -> bool {
        self.unsent.len() > MAX_UNSENT
    }

    /// Since when the peer has taken nothing, if something waits for it.
    pub(super) const fn stalled_since(&self) -> Option<Instant> {
        self.stalled
    }

    /// Dropped after this, the connection ends at once, without waiting for what was not taken.
    pub(super) fn cut(&self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}
