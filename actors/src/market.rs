//! The market: packages and trips as machines, the requests that join them, and the values that they are made
//! of.

pub mod bounds;
pub mod cancellation;
pub mod load;
pub mod package;
pub mod phase;
pub mod request;
pub mod subscription;
pub mod trip;
