//! Retention: how long each kind of data is kept, and how long a review waits before it is shown.
//! [`rounds`](super::rounds) delete what is older.

use peerpack_actors::time::Span;

/// How long a review waits for the other party's.
pub const REVIEW_WAITS: Span = Span::days(14);

/// How long answers to repeatable calls are kept.
pub const ANSWERS: Span = Span::hours(24);

/// How long notifications are kept.
pub const NOTIFICATIONS: Span = Span::days(90);

/// How long it is known which updates have come to the bot: longer than Telegram keeps them.
pub const BOT_UPDATES: Span = Span::days(10);

/// How long messages of the bot can be edited, and how long those that did not go can be looked at.
pub const BOT_MESSAGES: Span = Span::days(30);

/// How long events are kept: as long as a client may resume (RT-5).
pub const EVENTS: Span = Span::hours(72);

/// How long sessions are remembered that have ended: far longer than an access token of theirs could live.
pub const SESSIONS: Span = Span::days(30);

/// How long it can be seen how a job went.
pub const JOBS: Span = Span::days(7);

/// How long codes are remembered: the longest of their limits.
pub const CODES: Span = Span::hours(25);

/// How long a deleted account can be restored by signing in.
pub const RESTORABLE: Span = Span::days(7);

/// How long an upload counts towards the most there may be.
pub const UPLOADS_COUNTED: Span = Span::days(1);

/// How long a file may wait for its row: longer than any request takes.
pub const UNCLAIMED: Span = Span::hours(1);

/// How long the file of a document is kept after the decision, for the case that somebody objects.
pub const DOCUMENTS: Span = Span::days(30);

/// How long messages are kept.
pub const MESSAGES: Span = Span::days(365);

/// How long a report is kept after the decision, for the case that somebody objects.
pub const REPORTS: Span = Span::days(180);

/// How long a registration waits for the code of its phone.
pub const REGISTRATIONS: Span = Span::hours(25);

/// How long a picture may wait for its message or post.
pub const UNSHOWN: Span = Span::hours(1);

/// How long a photograph is kept: longer than any delivery takes, and an argument about it.
pub const PHOTOS: Span = Span::days(90);

/// How long what administrators have done to accounts is kept.
pub const DEEDS: Span = Span::days(365);
