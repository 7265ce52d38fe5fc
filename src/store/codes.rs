//! Codes that were sent to phones: how many, to whom, and whether one was guessed too often.

use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use super::Database;
use super::failure::Failure;
use super::sql::{Alone, Conn, Sql, args, sql};

const ADD: Sql = sql("\
    INSERT INTO phone_codes (id, phone, code_hash, address, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6)");

const SENT_TO: Sql = sql("\
    SELECT count(*) AS sent, COALESCE(min(created_at), 0) AS first FROM phone_codes \
    WHERE phone = $1 AND created_at > $2");
const SENT_FROM: Sql = sql("\
    SELECT count(*) AS sent, COALESCE(min(created_at), 0) AS first FROM phone_codes \
    WHERE address = $1 AND created_at > $2");
const SENT: Sql = sql("\
    SELECT count(*) AS sent, COALESCE(min(created_at), 0) AS first FROM phone_codes WHERE created_at > $1");

// Each look is an attempt.
const TRY: Sql = sql("\
    UPDATE phone_codes SET attempts = attempts + 1 \
    WHERE id = $1 AND phone = $2 AND expires_at > $3 AND used_at IS NULL AND attempts < 5 RETURNING id, code_hash");

// The latest of a phone. Anybody can look at it in this way, so these attempts are counted apart and by the day.
const TRY_BLINDLY: Sql = sql("\
    UPDATE phone_codes SET blind_attempts = blind_attempts + 1 \
    WHERE id = (SELECT c.id FROM phone_codes AS c WHERE c.phone = $1 ORDER BY c.created_at DESC, c.id DESC LIMIT 1) \
    AND expires_at > $2 AND used_at IS NULL AND blind_attempts < 5 \
    AND (SELECT sum(d.blind_attempts) FROM phone_codes AS d WHERE d.phone = $1 AND d.created_at > $3) < $4 \
    RETURNING id, code_hash");

/// Attempts in a day at the codes of one phone without naming one. With a name there are five for each of the ten codes
/// that a phone may get in a day.
const BLIND_ATTEMPTS: (u32, Span) = (20, Span::hours(24));

const USE: Sql = sql("UPDATE phone_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL");

/// A code that is to be sent.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Names the attempt.
    pub id: Uuid,
    /// Where to.
    pub phone: String,
    /// The hash of the code.
    pub code_hash: String,
    /// The address of whoever asks.
    pub address: String,
    /// Until when it is good.
    pub expires_at: Time,
}

/// How many codes may be sent.
#[derive(Clone, Copy, Debug)]
pub struct CodeLimits {
    /// To one phone: so many in so long.
    pub phone: [(u64, Span); 3],
    /// From one address.
    pub address: (u64, Span),
    /// In all.
    pub all: (u64, Span),
}

impl Default for CodeLimits {
    fn default() -> Self {
        Self {
            phone: [(1, Span::seconds(60)), (5, Span::hours(1)), (10, Span::hours(24))],
            address: (20, Span::hours(1)),
            all: (1_000, Span::hours(1)),
        }
    }
}

impl Database {
    /// Keeps a code that is about to be sent; or says how long to wait.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_code(
        &self,
        code: NewCode,
        limits: CodeLimits,
        now: Time,
    ) -> Result<Result<(), Span>, Unavailable> {
        let work = self.write(move |conn| {
            let code = code.clone();
            Box::pin(async move { add(conn, code, limits, now).await })
        });
        Ok(work.await?)
    }

    /// The hash of a code of a phone, if it may be tried once more: the one that is named, or the latest. Looking counts
    /// as trying.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn try_code(
        &self,
        phone: String,
        named: Option<Uuid>,
        now: Time,
    ) -> Result<Option<(Uuid, String)>, Unavailable> {
        let work = self.write(move |conn| {
            let phone = phone.clone();
            Box::pin(async move {
                let (most, within) = BLIND_ATTEMPTS;
                let tried = match named {
                    Some(id) => conn.optional(TRY, args![id, phone, now.ms()]).await?,
                    None => {
                        let values = args![phone, now.ms(), (now - within).ms(), most];
                        conn.optional(TRY_BLINDLY, values).await?
                    }
                };
                let Some(row) = tried else { return Ok(None) };
                Ok(Some((row.get("id")?, row.text("code_hash")?)))
            })
        });
        Ok(work.await?)
    }

    /// Uses a code up; answers whether it was not used before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_code(&self, id: Uuid, now: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(USE, args![id, now.ms()]).await? == 1)
    }
}

async fn add(
    conn: &mut Conn,
    code: NewCode,
    limits: CodeLimits,
    now: Time,
) -> Result<Result<(), Span>, Failure> {
    // Of two that come at once, the second has to see the first.
    conn.alone(Alone::SendingCodes).await?;
    let mut wait: Option<Span> = None;
    let mut looks = Vec::new();
    for (most, within) in limits.phone {
        looks.push((most, within, SENT_TO, args![code.phone.as_str(), (now - within).ms()]));
    }
    let (most, within) = limits.address;
    looks.push((most, within, SENT_FROM, args![code.address.as_str(), (now - within).ms()]));
    let (most, within) = limits.all;
    looks.push((most, within, SENT, args![(now - within).ms()]));
    for (most, within, query, values) in looks {
        let row = conn.one(query, values).await?;
        if row.number::<u64>("sent")? >= most {
            let free = (row.time("first")? + within).since(now);
            wait = wait.max(Some(free));
        }
    }
    if let Some(wait) = wait {
        return Ok(Err(wait));
    }
    let NewCode { id, phone, code_hash, address, expires_at } = code;
    conn.execute(ADD, args![id, phone, code_hash, address, now.ms(), expires_at.ms()]).await?;
    Ok(Ok(()))
}
