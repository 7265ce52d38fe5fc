//! People: accounts, the ways to sign in, sessions, documents, what they should know.

pub(super) mod accounts;
pub(super) mod attempts;
pub(super) mod codes;
pub(super) mod documents;
pub(super) mod files;
pub(super) mod notifications;
pub(super) mod operators;
pub(super) mod second_factors;
pub(super) mod sessions;
pub(super) mod sign_in_links;
pub(super) mod staff;
pub(super) mod tickets;
pub(super) mod tokens;
pub(super) mod users;
