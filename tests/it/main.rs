//! The server as its users see it: real sockets, real HTTP, both databases. One binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod claims;
mod faults;
mod kill;
mod main_job;
mod marketplace;
mod nodes;
mod refusals;
mod repeats;
mod support;
