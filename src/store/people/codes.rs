//! Codes that were sent to phones, and who may guess at them.
//!
//! A challenge is what somebody has asked for; a code is what reached the phone. Anybody who asks soon after
//! another one gets a challenge of their own for the code that is there already. Guesses are counted against
//! the challenge, or without one against anybody who guesses, so that nobody uses up anybody else's; and
//! against the code as a whole, so that many guessers together stay unlikely to hit it. The more is guessed
//! at a phone, the longer its next code. `docs/signing-in.md` has the figures.

mod budget;

use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use crate::auth::phone::CODE_TTL;
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Alone, Conn, Row, Sql, args, sql};

pub use budget::CodeBudget;

const ADD: Sql = sql("\
    INSERT INTO phone_codes (id, phone, code_hash, address, created_at, expires_at, asker, network, country, \
    sent, code_id, digits, reserve) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");

const ASKED: Sql = sql("\
    SELECT count(*) AS asked, COALESCE(min(created_at), 0) AS first FROM phone_codes \
    WHERE phone = $1 AND asker = $2 AND created_at > $3");

// A sign-in makes good what strangers have asked for before it.
const REACHED: Sql = sql("\
    SELECT count(*) AS reached, COALESCE(max(created_at), 0) AS latest FROM phone_codes AS c \
    WHERE c.phone = $1 AND c.sent = 1 AND c.created_at > $2 AND NOT EXISTS (SELECT 1 FROM phone_codes AS u \
        WHERE u.phone = $1 AND u.used_at IS NOT NULL AND u.created_at >= c.created_at AND u.sent = 1)");

const GUESSED: Sql = sql("\
    SELECT COALESCE(CAST(sum(guesses) AS BIGINT), 0) AS guessed FROM phone_codes \
    WHERE phone = $1 AND sent = 1 AND created_at > $2");

// The last one that reached the phone.
const LATEST: Sql = sql("\
    SELECT id, code_hash, digits, guesses, used_at, expires_at FROM phone_codes \
    WHERE phone = $1 AND sent = 1 ORDER BY created_at DESC, id DESC LIMIT 1");

const CODE: Sql = sql("\
    SELECT id, code_hash, digits, guesses, used_at, expires_at FROM phone_codes WHERE id = $1 AND sent = 1");

// Each look is an attempt.
const TRY: Sql = sql("\
    UPDATE phone_codes SET attempts = attempts + 1 \
    WHERE id = $1 AND phone = $2 AND expires_at > $3 AND attempts < 5 RETURNING COALESCE(code_id, id) AS code");

const TRY_BLINDLY: Sql = sql("\
    INSERT INTO phone_guesses AS g (code_id, asker, phone, attempts, last_at) VALUES ($1, $2, $3, 1, $4) \
    ON CONFLICT (code_id, asker) DO UPDATE SET attempts = g.attempts + 1, last_at = excluded.last_at \
    WHERE g.attempts < 5");
const GUESSED_BLINDLY: Sql = sql("\
    SELECT COALESCE(CAST(sum(attempts) AS BIGINT), 0) AS guessed FROM phone_guesses \
    WHERE phone = $1 AND asker = $2 AND last_at > $3");

const COUNT_GUESS: Sql = sql("UPDATE phone_codes SET guesses = guesses + 1 WHERE id = $1");
const USE: Sql = sql("UPDATE phone_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL");
const FORGET: Sql = sql("DELETE FROM phone_codes WHERE id = $1 OR code_id = $1");

/// How often one may ask for a code for one phone: so many in so long.
const ASKS: [(u64, Span); 3] = [(1, Span::seconds(60)), (5, Span::hours(1)), (10, Span::hours(24))];

/// Attempts in a day of one who guesses at a phone without naming a challenge.
const BLIND_ATTEMPTS: (u64, Span) = (20, Span::hours(24));

/// How far back guesses at a phone, and codes that reached it, count.
const REMEMBERED: Span = Span::hours(24);

/// So many codes reach a phone a minute apart; after that the pauses double.
const UNHURRIED: u64 = 4;

/// The longest pause between two codes to one phone; a code that is followed by it is good as long.
const LONGEST_PAUSE: Span = Span::minutes(10);

/// Who asks for a code, and for which phone.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Names the challenge.
    pub id: Uuid,
    /// The phone that the code is sent to.
    pub phone: String,
    /// The code of its country.
    pub country: String,
    /// Whom guesses and questions are counted against: an address, or a device that is known.
    pub asker: String,
    /// The address of the person who asks.
    pub address: String,
    /// The network that the address belongs to.
    pub network: String,
    /// Whether it is a device that is known.
    pub is_known_device: bool,
}

/// What becomes of a wish for a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// A new one is to be sent.
    Send {
        /// How many digits it has.
        digits: u32,
        /// Until when it is good.
        expires_at: Time,
    },
    /// One has reached the phone a moment ago, and is to be typed in.
    Join {
        /// How many digits it has.
        digits: u32,
        /// Until when it is good.
        expires_at: Time,
    },
    /// It is too soon: so long has to pass first.
    Wait(Span),
}

/// A code that may be what somebody has typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The challenge that the code belongs to.
    pub id: Uuid,
    /// Its slow hash.
    pub hash: String,
}

impl Database {
    /// What would become of a wish for a code. Changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn plan_code(
        &self,
        asking: Asking,
        budget: CodeBudget,
        now: Time,
    ) -> Result<Plan, Unavailable> {
        let work = self
            .snapshot(move |conn| Box::pin(async move { Ok(plan(conn, &asking, budget, now).await?.plan) }));
        Ok(work.await?)
    }

    /// Keeps a challenge: for a code with this hash and so many digits, which is about to be sent, or for the
    /// one that has reached the phone. Nothing when the plan has changed since the caller looked: another
    /// code is needed, or one at all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_code(
        &self,
        asking: Asking,
        hash: Option<(String, u32)>,
        budget: CodeBudget,
        now: Time,
    ) -> Result<Option<Plan>, Unavailable> {
        let work = self.write(move |conn| {
            let (asking, hash) = (asking.clone(), hash.clone());
            Box::pin(async move { add(conn, &asking, hash, budget, now).await })
        });
        Ok(work.await?)
    }

    /// Forgets a code that could not be sent.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_code(&self, id: Uuid) -> Result<(), Unavailable> {
        self.execute(FORGET, args![id]).await?;
        Ok(())
    }

    /// The codes that somebody may mean, if they may try once more: the one of the challenge that they name,
    /// and the last one that reached the phone. Looking counts as trying.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn try_code(
        &self,
        phone: String,
        challenge: Option<Uuid>,
        asker: String,
        now: Time,
    ) -> Result<Vec<Candidate>, Unavailable> {
        let work = self.write(move |conn| {
            let (phone, asker) = (phone.clone(), asker.clone());
            Box::pin(async move { attempt(conn, &phone, challenge, &asker, now).await })
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

/// A code that has reached its phone.
struct Code {
    id: Uuid,
    hash: String,
    digits: u32,
    expires_at: Time,
    is_good: bool,
}

impl Code {
    fn of(row: &Row, now: Time) -> Result<Self, Failure> {
        let (digits, guesses): (u32, u64) = (row.number("digits")?, row.number("guesses")?);
        let (expires_at, used_at) = (row.time("expires_at")?, row.optional_time("used_at")?);
        let is_good = used_at.is_none() && expires_at > now && guesses < most_guesses(digits);
        Ok(Self { id: row.get("id")?, hash: row.text("code_hash")?, digits, expires_at, is_good })
    }

    async fn latest(conn: &mut Conn, phone: &str, now: Time) -> Result<Option<Self>, Failure> {
        let row = conn.optional(LATEST, args![phone]).await?;
        Ok(row.map(|row| Self::of(&row, now)).transpose()?.filter(|code| code.is_good))
    }
}

/// How many guesses of all together a code stands: one in 4 000 of what it could be.
const fn most_guesses(digits: u32) -> u64 {
    10_u64.pow(digits) / 4_000
}

/// How long the next code of a phone is at which so much was guessed.
const fn digits_after(guesses: u64) -> u32 {
    match guesses {
        0..100 => 6,
        100..10_000 => 8,
        _ => 10,
    }
}

/// How long a phone waits for its next code after so many that nobody has used.
fn pause_after(codes: u64) -> Span {
    let doublings = u32::try_from(codes.saturating_sub(UNHURRIED)).unwrap_or(u32::MAX).min(10);
    Span::seconds(60 << doublings).min(LONGEST_PAUSE)
}

struct Planned {
    plan: Plan,
    /// The code that is there already.
    latest: Option<Code>,
    from_reserve: bool,
}

async fn plan(conn: &mut Conn, asking: &Asking, budget: CodeBudget, now: Time) -> Result<Planned, Failure> {
    let phone = asking.phone.as_str();
    let mut wait: Option<Span> = None;
    for (most, within) in ASKS {
        let row = conn.one(ASKED, args![phone, asking.asker.as_str(), (now - within).ms()]).await?;
        if row.number::<u64>("asked")? >= most {
            wait = wait.max(Some((row.time("first")? + within).since(now)));
        }
    }
    let latest = Code::latest(conn, phone, now).await?;
    let planned = |plan, latest, from_reserve| Ok(Planned { plan, latest, from_reserve });
    if let Some(wait) = wait {
        return planned(Plan::Wait(wait), latest, false);
    }
    let join = latest.as_ref().map(|code| Plan::Join { digits: code.digits, expires_at: code.expires_at });
    let since = (now - REMEMBERED).ms();
    let row = conn.one(REACHED, args![phone, since]).await?;
    let (reached, last_at) = (row.number::<u64>("reached")?, row.time("latest")?);
    // A code that was spoiled makes room for a longer one at once.
    if let Some(join) = join
        && last_at + pause_after(reached) > now
    {
        return planned(join, latest, false);
    }
    let from_reserve = match budget::spend(conn, asking, budget, now).await? {
        Ok(from_reserve) => from_reserve,
        Err(wait) => return planned(join.unwrap_or(Plan::Wait(wait)), latest, false),
    };
    let digits = digits_after(conn.one(GUESSED, args![phone, since]).await?.number("guessed")?);
    let expires_at = now + CODE_TTL.max(pause_after(reached + 1));
    planned(Plan::Send { digits, expires_at }, latest, from_reserve)
}

async fn add(
    conn: &mut Conn,
    asking: &Asking,
    hash: Option<(String, u32)>,
    budget: CodeBudget,
    now: Time,
) -> Result<Option<Plan>, Failure> {
    // Of two that come at once, the second has to see the first.
    conn.alone(Alone::SendingCodes).await?;
    let Planned { plan, latest, from_reserve } = plan(conn, asking, budget, now).await?;
    let (code_hash, sent, code, digits, expires_at) = match (plan, hash, latest) {
        (Plan::Wait(_), ..) => return Ok(Some(plan)),
        (Plan::Send { digits, expires_at }, Some((hash, given)), _) if given == digits => {
            (hash, true, None, digits, expires_at)
        }
        (Plan::Send { .. }, ..) | (Plan::Join { .. }, _, None) => return Ok(None),
        (Plan::Join { digits, expires_at }, _, Some(code)) => {
            (code.hash, false, Some(code.id), digits, expires_at)
        }
    };
    let values = args![
        asking.id,
        asking.phone.as_str(),
        code_hash,
        asking.address.as_str(),
        now.ms(),
        expires_at.ms(),
        asking.asker.as_str(),
        asking.network.as_str(),
        asking.country.as_str(),
        i64::from(sent),
        code,
        digits,
        i64::from(from_reserve),
    ];
    conn.execute(ADD, values).await?;
    Ok(Some(plan))
}

async fn attempt(
    conn: &mut Conn,
    phone: &str,
    challenge: Option<Uuid>,
    asker: &str,
    now: Time,
) -> Result<Vec<Candidate>, Failure> {
    let latest = Code::latest(conn, phone, now).await?;
    let mut meant: Vec<Code> = Vec::new();
    if let Some(id) = challenge {
        let Some(row) = conn.optional(TRY, args![id, phone, now.ms()]).await? else { return Ok(Vec::new()) };
        let own: Uuid = row.get("code")?;
        if latest.as_ref().is_none_or(|latest| latest.id != own)
            && let Some(row) = conn.optional(CODE, args![own]).await?
        {
            meant.extend(Some(Code::of(&row, now)?).filter(|code| code.is_good));
        }
    } else {
        let Some(latest) = &latest else { return Ok(Vec::new()) };
        let (most, within) = BLIND_ATTEMPTS;
        let row = conn.one(GUESSED_BLINDLY, args![phone, asker, (now - within).ms()]).await?;
        let may_try = row.number::<u64>("guessed")? < most
            && conn.execute(TRY_BLINDLY, args![latest.id, asker, phone, now.ms()]).await? == 1;
        if !may_try {
            return Ok(Vec::new());
        }
    }
    meant.extend(latest);
    for code in &meant {
        conn.execute(COUNT_GUESS, args![code.id]).await?;
    }
    Ok(meant.into_iter().map(|code| Candidate { id: code.id, hash: code.hash }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_no_code_runs_out_before_the_next_one() {
        let seconds: Vec<i64> = [0, 1, 4, 5, 6, 7, 8, 9, 1_000].map(|n| pause_after(n).ms() / 1_000).into();
        assert_eq!(seconds, [60, 60, 60, 120, 240, 480, 600, 600, 600]);
    }

    #[test]
    fn the_more_is_guessed_the_longer_the_codes_and_all_together_hit_seldom() {
        assert_eq!([0, 99, 100, 9_999, 10_000].map(digits_after), [6, 6, 8, 8, 10]);
        assert_eq!([6, 8, 10].map(most_guesses), [250, 25_000, 2_500_000]);
        // A minute apart and good for five, five codes are good at once; so in a day, in all:
        let six = 100.0 + 5.0 * 250.0;
        let eight = 10_000.0 + 5.0 * 25_000.0;
        assert!(six / 1e6 < 1.0 / 700.0 && six / 1e6 + eight / 1e8 < 1.0 / 350.0);
    }
}
