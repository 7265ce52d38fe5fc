//! Databases with the schema already made, to be copied: the migrations alone take longer than many a test.
//! One is made for each schema, on each Postgres server and, for SQLite, in the folder of the build.

use std::path::Path;

use peerpack::store::{Database, Settings};
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// Each history has a name of its own, so the copies must not share one.
const FORGET_THE_NAME: &str = "DELETE FROM meta WHERE name = 'epoch'";

/// Any number that nothing else locks: the first test makes the database, the others wait for it.
const BEING_MADE: &str = "SELECT pg_advisory_lock(771177)";

/// Makes a database of this name on a Postgres server, with the schema of today.
pub async fn postgres(server: &str, name: &str) {
    let model = model(&sqlx::migrate!("migrations/postgres"));
    let mut admin = PgConnection::connect(server).await.expect("a connection to Postgres");
    if !exists(&mut admin, &model).await {
        admin.execute(BEING_MADE).await.expect("the lock");
        if !exists(&mut admin, &model).await {
            make(&mut admin, server, &model).await;
        }
        admin.execute("SELECT pg_advisory_unlock_all()").await.expect("the lock goes");
    }
    execute(&mut admin, &format!("CREATE DATABASE {name} TEMPLATE {model}")).await;
    admin.close().await.expect("the connection closes");
}

async fn exists(admin: &mut PgConnection, model: &str) -> bool {
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)");
    found.bind(model).fetch_one(admin).await.expect("an answer")
}

/// It gets its name when it is whole.
async fn make(admin: &mut PgConnection, server: &str, model: &str) {
    let draft = format!("{model}_draft");
    execute(admin, &format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
    execute(admin, &format!("CREATE DATABASE {draft}")).await;
    let url = in_database(server, &draft);
    migrate(&url).await;
    let mut inside = PgConnection::connect(&url).await.expect("a connection to the new database");
    inside.execute(FORGET_THE_NAME).await.expect("the name goes");
    inside.close().await.expect("the connection closes");
    execute(admin, &format!("ALTER DATABASE {draft} RENAME TO {model}")).await;
}

async fn execute(admin: &mut PgConnection, statement: &str) {
    admin.execute(AssertSqlSafe(statement.to_owned())).await.expect(statement);
}

/// Makes a file of SQLite with the schema of today.
pub async fn sqlite(file: &Path) {
    let builds = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let model = builds.join(format!("{}.db", model(&sqlx::migrate!("migrations/sqlite"))));
    if !model.exists() {
        let draft = tempfile::tempdir_in(builds).expect("a temporary folder");
        migrate(&draft.path().display().to_string()).await;
        let path = draft.path().join("peerpack.db");
        let mut inside = SqliteConnectOptions::new().filename(&path).connect().await.expect("the file opens");
        inside.execute(FORGET_THE_NAME).await.expect("the name goes");
        inside.close().await.expect("the file closes");
        // Tests that begin at once make it more than once, each time the same.
        std::fs::rename(path, &model).expect("the file gets its name");
    }
    std::fs::copy(model, file).expect("a copy");
}

async fn migrate(url: &str) {
    let database = Database::connect(&Settings::new(url)).await.expect("the database opens");
    database.migrate().await.expect("the schema is made");
    database.close().await;
}

/// The name says which schema it is.
fn model(migrations: &Migrator) -> String {
    let mut all = Sha256::new();
    migrations.iter().for_each(|one| all.update(&one.checksum));
    format!("migrated_{}", hex::encode(&all.finalize()[..8]))
}

/// The URL of another database on the same server.
pub fn in_database(server: &str, name: &str) -> String {
    let (address, query) =
        server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let base = address.rsplit_once('/').map_or(address, |(base, _)| base);
    query.map_or_else(|| format!("{base}/{name}"), |query| format!("{base}/{name}?{query}"))
}
