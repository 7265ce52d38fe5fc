//! One SQL for both databases: statements, arguments, connections and rows that do not care which one it is.
//!
//! Statements are constants; user input only ever travels as an argument. Where the dialects differ (a list
//! of rows as an argument) [`over_rows!`] writes both texts from one source. No table or column is named
//! here.

mod arguments;
pub(super) mod codec;
pub(super) mod lists;
pub(super) mod local;
pub(super) mod postgres;
mod row;
pub(super) mod sqlite;
pub(super) mod writable;

use serde_json::Value as Json;
use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite};
use uuid::Uuid;

use self::local::Local;
use self::row::all_of;
pub(super) use self::row::{Row, each};
use super::failure::Failure;

/// A statement in both dialects.
#[derive(Clone, Copy)]
pub(super) struct Sql {
    postgres: &'static str,
    sqlite: &'static str,
    /// What the rows hold that are its first argument; nothing if there are none, or if they go as JSON.
    columns: &'static [Column],
}

/// A column of rows that are an argument.
pub(super) struct Column {
    name: &'static str,
    kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Uuid,
    Int,
    Text,
}

impl Sql {
    /// A statement that reads differently in each dialect.
    pub(super) const fn in_each(postgres: &'static str, sqlite: &'static str) -> Self {
        Self { postgres, sqlite, columns: &[] }
    }

    /// A statement over a list of rows.
    pub(super) const fn over(
        postgres: &'static str,
        sqlite: &'static str,
        columns: &'static [Column],
    ) -> Self {
        Self { postgres, sqlite, columns }
    }
}

impl Column {
    pub(super) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }
}

/// A statement that reads the same in both dialects.
pub(super) const fn sql(text: &'static str) -> Sql {
    Sql::in_each(text, text)
}

/// A statement over a list of rows, which is its only argument (see [`rows`]). The rows are called `r` and
/// have a column `n`, their number from 0, besides those named. Postgres gets an array of each column,
/// SQLite, which has none, JSON. What follows `locking` is for Postgres: SQLite has one writer anyway.
///
/// With `as json` Postgres gets JSON, too, and further arguments can follow, from `$2` on.
macro_rules! over_rows {
    (as json, $before:expr, [$($column:ident $kind:ident),+ $(,)?], $after:expr $(,)?) => {
        $crate::store::sql::Sql::in_each(
            concat!(
                $before,
                " jsonb_to_recordset($1::jsonb) AS r(n BIGINT",
                $(", ", stringify!($column), " ", over_rows!(@postgres $kind)),+,
                ") ",
                $after
            ),
            over_rows!(@sqlite $before, [$($column $kind),+], $after),
        )
    };
    ($before:expr, [$($column:ident $kind:ident),+ $(,)?], $after:expr $(, locking $lock:literal)?) => {
        $crate::store::sql::Sql::over(
            concat!(
                $before,
                " unnest($1::BIGINT[]",
                over_rows!(@arrays [] [
                    "$2" "$3" "$4" "$5" "$6" "$7" "$8" "$9" "$10" "$11" "$12" "$13" "$14" "$15" "$16" "$17"
                    "$18" "$19" "$20" "$21" "$22" "$23" "$24" "$25" "$26" "$27" "$28" "$29" "$30" "$31" "$32"
                    "$33" "$34" "$35" "$36" "$37" "$38" "$39" "$40"
                ] $($kind)+),
                ") AS r(n",
                $(", ", stringify!($column)),+,
                ") ",
                $after
                $(, " ", $lock)?
            ),
            over_rows!(@sqlite $before, [$($column $kind),+], $after),
            &[$($crate::store::sql::Column::new(stringify!($column), over_rows!(@kind $kind))),+],
        )
    };
    (@arrays [$($done:tt)*] [$number:literal $($numbers:literal)*] $kind:ident $($kinds:ident)*) => {
        over_rows!(@arrays [$($done)* ", ", $number, "::", over_rows!(@postgres $kind), "[]",]
            [$($numbers)*] $($kinds)*)
    };
    (@arrays [$($done:tt)*] [$($numbers:literal)*]) => { concat!($($done)*) };
    (@sqlite $before:expr, [$($column:ident $kind:ident),+], $after:expr) => {
        concat!(
            $before,
            " (SELECT key AS n",
            $(", ", over_rows!(@value $kind $column), " AS ", stringify!($column)),+,
            " FROM json_each($1)) AS r ",
            $after
        )
    };
    (@postgres uuid) => { "UUID" };
    (@postgres int) => { "BIGINT" };
    (@postgres text) => { "TEXT" };
    (@kind uuid) => { $crate::store::sql::Kind::Uuid };
    (@kind int) => { $crate::store::sql::Kind::Int };
    (@kind text) => { $crate::store::sql::Kind::Text };
    (@value uuid $column:ident) => { concat!("unhex(value->>'", stringify!($column), "')") };
    (@value int $column:ident) => { concat!("value->>'", stringify!($column), "'") };
    (@value text $column:ident) => { concat!("value->>'", stringify!($column), "'") };
}
pub(super) use over_rows;

/// A query that keeps the rows it finds from being changed until the transaction ends. SQLite has one writer
/// anyway.
macro_rules! locking {
    ($query:literal, $lock:literal) => {
        $crate::store::sql::Sql::in_each(concat!($query, " ", $lock), $query)
    };
}
pub(super) use locking;

/// Rows as the argument that [`over_rows!`] expects. Each is a JSON object; ids as [`hex`].
pub(super) fn rows(items: impl IntoIterator<Item = Json>) -> Value {
    Value::Rows(items.into_iter().collect())
}

/// An id as both databases read it inside JSON.
pub(super) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// An argument of a statement, of one of the types that both databases know.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Uuid(Option<Uuid>),
    Float(f64),
    /// The rows of a statement that is made by [`over_rows!`].
    Rows(Vec<Json>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Uuid(Some(value))
    }
}

impl From<Option<Uuid>> for Value {
    fn from(value: Option<Uuid>) -> Self {
        Self::Uuid(value)
    }
}

/// Arguments of a statement, in the order of its placeholders.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::Value::from($value)),*] };
}
pub(super) use args;

/// A connection, with whatever transaction is open on it.
pub(super) enum Conn {
    /// A connection of the pool.
    Postgres(PoolConnection<Postgres>),
    /// The one writer of the embedded store.
    Sqlite(Local),
    /// One of the readers.
    Reader(PoolConnection<Sqlite>),
}

/// What one transaction does at a time, because it counts rows that another one may be about to add.
#[derive(Clone, Copy)]
pub(super) enum Alone {
    /// Sending codes to phones.
    SendingCodes,
    /// Taking an administrator's rights away.
    DeposingAdministrators,
}

/// A query for the pool at hand.
macro_rules! query {
    (Postgres, $sql:expr, $args:expr) => {
        sqlx::query_with::<Postgres, _>($sql.postgres, arguments::for_postgres(&$sql, $args)?)
    };
    (Sqlite, $sql:expr, $args:expr) => {
        sqlx::query_with::<Sqlite, _>($sql.sqlite, arguments::for_sqlite($args)?)
    };
}

impl Conn {
    /// Runs a statement; answers how many rows it touched.
    pub(super) async fn execute(&mut self, sql: Sql, args: Vec<Value>) -> Result<u64, Failure> {
        count();
        match self {
            Self::Postgres(conn) => {
                Ok(query!(Postgres, sql, args).execute(&mut **conn).await?.rows_affected())
            }
            Self::Reader(conn) => Ok(query!(Sqlite, sql, args).execute(&mut **conn).await?.rows_affected()),
            Self::Sqlite(conn) => conn.execute(sql.sqlite, &args),
        }
    }

    /// Runs a statement without arguments that need not be prepared: transaction control.
    pub(super) async fn control(&mut self, text: &'static str) -> Result<(), Failure> {
        match self {
            Self::Postgres(conn) => sqlx::raw_sql(text).execute(&mut **conn).await.map(drop)?,
            Self::Reader(conn) => sqlx::raw_sql(text).execute(&mut **conn).await.map(drop)?,
            Self::Sqlite(conn) => conn.control(text)?,
        }
        Ok(())
    }

    /// Until the transaction ends, nobody else does this. SQLite has one writer anyway.
    pub(super) async fn alone(&mut self, what: Alone) -> Result<(), Failure> {
        let lock = match what {
            Alone::SendingCodes => "SELECT pg_advisory_xact_lock(1)",
            Alone::DeposingAdministrators => "SELECT pg_advisory_xact_lock(2)",
        };
        if let Self::Postgres(conn) = self {
            sqlx::raw_sql(lock).execute(&mut **conn).await.map(drop)?;
        }
        Ok(())
    }

    /// Every row of a query.
    pub(super) async fn all(&mut self, sql: Sql, args: Vec<Value>) -> Result<Vec<Row>, Failure> {
        count();
        Ok(match self {
            Self::Postgres(conn) => all_of(query!(Postgres, sql, args).fetch_all(&mut **conn).await?),
            Self::Reader(conn) => all_of(query!(Sqlite, sql, args).fetch_all(&mut **conn).await?),
            Self::Sqlite(conn) => all_of(conn.all(sql.sqlite, &args, usize::MAX)?),
        })
    }

    /// The row of a query, if there is one.
    pub(super) async fn optional(&mut self, sql: Sql, args: Vec<Value>) -> Result<Option<Row>, Failure> {
        count();
        Ok(match self {
            Self::Postgres(conn) => {
                query!(Postgres, sql, args).fetch_optional(&mut **conn).await?.map(Row::from)
            }
            Self::Reader(conn) => query!(Sqlite, sql, args).fetch_optional(&mut **conn).await?.map(Row::from),
            Self::Sqlite(conn) => conn.all(sql.sqlite, &args, 1)?.pop().map(Row::from),
        })
    }

    /// The row of a query that always has one.
    pub(super) async fn one(&mut self, sql: Sql, args: Vec<Value>) -> Result<Row, Failure> {
        self.optional(sql, args).await?.ok_or_else(|| Failure::Broken("a row is missing".to_owned()))
    }
}

impl Conn {
    /// Closes the connection at once instead of giving it back.
    pub(super) fn discard(self) {
        match self {
            Self::Postgres(conn) => drop(conn.detach()),
            Self::Reader(conn) => drop(conn.detach()),
            Self::Sqlite(conn) => drop(conn),
        }
    }
}

/// Counts a statement.
fn count() {
    metrics::counter!("peerpack_store_statements_total").increment(1);
}
