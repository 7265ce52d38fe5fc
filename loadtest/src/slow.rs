//! What readers that do not read cost a server and everybody else: `peerpack-loadtest slow`.
//!
//! A crowd is told of events, and how long that takes is measured, in turns with and without somebody among them whose
//! socket is not read although as many events come for it. Then the server's memory is watched while many such sockets
//! fill up, and, for comparison, while as many that are read get the same.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use peerpack::app::SystemClock;
use peerpack::auth::telegram::TelegramUser;
use peerpack::ws::wire::ServerMessage;
use peerpack_actors::ports::Clock;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use crate::api::{Api, Failure};
use crate::cli::SlowOptions;
use crate::machine::{Machine, memory_mib};
use crate::socket::Target;

/// How many sign in or connect at once.
const AT_ONCE: usize = 32;

/// How many publish at once while memory is watched.
const PUBLISHERS: usize = 16;

/// Sockets that one user may have.
const SOCKETS_OF_ONE: usize = 5;

/// Events that come for each socket while memory is watched: more than may wait and than kernels hold.
const EVENTS_OF_ONE: usize = 3_000;

/// A user with a token.
#[derive(Clone)]
struct Person {
    number: usize,
    token: String,
}

struct Bench {
    api: Api,
    target: Target,
    server_pid: u32,
}

/// Measures, and prints what came of it.
///
/// # Errors
/// Somebody cannot sign in or connect.
pub async fn run(options: SlowOptions) -> anyhow::Result<bool> {
    let SlowOptions { url, bot_token, sockets, per_s, turn_s, rounds, unread, server_pid, store } = options;
    let bench = Arc::new(Bench { api: Api::new(bot_token)?, target: Target::parse(&url).await?, server_pid });
    let started = SystemClock.now();
    let first_id = 2_000_000_000_000 + started.ms() % 1_000_000_000 * 100_000;
    let all = sockets + 1 + 2 * unread.div_ceil(SOCKETS_OF_ONE);
    let signing_in = (0..all).zip(first_id..).map(|(number, id)| bench.sign_in(number, id));
    let mut people: Vec<Person> = stream::iter(signing_in).buffered(AT_ONCE).try_collect().await?;
    let mut for_memory = people.split_off(sockets + 1);
    let slow = people.pop().context("nobody is slow")?;

    let crowd = Crowd::gather(&bench, people).await?;
    let mut turns: Vec<(bool, Histogram<u64>)> = Vec::new();
    // What the first turn finds cold is not counted.
    crowd.turn(&bench, per_s, turn_s, None).await;
    for _ in 0..rounds {
        for is_slow in [false, true] {
            let latencies = crowd.turn(&bench, per_s, turn_s, Some((&slow, is_slow))).await;
            turns.push((is_slow, latencies));
        }
    }
    let read = for_memory.split_off(for_memory.len() / 2);
    let with_read = bench.memory_of(&read, unread, false).await?;
    let with_unread = bench.memory_of(&for_memory, unread, true).await?;

    let machine = Machine::here();
    println!("date: {started}");
    println!("machine: {}, {} cores, {:.0} GiB", machine.cpu, machine.cores, machine.memory_gib);
    println!("store: {store}");
    println!("{sockets} sockets are told of {per_s} events a second, and one more of as many alone;");
    println!("from the publication to the event on the publisher's socket, turns of {turn_s} s:");
    for is_slow in [false, true] {
        let of_kind: Vec<_> = turns.iter().filter(|turn| turn.0 == is_slow).map(|turn| &turn.1).collect();
        let at = |quantile: f64| {
            let mut ms: Vec<f64> =
                of_kind.iter().map(|one| one.value_at_quantile(quantile) as f64 / 1e3).collect();
            ms.sort_by(f64::total_cmp);
            let list: Vec<_> = ms.iter().map(|ms| format!("{ms:.2}")).collect();
            format!("{:.2} ms ({})", ms[ms.len() / 2], list.join(", "))
        };
        let told: u64 = of_kind.iter().map(|one| one.len()).sum();
        let who = if is_slow { "does not read" } else { "reads" };
        println!("  the one {who}: p50 {}, p99 {}, {told} events", at(0.5), at(0.99));
    }
    let kib = |mib: f64| mib * 1_024.0 / unread as f64;
    println!(
        "server's memory per socket while {unread} sockets are told of {EVENTS_OF_ONE} events each, at most:"
    );
    println!("  sockets that are read: {:.0} KiB", kib(with_read.0));
    println!(
        "  sockets that are not: {:.0} KiB, {} of them closed by the server",
        kib(with_unread.0),
        with_unread.1
    );
    ensure!(with_unread.1 == unread, "the server did not give up every socket that is not read");
    ensure!(kib(with_unread.0) <= 1_536.0, "a slow socket costs more than 1.5 MiB");
    Ok(true)
}

impl Bench {
    async fn sign_in(&self, number: usize, id: i64) -> anyhow::Result<Person> {
        let user = TelegramUser {
            id,
            first_name: format!("Reader {id}"),
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

    /// One event for a user.
    async fn happen(&self, person: &Person) -> Result<(), Failure> {
        let pattern = json!({
            "from": "Тверь", "to": "Вологда", "description": "", "reward": 500, "size": "s", "weight": "light",
            "tags": [],
        });
        self.api.publish(&self.target.http, &person.token, &pattern).await
    }

    /// A socket that nobody reads, with little room in the kernel.
    fn unread(&self, person: &Person) -> anyhow::Result<TcpStream> {
        let address: SocketAddr = self.target.address();
        let socket =
            socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
        socket.set_recv_buffer_size(4_096)?;
        if let Some(source) = self.target.source(person.number) {
            socket.bind(&SocketAddr::new(source.into(), 0).into())?;
        }
        socket.connect(&address.into())?;
        let mut stream = TcpStream::from(socket);
        write!(
            stream,
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: peerpack.v1\r\nAuthorization: Bearer {}\r\n\r\n",
            person.token
        )?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        ensure!(&status == b"HTTP/1.1 101", "{}", String::from_utf8_lossy(&status));
        Ok(stream)
    }

    /// By how much the server's memory grows at most while sockets of some people are told of many events, and how many
    /// of the sockets it has closed.
    async fn memory_of(
        &self,
        people: &[Person],
        sockets: usize,
        is_unread: bool,
    ) -> anyhow::Result<(f64, usize)> {
        let rss = || memory_mib(&[self.server_pid], "VmRSS");
        let before = rss();
        let owners: Vec<_> = (0..sockets).map(|socket| &people[socket / SOCKETS_OF_ONE]).collect();
        let mut unread = Vec::new();
        for owner in owners {
            if is_unread {
                unread.push(self.unread(owner)?);
            } else {
                let mut socket = self.target.connect(owner.number, &owner.token).await?;
                tokio::spawn(async move { while socket.hear().await.is_ok() {} });
            }
        }
        let most = Mutex::new(before);
        // One after the other for each user, users side by side.
        let happening = people.iter().map(async |person| {
            for _ in 0..EVENTS_OF_ONE {
                if self.happen(person).await.is_err() {
                    sleep(Duration::from_millis(50)).await;
                }
                let now = rss();
                let mut most = most.lock();
                *most = most.max(now);
            }
        });
        stream::iter(happening).buffer_unordered(PUBLISHERS).collect::<()>().await;
        // What stalls is cut within ten seconds, and what is cut ends without the rest.
        sleep(Duration::from_secs(12)).await;
        let closed = unread.into_iter().filter(is_over).count();
        Ok((most.into_inner() - before, closed))
    }
}

/// Whether a connection has an end, once everything before it is read.
fn is_over(mut stream: &TcpStream) -> bool {
    let mut buffer = [0; 16 * 1024];
    if stream.set_read_timeout(Some(Duration::from_millis(500))).is_err() {
        return false;
    }
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                let is_waiting =
                    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
                return !is_waiting;
            }
        }
    }
}

/// Connected people, and when each of them has published what they have not heard of yet.
struct Crowd {
    people: Vec<Person>,
    published: Arc<Mutex<HashMap<usize, Instant>>>,
    heard: Arc<Mutex<Histogram<u64>>>,
    next: AtomicUsize,
}

impl Crowd {
    async fn gather(bench: &Bench, people: Vec<Person>) -> anyhow::Result<Self> {
        let published: Arc<Mutex<HashMap<usize, Instant>>> = Arc::default();
        let heard = Arc::new(Mutex::new(Histogram::new_with_max(60_000_000, 3)?));
        let connecting = people.iter().map(async |person| {
            let mut socket = bench.target.connect(person.number, &person.token).await?;
            let (number, published, heard) = (person.number, Arc::clone(&published), Arc::clone(&heard));
            tokio::spawn(async move {
                while let Ok(message) = socket.hear().await {
                    let since = published.lock().remove(&number);
                    if let (ServerMessage::Event(_), Some(since)) = (message, since) {
                        let us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
                        heard.lock().saturating_record(us);
                    }
                }
            });
            anyhow::Ok(())
        });
        stream::iter(connecting).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        // Until then live events wait for a resume.
        sleep(Duration::from_secs(2)).await;
        Ok(Self { people, published, heard, next: AtomicUsize::new(0) })
    }

    /// Events for one after the other, from the intended start, and as many for somebody who reads or does not.
    async fn turn(
        &self,
        bench: &Arc<Bench>,
        per_s: u32,
        turn_s: u64,
        beside: Option<(&Person, bool)>,
    ) -> Histogram<u64> {
        let unread = beside.filter(|beside| beside.1).and_then(|(slow, _)| bench.unread(slow).ok());
        let reading = match beside {
            Some((slow, false)) => bench.target.connect(slow.number, &slow.token).await.ok(),
            _ => None,
        };
        let reading =
            reading.map(|mut socket| tokio::spawn(async move { while socket.hear().await.is_ok() {} }));
        self.heard.lock().reset();
        let start = Instant::now();
        for tick in 0..u64::from(per_s) * turn_s {
            let due = start + Duration::from_secs(1).mul_f64(tick as f64 / f64::from(per_s));
            sleep_until(due).await;
            let person = self.people[self.next.fetch_add(1, Ordering::Relaxed) % self.people.len()].clone();
            self.published.lock().insert(person.number, due);
            for person in [Some(person), beside.map(|beside| beside.0.clone())].into_iter().flatten() {
                let bench = Arc::clone(bench);
                tokio::spawn(async move { bench.happen(&person).await });
            }
        }
        sleep(Duration::from_secs(2)).await;
        if let Some(reading) = reading {
            reading.abort();
        }
        drop(unread);
        self.heard.lock().clone()
    }
}
