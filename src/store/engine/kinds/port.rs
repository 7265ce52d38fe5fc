//! What the dispatch reads.

use std::collections::BTreeMap;

use async_trait::async_trait;
use peerpack_actors::dispatch::record::Record;
use peerpack_actors::dispatch::{Duty, Order};
use peerpack_actors::ids::{OrderId, UserId};
use peerpack_actors::ports::{OrderStep, OrderStore, Unavailable};
use peerpack_actors::time::Time;
use serde_json::json;
use uuid::Uuid;

use super::duties::{duty, duty_columns};
use super::orders::reading::{order_columns, orders};
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, each, hex, over_rows, rows, sql};

const ONE_ORDER: Sql = sql(concat!("SELECT ", order_columns!(), " FROM orders WHERE id = $1"));

const SEARCHING: Sql = sql(concat!(
    "SELECT ",
    order_columns!(),
    " FROM orders WHERE state IN ('matching', 'offered') AND id > $1 ORDER BY id LIMIT $2"
));

const CHANGED_ORDERS: Sql =
    sql("SELECT id, version FROM orders WHERE updated_at >= $1 ORDER BY updated_at, id LIMIT $2");

const STEPS: Sql = sql("SELECT state_from, state_to, at, role, person, description FROM order_steps \
     WHERE order_id = $1 ORDER BY version, step");

const ONE_DUTY: Sql = sql(concat!("SELECT ", duty_columns!(), " FROM duties WHERE courier = $1"));

const ON_DUTY: Sql = sql(concat!(
    "SELECT ",
    duty_columns!(),
    " FROM duties WHERE state <> 'offline' AND courier > $1 ORDER BY courier LIMIT $2"
));

const CHANGED_DUTIES: Sql = sql(
    "SELECT courier AS id, version FROM duties WHERE updated_at >= $1 ORDER BY updated_at, courier LIMIT $2",
);

// CROSS JOIN keeps SQLite from turning the join around and reading the whole table.
const SEVERAL_ORDERS: Sql = over_rows!(
    concat!("SELECT ", order_columns!(), " FROM"),
    [order_id uuid],
    "CROSS JOIN orders WHERE orders.id = r.order_id ORDER BY r.n"
);

impl Database {
    /// Several orders with their offers, in the order asked for; those that do not exist are left out.
    pub(in crate::store) async fn orders_of(&self, ids: Vec<Uuid>) -> Result<Vec<Order>, Failure> {
        let items = rows(ids.into_iter().map(|id| json!({ "order_id": hex(id) })));
        orders(self, SEVERAL_ORDERS, vec![items]).await
    }
}

#[async_trait]
impl OrderStore for Database {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Unavailable> {
        Ok(orders(self, ONE_ORDER, args![id.uuid()]).await?.pop())
    }

    async fn searching(&self, after: Option<OrderId>, limit: u32) -> Result<Vec<Order>, Unavailable> {
        let after = after.map_or(Uuid::nil(), OrderId::uuid);
        Ok(orders(self, SEARCHING, args![after, limit]).await?)
    }

    async fn changed_orders(&self, since: Time, limit: u32) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let found = self.rows(CHANGED_ORDERS, args![since.ms(), limit]).await?;
        Ok(each(&found, version)?)
    }

    async fn order_steps(&self, id: OrderId) -> Result<Vec<OrderStep>, Unavailable> {
        let found = self.rows(STEPS, args![id.uuid()]).await?;
        Ok(each(&found, step)?)
    }

    async fn duty(&self, courier: UserId) -> Result<Option<Duty>, Unavailable> {
        let found = self.row(ONE_DUTY, args![courier.uuid()]).await?;
        Ok(found.as_ref().map(duty).transpose()?)
    }

    async fn on_duty(&self, after: Option<UserId>, limit: u32) -> Result<Vec<Duty>, Unavailable> {
        let after = after.map_or(Uuid::nil(), UserId::uuid);
        let found = self.rows(ON_DUTY, args![after, limit]).await?;
        Ok(each(&found, duty)?)
    }

    async fn records(&self, couriers: &[UserId], now: Time) -> Result<BTreeMap<UserId, Record>, Unavailable> {
        Ok(self.records_of(couriers, now).await?)
    }

    async fn changed_duties(&self, since: Time, limit: u32) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let found = self.rows(CHANGED_DUTIES, args![since.ms(), limit]).await?;
        Ok(each(&found, version)?)
    }
}

fn version(row: &Row) -> Result<(Uuid, i64), Failure> {
    Ok((row.get("id")?, row.get("version")?))
}

fn step(row: &Row) -> Result<OrderStep, Failure> {
    Ok(OrderStep {
        from: row.text("state_from")?,
        to: row.text("state_to")?,
        at: row.time("at")?,
        role: row.text("role")?,
        person: row.get::<Option<Uuid>>("person")?.map(UserId::from),
        description: row.text("description")?,
    })
}
