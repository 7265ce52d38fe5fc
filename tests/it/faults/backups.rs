//! Copies of the data that are made while the server is in full swing, and what a server makes of them.

use std::process::Command;
use std::time::Duration;

use peerpack::client::Position;
use peerpack::store::Database;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::time::sleep;

use super::market::{database, play_while, rounds};
use super::process::{Device, Process};
use super::services::Postgres;
use crate::support::{PATIENCE, sign_in_at};

/// A copy is a state in which the data once were: everything that must hold of them does.
async fn is_sound(database: &Database) {
    assert_eq!(database.audit().await.unwrap(), Vec::<String>::new());
}

fn peerpack(command: &str, environment: &[(&str, &str)]) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_peerpack"));
    assert!(program.arg(command).envs(environment.iter().copied()).status().unwrap().success(), "{command}");
}

#[actix_web::test]
async fn f52_a_dump_of_postgres_in_full_swing_can_be_served_from() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let live = database(&url).await;
    let data = tempfile::tempdir().unwrap();
    let secret = ("PEERPACK_JWT_SECRET", "a secret that both servers share, of 32 bytes");
    let more = [("DATABASE_URL", url.as_str()), secret];
    let server = Process::start("serve", data.path(), &more).await;
    let anna = sign_in_at(&server.url, "Anna").await;
    let mut device = Device::of(&anna).await;
    anna.publish_package("Тверь", "Вологда", serde_json::json!({})).await;
    device.until("an event", PATIENCE, |device| !device.events.is_empty()).await;
    let dump = data.path().join("dump");
    let dumping = async {
        sleep(Duration::from_secs(3)).await;
        let dumped = postgres.program("pg_dump").args(["-Fc", "-f", "dump", &url]).spawn().unwrap();
        let ended = tokio::task::spawn_blocking(move || dumped.wait_with_output()).await.unwrap();
        assert!(ended.unwrap().status.success());
        sleep(Duration::from_secs(1)).await;
    };
    let mut market = play_while(&[&server.url], 5, dumping).await;
    market.judge(&live).await;
    drop(server);

    let mut admin = sqlx::PgConnection::connect(&url).await.unwrap();
    admin.execute("CREATE DATABASE restored").await.unwrap();
    let copy = url.replace("/postgres", "/restored");
    let mut restore = postgres.program("pg_restore");
    assert!(restore.args(["--exit-on-error", "-d", &copy, "dump"]).status().unwrap().success());
    assert!(!dump.exists(), "the dump lies with Postgres");
    let more = [("DATABASE_URL", copy.as_str()), secret];
    let mut environment = more.to_vec();
    let folder = data.path().display().to_string();
    environment.push(("PEERPACK_DATA_DIR", &folder));
    peerpack("restored", &environment);
    let restored = database(&copy).await;
    is_sound(&restored).await;
    let server = Process::start("serve", data.path(), &more).await;
    // What the device remembers are numbers of another history.
    let last_seq = device.events.last().map_or(0, |event| event.seq);
    let epoch = u64::try_from(epoch(&url).await).unwrap();
    let mut back = Device::from(&anna.moved_to(&server.url), Some(Position { epoch, last_seq })).await;
    back.until("a word about it", PATIENCE, |device| device.lost == 1).await;
    let boris = sign_in_at(&server.url, "Boris").await;
    boris.publish_trip("Тверь", "Вологда", serde_json::json!({})).await;
    anna.moved_to(&server.url).publish_package("Тверь", "Вологда", serde_json::json!({})).await;
    back.until("an event", PATIENCE, |device| !device.events.is_empty()).await;
    is_sound(&restored).await;
}

async fn epoch(url: &str) -> i64 {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let found = sqlx::query_as("SELECT value FROM meta WHERE name = 'epoch'");
    let (epoch,): (i64,) = found.fetch_one(&mut connection).await.unwrap();
    epoch
}

#[actix_web::test]
async fn f53_a_copy_of_the_sqlite_file_in_full_swing_can_be_served_from() {
    let data = tempfile::tempdir().unwrap();
    let live = database(&data.path().display().to_string()).await;
    let server = Process::start("serve", data.path(), &[]).await;
    let copies: Vec<_> = (0..rounds(3, 20)).map(|_| tempfile::tempdir().unwrap()).collect();
    let copying = async {
        for copy in &copies {
            sleep(Duration::from_secs(1)).await;
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.path().join("peerpack.db"));
            let mut connection = options.connect().await.unwrap();
            let statement = format!("VACUUM INTO '{}'", copy.path().join("peerpack.db").display());
            connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
        }
    };
    let mut market = play_while(&[&server.url], 5, copying).await;
    market.judge(&live).await;
    drop(server);
    for copy in &copies {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(copy.path().join("peerpack.db"));
        let mut connection = options.connect().await.unwrap();
        let (verdict,): (String,) =
            sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        assert_eq!(verdict, "ok");
        is_sound(&database(&copy.path().display().to_string()).await).await;
    }
    let last = copies.last().unwrap();
    peerpack("restored", &[("PEERPACK_DATA_DIR", &last.path().display().to_string())]);
    let server = Process::start("serve", last.path(), &[]).await;
    let anna = sign_in_at(&server.url, "Anna").await;
    anna.publish_package("Тверь", "Вологда", serde_json::json!({})).await;
}
