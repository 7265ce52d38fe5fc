//! What a reader that does not read costs everybody else: `peerpack-loadtest slow`.
//!
//! A crowd says `ping` every second, and how long each answer takes is measured, in turns: events come for
//! one more socket that reads them, and as many for it while it does not. The server gives it up, and it
//! comes back, resumes, and ends with every event, each once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Error, bail, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use peerpack::app::SystemClock;
use peerpack::auth::telegram::TelegramUser;
use peerpack::auth::token::Tokens;
use peerpack::auth::{Principal, Role};
use peerpack::client::{Closed, Connection, Refused};
use peerpack::ws::wire::{ClientMessage, ServerMessage};
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Clock;
use peerpack_actors::time::Span;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use uuid::Uuid;

use crate::api::{Api, Failure};
use crate::cli::SlowOptions;
use crate::machine::{Machine, Used};
use crate::socket::{Target, resume};

/// How many connect at once.
const AT_ONCE: usize = 32;

/// How often each of the crowd says something: half of what one may.
const SAYS_EVERY: Duration = Duration::from_secs(1);

/// How long anything may take that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The code for a client that is too slow.
const TOO_SLOW: u16 = 4008;

/// How often it is looked whether the server has given the socket up.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The server, and how it is reached.
struct Bench {
    api: Api,
    target: Target,
    server_pid: u32,
}

/// Somebody for whom events come.
#[derive(Clone)]
struct Person {
    number: usize,
    token: String,
}

/// What a turn came to.
struct Turn {
    pongs: Histogram<u64>,
    /// How often the socket was closed as too slow.
    closed: usize,
}

/// Measures, and prints what came of it.
///
/// # Errors
/// Somebody cannot connect, is told something twice or not at all, or is closed otherwise than as too slow.
pub async fn run(options: SlowOptions) -> anyhow::Result<bool> {
    let bench = Bench {
        api: Api::new(options.bot_token.clone())?,
        target: Target::parse(&options.url).await?,
        server_pid: options.server_pid,
    };
    let started = SystemClock.now();
    let pongs = crowd(&bench, &options).await?;
    let mut one = Device::connect(&bench, bench.sign_in(options.sockets).await?).await?;
    // What the first turn finds cold is not counted.
    one.turn(&bench, &options, &pongs, true).await?;
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    let (used, since) = (Used::now(&[bench.server_pid]), Instant::now());
    for _ in 0..options.rounds {
        read.push(one.turn(&bench, &options, &pongs, true).await?);
        unread.push(one.turn(&bench, &options, &pongs, false).await?);
    }
    let cores = Used::now(&[bench.server_pid]).since(used, since.elapsed().as_secs_f64());

    let machine = Machine::here();
    println!("date: {started}");
    println!("machine: {}, {} cores, {:.0} GiB", machine.cpu, machine.cores, machine.memory_gib);
    println!("others' processors meanwhile: {:.2} cores", cores.others);
    println!("store: {}", options.store);
    println!(
        "{} sockets ask every second; {} events a second for one more, in {} turns of {} s each way:",
        options.sockets, options.per_s, options.rounds, options.turn_s
    );
    for (who, turns) in [("reads", &read), ("does not", &unread)] {
        let [p50, p99] = [0.5, 0.99].map(|at| each(turns, at));
        println!("  it {who}: p50 {p50}, p99 {p99}");
    }
    let change = |at| (middle(&unread, at) / middle(&read, at) - 1.0) * 100.0;
    println!("  change of the middle turn: p50 {:+.0} %, p99 {:+.0} %", change(0.5), change(0.99));
    let closed: usize = unread.iter().map(|turn| turn.closed).sum();
    println!(
        "  closed with {TOO_SLOW} {closed} times, and each time resumed: {} events, each once",
        one.last_seq
    );
    ensure!(closed > 0, "the server has never given it up");
    Ok(true)
}

/// Milliseconds of every turn at a quantile.
fn each(turns: &[Turn], quantile: f64) -> String {
    let ms: Vec<_> = turns.iter().map(|turn| format!("{:.2}", at_ms(turn, quantile))).collect();
    format!("{:.2} ms ({})", middle(turns, quantile), ms.join(", "))
}

fn middle(turns: &[Turn], quantile: f64) -> f64 {
    let mut ms: Vec<f64> = turns.iter().map(|turn| at_ms(turn, quantile)).collect();
    ms.sort_by(f64::total_cmp);
    ms[ms.len() / 2]
}

fn at_ms(turn: &Turn, quantile: f64) -> f64 {
    turn.pongs.value_at_quantile(quantile) as f64 / 1e3
}

/// Connects everybody, who from then on ask and note how long the answers take.
async fn crowd(bench: &Bench, options: &SlowOptions) -> anyhow::Result<Arc<Mutex<Histogram<u64>>>> {
    let tokens = Tokens::new(options.jwt_secret.as_bytes(), Span::hours(1)).context("the server's key")?;
    let pongs = Arc::new(Mutex::new(Histogram::new_with_max(60_000_000, 3)?));
    let now = SystemClock.now();
    let connecting = (0..options.sockets).map(|number| {
        let principal = Principal { user: UserId::new(now, rand::random()), role: Role::User };
        let token = tokens.issue(principal, Uuid::nil(), now, rand::random()).0;
        let pongs = Arc::clone(&pongs);
        async move {
            let socket = bench.connect(&Person { number, token }).await?;
            tokio::spawn(async move {
                if let Err(closed) = ask(socket, &pongs).await {
                    eprintln!("one of the crowd is gone: {closed}");
                }
            });
            anyhow::Ok(())
        }
    });
    stream::iter(connecting).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(pongs)
}

/// Says `ping` when it is time, whatever has become of the last one, and notes when each is answered.
async fn ask(mut socket: Connection, pongs: &Mutex<Histogram<u64>>) -> Result<(), Closed> {
    let mut asked = VecDeque::new();
    let mut asks_at = Instant::now() + SAYS_EVERY.mul_f64(rand::random());
    loop {
        tokio::select! {
            heard = socket.hear() => {
                if let ServerMessage::Pong(_) = heard?
                    && let Some(since) = asked.pop_front()
                {
                    let us = Instant::now().duration_since(since).as_micros();
                    pongs.lock().saturating_record(u64::try_from(us).unwrap_or(u64::MAX));
                }
            }
            () = sleep_until(asks_at) => {
                asked.push_back(asks_at);
                asks_at += SAYS_EVERY;
                socket.say(None, &ClientMessage::Ping).await?;
            }
        }
    }
}

impl Bench {
    async fn sign_in(&self, number: usize) -> anyhow::Result<Person> {
        let user = TelegramUser {
            id: rand::random_range(1_000_000_000_000..4_000_000_000_000),
            first_name: "Reader".to_owned(),
            last_name: None,
            username: None,
            language_code: Some("ru".to_owned()),
            photo_url: None,
            is_premium: None,
        };
        let signed_in = self.api.sign_in(&self.target.http, &user, SystemClock.now()).await;
        let failed = |failure: Failure| anyhow::anyhow!("cannot sign in: {}", failure.label());
        Ok(Person { number, token: signed_in.map_err(failed)?.access_token })
    }

    async fn connect(&self, person: &Person) -> anyhow::Result<Connection> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.target.connect(person.number, &person.token).await {
                Ok(socket) => return Ok(socket),
                Err(Refused::Later(wait)) if Instant::now() < until => sleep(wait).await,
                Err(refused) => return Err(refused).context("cannot connect"),
            }
        }
    }

    /// One event for somebody: a package of theirs that nobody can carry.
    async fn happen(&self, person: &Person) -> anyhow::Result<()> {
        let package = json!({
            "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s", "weight": "light",
            "tags": [],
        });
        let published = self.api.publish(&self.target.http, &person.token, &package).await;
        published.map_err(|failure| anyhow::anyhow!("cannot publish: {}", failure.label()))
    }

    /// The sockets that the server has.
    async fn sessions(&self) -> anyhow::Result<u64> {
        let health = self.api.health(&self.target.http).await;
        let health = health.map_err(|failure| anyhow::anyhow!("not well: {}", failure.label()))?;
        health["engine"]["sessions"].as_u64().context("no sessions in the health")
    }
}

/// A device that comes back, and whose every event is the one after the last.
struct Device {
    person: Person,
    socket: Connection,
    last_seq: u64,
}

impl Device {
    async fn connect(bench: &Bench, person: Person) -> anyhow::Result<Self> {
        let socket = bench.connect(&person).await?;
        let mut device = Self { last_seq: socket.hello().top, person, socket };
        device.resume().await?;
        Ok(device)
    }

    /// Asks for what was missed.
    async fn resume(&mut self) -> anyhow::Result<()> {
        let position = resume(self.socket.hello().epoch, self.last_seq);
        self.socket.say(None, &position).await.map_err(Error::msg)?;
        loop {
            match self.socket.hear().await.map_err(Error::msg)? {
                ServerMessage::Resumed(resumed) => {
                    ensure!(resumed.recovered, "not resumed after {}: {resumed:?}", self.last_seq);
                    return Ok(());
                }
                other => self.take(&other)?,
            }
        }
    }

    fn take(&mut self, message: &ServerMessage) -> anyhow::Result<()> {
        if let ServerMessage::Event(event) = message {
            ensure!(event.seq == self.last_seq + 1, "{} after {}", event.seq, self.last_seq);
            self.last_seq = event.seq;
        }
        Ok(())
    }

    /// Events for this device for a while, which it reads or does not, while the crowd's answers are timed.
    async fn turn(
        &mut self,
        bench: &Bench,
        options: &SlowOptions,
        pongs: &Mutex<Histogram<u64>>,
        is_reading: bool,
    ) -> anyhow::Result<Turn> {
        let (connected, person) = (bench.sessions().await?, self.person.clone());
        let before = self.last_seq;
        pongs.lock().reset();
        let (start, count) = (Instant::now(), u64::from(options.per_s) * options.turn_s);
        let published = AtomicU64::new(0);
        let due =
            |number: u64| start + Duration::from_secs(1).mul_f64(number as f64 / f64::from(options.per_s));
        let happening = stream::iter(0..count).then(async |number| {
            sleep_until(due(number)).await;
            number
        });
        let happening = happening.map(|_| async {
            bench.happen(&person).await?;
            published.fetch_add(1, Ordering::Relaxed);
            anyhow::Ok(())
        });
        let happening = async { happening.buffer_unordered(AT_ONCE).try_collect::<()>().await };
        let end = due(count);
        let mut closed = 0;
        let living = async {
            while Instant::now() < end {
                if is_reading {
                    if let Ok(message) = timeout_at(end, self.socket.hear()).await {
                        self.take(&message.map_err(Error::msg)?)?;
                    }
                } else {
                    sleep(LOOK_EVERY).await;
                    if bench.sessions().await? < connected {
                        self.come_back(bench).await?;
                        closed += 1;
                    }
                }
            }
            anyhow::Ok(())
        };
        tokio::try_join!(happening, living)?;
        let pongs = pongs.lock().clone();
        let all = before + published.into_inner();
        let until = Instant::now() + PATIENCE;
        while self.last_seq < all {
            match timeout_at(until, self.socket.hear()).await.context("an event does not come")? {
                Ok(message) => self.take(&message)?,
                Err(why) => {
                    self.over(bench, &why).await?;
                    closed += 1;
                }
            }
        }
        Ok(Turn { pongs, closed })
    }

    /// Reads what is left of a connection that the server has given up, connects again and resumes.
    async fn come_back(&mut self, bench: &Bench) -> anyhow::Result<()> {
        let why = loop {
            match self.socket.hear().await {
                Ok(message) => self.take(&message)?,
                Err(why) => break why,
            }
        };
        self.over(bench, &why).await
    }

    async fn over(&mut self, bench: &Bench, why: &Closed) -> anyhow::Result<()> {
        if why.code != Some(TOO_SLOW) {
            bail!("closed otherwise than as too slow: {why}");
        }
        self.socket = bench.connect(&self.person).await?;
        self.resume().await
    }
}
