//! `peerpack-loadtest find-knee`: raises the rate until a threshold breaks, and then closes in on the last
//! one that held.

use std::sync::Arc;

use serde::Serialize;

use crate::cli::{KneeOptions, RunOptions, ScenarioOptions};
use crate::cue::Cue;
use crate::measure::Metric;
use crate::run::play_as;
use crate::verdict::Judgement;

/// What is tried next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Next {
    /// Another run, at this rate of packages a second.
    Try(f64),
    /// Nothing: this rate is the knee, or there is none below the first one.
    Knee(Option<f64>),
}

/// What was tried so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    from: f64,
    most: f64,
    times: f64,
    within: f64,
    held: Option<f64>,
    broke: Option<f64>,
}

/// A rate, and how it went.
#[derive(Clone, Debug, Serialize)]
struct Step {
    packages_per_s: f64,
    held: bool,
    push_p50_ms: f64,
    push_p99_ms: f64,
    published_p99_ms: f64,
    server_cores: f64,
    why: Vec<String>,
}

impl Search {
    pub(crate) const fn new(from: f64, most: f64, times: f64, within: f64) -> Self {
        Self { from, most, times, within, held: None, broke: None }
    }

    /// How a rate went.
    pub(crate) const fn note(&mut self, rate: f64, held: bool) {
        if held {
            self.held = Some(rate);
        } else {
            self.broke = Some(rate);
        }
    }

    /// What to try after all that was tried.
    pub(crate) fn next(&self) -> Next {
        match (self.held, self.broke) {
            (None, None) => Next::Try(self.from),
            (None, Some(_)) => Next::Knee(None),
            (Some(held), None) if held >= self.most => Next::Knee(Some(held)),
            (Some(held), None) => Next::Try((held * self.times).min(self.most)),
            (Some(held), Some(broke)) if broke - held <= held * self.within => Next::Knee(Some(held)),
            (Some(held), Some(broke)) => Next::Try(f64::midpoint(held, broke)),
        }
    }
}

/// Looks for the knee, and prints each step. Good if the first rate held.
///
/// # Errors
/// A run could not take place.
pub async fn run(options: KneeOptions) -> anyhow::Result<Judgement> {
    let KneeOptions { scenario, from, most, times, within, run } = options;
    // Each step begins on a market without the trips of the one before.
    let out = RunOptions { leave: true, ..run.clone() };
    let mut scenario = ScenarioOptions { scenario, run }.resolved()?;
    let mut search = Search::new(from, most, times, within);
    let mut steps = Vec::new();
    println!(
        "| packages/s | held | push p50 | push p99 | published p99 | server's cores |\n| ---: | --- | ---: | ---: | ---: | ---: |"
    );
    let knee = loop {
        let rate = match search.next() {
            Next::Try(rate) => rate,
            Next::Knee(knee) => break knee,
        };
        scenario.load.packages_per_s = rate;
        let played = play_as(&scenario, &out, &Arc::<Cue>::default()).await?;
        let report = played.report;
        let held = played.judgement == Judgement::Good;
        let broken = played.violations.iter().map(ToString::to_string);
        let why = report.void.clone().into_iter().chain(report.missed.iter().cloned()).chain(broken);
        let (push, published) = (report.of(Metric::Push), report.of(Metric::Publish));
        let step = Step {
            packages_per_s: rate,
            held,
            push_p50_ms: push.p50_ms,
            push_p99_ms: push.p99_ms,
            published_p99_ms: published.p99_ms,
            server_cores: report.cores.server,
            why: why.take(5).collect(),
        };
        println!(
            "| {rate:.0} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
            if held { "yes".to_owned() } else { step.why.join("; ") },
            step.push_p50_ms,
            step.push_p99_ms,
            step.published_p99_ms,
            step.server_cores
        );
        steps.push(step);
        search.note(rate, held);
    };
    match knee {
        Some(knee) if knee >= most => {
            println!("\nEverything held up to {knee:.0} packages a second, the most that was tried.");
        }
        Some(knee) => println!("\nThe knee is at {knee:.0} packages a second."),
        None => println!("\nAlready {from:.0} packages a second are too many."),
    }
    if let Some(path) = &out.json {
        let all = serde_json::json!({ "knee_packages_per_s": knee, "steps": steps });
        std::fs::write(path, serde_json::to_string_pretty(&all)?)?;
    }
    Ok(if knee.is_some() { Judgement::Good } else { Judgement::Bad })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(most: f64, carries: f64) -> (Option<f64>, usize) {
        let mut search = Search::new(50.0, most, 1.5, 0.1);
        let mut steps = 0;
        loop {
            match search.next() {
                Next::Knee(knee) => return (knee, steps),
                Next::Try(rate) => search.note(rate, rate <= carries),
            }
            steps += 1;
        }
    }

    #[test]
    fn the_knee_is_found_within_a_tenth_and_a_dozen_steps() {
        for carries in [50.0, 61.0, 200.0, 333.0, 1_000.0, 2_999.0] {
            let (knee, steps) = found(3_200.0, carries);
            let knee = knee.unwrap();
            assert!(
                knee <= carries && carries < knee * 1.11 && steps <= 15,
                "{carries}: {knee} in {steps} steps"
            );
        }
    }

    #[test]
    fn there_may_be_no_knee_above_or_below() {
        assert_eq!(found(200.0, 5_000.0).0, Some(200.0));
        assert_eq!(found(3_200.0, 10.0).0, None);
    }
}
