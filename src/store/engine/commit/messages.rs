//! Messages to people who are not looking: rows of the outbox, written with the event that they tell of.
//!
//! Only for those who have allowed the bot to write. What follows a message goes in only where there is one,
//! or one that waits or is under way.

use std::sync::Arc;

use peerpack_actors::ports::Committed;
use peerpack_actors::stream::notification::NotificationKind;
use peerpack_actors::time::Time;
use serde_json::json;

use super::Units;
use crate::store::engine::prepared::Prepared;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, hex, over_rows, rows};

const ADD: Sql = over_rows!(
    "INSERT INTO outbox (user_id, seq, at, class, rank, topic, ends_at, due_at) \
     SELECT r.user_id, r.seq, r.at, r.class, r.rank, r.topic, r.ends_at, r.at FROM",
    [user_id uuid, seq int, at int, class text, rank int, topic uuid, ends_at int, kind text],
    "CROSS JOIN bot_settings AS b WHERE b.user_id = r.user_id AND b.enabled = 1 AND b.blocked_at IS NULL \
     AND (r.kind IS NULL OR b.kinds_off NOT LIKE '%,' || r.kind || ',%') \
     AND (r.class <> 'follow' \
         OR EXISTS (SELECT 1 FROM bot_messages AS m WHERE m.user_id = r.user_id AND m.topic = r.topic) \
         OR EXISTS (SELECT 1 FROM outbox AS o WHERE o.user_id = r.user_id AND o.topic = r.topic \
             AND o.state = 'waiting'))"
);

/// Adds the messages of all units, for the events that were numbered.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>, committed: &[Committed]) -> Result<(), Failure> {
    let entries = |(unit, committed): (&Arc<Prepared>, &Committed)| {
        let each = unit.messages.iter().zip(&committed.entries).filter_map(|(message, entry)| {
            let message = message.as_ref()?;
            Some(json!({
                "user_id": hex(entry.user.uuid()), "seq": entry.seq, "at": entry.at.ms(),
                "class": message.class.word(), "rank": message.class.rank(),
                "topic": message.topic.map(|topic| hex(topic.uuid())),
                "ends_at": message.until.map(Time::ms),
                "kind": message.kind.map(NotificationKind::word),
            }))
        });
        each.collect::<Vec<_>>()
    };
    let added: Vec<_> = units.iter().zip(committed).flat_map(entries).collect();
    if !added.is_empty() {
        conn.execute(ADD, vec![rows(added)]).await?;
    }
    Ok(())
}
