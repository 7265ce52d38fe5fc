//! Files in a directory: `KIND/SHARD/ID`, written aside, flushed to the disk and then renamed into place.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use peerpack_actors::time::Time;
use tokio::task::spawn_blocking;

use super::{Content, FileKind, FileName, Page, Storage};

/// About so many files are on a page; a shard is never cut.
const PAGE: usize = 1_000;

const SHARDS: usize = 256;

/// A directory that nobody else writes to.
pub(super) struct Local(Arc<Folders>);

struct Folders {
    root: PathBuf,
    /// On the same file system, so that a file can be renamed out of it.
    unfinished: PathBuf,
}

impl Local {
    /// Both folders must be there.
    pub(super) fn new(root: PathBuf, unfinished: PathBuf) -> Self {
        Self(Arc::new(Folders { root, unfinished }))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folders) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let folders = Arc::clone(&self.0);
        spawn_blocking(move || work(&folders)).await.map_err(io::Error::other)?
    }
}

#[async_trait]
impl Storage for Local {
    async fn put(&self, name: FileName, content: Content) -> io::Result<()> {
        self.run(move |folders| folders.put(name, content)).await
    }

    async fn get(&self, name: FileName) -> io::Result<Option<Bytes>> {
        self.run(move |folders| found(fs::read(folders.path(name))).map(|read| read.map(Bytes::from))).await
    }

    async fn remove(&self, name: FileName) -> io::Result<()> {
        self.run(move |folders| found(fs::remove_file(folders.path(name))).map(drop)).await
    }

    async fn list(&self, from: Option<String>) -> io::Result<Page> {
        let first = from.and_then(|from| from.parse().ok()).unwrap_or(0);
        self.run(move |folders| folders.list(first)).await
    }

    async fn clear_unfinished(&self, before: Time) -> io::Result<()> {
        self.run(move |folders| folders.clear_unfinished(before)).await
    }
}

impl Folders {
    fn path(&self, name: FileName) -> PathBuf {
        self.root.join(name.to_string())
    }

    fn put(&self, name: FileName, content: Content) -> io::Result<()> {
        let path = self.path(name);
        let folder = path.parent().ok_or(ErrorKind::InvalidInput)?;
        make_private(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.unfinished)?;
        match content {
            Content::Bytes(bytes) => file.write_all(&bytes)?,
            Content::File(mut whole) => {
                whole.rewind()?;
                io::copy(&mut whole, &mut file)?;
            }
        }
        file.as_file().sync_all()?;
        file.persist(&path)?;
        // The name is in the folder, and a new folder's name in the one above.
        File::open(folder)?.sync_all()?;
        folder.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
    }

    fn list(&self, first: usize) -> io::Result<Page> {
        let mut files = Vec::new();
        let shards = FileKind::ALL.len() * SHARDS;
        for shard in first..shards {
            if files.len() >= PAGE {
                return Ok(Page { files, next: Some(shard.to_string()) });
            }
            let prefix = format!("{}/{:02x}", FileKind::ALL[shard / SHARDS].word(), shard % SHARDS);
            for (file, at) in entries(&self.root.join(&prefix))? {
                // What is not of our making stays where it is.
                let name =
                    file.file_name().and_then(|id| FileName::parse(&format!("{prefix}/{}", id.to_str()?)));
                files.extend(name.map(|name| (name, at)));
            }
        }
        Ok(Page { files, next: None })
    }

    fn clear_unfinished(&self, before: Time) -> io::Result<()> {
        for (file, at) in entries(&self.unfinished)? {
            if at < before {
                found(fs::remove_file(file))?;
            }
        }
        Ok(())
    }
}

/// What is in a folder, with when it was last written; nothing if there is no such folder.
fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, Time)>> {
    let Some(read) = found(fs::read_dir(folder))? else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for entry in read {
        let entry = entry?;
        // It may be gone by now.
        if let Some(about) = found(entry.metadata())? {
            entries.push((entry.path(), time(about.modified()?)));
        }
    }
    Ok(entries)
}

fn time(at: SystemTime) -> Time {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn found<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a folder that only we may look into.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
