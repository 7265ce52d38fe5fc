//! What goes wrong on purpose. Each test is named by the number of its fault.

use std::fs::OpenOptions;
use std::io::Write as _;

mod account_closure;
mod actors;
mod backups;
mod cancelled;
mod chaos;
mod claims;
mod clocks;
mod crashes;
mod disk;
mod fleet;
mod large;
mod locks;
mod maintenance;
mod market;
mod migrations;
mod network;
mod order;
mod peers;
mod postgres;
pub mod process;
mod redis;
mod resp;
mod restarts;
mod scarcity;
mod services;
mod storms;
mod threads;

/// Says that a test is not run for want of something, in its output and in the list that
/// `scripts/services.sh` prints at the end.
fn not_run(why: &str) {
    eprintln!("{why}: not run");
    if let Some(list) = std::env::var_os("PEERPACK_TEST_NOT_RUN") {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let mut list = OpenOptions::new().create(true).append(true).open(list).unwrap();
        list.write_all(format!("{test}: {why}\n").as_bytes()).unwrap();
    }
}
