//! What a signed-in socket costs a server while nothing happens on it: `peerpack-loadtest idle`.
//!
//! Everybody signs in first, so that what a person costs is not counted as what a socket costs. Then the server's memory
//! is taken, everybody connects and is left alone for a while, pings included, and the memory is taken again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use peerpack::app::SystemClock;
use peerpack::auth::telegram::TelegramUser;
use peerpack::client::Refused;
use peerpack_actors::ports::Clock;

use crate::api::{Api, Failure};
use crate::cli::IdleOptions;
use crate::machine::{Machine, Used, max_open_files, memory_mib};
use crate::socket::Target;

/// How many sign in or connect at once.
const AT_ONCE: usize = 32;

/// How often a connection is tried.
const ATTEMPTS: usize = 100;

/// Files that are open beside the sockets.
const OTHER_FILES: usize = 200;

/// Measures, and prints what came of it.
///
/// # Errors
/// Somebody cannot sign in or connect, or a socket does not live until the end.
pub(crate) async fn run(options: IdleOptions) -> anyhow::Result<bool> {
    let IdleOptions { url, bot_token, sockets, settle_s, server_pid, store } = options;
    if let Some(most) = max_open_files() {
        ensure!(sockets + OTHER_FILES <= most, "{sockets} sockets need more open files than {most}");
    }
    let api = Api::new(bot_token)?;
    let target = Target::parse(&url).await?;
    let started = SystemClock.now();
    let first_id = 1_000_000_000_000 + started.ms() % 1_000_000_000 * 100_000;
    let signing_in = (0..sockets).zip(first_id..).map(|(_, id)| sign_in(&api, &target, id));
    let tokens: Vec<String> = stream::iter(signing_in).buffered(AT_ONCE).try_collect().await?;

    tokio::time::sleep(Duration::from_secs(2)).await;
    let pids = [server_pid];
    let before_mib = memory_mib(&pids, "VmRSS");
    let open = Arc::new(AtomicUsize::new(0));
    let connecting = tokens.into_iter().enumerate().map(|(user, token)| {
        let (target, open) = (target.clone(), Arc::clone(&open));
        async move { connect(target, user, token, open).await }
    });
    let connected: Vec<()> = stream::iter(connecting).buffer_unordered(AT_ONCE).try_collect().await?;
    let (used, settled) = (Used::now(&pids), Duration::from_secs(settle_s));
    tokio::time::sleep(settled).await;
    let cores = Used::now(&pids).since(used, settled.as_secs_f64());
    let after_mib = memory_mib(&pids, "VmRSS");
    let left = open.load(Ordering::Relaxed);

    let machine = Machine::here();
    let kib_each = (after_mib - before_mib) * 1_024.0 / sockets as f64;
    println!("date: {started}");
    println!("machine: {}, {} cores, {:.0} GiB", machine.cpu, machine.cores, machine.memory_gib);
    println!("store: {store}");
    println!("sockets: {} connected, {left} open after {settle_s} s", connected.len());
    println!("server's resident memory: {before_mib:.1} MiB before, {after_mib:.1} MiB after");
    println!("each idle socket: {kib_each:.2} KiB");
    println!("server's processor while idle: {:.1} % of one core", cores.server * 100.0);
    ensure!(left == sockets, "{} sockets were lost", sockets - left);
    Ok(true)
}

async fn sign_in(api: &Api, target: &Target, id: i64) -> anyhow::Result<String> {
    let user = TelegramUser {
        id,
        first_name: format!("Idle {id}"),
        last_name: None,
        username: None,
        language_code: Some("ru".to_owned()),
        photo_url: None,
        is_premium: None,
    };
    let signed_in = api.sign_in(&target.http, &user, SystemClock.now()).await;
    let failed = |failure: Failure| anyhow::anyhow!("cannot sign in: {}", failure.label());
    Ok(signed_in.map_err(failed)?.access_token)
}

/// Connects and listens from then on, in a task of its own.
async fn connect(target: Target, user: usize, token: String, open: Arc<AtomicUsize>) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        match target.connect(user, &token).await {
            Ok(mut socket) => {
                open.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    while socket.hear().await.is_ok() {}
                    open.fetch_sub(1, Ordering::Relaxed);
                });
                return Ok(());
            }
            Err(Refused::Later(wait)) => tokio::time::sleep(wait).await,
            Err(Refused::Token) => anyhow::bail!("the token is not good any more"),
            Err(refused) => return Err(refused).context("cannot connect"),
        }
    }
    anyhow::bail!("always told to come back later")
}
