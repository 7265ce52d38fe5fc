//! Events of users' streams, numbered in the transaction of the change.

use peerpack::ws::wire::{Event, EventBody, ServerMessage};
use peerpack_actors::ids::UserId;
use peerpack_actors::stream::StreamEvent;
use peerpack_actors::time::Time;
use sqlx::{PgConnection, Row};

/// Something to tell somebody.
pub(super) struct Told {
    pub(super) to: UserId,
    pub(super) event: StreamEvent,
}

/// Something that was told, to be pushed after the commit.
#[derive(Clone)]
pub(super) struct Pushed {
    pub(super) to: UserId,
    pub(super) seq: u64,
    pub(super) text: String,
}

/// Writes events, and takes the row of each user in the order of their ids, so that no two transactions wait
/// for each other.
pub(super) async fn tell(tx: &mut PgConnection, mut all: Vec<Told>, at: Time) -> sqlx::Result<Vec<Pushed>> {
    all.sort_by_key(|told| told.to);
    let mut pushed = Vec::with_capacity(all.len());
    for Told { to, event } in all {
        let update = "UPDATE plain_users SET last_seq = last_seq + 1 WHERE id = $1 RETURNING last_seq";
        let row = sqlx::query(update).bind(to.uuid()).fetch_one(&mut *tx).await?;
        let seq: i64 = row.get("last_seq");
        let event = Event { seq: seq.unsigned_abs(), at, body: EventBody::Known(Box::new(event)) };
        let text = ServerMessage::Event(event).to_text();
        let insert = sqlx::query("INSERT INTO plain_events (user_id, seq, body) VALUES ($1, $2, $3)");
        insert.bind(to.uuid()).bind(seq).bind(&text).execute(&mut *tx).await?;
        pushed.push(Pushed { to, seq: seq.unsigned_abs(), text });
    }
    Ok(pushed)
}
