//! Sockets for clients that speak an older protocol, as actors of `actix-web-actors`. The only file that
//! knows it.
//!
//! Such a socket is a view over the user's stream: each event is translated or left out, and nothing is said
//! back. It has no numbers, so what happened while it was away is not told; its clients load their lists anew
//! when they connect. The actor lives in the body of its answer and is not polled while the peer does not
//! read; the task that writes that body ends the connection then (see `takeover`).

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Running, StreamHandler, WrapFuture};
use actix_http::ws::Item;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use bytes::BytesMut;
use futures_util::future::LocalBoxFuture;
use futures_util::stream;
use peerpack_actors::runtime::Frame;
use peerpack_actors::stream::StreamEvent;
use tokio::time::Instant;

use super::guard::{FrameGuard, MAX_FRAME_BYTES, Verdict};
use super::limits::allowance;
use super::membership::Membership;
use super::peer::{BAD_TEXT, PROTOCOL, UNSUPPORTED, may_be_said};
use super::upgrade::{admit, join, named_protocol};
use crate::app::App;
use crate::edge::bucket::Bucket;
use crate::edge::close;
use crate::edge::outbox::{Ending, Outbox};
use crate::error::ApiError;

/// How long it may take to answer.
const PONG_WITHIN: Duration = Duration::from_secs(8);

/// How long the peer may take to say goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// What an older client is told of an event, as the text of a frame; nothing if it does not know such events.
pub type View = Rc<dyn Fn(StreamEvent) -> LocalBoxFuture<'static, Option<String>>>;

type Socket = ws::WebsocketContext<Session>;

/// Opens a socket that shows a user's stream through a view.
///
/// # Errors
/// As [`upgrade`](super::upgrade::upgrade).
pub async fn follow(
    req: HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
    view: View,
) -> Result<HttpResponse, ApiError> {
    let admitted = admit(&req, &app).await?;
    let outbox = Outbox::new(admitted.access.session);
    let (membership, hello) = join(&req, admitted.place, admitted.access, &outbox).await?;
    let (payload, verdict) = FrameGuard::new(payload);
    let allowance = allowance();
    let (seen, membership) = (hello.position.top, Some(membership));
    let left_ms = u64::try_from(admitted.access.expires_at.since(app.clock.now()).ms()).unwrap_or(0);
    let (token_lasts, ping_every) = (Duration::from_millis(left_ms), app.config.ping_every());
    let session = Session {
        view,
        outbox,
        membership,
        verdict,
        seen,
        allowance,
        awaits_pong: None,
        token_lasts,
        ping_every,
        partial: BytesMut::new(),
    };
    let frame_bytes = usize::try_from(MAX_FRAME_BYTES).unwrap_or(usize::MAX);
    let protocols: Vec<&str> = named_protocol(req.headers())?.into_iter().collect();
    ws::WsResponseBuilder::new(session, &req, payload)
        .protocols(&protocols)
        .frame_size(frame_bytes)
        .start()
        .map_err(|_| ApiError::bad_request("this is no WebSocket handshake"))
}

/// The actor of one socket of the older client.
struct Session {
    view: View,
    outbox: Arc<Outbox>,
    /// Until the session says goodbye.
    membership: Option<Membership>,
    verdict: Verdict,
    seen: u64,
    allowance: Bucket,
    /// Since when an answer to a ping is due.
    awaits_pong: Option<Instant>,
    /// How long the token of the user is good.
    token_lasts: Duration,
    /// How often the peer is pinged.
    ping_every: Duration,
    /// What has come of a text in pieces.
    partial: BytesMut,
}

/// There may be something in the outbox.
struct Changed;

impl Session {
    fn drain(&mut self, ctx: &mut Socket) {
        while let Some(frame) = self.outbox.take() {
            let Frame::Event(entry) = frame else { continue };
            if entry.seq <= self.seen {
                continue;
            }
            self.seen = entry.seq;
            // Of a newer server, if it cannot be read: not for this view.
            let Ok(event) = serde_json::from_str::<StreamEvent>(&entry.body) else { continue };
            // One after the other: nothing else of this socket is looked at meanwhile.
            let told = (self.view)(event).into_actor(self).map(|text, session, ctx| {
                if let Some(text) = text {
                    ctx.text(text);
                }
                session.drain(ctx);
            });
            return ctx.wait(told);
        }
        if let Some(Ending { code, reason, .. }) = self.outbox.ending() {
            self.end(code, reason, ctx);
        }
    }

    fn end(&mut self, code: u16, reason: &str, ctx: &mut Socket) {
        if self.membership.take().is_some() {
            metrics::counter!("peerpack_ws_closed_total", "code" => code.to_string()).increment(1);
            ctx.close(Some(ws::CloseReason { code: code.into(), description: Some(reason.to_owned()) }));
            ctx.run_later(GOODBYE_WITHIN, |_, ctx| ctx.stop());
        }
    }

    /// What is said is not understood anyway, but has to be text. The guard bounds it.
    fn continuation(&mut self, item: Item, ctx: &mut Socket) {
        let is_last = matches!(item, Item::Last(_));
        match item {
            Item::FirstBinary(_) => return self.end(UNSUPPORTED, "only text is understood", ctx),
            Item::FirstText(bytes) => self.partial = BytesMut::from(&bytes[..]),
            Item::Continue(bytes) | Item::Last(bytes) => self.partial.extend_from_slice(&bytes),
        }
        if is_last && std::str::from_utf8(&std::mem::take(&mut self.partial)).is_err() {
            self.end(BAD_TEXT, "not UTF-8", ctx);
        }
    }

    fn beat(&mut self, ctx: &mut Socket) {
        if let Some(membership) = &self.membership {
            membership.renew();
        }
        let asked = *self.awaits_pong.get_or_insert_with(Instant::now);
        ctx.ping(b"");
        ctx.run_later(PONG_WITHIN, move |session, ctx| {
            if session.awaits_pong == Some(asked) {
                session.end(close::TOO_SLOW, "no answer to a ping", ctx);
            }
        });
        ctx.run_later(self.ping_every, Self::beat);
    }
}

impl Actor for Session {
    type Context = Socket;

    fn started(&mut self, ctx: &mut Self::Context) {
        let changes = stream::unfold(Arc::clone(&self.outbox), |outbox| async {
            outbox.changed().await;
            Some((Changed, outbox))
        });
        ctx.add_stream(changes);
        ctx.run_later(self.ping_every.mul_f64(rand::random()), Self::beat);
        ctx.run_later(self.token_lasts, |session, ctx| {
            session.end(close::TOKEN_EXPIRED, "the access token has expired", ctx);
        });
        self.drain(ctx);
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.membership = None;
        Running::Stop
    }
}

impl StreamHandler<Changed> for Session {
    fn handle(&mut self, _: Changed, ctx: &mut Self::Context) {
        self.drain(ctx);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Session {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        let is_answer = self.awaits_pong.take().is_some() && matches!(message, Ok(ws::Message::Pong(_)));
        if !is_answer && !self.allowance.spend(Instant::now()) {
            return self.end(close::RATE_LIMITED, "too many messages", ctx);
        }
        match message {
            Ok(ws::Message::Ping(bytes)) => ctx.pong(&bytes),
            Ok(ws::Message::Close(Some(reason))) if !may_be_said(reason.code) => {
                self.end(PROTOCOL, "the close code may not be used", ctx);
            }
            Ok(ws::Message::Close(reason)) => {
                self.membership = None;
                ctx.close(reason);
                ctx.stop();
            }
            Ok(ws::Message::Binary(_)) => self.end(UNSUPPORTED, "only text is understood", ctx),
            Ok(ws::Message::Continuation(item)) => self.continuation(item, ctx),
            Ok(ws::Message::Text(_) | ws::Message::Pong(_) | ws::Message::Nop) => {}
            // So the library says that a text is no UTF-8.
            Err(ws::ProtocolError::Io(_)) => self.end(BAD_TEXT, "not UTF-8", ctx),
            Err(_) => self.end(PROTOCOL, "the frames cannot be read", ctx),
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        match self.verdict.get() {
            Some(violation) => self.end(violation.close_code(), &violation.to_string(), ctx),
            None => ctx.stop(),
        }
    }
}
