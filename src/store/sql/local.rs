//! The writing connection to a SQLite file.
//!
//! The driver of the readers keeps a thread for each connection, and each statement is a hop to that thread
//! and back: two wake-ups for some ten microseconds of work. The writer has a thread of its own anyway (see
//! [`writer`](crate::store::engine::writer)), so here statements run where they are called.

use std::path::Path;
use std::sync::Arc;

use rusqlite::types::{FromSql, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags};

use super::{Value, arguments, sqlite};
use crate::store::failure::Failure;

/// How many statements stay prepared. There are not so many.
const STATEMENTS: usize = 256;

/// A connection that blocks the thread while a statement runs.
pub(in crate::store) struct Local(Connection);

/// A row that has been read whole.
pub(in crate::store) struct LocalRow {
    columns: Arc<[Box<str>]>,
    values: Vec<rusqlite::types::Value>,
}

impl Local {
    /// Opens the file, which is made if there is none.
    pub(in crate::store) fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(sqlite::BUSY_TIMEOUT)?;
        for (name, value) in sqlite::WRITER_PRAGMAS {
            conn.pragma_update(None, name, value)?;
        }
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self(conn))
    }

    /// Runs a statement; answers how many rows it touched.
    pub(super) fn execute(&mut self, text: &str, args: &[Value]) -> Result<u64, Failure> {
        let mut statement = self.bound(text, args)?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        drop(rows);
        drop(statement);
        Ok(self.0.changes())
    }

    /// Runs statements without arguments that need not be prepared.
    pub(in crate::store) fn control(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.0.execute_batch(text)?)
    }

    /// The rows of a query, `most` of them at most.
    pub(super) fn all(&mut self, text: &str, args: &[Value], most: usize) -> Result<Vec<LocalRow>, Failure> {
        let mut statement = self.bound(text, args)?;
        let columns: Arc<[Box<str>]> = statement.column_names().into_iter().map(Box::from).collect();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while found.len() < most
            && let Some(row) = rows.next()?
        {
            let values = (0..columns.len()).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            found.push(LocalRow { columns: columns.clone(), values });
        }
        Ok(found)
    }

    /// Closes the file; the log is written into it if nobody else has it open.
    pub(in crate::store) fn close(self) -> Result<(), rusqlite::Error> {
        self.0.close().map_err(|(_, error)| error)
    }

    fn bound(&self, text: &str, args: &[Value]) -> Result<CachedStatement<'_>, Failure> {
        let mut statement = self.0.prepare_cached(text)?;
        // To SQLite `$2` is a name, and the names are numbered as they occur.
        for place in 1..=statement.parameter_count() {
            let name = statement
                .parameter_name(place)
                .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
            let value = name.and_then(|number| args.get(number.checked_sub(1)?));
            let value = value.ok_or_else(|| Failure::Broken("an argument is missing".to_owned()))?;
            statement.raw_bind_parameter(place, value)?;
        }
        Ok(statement)
    }
}

impl LocalRow {
    /// The value of a column.
    pub(super) fn get<T: FromSql>(&self, name: &str) -> Result<T, Failure> {
        let found = self.columns.iter().zip(&self.values).find(|(column, _)| column.as_ref() == name);
        let (_, value) = found.ok_or_else(|| Failure::Broken(format!("there is no column {name}")))?;
        T::column_result(ValueRef::from(value))
            .map_err(|error| Failure::Broken(format!("{name} cannot be read: {error}")))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Int(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
            Self::Uuid(value) => value.to_sql(),
            Self::Float(value) => value.to_sql(),
            Self::Rows(items) => {
                let text = arguments::as_json(items).map_err(|failure| Box::from(failure.word()));
                text.map(Into::into).map_err(rusqlite::Error::ToSqlConversionFailure)
            }
        }
    }
}
