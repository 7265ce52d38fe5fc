//! Sockets that show a part of the town, on a line of their own: what waits in their [`Viewer`] goes out,
//! what the peer says is heard and answered. The same limits as on the realtime socket hold for them.
//!
//! Everything here is `{"type": .., "data": ..}`, without numbers: of each thing the latest is told. What is
//! shown, and to whom, is not decided here.

mod opening;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use peerpack_actors::time::Span;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::limits::Errors;
use super::line::Line;
use super::membership::Place;
use super::peer::{Listener, POLICY, Peer};
use crate::app::App;
use crate::auth::Welcome;
use crate::auth::token::Access;
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::edge::viewers::{Subject, Viewer};
use crate::error::ApiError;

pub(crate) use self::opening::{NotShown, Showing, show, talk_to_anybody};

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

/// The actor of one socket that shows a part of the town.
pub(super) struct Viewing {
    peer: Peer,
    viewer: Arc<Viewer>,
    /// Until it says goodbye.
    seat: Option<Seat>,
    hearing: Hearing,
    errors: Errors,
    app: web::Data<App>,
    /// By whose session somebody looks, and when it is looked at whether that still stands.
    access: Option<(Access, Instant)>,
}

impl Viewing {
    pub(super) fn new(start: ViewingStart, line: Line) -> Self {
        let ViewingStart { app, place, viewer, hearing, access, welcome, begin } = start;
        let now = Instant::now();
        let expires_in = |access: &Access| millis(access.expires_at.since(app.clock.now()));
        let due = access.as_ref().map(|access| now + expires_in(access));
        let user = viewer.looker.map(|looker| looker.user);
        let peer = Peer::new(line, user, app.config.ping_every());
        let seat = Seat::take(app.clone(), place, Arc::clone(&viewer));
        // A session that ended between the check and the seat closed every socket but this one.
        if access.zip(welcome).is_some_and(|(access, welcome)| !welcome.is_welcome(&access)) {
            viewer.end(Ending::new(close::TOKEN_EXPIRED, "the session was ended"));
        }
        if let Some(begin) = begin {
            begin(Arc::clone(&viewer));
        }
        let (errors, access) = (Errors::default(), access.zip(due));
        Self { peer, viewer, seat: Some(seat), hearing, errors, app, access }
    }

    /// Shows and hears until the connection is over.
    pub(super) async fn run(&mut self) {
        loop {
            self.drain();
            if !self.peer.flush() {
                break;
            }
            if self.peer.line.has_room() && self.seat.is_some() && !self.viewer.is_empty() {
                tokio::task::yield_now().await;
                continue;
            }
            let due = self.next_due();
            let viewer = Arc::clone(&self.viewer);
            let goes_on = tokio::select! {
                () = viewer.changed() => true,
                ready = self.peer.line.ready() => ready.is_ok() && self.listen(),
                () = sleep_until(due) => self.look_at_the_clock(),
            };
            if !goes_on {
                break;
            }
        }
        self.peer.hang_up();
    }

    fn drain(&mut self) {
        while self.seat.is_some() && self.peer.line.has_room() {
            match self.viewer.take() {
                Some(text) => self.peer.line.text(&text),
                None => break,
            }
        }
        if let Some(Ending { code, reason, retry_after_ms }) = self.viewer.ending()
            && self.viewer.is_empty()
        {
            if let Some(ms) = retry_after_ms.filter(|_| self.seat.is_some()) {
                let text = json!({ "type": "reconnect", "data": { "retry_after_ms": ms } });
                self.peer.line.text(&text.to_string());
            }
            self.end(code, reason);
        }
    }

    fn next_due(&self) -> Instant {
        let first = self.peer.next_due();
        self.access.filter(|_| self.peer.is_open()).map_or(first, |(_, due)| due.min(first))
    }

    /// Does what is due; whether the connection goes on.
    fn look_at_the_clock(&mut self) -> bool {
        let now = Instant::now();
        if self.peer.is_stuck(now) {
            return false;
        }
        if self.peer.is_open() && !self.peer.keep_alive(now) {
            self.end(close::GOING_AWAY, "no answer to a ping");
        }
        if let Some((access, due)) = &mut self.access
            && *due <= now
        {
            // A page cannot hand in another token: the session counts, and it is looked at as often as a
            // token would have to be renewed.
            *due = now + millis(self.app.config.access_ttl);
            actix_web::rt::spawn(end_without_session(self.app.clone(), *access, Arc::clone(&self.viewer)));
        }
        true
    }
}

/// Ends a socket whose session stands no more. If the store does not answer, the next look sees to it; a
/// session that is ended by somebody is told of anyway.
async fn end_without_session(app: web::Data<App>, access: Access, viewer: Arc<Viewer>) {
    match app.database.sessions(access.principal.user, app.clock.now()).await {
        Ok(sessions) if sessions.iter().any(|session| session.id == access.session) => {}
        Ok(_) => viewer.end(Ending::new(close::TOKEN_EXPIRED, "the session is over")),
        Err(error) => tracing::warn!(%error, "cannot look whether a session still stands"),
    }
}

fn millis(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.ms()).unwrap_or(0))
}

impl Listener for Viewing {
    fn peer(&mut self) -> &mut Peer {
        &mut self.peer
    }

    fn read(&mut self, text: &str) {
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

    fn leave(&mut self) {
        self.seat = None;
    }
}
