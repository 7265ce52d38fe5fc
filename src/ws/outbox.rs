//! What is on its way to one connection: a bounded queue that the engine fills from any thread and the session empties.
//!
//! The frames wait here and not in the session's mailbox, so that they can be counted, and thrown away when the peer
//! does not read: then the session is not even polled. Of the session it knows only how to wake it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::{Message, Recipient};
use parking_lot::Mutex;
use peerpack_actors::runtime::session::Overflow;
use peerpack_actors::runtime::{Frame, SessionId, SessionPort};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::wire::close;

/// The most frames that wait for one connection.
pub(super) const MAX_FRAMES: usize = 256;

/// The most bytes that wait for one connection.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// Bytes of a frame beside its body.
const ENVELOPE_BYTES: usize = 64;

static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// There is something in the outbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Wake;

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// The close code.
    pub(super) code: u16,
    /// Why, for people.
    pub(super) reason: &'static str,
    /// When to come back, milliseconds; told before the close.
    pub(super) retry_after_ms: Option<u32>,
}

impl Ending {
    /// With a code and a reason.
    pub(super) const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason, retry_after_ms: None }
    }
}

/// The queue of one connection.
pub(super) struct Outbox {
    id: SessionId,
    session: OnceLock<Recipient<Wake>>,
    state: Mutex<State>,
    ending: Notify,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Frame>,
    bytes: usize,
    ending: Option<Ending>,
    shut: bool,
    /// Since when the session has been asked to look, if it has not looked yet.
    asked: Option<Instant>,
}

impl Outbox {
    /// An empty one, under a number of its own.
    pub(super) fn new() -> Arc<Self> {
        let id = SessionId(LAST_ID.fetch_add(1, Ordering::Relaxed) + 1);
        Arc::new(Self { id, session: OnceLock::new(), state: Mutex::default(), ending: Notify::new() })
    }

    /// From now on the session is woken. What came before is there to be taken.
    pub(super) fn connect(&self, session: Recipient<Wake>) {
        let _ = self.session.set(session);
    }

    /// Everything that waits, for the session to write, and how it is to end after that.
    pub(super) fn take(&self) -> (VecDeque<Frame>, Option<Ending>) {
        let mut state = self.state.lock();
        state.asked = None;
        state.bytes = 0;
        (std::mem::take(&mut state.frames), state.ending)
    }

    /// The session has looked, but leaves everything where it is, except that it is to end.
    pub(super) fn look(&self) -> Option<Ending> {
        let mut state = self.state.lock();
        state.asked = None;
        state.ending
    }

    /// Asks the session to end. Takes no more frames.
    pub(super) fn end(&self, ending: Ending) {
        let mut state = self.state.lock();
        if !state.shut && state.ending.is_none() {
            state.ending = Some(ending);
            self.wake(state);
            self.ending.notify_one();
        }
    }

    /// The session is over: what waits is thrown away.
    pub(super) fn shut(&self) {
        let mut state = self.state.lock();
        state.shut = true;
        state.drop_frames();
        drop(state);
        self.ending.notify_one();
    }

    /// Waits until the session is asked to end, or is over.
    pub(super) async fn ended(&self) {
        self.ending.notified().await;
    }

    /// Asks the session to look, to see whether it still can.
    pub(super) fn poke(&self) {
        self.wake(self.state.lock());
    }

    /// Whether the session has been asked to look and has not for so long.
    pub(super) fn is_stuck_for(&self, span: Duration) -> bool {
        self.state.lock().asked.is_some_and(|since| since.elapsed() >= span)
    }

    fn wake(&self, mut state: parking_lot::MutexGuard<'_, State>) {
        if state.asked.is_some() {
            return;
        }
        state.asked = Some(Instant::now());
        drop(state);
        if let Some(session) = self.session.get() {
            #[expect(
                clippy::disallowed_methods,
                reason = "at most one is on its way: it is answered by taking"
            )]
            session.do_send(Wake);
        }
    }
}

impl State {
    fn drop_frames(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
    }
}

impl SessionPort for Outbox {
    fn id(&self) -> SessionId {
        self.id
    }

    fn push(&self, frame: Frame) -> Result<(), Overflow> {
        let mut state = self.state.lock();
        if state.shut || state.ending.is_some() {
            return Err(Overflow);
        }
        let bytes = match &frame {
            Frame::Event(entry) => entry.body.len() + ENVELOPE_BYTES,
            // The latest is enough.
            Frame::Degraded if state.frames.iter().any(|waiting| matches!(waiting, Frame::Degraded)) => {
                return Ok(());
            }
            Frame::Degraded => ENVELOPE_BYTES,
        };
        // One frame alone may be larger: refused, it would be refused after every reconnect.
        let is_full = state.frames.len() >= MAX_FRAMES || state.bytes + bytes > MAX_BYTES;
        if is_full && !state.frames.is_empty() {
            // Whoever does not read does not get them later either: they wait in the stream.
            state.drop_frames();
            state.ending = Some(Ending::new(close::TOO_SLOW, "too slow"));
            self.wake(state);
            self.ending.notify_one();
            return Err(Overflow);
        }
        state.bytes += bytes;
        state.frames.push_back(frame);
        self.wake(state);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use peerpack_actors::ids::UserId;
    use peerpack_actors::ports::StreamEntry;
    use peerpack_actors::time::Time;

    use super::*;

    fn event(seq: u64, bytes: usize) -> Frame {
        let at = Time::from_ms(1_790_000_000_000);
        Frame::Event(StreamEntry { user: UserId::new(at, [1; 10]), seq, at, body: "x".repeat(bytes).into() })
    }

    #[test]
    fn too_many_frames_overflow_and_free_what_waited() {
        let outbox = Outbox::new();
        for seq in 1..=256 {
            assert_eq!(outbox.push(event(seq, 10)), Ok(()));
        }
        assert_eq!(outbox.push(event(257, 10)), Err(Overflow));
        let (frames, ending) = outbox.take();
        assert!(frames.is_empty());
        assert_eq!(ending.map(|ending| ending.code), Some(4008));
        assert_eq!(outbox.push(event(258, 10)), Err(Overflow));
    }

    #[test]
    fn too_many_bytes_overflow_but_one_frame_may_be_large() {
        let outbox = Outbox::new();
        assert_eq!(outbox.push(event(1, MAX_BYTES * 2)), Ok(()));
        assert_eq!(outbox.take().0.len(), 1);
        for seq in 2..=5 {
            assert_eq!(outbox.push(event(seq, 60_000)), Ok(()));
        }
        assert_eq!(outbox.push(event(6, 60_000)), Err(Overflow));
    }

    #[test]
    fn what_is_taken_makes_room_and_keeps_its_order() {
        let outbox = Outbox::new();
        for round in 0..10 {
            for n in 0..100 {
                assert_eq!(outbox.push(event(round * 100 + n, 10)), Ok(()));
            }
            let seqs = outbox.take().0.into_iter().map(|frame| match frame {
                Frame::Event(entry) => entry.seq,
                Frame::Degraded => 0,
            });
            assert!(seqs.eq(round * 100..round * 100 + 100));
        }
    }

    #[test]
    fn trouble_is_told_once_however_often_it_is_reported() {
        let outbox = Outbox::new();
        for _ in 0..1_000 {
            assert_eq!(outbox.push(Frame::Degraded), Ok(()));
        }
        assert_eq!(outbox.take().0.len(), 1);
    }

    #[tokio::test]
    async fn a_session_that_does_not_look_is_stuck() {
        let outbox = Outbox::new();
        let span = Duration::from_millis(50);
        outbox.poke();
        assert!(!outbox.is_stuck_for(Duration::from_secs(9)));
        tokio::time::sleep(span).await;
        outbox.poke();
        assert!(outbox.is_stuck_for(span));
        outbox.look();
        assert!(!outbox.is_stuck_for(span));
    }
}
