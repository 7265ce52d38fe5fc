//! What stands on the board, in the memory of each node: lists of posts are read far more often than posts
//! are written.
//!
//! Posts are a kind of work to the engine, for its hints alone: the node that has changed one tells the
//! others, which read it again, and all compare with the store every few seconds. A list is rendered once for
//! all who ask for it, until a post changes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use peerpack_actors::ids::PostId;
use peerpack_actors::place::PlaceId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::runtime::{Context, Kind};
use peerpack_actors::talk::post::{Post, PostState};
use peerpack_actors::time::Time;
use peerpack_actors::work::WorkId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::{BoardQuery, Database};

/// The kind of posts, in the hints of nodes.
const POST: &str = "post";

/// How many posts a node keeps: the newest. Older ones are read from the store.
const KEPT: usize = 5_000;

/// Posts that are read at once at the start.
const PAGE: u32 = 500;

/// How many versions of posts are remembered, also of those that are gone.
const VERSIONS: usize = 4 * KEPT;

/// How many lists are kept rendered.
const LISTS: usize = 256;

/// Which list somebody asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ListKey {
    /// From behind this post.
    pub after: Option<PostId>,
    /// Near these ends of a way.
    pub near: (Option<PlaceId>, Option<PlaceId>),
    /// The most posts of one answer.
    pub limit: usize,
    /// What else the rendering depends on.
    pub rendering: String,
}

/// A list, rendered.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The body of the answer.
    pub body: Bytes,
    /// Its `ETag`: the same on every node for the same body.
    pub tag: String,
}

/// The board of a node.
pub struct Board {
    database: Database,
    held: RwLock<Held>,
    lists: Mutex<HashMap<ListKey, (u64, Rendered)>>,
}

#[derive(Default)]
struct Held {
    /// The posts in memory, newest first.
    posts: BTreeMap<Reverse<PostId>, Arc<Post>>,
    versions: HashMap<PostId, i64>,
    /// Raised by every change.
    revision: u64,
    /// Whether there are older ones in the store only.
    is_cut: bool,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").field("posts", &self.held.read().posts.len()).finish_non_exhaustive()
    }
}

impl Board {
    /// An empty board over a store.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, held: RwLock::default(), lists: Mutex::default() }
    }

    /// What a post is called in hints.
    #[must_use]
    pub const fn work(id: PostId) -> WorkId {
        WorkId::new(POST, id.uuid())
    }

    /// Takes in a post as it is now, unless a newer version is known.
    pub fn follow(&self, post: Post) {
        let mut held = self.held.write();
        let id = post.id;
        if held.versions.get(&id).is_some_and(|known| *known >= post.version) {
            return;
        }
        if held.versions.len() >= VERSIONS {
            let Held { posts, versions, .. } = &mut *held;
            versions.retain(|id, _| posts.contains_key(&Reverse(*id)));
        }
        held.versions.insert(id, post.version);
        held.revision += 1;
        if post.state == PostState::Shown {
            held.posts.insert(Reverse(id), Arc::new(post));
            if held.posts.len() > KEPT {
                held.posts.pop_last();
                held.is_cut = true;
            }
        } else {
            held.posts.remove(&Reverse(id));
        }
    }

    /// A list as `render` writes it, with where the next one starts; rendered anew only after a change.
    /// Nothing if it begins behind what is kept here.
    pub fn list(
        &self,
        key: &ListKey,
        is_near: impl Fn(&Post) -> bool,
        render: impl FnOnce(&[Arc<Post>], Option<PostId>) -> Vec<u8>,
    ) -> Option<Rendered> {
        let revision = self.held.read().revision;
        if let Some((of, rendered)) = self.lists.lock().get(key)
            && *of == revision
        {
            return Some(rendered.clone());
        }
        let (found, next, revision) = self.find(key, is_near)?;
        let body = render(&found, next);
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..12]));
        let rendered = Rendered { body: body.into(), tag };
        let mut lists = self.lists.lock();
        if lists.len() >= LISTS {
            lists.retain(|_, (of, _)| *of == revision);
            if lists.len() >= LISTS {
                lists.clear();
            }
        }
        lists.insert(key.clone(), (revision, rendered.clone()));
        Some(rendered)
    }

    fn find(
        &self,
        key: &ListKey,
        is_near: impl Fn(&Post) -> bool,
    ) -> Option<(Vec<Arc<Post>>, Option<PostId>, u64)> {
        let held = self.held.read();
        let behind = key.after.map_or(Reverse(PostId::from(Uuid::max())), Reverse);
        let mut rest = held.posts.range((std::ops::Bound::Excluded(behind), std::ops::Bound::Unbounded));
        let mut found = Vec::with_capacity(key.limit);
        for (_, post) in rest.by_ref() {
            if is_near(post) {
                found.push(Arc::clone(post));
                if found.len() == key.limit {
                    break;
                }
            }
        }
        let is_full = found.len() == key.limit;
        if !is_full && held.is_cut {
            return None;
        }
        let next = found.last().filter(|_| is_full).map(|last| last.id);
        Some((found, next, held.revision))
    }
}

#[async_trait]
impl Kind for Board {
    fn name(&self) -> &'static str {
        POST
    }

    async fn restore(&self, _: &Arc<Context>) -> Result<(), Unavailable> {
        let mut after = None;
        loop {
            let posts = self.database.posts(BoardQuery::Shown(after), PAGE).await?;
            after = posts.last().map(|last| last.id);
            let is_last = posts.len() < PAGE as usize;
            posts.into_iter().for_each(|post| self.follow(post));
            let mut held = self.held.write();
            if is_last || held.posts.len() >= KEPT {
                held.is_cut |= !is_last;
                return Ok(());
            }
        }
    }

    async fn refresh(&self, _: &Arc<Context>, id: Uuid) {
        if let Ok(Some(post)) = self.database.post(id.into()).await {
            self.follow(post);
        }
    }

    async fn changed(
        &self,
        _: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        self.database.changed_posts(since, limit).await
    }

    fn known(&self, _: &Context, id: Uuid) -> Option<i64> {
        self.held.read().versions.get(&id.into()).copied()
    }

    async fn see_to_due(&self, _: &Arc<Context>) -> Result<(), Unavailable> {
        Ok(())
    }

    fn gauges(&self, _: &Context) -> Vec<(&'static str, usize)> {
        vec![("peerpack_posts", self.held.read().posts.len())]
    }
}
