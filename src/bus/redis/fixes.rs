//! Positions of couriers on duty that wait for Redis: the latest of each, beside the queue of everything
//! else, so that no crowd of couriers keeps a hint from going out.

use std::collections::HashMap;

use parking_lot::Mutex;
use peerpack_actors::ids::UserId;
use peerpack_actors::time::Span;

use crate::bus::LastPosition;

/// The most couriers whose positions wait.
const MOST: usize = 100_000;

/// The most positions that go out in one round trip.
const AT_ONCE: usize = 1_024;

/// A position that waits, and for how long it is kept.
type Waiting = (LastPosition, Span);

/// The positions that wait: the latest one of each courier.
#[derive(Debug, Default)]
pub(super) struct Fixes(Mutex<HashMap<UserId, Waiting>>);

impl Fixes {
    /// Adds a position; whether it is the first one that waits.
    pub(super) fn put(&self, courier: UserId, fix: LastPosition, ttl: Span) -> bool {
        let mut waiting = self.0.lock();
        if waiting.len() >= MOST && !waiting.contains_key(&courier) {
            metrics::counter!("bus_dropped_total").increment(1);
            return false;
        }
        waiting.insert(courier, (fix, ttl));
        waiting.len() == 1
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Some of them, to send.
    pub(super) fn take(&self) -> Vec<(UserId, Waiting)> {
        let mut waiting = self.0.lock();
        if waiting.len() <= AT_ONCE {
            return std::mem::take(&mut *waiting).into_iter().collect();
        }
        let some: Vec<UserId> = waiting.keys().copied().take(AT_ONCE).collect();
        some.into_iter().filter_map(|courier| waiting.remove_entry(&courier)).collect()
    }
}

#[cfg(test)]
mod tests {
    use peerpack_actors::time::Time;

    use super::*;

    fn courier(n: u32) -> UserId {
        let mut random = [0; 10];
        random[..4].copy_from_slice(&n.to_be_bytes());
        UserId::new(Time::from_ms(1_790_000_000_000), random)
    }

    #[test]
    fn of_each_courier_the_latest_position_goes_out_and_all_of_them_in_turns() {
        let (fixes, at) = (Fixes::default(), Time::from_ms(1_790_000_000_000));
        for round in 0..3_u32 {
            for n in 0..2_000 {
                let fix = LastPosition { lat: f64::from(round), lon: 37.6, at };
                assert_eq!(fixes.put(courier(n), fix, Span::minutes(5)), round == 0 && n == 0);
            }
        }
        let (first, second) = (fixes.take(), fixes.take());
        assert_eq!((first.len(), second.len()), (AT_ONCE, 2_000 - AT_ONCE));
        assert!(first.iter().chain(&second).all(|(_, (fix, _))| fix.lat > 1.5));
        assert!(fixes.is_empty() && fixes.take().is_empty());
    }
}
