//! Disks that are full, or do not write what they were given.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::not_run;
use super::process::Process;
use super::services::Postgres;
use crate::support::{PATIENCE, TestApp, TestUser, eventually, sign_in_at};

/// Mounts a small disk for the program it starts, which alone sees it.
const SMALL_DISK: [&str; 6] = [
    "unshare",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    "mount -t tmpfs -o size=24m tmpfs \"$PEERPACK_DATA_DIR\" && exec \"$0\" \"$@\"",
];

fn runs(program: &str, arguments: &[&str]) -> bool {
    let run = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let runs = run.is_ok_and(|status| status.success());
    if !runs {
        not_run(&format!("{program} is not to be had here"));
    }
    runs
}

async fn publish(user: &TestUser) -> (StatusCode, Value) {
    let body = json!({
        "from": "Тверь", "to": "Вологда", "description": "книги".repeat(100), "reward": 500, "size": "s",
        "weight": "light", "tags": [],
    });
    user.post("/api/packages", body).await
}

/// Until the disk takes not one byte more.
pub fn fill(file: &Path) {
    let mut file = File::create(file).unwrap();
    for piece in [1 << 20, 1 << 12, 1] {
        while file.write_all(&vec![0; piece]).is_ok() {}
    }
}

#[actix_web::test]
async fn f21_a_disk_that_is_full_shows_in_health_and_readiness_and_is_used_again_when_there_is_room() {
    if !runs("unshare", &["--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]) {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let server = Process::start_by(&SMALL_DISK, "serve", data.path(), &[]).await;
    let anna = sign_in_at(&server.url, "Anna").await;
    assert_eq!(publish(&anna).await.0, StatusCode::CREATED);

    let seen = PathBuf::from(format!("/proc/{}/root{}", server.pid(), data.path().display()));
    fill(&seen.join("filler"));
    eventually("a refusal", async || {
        let (status, answer) = publish(&anna).await;
        assert!(matches!(status.as_u16(), 201 | 503), "{status} {answer}");
        (status == 503).then_some(())
    })
    .await;
    let health = anna.get("/api/health").await;
    eventually("bad health", async || {
        let health = anna.get("/api/health").await;
        (health["status"] == "degraded" && health["database"]["status"] == "read_only").then_some(())
    })
    .await;
    let (status, ready) = anna.call(Method::GET, "/api/health/ready", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{ready} {health}");
    assert_eq!(ready["reasons"], json!(["the database takes no writes: the disk is full"]));
    assert!(anna.get("/api/user/packages").await["packages"].is_array(), "reading goes on");

    std::fs::remove_file(seen.join("filler")).unwrap();
    eventually("readiness", async || {
        let (status, _) = anna.call(Method::GET, "/api/health/ready", None).await;
        (status == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(publish(&anna).await.0, StatusCode::CREATED);
    // SQLite does not open a file on a disk that only others see.
    let copy = tempfile::tempdir().unwrap();
    for file in ["peerpack.db", "peerpack.db-wal"] {
        std::fs::copy(seen.join(file), copy.path().join(file)).unwrap();
    }
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(copy.path().join("peerpack.db"));
    let mut file = sqlx::ConnectOptions::connect(&file).await.unwrap();
    let found: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut file).await.unwrap();
    assert_eq!(found, "ok");
}

/// How many packages the user has.
async fn stored(user: &TestUser) -> usize {
    user.get("/api/user/packages").await["packages"].as_array().unwrap().len()
}

#[actix_web::test]
async fn f22_what_the_disk_does_not_confirm_is_not_acknowledged_and_nothing_acknowledged_is_lost() {
    if !runs("strace", &["-e", "trace=none", "true"]) {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let server = Process::start("serve", data.path(), &[]).await;
    let anna = sign_in_at(&server.url, "Anna").await;
    assert_eq!(publish(&anna).await.0, StatusCode::CREATED);

    let pid = server.pid().to_string();
    let inject = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"];
    let log = data.path().join("strace");
    let mut strace = Command::new("strace")
        .args(["-f", "-q", "-p", &pid, "-o", log.to_str().unwrap()])
        .args(inject)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let (mut acknowledged, mut refused, begun) = (1, 0, Instant::now());
    while refused < 5 {
        assert!(begun.elapsed() < PATIENCE, "the disk confirms everything");
        match publish(&anna).await {
            (StatusCode::CREATED, _) => acknowledged += 1,
            (status, answer) => {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
                refused += 1;
            }
        }
    }
    assert!(std::fs::read_to_string(&log).unwrap().contains("INJECTED"));
    assert!(Command::new("kill").args(["-s", "INT", &strace.id().to_string()]).status().unwrap().success());
    strace.wait().unwrap();
    // Of what is refused nobody knows what became of it.
    while let (status, answer) = publish(&anna).await
        && status != StatusCode::CREATED
    {
        assert!(status == 503 && begun.elapsed() < 2 * PATIENCE, "{status} {answer}");
        refused += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    acknowledged += 1;
    let here = stored(&anna).await;
    assert!(
        (acknowledged..=acknowledged + refused).contains(&here),
        "{acknowledged} acknowledged, {here} here"
    );
    drop(server);
    let app = TestApp::start_on(data, None, &[], RuntimeSettings::default()).await;
    assert_eq!(stored(&anna.at(&app)).await, here);
    app.audit().await;
}

#[actix_web::test]
async fn f31_a_disk_of_postgres_that_is_full_costs_no_acknowledged_write() {
    let Some((mut postgres, disk)) = Postgres::start_on_disk_of(256).await else { return };
    let (data, url) = (tempfile::tempdir().unwrap(), Some(postgres.url()));
    let app = TestApp::start_on(data, url, &[], RuntimeSettings::default()).await;
    let anna = app.sign_in("Anna").await;
    let (mut acknowledged, mut refused, begun) = (0, 0, Instant::now());
    let filler = disk.fill();
    while refused < 3 {
        assert!(begun.elapsed() < PATIENCE, "there is room for everything");
        match publish(&anna).await {
            (StatusCode::CREATED, _) => acknowledged += 1,
            (status, answer) => {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
                refused += 1;
            }
        }
    }
    eventually("a word about it", async || {
        let (status, _) = anna.call(Method::GET, "/api/health/ready", None).await;
        (status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    std::fs::remove_file(filler).unwrap();
    if postgres.has_ended() {
        postgres.start_again().await;
    }
    // Until then nobody knows of what was refused.
    while let (status, answer) = publish(&anna).await
        && status != StatusCode::CREATED
    {
        assert!(status == 503 && begun.elapsed() < 2 * PATIENCE, "{status} {answer}");
        refused += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    acknowledged += 1;
    let here = stored(&anna).await;
    assert!(
        (acknowledged..=acknowledged + refused).contains(&here),
        "{acknowledged} acknowledged, {here} here"
    );
    app.audit().await;
}
