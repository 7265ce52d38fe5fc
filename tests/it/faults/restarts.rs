//! Servers that end, are replaced, or die.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::process::{Device, Process};
use crate::support::{TestUser, promised, sign_in_at};

/// A device may be sent away for ten seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Less than kept connections are waited for.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Less than a body is waited for, and what comes after it.
const FOR_NOBODY: Duration = Duration::from_secs(9);

/// How long a server may take to end.
const ENDS_WITHIN_S: u64 = 15;

/// Each user publishes one package after the other until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    /// How many each has published, and what did not succeed.
    tasks: Vec<tokio::task::JoinHandle<(usize, Vec<String>)>>,
}

impl Load {
    fn start(users: &[TestUser]) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let tasks = users.iter().map(|user| {
            let (user, stop, done) = (user.clone(), Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(async move {
                let (mut own, mut failures) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let body = json!({
                        "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500,
                        "size": "s", "weight": "light", "tags": [],
                    });
                    match user.try_post("/api/packages", body).await {
                        Ok(status) if status.is_success() => {
                            own += 1;
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(status) => failures.push(status.to_string()),
                        Err(error) => failures.push(format!("{error:?}")),
                    }
                    // A device may be away for ten seconds, and resumes three hundred events.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (own, failures)
            })
        });
        Self { tasks: tasks.collect(), stop, done }
    }

    async fn until_done(&self, more: usize) {
        let enough = self.done.load(Ordering::Relaxed) + more;
        let done = async {
            while self.done.load(Ordering::Relaxed) < enough {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, done).await.expect("the load goes on");
    }

    async fn stop(self) -> (Vec<usize>, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut done, mut failures) = (Vec::new(), Vec::new());
        for task in self.tasks {
            let (own, failed) = task.await.unwrap();
            done.push(own);
            failures.extend(failed);
        }
        (done, failures)
    }
}

#[actix_web::test]
async fn f12_a_supervised_server_is_replaced_under_load_and_no_request_fails() {
    let data = tempfile::tempdir().unwrap();
    let mut supervisor = Process::start("supervise", data.path(), &[]).await;
    let mut users = Vec::new();
    for name in ["Anna", "Boris", "Vera", "Gleb"] {
        users.push(sign_in_at(&supervisor.url, name).await);
    }
    let mut devices = Vec::new();
    for user in &users {
        devices.push(Device::of(user).await);
    }
    let load = Load::start(&users);
    for round in 1..=2 {
        load.until_done(50).await;
        let before = supervisor.children();
        supervisor.signal("HUP");
        for device in &mut devices {
            let back = |device: &Device| device.connections > round;
            device.until("a new connection", PATIENCE, back).await;
        }
        let replaced = async {
            while supervisor.children().len() != 1 || supervisor.children() == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, replaced).await.expect("the old server ends");
    }
    load.until_done(50).await;
    let (done, failures) = load.stop().await;
    assert_eq!(failures, Vec::<String>::new(), "beside {done:?} that succeeded");
    for (stored, device) in done.into_iter().zip(&mut devices) {
        device.until("every event", PATIENCE, |device| device.events.len() >= stored).await;
        assert_eq!((device.events.len(), device.lost), (stored, 0));
        assert_eq!(device.codes, [Some(1012), Some(1012)]);
    }
    supervisor.signal("TERM");
    assert!(supervisor.ended().await < promised(ENDS_WITHIN_S));
}

#[actix_web::test]
async fn f12_a_server_that_is_told_to_end_says_goodbye_and_ends() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Process::start("serve", data.path(), &[]).await;
    let user = sign_in_at(&server.url, "Anna").await;
    let mut device = Device::of(&user).await;
    server.signal("TERM");
    device.until("a close", PATIENCE, |device| !device.codes.is_empty()).await;
    assert_eq!(device.codes, [Some(1012)]);
    assert!(server.ended().await < promised(ENDS_WITHIN_S));
}

#[actix_web::test]
async fn f12_who_is_not_there_is_not_waited_for_and_after_a_second_interrupt_nobody_is() {
    let data = tempfile::tempdir().unwrap();
    let with_nobody = async || {
        let mut server = Process::start("serve", data.path(), &[]).await;
        server.signal("INT");
        server.ended().await
    };
    assert!(one_takes_less(AT_ONCE, with_nobody).await, "nobody was connected");

    let told_twice = async || {
        let mut server = Process::start("serve", data.path(), &[]).await;
        let user = sign_in_at(&server.url, "Anna").await;
        let mut device = Device::of(&user).await;
        // A request whose body never comes is waited for ten seconds.
        let mut asking = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
        let request = b"POST /api/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
            content-length: 100\r\n\r\n{";
        asking.write_all(request).await.unwrap();
        server.signal("INT");
        device.until("a close", PATIENCE, |device| !device.codes.is_empty()).await;
        server.signal("INT");
        server.ended().await
    };
    assert!(one_takes_less(FOR_NOBODY, told_twice).await, "it was to wait for nobody");
}

/// Whether one of a few ends takes less than that. A busy machine adds to some of them; anybody who is waited
/// for adds to all.
async fn one_takes_less(than: Duration, end: impl AsyncFn() -> Duration) -> bool {
    for _ in 0..3 {
        let took = end().await;
        if took < than {
            return true;
        }
        eprintln!("ended after {took:?}");
    }
    false
}
