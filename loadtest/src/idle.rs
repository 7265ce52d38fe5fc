//! What a signed-in socket costs a server while nothing happens on it, and what a message on it costs:
//! `peerpack-loadtest idle`.
//!
//! Nobody signs in through the server: the tokens are signed here, with the server's key. So the memory
//! before is that of a server which has done nothing yet, and everything that grows afterwards counts, memory
//! that a sign-in would have left for sockets to use again included. Everybody connects and is left alone for
//! a while, pings included; then everybody says `ping` again and again, and is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use peerpack::app::SystemClock;
use peerpack::auth::token::Tokens;
use peerpack::auth::{Principal, Role};
use peerpack::client::{Connection, Refused};
use peerpack::ws::wire::{ClientMessage, ServerMessage};
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Clock;
use peerpack_actors::time::Span;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use crate::cli::IdleOptions;
use crate::machine::{Cores, Machine, Used, max_open_files, memory_mib};
use crate::socket::Target;

/// How many connect at once.
const AT_ONCE: usize = 32;

/// How often a connection is tried.
const ATTEMPTS: usize = 100;

/// Files that are open beside the sockets.
const OTHER_FILES: usize = 200;

/// How often each socket says something, when all do: half of what one may.
const SAYS_EVERY: Duration = Duration::from_secs(1);

/// What all connections share.
#[derive(Default)]
struct Crowd {
    open: AtomicUsize,
    is_talking: AtomicBool,
    answers: AtomicU64,
}

/// Measures, and prints what came of it.
///
/// # Errors
/// Somebody cannot connect, or a socket does not live until the end.
pub async fn run(options: IdleOptions) -> anyhow::Result<bool> {
    let IdleOptions { url, jwt_secret, sockets, settle_s, talk_s, server_pid, store } = options;
    if let Some(most) = max_open_files() {
        ensure!(sockets + OTHER_FILES <= most, "{sockets} sockets need more open files than {most}");
    }
    let target = Target::parse(&url).await?;
    let started = SystemClock.now();
    let tokens = Tokens::new(jwt_secret.as_bytes(), Span::hours(1)).context("the server's key")?;
    let tokens = (0..sockets).map(|_| {
        let principal = Principal { user: UserId::new(started, rand::random()), role: Role::User };
        tokens.issue(principal, Uuid::nil(), started, rand::random()).0
    });
    let crowd = Arc::new(Crowd::default());
    let mut connecting = tokens.collect::<Vec<_>>().into_iter().enumerate().map(|(user, token)| {
        let (target, crowd) = (target.clone(), Arc::clone(&crowd));
        async move { connect(target, user, token, crowd).await }
    });
    let rss = || memory_mib(&[server_pid], "VmRSS");
    let first = sockets / 3;
    let before_mib = rss();
    let here: Vec<_> = connecting.by_ref().take(first).collect();
    stream::iter(here).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    sleep(Duration::from_secs(2)).await;
    let third_mib = rss();
    stream::iter(connecting).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    sleep(Duration::from_secs(2)).await;
    let all_mib = rss();
    let idle = used_over(server_pid, Duration::from_secs(settle_s)).await;
    let after_mib = rss();
    let left = crowd.open.load(Ordering::Relaxed);

    let machine = Machine::here();
    let kib_each = |mib: f64, sockets: usize| mib * 1_024.0 / sockets as f64;
    println!("date: {started}");
    println!("machine: {}, {} cores, {:.0} GiB", machine.cpu, machine.cores, machine.memory_gib);
    println!("store: {store}");
    println!("sockets: {sockets} connected, {left} open after {settle_s} s");
    println!(
        "server's resident memory: {before_mib:.1} MiB before anything, {third_mib:.1} MiB with {first}, \
         {all_mib:.1} MiB with all, {after_mib:.1} MiB after {settle_s} s"
    );
    println!("each idle socket, all that has grown: {:.2} KiB", kib_each(after_mib - before_mib, sockets));
    println!(
        "each of the last {}: {:.2} KiB",
        sockets - first,
        kib_each(all_mib - third_mib, sockets - first)
    );
    println!("server's processor while idle: {:.1} % of one core", idle.server * 100.0);
    ensure!(left == sockets, "{} sockets were lost", sockets - left);
    if talk_s > 0 {
        crowd.is_talking.store(true, Ordering::Relaxed);
        // Everybody notices within a moment.
        sleep(SAYS_EVERY * 2).await;
        let (answers, duration) = (crowd.answers.load(Ordering::Relaxed), Duration::from_secs(talk_s));
        let talking = used_over(server_pid, duration).await;
        let answers = crowd.answers.load(Ordering::Relaxed) - answers;
        let each_us = |cores: f64| cores * duration.as_secs_f64() * 1e6 / answers as f64;
        println!("messages: {:.0} in a second, each answered", answers as f64 / duration.as_secs_f64());
        println!("server's processor for each, heard and answered: {:.1} us", each_us(talking.server));
        println!("the same less what it uses while idle: {:.1} us", each_us(talking.server - idle.server));
        println!("others' processors meanwhile: {:.2} cores", talking.others);
    }
    Ok(true)
}

/// Who uses how many cores while a time passes.
async fn used_over(server_pid: u32, duration: Duration) -> Cores {
    let (used, since) = (Used::now(&[server_pid]), Instant::now());
    sleep(duration).await;
    Used::now(&[server_pid]).since(used, since.elapsed().as_secs_f64())
}

/// Connects and listens from then on, in a task of its own.
async fn connect(target: Target, user: usize, token: String, crowd: Arc<Crowd>) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        match target.connect(user, &token).await {
            Ok(socket) => {
                crowd.open.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    live(socket, &crowd).await;
                    crowd.open.fetch_sub(1, Ordering::Relaxed);
                });
                return Ok(());
            }
            Err(Refused::Later(wait)) => sleep(wait).await,
            Err(Refused::Token) => anyhow::bail!("the token is not good: is it the server's key?"),
            Err(refused) => return Err(refused).context("cannot connect"),
        }
    }
    anyhow::bail!("always told to come back later")
}

/// Until the connection is over.
async fn live(mut socket: Connection, crowd: &Crowd) {
    let mut says_at = Instant::now() + SAYS_EVERY.mul_f64(rand::random());
    loop {
        tokio::select! {
            heard = socket.hear() => match heard {
                Ok(ServerMessage::Pong(_)) => {
                    crowd.answers.fetch_add(1, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(_) => return,
            },
            () = sleep_until(says_at) => {
                says_at += SAYS_EVERY;
                if crowd.is_talking.load(Ordering::Relaxed)
                    && socket.say(None, &ClientMessage::Ping).await.is_err()
                {
                    return;
                }
            }
        }
    }
}
