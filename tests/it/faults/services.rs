//! A Postgres and a Redis of a test's own, to be crashed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::Connection;
use tokio::time::{Instant, sleep};

use super::not_run;
use crate::support::{PATIENCE, free_address};

/// Sends a signal to a process, such as `QUIT`.
pub fn signal(process: &Child, name: &str) {
    let pid = process.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
}

/// A program of Postgres' as somebody it agrees to run for: it refuses root.
fn as_server_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// A Postgres cluster. Gone when dropped.
pub struct Postgres {
    process: Child,
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// A new one, if the tests run with Postgres and know where its programs are: `scripts/services.sh` says
    /// so.
    pub async fn start() -> Option<Self> {
        let Ok(programs) = std::env::var("PEERPACK_TEST_POSTGRES_BIN") else {
            not_run("PEERPACK_TEST_POSTGRES_BIN is not set");
            return None;
        };
        Self::start_in(PathBuf::from(programs), tempfile::tempdir().unwrap()).await
    }

    /// The same on a disk of so many MiB, if the tests may mount one. The disk goes with the folder.
    pub async fn start_on_disk_of(mib: u32) -> Option<(Self, SmallDisk)> {
        let Ok(programs) = std::env::var("PEERPACK_TEST_POSTGRES_BIN") else {
            not_run("PEERPACK_TEST_POSTGRES_BIN is not set");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let disk = SmallDisk::mount(folder.path(), mib)?;
        Self::start_in(PathBuf::from(programs), folder).await.map(|postgres| (postgres, disk))
    }

    async fn start_in(programs: PathBuf, folder: tempfile::TempDir) -> Option<Self> {
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap().success());
        }
        let initialised = as_server_user(&programs.join("initdb"))
            .arg("-D")
            .arg(folder.path().join("data"))
            .args(["--no-sync", "--username=peerpack", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .status();
        assert!(initialised.unwrap().success());
        let port = free_address().port();
        let process = launch(&programs, folder.path(), port);
        let postgres = Self { process, programs, folder, port };
        postgres.until_ready().await;
        Some(postgres)
    }

    pub fn url(&self) -> String {
        format!("postgres://peerpack@127.0.0.1:{}/postgres", self.port)
    }

    /// What `pg_ctl stop -m immediate` does: every process ends at once, nothing is written any more.
    pub fn crash(&mut self) {
        signal(&self.process, "QUIT");
        self.process.wait().unwrap();
    }

    /// Every process of it stands still, until [`Self::thaw`].
    pub fn freeze(&self) {
        self.signal_all("STOP");
    }

    /// The opposite.
    pub fn thaw(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let parent = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &parent]).status().unwrap().success());
        // One of them may have ended meanwhile.
        Command::new("pkill").args([&format!("-{name}"), "-P", &parent]).status().unwrap();
    }

    /// One of its programs, such as `pg_dump`, in its folder.
    pub fn program(&self, name: &str) -> Command {
        let mut program = as_server_user(&self.programs.join(name));
        program.current_dir(self.folder.path());
        program
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// The same data again.
    pub async fn start_again(&mut self) {
        self.process = launch(&self.programs, self.folder.path(), self.port);
        self.until_ready().await;
    }

    async fn until_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        while sqlx::PgConnection::connect(&self.url()).await.is_err() {
            assert!(Instant::now() < deadline, "Postgres does not come up");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn launch(programs: &Path, folder: &Path, port: u16) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    as_server_user(&programs.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
        .current_dir(folder)
        .stderr(log)
        .spawn()
        .unwrap()
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.crash();
        }
    }
}

/// A disk with little room, in memory. Gone when dropped, even if somebody still uses it.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Nothing where only root may mount, and the tests are not.
    fn mount(folder: &Path, mib: u32) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).arg(folder).stderr(Stdio::null());
        let is_mounted = mount.status().is_ok_and(|status| status.success());
        if !is_mounted {
            not_run("no disk may be mounted here");
        }
        is_mounted.then(|| Self(folder.to_owned()))
    }

    /// A file that takes what room there is, until it is removed.
    pub fn fill(&self) -> PathBuf {
        let file = self.0.join("filler");
        super::disk::fill(&file);
        file
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A Redis that keeps nothing. Gone when dropped.
pub struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    /// A new one, if the tests run with Redis.
    pub async fn start() -> Option<Self> {
        if std::env::var("PEERPACK_TEST_REDIS").is_err() {
            not_run("PEERPACK_TEST_REDIS is not set");
            return None;
        }
        let port = free_address().port();
        let redis = Self { process: Self::launch(port), port };
        redis.until_ready().await;
        Some(redis)
    }

    fn launch(port: u16) -> Child {
        Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string()])
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// An empty one in the same place.
    pub async fn start_again(&mut self) {
        self.process = Self::launch(self.port);
        self.until_ready().await;
    }

    /// One command without arguments; answers with what Redis says first.
    pub async fn command(&self, word: &str) -> std::io::Result<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.address()).await?;
        stream.write_all(format!("{word}\r\n").as_bytes()).await?;
        let mut answer = [0; 64];
        let read = stream.read(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer[..read]).trim().to_owned())
    }

    async fn until_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.command("PING").await.ok().as_deref() != Some("+PONG") {
            assert!(Instant::now() < deadline, "Redis does not come up");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
