//! A client's connection to `/ws`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use peerpack::ws::wire::{ClientFrame, ClientMessage, Hello, Resume, SUBPROTOCOL, ServerMessage};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long a connection may take until its `hello`.
const PATIENCE: Duration = Duration::from_secs(20);

/// Users who share one address of this machine. The server limits sockets per address.
const USERS_PER_ADDRESS: usize = 10;

/// Small buffers: thousands of sockets live in this process.
const BUFFER_BYTES: usize = 4 * 1024;

/// A connection.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A node to connect to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// `http://host:port`.
    pub(crate) http: String,
    ws: String,
    address: SocketAddr,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The token is not good, or not good any more.
    Token,
    /// Come back after this many milliseconds.
    Later(u64),
    /// Something else.
    Failed(anyhow::Error),
}

impl Target {
    /// Understands a URL.
    ///
    /// # Errors
    /// It is not of the form `http://host:port`, or the host is not known.
    pub(crate) async fn parse(url: &str) -> anyhow::Result<Self> {
        let http = url.trim_end_matches('/').to_owned();
        let Some(host) = http.strip_prefix("http://") else { bail!("{url}: only http:// is understood") };
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let address = lookup_host(&with_port).await.with_context(|| format!("{url}: no such host"))?.next();
        let address = address.with_context(|| format!("{url}: no such host"))?;
        Ok(Self { ws: format!("ws://{host}/ws"), http, address })
    }

    /// The address that a user connects from: many on this machine, where the server is here too.
    fn source(&self, user: usize) -> Option<Ipv4Addr> {
        if !self.address.ip().is_loopback() || !self.address.is_ipv4() || !cfg!(target_os = "linux") {
            return None;
        }
        let number = user / USERS_PER_ADDRESS;
        let octet = |value: usize| u8::try_from(value).unwrap_or(u8::MAX);
        Some(Ipv4Addr::new(
            127,
            octet(1 + number / 62_500),
            octet(number / 250 % 250),
            octet(1 + number % 250),
        ))
    }

    /// Connects a user and reads `hello`.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) async fn connect(&self, user: usize, token: &str) -> Result<(Socket, Hello), Refused> {
        let connecting = tokio::time::timeout(PATIENCE, self.open(user, token));
        connecting.await.map_err(|_| Refused::Failed(anyhow::anyhow!("no hello within {PATIENCE:?}")))?
    }

    async fn open(&self, user: usize, token: &str) -> Result<(Socket, Hello), Refused> {
        let stream = self.tcp(user).await.context("cannot connect").map_err(Refused::Failed)?;
        let request = self.request(token).map_err(Refused::Failed)?;
        let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(0);
        let opened = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
        let (mut socket, _) = opened.map_err(|error| match error {
            Error::Http(answer) if answer.status() == 401 => Refused::Token,
            Error::Http(answer) if answer.status() == 503 || answer.status() == 429 => {
                let seconds =
                    answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                Refused::Later(seconds.unwrap_or(1_u64) * 1_000)
            }
            other => Refused::Failed(other.into()),
        })?;
        match receive(&mut socket).await.map_err(Refused::Failed)? {
            ServerMessage::Hello(hello) => Ok((socket, hello)),
            other => Err(Refused::Failed(anyhow::anyhow!("expected hello, got {other:?}"))),
        }
    }

    async fn tcp(&self, user: usize) -> std::io::Result<TcpStream> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(source) = self.source(user) {
            socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn request(
        &self,
        token: &str,
    ) -> anyhow::Result<tokio_tungstenite::tungstenite::handshake::client::Request> {
        let mut request = self.ws.as_str().into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        Ok(request)
    }
}

/// Waits for the next message of the server.
///
/// # Errors
/// The connection ended, or something came that is not a message.
pub(crate) async fn receive(socket: &mut Socket) -> anyhow::Result<ServerMessage> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                return ServerMessage::parse(&text).with_context(|| text.to_string());
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(frame))) => bail!("closed: {frame:?}"),
            Some(Ok(other)) => bail!("not a text frame: {other:?}"),
            Some(Err(error)) => return Err(error.into()),
            None => bail!("closed"),
        }
    }
}

/// Sends a message.
///
/// # Errors
/// The connection ended.
pub(crate) async fn say(socket: &mut Socket, frame: &ClientFrame) -> Result<(), Error> {
    socket.send(Message::text(frame.to_text())).await
}

/// Asks for everything after a position.
pub(crate) const fn resume(epoch: u64, last_seq: u64) -> ClientFrame {
    ClientFrame { cmd_id: None, message: ClientMessage::Resume(Resume { epoch, last_seq }) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[tokio::test]
    async fn users_are_spread_over_the_addresses_of_this_machine() {
        let target = Target::parse("http://127.0.0.1:8080/").await.unwrap();
        assert_eq!(
            (target.http.as_str(), target.ws.as_str()),
            ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws")
        );
        let mut users: HashMap<Option<Ipv4Addr>, usize> = HashMap::new();
        for user in 0..20_000 {
            *users.entry(target.source(user)).or_default() += 1;
        }
        if cfg!(target_os = "linux") {
            assert!(users.values().all(|users| *users <= USERS_PER_ADDRESS));
        }
    }

    #[tokio::test]
    async fn other_machines_are_reached_from_the_usual_address() {
        let target = Target::parse("http://192.0.2.1:8080").await.unwrap();
        assert_eq!(target.source(1_000), None);
        assert!(Target::parse("https://192.0.2.1").await.is_err());
    }
}
