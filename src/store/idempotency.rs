//! Answers kept for calls with an `Idempotency-Key`, so that a repeated call gets the first answer.
//!
//! A call first claims its key, then does its work, then keeps its answer. A claim that was never answered
//! (the server died) is taken over after a lease: every operation behind it is safe to repeat on its own.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};

use super::Database;
use super::failure::Failure;
use super::sql::{Conn, Sql, Value, args, sql};

/// How long a claim without an answer is respected. Longer than any call may take.
const LEASE: Span = Span::seconds(30);

const CLAIM: Sql = sql("\
    INSERT INTO idempotency (user_id, route, key, body_hash, token, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (user_id, route, key) DO NOTHING");

const TAKE_OVER: Sql = sql("\
    UPDATE idempotency SET token = $5, created_at = $6 \
    WHERE user_id = $1 AND route = $2 AND key = $3 AND body_hash = $4 \
    AND status IS NULL AND created_at <= $7");

const LOOK: Sql =
    sql("SELECT body_hash, status, response FROM idempotency WHERE user_id = $1 AND route = $2 AND key = $3");

const FINISH: Sql = sql("\
    UPDATE idempotency SET status = $5, response = $6 \
    WHERE user_id = $1 AND route = $2 AND key = $3 AND token = $4 AND status IS NULL");

const ABANDON: Sql = sql("\
    DELETE FROM idempotency \
    WHERE user_id = $1 AND route = $2 AND key = $3 AND token = $4 AND status IS NULL");

/// A call that may be repeated: whose, where, and under which key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// Who calls.
    pub user: UserId,
    /// Method and path pattern.
    pub route: String,
    /// The client's key.
    pub key: String,
}

/// What is known about a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Begun {
    /// Nothing yet: do the work, then finish or abandon it with this number.
    Fresh(i64),
    /// The same call is under way.
    Running,
    /// It was answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body.
        response: String,
    },
    /// The key was used for another body.
    OtherBody,
}

impl Database {
    /// Claims a call's key, or says what became of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_call(&self, call: Call, body_hash: String, now: Time) -> Result<Begun, Unavailable> {
        let token = rand::random_range(1..i64::MAX);
        let work = self.write(move |conn| {
            let (call, body_hash) = (call.clone(), body_hash.clone());
            Box::pin(async move { begin(conn, &call, &body_hash, token, now).await })
        });
        Ok(work.await?)
    }

    /// Keeps the answer. `false` when the claim was taken over by then; the answer is not kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn finish_call(
        &self,
        call: &Call,
        token: i64,
        status: u16,
        response: &str,
    ) -> Result<bool, Unavailable> {
        let mut values = key(call);
        values.extend(args![token, i64::from(status), response]);
        Ok(self.execute(FINISH, values).await? == 1)
    }

    /// Gives the key back: errors are not kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn abandon_call(&self, call: &Call, token: i64) -> Result<(), Unavailable> {
        let mut values = key(call);
        values.push(token.into());
        self.execute(ABANDON, values).await?;
        Ok(())
    }

    /// Forgets calls from before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_calls(&self, before: Time) -> Result<u64, Unavailable> {
        Ok(self
            .execute(
                sql("DELETE FROM idempotency \
     WHERE created_at < $1"),
                args![before.ms()],
            )
            .await?)
    }
}

fn key(call: &Call) -> Vec<Value> {
    args![call.user.uuid(), call.route.as_str(), call.key.as_str()]
}

async fn begin(
    conn: &mut Conn,
    call: &Call,
    body_hash: &str,
    token: i64,
    now: Time,
) -> Result<Begun, Failure> {
    let mut claim = key(call);
    claim.extend(args![body_hash, token, now.ms()]);
    if conn.execute(CLAIM, claim.clone()).await? == 1 {
        return Ok(Begun::Fresh(token));
    }
    claim.push((now - LEASE).ms().into());
    if conn.execute(TAKE_OVER, claim).await? == 1 {
        return Ok(Begun::Fresh(token));
    }
    let Some(row) = conn.optional(LOOK, key(call)).await? else {
        // It was abandoned between the two looks.
        return Ok(Begun::Running);
    };
    if row.text("body_hash")? != body_hash {
        return Ok(Begun::OtherBody);
    }
    Ok(match row.get::<Option<i64>>("status")? {
        Some(_) => Begun::Answered { status: row.number("status")?, response: row.text("response")? },
        None => Begun::Running,
    })
}
