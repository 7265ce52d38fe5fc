//! Highlights: the periods that trips and packages were bought, and which go on.

use std::collections::BTreeMap;

use peerpack_actors::ids::RefundId;
use peerpack_actors::money::highlight::{Highlight, Subject};
use peerpack_actors::money::payment::{Charge, Cost, Decided, PaymentCommand, PaymentFile};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use serde_json::json;
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, hex, locking, over_rows, rows, sql};

const STATE_OF_TRIP: Sql = sql("SELECT state FROM trips WHERE id = $1");
const STATE_OF_PACKAGE: Sql = sql("SELECT state FROM packages WHERE id = $1");

// Only the owner of a thing highlights it, so the owner's row keeps two periods of it from being added at
// once.
const OWNER: Sql = locking!("SELECT id FROM users WHERE id = $1", "FOR NO KEY UPDATE");
const LAST: Sql =
    sql("SELECT max(until_at) AS until_at FROM highlights WHERE subject = $1 AND ended_at IS NULL");
const ADD: Sql =
    sql("INSERT INTO highlights (charge_id, subject, from_at, until_at) VALUES ($1, $2, $3, $4)");
const END: Sql = sql("UPDATE highlights SET ended_at = $2 WHERE charge_id = $1 AND ended_at IS NULL");

const GOING_ON: Sql = over_rows!(
    "SELECT h.subject, max(h.until_at) AS until_at FROM",
    [id uuid, moment int],
    "JOIN highlights AS h ON h.subject = r.id \
     WHERE h.ended_at IS NULL AND h.from_at <= r.moment AND h.until_at > r.moment GROUP BY h.subject"
);

impl Database {
    /// Until when each of these is highlighted, of those that are at a time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn highlights(&self, of: &[Uuid], now: Time) -> Result<BTreeMap<Uuid, Time>, Unavailable> {
        if of.is_empty() {
            return Ok(BTreeMap::new());
        }
        let asked = rows(of.iter().map(|id| json!({ "id": hex(*id), "moment": now.ms() })));
        let found = self.rows(GOING_ON, vec![asked]).await?;
        let one =
            |row: &Row| -> Result<(Uuid, Time), Failure> { Ok((row.get("subject")?, row.time("until_at")?)) };
        Ok(found.iter().map(one).collect::<Result<_, _>>()?)
    }
}

/// What was charged for something that is over buys nothing, and goes back.
pub(super) async fn give_back(
    conn: &mut Conn,
    before: &PaymentFile,
    decided: Decided,
    at: Time,
    mut fresh: fn() -> [u8; 10],
) -> Result<Decided, Failure> {
    let Some(highlight) = decided.after.payment.purpose.highlight() else { return Ok(decided) };
    let useless: Vec<Charge> = decided.after.new_charges(before).cloned().collect();
    if useless.is_empty() || is_live(conn, highlight.of).await? {
        return Ok(decided);
    }
    let Decided { mut after, mut transfers } = decided;
    for charge in useless {
        if after.left_of(&charge) == 0 {
            continue;
        }
        let command = PaymentCommand::Refund {
            id: RefundId::new(at, fresh()),
            charge: Some(charge.reference),
            minor: None,
            cost: Cost::Platform,
            reason: String::new(),
            by: None,
        };
        let back = after.decide(&command, 0, at, &mut fresh).map_err(Failure::Refused)?;
        after = back.after;
        transfers.extend(back.transfers);
    }
    Ok(Decided { after, transfers })
}

/// Writes down what new charges buy, and ends what has gone back.
pub(super) async fn write_down(
    conn: &mut Conn,
    before: &PaymentFile,
    after: &PaymentFile,
    at: Time,
) -> Result<(), Failure> {
    let Some(highlight) = after.payment.purpose.highlight() else { return Ok(()) };
    for charge in after.new_charges(before) {
        if after.left_of(charge) > 0 {
            conn.optional(OWNER, args![after.payment.user.uuid()]).await?;
            add(conn, charge, highlight, at).await?;
        }
    }
    let goes_back = |file: &PaymentFile, reference: &str| {
        file.charge(reference).is_some_and(|charge| file.left_of(charge) < charge.amount.minor)
    };
    for charge in &after.charges {
        if goes_back(after, &charge.reference) && !goes_back(before, &charge.reference) {
            conn.execute(END, args![charge.id.uuid(), at.ms()]).await?;
        }
    }
    Ok(())
}

async fn add(conn: &mut Conn, charge: &Charge, highlight: Highlight, at: Time) -> Result<(), Failure> {
    let row = conn.one(LAST, args![highlight.of.uuid()]).await?;
    let (from, until) = highlight.period(row.optional_time("until_at")?, at);
    let values = args![charge.id.uuid(), highlight.of.uuid(), from.ms(), until.ms()];
    conn.execute(ADD, values).await?;
    Ok(())
}

/// Whether it still looks for somebody: only then a mark is of use.
async fn is_live(conn: &mut Conn, of: Subject) -> Result<bool, Failure> {
    let (query, live): (Sql, &[&str]) = match of {
        Subject::Trip(_) => (STATE_OF_TRIP, &["active", "in_progress"]),
        Subject::Package(_) => (STATE_OF_PACKAGE, &["open"]),
    };
    let row = conn.optional(query, args![of.uuid()]).await?;
    let state = row.map(|row| row.text("state")).transpose()?;
    Ok(state.is_some_and(|state| live.contains(&state.as_str())))
}
