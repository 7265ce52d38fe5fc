//! How much one person has open, counted after what a unit adds and before anybody else adds to it: a
//! unit that adds has taken the person's row (see `parties.rs`).

use std::collections::BTreeSet;

use peerpack_actors::market::bounds::Open;
use serde_json::json;

use super::Units;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, hex, over_rows, rows};

// A package that was taken may be open again without anybody's doing, so it counts until it is picked up.
const COUNT: Sql = over_rows!(
    "SELECT r.n AS n, CASE r.kind \
     WHEN 'packages' THEN (SELECT count(*) FROM packages AS p \
         WHERE p.sender = r.id AND p.state IN ('template', 'open', 'assigned')) \
     WHEN 'trips' THEN (SELECT count(*) FROM trips AS t \
         WHERE t.courier = r.id AND t.state IN ('active', 'in_progress')) \
     WHEN 'asked' THEN (SELECT count(*) FROM requests AS q \
         WHERE q.sender = r.id AND q.state = 'pending' AND q.origin = 'sender') \
     WHEN 'responded' THEN (SELECT count(*) FROM requests AS q \
         WHERE q.courier = r.id AND q.state = 'pending' AND q.origin = 'courier') \
     ELSE (SELECT count(*) FROM requests AS q \
         WHERE q.trip_id = r.id AND q.state = 'pending' AND q.origin = 'sender') \
     END AS had FROM",
    [kind text, id uuid],
    "ORDER BY r.n"
);

/// Refuses units that add to what is full.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<(), Failure> {
    let mut bounds: BTreeSet<(Open, u32)> = BTreeSet::new();
    for unit in units {
        let Some(most) = &unit.bounds else { continue };
        bounds.extend(unit.adds.iter().map(|open| (*open, open.most(most))));
    }
    if bounds.is_empty() {
        return Ok(());
    }
    let counted = conn.all(COUNT, vec![rows(bounds.iter().map(|(open, _)| document(*open)))]).await?;
    for ((open, most), row) in bounds.iter().zip(&counted) {
        if row.number::<u64>("had")? > u64::from(*most) {
            return Err(Failure::Refused(open.refusal(*most)));
        }
    }
    Ok(())
}

fn document(open: Open) -> serde_json::Value {
    let (kind, id) = match open {
        Open::Packages(sender) => ("packages", sender.uuid()),
        Open::Trips(courier) => ("trips", courier.uuid()),
        Open::Asked(sender) => ("asked", sender.uuid()),
        Open::Responded(courier) => ("responded", courier.uuid()),
        Open::On(trip, _) => ("on", trip.uuid()),
    };
    json!({ "kind": kind, "id": hex(id) })
}
