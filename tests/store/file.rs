//! A SQLite file in trouble: another process that writes, more writes than the queue holds.

use std::time::Duration;

use futures_util::future::join_all;
use peerpack_actors::ports::{CommitError, Store as _, Unavailable};
use peerpack_actors::unit::Unit;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::time::Instant;

use super::databases::{TestStore, on_sqlite};
use super::world::{SLACK, load_package, package, publish_package, user};

/// Another process in the middle of writing.
async fn somebody_else(store: &TestStore) -> SqliteConnection {
    let file = std::path::Path::new(&store.url).join("peerpack.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut conn = options.connect().await.expect("the file opens");
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut conn).await.expect("it writes");
    conn
}

#[tokio::test]
async fn a_file_that_another_process_writes_to_can_be_read_and_is_not_waited_for_forever() {
    on_sqlite(async |store: &TestStore| {
        let first = package(user(), 10);
        publish_package(&store.db, &first).await;
        let other = somebody_else(store).await;
        let started = Instant::now();
        let (commit, read) = tokio::join!(
            store.db.commit(Unit::publish_package(package(user(), 10))),
            store.db.package(first.id)
        );
        assert!(matches!(commit, Err(CommitError::Unavailable(_))), "{commit:?}");
        assert_eq!(read, Ok(Some(first)));
        assert!(started.elapsed() < Duration::from_secs(3) + SLACK);
        other.close().await.expect("it ends");
        let second = package(user(), 10);
        publish_package(&store.db, &second).await;
        assert_eq!(load_package(&store.db, second.id).await, second);
        store.assert_clean().await;
    })
    .await;
}

#[tokio::test]
async fn more_writes_than_the_queue_holds_are_refused_at_once() {
    on_sqlite(async |store: &TestStore| {
        let other = somebody_else(store).await;
        let nothing = user().uuid();
        let writes = (0..4_300).map(|_| store.db.use_code(nothing, super::world::START));
        let outcomes = join_all(writes).await;
        let full = Err(Unavailable("too many writes are waiting".to_owned()));
        assert!(outcomes.iter().filter(|outcome| **outcome == full).count() >= 100);
        other.close().await.expect("it ends");
        publish_package(&store.db, &package(user(), 10)).await;
    })
    .await;
}
