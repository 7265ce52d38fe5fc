//! What the store does for itself: looking for what may never happen, and forgetting what nobody will ask
//! for.

pub(super) mod audit;
pub(super) mod retention;
