//! Somebody else holds what the server needs.

use std::time::Duration;

use serde_json::json;
use sqlx::{ConnectOptions, Connection};
use tokio::time::{Instant, sleep};

use super::market::rounds;
use super::process::Process;
use crate::support::{PATIENCE, promised, sign_in_at};

/// AV-1: trouble in a dependency is answered within this many seconds.
const ANSWERED_WITHIN_S: u64 = 3;

#[actix_web::test]
async fn f23_a_file_that_another_process_writes_to_for_seconds_is_refused_in_time_and_used_again_after() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start("serve", data.path(), &[]).await;
    let anna = sign_in_at(&server.url, "Anna").await;
    let publish = async || {
        let body = json!({
            "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s",
            "weight": "light", "tags": [],
        });
        anna.post("/api/packages", body).await
    };
    assert_eq!(publish().await.0, 201);

    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(data.path().join("peerpack.db"));
    let mut other = file.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let held = Instant::now();
    let mut refused = 0;
    while held.elapsed() < Duration::from_secs(rounds(4, 10) as u64) {
        let asked = Instant::now();
        // Several at once: none waits for its turn and for the file.
        for (status, answer) in futures_util::future::join_all((0..5).map(|_| publish())).await {
            assert_eq!(status, 503, "{answer}");
            refused += 1;
        }
        assert!(asked.elapsed() < promised(ANSWERED_WITHIN_S), "{:?}", asked.elapsed());
        assert!(anna.get("/api/user/packages").await["packages"].is_array(), "reading goes on");
    }
    assert!(refused >= 10, "{refused}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();

    let freed = Instant::now();
    while publish().await.0 != 201 {
        assert!(freed.elapsed() < PATIENCE, "no deadlock");
        sleep(Duration::from_millis(20)).await;
    }
}
