//! Money on its way out. The core has decided; the row, the books and the wallet change together.

use std::sync::Arc;

use peerpack_actors::ids::{UserId, WithdrawalId};
use peerpack_actors::money::Amount;
use peerpack_actors::money::ledger::Transfer;
use peerpack_actors::money::withdrawal::{Approval, Decision, PayoutRules, Withdrawal, WithdrawalState};
use peerpack_actors::ports::{CommitError, Committed, Unavailable};
use peerpack_actors::receipt::Receipt;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use serde_json::json;
use uuid::Uuid;

use crate::store::Database;
use crate::store::engine::commit::{self, money};
use crate::store::engine::prepared::Prepared;
use crate::store::engine::receipts;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, each, hex, locking, over_rows, rows, sql};

const ADD: Sql = sql("\
    INSERT INTO withdrawals \
    (id, user_id, amount_minor, currency, method, details, state, created_at, payable_from) \
    VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8)");

// One person's withdrawals are added one after the other: what is known of the details stays so.
const OWNER: Sql = locking!("SELECT id FROM users WHERE id = $1", "FOR NO KEY UPDATE");

// What a node of the version before has noted: it knows of one place. One that was forgotten is the first of
// the known to go.
const TAKE_DETAILS_OVER: Sql = sql("\
    INSERT INTO payout_places (user_id, fingerprint, payable_from, named_at) \
    SELECT user_id, fingerprint, payable_from, CASE WHEN fingerprint = '' THEN 0 ELSE payable_from END \
    FROM payout_details WHERE user_id = $1 \
    ON CONFLICT (user_id, fingerprint) DO NOTHING");
const PLACES: Sql = sql("SELECT fingerprint, payable_from FROM payout_places WHERE user_id = $1");
const NOTE_PLACE: Sql = sql("\
    INSERT INTO payout_places (user_id, fingerprint, payable_from, named_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (user_id, fingerprint) DO UPDATE SET named_at = excluded.named_at");
const FORGET_PLACES: Sql = sql("\
    DELETE FROM payout_places WHERE user_id = $1 AND fingerprint NOT IN (SELECT p.fingerprint \
    FROM payout_places AS p WHERE p.user_id = $1 ORDER BY p.named_at DESC, p.fingerprint LIMIT $2)");
const NOTE_DETAILS: Sql = sql("\
    INSERT INTO payout_details (user_id, fingerprint, payable_from) VALUES ($1, $2, $3) \
    ON CONFLICT (user_id) DO UPDATE SET fingerprint = excluded.fingerprint, payable_from = excluded.payable_from");
const FORGET_REJECTED: Sql = sql("DELETE FROM payout_places WHERE user_id = $1 AND payable_from = $2");
// The row stays: without one the next place would be the first of all, and be paid to at once.
const FORGET_DETAILS: Sql =
    sql("UPDATE payout_details SET fingerprint = '' WHERE user_id = $1 AND payable_from = $2");

macro_rules! columns {
    () => {
        "SELECT id, user_id, amount_minor, currency, method, details, state, state_at, state_by, created_at, \
         payable_from, approved_at, approved_by, approval_note, note FROM withdrawals "
    };
}

const ONE: Sql = sql(concat!(columns!(), "WHERE id = $1"));
const SOME: Sql = over_rows!(concat!(columns!(), "WHERE id IN (SELECT r.id FROM"), [id uuid], ")");
// Ids begin with the time.
const QUEUED: Sql = sql(concat!(columns!(), "WHERE state = 'queued' AND id > $1 ORDER BY id LIMIT $2"));

const DECIDED: Sql =
    sql(concat!(columns!(), "WHERE state <> 'queued' AND id < $1 ORDER BY id DESC LIMIT $2"));

const SITUATION: Sql = sql("\
    SELECT (SELECT count(*) FROM withdrawals WHERE user_id = $1 AND state = 'queued') AS queued, \
    CAST(COALESCE((SELECT sum(amount_minor) FROM withdrawals \
        WHERE user_id = $1 AND currency = $2 AND state <> 'rejected' AND created_at > $3), 0) AS BIGINT) AS today_minor, \
    CAST(COALESCE((SELECT balance FROM wallets WHERE user_id = $1 AND kind = 'available' AND currency = $2), 0) \
    AS BIGINT) AS left_minor");

// Decided upon by what was known of a first operator, and only while that is still so.
const MOVE: Sql = sql("\
    UPDATE withdrawals SET state = $2, state_at = $3, state_by = $4, note = $5 \
    WHERE id = $1 AND state = 'queued' AND COALESCE(approved_at, 0) = $6");

const APPROVE: Sql = sql("\
    UPDATE withdrawals SET approved_at = $2, approved_by = $3, approval_note = $4 \
    WHERE id = $1 AND state = 'queued' AND approved_at IS NULL");

/// How many places of one person are known: those that were named last.
const KNOWN_PLACES: u32 = 10;

/// How far back the limit of a day looks.
const A_DAY: Span = Span::hours(24);

impl Database {
    /// Keeps a withdrawal, moves its money out of the wallet, keeps its receipt, and tells its owner.
    /// `fingerprint` says whether the owner has named this place for it before: where it is new beside
    /// others, it waits.
    ///
    /// # Errors
    /// `InsufficientFunds`, `TooManyWithdrawals`, `DailyLimit`, `Invalid`, `AnsweredBefore`, or when the
    /// database does not answer.
    pub async fn add_withdrawal(
        &self,
        withdrawal: Withdrawal,
        out: Transfer,
        fingerprint: String,
        rules: PayoutRules,
        receipt: Option<Receipt>,
    ) -> Result<Committed, CommitError> {
        let work = self.write(move |conn| {
            let (withdrawal, out, receipt) = (withdrawal.clone(), out.clone(), receipt.clone());
            let fingerprint = fingerprint.clone();
            Box::pin(async move {
                let Withdrawal { id, user, amount, created_at, .. } = withdrawal;
                let kept = receipt.as_ref().map(|receipt| (receipt, created_at));
                receipts::keep(conn, kept.into_iter()).await?;
                conn.optional(OWNER, args![user.uuid()]).await?;
                let payable_from = payable_from(conn, user, &fingerprint, created_at, rules.wait).await?;
                let currency = amount.currency.code();
                let values = args![
                    id.uuid(),
                    user.uuid(),
                    amount.minor,
                    currency,
                    withdrawal.method.clone(),
                    withdrawal.details.clone(),
                    created_at.ms(),
                    payable_from.ms(),
                ];
                conn.execute(ADD, values).await?;
                money::transfer(conn, &[out], created_at).await?;
                // With the wallet in hand, so that two at once do not overlook each other.
                let since = (created_at - A_DAY).ms();
                let situation = conn.one(SITUATION, args![user.uuid(), currency, since]).await?;
                let (queued, left) = (situation.number("queued")?, situation.get("left_minor")?);
                let today = situation.get("today_minor")?;
                withdrawal.check(queued, left, today, rules).map_err(Failure::Refused)?;
                tell(conn, user, Amount::new(-amount.minor, amount.currency), created_at).await
            })
        });
        Ok(work.await?)
    }

    /// Does what an operator has decided about a withdrawal as it was then, with the money that goes back,
    /// and tells its owner of that. `note` is the number of the transfer, or the reason. A place that was new
    /// to a withdrawal that is rejected is forgotten: a thief may have named it.
    ///
    /// # Errors
    /// `Conflict` when something was decided meanwhile, or when the database does not answer.
    pub async fn move_withdrawal(
        &self,
        before: Withdrawal,
        decision: Decision,
        note: String,
    ) -> Result<Committed, CommitError> {
        let sends = self.inner.sends_messages;
        let work = self.write(move |conn| {
            let (before, decision, note) = (before.clone(), decision.clone(), note.clone());
            Box::pin(async move {
                let id = before.id.uuid();
                let (state, back) = match decision {
                    Decision::Approved(Approval { at, by }) => {
                        let approved = conn.execute(APPROVE, args![id, at.ms(), by.uuid(), note]).await?;
                        return if approved == 1 { Ok(Committed::default()) } else { Err(Failure::Conflict) };
                    }
                    Decision::Over(state, back) => (state, back),
                };
                let (WithdrawalState::Paid { at, by } | WithdrawalState::Rejected { at, by }) = state else {
                    return Err(Failure::Broken("a withdrawal that is over is still queued".to_owned()));
                };
                let rejected = matches!(state, WithdrawalState::Rejected { .. }).then(|| note.clone());
                let forgets = rejected.is_some() && before.payable_from > before.created_at;
                if forgets {
                    // First of all, as where a withdrawal is added.
                    conn.optional(OWNER, args![before.user.uuid()]).await?;
                }
                let seen = before.approved.map_or(0, |first| first.at.ms());
                let values = args![id, state.word(), at.ms(), by.uuid(), note, seen];
                if conn.execute(MOVE, values).await? != 1 {
                    return Err(Failure::Conflict);
                }
                if forgets {
                    for forget in [FORGET_REJECTED, FORGET_DETAILS] {
                        conn.execute(forget, args![before.user.uuid(), before.payable_from.ms()]).await?;
                    }
                }
                if let Some(back) = back {
                    money::transfer(conn, &[back], at).await?;
                }
                let told = Unit::withdrawal_decided(&before, rejected, at);
                let told = Arc::new(Prepared::new(told, sends)?);
                Ok(commit::apply(conn, &[told]).await?.pop().unwrap_or_default())
            })
        });
        Ok(work.await?)
    }

    /// A withdrawal.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, Unavailable> {
        let row = self.row(ONE, args![id.uuid()]).await?;
        Ok(row.as_ref().map(withdrawal).transpose()?)
    }

    /// Several withdrawals, in no order; those that do not exist are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn withdrawals(&self, ids: &[WithdrawalId]) -> Result<Vec<Withdrawal>, Unavailable> {
        let ids = rows(ids.iter().map(|id| json!({ "id": hex(id.uuid()) })));
        Ok(each(&self.rows(SOME, vec![ids]).await?, withdrawal)?)
    }

    /// Withdrawals that wait for an operator, oldest first, from behind `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn queued_withdrawals(
        &self,
        after: Option<WithdrawalId>,
        limit: u32,
    ) -> Result<Vec<Withdrawal>, Unavailable> {
        let after = after.map_or(Uuid::nil(), WithdrawalId::uuid);
        Ok(each(&self.rows(QUEUED, args![after, limit]).await?, withdrawal)?)
    }

    /// Withdrawals that were paid or rejected, newest first, from before `before`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn decided_withdrawals(
        &self,
        before: Option<WithdrawalId>,
        limit: u32,
    ) -> Result<Vec<Withdrawal>, Unavailable> {
        let before = before.map_or(Uuid::max(), WithdrawalId::uuid);
        Ok(each(&self.rows(DECIDED, args![before, limit]).await?, withdrawal)?)
    }
}

fn withdrawal(row: &Row) -> Result<Withdrawal, Failure> {
    let word = row.text("state")?;
    let decided = row.optional_time("state_at")?.zip(row.get::<Option<Uuid>>("state_by")?.map(UserId::from));
    let state = match (word.as_str(), decided) {
        ("queued", None) => WithdrawalState::Queued,
        ("paid", Some((at, by))) => WithdrawalState::Paid { at, by },
        ("rejected", Some((at, by))) => WithdrawalState::Rejected { at, by },
        _ => return Err(Failure::Broken(format!("unknown state of a withdrawal: {word:?}"))),
    };
    Ok(Withdrawal {
        id: WithdrawalId::from(row.get::<Uuid>("id")?),
        user: row.user("user_id")?,
        amount: row.amount("amount_minor", "currency")?,
        method: row.text("method")?,
        details: row.get("details")?,
        state,
        created_at: row.time("created_at")?,
        payable_from: row.time("payable_from")?,
        approved: row
            .optional_time("approved_at")?
            .zip(row.get::<Option<Uuid>>("approved_by")?.map(UserId::from))
            .map(|(at, by)| Approval { at, by }),
        approval_note: row.get("approval_note")?,
        note: row.get("note")?,
    })
}

/// From when on money can go to a place, which is noted as named: at once to the first one, after `wait` to
/// another one, and to one that was named before as it was then.
async fn payable_from(
    conn: &mut Conn,
    user: UserId,
    fingerprint: &str,
    now: Time,
    wait: Span,
) -> Result<Time, Failure> {
    conn.execute(TAKE_DETAILS_OVER, args![user.uuid()]).await?;
    let known = conn.all(PLACES, args![user.uuid()]).await?;
    let mut from = if known.is_empty() { now } else { now + wait };
    for place in &known {
        if place.text("fingerprint")? == fingerprint {
            from = place.time("payable_from")?;
        }
    }
    conn.execute(NOTE_PLACE, args![user.uuid(), fingerprint, from.ms(), now.ms()]).await?;
    conn.execute(FORGET_PLACES, args![user.uuid(), KNOWN_PLACES]).await?;
    conn.execute(NOTE_DETAILS, args![user.uuid(), fingerprint, from.ms()]).await?;
    Ok(from)
}

/// Tells somebody of more or less in their wallet, in the transaction that makes it so.
pub(super) async fn tell(
    conn: &mut Conn,
    user: UserId,
    change: Amount,
    at: Time,
) -> Result<Committed, Failure> {
    let told = Arc::new(Prepared::new(Unit::balance_moved(user, change, at), false)?);
    Ok(commit::apply(conn, &[told]).await?.pop().unwrap_or_default())
}
