//! Servers and databases that die in the middle of everything: what was acknowledged is there afterwards.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::market::{Bystander, HEALS_WITHIN_S, Probe, database, play_while, rounds};
use super::process::Process;
use super::services::Postgres;
use crate::support::{Backend, backends, fresh_postgres, promised};

/// Between one disaster and the next.
async fn a_while() {
    sleep(Duration::from_millis(rand::random_range(500..1_500))).await;
}

#[actix_web::test]
async fn f11_what_a_killed_server_has_acknowledged_is_there_when_it_is_back() {
    let kills = rounds(2, 20);
    // The embedded store comes first; the other one has its turn at full size.
    for backend in backends().into_iter().take(rounds(1, 2)) {
        let data = tempfile::tempdir().unwrap();
        let url = match backend {
            Backend::Sqlite => data.path().display().to_string(),
            Backend::Postgres => fresh_postgres().await,
        };
        let database = database(&url).await;
        let more = [("DATABASE_URL", url.as_str())];
        let more = if backend == Backend::Postgres { &more[..] } else { &[] };
        let mut server = Process::start("serve", data.path(), more).await;
        let (address, probe) = (server.url.clone(), Probe::at(&server.url).await);
        let bystander = Bystander::start(&database);
        let disasters = async {
            for _ in 0..kills {
                a_while().await;
                server.kill_and_start_again();
                let killed = Instant::now();
                server.until_ready().await;
                assert!(killed.elapsed() < promised(HEALS_WITHIN_S), "ready after {:?}", killed.elapsed());
                probe.is_served_again().await;
            }
        };
        let mut market = play_while(&[&address], 5, disasters).await;
        bystander.has_seen_nothing().await;
        market.judge(&database).await;
        database.close().await;
    }
}

#[actix_web::test]
async fn f24_postgres_that_crashes_again_and_again_costs_no_acknowledged_write() {
    let Some(mut postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let database = database(&url).await;
    let data = tempfile::tempdir().unwrap();
    let server = Process::start("serve", data.path(), &[("DATABASE_URL", &url)]).await;
    let probe = Probe::at(&server.url).await;
    let bystander = Bystander::start(&database);
    let rounds = rounds(2, 10);
    let crashes = async {
        for _ in 0..rounds {
            a_while().await;
            postgres.crash();
            a_while().await;
            postgres.start_again().await;
            probe.is_served_again().await;
        }
    };
    let mut market = play_while(&[&server.url], 5, crashes).await;
    market.failed_only_with(&["503 unavailable", "503 busy"]);
    assert_eq!(market.count_of(&["socket lost", "gave up"]), [].into(), "sockets stay open");
    bystander.has_seen_nothing().await;
    market.judge(&database).await;
}
