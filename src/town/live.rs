//! What has changed in town since somebody looked last: orders, duties, positions, each by its latest state.
//! What nobody watches is not kept.
//!
//! It is told by the dispatch, of what this node has done at once and of what others have done after their
//! hints or a comparison with the store; and it passes positions on to the other nodes.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use peerpack_actors::dispatch::track::Fix;
use peerpack_actors::dispatch::{Duty, Order};
use peerpack_actors::ids::{OrderId, UserId};
use peerpack_actors::place::Position;
use peerpack_actors::ports::Clock;
use peerpack_actors::runtime::{Unheard, Watcher};
use peerpack_actors::time::Span;
use tokio::sync::Notify;

use crate::bus::{LastPosition, Presence};

/// Changes that wait to be told, of each kind; beyond it a watcher has to look anew.
const MOST: usize = 50_000;

/// What waits to be told.
pub struct Live {
    presence: Arc<dyn Presence>,
    clock: Arc<dyn Clock>,
    /// How long anything of a position is kept, wherever that is.
    fresh: Span,
    kept: Mutex<Kept>,
    changed: Notify,
}

#[derive(Default)]
struct Kept {
    /// How many sockets watch; while none does, nothing is kept.
    watchers: usize,
    news: News,
}

/// Changes, each by its latest state.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Orders that have changed.
    pub(crate) orders: HashMap<OrderId, Order>,
    /// Duties that have changed.
    pub(crate) duties: HashMap<UserId, Duty>,
    /// Couriers who have moved; `None` of those of whom it is not known any more where they are.
    pub(crate) fixes: HashMap<UserId, Option<Fix>>,
    /// There was too much: some of it is missing.
    pub(crate) has_gap: bool,
    /// Nobody has watched before: what was told then may be old.
    pub(crate) is_anew: bool,
}

impl News {
    /// Whether nothing of it is left to be told.
    pub(crate) fn is_empty(&self) -> bool {
        let is_told = !self.has_gap && !self.is_anew;
        is_told && self.orders.is_empty() && self.duties.is_empty() && self.fixes.is_empty()
    }

    fn is_full(&self) -> bool {
        self.orders.len() >= MOST || self.duties.len() >= MOST || self.fixes.len() >= MOST
    }
}

impl Live {
    /// Nobody watches yet. A position counts for `fresh`.
    #[must_use]
    pub fn new(presence: Arc<dyn Presence>, clock: Arc<dyn Clock>, fresh: Span) -> Arc<Self> {
        Arc::new(Self { presence, clock, fresh, kept: Mutex::default(), changed: Notify::new() })
    }

    /// Somebody watches from now on.
    pub(crate) fn watch(&self) {
        let mut kept = self.kept.lock();
        kept.watchers += 1;
        if kept.watchers == 1 {
            kept.news.is_anew = true;
            drop(kept);
            self.changed.notify_one();
        }
    }

    /// Somebody watches no longer; when nobody does, nothing is kept.
    pub(crate) fn unwatch(&self) {
        let mut kept = self.kept.lock();
        kept.watchers = kept.watchers.saturating_sub(1);
        if kept.watchers == 0 {
            kept.news = News::default();
        }
    }

    /// Waits for changes, and takes all of them.
    pub(crate) async fn next(&self) -> News {
        loop {
            let changed = self.changed.notified();
            let news = std::mem::take(&mut self.kept.lock().news);
            if !news.is_empty() {
                return news;
            }
            changed.await;
        }
    }

    /// Puts back what could not be told, unless something newer is there.
    pub(crate) fn put_back(&self, news: News) {
        let mut kept = self.kept.lock();
        if kept.watchers == 0 {
            return;
        }
        let waiting = &mut kept.news;
        for (id, order) in news.orders {
            waiting.orders.entry(id).or_insert(order);
        }
        for (courier, duty) in news.duties {
            waiting.duties.entry(courier).or_insert(duty);
        }
        let now = self.clock.now();
        let is_fresh = |fix: &Option<Fix>| fix.is_none_or(|fix| now.since(fix.at) < self.fresh);
        for (courier, fix) in news.fixes.into_iter().filter(|(_, fix)| is_fresh(fix)) {
            waiting.fixes.entry(courier).or_insert(fix);
        }
        drop(kept);
        self.changed.notify_one();
    }

    fn note(&self, note: impl FnOnce(&mut News)) {
        let mut kept = self.kept.lock();
        if kept.watchers == 0 {
            return;
        }
        if kept.news.is_full() {
            kept.news = News { has_gap: true, is_anew: kept.news.is_anew, ..News::default() };
        }
        note(&mut kept.news);
        drop(kept);
        self.changed.notify_one();
    }
}

#[async_trait]
impl Watcher for Live {
    fn order(&self, order: &Order) {
        self.note(|news| {
            let known = news.orders.get(&order.id);
            if known.is_none_or(|known| known.version < order.version) {
                news.orders.insert(order.id, order.clone());
            }
        });
    }

    fn duty(&self, duty: &Duty) {
        self.note(|news| {
            let known = news.duties.get(&duty.courier);
            if known.is_none_or(|known| known.version < duty.version) {
                news.duties.insert(duty.courier, duty.clone());
            }
        });
    }

    fn moved(&self, courier: UserId, fix: Fix) {
        self.note(|news| {
            news.fixes.insert(courier, Some(fix));
        });
    }

    fn lost(&self, courier: UserId) {
        self.note(|news| {
            news.fixes.insert(courier, None);
        });
    }

    fn pass_on(&self, courier: UserId, fix: Fix) {
        let Position { lat, lon } = fix.position;
        self.presence.set_fix(courier, LastPosition { lat, lon, at: fix.at }, self.fresh);
    }

    async fn heard_elsewhere(&self, courier: UserId) -> Result<Option<Fix>, Unheard> {
        let heard = self.presence.last_fix(courier, self.clock.now(), self.fresh).await;
        let heard = heard.map_err(|_| Unheard)?;
        Ok(heard.and_then(fix_of))
    }
}

/// A position from another node; nothing if it is none on Earth.
pub(crate) fn fix_of(heard: LastPosition) -> Option<Fix> {
    let position = Position::new(heard.lat, heard.lon).ok()?;
    Some(Fix { position, at: heard.at })
}

#[cfg(test)]
mod tests {
    use peerpack_actors::time::Time;

    use super::*;
    use crate::app::SystemClock;
    use crate::bus::local::LocalBus;

    const FRESH: Span = Span::seconds(40);

    fn live() -> Arc<Live> {
        Live::new(Arc::new(LocalBus::default()), Arc::new(SystemClock), FRESH)
    }

    fn courier(n: u32) -> UserId {
        let mut random = [0; 10];
        random[6..].copy_from_slice(&n.to_be_bytes());
        UserId::new(Time::from_ms(1_790_000_000_000), random)
    }

    fn fix(ms: i64) -> Fix {
        Fix { position: Position { lat: 55.75, lon: 37.61 }, at: Time::from_ms(0) + Span::from_ms(ms) }
    }

    #[tokio::test]
    async fn of_each_courier_the_latest_waits_and_nothing_while_nobody_watches() {
        let live = live();
        live.moved(courier(1), fix(1));
        live.watch();
        live.moved(courier(2), fix(2));
        live.moved(courier(2), fix(3));
        live.lost(courier(3));
        let news = live.next().await;
        assert_eq!(news.fixes, HashMap::from([(courier(2), Some(fix(3))), (courier(3), None)]));
        live.moved(courier(2), fix(4));
        live.put_back(news);
        let fixes = live.next().await.fixes;
        assert_eq!(fixes[&courier(2)], Some(fix(4)), "the newer one stays");
        live.moved(courier(2), fix(5));
        live.unwatch();
        assert!(live.kept.lock().news.is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_told_is_not_kept_beyond_its_time() {
        let live = live();
        live.watch();
        let now = SystemClock.now();
        let at = |at| Some(Fix { position: Position { lat: 55.75, lon: 37.61 }, at });
        let (old, young) = (at(now - FRESH), at(now - FRESH + Span::seconds(30)));
        let fixes = HashMap::from([(courier(1), old), (courier(2), young), (courier(3), None)]);
        assert!(live.next().await.is_anew);
        live.put_back(News { fixes, ..News::default() });
        assert_eq!(live.next().await.fixes, HashMap::from([(courier(2), young), (courier(3), None)]));
    }

    #[tokio::test]
    async fn too_much_is_dropped_and_said() {
        let live = live();
        live.watch();
        for n in 0..=u32::try_from(MOST).unwrap() {
            live.moved(courier(n), fix(1));
        }
        let news = live.next().await;
        assert!(news.has_gap && news.fixes.len() == 1);
    }
}
