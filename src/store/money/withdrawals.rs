//! Money on its way out. The core has decided; the row, the books and the wallet change together.

use peerpack_actors::ids::{UserId, WithdrawalId};
use peerpack_actors::money::ledger::Transfer;
use peerpack_actors::money::withdrawal::{Withdrawal, WithdrawalState};
use peerpack_actors::ports::{CommitError, Unavailable};
use peerpack_actors::receipt::Receipt;
use serde_json::json;
use uuid::Uuid;

use crate::store::Database;
use crate::store::engine::commit::money;
use crate::store::engine::receipts;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, each, hex, over_rows, rows, sql};

const ADD: Sql = sql("\
    INSERT INTO withdrawals (id, user_id, amount_minor, currency, method, state, created_at) \
    VALUES ($1, $2, $3, $4, $5, 'queued', $6)");

macro_rules! columns {
    () => {
        "SELECT id, user_id, amount_minor, currency, method, state, state_at, state_by, created_at \
         FROM withdrawals "
    };
}

const ONE: Sql = sql(concat!(columns!(), "WHERE id = $1"));
const SOME: Sql = over_rows!(concat!(columns!(), "WHERE id IN (SELECT r.id FROM"), [id uuid], ")");
// Ids begin with the time.
const QUEUED: Sql = sql(concat!(columns!(), "WHERE state = 'queued' AND id > $1 ORDER BY id LIMIT $2"));

const SITUATION: Sql = sql("\
    SELECT (SELECT count(*) FROM withdrawals WHERE user_id = $1 AND state = 'queued') AS queued, \
    CAST(COALESCE((SELECT balance FROM wallets WHERE user_id = $1 AND kind = 'available' AND currency = $2), 0) \
    AS BIGINT) AS left_minor");

const MOVE: Sql = sql("\
    UPDATE withdrawals SET state = $2, state_at = $3, state_by = $4 WHERE id = $1 AND state = 'queued'");

impl Database {
    /// Keeps a withdrawal, moves its money out of the wallet, and keeps its receipt.
    ///
    /// # Errors
    /// `InsufficientFunds`, `TooManyWithdrawals`, `Invalid`, `AnsweredBefore`, or when the database does not
    /// answer.
    pub async fn add_withdrawal(
        &self,
        withdrawal: Withdrawal,
        out: Transfer,
        receipt: Option<Receipt>,
    ) -> Result<(), CommitError> {
        let work = self.write(move |conn| {
            let (withdrawal, out, receipt) = (withdrawal.clone(), out.clone(), receipt.clone());
            Box::pin(async move {
                let Withdrawal { id, user, amount, created_at, .. } = withdrawal;
                let method = withdrawal.method.clone();
                let kept = receipt.as_ref().map(|receipt| (receipt, created_at));
                receipts::keep(conn, kept.into_iter()).await?;
                let currency = amount.currency.code();
                let values = args![id.uuid(), user.uuid(), amount.minor, currency, method, created_at.ms()];
                conn.execute(ADD, values).await?;
                money::transfer(conn, &[out], created_at).await?;
                // With the wallet in hand, so that two at once do not overlook each other.
                let situation = conn.one(SITUATION, args![user.uuid(), currency]).await?;
                let (queued, left) = (situation.number("queued")?, situation.get("left_minor")?);
                withdrawal.check(queued, left).map_err(Failure::Refused)
            })
        });
        Ok(work.await?)
    }

    /// Moves a queued withdrawal on, with the money that goes back.
    ///
    /// # Errors
    /// `Conflict` when it was decided meanwhile, or when the database does not answer.
    pub async fn move_withdrawal(
        &self,
        id: WithdrawalId,
        state: WithdrawalState,
        back: Option<Transfer>,
    ) -> Result<(), CommitError> {
        let (WithdrawalState::Paid { at, by } | WithdrawalState::Rejected { at, by }) = state else {
            return Ok(());
        };
        let work = self.write(move |conn| {
            let back = back.clone();
            Box::pin(async move {
                let values = args![id.uuid(), state.word(), at.ms(), by.uuid()];
                if conn.execute(MOVE, values).await? != 1 {
                    return Err(Failure::Conflict);
                }
                match back {
                    Some(back) => money::transfer(conn, &[back], at).await,
                    None => Ok(()),
                }
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
        state,
        created_at: row.time("created_at")?,
    })
}
