//! A migration that is killed half way, and two that begin at once.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::sleep;

use super::market::rounds;
use super::process::Process;
use crate::support::{Backend, TestApp, backends, empty_postgres, sign_in_at};

fn migrate(environment: &[(String, String)]) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_peerpack"));
    program.arg("migrate").envs(environment.iter().cloned()).stderr(Stdio::null()).spawn().unwrap()
}

#[actix_web::test]
async fn f33_a_migration_that_is_killed_or_begun_twice_is_finished_by_the_next() {
    for backend in backends() {
        for round in 0..rounds(4, 40) {
            let data = tempfile::tempdir().unwrap();
            let folder = data.path().display().to_string();
            let mut environment = vec![("PEERPACK_DATA_DIR".to_owned(), folder)];
            if backend == Backend::Postgres {
                environment.push(("DATABASE_URL".to_owned(), empty_postgres().await));
            }
            let mut killed = migrate(&environment);
            sleep(Duration::from_millis(rand::random_range(10..400))).await;
            killed.kill().unwrap();
            killed.wait().unwrap();
            let mut both = [migrate(&environment), migrate(&environment)];
            for one in &mut both {
                assert!(one.wait().unwrap().success(), "{backend:?}, round {round}");
            }
            let more: Vec<(&str, &str)> =
                environment[1..].iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let server = Process::start("serve", data.path(), &more).await;
            let anna = sign_in_at(&server.url, "Anna").await;
            anna.publish_package("Тверь", "Вологда", serde_json::json!({})).await;
        }
    }
}

/// A crash after the index was made and before that was noted, which a kill meets once in many times.
#[actix_web::test]
async fn f33_an_index_that_was_made_and_not_noted_is_made_again() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let app = TestApp::start(Backend::Postgres).await;
    app.behind_its_back("DELETE FROM _sqlx_migrations WHERE version IN (41, 103)").await;
    let app = app.restart().await;
    let anna = app.sign_in("Anna").await;
    anna.publish_package("Тверь", "Вологда", serde_json::json!({})).await;
}
