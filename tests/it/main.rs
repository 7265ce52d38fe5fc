//! The server as its users see it: real sockets, real HTTP, both databases. One binary.

mod claims;
mod main_job;
mod refusals;
mod support;
