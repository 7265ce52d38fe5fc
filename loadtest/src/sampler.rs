//! Looks once in a second at who uses how much of the machine, and whether the generator's own timers are in
//! time.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::task::JoinHandle;

use crate::cli::RunOptions;
use crate::machine::{Used, memory_mib};
use crate::measure::Metric;
use crate::shared::Shared;

/// How often the generator's own timers are looked at.
const PULSE_US: u64 = 20_000;

/// The most samples that are kept; from then on every second one is.
const SAMPLES: usize = 360;

/// What one look at the processes has shown.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Sample {
    /// Seconds since the clock started.
    pub(crate) at_s: f64,
    /// Cores in use by the server since the look before.
    pub(crate) server: f64,
    /// By the load generator.
    pub(crate) generator: f64,
    /// By everything else.
    pub(crate) others: f64,
    /// Memory of the server, mebibytes.
    pub(crate) server_mib: f64,
    /// Of the load generator.
    pub(crate) generator_mib: f64,
    /// People without a connection.
    pub(crate) away: i64,
}

/// Looks until it is told to stop.
pub(crate) struct Sampler {
    samples: Arc<Mutex<Vec<Sample>>>,
    tasks: [JoinHandle<()>; 2],
}

impl Sampler {
    /// Starts to look.
    pub(crate) fn start(shared: &Arc<Shared>, options: &RunOptions, start_us: u64) -> Self {
        let samples = Arc::<Mutex<Vec<Sample>>>::default();
        let looking = look(Arc::clone(shared), options.clone(), start_us, Arc::clone(&samples));
        Self { samples, tasks: [tokio::spawn(looking), tokio::spawn(pulse(Arc::clone(shared)))] }
    }

    /// Stops. Everything that was seen.
    pub(crate) fn stop(self) -> Vec<Sample> {
        self.tasks.iter().for_each(JoinHandle::abort);
        std::mem::take(&mut self.samples.lock())
    }
}

async fn look(shared: Arc<Shared>, options: RunOptions, start_us: u64, samples: Arc<Mutex<Vec<Sample>>>) {
    let own = [std::process::id()];
    let (mut every, mut number) = (1, 0_usize);
    let mut pids = options.server_pids();
    let (mut used, mut since) = (Used::now(&pids), shared.clock.now_us());
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        number += 1;
        if number % every != 0 {
            continue;
        }
        let now = shared.clock.now_us();
        let now_pids = options.server_pids();
        let now_used = Used::now(&now_pids);
        // A server that was started again has used nothing before.
        let cores = now_used.since(used, (now - since) as f64 / 1e6);
        let server = if now_pids == pids { cores.server } else { 0.0 };
        let mut samples = samples.lock();
        samples.push(Sample {
            at_s: now.saturating_sub(start_us) as f64 / 1e6,
            server,
            generator: cores.generator,
            others: cores.others,
            server_mib: memory_mib(&now_pids, "VmRSS"),
            generator_mib: memory_mib(&own, "VmRSS"),
            away: shared.away.load(std::sync::atomic::Ordering::Relaxed),
        });
        if samples.len() >= SAMPLES {
            let mut number = 0;
            samples.retain(|_| {
                number += 1;
                number % 2 == 0
            });
            every *= 2;
        }
        (used, since, pids) = (now_used, now, now_pids);
    }
}

/// Notes how late timers run: what is heard meanwhile is heard as late.
async fn pulse(shared: Arc<Shared>) {
    loop {
        let due_us = shared.clock.now_us() + PULSE_US;
        shared.clock.until(due_us).await;
        shared.measures.record_between(Metric::Pulse, due_us, shared.clock.now_us());
    }
}
