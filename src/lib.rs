//! placeholder

pub mod auth;
pub mod bus;
pub mod config;
pub mod error;
pub mod store;
pub mod telemetry;
