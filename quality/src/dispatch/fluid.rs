//! The yardstick: how many rides could have begun with everything known beforehand, if couriers were a fluid.
//!
//! A linear programme over the rides that were wanted and the empty ways between zones. Couriers flow: what
//! leaves a zone has begun in it or has come to it, and all of them together have so many hours. The last
//! ride of each takes none of that time, because it may end after the end. Empty ways go from the nearest
//! point of one zone to the nearest of the other, at the usual speed, and within a zone they cost nothing;
//! everybody accepts, and nobody calls off. So no policy can let more rides begin, but for couriers who
//! happen to drive their empty ways quicker than usual. HiGHS solves it (`quality/fluid.py`).

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::day::Day;
use super::town::{ROAD_FACTOR, Town};
use crate::hindsight::Solver;

#[derive(Deserialize)]
struct Answer {
    served: f64,
}

/// How many rides could have begun.
///
/// # Errors
/// When the solver cannot be run or finds nothing.
pub fn bound<S>(day: &Day<S>, town: &Town, solver: &Solver) -> anyhow::Result<f64> {
    let file = std::env::temp_dir().join(format!("peerpack-fluid-{}.lp", std::process::id()));
    std::fs::write(&file, programme(day, town))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fluid.py");
    let output = Command::new(&solver.python)
        .arg(script)
        .arg(&file)
        .output()
        .with_context(|| format!("cannot run {}", solver.python.display()))?;
    std::fs::remove_file(&file)?;
    if !output.status.success() {
        bail!("the solver failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let answer: Answer =
        serde_json::from_slice(&output.stdout).context("the solver's answer is not what it should be")?;
    Ok(answer.served)
}

/// The linear programme, in the LP format: `x` are rides, `l` those that are somebody's last, `y` empty ways.
fn programme<S>(day: &Day<S>, town: &Town) -> String {
    let (zones, scenario) = (town.zones.len(), day.scenario);
    let empty_s = empty_ways(town, town.usual_kmh(scenario.from_s, scenario.hours));
    let mut text = String::from("max\n obj:");
    for ride in 0..day.wishes.len() {
        let _ = writeln!(text, " + x{ride} + l{ride}");
    }
    text.push_str("st\n");
    for ride in 0..day.wishes.len() {
        let _ = writeln!(text, " r{ride}: x{ride} + l{ride} <= 1");
    }
    text.push_str(" last:");
    for ride in 0..day.wishes.len() {
        let _ = writeln!(text, " + l{ride}");
    }
    let _ = writeln!(text, " <= {}", day.couriers.len());
    text.push_str(" time:");
    for (ride, wish) in day.wishes.iter().enumerate() {
        let _ = writeln!(text, " + {} x{ride}", wish.ride.ride_s);
    }
    for (from, to) in pairs(zones) {
        let _ = writeln!(text, " + {:.1} y{from}_{to}", empty_s[from * zones + to]);
    }
    let _ = writeln!(text, " <= {}", day.couriers.len() as i64 * scenario.hours * 3_600);
    let mut leaving = vec![String::new(); zones];
    let mut coming = vec![String::new(); zones];
    for (ride, wish) in day.wishes.iter().enumerate() {
        let (from, to) = wish.zones;
        let _ = writeln!(leaving[from], " + l{ride}");
        // Who stays in a zone neither leaves nor comes.
        if from != to {
            let _ = writeln!(leaving[from], " + x{ride}");
            let _ = writeln!(coming[to], " - x{ride}");
        }
    }
    for (from, to) in pairs(zones) {
        let _ = writeln!(leaving[from], " + y{from}_{to}");
        let _ = writeln!(coming[to], " - y{from}_{to}");
    }
    for (zone, (leaving, coming)) in leaving.iter().zip(&coming).enumerate() {
        let here = day.couriers.iter().filter(|courier| courier.zone == zone).count();
        if !leaving.is_empty() || !coming.is_empty() {
            let _ = writeln!(text, " z{zone}: {leaving}{coming} <= {here}");
        }
    }
    text.push_str("end\n");
    text
}

fn pairs(zones: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..zones).flat_map(move |from| (0..zones).map(move |to| (from, to))).filter(|(from, to)| from != to)
}

/// How long the shortest empty way from a zone to another takes, in seconds, row by row.
fn empty_ways(town: &Town, kmh: f64) -> Vec<f64> {
    let mut seconds = Vec::new();
    for from in &town.zones {
        for to in &town.zones {
            let km = from.centre.distance_km(to.centre) - from.radius_km - to.radius_km;
            seconds.push(km.max(0.0) * ROAD_FACTOR / kmh * 3_600.0);
        }
    }
    seconds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::day::Scenario;
    use crate::seed::Training;

    #[test]
    fn the_programme_names_every_ride_and_every_zone() {
        let town = Town::grid(2).unwrap();
        let scenario = Scenario { couriers: 3, rides_per_hour: 20, from_s: 61_200, hours: 1 };
        let seed = Training::first(1).next().expect("the first");
        let day = Day::generate(seed, scenario, &town).unwrap();
        let text = programme(&day, &town);
        let last = day.wishes.len() - 1;
        assert!(text.contains(&format!(" r{last}: x{last} + l{last} <= 1")), "{text}");
        assert!(text.contains(" <= 10800\n"), "three couriers have three hours: {text}");
        assert_eq!(text.matches(" y0_1\n").count(), 3, "it takes time, leaves and comes: {text}");
    }
}
