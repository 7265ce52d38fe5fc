//! Ways that are known, the last ones used: also which ones the service knows no way for.

use std::time::Duration;

use hashlink::LruCache;
use peerpack_actors::matching::Way;
use peerpack_actors::matching::measure::Journey;
use tokio::time::Instant;

/// The last ways.
#[derive(Debug)]
pub(super) struct Cache {
    ways: LruCache<Journey, (Option<Way>, Instant)>,
    kept_for: Duration,
}

impl Cache {
    pub(super) fn new(most: usize, kept_for: Duration) -> Self {
        Self { ways: LruCache::new(most), kept_for }
    }

    fn get(&mut self, journey: Journey, now: Instant) -> Option<Option<Way>> {
        let (way, at) = *self.ways.get(&journey)?;
        (now.duration_since(at) < self.kept_for).then_some(way)
    }

    /// The journeys of which nothing is known.
    pub(super) fn missing(&mut self, journeys: &[Journey], now: Instant) -> Vec<Journey> {
        journeys.iter().copied().filter(|journey| self.get(*journey, now).is_none()).collect()
    }

    /// What is known of each.
    pub(super) fn of(&mut self, journeys: &[Journey], now: Instant) -> Vec<Option<Way>> {
        journeys.iter().map(|journey| self.get(*journey, now).flatten()).collect()
    }

    pub(super) fn keep(&mut self, ways: Vec<(Journey, Option<Way>)>, now: Instant) {
        for (journey, way) in ways {
            self.ways.insert(journey, (way, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_last_ways_for_so_long() {
        let (now, kept_for) = (Instant::now(), Duration::from_secs(60));
        let mut cache = Cache::new(2, kept_for);
        let way = Some(Way { seconds: 1, metres: 2 });
        cache.keep(vec![((0, 1), way), ((1, 0), None)], now);
        assert_eq!(cache.of(&[(0, 1), (1, 0), (2, 0)], now), [way, None, None]);
        assert_eq!(
            cache.missing(&[(0, 1), (1, 0), (2, 0)], now),
            [(2, 0)],
            "that there is no way is known, too"
        );
        cache.keep(vec![((2, 0), way)], now);
        assert_eq!(cache.missing(&[(0, 1), (1, 0), (2, 0)], now), [(0, 1)]);
        assert_eq!(cache.missing(&[(1, 0), (2, 0)], now + kept_for), [(1, 0), (2, 0)]);
    }
}
