//! What the parties of a finished deal say about each other, and what that makes of a person.

use std::collections::BTreeMap;

use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::place::PlaceId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::receipt::Receipt;
use peerpack_actors::time::Time;
use serde_json::json;

use crate::store::Database;
use crate::store::engine::receipts;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, Value, args, hex, over_rows, rows, sql};

const DEAL: Sql = sql("SELECT sender, courier, state FROM requests WHERE id = $1");

const ADD: Sql = sql("\
    INSERT INTO reviews (request_id, author, subject, rating, text, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6)");

// The second one brings the first one to light.
const SHOW_PAIR: Sql = sql("\
    UPDATE reviews SET shown = 1 WHERE request_id = $1 \
    AND (SELECT count(*) FROM reviews AS r WHERE r.request_id = $1) = 2");

const SHOW_OLD: Sql = sql("UPDATE reviews SET shown = 1 WHERE shown = 0 AND created_at <= $1");

// The oldest of the newest few bounds the rest, so that the index is read from its end and no further.
const REVIEWS: Sql = over_rows!(
    as json,
    "SELECT v.subject, v.rating, v.text, v.created_at, COALESCE(a.name, '') AS author_name FROM",
    [id uuid],
    "CROSS JOIN reviews AS v LEFT JOIN users AS a ON a.id = v.author \
     WHERE v.subject = r.id AND v.shown = 1 AND v.created_at >= COALESCE(( \
         SELECT w.created_at FROM reviews AS w WHERE w.subject = r.id AND w.shown = 1 \
         ORDER BY w.created_at DESC LIMIT 1 OFFSET $2), 0) \
     ORDER BY r.n, v.created_at DESC"
);

const PAST: Sql = over_rows!(
    as json,
    "SELECT q.courier, q.pickup_place, q.dropoff_place, q.dropoff_at, q.state FROM",
    [id uuid],
    "CROSS JOIN requests AS q WHERE q.courier = r.id AND q.state IN ('confirmed', 'cancelled') \
     AND (q.state = 'confirmed' OR q.state_by = 'courier' OR q.resolved_by IS NOT NULL) AND q.state_at >= COALESCE(( \
         SELECT d.state_at FROM requests AS d WHERE d.courier = r.id \
         AND d.state IN ('confirmed', 'cancelled') ORDER BY d.state_at DESC LIMIT 1 OFFSET $2), 0) \
     ORDER BY r.n, q.state_at DESC"
);

/// What one party says about the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewReview {
    /// The deal that the two have had.
    pub request: RequestId,
    /// Who says it.
    pub author: UserId,
    /// 1 to 5.
    pub rating: u8,
    /// What the author writes.
    pub text: String,
}

/// What came of a review.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reviewed {
    /// It is kept.
    Kept,
    /// There is no such deal, or the author has no part in it.
    NotAParty,
    /// The deal is not confirmed.
    TooEarly,
    /// The author has reviewed it before.
    Twice,
}

/// What somebody said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReviewRecord {
    /// 1 to 5.
    pub rating: u8,
    /// In words.
    pub text: String,
    /// When it was written.
    pub at: Time,
    /// The name of who said it; empty when they are gone.
    pub author_name: String,
}

/// A package carried to an end, good or bad.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PastDelivery {
    /// Where it got on.
    pub from: PlaceId,
    /// Where it got off.
    pub to: PlaceId,
    /// When it was to be there.
    pub at: Time,
    /// Whether it arrived.
    pub success: bool,
}

/// What a courier is known by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reputation {
    /// Reviews that are shown, newest first.
    pub reviews: Vec<ReviewRecord>,
    /// Packages carried, newest first.
    pub past: Vec<PastDelivery>,
}

impl Database {
    /// Keeps a review, and its receipt.
    ///
    /// # Errors
    /// `AnsweredBefore`, or when the database does not answer.
    pub async fn review(
        &self,
        review: NewReview,
        receipt: Option<Receipt>,
        now: Time,
    ) -> Result<Reviewed, peerpack_actors::ports::CommitError> {
        let work = self.write(move |conn| {
            let (review, receipt) = (review.clone(), receipt.clone());
            Box::pin(async move { add(conn, &review, receipt.as_ref(), now).await })
        });
        match work.await {
            // The key of the table: who, about what.
            Err(Failure::Conflict) => Ok(Reviewed::Twice),
            outcome => Ok(outcome?),
        }
    }

    /// Shows reviews that have waited since `before` for the other party's; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn show_reviews(&self, before: Time) -> Result<u64, Unavailable> {
        Ok(self.execute(SHOW_OLD, args![before.ms()]).await?)
    }

    /// What several people are known by: at most `most` of each kind. Somebody without a past is left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reputations(
        &self,
        people: &[UserId],
        most: u32,
    ) -> Result<BTreeMap<UserId, Reputation>, Unavailable> {
        let ids = rows(people.iter().map(|id| json!({ "id": hex(id.uuid()) })));
        let work = self.snapshot(move |conn| Box::pin(reputations(conn, ids, most)));
        Ok(work.await?)
    }
}

async fn add(
    conn: &mut Conn,
    review: &NewReview,
    receipt: Option<&Receipt>,
    now: Time,
) -> Result<Reviewed, Failure> {
    let NewReview { request, author, rating, text } = review;
    let Some(deal) = conn.optional(DEAL, args![request.uuid()]).await? else {
        return Ok(Reviewed::NotAParty);
    };
    let (sender, courier) = (deal.user("sender")?, deal.user("courier")?);
    let subject = match *author {
        author if author == sender => courier,
        author if author == courier => sender,
        _ => return Ok(Reviewed::NotAParty),
    };
    if deal.text("state")? != "confirmed" {
        return Ok(Reviewed::TooEarly);
    }
    receipts::keep(conn, receipt.map(|receipt| (receipt, now)).into_iter()).await?;
    let rating = i64::from(*rating);
    let values = args![request.uuid(), author.uuid(), subject.uuid(), rating, text.as_str(), now.ms()];
    conn.execute(ADD, values).await?;
    conn.execute(SHOW_PAIR, args![request.uuid()]).await?;
    Ok(Reviewed::Kept)
}

async fn reputations(
    conn: &mut Conn,
    ids: Value,
    most: u32,
) -> Result<BTreeMap<UserId, Reputation>, Failure> {
    let mut found: BTreeMap<UserId, Reputation> = BTreeMap::new();
    let offset = most.saturating_sub(1);
    for row in conn.all(REVIEWS, vec![ids.clone(), offset.into()]).await? {
        found.entry(row.user("subject")?).or_default().reviews.push(review(&row)?);
    }
    for row in conn.all(PAST, vec![ids, offset.into()]).await? {
        found.entry(row.user("courier")?).or_default().past.push(past(&row)?);
    }
    // Several of the same moment are one too many.
    for reputation in found.values_mut() {
        reputation.reviews.truncate(most as usize);
        reputation.past.truncate(most as usize);
    }
    Ok(found)
}

fn review(row: &Row) -> Result<ReviewRecord, Failure> {
    Ok(ReviewRecord {
        rating: row.number("rating")?,
        text: row.text("text")?,
        at: row.time("created_at")?,
        author_name: row.text("author_name")?,
    })
}

fn past(row: &Row) -> Result<PastDelivery, Failure> {
    Ok(PastDelivery {
        from: PlaceId(row.number("pickup_place")?),
        to: PlaceId(row.number("dropoff_place")?),
        at: row.time("dropoff_at")?,
        success: row.text("state")? == "confirmed",
    })
}
