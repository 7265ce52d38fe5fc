//! `peerpack listen`: a client that prints what a user's socket says, and shows how a client is to behave.
//!
//! It keeps a position, resumes from it after every reconnect, drops what it has seen, and waits longer after each
//! failure. Knows the protocol, nothing of the server.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::ws::wire::{ClientFrame, ClientMessage, Resume, SUBPROTOCOL, ServerMessage, close};

/// A server that is silent for so long is dead: it pings every 25 s.
const SILENCE: Duration = Duration::from_secs(40);

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The bounds of the wait before another try.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Close codes from here on are final.
const FINAL: std::ops::Range<u16> = 4500..5000;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where the client is in the stream, and how much it still wants.
struct Listener<W> {
    out: W,
    position: Option<(u64, u64)>,
    left: Option<usize>,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Enough events were seen, or nobody reads them any more.
    Done,
    /// Come back, not before so long.
    Lost(Duration),
    /// There is no point in coming back.
    Final(String),
}

/// Prints each message of a user's socket as one line of JSON, until `count` events were printed.
///
/// # Errors
/// The server will not have us, or the address is no address of a socket.
pub async fn run(url: &str, token: &str, count: Option<usize>) -> anyhow::Result<()> {
    let out = std::io::stdout();
    let mut listener = Listener { out, position: None, left: count };
    let mut attempt = 0;
    loop {
        let wait = match connect(url, token).await? {
            Ok(mut socket) => match listener.follow(&mut socket, &mut attempt).await? {
                End::Done => return Ok(()),
                End::Final(why) => bail!("the server has closed the connection for good: {why}"),
                End::Lost(wait) => wait,
            },
            Err(error) => {
                eprintln!("cannot connect: {error}");
                Duration::ZERO
            }
        };
        tokio::time::sleep(wait.max(jitter(attempt))).await;
        attempt += 1;
    }
}

/// Anything from the shortest wait to a bound that doubles with every attempt.
fn jitter(attempt: u32) -> Duration {
    let bound = SHORTEST_WAIT.saturating_mul(2_u32.saturating_pow(attempt.min(16) + 1)).min(LONGEST_WAIT);
    SHORTEST_WAIT + (bound - SHORTEST_WAIT).mul_f64(rand::random())
}

/// The inner error is worth another try, the outer one is not.
async fn connect(url: &str, token: &str) -> anyhow::Result<Result<Socket, String>> {
    let mut request =
        url.into_client_request().with_context(|| format!("{url} is no address of a socket"))?;
    let bearer = format!("Bearer {token}").parse::<HeaderValue>().context("this is no access token")?;
    request.headers_mut().insert(AUTHORIZATION, bearer);
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    match tokio::time::timeout(CONNECT_WITHIN, connect_async(request)).await {
        Err(_) => Ok(Err("no answer".to_owned())),
        Ok(Ok((socket, _))) => Ok(Ok(socket)),
        Ok(Err(tungstenite::Error::Http(response))) => {
            let status = response.status();
            let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            if status.is_client_error() && status.as_u16() != 429 {
                bail!("the server refuses: {status} {body}");
            }
            Ok(Err(format!("{status}")))
        }
        Ok(Err(error @ (tungstenite::Error::Url(_) | tungstenite::Error::HttpFormat(_)))) => {
            Err(error).with_context(|| format!("{url} is no address of a socket"))
        }
        Ok(Err(error)) => Ok(Err(error.to_string())),
    }
}

impl<W: Write> Listener<W> {
    async fn follow(&mut self, socket: &mut Socket, attempt: &mut u32) -> anyhow::Result<End> {
        let mut retry_after = Duration::ZERO;
        loop {
            // Pings are answered by the library, as long as it is asked for messages.
            let text = match tokio::time::timeout(SILENCE, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => text,
                Ok(Some(Ok(Message::Close(frame)))) => {
                    let Some(frame) = frame else { return Ok(End::Lost(retry_after)) };
                    let code = u16::from(frame.code);
                    let why = format!("{code} {}", frame.reason);
                    // This client has only the one token.
                    if FINAL.contains(&code) || code == close::TOKEN_EXPIRED {
                        return Ok(End::Final(why));
                    }
                    eprintln!("closed: {why}");
                    return Ok(End::Lost(retry_after));
                }
                Ok(Some(Ok(_))) => continue,
                Ok(Some(Err(_)) | None) | Err(_) => return Ok(End::Lost(retry_after)),
            };
            let message = ServerMessage::parse(&text).context("the server says what is no message")?;
            match &message {
                ServerMessage::Reconnect(reconnect) => {
                    retry_after = Duration::from_millis(reconnect.retry_after_ms.into());
                }
                ServerMessage::Hello(_) => *attempt = 0,
                _ => {}
            }
            match self.take_in(&message, &text) {
                Ok(Some(answer)) => {
                    let answer = ClientFrame { cmd_id: None, message: answer }.to_text();
                    if socket.send(Message::text(answer)).await.is_err() {
                        return Ok(End::Lost(retry_after));
                    }
                }
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(End::Done),
                Err(error) => return Err(error).context("cannot print"),
            }
            if self.left == Some(0) {
                let _ = socket.close(None).await;
                return Ok(End::Done);
            }
        }
    }

    /// Prints what is new; what is to be answered.
    fn take_in(&mut self, message: &ServerMessage, text: &str) -> std::io::Result<Option<ClientMessage>> {
        let mut answer = None;
        match message {
            ServerMessage::Hello(hello) => {
                let (epoch, last_seq) = *self.position.get_or_insert((hello.epoch, hello.top));
                answer = Some(ClientMessage::Resume(Resume { epoch, last_seq }));
                if epoch != hello.epoch {
                    self.position = Some((hello.epoch, hello.top));
                }
            }
            // A client with a state of its own would load it anew here.
            ServerMessage::Resumed(resumed) if !resumed.recovered => {
                self.position = self.position.map(|(epoch, _)| (epoch, resumed.top));
            }
            ServerMessage::Event(event) => {
                let Some((_, last_seq)) = &mut self.position else { return Ok(None) };
                if event.seq <= *last_seq || self.left == Some(0) {
                    return Ok(None);
                }
                *last_seq = event.seq;
                self.left = self.left.map(|left| left - 1);
            }
            _ => {}
        }
        writeln!(self.out, "{}", text.replace(['\n', '\r'], " "))?;
        self.out.flush()?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(left: Option<usize>) -> Listener<Vec<u8>> {
        Listener { out: Vec::new(), position: None, left }
    }

    fn hello(epoch: u64, top: u64) -> String {
        format!(
            r#"{{"type":"hello","data":{{"epoch":{epoch},"top":{top},"server_time":"2026-09-21T14:13:20.123Z",
            "ping_s":25,"limits":{{"frame_bytes":1,"message_bytes":1,"messages_per_minute":1,"burst":1,
            "resume_events":1}}}}}}"#
        )
    }

    fn event(seq: u64) -> String {
        format!(r#"{{"seq":{seq},"at":"2026-09-21T14:13:20.123Z","type":"news","data":{{}}}}"#)
    }

    fn hear(listener: &mut Listener<Vec<u8>>, text: &str) -> Option<ClientMessage> {
        listener.take_in(&ServerMessage::parse(text).unwrap(), text).unwrap()
    }

    fn lines(listener: &Listener<Vec<u8>>) -> usize {
        String::from_utf8(listener.out.clone()).unwrap().lines().count()
    }

    #[test]
    fn it_resumes_from_what_it_has_seen_and_prints_nothing_twice() {
        let mut listener = listener(None);
        let resume = |epoch, last_seq| Some(ClientMessage::Resume(Resume { epoch, last_seq }));
        assert_eq!(hear(&mut listener, &hello(3, 7)), resume(3, 7));
        for seq in [8, 9, 9, 8] {
            hear(&mut listener, &event(seq));
        }
        assert_eq!(lines(&listener), 3);
        assert_eq!(hear(&mut listener, &hello(3, 12)), resume(3, 9));
        for seq in 9..=12 {
            hear(&mut listener, &event(seq));
        }
        assert_eq!(lines(&listener), 7);
    }

    #[test]
    fn after_another_history_it_goes_on_from_there() {
        let mut listener = listener(None);
        hear(&mut listener, &hello(3, 70));
        hear(&mut listener, &hello(4, 2));
        hear(
            &mut listener,
            r#"{"type":"resumed","data":{"recovered":false,"reason":"epoch_changed","top":2}}"#,
        );
        hear(&mut listener, &event(3));
        assert_eq!(listener.position, Some((4, 3)));
    }

    #[test]
    fn it_counts_events_only() {
        let mut listener = listener(Some(2));
        hear(&mut listener, &hello(3, 0));
        for seq in 1..=5 {
            hear(&mut listener, &event(seq));
        }
        assert_eq!((listener.left, lines(&listener)), (Some(0), 3));
    }

    #[test]
    fn waits_are_spread_and_bounded() {
        for attempt in 0..40 {
            let wait = jitter(attempt);
            assert!((SHORTEST_WAIT..=LONGEST_WAIT).contains(&wait), "{attempt}: {wait:?}");
        }
        assert!((0..100).map(|_| jitter(10)).max() > Some(Duration::from_secs(10)));
    }
}
