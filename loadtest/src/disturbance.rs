//! What a scenario does to everybody at once: breaks all connections, kills the server.

use std::sync::Arc;

use anyhow::ensure;
use serde::Serialize;
use tokio::task::JoinHandle;

use crate::cli::RunOptions;
use crate::scenario::Scenario;
use crate::shared::Shared;

/// Something that was done to everybody.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Mark {
    /// When, seconds after the first package.
    pub(crate) at_s: f64,
    /// What was done to the server.
    pub(crate) what: &'static str,
}

/// Everything that will be done, in the order of time.
pub(crate) fn marks(scenario: &Scenario) -> Vec<Mark> {
    let of =
        |moments: &[f64], what| moments.iter().map(|at_s| Mark { at_s: *at_s, what }).collect::<Vec<_>>();
    let mut marks = of(&scenario.network.cut_all_at_s, "all connections broken");
    marks.extend(of(&scenario.server.crash_at_s, "server killed"));
    marks.sort_by(|one, other| one.at_s.total_cmp(&other.at_s));
    marks
}

/// Whether what the scenario wants done can be done.
///
/// # Errors
/// It cannot.
pub(crate) fn check(scenario: &Scenario, options: &RunOptions) -> anyhow::Result<()> {
    ensure!(
        scenario.server.crash_at_s.is_empty() || options.crash_command.is_some(),
        "{} kills the server: say how with --crash-command, and start it again at the same address",
        scenario.name
    );
    Ok(())
}

/// Does it, at its time.
pub(crate) fn start(
    shared: &Arc<Shared>,
    scenario: &Scenario,
    options: &RunOptions,
    start_us: u64,
) -> JoinHandle<()> {
    let (shared, marks, command) = (Arc::clone(shared), marks(scenario), options.crash_command.clone());
    let crashes = scenario.server.crash_at_s.clone();
    tokio::spawn(async move {
        for Mark { at_s, what } in marks {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "seconds of a scenario"
            )]
            shared.clock.until(start_us + (at_s * 1e6) as u64).await;
            shared.counts.add(what);
            match command.as_ref().filter(|_| crashes.contains(&at_s)) {
                Some(command) => {
                    let ran = tokio::process::Command::new("sh").args(["-c", command]).status().await;
                    if !ran.is_ok_and(|status| status.success()) {
                        shared.failed("the crash command did not succeed");
                    }
                }
                None => shared.storms.send_modify(|storms| *storms += 1),
            }
        }
    })
}
