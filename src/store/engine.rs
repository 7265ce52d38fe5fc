//! The engine's side of the store: units of work, the ways they take into a database, and what is read back
//! of them.

mod checkpoints;
pub(super) mod commit;
pub(super) mod groups;
pub(super) mod jobs;
pub(super) mod kinds;
pub(super) mod lanes;
pub(super) mod load;
pub(super) mod port;
pub(super) mod prepared;
pub(super) mod receipts;
pub(super) mod run;
pub(super) mod writer;
