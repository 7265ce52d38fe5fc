//! The command as people and scripts use it: the program itself against a server in this process, with a liar
//! in between where a fault has to be found.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod baseline;
mod commands;
mod dispatch;
mod faults;
mod liar;
mod scenarios;
mod support;
