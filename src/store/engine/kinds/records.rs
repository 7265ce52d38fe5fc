//! What couriers have done, counted from offers and steps of orders: the truth behind what nodes hold.

use std::collections::BTreeMap;

use peerpack_actors::dispatch::record::{COUNTED, KEPT, Record};
use peerpack_actors::ids::UserId;
use peerpack_actors::time::Time;
use serde_json::json;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, hex, over_rows, rows};

// One that waits for its answer, or was withdrawn, says nothing about its courier.
const COUNTS: Sql = over_rows!(
    "SELECT y.courier, y.version, \
     (SELECT count(*) FROM order_offers AS o WHERE o.courier = y.courier AND o.created_at > r.counted \
      AND o.state IN ('accepted', 'declined', 'expired')) AS asked, \
     (SELECT count(*) FROM order_offers AS o WHERE o.courier = y.courier AND o.created_at > r.counted \
      AND o.state = 'accepted') AS accepted, \
     (SELECT count(*) FROM order_steps AS s WHERE s.courier = y.courier AND s.at > r.counted \
      AND s.at <= r.kept AND s.state_to = 'assigned') AS taken_long_ago, \
     (SELECT count(*) FROM order_steps AS s WHERE s.courier = y.courier AND s.at > r.counted \
      AND s.state_to = 'cancelled') AS called_off, \
     (SELECT count(*) FROM reviews AS v WHERE v.subject = y.courier AND v.shown = 1) AS reviews, \
     (SELECT CAST(COALESCE(sum(v.rating), 0) AS BIGINT) FROM reviews AS v \
      WHERE v.subject = y.courier AND v.shown = 1) AS stars FROM",
    [courier uuid, counted int, kept int],
    "CROSS JOIN duties AS y WHERE y.courier = r.courier ORDER BY r.n"
);

const OFFERED: Sql = over_rows!(
    "SELECT o.courier, o.created_at AS at FROM",
    [courier uuid, kept int],
    "CROSS JOIN order_offers AS o WHERE o.courier = r.courier AND o.created_at > r.kept \
     ORDER BY o.created_at"
);

const TAKEN: Sql = over_rows!(
    "SELECT s.courier, s.at FROM",
    [courier uuid, kept int],
    "CROSS JOIN order_steps AS s WHERE s.courier = r.courier AND s.at > r.kept AND s.state_to = 'assigned' \
     ORDER BY s.at"
);

impl Database {
    /// What couriers have done by now, of those who were ever on duty. All of it is of one moment, and that
    /// of the duty's version.
    pub(super) async fn records_of(
        &self,
        couriers: &[UserId],
        now: Time,
    ) -> Result<BTreeMap<UserId, Record>, Failure> {
        if couriers.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (counted, kept) = ((now - COUNTED).ms(), (now - KEPT).ms());
        let item =
            |courier: &UserId| json!({ "courier": hex(courier.uuid()), "counted": counted, "kept": kept });
        let asked = rows(couriers.iter().map(item));
        let work = self.snapshot(move |conn| {
            Box::pin(async move {
                let mut records = BTreeMap::new();
                for row in conn.all(COUNTS, vec![asked.clone()]).await? {
                    records.insert(row.user("courier")?, record(&row)?);
                }
                for row in conn.all(OFFERED, vec![asked.clone()]).await? {
                    if let Some(record) = records.get_mut(&row.user("courier")?) {
                        record.note_offer(row.time("at")?);
                    }
                }
                for row in conn.all(TAKEN, vec![asked]).await? {
                    if let Some(record) = records.get_mut(&row.user("courier")?) {
                        record.note_order(row.time("at")?);
                    }
                }
                Ok(records)
            })
        });
        work.await
    }
}

/// The counts of a courier, without what has a moment of its own.
fn record(row: &Row) -> Result<Record, Failure> {
    let (reviews, stars) = (row.number::<u32>("reviews")?, row.number::<u32>("stars")?);
    let mut record = Record::default();
    record.version = row.get("version")?;
    record.rating = (reviews > 0).then(|| f64::from(stars) / f64::from(reviews));
    (record.asked, record.accepted) = (row.number("asked")?, row.number("accepted")?);
    (record.taken, record.called_off) = (row.number("taken_long_ago")?, row.number("called_off")?);
    Ok(record)
}
