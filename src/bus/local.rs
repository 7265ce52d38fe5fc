//! The bus of a node that is alone: nobody to tell, and presence in memory. Must not outgrow its bounds.

use std::collections::HashMap;

use async_trait::async_trait;
use parking_lot::Mutex;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{Bus, Hint};
use peerpack_actors::time::{Span, Time};

use super::{LastPosition, POSITION_TTL, Presence, Silent};

/// The most users that are remembered at once; beyond it, those that are over go first, and then news is
/// dropped.
const MAX_USERS: usize = 100_000;

/// Publishes to nobody and remembers who is around.
#[derive(Debug, Default)]
pub struct LocalBus {
    present: Mutex<HashMap<UserId, Time>>,
    positions: Mutex<HashMap<UserId, LastPosition>>,
}

impl Bus for LocalBus {
    fn publish(&self, _: Hint) {}
}

#[async_trait]
impl Presence for LocalBus {
    fn set_present(&self, user: UserId, now: Time, ttl: Span) {
        let mut present = self.present.lock();
        if present.len() >= MAX_USERS {
            present.retain(|_, until| *until > now);
        }
        if present.len() < MAX_USERS || present.contains_key(&user) {
            present.insert(user, now + ttl);
        }
    }

    fn set_position(&self, user: UserId, position: LastPosition) {
        let mut positions = self.positions.lock();
        if positions.len() >= MAX_USERS {
            positions.retain(|_, old| is_fresh(old, position.at));
        }
        if positions.len() < MAX_USERS || positions.contains_key(&user) {
            positions.insert(user, position);
        }
    }

    async fn present_count(&self, now: Time) -> Result<u64, Silent> {
        Ok(self.present.lock().values().filter(|until| **until > now).count() as u64)
    }

    async fn last_position(&self, user: UserId, now: Time) -> Result<Option<LastPosition>, Silent> {
        Ok(self.positions.lock().get(&user).copied().filter(|position| is_fresh(position, now)))
    }
}

fn is_fresh(position: &LastPosition, now: Time) -> bool {
    now.since(position.at) < POSITION_TTL
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn user(n: u8) -> UserId {
        UserId::new(NOW, [n; 10])
    }

    #[tokio::test]
    async fn who_does_not_renew_their_presence_is_gone() {
        let bus = LocalBus::default();
        bus.set_present(user(1), NOW, Span::seconds(60));
        bus.set_present(user(2), NOW, Span::seconds(60));
        bus.set_present(user(2), NOW + Span::seconds(30), Span::seconds(60));
        assert_eq!(bus.present_count(NOW + Span::seconds(59)).await, Ok(2));
        assert_eq!(bus.present_count(NOW + Span::seconds(60)).await, Ok(1));
    }

    #[tokio::test]
    async fn a_position_is_the_latest_and_is_forgotten() {
        let bus = LocalBus::default();
        let at = |lat, at| LastPosition { lat, lon: 37.6, at };
        bus.set_position(user(1), at(55.7, NOW));
        bus.set_position(user(1), at(55.8, NOW + Span::seconds(5)));
        assert_eq!(bus.last_position(user(1), NOW).await.unwrap().map(|at| at.lat), Some(55.8));
        assert_eq!(bus.last_position(user(1), NOW + Span::minutes(3)).await, Ok(None));
        assert_eq!(bus.last_position(user(2), NOW).await, Ok(None));
    }
}
