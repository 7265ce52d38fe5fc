//! The server of PeerPack: the edges (HTTP, WebSocket) and the adapters (store, bus) around the engine.

pub mod app;
pub mod audit;
pub mod auth;
pub mod bus;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod demo;
pub mod edge;
pub mod error;
pub mod files;
pub mod http;
pub mod maintenance;
pub mod payments;
pub mod pictures;
pub mod routing;
pub mod startup;
pub mod store;
pub mod supervise;
pub mod telegram;
pub mod telemetry;
pub mod texts;
pub mod top;
pub mod typed;
pub mod ws;
