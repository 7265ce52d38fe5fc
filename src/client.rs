//! The reference client of the realtime socket: the client's half of the contract, in full, for tests, the
//! load test and authors of other clients. `docs/realtime.md` tells it in words.
//!
//! [`Connection`] is one connection. [`Client`] is a device: it keeps a position and a list of commands
//! without an answer, comes back after every interruption, resumes from its position, applies each event
//! once, and gives each command until it knows what became of it, always under the same `cmd_id`. Knows the
//! protocol, nothing of the server.

mod connection;
pub mod listen;

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

pub use self::connection::{Closed, Connection, Refused, Server};
use crate::edge::close;
use crate::ws::wire::{
    Ack, AckStatus, ClientFrame, ClientMessage, Event, Hello, Resume, Resumed, ServerMessage,
};

/// The bounds of the wait before another try.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// How long a command may be without an answer on a connection that lives, and how long one waits that is to
/// be repeated.
const REPEAT_AFTER: Duration = Duration::from_secs(12);
const BUSY_FOR: Duration = Duration::from_millis(500);

/// Things said to the owner of the client that may wait.
const HEARD: usize = 4_096;

/// Where a client is in the user's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The history that `last_seq` belongs to.
    pub epoch: u64,
    /// The last event that was applied.
    pub last_seq: u64,
}

/// What a client tells its owner.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// There is a connection.
    Connected(Hello),
    /// The missed events follow, or are lost: then the state has to be loaded anew, by `GET /api/sync`, and
    /// events up to the position found there are in it already.
    Resumed(Resumed),
    /// An event, each once and in order.
    Event(Event),
    /// Anything else the server said.
    Said(ServerMessage),
    /// The connection is over; the client comes back by itself.
    Interrupted(Closed),
    /// The connection is over, and there is no point in coming back.
    Over(String),
}

/// Where tokens come from: asked before every connection, and told whether the last one was refused. Without
/// one the client is over.
pub type Tokens = Box<dyn FnMut(bool) -> BoxFuture<'static, anyhow::Result<String>> + Send + Sync>;

/// A device with a socket. The last one dropped, it hangs up.
#[derive(Debug, Clone)]
pub struct Client {
    orders: mpsc::Sender<Order>,
}

/// What the owner wants.
#[derive(Debug)]
enum Order {
    /// A command and who waits for its answer.
    Command { id: Uuid, message: ClientMessage, answer: oneshot::Sender<Ack> },
    /// Something that is not answered.
    Say(ClientMessage),
}

/// A command without an answer.
struct Pending {
    message: ClientMessage,
    answer: oneshot::Sender<Ack>,
    /// When to give it again.
    again_at: Instant,
}

/// What the client's task works with.
struct Device {
    server: Server,
    tokens: Tokens,
    orders: mpsc::Receiver<Order>,
    heard: mpsc::Sender<Heard>,
    position: Option<Position>,
    /// Of the connection: which history its numbers belong to.
    epoch: u64,
    pending: HashMap<Uuid, Pending>,
    attempt: u32,
    is_token_refused: bool,
}

/// Why the task stops talking on a connection.
enum End {
    /// The owner is gone.
    Left,
    Closed(Closed),
}

impl Client {
    /// Starts a client. It goes on from a position if there is one, otherwise from wherever the stream is.
    #[must_use]
    pub fn start(
        server: Server,
        tokens: Tokens,
        position: Option<Position>,
    ) -> (Self, mpsc::Receiver<Heard>) {
        let (orders, ordered) = mpsc::channel(64);
        let (heard, hearing) = mpsc::channel(HEARD);
        let device = Device {
            server,
            tokens,
            orders: ordered,
            heard,
            position,
            epoch: 0,
            pending: HashMap::new(),
            attempt: 0,
            is_token_refused: false,
        };
        tokio::spawn(device.live());
        (Self { orders }, hearing)
    }

    /// Says something that is not answered, if there is a connection; if not, it is forgotten.
    pub async fn say(&self, message: ClientMessage) {
        let _ = self.orders.send(Order::Say(message)).await;
    }

    /// Gives a command and waits for its answer, through interruptions. Nothing if the client is over.
    pub async fn command(&self, id: Uuid, message: ClientMessage) -> Option<Ack> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Command { id, message, answer }).await.ok()?;
        answered.await.ok()
    }
}

/// Anything from the shortest wait to a bound that doubles with every attempt: a crowd that was cut off
/// together does not come back together.
#[must_use]
pub fn jitter(attempt: u32) -> Duration {
    let bound = SHORTEST_WAIT.saturating_mul(2_u32.saturating_pow(attempt.min(16) + 1)).min(LONGEST_WAIT);
    SHORTEST_WAIT + (bound - SHORTEST_WAIT).mul_f64(rand::random())
}

impl Device {
    async fn live(mut self) {
        while !self.heard.is_closed() {
            let wait = match self.connect().await {
                Ok(mut connection) => match self.talk(&mut connection).await {
                    End::Left => return connection.hang_up().await,
                    End::Closed(closed) => {
                        self.is_token_refused = closed.code == Some(close::TOKEN_EXPIRED);
                        let wait = closed.retry_after.unwrap_or_default();
                        if closed.is_final() {
                            return self.tell(Heard::Over(closed.to_string())).await;
                        }
                        self.tell(Heard::Interrupted(closed)).await;
                        wait
                    }
                },
                Err(Refused::Later(wait)) => wait,
                Err(Refused::Token) if !self.is_token_refused => {
                    self.is_token_refused = true;
                    Duration::ZERO
                }
                Err(refused @ (Refused::Token | Refused::Final(_))) => {
                    return self.tell(Heard::Over(refused.to_string())).await;
                }
                Err(Refused::Failed(_)) => Duration::ZERO,
            };
            // Commands wait in their channel meanwhile.
            sleep(wait.max(jitter(self.attempt))).await;
            self.attempt += 1;
        }
    }

    async fn connect(&mut self) -> Result<Connection, Refused> {
        let token = (self.tokens)(self.is_token_refused).await;
        let token = token.map_err(|error| Refused::Final(format!("no token: {error:#}")))?;
        self.server.connect(&token).await
    }

    async fn tell(&self, heard: Heard) {
        // Nobody listens: that is noticed where it matters.
        let _ = self.heard.send(heard).await;
    }

    /// Talks until the connection is over.
    async fn talk(&mut self, connection: &mut Connection) -> End {
        let hello = connection.hello().clone();
        self.attempt = 0;
        self.is_token_refused = false;
        self.epoch = hello.epoch;
        let from = *self.position.get_or_insert(Position { epoch: hello.epoch, last_seq: hello.top });
        self.tell(Heard::Connected(hello)).await;
        let resume = Resume { epoch: from.epoch, last_seq: from.last_seq };
        if let Err(closed) = connection.say(None, &ClientMessage::Resume(resume)).await {
            return End::Closed(closed);
        }
        let now = Instant::now();
        self.pending.values_mut().for_each(|pending| pending.again_at = now);
        loop {
            let again_at = self.pending.values().map(|pending| pending.again_at).min();
            let repeat = async {
                match again_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = connection.hear() => match message {
                    Ok(message) => self.hear(message).await,
                    Err(closed) => return End::Closed(closed),
                },
                order = self.orders.recv() => match order {
                    Some(Order::Command { id, message, answer }) => {
                        self.pending.insert(id, Pending { message, answer, again_at: Instant::now() });
                    }
                    Some(Order::Say(message)) => if let Err(closed) = connection.say(None, &message).await {
                        return End::Closed(closed);
                    },
                    None => return End::Left,
                },
                () = repeat => if let Err(closed) = self.give(connection).await {
                    return End::Closed(closed);
                },
            }
            if self.heard.is_closed() {
                return End::Left;
            }
        }
    }

    /// Gives the commands whose time has come.
    async fn give(&mut self, connection: &mut Connection) -> Result<(), Closed> {
        let now = Instant::now();
        for (id, pending) in &mut self.pending {
            if pending.again_at <= now {
                pending.again_at = now + REPEAT_AFTER;
                connection.say(Some(*id), &pending.message).await?;
            }
        }
        Ok(())
    }

    async fn hear(&mut self, message: ServerMessage) {
        let heard = match message {
            ServerMessage::Event(event) => {
                let Some(position) = &mut self.position else { return };
                // Of another history nothing counts before the server has said that ours is over.
                if event.seq <= position.last_seq || position.epoch != self.epoch {
                    return;
                }
                position.last_seq = event.seq;
                Heard::Event(event)
            }
            ServerMessage::Resumed(resumed) => {
                if !resumed.recovered {
                    self.position = Some(Position { epoch: self.epoch, last_seq: resumed.top });
                }
                Heard::Resumed(resumed)
            }
            ServerMessage::Ack(ack) => return self.answer(ack),
            other => Heard::Said(other),
        };
        self.tell(heard).await;
    }

    fn answer(&mut self, ack: Ack) {
        let Some(id) = ack.cmd_id else { return };
        // Nobody knows what became of it, or nothing yet: the same again, later.
        let is_unknown = matches!(ack.code.as_deref(), Some("unavailable" | "busy" | "internal"));
        if ack.status == AckStatus::Error && is_unknown {
            if let Some(pending) = self.pending.get_mut(&id) {
                pending.again_at = Instant::now() + BUSY_FOR;
            }
        } else if let Some(pending) = self.pending.remove(&id) {
            let _ = pending.answer.send(ack);
        }
    }
}

/// A token that does not change.
#[must_use]
pub fn one_token(token: String) -> Tokens {
    Box::new(move |is_refused| {
        let token = token.clone();
        Box::pin(async move {
            anyhow::ensure!(!is_refused, "the server refuses it (401)");
            Ok(token)
        })
    })
}

/// The text of a command.
fn frame(cmd_id: Option<Uuid>, message: &ClientMessage) -> String {
    ClientFrame { cmd_id, message: message.clone() }.to_text()
}

#[cfg(test)]
mod tests {
    use peerpack_actors::time::Time;

    use super::*;
    use crate::ws::wire::{EventBody, NotRecovered};

    #[test]
    fn rt_12_codes_from_4500_to_4999_are_final_and_no_others() {
        let closed = |code| Closed { code, reason: String::new(), retry_after: None };
        let is_final = |code: u16| closed(Some(code)).is_final();
        assert!([close::INVALID_TOKEN, close::BANNED, close::TOO_MANY, 4500, 4999].into_iter().all(is_final));
        let passing = [1000, 1001, 1006, 1012, 1013, 4000, 4499, 5000];
        assert!(!passing.into_iter().any(is_final));
        let ours = [close::TOKEN_EXPIRED, close::TOO_SLOW, close::REPLACED, close::INSUFFICIENT_STATE];
        assert!(
            !ours.into_iter().any(is_final) && !is_final(close::RATE_LIMITED) && !closed(None).is_final()
        );
    }

    /// After a restored backup, say: the connection may be cut, or sent away, before it is told what that
    /// means.
    #[tokio::test]
    async fn rt_6_another_history_is_ours_when_the_server_has_said_so_and_not_before() {
        let server = Server::at("ws://127.0.0.1:1/ws").await.unwrap();
        let ((_, orders), (heard, mut hearing)) = (mpsc::channel(1), mpsc::channel(8));
        let known = Position { epoch: 1, last_seq: 40 };
        let mut device = Device {
            server,
            tokens: one_token(String::new()),
            orders,
            heard,
            position: Some(known),
            epoch: 2,
            pending: HashMap::new(),
            attempt: 0,
            is_token_refused: false,
        };
        let body = EventBody::Unknown { kind: "news".to_owned() };
        let event = Event { seq: 41, at: Time::from_ms(1_790_000_000_000), body };
        device.hear(ServerMessage::Event(event)).await;
        assert_eq!((device.position, hearing.try_recv().is_err()), (Some(known), true));
        let reason = Some(NotRecovered::EpochChanged);
        let resumed = Resumed { recovered: false, reason, count: None, top: 17 };
        device.hear(ServerMessage::Resumed(resumed)).await;
        assert_eq!(device.position, Some(Position { epoch: 2, last_seq: 17 }));
    }

    #[test]
    fn rt_10_waits_are_spread_and_bounded() {
        for attempt in 0..40 {
            let wait = jitter(attempt);
            assert!((SHORTEST_WAIT..=LONGEST_WAIT).contains(&wait), "{attempt}: {wait:?}");
        }
        assert!((0..100).map(|_| jitter(10)).max() > Some(Duration::from_secs(10)));
    }
}
