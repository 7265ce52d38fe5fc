//! The actor of one connection, and the only file that knows `actix-web-actors`.
//!
//! Thin: it writes what is in its outbox, keeps the timers of the connection and ends it; what is said is dealt with in
//! `conversation`. Nothing here is to be relied on while the peer does not read, since then the actor is not polled;
//! that is what `watch` is for.

mod conversation;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Handler, Running, SpawnHandle, StreamHandler};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use bytes::BytesMut;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::StreamPosition;
use peerpack_actors::runtime::{Frame, SessionPort};
use peerpack_actors::time::{Span, Time};
use tokio::time::Instant;

use super::acks::Acks;
use super::cursor::{Cursor, Place};
use super::guard::{FrameGuard, MAX_FRAME_BYTES, Verdict, Violation};
use super::limits::{Allowance, Errors};
use super::outbox::{Ending, Outbox, Wake};
use super::sockets::Membership;
use super::wire::{ClientFrame, Degraded, Hello, Limits, Reconnect, ServerMessage, close, event_frame};
use crate::app::App;
use crate::auth::token::Access;
use crate::error::ApiError;

/// How often the peer is pinged.
const PING_S: u32 = 25;

/// How long it may take to answer.
const PONG_WITHIN: Duration = Duration::from_secs(8);

/// How long live events wait for a client that may want to resume first.
const RESUME_WITHIN: Duration = Duration::from_secs(1);

/// How long the peer may take to say goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// How often presence is renewed, and for how long.
const PRESENT_EVERY: Duration = Duration::from_secs(30);
const PRESENT_FOR: Span = Span::seconds(75);

/// The store is well again when it has not been reported otherwise for so long.
const DEGRADED_FOR: Duration = Duration::from_secs(15);

const UNSUPPORTED: u16 = 1003;
const BAD_TEXT: u16 = 1007;
const POLICY: u16 = 1008;
const PROTOCOL: u16 = 1002;

type Socket = ws::WebsocketContext<Session>;

/// What a session starts with.
pub(super) struct Start {
    pub(super) app: web::Data<App>,
    pub(super) access: Access,
    pub(super) outbox: Arc<Outbox>,
    pub(super) membership: Membership,
    pub(super) position: StreamPosition,
    pub(super) verdict: Verdict,
}

/// The actor.
pub(super) struct Session {
    app: web::Data<App>,
    user: UserId,
    expires_at: Time,
    outbox: Arc<Outbox>,
    /// Until the session ends.
    membership: Option<Membership>,
    verdict: Verdict,
    position: StreamPosition,
    cursor: Cursor,
    hold: Option<Hold>,
    acks: Acks,
    waiting: VecDeque<ClientFrame>,
    is_running: bool,
    allowance: Allowance,
    errors: Errors,
    partial: Option<BytesMut>,
    awaits_pong: bool,
    degraded: Option<SpawnHandle>,
}

/// Why live events are kept back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// The client may want to resume first.
    Start,
    /// The missed ones go first.
    Resuming,
}

/// Answers a handshake and starts the session.
///
/// # Errors
/// It is no handshake.
pub(super) fn start(
    start: Start,
    req: &HttpRequest,
    payload: FrameGuard<web::Payload>,
) -> Result<HttpResponse, ApiError> {
    let Start { app, access, outbox, membership, position, verdict } = start;
    let session = Session {
        app,
        user: access.principal.user,
        expires_at: access.expires_at,
        outbox,
        membership: Some(membership),
        verdict,
        position,
        cursor: Cursor::new(position.top),
        hold: Some(Hold::Start),
        acks: Acks::default(),
        waiting: VecDeque::new(),
        is_running: false,
        allowance: Allowance::new(Instant::now()),
        errors: Errors::default(),
        partial: None,
        awaits_pong: false,
        degraded: None,
    };
    let frame_bytes = usize::try_from(MAX_FRAME_BYTES).unwrap_or(usize::MAX);
    ws::WsResponseBuilder::new(session, req, payload)
        .frame_size(frame_bytes)
        .start()
        .map_err(|_| ApiError::bad_request("this is no WebSocket handshake"))
}

/// Whether a request can be upgraded.
///
/// # Errors
/// It is no handshake.
pub(super) fn check_handshake(req: &HttpRequest) -> Result<(), ApiError> {
    ws::handshake(req).map(drop).map_err(|_| ApiError::bad_request("this is no WebSocket handshake"))
}

impl Session {
    fn say(&self, message: &ServerMessage, ctx: &mut Socket) {
        if self.membership.is_some() {
            ctx.text(message.to_text());
        }
    }

    /// Says goodbye. The peer may answer; then the connection is over.
    fn end(&mut self, code: u16, reason: &str, ctx: &mut Socket) {
        let Some(membership) = self.membership.take() else { return };
        drop(membership);
        metrics::counter!("peerpack_ws_closed_total", "code" => code.to_string()).increment(1);
        tracing::debug!(user = %self.user, code, reason, "closing a connection");
        ctx.close(Some(ws::CloseReason { code: code.into(), description: Some(reason.to_owned()) }));
        ctx.run_later(GOODBYE_WITHIN, |_, ctx| ctx.stop());
    }

    fn end_for(&mut self, violation: Violation, ctx: &mut Socket) {
        self.end(violation.close_code(), &violation.to_string(), ctx);
    }

    /// Writes what the engine has pushed.
    fn drain(&mut self, ctx: &mut Socket) {
        if self.hold.is_some() {
            if let Some(ending) = self.outbox.look() {
                self.end_as(ending, ctx);
            }
            return;
        }
        let (frames, ending) = self.outbox.take();
        for frame in frames {
            match frame {
                Frame::Degraded => self.degrade(ctx),
                Frame::Event(entry) => match self.cursor.admit(entry.seq) {
                    Place::Next if self.membership.is_some() => {
                        ctx.text(event_frame(entry.seq, entry.at, &entry.body));
                    }
                    Place::Next | Place::Known => {}
                    Place::Ahead => {
                        tracing::error!(user = %self.user, seq = entry.seq, "an event is missing");
                        self.end(close::INSUFFICIENT_STATE, "an event is missing", ctx);
                    }
                },
            }
        }
        if let Some(ending) = ending {
            self.end_as(ending, ctx);
        }
    }

    fn end_as(&mut self, ending: Ending, ctx: &mut Socket) {
        if let Some(retry_after_ms) = ending.retry_after_ms {
            self.say(&ServerMessage::Reconnect(Reconnect { retry_after_ms }), ctx);
        }
        self.end(ending.code, ending.reason, ctx);
    }

    fn degrade(&mut self, ctx: &mut Socket) {
        match self.degraded.take() {
            Some(earlier) => drop(ctx.cancel_future(earlier)),
            None => self.say(&ServerMessage::Degraded(Degraded { degraded: true }), ctx),
        }
        self.degraded = Some(ctx.run_later(DEGRADED_FOR, |session, ctx| {
            session.degraded = None;
            session.say(&ServerMessage::Degraded(Degraded { degraded: false }), ctx);
        }));
    }

    fn release(&mut self, hold: Hold, ctx: &mut Socket) {
        if self.hold == Some(hold) {
            self.hold = None;
            self.drain(ctx);
        }
    }

    fn beat(&mut self, ctx: &mut Socket) {
        if self.membership.is_none() {
            return;
        }
        self.awaits_pong = true;
        ctx.ping(b"");
        ctx.run_later(PONG_WITHIN, |session, ctx| {
            if session.awaits_pong {
                session.end(close::TOO_SLOW, "no answer to a ping", ctx);
            }
        });
        ctx.run_later(Duration::from_secs(PING_S.into()), Self::beat);
    }

    fn renew_presence(&self) {
        if self.membership.is_some() {
            self.app.presence.set_present(self.user, self.app.clock.now(), PRESENT_FOR);
        }
    }
}

impl Actor for Session {
    type Context = Socket;

    fn started(&mut self, ctx: &mut Self::Context) {
        let hello = Hello {
            epoch: self.position.epoch,
            top: self.position.top,
            server_time: self.app.clock.now(),
            ping_s: PING_S,
            limits: Limits::default(),
            session_id: Some(self.outbox.id().0.to_string()),
        };
        self.say(&ServerMessage::Hello(hello), ctx);
        self.outbox.connect(ctx.address().recipient());
        self.drain(ctx);
        ctx.run_later(RESUME_WITHIN, |session, ctx| session.release(Hold::Start, ctx));
        // At a random moment first, so that a crowd that came together is not pinged together.
        ctx.run_later(Duration::from_secs(PING_S.into()).mul_f64(rand::random()), Self::beat);
        let left = self.expires_at.since(self.app.clock.now()).ms();
        ctx.run_later(Duration::from_millis(u64::try_from(left).unwrap_or(0)), |session, ctx| {
            session.end(close::TOKEN_EXPIRED, "the access token has expired", ctx);
        });
        self.renew_presence();
        ctx.run_interval(PRESENT_EVERY, |session, _| session.renew_presence());
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.membership = None;
        Running::Stop
    }
}

impl Handler<Wake> for Session {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.drain(ctx);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Session {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        if self.membership.is_none() {
            if matches!(message, Ok(ws::Message::Close(_)) | Err(_)) {
                ctx.stop();
            }
            return;
        }
        let is_answer = std::mem::take(&mut self.awaits_pong) && matches!(message, Ok(ws::Message::Pong(_)));
        if !is_answer && !self.allowance.spend(Instant::now()) {
            return self.end(close::RATE_LIMITED, "too many messages", ctx);
        }
        match message {
            Ok(ws::Message::Text(text)) => self.read(&text, ctx),
            Ok(ws::Message::Continuation(item)) => self.continuation(item, ctx),
            Ok(ws::Message::Ping(bytes)) => ctx.pong(&bytes),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Binary(_)) => self.end(UNSUPPORTED, "only text is understood", ctx),
            Ok(ws::Message::Close(reason)) => {
                self.membership = None;
                ctx.close(reason);
                ctx.stop();
            }
            // The library has no other name for text that is not UTF-8; the rest the guard has caught before.
            Err(ws::ProtocolError::Io(_)) => self.end(BAD_TEXT, "not UTF-8", ctx),
            Err(error) => self.end(PROTOCOL, &error.to_string(), ctx),
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        match self.verdict.get() {
            Some(violation) => self.end_for(violation, ctx),
            None => ctx.stop(),
        }
    }
}
