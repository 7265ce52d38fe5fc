//! Texts that must not be seen: in logs, in debug output, in error messages.

use std::convert::Infallible;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use crate::auth::token::MIN_KEY_BYTES;

/// A text that prints as `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

/// The secret kept in a file only its owner may read; made of `fresh` the first time.
pub(super) fn kept(dir: &Path, name: &str, fresh: [u8; 32]) -> io::Result<Secret> {
    let path = dir.join(name);
    fs::create_dir_all(dir)?;
    if !path.try_exists()? {
        // Written aside and then linked: a process that starts at the same moment finds all of it or nothing.
        let aside = dir.join(format!("{name}.{}", hex::encode(&fresh[..4])));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        file.write_all(hex::encode(fresh).as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&aside, &path);
        fs::remove_file(&aside)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let text = fs::read_to_string(&path)?;
    let text = text.trim();
    if text.len() < MIN_KEY_BYTES {
        let message = format!("{} holds no usable secret; remove it to get a new one", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(text.into())
}
