//! The numbered events of users.

use std::collections::BTreeMap;

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{Committed, StreamEntry};
use serde_json::json;

use super::Units;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, hex, over_rows, rows};

const ADVANCE_STREAMS: Sql = over_rows!(
    "INSERT INTO streams (user_id, top) SELECT r.user_id, r.added FROM",
    [user_id uuid, added int],
    "WHERE true ORDER BY r.n \
     ON CONFLICT (user_id) DO UPDATE SET top = streams.top + excluded.top RETURNING user_id, top"
);

const ADD_EVENTS: Sql = over_rows!(
    "INSERT INTO events (user_id, seq, at, body) SELECT r.user_id, r.seq, r.at, r.body FROM",
    [user_id uuid, seq int, at int, body text],
    ""
);

/// Numbers the events of all units, in the order of the units and their notices, and stores them.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<Vec<Committed>, Failure> {
    let mut added: BTreeMap<UserId, u64> = BTreeMap::new();
    for notice in units.iter().flat_map(|unit| &unit.notices) {
        *added.entry(notice.to).or_default() += 1;
    }
    if added.is_empty() {
        return Ok(vec![Committed::default(); units.len()]);
    }
    let mut next = advance(conn, &added).await?;
    let mut committed = Vec::with_capacity(units.len());
    for unit in units {
        let mut entries = Vec::with_capacity(unit.bodies.len());
        for (notice, body) in unit.notices.iter().zip(&unit.bodies) {
            let lost = || Failure::Broken("a stream has no number".to_owned());
            let seq = next.get_mut(&notice.to).ok_or_else(lost)?;
            entries.push(StreamEntry { user: notice.to, seq: *seq, at: unit.at, body: body.clone() });
            *seq += 1;
        }
        committed.push(Committed { entries });
    }
    let entries = committed.iter().flat_map(|committed| &committed.entries);
    let events = rows(entries.map(|entry| {
        let user = hex(entry.user.uuid());
        json!({ "user_id": user, "seq": entry.seq, "at": entry.at.ms(), "body": &*entry.body })
    }));
    conn.execute(ADD_EVENTS, vec![events]).await?;
    Ok(committed)
}

/// Takes numbers for each user; answers with the first of them.
async fn advance(conn: &mut Conn, added: &BTreeMap<UserId, u64>) -> Result<BTreeMap<UserId, u64>, Failure> {
    let items =
        rows(added.iter().map(|(user, added)| json!({ "user_id": hex(user.uuid()), "added": added })));
    let mut next = BTreeMap::new();
    for row in conn.all(ADVANCE_STREAMS, vec![items]).await? {
        let user = row.user("user_id")?;
        next.insert(user, row.number::<u64>("top")? + 1 - added.get(&user).copied().unwrap_or_default());
    }
    Ok(next)
}
