//! The server as its users see it: real sockets, real HTTP, both databases. One binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod alone;
mod asking;
mod attacks;
mod choices;
mod claims;
mod clients;
mod deaf;
mod description;
mod disputes;
mod ends;
mod fairness;
mod faults;
mod fields;
mod finding;
mod hand_over;
mod identity;
mod kill;
mod learning;
mod main_job;
mod marketplace;
mod matrix;
mod methods;
mod nodes;
mod older_client;
mod pages;
mod people;
mod places;
mod production;
mod promises;
mod protection;
mod readers;
mod realtime;
mod refusals;
mod repeats;
mod retention;
mod room_kept;
mod routing;
mod search;
mod supervised;
mod support;
mod times;
mod traces;
mod updates;
mod uploads;
