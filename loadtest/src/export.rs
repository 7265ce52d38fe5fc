//! `peerpack-loadtest export-k6`: the main job as a script for k6, so that another program with another clock
//! can measure the same.

use peerpack::config::PUBLIC_TEST_TOKEN;
use peerpack_actors::time::Time;
use serde_json::json;

use crate::cli::ScenarioOptions;
use crate::scenario::Scenario;
use crate::world::{Size, World};

/// The script; a line of it says what is played.
const SCRIPT: &str = include_str!("../k6/main-job.js");
const LINE: &str = "const SCENARIO = ";

/// How many roads trips and packages share: few, so that a small crowd has something to carry.
const ROADS: usize = 60;

/// Prints the script.
///
/// # Errors
/// There is no such scenario, or it makes no sense.
pub fn run(options: &ScenarioOptions) -> anyhow::Result<()> {
    print!("{}", script(&options.resolved()?));
    Ok(())
}

/// The script for a scenario's people, rate and manners. What its network and server do is left out: k6 plays
/// the main job.
fn script(scenario: &Scenario) -> String {
    let size = Size { trips: 4 * ROADS, packages: 0, senders: 1, towns: scenario.people.towns };
    let world = World::plan(scenario.seed, Time::from_ms(0), size);
    let mut roads: Vec<[u32; 2]> = Vec::new();
    for trip in &world.trips {
        let road = [trip.places[0].id.0, trip.places[trip.places.len() - 1].id.0];
        if !roads.contains(&road) && roads.len() < ROADS {
            roads.push(road);
        }
    }
    let played = json!({
        "bot_token": PUBLIC_TEST_TOKEN,
        "couriers": scenario.people.couriers,
        "senders": scenario.people.senders,
        "packages_per_s": scenario.load.packages_per_s,
        "duration_s": scenario.load.duration_s,
        "accept": scenario.manners.accept,
        "answer_ms": scenario.manners.answer_ms,
        "roads": roads,
    });
    let lines = SCRIPT
        .lines()
        .map(|line| if line.starts_with(LINE) { format!("{LINE}{played};\n") } else { format!("{line}\n") });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_script_is_the_export_of_the_main_job() {
        let exported = script(&Scenario::find("main-job").unwrap());
        if std::env::var_os("PEERPACK_WRITE_DOCS").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/k6/main-job.js"), &exported).unwrap();
        }
        assert_eq!(SCRIPT, exported, "stale: `peerpack-loadtest export-k6 main-job` prints it anew");
    }

    #[test]
    fn another_scenario_is_another_line() {
        let scenario = Scenario::find("claim-storm").unwrap();
        let script = script(&scenario);
        assert!(script.contains("\"couriers\":600") && script.contains("\"answer_ms\":[100,101]"));
        assert_eq!(script.lines().count(), SCRIPT.lines().count());
    }
}
