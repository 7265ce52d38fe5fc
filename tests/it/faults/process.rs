//! A server in a process of its own, to be killed, restarted and replaced; and devices that live through it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use peerpack::client::{Client, Heard, Position, Server, one_token};
use peerpack::ws::wire::{Event, ServerMessage};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::support::{PATIENCE, TestUser, free_address};

/// How long an answer about readiness may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// A server, or a supervisor of servers. Killed when dropped.
pub struct Process {
    child: Child,
    pub url: String,
    command: String,
    environment: Vec<(String, String)>,
    /// What the program is started by, with its arguments.
    before: Vec<String>,
}

impl Process {
    /// Starts `peerpack serve` or `supervise`, and waits until it answers.
    pub async fn start(command: &str, data: &Path, more: &[(&str, &str)]) -> Self {
        Self::start_by(&[], command, data, more).await
    }

    /// The same by another program, which is given ours with its command as its last arguments.
    pub async fn start_by(before: &[&str], command: &str, data: &Path, more: &[(&str, &str)]) -> Self {
        for _ in 0..3 {
            // One that ends at once has found its port taken in between.
            let address = free_address().to_string();
            if let Some(process) = Self::start_at(&address, before, command, data, more).await {
                return process;
            }
        }
        panic!("the server does not come up");
    }

    async fn start_at(
        address: &str,
        before: &[&str],
        command: &str,
        data: &Path,
        more: &[(&str, &str)],
    ) -> Option<Self> {
        let usual = [
            ("PEERPACK_LISTEN", address),
            ("PEERPACK_DATA_DIR", data.to_str().unwrap()),
            ("PEERPACK_ACCESS_TTL_S", "3600"),
            ("PEERPACK_LOG", "warn"),
            ("PEERPACK_MAX_SOCKETS_PER_IP", "20000"),
        ];
        let all = usual.iter().chain(more);
        let environment: Vec<(String, String)> =
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let before: Vec<String> = before.iter().map(|&word| word.to_owned()).collect();
        let child = Self::spawn(&before, command, &environment);
        let (url, command) = (format!("http://{address}"), command.to_owned());
        let mut process = Self { child, url, command, environment, before };
        process.is_up().await.then_some(process)
    }

    fn spawn(before: &[String], command: &str, environment: &[(String, String)]) -> Child {
        let mut words = before.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_peerpack"), command]);
        let mut process = Command::new(words.next().unwrap());
        process.args(words).envs(environment.iter().cloned()).stderr(Stdio::inherit()).spawn().unwrap()
    }

    /// `kill -9`, and the same again on the same data. Does not wait for it.
    pub fn kill_and_start_again(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::spawn(&self.before, &self.command, &self.environment);
    }

    pub async fn until_ready(&mut self) {
        assert!(self.is_up().await, "the server has ended");
    }

    /// Waits until the server answers, or has ended: whether it answers.
    async fn is_up(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            if is_ready(&self.url).await {
                return true;
            }
            assert!(Instant::now() < deadline, "the server does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// The memory that it has, KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How long the process takes to end.
    pub async fn ended(&mut self) -> Duration {
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < PATIENCE, "the process does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        started.elapsed()
    }

    /// The sockets that the process has open, of any kind.
    pub fn open_sockets(&self) -> BTreeSet<String> {
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().flatten();
        let targets = descriptors.filter_map(|one| std::fs::read_link(one.path()).ok());
        let names = targets.map(|target| target.to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("socket:")).collect()
    }

    /// The processes that this one has started.
    pub fn children(&self) -> Vec<u32> {
        let pid = self.child.id();
        let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        list.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for pid in self.children() {
            let _ = Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn is_ready(url: &str) -> bool {
    let client = reqwest::Client::builder().timeout(ANSWERED_WITHIN).build().unwrap();
    let ready = client.get(format!("{url}/api/health/ready")).send().await;
    ready.is_ok_and(|answer| answer.status().is_success())
}

/// A device of a user, and everything it was told.
pub struct Device {
    pub client: Client,
    heard: mpsc::Receiver<Heard>,
    pub events: Vec<Event>,
    pub connections: usize,
    /// Close codes of interruptions.
    pub codes: Vec<Option<u16>>,
    /// Resumes that were not recovered.
    pub lost: usize,
    /// What was said about the store.
    pub degraded: Vec<bool>,
}

impl Device {
    pub async fn of(user: &TestUser) -> Self {
        Self::from(user, None).await
    }

    /// A device that goes on from somewhere.
    pub async fn from(user: &TestUser, position: Option<Position>) -> Self {
        let server = Server::at(&user.socket_url()).await.unwrap();
        let (client, heard) = Client::start(server, one_token(user.token.clone()), position);
        let (events, codes) = (Vec::new(), Vec::new());
        let degraded = Vec::new();
        let mut device = Self { client, heard, events, connections: 0, codes, lost: 0, degraded };
        device.until("a connection", PATIENCE, |device| device.connections > 0).await;
        device
    }

    /// Takes in what is said until something is so. Every event has to be the next one.
    pub async fn until(&mut self, what: &str, patience: Duration, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + patience;
        while !is_so(self) {
            match timeout_at(deadline, self.heard.recv()).await {
                Ok(Some(heard)) => self.fold(heard),
                Ok(None) => panic!("the client died before {what}"),
                Err(_) => {
                    panic!("no {what} in time; {} events, closed with {:?}", self.events.len(), self.codes)
                }
            }
        }
    }

    /// Takes in what is said for a while.
    pub async fn take_in_for(&mut self, a_while: Duration) {
        let deadline = Instant::now() + a_while;
        while let Ok(Some(heard)) = timeout_at(deadline, self.heard.recv()).await {
            self.fold(heard);
        }
    }

    fn fold(&mut self, heard: Heard) {
        match heard {
            Heard::Connected(_) => self.connections += 1,
            Heard::Interrupted(closed) => self.codes.push(closed.code),
            Heard::Resumed(resumed) => self.lost += usize::from(!resumed.recovered),
            Heard::Event(event) => {
                check_next(&self.events, &event);
                self.events.push(event);
            }
            Heard::Over(why) => panic!("the client gave up: {why}"),
            Heard::Said(ServerMessage::Degraded(said)) => self.degraded.push(said.degraded),
            Heard::Said(_) => {}
        }
    }
}

/// Every event is the one after the last.
fn check_next(events: &[Event], event: &Event) {
    if let Some(last) = events.last() {
        assert_eq!(event.seq, last.seq + 1, "a gap or a repetition");
    }
}

/// The check has to see what it is there for.
#[test]
fn the_check_of_streams_sees_gaps_and_repetitions() {
    use peerpack::ws::wire::EventBody;
    use peerpack_actors::time::Time;

    let event = |seq| {
        let body = EventBody::Unknown { kind: "news".to_owned() };
        Event { seq, at: Time::from_ms(0), body }
    };
    let is_refused =
        |last, next| std::panic::catch_unwind(|| check_next(&[event(last)], &event(next))).is_err();
    assert!(!is_refused(7, 8));
    assert!(is_refused(7, 9) && is_refused(7, 7) && is_refused(7, 6));
}
