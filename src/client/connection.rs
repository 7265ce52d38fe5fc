//! One connection: from the handshake to the close.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_with_config};
use uuid::Uuid;

use super::frame;
use crate::ws::wire::{ClientMessage, Hello, SUBPROTOCOL, ServerMessage};

/// A server that is silent for so long is dead: it pings every 25 s.
const SILENCE: Duration = Duration::from_secs(40);
const SILENT: &str = "the server is silent";

/// How long a connection may take until its `hello`.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// Small buffers: thousands of clients live in one process of the load test.
const BUFFER_BYTES: usize = 4 * 1024;

/// Close codes from here on are final.
const FINAL: std::ops::Range<u16> = 4500..5000;

/// A server to connect to.
#[derive(Clone, Debug)]
pub struct Server {
    /// The address of the socket: `ws://host:port/ws`.
    url: String,
    address: SocketAddr,
    /// The address of ours to connect from, where there are several.
    source: Option<IpAddr>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The token is not good, or not good any more.
    #[error("the token is refused")]
    Token,
    /// Come back later.
    #[error("the server wants us back in {0:?}")]
    Later(Duration),
    /// The server will not have us.
    #[error("{0}")]
    Final(String),
    /// Anything else; worth another try.
    #[error("{0}")]
    Failed(String),
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The close code, if the server said goodbye.
    pub code: Option<u16>,
    /// Why it ended, in words for people.
    pub reason: String,
    /// When the server wants us back.
    pub retry_after: Option<Duration>,
}

impl Closed {
    /// Whether there is no point in coming back.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.code.is_some_and(|code| FINAL.contains(&code))
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{code} {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection that has heard its `hello`.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    hello: Hello,
    last_heard: Instant,
    retry_after: Option<Duration>,
}

impl Server {
    /// Understands a URL, `ws://host:port/ws`.
    ///
    /// # Errors
    /// It is not of that form, or the host is not known.
    pub async fn at(url: &str) -> anyhow::Result<Self> {
        use anyhow::Context;
        let rest = url.strip_prefix("ws://").with_context(|| format!("{url} is no address of a socket"))?;
        let host = rest.split('/').next().unwrap_or_default();
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let unknown = || format!("{url}: no such host");
        let address = lookup_host(&with_port).await.with_context(unknown)?.next().with_context(unknown)?;
        Ok(Self { url: url.to_owned(), address, source: None })
    }

    /// The same server, reached from one of our addresses.
    #[must_use]
    pub fn from(mut self, source: Option<IpAddr>) -> Self {
        self.source = source;
        self
    }

    /// Connects and reads `hello`.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn connect(&self, token: &str) -> Result<Connection, Refused> {
        let late = |_| Refused::Failed(format!("no hello within {CONNECT_WITHIN:?}"));
        tokio::time::timeout(CONNECT_WITHIN, self.open(token)).await.map_err(late)?
    }

    async fn open(&self, token: &str) -> Result<Connection, Refused> {
        let failed = |error: &dyn fmt::Display| Refused::Failed(error.to_string());
        let mut request = self.url.as_str().into_client_request().map_err(|error| failed(&error))?;
        let bearer = format!("Bearer {token}").parse::<HeaderValue>();
        request.headers_mut().insert(AUTHORIZATION, bearer.map_err(|_| Refused::Token)?);
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        let stream = MaybeTlsStream::Plain(self.tcp().await.map_err(|error| failed(&error))?);
        let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(0);
        let opened = client_async_with_config(request, stream, Some(config)).await;
        let (mut socket, _) = opened.map_err(|error| refusal(&error))?;
        let (mut last_heard, mut retry_after) = (Instant::now(), None);
        match hear(&mut socket, &mut last_heard, &mut retry_after).await {
            Ok(ServerMessage::Hello(hello)) => Ok(Connection { socket, hello, last_heard, retry_after }),
            Ok(other) => Err(Refused::Failed(format!("no hello but {other:?}"))),
            Err(Closed { retry_after: Some(wait), .. }) => Err(Refused::Later(wait)),
            Err(closed) if closed.is_final() => Err(Refused::Final(closed.to_string())),
            Err(closed) => Err(failed(&closed)),
        }
    }

    async fn tcp(&self) -> std::io::Result<TcpStream> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(source) = self.source {
            socket.bind(SocketAddr::new(source, 0))?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// What an answer other than an upgrade means.
fn refusal(error: &Error) -> Refused {
    let Error::Http(answer) = error else { return Refused::Failed(error.to_string()) };
    let status = answer.status();
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    match status.as_u16() {
        401 => Refused::Token,
        429 | 503 => Refused::Later(Duration::from_secs(after.unwrap_or(1))),
        // The question arrived too slowly, or not at all: the network's fault, and not for good.
        408 => Refused::Failed(status.to_string()),
        _ if status.is_client_error() => {
            let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            Refused::Final(format!("{status} {body}"))
        }
        _ => Refused::Failed(status.to_string()),
    }
}

impl Connection {
    /// What the server said first.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The next message. Pings are answered meanwhile.
    ///
    /// # Errors
    /// The connection is over, or has been silent for too long, whatever was said on it.
    pub async fn hear(&mut self) -> Result<ServerMessage, Closed> {
        hear(&mut self.socket, &mut self.last_heard, &mut self.retry_after).await
    }

    /// Says something.
    ///
    /// # Errors
    /// The connection is over, or has been silent for too long.
    pub async fn say(&mut self, cmd_id: Option<Uuid>, message: &ClientMessage) -> Result<(), Closed> {
        let lost = |reason: String| Closed { code: None, reason, retry_after: None };
        let sent = self.socket.send(Message::text(frame(cmd_id, message)));
        match timeout_at(self.last_heard + SILENCE, sent).await {
            Ok(sent) => sent.map_err(|error| lost(error.to_string())),
            Err(_) => Err(lost(SILENT.to_owned())),
        }
    }

    /// Closes the connection with a close frame, and waits a second at most.
    pub async fn hang_up(&mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }
}

async fn hear(
    socket: &mut Socket,
    last_heard: &mut Instant,
    retry_after: &mut Option<Duration>,
) -> Result<ServerMessage, Closed> {
    loop {
        let lost = |reason: String| Closed { code: None, reason, retry_after: *retry_after };
        let heard = timeout_at(*last_heard + SILENCE, socket.next()).await;
        *last_heard = Instant::now();
        let text = match heard {
            Err(_) => return Err(lost(SILENT.to_owned())),
            Ok(None) => return Err(lost("the connection ended".to_owned())),
            Ok(Some(Err(error))) => return Err(lost(error.to_string())),
            Ok(Some(Ok(Message::Text(text)))) => text,
            Ok(Some(Ok(Message::Close(frame)))) => {
                let (code, reason) =
                    frame.map(|frame| (u16::from(frame.code), frame.reason.to_string())).unzip();
                return Err(Closed { code, ..lost(reason.unwrap_or_default()) });
            }
            Ok(Some(Ok(_))) => continue,
        };
        match ServerMessage::parse(&text) {
            Ok(ServerMessage::Reconnect(reconnect)) => {
                *retry_after = Some(Duration::from_millis(reconnect.retry_after_ms.into()));
            }
            Ok(message) => return Ok(message),
            Err(error) => return Err(lost(format!("{text} is no message: {error}"))),
        }
    }
}
