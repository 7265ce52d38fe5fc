//! One SQL for both databases: statements, arguments, connections and rows that do not care which one it is.
//!
//! Statements are constants; user input only ever travels as an argument. Where the dialects differ (a list
//! of rows as an argument) [`over_rows!`] writes both texts from one source. No table or column is named
//! here.

pub(super) mod codec;
pub(super) mod postgres;
pub(super) mod sqlite;
pub(super) mod writable;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Decode, Encode, Postgres, Row as _, Sqlite, Type};
use uuid::Uuid;

use super::failure::Failure;

/// A statement in both dialects.
#[derive(Clone, Copy)]
pub(super) struct Sql {
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
}

/// A statement that reads the same in both dialects.
pub(super) const fn sql(text: &'static str) -> Sql {
    Sql { postgres: text, sqlite: text }
}

/// A statement over a list of rows, which is its first argument, as JSON (see [`rows`]). The rows are called
/// `r` and have a column `n`, their number from 0, besides those named. What follows `locking` is for
/// Postgres: SQLite has one writer anyway.
macro_rules! over_rows {
    ($before:expr, [$($column:ident $kind:ident),+ $(,)?], $after:expr $(, locking $lock:literal)?) => {
        $crate::store::sql::Sql {
            postgres: concat!(
                $before,
                " jsonb_to_recordset($1::jsonb) AS r(n BIGINT",
                $(", ", stringify!($column), " ", over_rows!(@postgres $kind)),+,
                ") ",
                $after
                $(, " ", $lock)?
            ),
            sqlite: concat!(
                $before,
                " (SELECT key AS n",
                $(", ", over_rows!(@sqlite $kind $column), " AS ", stringify!($column)),+,
                " FROM json_each($1)) AS r ",
                $after
            ),
        }
    };
    (@postgres uuid) => { "UUID" };
    (@postgres int) => { "BIGINT" };
    (@postgres text) => { "TEXT" };
    (@sqlite uuid $column:ident) => { concat!("unhex(value->>'", stringify!($column), "')") };
    (@sqlite int $column:ident) => { concat!("value->>'", stringify!($column), "'") };
    (@sqlite text $column:ident) => { concat!("value->>'", stringify!($column), "'") };
}
pub(super) use over_rows;

/// A query that keeps the rows it finds from being changed until the transaction ends. SQLite has one writer
/// anyway.
macro_rules! locking {
    ($query:literal, $lock:literal) => {
        $crate::store::sql::Sql { postgres: concat!($query, " ", $lock), sqlite: $query }
    };
}
pub(super) use locking;

/// Rows as the argument that [`over_rows!`] expects. Each is a JSON object; ids as [`hex`].
pub(super) fn rows(items: impl IntoIterator<Item = serde_json::Value>) -> Value {
    let mut array: Vec<serde_json::Value> = items.into_iter().collect();
    for (n, item) in array.iter_mut().enumerate() {
        item["n"] = n.into();
    }
    Value::Text(Some(serde_json::Value::Array(array).to_string()))
}

/// An id as both databases read it inside JSON.
pub(super) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// An argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Uuid(Option<Uuid>),
    Float(f64),
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
    /// From the pool.
    Postgres(PoolConnection<Postgres>),
    /// The writer.
    Sqlite(SqliteConnection),
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

/// Runs `$body` with `$conn` and `$query` of the database at hand.
macro_rules! on {
    ($self:expr, $sql:expr, $args:expr, |$query:ident, $conn:ident| $body:expr) => {
        match $self {
            Conn::Postgres(connection) => {
                let $conn: &mut PgConnection = connection;
                let $query = sqlx::query_with::<Postgres, _>($sql.postgres, postgres_args($args)?);
                $body
            }
            Conn::Sqlite($conn) => {
                let $query = sqlx::query_with::<Sqlite, _>($sql.sqlite, sqlite_args($args)?);
                $body
            }
            Conn::Reader(connection) => {
                let $conn: &mut SqliteConnection = connection;
                let $query = sqlx::query_with::<Sqlite, _>($sql.sqlite, sqlite_args($args)?);
                $body
            }
        }
    };
}

impl Conn {
    /// Runs a statement; answers how many rows it touched.
    pub(super) async fn execute(&mut self, sql: Sql, args: Vec<Value>) -> Result<u64, Failure> {
        count();
        Ok(on!(self, sql, args, |query, conn| query.execute(conn).await?.rows_affected()))
    }

    /// Runs a statement without arguments that need not be prepared: transaction control.
    pub(super) async fn control(&mut self, text: &'static str) -> Result<(), Failure> {
        match self {
            Self::Postgres(conn) => sqlx::raw_sql(text).execute(&mut **conn).await.map(drop)?,
            Self::Sqlite(conn) => sqlx::raw_sql(text).execute(conn).await.map(drop)?,
            Self::Reader(conn) => sqlx::raw_sql(text).execute(&mut **conn).await.map(drop)?,
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
        Ok(on!(self, sql, args, |query, conn| {
            query.fetch_all(conn).await?.into_iter().map(Row::from).collect()
        }))
    }

    /// The row of a query, if there is one.
    pub(super) async fn optional(&mut self, sql: Sql, args: Vec<Value>) -> Result<Option<Row>, Failure> {
        count();
        Ok(on!(self, sql, args, |query, conn| query.fetch_optional(conn).await?.map(Row::from)))
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

fn postgres_args(args: Vec<Value>) -> Result<PgArguments, Failure> {
    bind(args)
}

fn sqlite_args(args: Vec<Value>) -> Result<SqliteArguments, Failure> {
    bind(args)
}

fn bind<A>(args: Vec<Value>) -> Result<A, Failure>
where
    A: sqlx::Arguments,
    Option<i64>: Encode<'static, A::Database> + Type<A::Database>,
    Option<String>: Encode<'static, A::Database> + Type<A::Database>,
    Option<Uuid>: Encode<'static, A::Database> + Type<A::Database>,
    f64: Encode<'static, A::Database> + Type<A::Database>,
{
    let mut bound = A::default();
    for value in args {
        match value {
            Value::Int(value) => bound.add(value),
            Value::Text(value) => bound.add(value),
            Value::Uuid(value) => bound.add(value),
            Value::Float(value) => bound.add(value),
        }
        .map_err(|error| Failure::Broken(format!("an argument cannot be sent: {error}")))?;
    }
    Ok(bound)
}

/// A row of an answer.
pub(super) enum Row {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

/// Every row as a value.
pub(super) fn each<T>(
    found: &[Row],
    value: impl FnMut(&Row) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    found.iter().map(value).collect()
}

/// What both databases can decode.
pub(super) trait Field:
    for<'r> Decode<'r, Postgres> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}

impl<T> Field for T where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}

impl Row {
    /// The value of a column.
    pub(super) fn get<T: Field>(&self, column: &str) -> Result<T, Failure> {
        Ok(match self {
            Self::Postgres(row) => row.try_get(column)?,
            Self::Sqlite(row) => row.try_get(column)?,
        })
    }

    /// The value of a column of whole numbers, in the type that the core uses for it.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, Failure> {
        let value: i64 = self.get(column)?;
        T::try_from(value)
            .map_err(|_| Failure::Broken(format!("{column} holds {value}, which is out of range")))
    }
}
