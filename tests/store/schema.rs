//! The two schemas are one.

use super::databases::{TestStore, on_both, on_postgres, on_sqlite};

const SQLITE_COLUMNS: &str = "\
    SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c \
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%' ORDER BY 1";
const POSTGRES_COLUMNS: &str = "\
    SELECT table_name || '.' || column_name FROM information_schema.columns \
    WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%' \
    ORDER BY (table_name || '.' || column_name) COLLATE \"C\"";

const SQLITE_INDEXES: &str = "\
    SELECT name FROM sqlite_schema \
    WHERE type = 'index' AND name NOT LIKE 'sqlite_autoindex%' ORDER BY 1";
const POSTGRES_INDEXES: &str = "\
    SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' \
    AND indexname NOT LIKE '%\\_pkey' AND indexname NOT LIKE '%\\_unique' \
    ORDER BY indexname::text COLLATE \"C\"";

#[tokio::test]
async fn both_schemas_have_the_same_columns_and_indexes() {
    let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
    on_sqlite(async |store: &TestStore| {
        sqlite.push(store.names(SQLITE_COLUMNS).await);
        sqlite.push(store.names(SQLITE_INDEXES).await);
    })
    .await;
    on_postgres(async |store: &TestStore| {
        postgres.push(store.names(POSTGRES_COLUMNS).await);
        postgres.push(store.names(POSTGRES_INDEXES).await);
    })
    .await;
    assert!(sqlite[0].len() > 100, "{sqlite:?}");
    assert!(postgres.is_empty() || sqlite == postgres, "{sqlite:#?}\n{postgres:#?}");
}

#[test]
fn both_schemas_have_the_same_constraints() {
    let named = |schema: &str| {
        let words: Vec<&str> = schema.split_whitespace().collect();
        let mut names: Vec<String> = words
            .windows(2)
            .filter(|pair| pair[0] == "CONSTRAINT")
            .map(|pair| pair[1].trim_end_matches(";").to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let all = |dialect: &str| {
        let folder = format!("{}/migrations/{dialect}", env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<_> =
            std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).expect("a text")).collect::<String>()
    };
    let (sqlite, postgres) = (&all("sqlite"), &all("postgres"));
    assert!(named(sqlite).len() > 20);
    assert_eq!(named(sqlite), named(postgres));
}

/// One that is added `NOT VALID`, so that nobody waits for it, is validated by a later migration.
#[tokio::test]
async fn every_constraint_of_postgres_is_valid() {
    on_postgres(async |store: &TestStore| {
        let unseen = "SELECT conname::text FROM pg_constraint WHERE NOT convalidated ORDER BY 1";
        assert_eq!(store.names(unseen).await, Vec::<String>::new());
    })
    .await;
}

on_both! {
    async fn migrating_again_and_at_once_is_harmless(store: &TestStore) {
        let all = futures_util::future::join_all((0..4).map(|_| store.db.migrate())).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
    }

    async fn a_schema_that_is_newer_than_the_program_is_left_alone(store: &TestStore) {
        let checksum = if store.is_sqlite() { "x'00'" } else { "'\\x00'" };
        store
            .sabotage(&format!(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'from the future', true, {checksum}, 1)"
            ))
            .await;
        store.db.migrate().await.expect("the program before the newest starts on the newest schema");
    }
}
