//! What people look at of packages, trips and requests, and the few rows beside the engine that belong to
//! them.

pub(super) mod disputes;
pub(super) mod hand_overs;
pub(super) mod reviews;
pub(super) mod subscriptions;
pub(super) mod views;
