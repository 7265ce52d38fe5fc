//! People with a socket for whom nothing happens: some in this process, and where one process cannot have so
//! many files open, in several.
//!
//! A process of the crowd is this program with the command `crowd`. It reads a token per line, connects each,
//! and says `{"connected": n}`; when its input ends, it says what has become of them, and ends.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use peerpack::client::{Connection, Refused};
use peerpack::ws::wire::ServerMessage;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::cli::CrowdOptions;
use crate::socket::Target;

/// How many connect at once.
const AT_ONCE: usize = 32;

/// How often a connection is tried.
const ATTEMPTS: usize = 100;

/// What has become of a crowd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Sockets that were opened.
    pub(crate) connected: usize,
    /// Sockets that were open to the end.
    pub(crate) open: usize,
    /// Events on them: none was expected.
    pub(crate) events: usize,
}

/// A crowd, here and in other processes.
#[derive(Default)]
pub(crate) struct Crowd {
    here: Arc<Sockets>,
    elsewhere: Vec<Elsewhere>,
}

#[derive(Default)]
struct Sockets {
    connected: AtomicUsize,
    open: AtomicUsize,
    events: AtomicUsize,
}

struct Elsewhere {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Crowd {
    /// Connects a socket per token: in this process if they are few enough for one.
    ///
    /// # Errors
    /// Somebody cannot connect, or a process cannot be started.
    pub(crate) async fn gather(
        targets: &[Target],
        first: usize,
        tokens: Vec<String>,
        per_process: usize,
    ) -> anyhow::Result<Self> {
        let mut crowd = Self::default();
        if tokens.len() <= per_process {
            crowd.here.connect(&targets[0], first, tokens).await?;
            return Ok(crowd);
        }
        for (number, tokens) in tokens.chunks(per_process).enumerate() {
            // One node cannot have more files open, either.
            let target = &targets[number % targets.len()];
            crowd.elsewhere.push(Elsewhere::start(target, first + number * per_process, tokens).await?);
        }
        for process in &mut crowd.elsewhere {
            process.hear().await?;
        }
        Ok(crowd)
    }

    /// How many processes hold it, beside this one.
    pub(crate) fn processes(&self) -> usize {
        self.elsewhere.len()
    }

    /// Lets go, and says what has become of everybody.
    ///
    /// # Errors
    /// A process has ended before.
    pub(crate) async fn leave(self) -> anyhow::Result<Held> {
        let mut all = self.here.held();
        for mut process in self.elsewhere {
            drop(process.child.stdin.take());
            let held = process.hear().await?;
            all.connected += held.connected;
            all.open += held.open;
            all.events += held.events;
            process.child.wait().await?;
        }
        Ok(all)
    }
}

impl Elsewhere {
    async fn start(target: &Target, first: usize, tokens: &[String]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["crowd", "--url", &target.http, "--first", &first.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a process for idle sockets")?;
        let input = child.stdin.as_mut().context("a process without an input")?;
        input.write_all(format!("{}\n\n", tokens.join("\n")).as_bytes()).await?;
        let said = BufReader::new(child.stdout.take().context("a process without an output")?).lines();
        Ok(Self { child, said })
    }

    async fn hear(&mut self) -> anyhow::Result<Held> {
        let line = self.said.next_line().await?;
        let line = line.context("a process with idle sockets has ended; its own words are above")?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Sockets {
    async fn connect(
        self: &Arc<Self>,
        target: &Target,
        first: usize,
        tokens: Vec<String>,
    ) -> anyhow::Result<()> {
        let connecting = tokens.into_iter().zip(first..).map(|(token, user)| {
            let crowd = Arc::clone(self);
            async move {
                let socket = patiently(target, user, &token).await?;
                crowd.connected.fetch_add(1, Ordering::Relaxed);
                crowd.open.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(crowd.live(socket));
                anyhow::Ok(())
            }
        });
        stream::iter(connecting).buffer_unordered(AT_ONCE).try_collect::<()>().await
    }

    async fn live(self: Arc<Self>, mut socket: Connection) {
        while let Ok(message) = socket.hear().await {
            if matches!(message, ServerMessage::Event(_)) {
                self.events.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    fn held(&self) -> Held {
        let [connected, open, events] =
            [&self.connected, &self.open, &self.events].map(|count| count.load(Ordering::Relaxed));
        Held { connected, open, events }
    }
}

async fn patiently(target: &Target, user: usize, token: &str) -> anyhow::Result<Connection> {
    for _ in 0..ATTEMPTS {
        match target.connect(user, token).await {
            Ok(socket) => return Ok(socket),
            Err(Refused::Later(wait)) => tokio::time::sleep(wait).await,
            Err(Refused::Failed(_)) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(refused) => return Err(refused).context("an idle socket cannot connect"),
        }
    }
    anyhow::bail!("an idle socket was always told to come back later")
}

/// A process of the crowd.
///
/// # Errors
/// Somebody cannot connect.
pub async fn run(options: CrowdOptions) -> anyhow::Result<()> {
    let target = Target::parse(&options.url).await?;
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let mut tokens = Vec::new();
    while let Some(token) = input.next_line().await?.filter(|line| !line.is_empty()) {
        tokens.push(token);
    }
    ensure!(!tokens.is_empty(), "no tokens");
    let crowd = Arc::<Sockets>::default();
    crowd.connect(&target, options.first, tokens).await?;
    println!("{}", serde_json::to_string(&crowd.held())?);
    while input.next_line().await?.is_some() {}
    println!("{}", serde_json::to_string(&crowd.held())?);
    Ok(())
}
