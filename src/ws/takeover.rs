//! Takes connections over from the HTTP server when a request asks to become a socket.
//!
//! The server hands such a request here together with its raw connection. The application answers it like any
//! other, so routes, sign-in and error bodies are the same. What the application says decides what becomes of
//! the connection: the realtime socket becomes a [`Conversation`], one that shows a part of the town a
//! [`Viewing`], another upgrade is fed from its answer's
//! body, and a refusal is written and closes it. The server's own buffers for the connection are gone by
//! then.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_codec::{Encoder, Framed, FramedParts};
use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::error::PayloadError;
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Payload, Request, Response, StatusCode};
use actix_service::{Service, ServiceFactory};
use actix_web::dev::ServiceResponse;
use actix_web::rt::net::TcpStream;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::future::{LocalBoxFuture, poll_fn};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::timeout;

use super::conversation::{Conversation, Start};
use super::line::Line;
use super::viewing::{Viewing, ViewingStart};
use crate::edge::connections::{Connection, Place};

/// How long a peer may take nothing of what is written.
const STALLED_FOR: Duration = Duration::from_secs(10);

/// Bytes read at once, on the stack.
const READ_BYTES: usize = 4 * 1024;

type Upgrade = (Request, Framed<Connection, Codec>);

/// Makes the takeover around an application, one for each worker.
pub struct Takeover<F>(F);

impl<F> Takeover<F> {
    /// Around an application of one's own: the same that answers all other requests.
    pub const fn new(app: F) -> Self {
        Self(app)
    }
}

impl<F> ServiceFactory<Upgrade> for Takeover<F>
where
    F: ServiceFactory<Request, Config = (), Response = ServiceResponse<BoxBody>, Error = Response<BoxBody>>,
    F::Service: 'static,
    F::InitError: fmt::Debug,
    F::Future: 'static,
{
    type Response = ();
    type Error = actix_http::Error;
    type Config = ();
    type Service = Handler<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, Self::InitError>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let app = self.0.new_service(());
        Box::pin(async move { Ok(Handler(Rc::new(app.await?))) })
    }
}

/// The takeover of one worker.
pub struct Handler<S>(Rc<S>);

impl<S> Service<Upgrade> for Handler<S>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = Response<BoxBody>> + 'static,
{
    type Response = ();
    type Error = actix_http::Error;
    type Future = LocalBoxFuture<'static, Result<(), Self::Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The application is always ready, and says so only after it has been asked.
        self.0.poll_ready(cx).map(|_| Ok(()))
    }

    fn call(&self, (mut request, framed): Upgrade) -> Self::Future {
        let inbound = Inbound::default();
        *request.payload() = Payload::Stream { payload: Box::pin(inbound.clone()) };
        let answer = self.0.call(request);
        Box::pin(async move {
            let FramedParts { mut io, codec, read_buf, write_buf, .. } = framed.into_parts();
            // Answers to requests that the peer has sent before this one, without waiting for them.
            if !matches!(timeout(STALLED_FOR, io.write_all(&write_buf)).await, Ok(Ok(()))) {
                return Ok(());
            }
            let response: Response<BoxBody> = match answer.await {
                Ok(response) => response.into(),
                Err(response) => response,
            };
            let (io, place) = io.into_stream();
            Answered { io, codec, unread: read_buf, place }.go_on(response, &inbound).await;
            Ok(())
        })
    }
}

/// A connection whose request has been answered, but not yet told so.
struct Answered {
    io: TcpStream,
    codec: Codec,
    unread: BytesMut,
    place: Place,
}

impl Answered {
    async fn go_on(mut self, mut response: Response<BoxBody>, inbound: &Inbound) {
        let start = response.extensions_mut().remove::<Start>();
        let viewing = response.extensions_mut().remove::<ViewingStart>();
        let is_upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let (mut head, body) = response.into_parts();
        if !is_upgraded {
            head.head_mut().set_connection_type(ConnectionType::Close);
            return self.refuse(head, body).await;
        }
        let Some(head) = self.encode(Message::Item((head, BodySize::Stream))) else { return };
        if !matches!(timeout(STALLED_FOR, self.io.write_all(&head)).await, Ok(Ok(()))) {
            return;
        }
        // Tasks of their own, so that what the server keeps for each of its connections is given back.
        match (start, viewing) {
            (None, Some(start)) => {
                let line = Line::new(self.io, &self.unread);
                let (mut viewing, place) = (Viewing::new(start, line), self.place);
                actix_web::rt::spawn(async move {
                    viewing.run().await;
                    drop(place);
                });
            }
            (Some(start), _) => {
                let line = Line::new(self.io, &self.unread);
                let (mut conversation, place) = (Conversation::new(start, line), self.place);
                actix_web::rt::spawn(async move {
                    conversation.run().await;
                    drop(place);
                });
            }
            (None, None) => drop(actix_web::rt::spawn(self.feed(body, inbound.clone()))),
        }
    }

    async fn refuse(mut self, head: Response<()>, body: BoxBody) {
        let Ok(body) = actix_http::body::to_bytes(body).await else { return };
        let Some(mut answer) = self.encode(Message::Item((head, BodySize::Sized(body.len() as u64)))) else {
            return;
        };
        if self.codec.encode(Message::Chunk(Some(body)), &mut answer).is_ok() {
            let written = timeout(STALLED_FOR, self.io.write_all(&answer)).await;
            if matches!(written, Ok(Ok(()))) {
                let _ = self.io.shutdown().await;
            }
        }
    }

    /// Writes what the body says, which reads what the peer says, until either ends.
    async fn feed(self, body: BoxBody, inbound: Inbound) {
        let (reader, mut writer) = self.io.into_split();
        *inbound.0.borrow_mut() = Some(Reader { unread: self.unread, half: reader });
        let mut body = Box::pin(body);
        while let Some(Ok(bytes)) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            if !matches!(timeout(STALLED_FOR, writer.write_all(&bytes)).await, Ok(Ok(()))) {
                return;
            }
        }
        let _ = writer.shutdown().await;
    }

    fn encode(&mut self, message: Message<(Response<()>, BodySize)>) -> Option<BytesMut> {
        let mut bytes = BytesMut::new();
        self.codec.encode(message, &mut bytes).ok().map(|()| bytes)
    }
}

/// What a peer says after its request, for the application. There is nothing before the connection is
/// upgraded.
#[derive(Clone, Default)]
struct Inbound(Rc<RefCell<Option<Reader>>>);

struct Reader {
    unread: BytesMut,
    half: OwnedReadHalf,
}

impl Stream for Inbound {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut reader = self.0.borrow_mut();
        let Some(Reader { unread, half }) = reader.as_mut() else { return Poll::Ready(None) };
        if !unread.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(unread).freeze())));
        }
        let mut space = [0; READ_BYTES];
        let mut space = ReadBuf::new(&mut space);
        Poll::Ready(match ready!(Pin::new(half).poll_read(cx, &mut space)) {
            Ok(()) if space.filled().is_empty() => None,
            Ok(()) => Some(Ok(Bytes::copy_from_slice(space.filled()))),
            Err(error) => Some(Err(PayloadError::Io(error))),
        })
    }
}
