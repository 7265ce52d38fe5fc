//! Postgres in trouble: stray transactions, a network that swallows everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use peerpack::store::{Database, Settings, pool_options};
use peerpack_actors::ports::{CommitError, Store as _};
use peerpack_actors::unit::Unit;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::databases::{TestStore, on_postgres};
use super::world::{PATIENCE, SLACK, accept, load_package, package, publish_package, ready, user};

/// Drops `begin` half-way on the only connection of a pool, then writes through it; answers whether another
/// connection sees what was written.
async fn writes_after_a_dropped_begin(store: &TestStore, options: PgPoolOptions) -> bool {
    let pool = options.max_connections(1).connect(&store.url).await.expect("a pool");
    let dropped_half_way = async || {
        let mut conn = pool.acquire().await.expect("a connection");
        let mut begin = Box::pin(conn.begin());
        // `BEGIN` is on its way when the first poll returns; now and then the answer is there already.
        (&mut begin).now_or_never().is_none()
    };
    while !dropped_half_way().await {}
    sqlx::query("CREATE TABLE notes (text TEXT)").execute(&pool).await.expect("an answer");
    let seen = store.number("SELECT count(*) FROM pg_tables WHERE tablename = 'notes'").await;
    pool.close().await;
    seen == 1
}

#[tokio::test]
async fn a_transaction_that_was_dropped_while_it_began_is_not_lent_on() {
    on_postgres(async |store: &TestStore| {
        assert!(writes_after_a_dropped_begin(store, pool_options(1)).await);
    })
    .await;
}

/// The trap itself. When this fails, the library has mended it, and the hooks may go.
#[tokio::test]
async fn without_the_hooks_the_next_write_would_be_lost() {
    on_postgres(async |store: &TestStore| {
        assert!(!writes_after_a_dropped_begin(store, PgPoolOptions::new()).await);
    })
    .await;
}

/// Stands between the store and Postgres, and can swallow everything.
struct BlackHole {
    url: String,
    swallow: Arc<AtomicBool>,
}

impl BlackHole {
    async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (before, rest) = url.rsplit_once('@').expect("a user in the URL");
        let (address, path) = rest.split_once('/').expect("a database in the URL");
        let address = if address.contains(':') { address.to_owned() } else { format!("{address}:5432") };
        let swallow = Arc::new(AtomicBool::new(false));
        let url = format!("{before}@127.0.0.1:{port}/{path}");
        let flag = swallow.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&address).await else { continue };
                let ((from, to), (back, forth)) = (client.into_split(), server.into_split());
                tokio::spawn(carry(from, forth, flag.clone()));
                tokio::spawn(carry(back, to, flag.clone()));
            }
        });
        Self { url, swallow }
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, swallow: Arc<AtomicBool>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        // What is swallowed is gone for good, and the connection with it.
        if swallow.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_network_that_swallows_everything_is_answered_in_time_and_forgotten_afterwards() {
    on_postgres(async |store: &TestStore| {
        let hole = BlackHole::before(&store.url).await;
        let db = Database::connect(&Settings { connections: 4, ..Settings::new(&hole.url) })
            .await
            .expect("a database");
        let first = package(user(), 10);
        publish_package(&db, &first).await;

        hole.swallow.store(true, Ordering::Relaxed);
        let started = Instant::now();
        let limit = Duration::from_secs(3) + SLACK;
        let unit = Unit::publish_package(package(user(), 10));
        let (commit, read) =
            tokio::join!(timeout(limit, db.commit(unit)), timeout(limit, db.package(first.id)));
        assert!(matches!(commit, Ok(Err(CommitError::Unavailable(_)))), "{commit:?}");
        assert!(matches!(read, Ok(Err(_))), "{read:?}");
        assert!(started.elapsed() < limit);

        hole.swallow.store(false, Ordering::Relaxed);
        let deadline = Instant::now() + PATIENCE;
        while db.commit(Unit::publish_package(package(user(), 10))).await.is_err() {
            assert!(Instant::now() < deadline, "the store never came back");
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(load_package(&db, first.id).await, first);
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn connections_that_the_server_has_ended_are_replaced() {
    on_postgres(async |store: &TestStore| {
        for _ in 0..20 {
            publish_package(&store.db, &package(user(), 10)).await;
        }
        store
            .sabotage(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        let deadline = Instant::now() + PATIENCE;
        while store.db.commit(Unit::publish_package(package(user(), 10))).await.is_err() {
            assert!(Instant::now() < deadline, "the store never came back");
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_loses_a_deadlock_is_tried_again() {
    on_postgres(async |store: &TestStore| {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        let mut other = PgConnection::connect(&store.url).await.expect("a connection");
        // The other side waits for long, so that the store's side is the one to be given up.
        run(&mut other, "SET deadlock_timeout = '10s'; BEGIN; SELECT 1 FROM trips FOR UPDATE").await;
        let claim = accept(&store.db, package.id, &trip, request);
        let meanwhile = async {
            // Wait until the claim holds the package and waits for the trip.
            while store.number("SELECT count(*) FROM pg_locks WHERE NOT granted").await == 0 {
                sleep(Duration::from_millis(5)).await;
            }
            run(&mut other, "SELECT 1 FROM packages FOR UPDATE; COMMIT").await;
        };
        let (claimed, ()) = tokio::join!(claim, meanwhile);
        claimed.expect("the second attempt succeeds");
        store.assert_clean().await;
    })
    .await;
}

#[tokio::test]
async fn a_row_that_somebody_holds_for_too_long_is_not_waited_for() {
    on_postgres(async |store: &TestStore| {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        let mut other = PgConnection::connect(&store.url).await.expect("a connection");
        run(&mut other, "BEGIN; SELECT 1 FROM packages FOR UPDATE").await;
        let started = Instant::now();
        let claimed = accept(&store.db, package.id, &trip, request).await;
        assert!(matches!(claimed, Err(CommitError::Unavailable(_))), "{claimed:?}");
        assert!(started.elapsed() < Duration::from_secs(3) + SLACK);
        run(&mut other, "COMMIT").await;
        accept(&store.db, package.id, &trip, request).await.expect("free again");
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_waits_for_a_row_does_not_hold_up_its_neighbours() {
    on_postgres(async |store: &TestStore| {
        // A busy machine adds to some of these. A unit that waited for the row would do so each time.
        let mut taken = Vec::new();
        for _ in 0..3 {
            let mut all = Vec::new();
            for _ in 0..31 {
                all.push(ready(&store.db, 10, 1_000).await);
            }
            let mut other = PgConnection::connect(&store.url).await.expect("a connection");
            // One of these: those of the rounds before are taken.
            let hold = "BEGIN; SELECT 1 FROM packages WHERE state = 'open' ORDER BY id LIMIT 1 FOR UPDATE";
            run(&mut other, hold).await;
            let started = Instant::now();
            let outcomes = join_all(all.iter().map(|(package, trip, request)| async {
                let outcome = accept(&store.db, package.id, trip, *request).await;
                (outcome.is_ok(), started.elapsed())
            }))
            .await;
            run(&mut other, "COMMIT").await;
            let held: Vec<usize> = (0..all.len()).filter(|n| !outcomes[*n].0).collect();
            assert_eq!(held.len(), 1, "only the one that needs the row");
            let (package, trip, request) = &all[held[0]];
            accept(&store.db, package.id, trip, *request).await.expect("free again");
            taken.extend(outcomes.iter().filter(|(ok, _)| *ok).map(|(_, after)| *after).max());
        }
        // A row is waited for two seconds.
        assert!(taken.iter().min() < Some(&Duration::from_secs(2)), "{taken:?}");
    })
    .await;
}

async fn run(conn: &mut PgConnection, statements: &'static str) {
    sqlx::raw_sql(statements).execute(conn).await.expect(statements);
}
