//! A client that speaks bytes: what a WebSocket library would not send, and would not show of what comes
//! back.

use std::io;
use std::time::Duration;

use peerpack_actors::ids::UserId;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::world::World;

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(40);

pub(super) const CONTINUATION: u8 = 0x0;
pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xa;

/// The bit of a message's last frame.
pub(super) const FIN: u8 = 0x80;

pub(super) struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A masked frame: its first byte, and what is in it.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 11, 13, 17];
    let mut bytes = header(first, payload.len() as u64);
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The beginning of a frame that says it is so long; the mask comes after it.
pub(super) fn header(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match u16::try_from(length) {
        Ok(length @ ..126) => bytes.push(FIN | u8::try_from(length).unwrap()),
        Ok(length) => {
            bytes.push(0xfe);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0xff);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes
}

impl Raw {
    /// A connection that has said nothing.
    pub(super) async fn silent(world: &World) -> Self {
        Self { stream: TcpStream::connect(world.address).await.unwrap(), read: Vec::new() }
    }

    /// The same, and what it is sent and does not read is kept by the server and not by the kernel.
    async fn narrow(world: &World) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        Self { stream: socket.connect(world.address).await.unwrap(), read: Vec::new() }
    }

    /// The head of a handshake.
    pub(super) fn handshake(world: &World, user: UserId) -> String {
        format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: peerpack.v1\r\nAuthorization: Bearer {}\r\n\r\n",
            world.address,
            world.token(user)
        )
    }

    /// A connection of a user that has heard its hello. Comes back later when it is told to.
    pub(super) async fn greeted(world: &World, user: UserId) -> Self {
        Self::greeted_over(async || Self::silent(world).await, world, user).await
    }

    /// The same with a connection of which the kernel keeps little.
    pub(super) async fn greeted_narrowly(world: &World, user: UserId) -> Self {
        Self::greeted_over(async || Self::narrow(world).await, world, user).await
    }

    async fn greeted_over(connect: impl AsyncFn() -> Self, world: &World, user: UserId) -> Self {
        loop {
            let mut raw = connect().await;
            raw.write(Self::handshake(world, user).as_bytes()).await.unwrap();
            let head = raw.head().await;
            if head.starts_with("HTTP/1.1 503 ") {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
            let (_, hello) = raw.frame().await.unwrap();
            let hello: Value = serde_json::from_slice(&hello).unwrap();
            assert_eq!(hello["type"], "hello");
            return raw;
        }
    }

    /// The head of an answer.
    pub(super) async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = self.read.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            assert!(self.more().await, "no answer");
        }
    }

    /// So many bytes of what comes next.
    pub(super) async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            assert!(self.more().await, "it ends before");
        }
        self.read.drain(..length).collect()
    }

    /// Reads on; whether there was more.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("the server does something") {
            Ok(0) | Err(_) => false,
            Ok(read) => {
                self.read.extend_from_slice(&buffer[..read]);
                true
            }
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends a text in one frame.
    pub(super) async fn text(&mut self, text: &str) {
        self.write(&frame(FIN | TEXT, text.as_bytes())).await.unwrap();
    }

    /// The next frame of the server, its opcode and what is in it; nothing once the connection is over.
    pub(super) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((frame, whole)) = parse(&self.read) {
                self.read.drain(..whole);
                return Some(frame);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// The frames until the server says goodbye, and the code with which it does: none if the connection just
    /// ends.
    pub(super) async fn ending(&mut self) -> (Vec<(u8, Vec<u8>)>, Option<u16>) {
        let mut frames = Vec::new();
        while let Some((opcode, payload)) = self.frame().await {
            if opcode == CLOSE {
                let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                return (frames, code);
            }
            frames.push((opcode, payload));
        }
        (frames, None)
    }

    /// The code with which the server says goodbye.
    pub(super) async fn close_code(&mut self) -> Option<u16> {
        self.ending().await.1
    }

    /// The next message.
    pub(super) async fn hear(&mut self) -> Value {
        loop {
            let (opcode, payload) = self.frame().await.expect("a message");
            match opcode {
                TEXT => return serde_json::from_slice(&payload).unwrap(),
                PING | PONG => {}
                _ => panic!("no message but {opcode} {payload:?}"),
            }
        }
    }

    /// Waits until the server has closed the connection.
    pub(super) async fn until_closed(&mut self) {
        while self.more().await {}
    }
}

/// The first frame of what a server sends, and how many bytes it takes.
fn parse(bytes: &[u8]) -> Option<((u8, Vec<u8>), usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    assert_eq!((first & 0x70, second & 0x80), (0, 0), "a server neither masks nor extends");
    let (start, length) = match second {
        126 => (4, u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into()),
        127 => (10, usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).unwrap()),
        length => (2, usize::from(length)),
    };
    let payload = bytes.get(start..start + length)?;
    Some(((first & 0x0f, payload.to_vec()), start + length))
}
