//! Sessions that were ended although their access tokens are still good: a logout, a theft, a ban, another
//! role.
//!
//! Kept in memory for as long as such a token can live, and learned from the store every two seconds,
//! whichever node ended them. Knows nothing about the store: it is asked through [`Learn`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::RwLock;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{Clock, Unavailable};
use peerpack_actors::time::{Span, Time};
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::Welcome;
use super::token::{Access, MAX_LIFETIME};

/// How often the store is asked.
const EVERY: Duration = Duration::from_secs(2);

/// How far back each look goes beyond the last one: clocks of nodes differ, and commits take their time.
const OVERLAP: Span = Span::minutes(2);

/// Every so many looks goes all the way back: a clock may be further behind than that.
const WIDE_EVERY: u32 = 30;

/// A session that was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The session that has ended.
    pub session: Uuid,
    /// Whose session it was.
    pub user: UserId,
    /// When the session ended.
    pub at: Time,
    /// Whether the user is banned.
    pub is_banned: bool,
}

/// Sessions that were ended at or after a moment.
pub type Learn = Box<dyn Fn(Time) -> BoxFuture<'static, Result<Vec<Ended>, Unavailable>> + Send + Sync>;

/// What happens to the sockets of those whose sessions were ended.
pub type Close = Box<dyn Fn(&[Ended]) + Send + Sync>;

/// The sessions that were ended lately.
pub struct Revocations {
    ended: RwLock<HashMap<Uuid, Time>>,
    learn: Learn,
    close: Close,
}

/// Learns as long as it lives.
#[derive(Debug)]
pub struct Learning(AbortHandle);

impl Drop for Learning {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Revocations {
    /// What is known at the start, and what is learned from then on.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn start(
        learn: Learn,
        close: Close,
        clock: Arc<dyn Clock>,
    ) -> Result<(Arc<Self>, Learning), Unavailable> {
        let now = clock.now();
        let revocations = Arc::new(Self { ended: RwLock::default(), learn, close });
        revocations.look(now - MAX_LIFETIME, now).await?;
        let looking = Arc::clone(&revocations);
        let task = tokio::spawn(async move {
            for round in 1_u32.. {
                tokio::time::sleep(EVERY).await;
                // Somebody's clock may have been ahead: what is ended after that is not to be missed.
                let now = looking.latest(now).min(clock.now());
                if let Err(error) = looking.look(since(round, now), now).await {
                    tracing::warn!(%error, "cannot learn which sessions were ended");
                }
            }
        });
        Ok((revocations, Learning(task.abort_handle())))
    }

    /// Looks at once: somebody was just signed out here.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn refresh(&self, now: Time) -> Result<(), Unavailable> {
        self.look(now - OVERLAP, now).await
    }

    async fn look(&self, since: Time, now: Time) -> Result<(), Unavailable> {
        let mut news = (self.learn)(since).await?;
        {
            let mut ended = self.ended.write();
            news.retain(|one| ended.insert(one.session, one.at).is_none());
        }
        if !news.is_empty() {
            (self.close)(&news);
        }
        let forgotten = now - MAX_LIFETIME - OVERLAP;
        self.ended.write().retain(|_, at| *at >= forgotten);
        Ok(())
    }

    /// The time up to which everything is known: the last ending, or the start.
    fn latest(&self, start: Time) -> Time {
        self.ended.read().values().copied().fold(start, Time::max)
    }
}

/// How far back a look goes.
fn since(round: u32, now: Time) -> Time {
    now - if round.is_multiple_of(WIDE_EVERY) { MAX_LIFETIME } else { OVERLAP }
}

impl Welcome for Revocations {
    fn is_welcome(&self, access: &Access) -> bool {
        !self.ended.read().contains_key(&access.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_in_a_minute_a_look_goes_back_as_far_as_any_token_reaches() {
        let now = Time::from_ms(1_790_000_000_000);
        let a_minute = 60 / u32::try_from(EVERY.as_secs()).unwrap();
        for start in [1, 1_000] {
            let looks: Vec<Time> = (start..start + a_minute).map(|round| since(round, now)).collect();
            assert_eq!(looks.iter().filter(|since| **since == now - MAX_LIFETIME).count(), 1);
            assert_eq!(looks.iter().filter(|since| **since == now - OVERLAP).count(), looks.len() - 1);
        }
    }
}
