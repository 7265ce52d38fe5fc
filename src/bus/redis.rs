//! The bus of many nodes, on Redis: hints by publish and subscribe, presence in keys that expire.
//!
//! Callers only ever fill a bounded queue; one task empties it. Another task listens on a connection of its
//! own and comes back after every interruption, saying so. No call of Redis takes longer than a second. Redis
//! may die, stall or forget everything at any moment: that costs hints, and the other nodes compare positions
//! anyway.

mod fixes;
mod publishing;

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig, PubSub};
use ::redis::{Client, Pipeline, RedisError, pipe};
use async_trait::async_trait;
use futures_util::StreamExt;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{Bus, Hint};
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use self::fixes::Fixes;
use self::publishing::Publisher;
use super::{Heard, LastPosition, POSITION_TTL, Presence, Signal, Silent, SocketName};

/// Jobs that wait for Redis at most; what comes on top is dropped and counted.
pub const QUEUE: usize = 4_096;

/// Jobs that go to Redis in one round trip at most.
const BATCH: usize = 256;

/// Sockets of one user that are looked at.
const MAX_SOCKETS: isize = 255;

/// No call takes longer.
const DEADLINE: Duration = Duration::from_secs(1);

/// A node says something at least this often, so that silence means a dead connection.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// A listener that hears nothing for so long, not even its own node, starts over.
const SILENCE: Duration = Duration::from_secs(9);

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LAST_BACKOFF: Duration = Duration::from_secs(3);

/// The node's end of the bus. Dropping it ends its tasks.
pub struct RedisBus {
    jobs: mpsc::Sender<Job>,
    fixes: Arc<Fixes>,
    connection: ConnectionManager,
    client: Client,
    keys: Keys,
    node: Uuid,
    _publisher: Running,
}

/// A task that ends with its owner, such as a subscription.
#[derive(Debug)]
pub struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

enum Job {
    Hint(Hint),
    Present {
        user: UserId,
        until: Time,
    },
    Position {
        user: UserId,
        position: LastPosition,
    },
    Socket {
        user: UserId,
        socket: SocketName,
        until: Time,
        ttl: Span,
    },
    Left {
        user: UserId,
        socket: SocketName,
    },
    Replaced {
        user: UserId,
        socket: Uuid,
    },
    Signal(Signal),
    /// There are positions of couriers on duty.
    Fixes,
}

/// What goes over the channel.
#[derive(Debug, Serialize, Deserialize)]
struct Message {
    node: Uuid,
    hint: Hint,
    /// Of couriers who have just said where they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    positions: Vec<(UserId, LastPosition)>,
    /// Of couriers on duty in town, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<(UserId, LastPosition)>,
    /// Sockets of users that have to make room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replaced: Vec<(UserId, Uuid)>,
    /// What is worth a word only now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    signals: Vec<Signal>,
}

#[derive(Clone)]
struct Keys {
    channel: String,
    present: String,
    position: String,
    fix: String,
    sockets: String,
}

impl Keys {
    fn sockets(&self, user: UserId) -> String {
        format!("{}{user}", self.sockets)
    }

    fn position(&self, user: UserId) -> String {
        format!("{}{user}", self.position)
    }

    fn fix(&self, courier: UserId) -> String {
        format!("{}{courier}", self.fix)
    }
}

impl RedisBus {
    /// Joins the bus. Does not wait for Redis and does not mind if it is down. Needs a running tokio runtime.
    /// `node` names this node, for its lifetime; nodes of one `namespace` hear each other.
    ///
    /// # Errors
    /// The URL is none of Redis.
    pub fn join(url: &str, node: Uuid, namespace: &str) -> Result<Self, RedisError> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(DEADLINE / 2))
            .set_response_timeout(Some(DEADLINE));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        let keys = Keys {
            channel: format!("{namespace}:hints"),
            present: format!("{namespace}:present"),
            position: format!("{namespace}:position:"),
            fix: format!("{namespace}:fix:"),
            sockets: format!("{namespace}:sockets:"),
        };
        let (jobs, queue) = mpsc::channel(QUEUE);
        let fixes = Arc::new(Fixes::default());
        let publisher = Publisher {
            queue,
            fixes: Arc::clone(&fixes),
            connection: connection.clone(),
            keys: keys.clone(),
            node,
        };
        let publisher = Running(tokio::spawn(publisher.run()).abort_handle());
        Ok(Self { jobs, fixes, connection, client, keys, node, _publisher: publisher })
    }

    /// Listens to the other nodes until the answer is dropped. The handler must not take long.
    #[must_use]
    pub fn subscribe(&self, handler: impl FnMut(Heard) + Send + 'static) -> Running {
        let listener = Listener {
            client: self.client.clone(),
            channel: self.keys.channel.clone(),
            node: self.node,
            handler,
        };
        Running(tokio::spawn(listener.run()).abort_handle())
    }

    fn enqueue(&self, job: Job) {
        if self.jobs.try_send(job).is_err() {
            metrics::counter!("bus_dropped_total").increment(1);
        }
    }

    async fn ask<T: ::redis::FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, Silent> {
        let mut connection = self.connection.clone();
        match timeout(DEADLINE, pipeline.query_async(&mut connection)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => {
                metrics::counter!("bus_failures_total", "call" => "read").increment(1);
                Err(Silent)
            }
        }
    }
}

impl Bus for RedisBus {
    fn publish(&self, hint: Hint) {
        self.enqueue(Job::Hint(hint));
    }
}

#[async_trait]
impl Presence for RedisBus {
    fn set_present(&self, user: UserId, now: Time, ttl: Span) {
        self.enqueue(Job::Present { user, until: now + ttl });
    }

    fn set_position(&self, user: UserId, position: LastPosition) {
        self.enqueue(Job::Position { user, position });
    }

    async fn enter(
        &self,
        user: UserId,
        socket: SocketName,
        now: Time,
        ttl: Span,
    ) -> Result<Vec<SocketName>, Silent> {
        let key = self.keys.sockets(user);
        let mut pipeline = pipe();
        pipeline.cmd("ZREMRANGEBYSCORE").arg(&key).arg("-inf").arg(now.ms()).ignore();
        add_socket(&mut pipeline, &key, socket, now + ttl, ttl);
        pipeline.cmd("ZRANGE").arg(&key).arg(0).arg(MAX_SOCKETS);
        let (written,): (Vec<String>,) = self.ask(&pipeline).await?;
        let mut sockets: Vec<SocketName> = written.iter().filter_map(|text| read_socket(text)).collect();
        sockets.sort_unstable();
        Ok(sockets)
    }

    fn renew(&self, user: UserId, socket: SocketName, now: Time, ttl: Span) {
        self.enqueue(Job::Socket { user, socket, until: now + ttl, ttl });
    }

    fn leave(&self, user: UserId, socket: SocketName) {
        self.enqueue(Job::Left { user, socket });
    }

    fn replace(&self, user: UserId, socket: Uuid) {
        self.enqueue(Job::Replaced { user, socket });
    }

    async fn is_present(&self, user: UserId, now: Time) -> Result<bool, Silent> {
        let mut pipeline = pipe();
        pipeline.cmd("ZCOUNT").arg(self.keys.sockets(user)).arg(now.ms()).arg("+inf");
        self.ask(&pipeline).await.map(|(count,): (u64,)| count > 0)
    }

    fn signal(&self, signal: Signal) {
        self.enqueue(Job::Signal(signal));
    }

    async fn is_elsewhere(&self, user: UserId, now: Time) -> Result<bool, Silent> {
        let mut pipeline = pipe();
        pipeline.cmd("ZCOUNT").arg(self.keys.sockets(user)).arg(format!("({}", now.ms())).arg("+inf");
        self.ask(&pipeline).await.map(|(count,): (u64,)| count > 0)
    }

    async fn present_count(&self, now: Time) -> Result<u64, Silent> {
        let mut pipeline = pipe();
        pipeline.cmd("ZREMRANGEBYSCORE").arg(&self.keys.present).arg("-inf").arg(now.ms()).ignore();
        pipeline.cmd("ZCARD").arg(&self.keys.present);
        self.ask(&pipeline).await.map(|(count,)| count)
    }

    async fn last_position(&self, user: UserId, now: Time) -> Result<Option<LastPosition>, Silent> {
        let mut pipeline = pipe();
        pipeline.cmd("GET").arg(self.keys.position(user));
        let (json,): (Option<String>,) = self.ask(&pipeline).await?;
        let position: Option<LastPosition> = json.and_then(|json| serde_json::from_str(&json).ok());
        Ok(position.filter(|position| now.since(position.at) < POSITION_TTL))
    }

    fn set_fix(&self, courier: UserId, fix: LastPosition, ttl: Span) {
        if self.fixes.put(courier, fix, ttl) {
            self.enqueue(Job::Fixes);
        }
    }

    async fn last_fix(&self, courier: UserId, now: Time, ttl: Span) -> Result<Option<LastPosition>, Silent> {
        let mut pipeline = pipe();
        pipeline.cmd("GET").arg(self.keys.fix(courier));
        let (json,): (Option<String>,) = self.ask(&pipeline).await?;
        let fix: Option<LastPosition> = json.and_then(|json| serde_json::from_str(&json).ok());
        Ok(fix.filter(|fix| now.since(fix.at) < ttl))
    }
}

/// A socket as a member of its user's set.
fn written_socket(socket: SocketName) -> String {
    format!("{}-{}", socket.opened.ms(), socket.id.simple())
}

fn read_socket(text: &str) -> Option<SocketName> {
    let (opened, id) = text.split_once('-')?;
    Some(SocketName { opened: Time::from_ms(opened.parse().ok()?), id: id.parse().ok()? })
}

/// The set goes with the last of its sockets, whichever node dies.
fn add_socket(pipeline: &mut Pipeline, key: &str, socket: SocketName, until: Time, ttl: Span) {
    pipeline.cmd("ZADD").arg(key).arg(until.ms()).arg(written_socket(socket)).ignore();
    pipeline.cmd("PEXPIRE").arg(key).arg(ttl.ms()).ignore();
}

/// Hears the other nodes.
struct Listener<H> {
    client: Client,
    channel: String,
    node: Uuid,
    handler: H,
}

impl<H: FnMut(Heard) + Send> Listener<H> {
    async fn run(mut self) {
        let mut failures = 0_u32;
        loop {
            if let Ok(Ok(connection)) = timeout(DEADLINE, open(&self.client, &self.channel)).await {
                failures = 0;
                metrics::counter!("bus_gaps_total").increment(1);
                (self.handler)(Heard::Gap);
                self.hear(connection).await;
                tracing::warn!("the connection to redis is interrupted; positions will be compared");
            }
            sleep(backoff(self.node, failures)).await;
            failures = failures.saturating_add(1);
        }
    }

    async fn hear(&mut self, connection: PubSub) {
        let mut messages = connection.into_on_message();
        while let Ok(Some(message)) = timeout(SILENCE, messages.next()).await {
            let message: Option<Message> = serde_json::from_slice(message.get_payload_bytes()).ok();
            let foreign = message.filter(|message| message.node != self.node);
            let Some(Message { hint, positions, fixes, replaced, signals, .. }) = foreign else { continue };
            if hint != Hint::default() {
                (self.handler)(Heard::Hint(hint));
            }
            for (courier, position) in positions {
                (self.handler)(Heard::Position(courier, position));
            }
            for (courier, fix) in fixes {
                (self.handler)(Heard::Fix(courier, fix));
            }
            for (user, socket) in replaced {
                (self.handler)(Heard::Replaced(user, socket));
            }
            for signal in signals {
                (self.handler)(Heard::Signal(signal));
            }
        }
    }
}

async fn open(client: &Client, channel: &str) -> Result<PubSub, RedisError> {
    let mut connection = client.get_async_pubsub().await?;
    connection.subscribe(channel).await?;
    Ok(connection)
}

/// Doubles up to a limit. Nodes differ by up to half, so that they do not all come back in the same moment.
fn backoff(node: Uuid, failures: u32) -> Duration {
    let delay = FIRST_BACKOFF.saturating_mul(1 << failures.min(10)).min(LAST_BACKOFF);
    delay - delay * u32::from(node.as_bytes()[15]) / 512
}

#[cfg(test)]
mod tests;
