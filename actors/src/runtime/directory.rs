//! Who lives where: from an id to the bounded address of its actor, spawned on demand.
//!
//! Nobody keeps an address for long. A dead or retired actor is replaced at the next call, and by the
//! supervisor at the latest.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use actix::ArbiterHandle;
use parking_lot::Mutex;

use super::mailbox::{Living, Mailbox};

const SHARDS: usize = 64;

/// Makes the actor of an id on an arbiter. The flag tells the directory that the actor has retired.
pub(super) type Spawn<K, I> = Box<dyn Fn(K, &ArbiterHandle, Arc<AtomicBool>) -> Arc<I> + Send + Sync>;

/// All living actors of one kind, known by what they take.
pub(super) struct Directory<K, I: ?Sized> {
    shards: Vec<Mutex<HashMap<K, Mailbox<I>>>>,
    arbiters: Vec<ArbiterHandle>,
    hasher: RandomState,
    spawn: Spawn<K, I>,
    kind: &'static str,
}

impl<K: Copy + Eq + Hash, I: Living + ?Sized> Directory<K, I> {
    pub(super) fn new(kind: &'static str, arbiters: Vec<ArbiterHandle>, spawn: Spawn<K, I>) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Self { shards, arbiters, hasher: RandomState::new(), spawn, kind }
    }

    /// The actor of the id; a new one if there is none or it is gone.
    pub(super) fn get(&self, id: K) -> Mailbox<I> {
        let hash = self.hash(id);
        let mut shard = self.shards[hash % SHARDS].lock();
        match shard.get(&id) {
            Some(mailbox) if mailbox.is_open() => mailbox.clone(),
            previous => {
                if previous.is_some_and(Mailbox::is_dead) {
                    metrics::counter!("peerpack_actor_restarts_total", "kind" => self.kind).increment(1);
                    tracing::error!(kind = self.kind, "an actor died and is rebuilt from the store");
                }
                let retired = Arc::new(AtomicBool::new(false));
                let arbiter = &self.arbiters[(hash / SHARDS) % self.arbiters.len()];
                let mailbox = Mailbox::new((self.spawn)(id, arbiter, Arc::clone(&retired)), retired);
                shard.insert(id, mailbox.clone());
                mailbox
            }
        }
    }

    /// The actor of the id, if one lives.
    pub(super) fn existing(&self, id: K) -> Option<Mailbox<I>> {
        let shard = self.shards[self.hash(id) % SHARDS].lock();
        shard.get(&id).filter(|mailbox| mailbox.is_open()).cloned()
    }

    /// Ids whose actor died. Retired ones are forgotten on the way.
    pub(super) fn dead(&self) -> Vec<K> {
        let mut dead = Vec::new();
        for shard in &self.shards {
            shard.lock().retain(|id, mailbox| {
                if mailbox.is_dead() {
                    dead.push(*id);
                }
                mailbox.is_open() || mailbox.is_dead()
            });
        }
        dead
    }

    /// What its actors are called in logs and metrics.
    pub(super) const fn kind(&self) -> &'static str {
        self.kind
    }

    /// How many actors live.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// How many messages wait in all their mailboxes.
    pub(super) fn messages(&self) -> usize {
        let of_shard = |shard: &Mutex<HashMap<K, Mailbox<I>>>| -> usize {
            shard.lock().values().map(Mailbox::messages).sum()
        };
        self.shards.iter().map(of_shard).sum()
    }

    fn hash(&self, id: K) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a hash will do")]
        let hash = self.hasher.hash_one(id) as usize;
        hash
    }
}
