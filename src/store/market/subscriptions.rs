//! Standing questions of people.

use peerpack_actors::ids::{SubscriptionId, UserId};
use peerpack_actors::market::package::End;
use peerpack_actors::market::subscription::{MAX_OF_ONE, Subscription};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

use crate::store::Database;
use crate::store::sql::codec::{subscription, subscription_columns};
use crate::store::sql::{Sql, args, each, locking, sql};

// Of two that are asked at once one waits for the other, so that what is counted stays so.
const OWNER: Sql = locking!("SELECT id FROM users WHERE id = $1", "FOR NO KEY UPDATE");

const LIVE_OF: Sql = sql("\
    SELECT count(*) AS live FROM subscriptions WHERE user_id = $1 AND cancelled_at IS NULL AND ends_at > $2");

const ADD: Sql = sql(concat!(
    "INSERT INTO subscriptions (",
    subscription_columns!(),
    ", updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, $12)"
));

const OF_USER: Sql = sql(concat!(
    "SELECT ",
    subscription_columns!(),
    " FROM subscriptions WHERE user_id = $1 AND cancelled_at IS NULL AND ends_at > $2 ORDER BY id DESC"
));

const CANCEL: Sql = sql("\
    UPDATE subscriptions SET cancelled_at = $3, updated_at = $3 \
    WHERE id = $1 AND user_id = $2 AND cancelled_at IS NULL");

impl Database {
    /// Keeps a question; `false` if its owner has as many as they may.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_subscription(&self, new: Subscription) -> Result<bool, Unavailable> {
        let work = self.write(move |conn| {
            let new = new.clone();
            Box::pin(async move {
                conn.one(OWNER, args![new.user.uuid()]).await?;
                let live: u32 =
                    conn.one(LIVE_OF, args![new.user.uuid(), new.created_at.ms()]).await?.number("live")?;
                if live >= MAX_OF_ONE {
                    return Ok(false);
                }
                let place = |end: &End| i64::from(end.place.0);
                let values = args![
                    new.id.uuid(),
                    new.user.uuid(),
                    new.wanted.word(),
                    place(&new.from),
                    new.from.position.lat,
                    new.from.position.lon,
                    place(&new.to),
                    new.to.position.lat,
                    new.to.position.lon,
                    new.starts_at.ms(),
                    new.ends_at.ms(),
                    new.created_at.ms(),
                ];
                conn.execute(ADD, values).await?;
                Ok(true)
            })
        });
        Ok(work.await?)
    }

    /// Somebody's questions that stand, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn subscriptions_of(&self, user: UserId, now: Time) -> Result<Vec<Subscription>, Unavailable> {
        Ok(each(&self.rows(OF_USER, args![user.uuid(), now.ms()]).await?, subscription)?)
    }

    /// Takes one's own question back; answers whether it stood.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn cancel_subscription(
        &self,
        id: SubscriptionId,
        user: UserId,
        now: Time,
    ) -> Result<bool, Unavailable> {
        Ok(self.execute(CANCEL, args![id.uuid(), user.uuid(), now.ms()]).await? == 1)
    }
}
