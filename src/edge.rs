//! What every connection, request and socket passes before a handler sees it: who may, how much, from where,
//! and whether it was asked before. It knows the store, the bus and the configuration, and nothing of
//! handlers.

pub mod access;
pub mod address;
pub mod bucket;
pub mod close;
pub mod connections;
pub mod idempotency;
pub mod limits;
pub mod origins;
pub(crate) mod outbox;
pub mod request_log;
pub mod secure_headers;
pub(crate) mod sockets;
pub(crate) mod viewers;
