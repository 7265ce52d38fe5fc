//! Watches the headers of WebSocket frames as the bytes come in, and stops the stream at the first that may
//! not be.
//!
//! The frame parser behind the socket looks at a frame's length only once all of it is in memory, so a header
//! that declares gigabytes costs gigabytes. The guard reads the same bytes first, keeps fourteen of them at
//! most, and never sees what is in a payload. It must not answer: it says what is wrong, the session closes.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

/// The most bytes one frame may carry.
pub const MAX_FRAME_BYTES: u64 = 16 * 1024;

/// The most bytes all frames of one message may carry together.
pub const MAX_MESSAGE_BYTES: u64 = 32 * 1024;

/// The most bytes a ping, pong or close may carry, by the protocol.
const MAX_CONTROL_BYTES: u64 = 125;

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The frame is over [`MAX_FRAME_BYTES`].
    #[error("the frame is too big")]
    FrameTooBig,
    /// The message is over [`MAX_MESSAGE_BYTES`].
    #[error("the message is too big")]
    MessageTooBig,
    /// A client's frame without a mask.
    #[error("the frame is not masked")]
    Unmasked,
    /// A reserved bit is set, though no extension was agreed on.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// An opcode the protocol does not have.
    #[error("the opcode is unknown")]
    ReservedOpcode,
    /// A ping, pong or close in pieces.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A ping, pong or close over 125 bytes.
    #[error("a control frame is too big")]
    ControlTooBig,
    /// A close of one byte: a code has two.
    #[error("the close code is cut short")]
    ShortClose,
    /// A continuation of nothing.
    #[error("there is nothing to continue")]
    NothingToContinue,
    /// A new message within another one.
    #[error("the last message is not finished")]
    Interleaved,
    /// A length in more bytes than it needs.
    #[error("the length is not in its shortest form")]
    LongLength,
}

impl Violation {
    /// The close code that says so: 1009 or 1002.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::FrameTooBig | Self::MessageTooBig => 1009,
            _ => 1002,
        }
    }
}

/// Follows frame headers through bytes that are cut anywhere.
#[derive(Debug, Clone)]
pub struct FrameScanner {
    at: At,
    /// Bytes of the message so far, while it is unfinished.
    message: Option<u64>,
    frame: Frame,
}

/// Which byte comes next.
#[derive(Debug, Clone, Copy)]
enum At {
    Start,
    Length,
    ExtendedLength { missing: u8, length: u64, width: u8 },
    Mask { missing: u8 },
    Payload { missing: u64 },
}

#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    length: u64,
    is_last: bool,
    is_control: bool,
    is_close: bool,
}

impl Default for FrameScanner {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameScanner {
    /// At the start of a connection.
    #[must_use]
    pub const fn new() -> Self {
        let frame = Frame { length: 0, is_last: true, is_control: false, is_close: false };
        Self { at: At::Start, message: None, frame }
    }

    /// Follows the next bytes.
    ///
    /// # Errors
    /// The first violation, and how many of the bytes lie before the frame that has it. After that the
    /// connection has to end: where the next frame starts is not known any more.
    pub fn scan(&mut self, bytes: &[u8]) -> Result<(), (usize, Violation)> {
        let (mut next, mut frame_start) = (0, 0);
        while let Some(&byte) = bytes.get(next) {
            if let At::Payload { missing } = self.at {
                let here = missing.min((bytes.len() - next) as u64);
                self.at = if here == missing { At::Start } else { At::Payload { missing: missing - here } };
                next += usize::try_from(here).unwrap_or(usize::MAX);
                continue;
            }
            if matches!(self.at, At::Start) {
                frame_start = next;
            }
            self.at = self.header_byte(byte).map_err(|violation| (frame_start, violation))?;
            next += 1;
        }
        Ok(())
    }

    fn header_byte(&mut self, byte: u8) -> Result<At, Violation> {
        Ok(match self.at {
            At::Start => {
                self.frame = self.first(byte)?;
                At::Length
            }
            At::Length => {
                if byte & 0x80 == 0 {
                    return Err(Violation::Unmasked);
                }
                let length = u64::from(byte & 0x7f);
                if self.frame.is_control && length > MAX_CONTROL_BYTES {
                    return Err(Violation::ControlTooBig);
                }
                if self.frame.is_close && length == 1 {
                    return Err(Violation::ShortClose);
                }
                match length {
                    126 => At::ExtendedLength { missing: 2, length: 0, width: 2 },
                    127 => At::ExtendedLength { missing: 8, length: 0, width: 8 },
                    length => self.sized(length)?,
                }
            }
            At::ExtendedLength { missing, length, width } => {
                let length = length << 8 | u64::from(byte);
                match (missing, width) {
                    (1, 2) if length < 126 => return Err(Violation::LongLength),
                    (1, 8) if length <= u64::from(u16::MAX) => return Err(Violation::LongLength),
                    (1, _) => self.sized(length)?,
                    _ => At::ExtendedLength { missing: missing - 1, length, width },
                }
            }
            At::Mask { missing: 1 } => {
                self.end_of_header();
                let missing = self.frame.length;
                if missing == 0 { At::Start } else { At::Payload { missing } }
            }
            At::Mask { missing } => At::Mask { missing: missing - 1 },
            At::Payload { .. } => self.at,
        })
    }

    fn first(&self, byte: u8) -> Result<Frame, Violation> {
        if byte & 0x70 != 0 {
            return Err(Violation::ReservedBit);
        }
        let is_last = byte & 0x80 != 0;
        match byte & 0x0f {
            0 if self.message.is_none() => Err(Violation::NothingToContinue),
            1 | 2 if self.message.is_some() => Err(Violation::Interleaved),
            0..=2 => Ok(Frame { length: 0, is_last, is_control: false, is_close: false }),
            8..=10 if !is_last => Err(Violation::FragmentedControl),
            opcode @ 8..=10 => Ok(Frame { length: 0, is_last, is_control: true, is_close: opcode == 8 }),
            _ => Err(Violation::ReservedOpcode),
        }
    }

    fn sized(&mut self, length: u64) -> Result<At, Violation> {
        if length > MAX_FRAME_BYTES {
            return Err(Violation::FrameTooBig);
        }
        if !self.frame.is_control && self.message.unwrap_or(0) + length > MAX_MESSAGE_BYTES {
            return Err(Violation::MessageTooBig);
        }
        self.frame.length = length;
        Ok(At::Mask { missing: 4 })
    }

    fn end_of_header(&mut self) {
        if !self.frame.is_control {
            let so_far = self.message.unwrap_or(0) + self.frame.length;
            self.message = (!self.frame.is_last).then_some(so_far);
        }
    }
}

/// Tells the session, after its stream has ended, what ended it.
#[derive(Debug, Clone, Default)]
pub struct Verdict(Rc<Cell<Option<Violation>>>);

impl Verdict {
    /// The violation, if there was one.
    #[must_use]
    pub fn get(&self) -> Option<Violation> {
        self.0.get()
    }
}

/// A request's payload that ends at the first frame that may not be.
///
/// All frames before it pass unchanged; of the offending one nothing passes that came in the same piece. The
/// stream ends rather than fails, so that those frames are still handled first; then the session asks the
/// [`Verdict`]. Nothing is read from the connection after that.
#[derive(Debug)]
pub struct FrameGuard<S> {
    inner: S,
    scanner: FrameScanner,
    verdict: Verdict,
}

impl<S> FrameGuard<S> {
    /// Guards a payload.
    #[must_use]
    pub fn new(inner: S) -> (Self, Verdict) {
        let verdict = Verdict::default();
        (Self { inner, scanner: FrameScanner::new(), verdict: verdict.clone() }, verdict)
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for FrameGuard<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.verdict.get().is_some() {
            return Poll::Ready(None);
        }
        let Some(item) = ready!(Pin::new(&mut this.inner).poll_next(cx)) else { return Poll::Ready(None) };
        let mut bytes = item?;
        if let Err((good, violation)) = this.scanner.scan(&bytes) {
            this.verdict.0.set(Some(violation));
            if good == 0 {
                return Poll::Ready(None);
            }
            bytes.truncate(good);
        }
        Poll::Ready(Some(Ok(bytes)))
    }
}

#[cfg(test)]
mod tests;
