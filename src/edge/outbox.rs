//! What is on its way to one connection: a bounded queue that the engine fills from any thread and the
//! session empties.
//!
//! The frames wait here so that they can be counted, and thrown away when the peer does not read. Of the
//! session it knows only how to wake it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use peerpack_actors::ids::{ChatId, TripId, UserId};
use peerpack_actors::runtime::session::Overflow;
use peerpack_actors::runtime::{Frame, SessionId, SessionPort};
use peerpack_actors::stream::{ChatMore, StreamEvent};
use tokio::sync::Notify;
use uuid::Uuid;

use super::close;
use crate::bus::LastPosition;

/// The most frames that wait for one connection.
pub(crate) const MAX_FRAMES: usize = 256;

/// The most bytes that wait for one connection.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// The most messages of chats that wait in full for one connection. Of those beyond it only what has to be
/// read over HTTP is told, so that no chat keeps offers from arriving.
const MAX_CHAT_FRAMES: usize = 64;

/// How the body of a chat's message begins.
const CHAT_BODY: &str = "{\"type\":\"chat.message\"";

/// Bytes of a frame beside its body.
const ENVELOPE_BYTES: usize = 64;

static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    /// The close code.
    pub(crate) code: u16,
    /// Why it ended, in words for people.
    pub(crate) reason: &'static str,
    /// When to come back, milliseconds; told before the close.
    pub(crate) retry_after_ms: Option<u32>,
}

impl Ending {
    /// With a code and a reason.
    pub(crate) const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason, retry_after_ms: None }
    }
}

/// What is told of a chat that is worth a word only now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WhisperKind {
    /// The other one writes.
    Typing,
    /// The other one has come or gone.
    Presence,
}

/// The most whispers that wait for one connection.
const MAX_WHISPERS: usize = 64;

/// The queue of one connection.
pub(crate) struct Outbox {
    id: SessionId,
    /// Its number over all nodes.
    name: Uuid,
    /// The sign-in by which the user is here.
    signed_in: Uuid,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Of the frames, messages of chats that are not shortened.
    chat_frames: usize,
    /// The latest value of each only. Bounded by what the session subscribes to.
    locations: BTreeMap<TripId, LastPosition>,
    /// The latest of each kind and chat only; beyond [`MAX_WHISPERS`] they are lost.
    whispers: BTreeMap<(ChatId, WhisperKind), (UserId, bool)>,
    ending: Option<Ending>,
    shut: bool,
}

impl Outbox {
    /// An empty one, under a number of its own, for a connection of somebody who signed in.
    pub(crate) fn new(signed_in: Uuid) -> Arc<Self> {
        let id = SessionId(LAST_ID.fetch_add(1, Ordering::Relaxed) + 1);
        let name = Uuid::from_bytes(rand::random());
        Arc::new(Self { id, name, signed_in, state: Mutex::default(), changed: Notify::new() })
    }

    /// Its number over all nodes.
    pub(crate) const fn name(&self) -> Uuid {
        self.name
    }

    /// The sign-in by which the user is here.
    pub(crate) const fn signed_in(&self) -> Uuid {
        self.signed_in
    }

    /// Waits until there is something new in it, or was since the last wait.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The next frame for the session to write. An idle outbox keeps no room for frames.
    pub(crate) fn take(&self) -> Option<Frame> {
        let mut state = self.state.lock();
        let frame = state.frames.pop_front();
        match &frame {
            Some(frame) => {
                state.bytes -= bytes_of(frame);
                state.chat_frames -= usize::from(is_chat(frame));
            }
            None => state.drop_frames(),
        }
        frame
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state.lock();
        state.frames.is_empty() && state.locations.is_empty() && state.whispers.is_empty()
    }

    /// Where the courier of a trip is now. What waits of that trip is replaced: only the latest counts.
    pub(crate) fn locate(&self, trip: TripId, position: LastPosition) {
        let mut state = self.state.lock();
        if !state.shut && state.ending.is_none() {
            state.locations.insert(trip, position);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// The next location for the session to write.
    pub(crate) fn take_location(&self) -> Option<(TripId, LastPosition)> {
        self.state.lock().locations.pop_first()
    }

    /// Tells what is worth a word only now. What waits of that chat is replaced.
    pub(crate) fn whisper(&self, chat: ChatId, kind: WhisperKind, user: UserId, is_so: bool) {
        let mut state = self.state.lock();
        let has_room = state.whispers.len() < MAX_WHISPERS || state.whispers.contains_key(&(chat, kind));
        if has_room && !state.shut && state.ending.is_none() {
            state.whispers.insert((chat, kind), (user, is_so));
            drop(state);
            self.changed.notify_one();
        }
    }

    /// The next whisper for the session to write: whose, and whether it is so.
    pub(crate) fn take_whisper(&self) -> Option<(ChatId, WhisperKind, UserId, bool)> {
        let ((chat, kind), (user, is_so)) = self.state.lock().whispers.pop_first()?;
        Some((chat, kind, user, is_so))
    }

    /// How the session is to end, once everything is written that comes before it.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.state.lock().ending
    }

    /// Asks the session to end. Takes no more frames.
    pub(crate) fn end(&self, ending: Ending) {
        let mut state = self.state.lock();
        if !state.shut && state.ending.is_none() {
            state.ending = Some(ending);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// The session is over: what waits is thrown away.
    pub(crate) fn shut(&self) {
        let mut state = self.state.lock();
        state.shut = true;
        state.drop_frames();
    }
}

impl State {
    fn drop_frames(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
        self.chat_frames = 0;
    }

    /// Shortens every message of a chat that waits.
    fn shorten_chats(&mut self) {
        for frame in &mut self.frames {
            if is_chat(frame) {
                shorten(frame);
            }
        }
        self.bytes = self.frames.iter().map(bytes_of).sum();
        self.chat_frames = 0;
    }
}

impl SessionPort for Outbox {
    fn id(&self) -> SessionId {
        self.id
    }

    fn push(&self, mut frame: Frame) -> Result<(), Overflow> {
        let mut state = self.state.lock();
        if state.shut || state.ending.is_some() {
            return Err(Overflow);
        }
        // The latest is enough.
        let is_told = |waiting: &Frame| matches!((waiting, &frame), (Frame::Degraded, Frame::Degraded));
        if state.frames.iter().any(is_told) {
            return Ok(());
        }
        if is_chat(&frame) && state.chat_frames >= MAX_CHAT_FRAMES {
            shorten(&mut frame);
        }
        if state.bytes + bytes_of(&frame) > MAX_BYTES && state.chat_frames > 0 {
            state.shorten_chats();
        }
        let bytes = bytes_of(&frame);
        // One frame alone may be larger: refused, it would be refused after every reconnect.
        let is_full = state.frames.len() >= MAX_FRAMES || state.bytes + bytes > MAX_BYTES;
        let outcome = if is_full && !state.frames.is_empty() {
            // A peer that does not read does not get them later either: they wait in the stream.
            state.drop_frames();
            state.ending = Some(Ending::new(close::TOO_SLOW, "too slow"));
            Err(Overflow)
        } else {
            if let Frame::Event(entry) = &frame {
                tracing::debug!(connection = self.id.0, seq = entry.seq, "an event goes out");
            }
            state.bytes += bytes;
            state.chat_frames += usize::from(is_chat(&frame));
            state.frames.push_back(frame);
            Ok(())
        };
        drop(state);
        self.changed.notify_one();
        outcome
    }
}

fn is_chat(frame: &Frame) -> bool {
    matches!(frame, Frame::Event(entry) if entry.body.starts_with(CHAT_BODY))
}

/// Says of a message only which it is.
fn shorten(frame: &mut Frame) {
    let Frame::Event(entry) = frame else { return };
    let Ok(StreamEvent::ChatMessage(message)) = serde_json::from_str(&entry.body) else { return };
    let more = StreamEvent::ChatMore(ChatMore { chat_id: message.chat_id, message_seq: message.seq });
    if let Ok(body) = serde_json::to_string(&more) {
        metrics::counter!("peerpack_chat_shortened_total").increment(1);
        entry.body = body.into();
    }
}

fn bytes_of(frame: &Frame) -> usize {
    match frame {
        Frame::Event(entry) => entry.body.len() + ENVELOPE_BYTES,
        Frame::Degraded => ENVELOPE_BYTES,
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

    fn taken(outbox: &Outbox) -> Vec<Frame> {
        std::iter::from_fn(|| outbox.take()).collect()
    }

    #[test]
    fn too_many_frames_overflow_and_free_what_waited() {
        let outbox = Outbox::new(Uuid::nil());
        for seq in 1..=256 {
            assert_eq!(outbox.push(event(seq, 10)), Ok(()));
        }
        assert_eq!(outbox.push(event(257, 10)), Err(Overflow));
        assert!(taken(&outbox).is_empty());
        assert_eq!(outbox.ending().map(|ending| ending.code), Some(4008));
        assert_eq!(outbox.push(event(258, 10)), Err(Overflow));
    }

    #[test]
    fn too_many_bytes_overflow_but_one_frame_may_be_large() {
        let outbox = Outbox::new(Uuid::nil());
        assert_eq!(outbox.push(event(1, MAX_BYTES * 2)), Ok(()));
        assert_eq!(taken(&outbox).len(), 1);
        for seq in 2..=5 {
            assert_eq!(outbox.push(event(seq, 60_000)), Ok(()));
        }
        assert_eq!(outbox.push(event(6, 60_000)), Err(Overflow));
    }

    fn chat(seq: u64, chars: usize) -> Frame {
        let at = Time::from_ms(1_790_000_000_000);
        let id = |n| uuid::Uuid::from_u128(n);
        let body = serde_json::json!({ "type": "chat.message", "data": {
            "chat_id": id(7), "message_id": id(8), "seq": seq, "sender_id": id(9), "content": "я".repeat(chars),
            "unread": 1 } });
        // The type stands first, as it is written.
        let data = body["data"].to_string();
        let body = format!("{{\"type\":\"chat.message\",\"data\":{data}}}").into();
        Frame::Event(StreamEntry { user: UserId::new(at, [1; 10]), seq, at, body })
    }

    #[test]
    fn a_flood_of_messages_is_shortened_before_it_crowds_out_anything_else() {
        let outbox = Outbox::new(Uuid::nil());
        assert_eq!(outbox.push(event(1, 100_000)), Ok(()));
        for seq in 2..=200 {
            assert_eq!(outbox.push(chat(seq, 1_000)), Ok(()), "{seq}");
        }
        // What needs the room gets it.
        assert_eq!(outbox.push(event(201, 100_000)), Ok(()));
        let bodies: Vec<_> = taken(&outbox)
            .into_iter()
            .filter_map(|frame| match frame {
                Frame::Event(entry) => Some((entry.seq, entry.body)),
                Frame::Degraded => None,
            })
            .collect();
        assert!(bodies.iter().map(|(seq, _)| *seq).eq(1..=201), "none is missing, and all are in order");
        let short = bodies.iter().filter(|(_, body)| body.contains("chat.more")).count();
        assert_eq!(short, 199);
    }

    #[test]
    fn what_is_taken_makes_room_and_keeps_its_order() {
        let outbox = Outbox::new(Uuid::nil());
        for round in 0..10 {
            for n in 0..100 {
                assert_eq!(outbox.push(event(round * 100 + n, 10)), Ok(()));
            }
            let seqs = taken(&outbox).into_iter().map(|frame| match frame {
                Frame::Event(entry) => entry.seq,
                Frame::Degraded => 0,
            });
            assert!(seqs.eq(round * 100..round * 100 + 100));
        }
    }

    #[test]
    fn trouble_is_told_once_however_often_it_is_reported() {
        let outbox = Outbox::new(Uuid::nil());
        for _ in 0..1_000 {
            assert_eq!(outbox.push(Frame::Degraded), Ok(()));
        }
        assert_eq!(taken(&outbox).len(), 1);
    }

    #[test]
    fn of_locations_only_the_latest_of_each_trip_waits() {
        let outbox = Outbox::new(Uuid::nil());
        let at = Time::from_ms(1_790_000_000_000);
        let trip = |n| TripId::new(at, [n; 10]);
        for n in 0..1_000_u32 {
            let position = LastPosition { lat: f64::from(n) / 100.0, lon: 37.6, at };
            outbox.locate(trip(u8::from(n % 2 == 0)), position);
        }
        let taken: Vec<_> = std::iter::from_fn(|| outbox.take_location()).map(|(_, at)| at.lat).collect();
        assert_eq!(taken, [9.99, 9.98]);
    }

    #[tokio::test]
    async fn what_was_pushed_before_the_wait_ends_it_at_once() {
        let outbox = Outbox::new(Uuid::nil());
        assert_eq!(outbox.push(event(1, 10)), Ok(()));
        outbox.changed().await;
        outbox.end(Ending::new(1012, "restart"));
        outbox.changed().await;
        assert!(outbox.push(event(2, 10)).is_err());
    }
}
