//! Where uploads lie: bytes under names of our own making, in a local directory or in a
//! bucket.
//!
//! Knows neither whose a file is nor who may see it: that is the row's business, in the store. Nothing that a
//! client sent, a file name least of all, becomes part of a name here. A file appears whole or not at all.

mod local;
mod s3;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use peerpack_actors::ids::FileId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::Config;
use local::Local;
use s3::S3;

/// How long the storage may take over one file.
const WITHIN: Duration = Duration::from_secs(15);

/// How many uploads come in at once; each may take the disk's room for a document.
const PLACES: usize = 64;

/// What a file is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FileKind {
    /// A picture of a person, for everybody.
    Avatar,
    /// Something that shows who a person is, for its reviewers alone.
    Document,
    /// How a package looked when the courier took it, for both parties.
    PickupPhoto,
    /// What somebody shows in a chat, for the two.
    ChatPicture,
    /// What somebody shows on the board, for everybody.
    PostPicture,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Avatar, Self::Document, Self::PickupPhoto, Self::ChatPicture, Self::PostPicture];

    /// The word in the store and in names.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Document => "document",
            Self::PickupPhoto => "pickup_photo",
            Self::ChatPicture => "chat_picture",
            Self::PostPicture => "post_picture",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What the bytes of a file are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediaType {
    /// A picture of our own encoding.
    Jpeg,
    /// A document as it came; nobody here looks into it.
    Pdf,
}

impl MediaType {
    /// The word in headers and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Pdf => "application/pdf",
        }
    }

    /// The type of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Jpeg, Self::Pdf].into_iter().find(|media_type| media_type.word() == word)
    }

    /// How the name of such a file ends.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Pdf => "pdf",
        }
    }
}

/// The name of a file: `avatar/7f/01890a5d-…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileName {
    /// What it is for.
    pub kind: FileKind,
    /// The number of the file.
    pub id: FileId,
}

impl FileName {
    /// The last byte of an id is random, so files spread evenly.
    fn shard(self) -> u8 {
        self.id.uuid().as_bytes()[15]
    }

    /// The file that has such a name.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (kind, _, id) = (parts.next()?, parts.next()?, parts.next()?);
        let name = Self { kind: FileKind::from_word(kind)?, id: id.parse().ok()? };
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:02x}/{}", self.kind.word(), self.shard(), self.id)
    }
}

/// What is put into a file.
#[derive(Debug)]
pub enum Content {
    /// Bytes at hand.
    Bytes(Bytes),
    /// All of another file.
    File(File),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// Some of the files there are.
struct Page {
    files: Vec<(FileName, Time)>,
    /// Where the next page starts; nowhere after the last one.
    next: Option<String>,
}

/// A place for files.
#[async_trait]
trait Storage: Send + Sync {
    /// Keeps a file. When this has answered, the file survives a crash; before, there is none of that name.
    async fn put(&self, name: FileName, content: Content) -> io::Result<()>;

    /// A file, if there is one.
    async fn get(&self, name: FileName) -> io::Result<Option<Bytes>>;

    /// Removes a file, if there is one.
    async fn remove(&self, name: FileName) -> io::Result<()>;

    /// Some files with when they were made, in an order of the storage's own, from where the page before
    /// ended.
    async fn list(&self, from: Option<String>) -> io::Result<Page>;

    /// Removes what a crash left half written before `before`.
    async fn clear_unfinished(&self, before: Time) -> io::Result<()>;
}

/// The right to bring in an upload, as long as it is held.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// The files of a server. Clones are handles to the same ones.
#[derive(Clone)]
pub struct Files {
    storage: Arc<dyn Storage>,
    /// Where bodies lie while they come in.
    incoming: Arc<Path>,
    places: Arc<Semaphore>,
    /// How far the look through all files has come.
    looked: Arc<Mutex<Option<String>>>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("incoming", &self.incoming).finish_non_exhaustive()
    }
}

impl Files {
    /// Files in the bucket that is configured, or else in a directory of their own under the data directory.
    ///
    /// # Errors
    /// When the directory cannot be made or written.
    pub fn open(config: &Config) -> io::Result<Self> {
        let root = config.data_dir.join("uploads");
        let incoming = root.join("incoming");
        local::make_private(&root)?;
        local::make_private(&incoming)?;
        let storage: Arc<dyn Storage> = match &config.bucket {
            Some(bucket) => Arc::new(S3::new(bucket)?),
            None => Arc::new(Local::new(root, incoming.clone())),
        };
        let places = Arc::new(Semaphore::new(PLACES));
        Ok(Self { storage, incoming: incoming.into(), places, looked: Arc::default() })
    }

    /// Lets one more upload come in.
    ///
    /// # Errors
    /// When too many come in already.
    pub fn place(&self) -> Result<Place, Unavailable> {
        let free = Arc::clone(&self.places).try_acquire_owned();
        free.map(Place).map_err(|_| Unavailable("too many uploads at once".to_owned()))
    }

    /// Somewhere to write a body that comes in. It has no name, so it is gone with its handle, also after a
    /// crash.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub async fn receive(&self) -> Result<File, Unavailable> {
        let folder = Arc::clone(&self.incoming);
        let made = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await;
        made.map_err(io::Error::other).flatten().map_err(|error| unavailable(&error))
    }

    /// Keeps a file. When this has answered, the file survives a crash.
    ///
    /// # Errors
    /// When the storage does not take it in time. Then there may be a file that no row names.
    pub async fn put(&self, name: FileName, content: impl Into<Content> + Send) -> Result<(), Unavailable> {
        within(self.storage.put(name, content.into())).await
    }

    /// A file, if there is one.
    ///
    /// # Errors
    /// When the storage does not answer in time.
    pub async fn get(&self, name: FileName) -> Result<Option<Bytes>, Unavailable> {
        within(self.storage.get(name)).await
    }

    /// Removes a file that no row names any more. What cannot be removed now is found later, with all other
    /// files without a row.
    pub async fn remove(&self, name: FileName) {
        if let Err(error) = within(self.storage.remove(name)).await {
            tracing::warn!(%name, %error, "a file could not be removed");
        }
    }

    /// The next files from before `before`, on and on through all of them; and clears what a crash left half
    /// written.
    ///
    /// # Errors
    /// When the storage does not answer in time.
    pub async fn next_older_than(&self, before: Time) -> Result<Vec<FileName>, Unavailable> {
        within(self.storage.clear_unfinished(before)).await?;
        let from = self.looked.lock().take();
        let page = within(self.storage.list(from)).await?;
        *self.looked.lock() = page.next;
        Ok(page.files.into_iter().filter(|(_, at)| *at < before).map(|(name, _)| name).collect())
    }
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> Result<T, Unavailable> {
    match timeout(WITHIN, work).await {
        Ok(outcome) => outcome.map_err(|error| unavailable(&error)),
        Err(_) => Err(unavailable(&io::Error::from(io::ErrorKind::TimedOut))),
    }
}

fn unavailable(error: &io::Error) -> Unavailable {
    tracing::warn!(%error, "the files are in trouble");
    Unavailable(error.to_string())
}
