//! People: signing in and out, what others see of them, what shows who they are, what they should know.

pub mod avatars;
pub mod documents;
pub mod identity;
pub(crate) mod notifications;
pub mod profile;
pub(super) mod reviews;
