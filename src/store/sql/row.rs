//! Rows of an answer, whichever driver has read them.

use rusqlite::types::FromSql;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use super::local::LocalRow;
use crate::store::failure::Failure;

/// A row of an answer.
pub(in crate::store) enum Row {
    Postgres(PgRow),
    Sqlite(SqliteRow),
    Local(LocalRow),
}

pub(super) fn all_of<R: Into<Row>>(rows: Vec<R>) -> Vec<Row> {
    rows.into_iter().map(Into::into).collect()
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

impl From<LocalRow> for Row {
    fn from(row: LocalRow) -> Self {
        Self::Local(row)
    }
}

/// Every row as a value.
pub(in crate::store) fn each<T>(
    found: &[Row],
    value: impl FnMut(&Row) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    found.iter().map(value).collect()
}

/// What both databases can decode.
pub(in crate::store) trait Field:
    for<'r> Decode<'r, Postgres> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + Type<Sqlite> + FromSql
{
}

impl<T> Field for T where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres> + for<'r> Decode<'r, Sqlite> + Type<Sqlite> + FromSql
{
}

impl Row {
    /// The value of a column.
    pub(in crate::store) fn get<T: Field>(&self, column: &str) -> Result<T, Failure> {
        Ok(match self {
            Self::Postgres(row) => row.try_get(column)?,
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Local(row) => row.get(column)?,
        })
    }

    /// The value of a column of whole numbers, in the type that the core uses for it.
    pub(in crate::store) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, Failure> {
        let value: i64 = self.get(column)?;
        T::try_from(value)
            .map_err(|_| Failure::Broken(format!("{column} holds {value}, which is out of range")))
    }
}
