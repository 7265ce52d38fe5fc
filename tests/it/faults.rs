//! What goes wrong on purpose. Each test is named by the number of its fault.

mod chaos;
mod network;
mod peers;
pub mod process;
mod restarts;
mod storms;
