//! A machine that has little of something: processor, memory, descriptors.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::market::{Bystander, database, play_while, rounds};
use super::not_run;
use super::process::{Device, Process};
use crate::support::{PATIENCE, at_full_size, eventually, sign_in_at};
use crate::uploads::{samples, upload};

/// A group of processes that may have so much memory. Gone when dropped, after the processes.
struct MemoryGroup(PathBuf);

impl MemoryGroup {
    /// Nothing where there are no such groups, or the tests may not make one.
    fn of_mib(mib: u64) -> Option<Self> {
        let name = format!("peerpack-{}", std::process::id());
        let (old, new) = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup");
        let (folder, limit) = match fs::metadata(old).is_ok() {
            true => (PathBuf::from(old).join(name), "memory.limit_in_bytes"),
            false => (PathBuf::from(new).join(name), "memory.max"),
        };
        let made = fs::create_dir(&folder)
            .and_then(|()| fs::write(folder.join(limit), (mib * 1024 * 1024).to_string()));
        match made {
            Ok(()) => Some(Self(folder)),
            Err(error) => {
                let _ = fs::remove_dir(&folder);
                not_run(&format!("no group of processes with little memory can be made here ({error})"));
                None
            }
        }
    }

    /// A shell that enters the group and becomes what it is given. All that a server ever takes counts then.
    fn shell(&self) -> String {
        format!("echo $$ > {}; exec \"$@\"", self.0.join("cgroup.procs").display())
    }

    /// How often something was ended in the group for lack of memory, where that is counted.
    fn ended(&self) -> Option<u64> {
        let files = ["memory.oom_control", "memory.events"];
        let text = files.iter().find_map(|file| fs::read_to_string(self.0.join(file)).ok())?;
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")).map(|count| count.parse().unwrap())
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[actix_web::test]
async fn f18_two_hundred_and_fifty_six_mebibytes_are_enough() {
    let Some(group) = MemoryGroup::of_mib(256) else { return };
    let data = tempfile::tempdir().unwrap();
    let database = database(&data.path().display().to_string()).await;
    let mut server = Process::start_by(&["sh", "-c", &group.shell(), "sh"], "serve", data.path(), &[]).await;
    let url = server.url.clone();
    let mut crowd = Vec::new();
    for _ in 0..rounds(30, 600) {
        // Each user may have a few sockets.
        let somebody = sign_in_at(&url, "Somebody").await;
        for _ in 0..3 {
            crowd.push(Device::of(&somebody).await);
        }
    }
    let uploads = async {
        let picture = samples::jpeg(1_600, 1_200);
        for _ in 0..rounds(10, 100) {
            // Each user may send a few a day.
            let somebody = sign_in_at(&url, "Somebody").await;
            let (status, answer) = upload(&somebody, "/api/user/avatar", &picture).await;
            assert_eq!(status, 200, "{answer}");
        }
    };
    let mut market = play_while(&[&url], rounds(6, 60) as u64, uploads).await;
    market.failed_only_with(&["503 unavailable", "503 busy"]);
    server.until_ready().await;
    eprintln!("{} KiB resident", server.resident_kib());
    assert_eq!(group.ended().unwrap_or_default(), 0, "ended for lack of memory");
    market.judge(&database).await;
    drop((crowd, server));
}

#[actix_web::test]
async fn f19_a_fifth_of_a_processor_makes_a_server_slow_and_doubles_nothing() {
    let data = tempfile::tempdir().unwrap();
    let database = database(&data.path().display().to_string()).await;
    let server = Process::start("serve", data.path(), &[]).await;
    let bystander = Bystander::start(&database);
    let starved = async {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(rounds(8, 60) as u64) {
            server.signal("STOP");
            sleep(Duration::from_millis(80)).await;
            server.signal("CONT");
            sleep(Duration::from_millis(20)).await;
        }
    };
    let mut market = play_while(&[&server.url], 5, starved).await;
    // A fifth of what a machine has left that is busy with everything else may be less than an answer takes.
    let slow = ["503 unavailable", "503 busy", "timeout"];
    market.failed_only_with(if at_full_size() { &slow[..2] } else { &slow });
    assert_eq!(market.count_of(&["socket lost", "gave up"]), [].into(), "nobody is taken for dead");
    bystander.has_seen_nothing().await;
    market.judge(&database).await;
}

#[actix_web::test]
async fn f20_without_descriptors_who_is_in_stays_and_others_come_in_when_there_are_some() {
    let data = tempfile::tempdir().unwrap();
    // Little enough to be used up, and more than the server needs for itself.
    let few = ["prlimit", "--nofile=256:256"];
    let server = Process::start_by(&few, "serve", data.path(), &[]).await;
    let anna = sign_in_at(&server.url, "Anna").await;
    let device = Device::of(&anna).await;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut idle = Vec::new();
    for _ in 0..400 {
        if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            idle.push(stream);
        }
    }
    // The kernel takes connections in that the server has no descriptor for: it keeps some for files and the
    // store.
    assert_eq!(idle.len(), 400);
    eventually("a full house", async || (server.descriptors() >= 190).then_some(())).await;
    let unknown =
        peerpack::ws::wire::OfRequest { request_id: uuid::Uuid::from_u128(42).to_string().parse().unwrap() };
    let accept = peerpack::ws::wire::ClientMessage::OfferAccept(unknown);
    let ack = device.client.command(uuid::Uuid::from_u128(1), accept).await.unwrap();
    assert_eq!(ack.code.as_deref(), Some("not_found"), "who is in is served");
    drop(idle);
    let healed = Instant::now();
    let body = serde_json::json!({
        "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s", "weight": "light",
        "tags": [],
    });
    eventually("a publication", async || {
        let boris = sign_in_at(&server.url, "Boris").await;
        boris
            .try_post("/api/packages", body.clone())
            .await
            .is_ok_and(|status| status.is_success())
            .then_some(())
    })
    .await;
    eprintln!("healed after {:?}", healed.elapsed());
    assert_eq!((device.connections, device.lost), (1, 0));
}
