//! Token buckets that all nodes share, on Redis. Redis may be away: then each node counts for itself, and
//! nobody waits.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, RedisError};
use peerpack_actors::time::Time;
use tokio::time::timeout;

/// No request waits longer for Redis.
const DEADLINE: Duration = Duration::from_millis(100);

/// After a failure Redis is left alone for so long, milliseconds.
const PAUSE_MS: i64 = 1_000;

/// Takes one token from each bucket if all have one; answers how many milliseconds to wait otherwise. Redis'
/// own clock counts, so nodes need not agree on the time.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait, left = 0, {}
for i, key in ipairs(KEYS) do
  local per_ms, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local held = redis.call('HMGET', key, 't', 'n')
  local tokens = burst
  if held[1] then tokens = math.min(burst, tonumber(held[2]) + (now - tonumber(held[1])) * per_ms) end
  left[i] = tokens
  if tokens < 1 then wait = math.max(wait, math.ceil((1 - tokens) / per_ms)) end
end
if wait == 0 then
  for i, key in ipairs(KEYS) do
    local per_ms, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    redis.call('HSET', key, 't', now, 'n', tostring(left[i] - 1))
    redis.call('PEXPIRE', key, math.ceil(burst / per_ms) + 1000)
  end
end
return wait";

/// A bucket: who is counted, and how much they may.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Whose it is.
    pub name: String,
    /// Tokens that come in a millisecond.
    pub per_ms: f64,
    /// Tokens that it holds.
    pub burst: f64,
}

/// The shared buckets.
pub struct Tally {
    connection: ConnectionManager,
    prefix: String,
    away_until_ms: AtomicI64,
}

impl Tally {
    /// Counts in Redis. Does not wait for it and does not mind if it is down. Needs a running tokio runtime.
    ///
    /// # Errors
    /// The URL is none of Redis.
    pub fn join(url: &str, namespace: &str) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE));
        let connection = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Self { connection, prefix: format!("{namespace}:limit:"), away_until_ms: AtomicI64::new(0) })
    }

    /// Takes one token from each bucket; answers how long to wait if one is empty, and `None` when Redis does
    /// not answer.
    pub async fn take(&self, buckets: &[Bucket], now: Time) -> Option<u64> {
        if now.ms() < self.away_until_ms.load(Ordering::Relaxed) {
            return None;
        }
        let mut command = ::redis::cmd("EVAL");
        command.arg(TAKE).arg(buckets.len());
        for bucket in buckets {
            command.arg(format!("{}{}", self.prefix, bucket.name));
        }
        for bucket in buckets {
            command.arg(bucket.per_ms).arg(bucket.burst);
        }
        let mut connection = self.connection.clone();
        match timeout(DEADLINE, command.query_async::<u64>(&mut connection)).await {
            Ok(Ok(wait_ms)) => Some(wait_ms),
            failed => {
                if let Ok(Err(error)) = failed {
                    tracing::debug!(%error, "the shared limits do not answer");
                }
                self.away_until_ms.store(now.ms() + PAUSE_MS, Ordering::Relaxed);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn bucket(name: &str, burst: f64) -> Bucket {
        Bucket { name: format!("{name}{}", rand::random::<u64>()), per_ms: 0.000_1, burst }
    }

    #[tokio::test]
    async fn all_nodes_take_from_the_same_buckets() {
        let Ok(url) = std::env::var("PEERPACK_TEST_REDIS") else {
            eprintln!("PEERPACK_TEST_REDIS is not set: NOT tested on Redis");
            return;
        };
        let (a, b) = (Tally::join(&url, "t").unwrap(), Tally::join(&url, "t").unwrap());
        let buckets = [bucket("user", 3.0), bucket("address", 100.0)];
        for node in [&a, &b, &a] {
            assert_eq!(node.take(&buckets, NOW).await, Some(0));
        }
        let wait = b.take(&buckets, NOW).await.unwrap();
        assert!((9_000..=10_000).contains(&wait), "{wait}");
        assert_eq!(a.take(&[bucket("another", 1.0)], NOW).await, Some(0));
    }

    #[tokio::test]
    async fn without_redis_nobody_waits() {
        let tally = Tally::join("redis://127.0.0.1:1/", "t").unwrap();
        assert_eq!(tally.take(&[bucket("user", 3.0)], NOW).await, None);
        let asked = [bucket("user", 3.0)];
        assert_eq!(tally.take(&asked, NOW).now_or_never(), Some(None), "it is left alone for a while");
    }
}
