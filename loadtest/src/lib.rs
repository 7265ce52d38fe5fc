//! The load test, for the program of that name and for tests that put a server under load while they break
//! something: both are judged by the same oracle.

mod api;
mod arrival;
pub mod baseline;
mod budget;
mod chance;
pub mod cli;
mod clock;
pub mod compare;
pub mod crowd;
pub mod cue;
pub mod dispatch;
mod disturbance;
pub mod export;
pub mod idle;
pub mod knee;
pub mod list;
mod live;
mod machine;
mod measure;
pub mod oracle;
mod population;
mod publishing;
mod report;
pub mod run;
mod sampler;
mod scenario;
mod series;
mod shared;
pub mod slow;
mod socket;
mod stages;
mod talking;
mod user;
pub mod verdict;
mod world;
