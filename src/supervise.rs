//! `peerpack supervise`: holds the listening socket and runs the server in a process of its own, so that a
//! restart refuses nobody.
//!
//! On SIGHUP it starts the program anew, whatever now lies where it was, and ends the old process once the
//! new one says that it is ready; one that does not get ready changes nothing. On SIGTERM it ends the server
//! and then itself. A server that dies is started again, and again if it cannot be started: only a signal
//! ends the supervisor. The two processes share the listener in between, so every connection finds one of
//! them. What is said to the server's process is what systemd would say: `LISTEN_FDS` and `NOTIFY_SOCKET`.

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

/// How long a server may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long a server may take to end; it promises fifteen seconds.
const ENDED_WITHIN: Duration = Duration::from_secs(20);

/// How often a process is looked at.
const ROUND: Duration = Duration::from_millis(50);

/// How long a server that died stays dead, so that one that cannot live does not take the machine with it.
const REVIVED_AFTER: Duration = Duration::from_secs(1);

/// The longest pause between attempts to start it.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Hands the listener over as descriptor 3. Only a shell can do that without unsafe code.
const HAND_OVER: &str = r#"export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&0 </dev/null"#;

struct Supervisor {
    listener: TcpListener,
    program: OsString,
    arguments: Vec<OsString>,
    runtime_dir: tempfile::TempDir,
    started: u64,
}

/// A server in a process of its own. Killed when dropped.
struct Server {
    process: Child,
    state: UnixDatagram,
    path: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Runs a server with these arguments on this address until told to end.
///
/// # Errors
/// What keeps it from starting, for people.
pub async fn run(address: SocketAddr, program: OsString, arguments: Vec<OsString>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let runtime_dir = tempfile::tempdir().context("cannot make a folder for the server's messages")?;
    let mut supervisor = Supervisor { listener, program, arguments, runtime_dir, started: 0 };
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut server = Some(supervisor.start().await?);
    let (mut again_at, mut pause) = (Instant::now(), REVIVED_AFTER);
    loop {
        tokio::select! {
            _ = hangup.recv() => match supervisor.start().await {
                Ok(successor) => {
                    let pid = successor.process.id();
                    if let Some(predecessor) = server.replace(successor) {
                        match predecessor.end().await {
                            Ok(ended) => tracing::info!(%ended, pid, "the server is replaced"),
                            Err(error) => tracing::error!(pid, "the old server was not ended: {error:#}"),
                        }
                    }
                }
                Err(error) => tracing::error!("the server stays as it is: {error:#}"),
            },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = sleep(ROUND) => match &mut server {
                Some(running) => if let Some(status) = running.process.try_wait()? {
                    tracing::error!(%status, "the server has died and is started again");
                    (server, again_at, pause) = (None, Instant::now() + REVIVED_AFTER, REVIVED_AFTER);
                },
                None if Instant::now() >= again_at => match supervisor.start().await {
                    Ok(revived) => server = Some(revived),
                    // The reason may pass: connections wait in the listener meanwhile.
                    Err(error) => {
                        pause = (2 * pause).min(MAX_PAUSE);
                        again_at = Instant::now() + pause;
                        tracing::error!(?pause, "the server cannot be started: {error:#}");
                    }
                },
                None => {}
            },
        }
    }
    match server {
        Some(server) => server.end().await.map(drop),
        None => Ok(()),
    }
}

impl Supervisor {
    /// Starts a server and waits until it is ready.
    async fn start(&mut self) -> anyhow::Result<Server> {
        self.started += 1;
        let path = self.runtime_dir.path().join(self.started.to_string());
        let state = UnixDatagram::bind(&path).context("cannot listen to the server's messages")?;
        state.set_nonblocking(true)?;
        let listener: OwnedFd = self.listener.try_clone()?.into();
        let process = Command::new("/bin/sh")
            .args(["-c", HAND_OVER, "peerpack"])
            .arg(&self.program)
            .args(&self.arguments)
            .env("NOTIFY_SOCKET", &path)
            .stdin(Stdio::from(listener))
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let mut server = Server { process, state, path };
        let deadline = Instant::now() + READY_WITHIN;
        while !server.is_ready() {
            if let Some(status) = server.process.try_wait()? {
                bail!("the server ended before it was ready: {status}");
            }
            if Instant::now() > deadline {
                bail!("the server was not ready after {READY_WITHIN:?}");
            }
            sleep(ROUND).await;
        }
        Ok(server)
    }
}

impl Server {
    fn is_ready(&self) -> bool {
        let mut message = [0; 256];
        let read = self.state.recv(&mut message).unwrap_or(0);
        message[..read].split(|byte| *byte == b'\n').any(|line| line == b"READY=1")
    }

    /// Lets the server finish what it has, and ends it if it takes too long.
    async fn end(mut self) -> anyhow::Result<ExitStatus> {
        let pid = self.process.id().to_string();
        let signal = Command::new("/bin/sh").args(["-c", r#"kill -TERM "$1""#, "kill", &pid]).status();
        signal.context("cannot signal the server")?;
        let deadline = Instant::now() + ENDED_WITHIN;
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                tracing::error!(pid, "the server does not end, and is killed");
                self.process.kill()?;
                return Ok(self.process.wait()?);
            }
            sleep(ROUND).await;
        }
    }
}
