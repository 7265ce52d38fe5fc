//! What a run and a test that breaks something meanwhile tell each other.

use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::sync::Notify;

/// Both hold it, and each waits for the other's word.
#[derive(Default)]
pub struct Cue {
    /// Everybody is there, and the first packages are published.
    pub began: Notify,
    /// No more packages are to be published, although the time is not up: once there are as many deals as are
    /// wanted.
    pub enough: AtomicBool,
    /// How many deals are wanted at least.
    pub deals: AtomicU64,
}
