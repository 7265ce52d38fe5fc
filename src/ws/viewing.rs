//! Sockets that show a part of the town, on a line of their own: what waits in their [`Viewer`] goes out,
//! what the peer says is heard and answered. The same limits as on the realtime socket hold for them.
//!
//! Everything here is `{"type": .., "data": ..}`, without numbers: of each thing the latest is told. What is
//! shown, and to whom, is not decided here.

mod opening;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::ws::{Frame as LineFrame, Item};
use actix_web::web;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::conversation::{BAD_TEXT, PROTOCOL, UNSUPPORTED, may_be_said};
use super::fragments::Fragments;
use super::limits::{Errors, allowance};
use super::line::{Heard, Line};
use super::membership::Place;
use crate::app::App;
use crate::auth::Welcome;
use crate::auth::token::Access;
use crate::edge::bucket::Bucket;
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::edge::viewers::{Subject, Viewer};
use crate::error::ApiError;

pub(crate) use self::opening::{NotShown, Showing, show, talk_to_anybody};

/// How long it may take to answer a ping.
const PONG_WITHIN: Duration = Duration::from_secs(8);

/// How long the peer may take nothing of what is written.
const STALLED_FOR: Duration = Duration::from_secs(10);

/// How long the peer may take to answer our goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// A deadline that is noticed so late says more about this thread than about the peer.
const HELD_UP: Duration = Duration::from_secs(1);

/// Frames that are dealt with before others get their turn.
const FRAMES_AT_ONCE: usize = 32;

/// Too many things that are no messages.
const POLICY: u16 = 1008;

/// What is made of a message: of its type and its data. The answer, if there is one, and a refusal otherwise.
pub(crate) type Hearing = Rc<dyn Fn(&str, Value) -> Result<Option<Value>, ApiError>>;

/// What a socket starts with. Left in the extensions of the answer that upgrades the connection.
pub(super) struct ViewingStart {
    app: web::Data<App>,
    place: Place,
    viewer: Arc<Viewer>,
    hearing: Hearing,
    /// The token, on a socket that shows something.
    access: Option<Access>,
    /// Whether the token still counts.
    welcome: Option<web::Data<dyn Welcome>>,
    /// What is done first once changes are told.
    begin: Option<Beginning>,
}

/// What is done first once a socket is told of changes: to show what there is.
type Beginning = Box<dyn FnOnce(Arc<Viewer>)>;

/// A socket among those that show something. Dropped, it is told of nothing more.
struct Seat {
    _place: Place,
    viewer: Arc<Viewer>,
    app: web::Data<App>,
}

impl Seat {
    fn take(app: web::Data<App>, place: Place, viewer: Arc<Viewer>) -> Self {
        if let Some(town) = app.town.as_ref().filter(|_| viewer.subject != Subject::Nothing) {
            town.live().watch();
        }
        app.sockets.view(&viewer);
        Self { _place: place, viewer, app }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.viewer.shut();
        self.app.sockets.viewers().leave(&self.viewer);
        if let Some(town) = self.app.town.as_ref().filter(|_| self.viewer.subject != Subject::Nothing) {
            town.live().unwatch();
        }
    }
}

/// A message of the peer.
#[derive(Deserialize)]
struct Said {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Value,
}

/// The socket.
pub(super) struct Viewing {
    app: web::Data<App>,
    line: Line,
    viewer: Arc<Viewer>,
    /// Until it says goodbye.
    seat: Option<Seat>,
    hearing: Hearing,
    allowance: Bucket,
    errors: Errors,
    fragments: Fragments,
    ping: Instant,
    pong: Option<Instant>,
    expiry: Option<Instant>,
    over: Option<Instant>,
}

impl Viewing {
    pub(super) fn new(start: ViewingStart, line: Line) -> Self {
        let ViewingStart { app, place, viewer, hearing, access, welcome, begin } = start;
        let now = Instant::now();
        let left = access.map(|access| access.expires_at.since(app.clock.now()).ms());
        let left = left.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
        let ping = now + app.config.ping_every().mul_f64(rand::random());
        let seat = Seat::take(app.clone(), place, Arc::clone(&viewer));
        // A session that ended between the check and the seat closed every socket but this one.
        if access.zip(welcome).is_some_and(|(access, welcome)| !welcome.is_welcome(&access)) {
            viewer.end(Ending::new(close::TOKEN_EXPIRED, "the session was ended"));
        }
        if let Some(begin) = begin {
            begin(Arc::clone(&viewer));
        }
        Self {
            app,
            line,
            viewer,
            seat: Some(seat),
            hearing,
            allowance: allowance(),
            errors: Errors::default(),
            fragments: Fragments::default(),
            ping,
            pong: None,
            expiry: left.map(|left| now + left),
            over: None,
        }
    }

    /// Shows and hears until the connection is over.
    pub(super) async fn run(&mut self) {
        loop {
            self.drain();
            let is_whole = self.line.flush().is_ok();
            if !is_whole || self.line.is_overfull() || self.over.is_some_and(|over| over <= Instant::now()) {
                break;
            }
            if self.line.has_room() && self.seat.is_some() && !self.viewer.is_empty() {
                tokio::task::yield_now().await;
                continue;
            }
            let due = self.due();
            let viewer = Arc::clone(&self.viewer);
            let goes_on = tokio::select! {
                () = viewer.changed() => true,
                ready = self.line.ready() => ready.is_ok() && self.listen(),
                () = sleep_until(due) => self.look_at_the_clock(),
            };
            if !goes_on {
                break;
            }
        }
        if self.line.stalled_since().is_some() {
            self.line.cut();
        }
    }

    fn drain(&mut self) {
        while self.seat.is_some() && self.line.has_room() {
            match self.viewer.take() {
                Some(text) => self.line.text(&text),
                None => break,
            }
        }
        if let Some(Ending { code, reason, retry_after_ms }) = self.viewer.ending()
            && self.viewer.is_empty()
        {
            if let Some(ms) = retry_after_ms.filter(|_| self.seat.is_some()) {
                let text = json!({ "type": "reconnect", "data": { "retry_after_ms": ms } });
                self.line.text(&text.to_string());
            }
            self.end(code, reason);
        }
    }

    fn end(&mut self, code: u16, reason: &str) {
        if self.seat.take().is_none() {
            return;
        }
        metrics::counter!("peerpack_ws_closed_total", "code" => code.to_string()).increment(1);
        self.line.close(code, reason);
        self.over = Some(Instant::now() + GOODBYE_WITHIN);
    }

    fn due(&self) -> Instant {
        let stalled = self.line.stalled_since().map(|since| since + STALLED_FOR);
        match self.over {
            Some(over) => stalled.map_or(over, |stalled| stalled.min(over)),
            None => [self.pong, self.expiry, stalled].into_iter().flatten().fold(self.ping, Instant::min),
        }
    }

    /// Does what is due; whether the connection goes on.
    fn look_at_the_clock(&mut self) -> bool {
        let now = Instant::now();
        if self.line.stalled_since().is_some_and(|since| since + STALLED_FOR <= now) {
            metrics::counter!("peerpack_ws_stuck_total").increment(1);
            return false;
        }
        if self.seat.is_none() {
            return true;
        }
        if let Some(at) = self.pong.filter(|at| *at <= now) {
            if now.duration_since(at) < HELD_UP {
                self.end(close::TOO_SLOW, "no answer to a ping");
            } else {
                self.pong = Some(now + PONG_WITHIN);
            }
        }
        if self.expiry.is_some_and(|at| at <= now) {
            self.end(close::TOKEN_EXPIRED, "the access token has expired");
        }
        if self.ping <= now && self.seat.is_some() {
            self.line.ping();
            self.ping = now + self.app.config.ping_every();
            self.pong.get_or_insert(now + PONG_WITHIN);
        }
        true
    }

    /// Deals with what has come in; whether the connection goes on.
    fn listen(&mut self) -> bool {
        for _ in 0..FRAMES_AT_ONCE {
            match self.line.hear() {
                Heard::Frame(LineFrame::Close(Some(reason))) if !may_be_said(reason.code) => {
                    self.end(PROTOCOL, "the close code may not be used");
                }
                Heard::Frame(LineFrame::Close(reason)) => {
                    if self.seat.take().is_some() {
                        self.line.close_back(reason);
                    }
                    let _ = self.line.flush();
                    return false;
                }
                Heard::Frame(frame) => self.frame(frame),
                Heard::Violation(violation) => self.end(violation.close_code(), &violation.to_string()),
                Heard::Malformed(error) => self.end(PROTOCOL, &error.to_string()),
                Heard::Nothing => return true,
                Heard::Gone => return false,
            }
            if self.seat.is_none() {
                return true;
            }
        }
        true
    }

    fn frame(&mut self, frame: LineFrame) {
        // As on the realtime socket: only the first pong after a ping costs nothing.
        let is_answer = matches!(frame, LineFrame::Pong(_)) && self.pong.take().is_some();
        if !is_answer && !self.allowance.spend(Instant::now()) {
            return self.end(close::RATE_LIMITED, "too many messages");
        }
        match frame {
            LineFrame::Text(bytes) => self.read(&bytes),
            LineFrame::Continuation(item) => self.continuation(item),
            LineFrame::Ping(bytes) => self.line.pong(&bytes),
            LineFrame::Binary(_) => self.end(UNSUPPORTED, "only text is understood"),
            LineFrame::Pong(_) | LineFrame::Close(_) => {}
        }
    }

    fn continuation(&mut self, item: Item) {
        match self.fragments.add(item) {
            Err((code, reason)) => self.end(code, &reason),
            Ok(None) => {}
            Ok(Some(whole)) => self.read(&whole),
        }
    }

    /// What the peer says.
    fn read(&mut self, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else { return self.end(BAD_TEXT, "not UTF-8") };
        let answer = match serde_json::from_str::<Said>(text) {
            Ok(Said { kind, .. }) if kind == "ping" => Ok(Some(json!({ "type": "pong" }))),
            Ok(Said { kind, data }) => (self.hearing)(&kind, data),
            Err(_) => Err(ApiError::bad_request("a message is an object with a type")),
        };
        let answer = answer.unwrap_or_else(|error| {
            let error = error.told_in(self.viewer.language);
            if self.errors.count(Instant::now()) {
                self.viewer.end(Ending::new(POLICY, "too many errors"));
            }
            let data = json!({ "code": error.code(), "message": error.message() });
            Some(json!({ "type": "error", "data": data }))
        });
        if let Some(answer) = answer {
            self.viewer.answer(answer.to_string().into());
        }
    }
}
