//! Packages, trips, and the requests that join them: publishing, finding, asking, delivering, and what is
//! seen of it.

pub mod couriers;
pub mod disputes;
pub mod explain;
pub mod handover;
pub mod next;
pub mod packages;
pub mod photos;
pub mod requests;
pub mod responses;
pub mod search;
pub mod subscriptions;
pub mod sync;
pub mod tracking;
pub mod trips;
pub mod updates;
