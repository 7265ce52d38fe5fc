//! What people put up on the board for everybody to see.

use crate::ids::{FileId, PackageId, PostId, TripId, UserId};
use crate::place::PlaceId;
use crate::rejection::Rejection;
use crate::time::Time;

use super::masking;

/// The most characters of a post.
pub const MAX_CHARS: usize = 2_000;

/// How many posts of one person stand on the board at a time.
pub const MAX_OF_ONE: u32 = 20;

/// What a post belongs to. A reader can ask for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tie {
    /// A trip of the author's.
    Trip(TripId),
    /// A package of the author's.
    Package(PackageId),
}

/// What a post says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// Without contact details.
    pub text: String,
    /// Where from, if the author says so.
    pub from: Option<PlaceId>,
    /// Where to, if the author says so.
    pub to: Option<PlaceId>,
    /// A trip or a package of the author's.
    pub tie: Option<Tie>,
}

impl Content {
    /// What may be put up. Contact details are kept back: everybody reads the board.
    ///
    /// # Errors
    /// There is nothing to read, or too much.
    pub fn new(
        text: &str,
        from: Option<PlaceId>,
        to: Option<PlaceId>,
        tie: Option<Tie>,
    ) -> Result<Self, Rejection> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err(Rejection::Invalid { field: "text", reason: "must not be empty" }),
            MAX_CHARS.. if text.chars().count() > MAX_CHARS => {
                Err(Rejection::Invalid { field: "text", reason: "must be at most 2000 characters" })
            }
            _ => Ok(Self { text: masking::masked(text, &masking::find(text)), from, to, tie }),
        }
    }
}

/// Where a post stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PostState {
    /// Everybody sees it.
    Shown,
    /// An operator has taken it down; its author sees why.
    Hidden {
        /// In the operator's words.
        reason: String,
    },
    /// Its author has taken it away.
    Deleted,
}

impl PostState {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Hidden { .. } => "hidden",
            Self::Deleted => "deleted",
        }
    }
}

/// A post on the board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Post {
    /// Its id: newer ones are larger.
    pub id: PostId,
    /// Who has put it up.
    pub author: UserId,
    /// What they are called.
    pub author_name: String,
    /// The path of their picture, if they have one.
    pub author_avatar: Option<String>,
    /// What it says.
    pub content: Content,
    /// Shown beside it.
    pub picture: Option<FileId>,
    /// Where it stands.
    pub state: PostState,
    /// Raised by every change.
    pub version: i64,
    /// When it was put up.
    pub created_at: Time,
    /// When it was changed last.
    pub updated_at: Time,
}

impl Post {
    /// Whether somebody may see it.
    #[must_use]
    pub fn is_seen_by(&self, user: Option<UserId>) -> bool {
        match self.state {
            PostState::Shown => true,
            PostState::Hidden { .. } => user == Some(self.author),
            PostState::Deleted => false,
        }
    }
}
