//! The server as its users see it: real sockets, real HTTP, both databases. One binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod alone;
mod asking;
mod attacks;
mod bot;
mod choices;
mod claims;
mod clients;
mod deaf;
mod description;
mod dispatch;
mod disputes;
mod dry_runs;
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
#[path = "../shared/migrated.rs"]
mod migrated;
mod money;
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
mod subscriptions;
mod supervised;
mod support;
mod talk;
mod times;
mod top;
mod traces;
mod updates;
mod uploads;
