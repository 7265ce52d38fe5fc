//! A task for each socket: pushes events in the order of their numbers, and takes commands one by one.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::{Error, HttpRequest, HttpResponse, web};
use actix_ws::{Closed, Message, MessageStream, Session};
use futures_util::StreamExt;
use peerpack::ws::wire::{
    Ack, ClientFrame, ClientMessage, Hello, Limits, Pong, Resumed, SUBPROTOCOL, ServerMessage,
};
use peerpack_actors::ids::{RequestId, UserId};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

use super::telling::Pushed;
use super::{Plain, http, now};
use crate::oracle::What;

/// Seconds between pings.
const PING_S: u32 = 20;

/// Events in a row: which comes next, and those that came too soon.
struct Row {
    next: u64,
    early: BTreeMap<u64, String>,
}

pub(super) async fn upgrade(
    plain: web::Data<Plain>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Error> {
    let Some(user) = http::who(&plain, &request) else { return Ok(HttpResponse::Unauthorized().finish()) };
    let (response, session, messages) = actix_ws::handle_with_protocols(&request, body, &[SUBPROTOCOL])?;
    // Events from now on are kept for this socket, whatever the database says of those before.
    let (pushing, pushed) = unbounded_channel();
    plain.sockets.lock().entry(user).or_default().push(pushing);
    actix_web::rt::spawn(async move {
        let _ = converse(&plain, user, session, messages, pushed).await;
    });
    Ok(response)
}

async fn converse(
    plain: &Plain,
    user: UserId,
    mut session: Session,
    mut messages: MessageStream,
    mut pushed: UnboundedReceiver<Pushed>,
) -> Result<(), Closed> {
    let Ok(top) = plain.store.top(user).await else { return session.close(None).await };
    let mut row = Row { next: top + 1, early: BTreeMap::new() };
    let hello = Hello {
        epoch: 1,
        top,
        server_time: now(),
        ping_s: PING_S,
        limits: Limits::default(),
        session_id: None,
    };
    session.text(ServerMessage::Hello(hello).to_text()).await?;
    let mut pings = tokio::time::interval(Duration::from_secs(u64::from(PING_S)));
    loop {
        tokio::select! {
            Some(event) = pushed.recv() => row.take(event, &mut session).await?,
            _ = pings.tick() => session.ping(b"").await?,
            message = messages.next() => match message {
                Some(Ok(Message::Text(text))) => hear(plain, user, &mut session, &row, &text).await?,
                Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await?,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return session.close(None).await,
                Some(Ok(_)) => {}
            },
        }
    }
}

impl Row {
    async fn take(&mut self, event: Pushed, session: &mut Session) -> Result<(), Closed> {
        if event.seq >= self.next {
            self.early.insert(event.seq, event.text);
        }
        while let Some(text) = self.early.remove(&self.next) {
            self.next += 1;
            session.text(text).await?;
        }
        Ok(())
    }
}

async fn hear(
    plain: &Plain,
    user: UserId,
    session: &mut Session,
    row: &Row,
    text: &str,
) -> Result<(), Closed> {
    let Ok(ClientFrame { cmd_id, message }) = ClientFrame::parse(text) else {
        let ack = Ack::error(None, "malformed", "not understood");
        return session.text(ServerMessage::Ack(ack).to_text()).await;
    };
    let step = match message {
        ClientMessage::Ping => {
            return session.text(ServerMessage::Pong(Pong { server_time: now() }).to_text()).await;
        }
        ClientMessage::Resume(resume) => {
            let top = row.next - 1;
            let Ok(events) = plain.store.events(user, resume.last_seq, top).await else { return Ok(()) };
            let count = u32::try_from(events.len()).ok();
            let resumed = Resumed { recovered: true, reason: None, count, top };
            session.text(ServerMessage::Resumed(resumed).to_text()).await?;
            for event in events {
                session.text(event).await?;
            }
            return Ok(());
        }
        ClientMessage::OfferAccept(of) => (What::Accept, of.request_id),
        ClientMessage::OfferDecline(of) => (What::Decline, of.request_id),
        ClientMessage::RequestPickUp(of) => (What::PickUp, of.request_id),
        ClientMessage::RequestDeliver(of) => (What::Deliver, of.request_id),
        ClientMessage::RequestConfirm(of) => (What::Confirm, of.request_id),
        ClientMessage::RequestCancel(of) => (What::Cancel, of.request_id),
        _ => return Ok(()),
    };
    let ack = take(plain, user, step, cmd_id).await;
    session.text(ServerMessage::Ack(ack).to_text()).await
}

async fn take(plain: &Plain, user: UserId, (what, request): (What, RequestId), cmd_id: Option<Uuid>) -> Ack {
    match plain.store.step(user, what, request, cmd_id).await {
        Ok(Ok(pushed)) => {
            plain.push(pushed);
            Ack::ok(cmd_id.unwrap_or_default(), None)
        }
        Ok(Err(code)) => Ack::error(cmd_id, code, "refused"),
        Err(error) => {
            eprintln!("peerpack-baseline: {error}");
            Ack::error(cmd_id, "unavailable", "the database did not do it")
        }
    }
}
