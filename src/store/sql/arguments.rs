//! Arguments as each database takes them.
//!
//! A list of rows is an array of each column for Postgres, which reads them as they come: out of JSON it
//! would make a tree first, and each value out of a text again. SQLite has no arrays and gets JSON.

use serde_json::Value as Json;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Encode, Type};
use uuid::Uuid;

use super::{Column, Kind, Sql, Value};
use crate::store::failure::Failure;

/// The arguments of a statement for Postgres.
pub(super) fn for_postgres(sql: &Sql, args: Vec<Value>) -> Result<PgArguments, Failure> {
    let mut bound = PgArguments::default();
    for value in args {
        match value {
            Value::Rows(items) if !sql.columns.is_empty() => add_columns(&mut bound, sql.columns, &items)?,
            Value::Rows(items) => bound.add(as_json(&numbered(items))?).map_err(unsendable)?,
            value => add(&mut bound, value)?,
        }
    }
    Ok(bound)
}

/// The arguments of a statement for SQLite.
pub(super) fn for_sqlite(args: Vec<Value>) -> Result<SqliteArguments, Failure> {
    let mut bound = SqliteArguments::default();
    for value in args {
        add(&mut bound, value)?;
    }
    Ok(bound)
}

fn add<A>(bound: &mut A, value: Value) -> Result<(), Failure>
where
    A: Arguments,
    Option<i64>: Encode<'static, A::Database> + Type<A::Database>,
    Option<String>: Encode<'static, A::Database> + Type<A::Database>,
    Option<Uuid>: Encode<'static, A::Database> + Type<A::Database>,
    f64: Encode<'static, A::Database> + Type<A::Database>,
{
    match value {
        Value::Int(value) => bound.add(value),
        Value::Text(value) => bound.add(value),
        Value::Uuid(value) => bound.add(value),
        Value::Float(value) => bound.add(value),
        Value::Rows(items) => bound.add(Some(as_json(&items)?)),
    }
    .map_err(unsendable)
}

/// The rows as one JSON text. SQLite knows the number of each by its place.
pub(super) fn as_json(items: &[Json]) -> Result<String, Failure> {
    serde_json::to_string(items).map_err(unsendable)
}

/// The rows with their numbers.
fn numbered(mut items: Vec<Json>) -> Vec<Json> {
    for (n, item) in items.iter_mut().enumerate() {
        item["n"] = n.into();
    }
    items
}

/// The rows' numbers, then each column.
fn add_columns(bound: &mut PgArguments, columns: &[Column], items: &[Json]) -> Result<(), Failure> {
    let numbers: Vec<i64> = (0..).take(items.len()).collect();
    bound.add(numbers).map_err(unsendable)?;
    for column in columns {
        let values = items.iter().map(|item| item.get(column.name).unwrap_or(&Json::Null));
        match column.kind {
            Kind::Uuid => bound.add(all(column, values, |text| text.as_str()?.parse::<Uuid>().ok())?),
            Kind::Int => bound.add(all(column, values, Json::as_i64)?),
            Kind::Text => bound.add(all(column, values, |text| text.as_str().map(str::to_owned))?),
        }
        .map_err(unsendable)?;
    }
    Ok(())
}

/// Every value of a column; what is not there is NULL.
fn all<'a, T>(
    column: &Column,
    values: impl Iterator<Item = &'a Json>,
    read: impl Fn(&Json) -> Option<T>,
) -> Result<Vec<Option<T>>, Failure> {
    let wrong = |value: &Json| Failure::Broken(format!("{} cannot be {value}", column.name));
    values
        .map(|value| match value {
            Json::Null => Ok(None),
            value => read(value).map(Some).ok_or_else(|| wrong(value)),
        })
        .collect()
}

fn unsendable(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(format!("an argument cannot be sent: {error}"))
}
