//! Answers kept for calls that may be repeated, each in the transaction of the effect that it answers.
//!
//! The row is both the memory and the guard: of two equal calls at the same moment, on whatever nodes, the
//! second one finds the row, and nothing of its own effect stays.

use std::sync::Arc;

use peerpack_actors::ports::Unavailable;
use peerpack_actors::receipt::{Call, Receipt};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::Time;
use serde_json::json;

use super::prepared::Prepared;
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, hex, over_rows, rows, sql};

const KEEP: Sql = over_rows!(
    "INSERT INTO idempotency (user_id, route, key, body_hash, status, response, created_at) \
     SELECT r.user_id, r.route, r.key, r.body_hash, r.status, r.response, r.at FROM",
    [user_id uuid, route text, key text, body_hash text, status int, response text, at int],
    "WHERE true ORDER BY r.n ON CONFLICT (user_id, route, key) DO NOTHING"
);

const LOOK: Sql =
    sql("SELECT body_hash, status, response FROM idempotency WHERE user_id = $1 AND route = $2 AND key = $3");

const AMEND: Sql = sql("\
    UPDATE idempotency SET status = $4, response = $5 WHERE user_id = $1 AND route = $2 AND key = $3");

/// What is known about a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kept {
    /// It was answered.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The body of the answer.
        answer: String,
    },
    /// The key was used for something else.
    OtherCall,
}

impl Database {
    /// What is known about a call; `None` when it was never carried out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn kept_answer(&self, call: &Call) -> Result<Option<Kept>, Unavailable> {
        let values = args![call.by.uuid(), call.route.as_str(), call.key.as_str()];
        let Some(row) = self.row(LOOK, values).await? else { return Ok(None) };
        if row.text("body_hash")? != call.digest {
            return Ok(Some(Kept::OtherCall));
        }
        Ok(Some(Kept::Answer { status: row.number("status")?, answer: row.text("response")? }))
    }

    /// More is known of what a call has done than when its answer was kept: it is answered with that from now
    /// on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn amend_answer(&self, receipt: &Receipt) -> Result<(), Unavailable> {
        let Receipt { call: Call { by, route, key, .. }, status, answer } = receipt;
        let values = args![by.uuid(), route.as_str(), key.as_str(), u32::from(*status), answer.as_str()];
        self.execute(AMEND, values).await?;
        Ok(())
    }
}

/// The receipts of units.
pub(in crate::store) async fn apply(conn: &mut Conn, units: &[Arc<Prepared>]) -> Result<(), Failure> {
    keep(conn, units.iter().filter_map(|unit| unit.receipt.as_ref().map(|receipt| (receipt, unit.at)))).await
}

/// Keeps answers, or refuses when one of the calls was answered before.
pub(in crate::store) async fn keep<'a>(
    conn: &mut Conn,
    receipts: impl Iterator<Item = (&'a Receipt, Time)>,
) -> Result<(), Failure> {
    // In one order, so that two transactions never wait for each other.
    let mut receipts: Vec<_> = receipts.collect();
    receipts.sort_by_key(|(receipt, _)| (receipt.call.by, &receipt.call.route, &receipt.call.key));
    let expected = receipts.len() as u64;
    if expected == 0 {
        return Ok(());
    }
    let items = receipts.into_iter().map(|(receipt, at)| {
        let Call { by, route, key, digest } = &receipt.call;
        json!({
            "user_id": hex(by.uuid()), "route": route, "key": key, "body_hash": digest,
            "status": receipt.status, "response": receipt.answer, "at": at.ms(),
        })
    });
    if conn.execute(KEEP, vec![rows(items)]).await? == expected {
        Ok(())
    } else {
        Err(Failure::Refused(Rejection::AnsweredBefore))
    }
}
