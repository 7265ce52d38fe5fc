//! The numbered events of users.

use std::collections::BTreeMap;

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{Committed, StreamEntry};
use peerpack_actors::stream::Notice;
use peerpack_actors::stream::notification::Notification;
use serde_json::{Value as Json, json};

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

const ADD_NOTIFICATIONS: Sql = over_rows!(
    "INSERT INTO notifications (user_id, seq, at, kind, request_id, trip_id, document_id, package_id, order_id, offer_id, \
     withdrawal_id) SELECT r.user_id, r.seq, r.at, r.kind, r.request_id, r.trip_id, r.document_id, r.package_id, r.order_id, \
     r.offer_id, r.withdrawal_id FROM",
    [user_id uuid, seq int, at int, kind text, request_id uuid, trip_id uuid, document_id uuid, package_id uuid,
     order_id uuid, offer_id uuid, withdrawal_id uuid],
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
    let entries = committed.iter().flat_map(|committed| &committed.entries);
    let notices = units.iter().flat_map(|unit| &unit.notices);
    let notifications: Vec<_> = notices.zip(entries).filter_map(notification).collect();
    if !notifications.is_empty() {
        conn.execute(ADD_NOTIFICATIONS, vec![rows(notifications)]).await?;
    }
    Ok(committed)
}

fn notification((notice, entry): (&Notice, &StreamEntry)) -> Option<Json> {
    let Notification { kind, request, trip, document, package, order, offer, withdrawal } =
        Notification::of(notice)?;
    Some(json!({
        "user_id": hex(entry.user.uuid()), "seq": entry.seq, "at": entry.at.ms(), "kind": kind.word(),
        "request_id": request.map(|request| hex(request.uuid())), "trip_id": trip.map(|trip| hex(trip.uuid())),
        "document_id": document.map(|document| hex(document.uuid())),
        "package_id": package.map(|package| hex(package.uuid())),
        "order_id": order.map(|order| hex(order.uuid())), "offer_id": offer.map(|offer| hex(offer.uuid())),
        "withdrawal_id": withdrawal.map(|withdrawal| hex(withdrawal.uuid())),
    }))
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
