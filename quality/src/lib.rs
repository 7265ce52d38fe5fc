//! How good the matching is: generated markets, the engine's own matching under a virtual clock, and the part
//! it gets of what could have been had with everything known beforehand.
//!
//! It drives the real code of `peerpack-actors`; nothing here decides whom the engine asks.

pub mod baselines;
pub mod dispatch;
pub mod engine;
pub mod generator;
pub mod hindsight;
pub mod market;
pub mod measure;
pub mod pdptw;
pub mod report;
pub mod seed;
pub mod simulation;
pub mod small;
