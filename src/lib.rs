//! The server of PeerPack: the edges (HTTP, WebSocket) and the adapters (store, bus) around the engine.

pub mod app;
pub mod auth;
pub mod bus;
pub mod config;
pub mod error;
pub mod store;
pub mod telemetry;
pub mod ws;
