//! What goes wrong on purpose. Each test is named by the number of its fault.

mod account_closure;
mod actors;
mod backups;
mod cancelled;
mod chaos;
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
