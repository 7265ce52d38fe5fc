//! The load test, for the program of that name and for tests that put a server under load while they break
//! something: both are judged by the same oracle.

mod api;
mod arrival;
mod budget;
mod chance;
pub mod cli;
mod clock;
pub mod cue;
pub mod idle;
mod machine;
mod measure;
pub mod oracle;
mod population;
mod publishing;
mod report;
pub mod run;
mod scenario;
mod shared;
pub mod slow;
mod socket;
mod user;
