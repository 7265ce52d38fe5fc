//! The yardstick: what could have been had with everything known beforehand.
//!
//! An integer program over (package, trip, i, j): one variable for each pair of anchors at which a package
//! can ride a trip, at most one of them per package, the room of each leg, and the detour budget of each
//! trip. HiGHS solves it (`quality/hindsight.py`), and what counts is its *proven bound*: no set of deals is
//! worth more.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::request::{HandOver, Plan};
use peerpack_actors::matching::{PackageEntry, PackageIndex, Settings, TripEntry, gain_rub};
use peerpack_actors::place::Gazetteer;
use peerpack_actors::time::Time;
use serde::Deserialize;

use crate::engine::Manners;
use crate::generator::World;

/// What the solver says.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Bound {
    /// Nothing is worth more, in roubles.
    pub bound_rub: f64,
    /// The best set of deals that the solver has found, in roubles.
    pub found_rub: f64,
    /// How many packages that set carries.
    pub carried: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
    picked: Vec<usize>,
    /// The deals of that set, by package.
    #[serde(skip)]
    pub deals: Vec<Ride>,
}

/// One way to carry a package.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ride {
    /// The number of the package in its world.
    pub package: usize,
    /// The number of the trip in its world.
    pub trip: usize,
    /// The legs it takes.
    pub legs: LegSpan,
    /// When it gets on.
    pub pickup_at: Time,
    /// What it takes of the detour budget, in minutes.
    pub detour_min: u32,
    weight_g: u32,
    /// The reward less the cost of the detour, in roubles.
    pub gain_rub: f64,
}

/// The solver, and how long it may take.
#[derive(Clone, Debug)]
pub struct Solver {
    /// A Python that has `highspy`.
    pub python: PathBuf,
    /// How long one world may take, in seconds; the bound is proven however soon it ends.
    pub limit_s: u32,
}

/// Solves a world, whose couriers answer as they do.
///
/// # Errors
/// When the solver cannot be run or finds nothing.
pub fn solve<S>(
    world: &World<S>,
    manners: Manners,
    settings: &Settings,
    solver: &Solver,
) -> anyhow::Result<Bound> {
    let file = std::env::temp_dir().join(format!("peerpack-hindsight-{}.lp", std::process::id()));
    let rides = rides(world, manners, settings);
    std::fs::write(&file, program(world, &rides))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("hindsight.py");
    let output = Command::new(&solver.python)
        .arg(script)
        .arg(&file)
        .arg(solver.limit_s.to_string())
        .output()
        .with_context(|| format!("cannot run {}", solver.python.display()))?;
    std::fs::remove_file(&file)?;
    if !output.status.success() {
        bail!("the solver failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut bound: Bound =
        serde_json::from_slice(&output.stdout).context("the solver's answer is not what it should be")?;
    bound.deals = bound.picked.iter().filter_map(|n| rides.get(*n).copied()).collect();
    bound.deals.sort_unstable_by_key(|ride| ride.package);
    Ok(bound)
}

/// The integer program, in the LP format.
fn program<S>(world: &World<S>, rides: &[Ride]) -> String {
    let mut text = String::from("max\n obj:");
    let mut of_package = vec![Vec::new(); world.packages.len()];
    let mut of_trip = vec![Vec::new(); world.trips.len()];
    for (ride, x) in rides.iter().zip(0..) {
        let _ = writeln!(text, " + {:.2} x{x}", ride.gain_rub);
        of_package[ride.package].push(x);
        of_trip[ride.trip].push(x);
    }
    text.push_str("st\n");
    for (package, xs) in of_package.iter().enumerate().filter(|(_, xs)| !xs.is_empty()) {
        let sum: Vec<_> = xs.iter().map(|x: &usize| format!("x{x}")).collect();
        let _ = writeln!(text, " p{package}: {} <= 1", sum.join(" + "));
    }
    for (number, (trip, xs)) in world.trips.iter().zip(&of_trip).enumerate() {
        for leg in 0..trip.left.len() {
            let on_leg = xs.iter().filter(|x| rides[**x].legs.range().contains(&leg));
            let sum: Vec<_> = on_leg.map(|x| format!("{} x{x}", rides[*x].weight_g)).collect();
            if !sum.is_empty() {
                let _ = writeln!(
                    text,
                    " t{number}_{leg}: {} <= {}",
                    sum.join("\n + "),
                    trip.draft.capacity.weight_g
                );
            }
        }
        let detours = xs.iter().filter(|x| rides[**x].detour_min > 0);
        let sum: Vec<_> = detours.map(|x| format!("{} x{x}", rides[*x].detour_min)).collect();
        if !sum.is_empty() {
            let _ = writeln!(text, " d{number}: {} <= {}", sum.join("\n + "), trip.draft.max_detour_min);
        }
    }
    text.push_str("bin\n");
    for x in 0..rides.len() {
        let _ = writeln!(text, " x{x}");
    }
    text.push_str("end\n");
    text
}

/// All ways to carry anything, less those that are no better than another one of the same package on the same
/// trip.
fn rides<S>(world: &World<S>, manners: Manners, settings: &Settings) -> Vec<Ride> {
    let gazetteer = Gazetteer::bundled();
    let mut index = PackageIndex::new();
    let mut numbers = std::collections::HashMap::new();
    let entries: Vec<_> =
        world.packages.iter().map(|package| PackageEntry::of(package, gazetteer, settings)).collect();
    for (number, entry) in entries.iter().enumerate() {
        numbers.insert(entry.id, number);
        index.upsert(entry.clone());
    }
    let mut rides = Vec::new();
    for (number, trip) in world.trips.iter().enumerate() {
        if world.cancellations.iter().any(|(_, gone)| *gone == trip.id) {
            continue;
        }
        let entry = TripEntry::of(trip, gazetteer, settings);
        // Nobody can get on before both are published.
        for (package, _) in index.waiting_for(&entry, trip.created_at, usize::MAX) {
            if !manners.accepts(package, trip.id) {
                continue;
            }
            let package = numbers[&package];
            let known_at = trip.created_at.max(world.packages[package].created_at);
            let ways = ways(&entry, &entries[package], known_at, settings);
            rides.extend(ways.into_iter().map(|plan| Ride {
                package,
                trip: number,
                legs: plan.legs,
                pickup_at: plan.pickup.at,
                detour_min: plan.detour_min,
                weight_g: entries[package].load.weight_g,
                gain_rub: gain_rub(&plan, &entries[package], settings),
            }));
        }
    }
    rides.retain(|ride| ride.gain_rub > 0.0);
    rides
}

/// Every pair of anchors at which the package can get on and off, without those that another pair beats.
fn ways(trip: &TripEntry, package: &PackageEntry, known_at: Time, settings: &Settings) -> Vec<Plan> {
    let need = package.need();
    let mut ways: Vec<Plan> = Vec::new();
    let (boards, alights) = (trip.anchors_at(need.pickups), trip.anchors_at(need.dropoffs));
    for on in &boards {
        if on.depart <= known_at || on.depart < need.ready_at {
            continue;
        }
        for off in alights.iter().filter(|off| on.order() < off.order()) {
            let detour_min = on.detour_min + off.detour_min;
            if off.arrive > need.deliver_by || detour_min > trip.detour_left_min {
                continue;
            }
            ways.push(Plan {
                legs: LegSpan { from: on.board, to: off.alight },
                pickup: HandOver { place: on.place, at: on.depart },
                dropoff: HandOver { place: off.place, at: off.arrive },
                detour_min,
                detour_m: on.detour_m + on.way_m + off.detour_m + off.way_m,
                room_left_g: 0,
            });
        }
    }
    let beats = |one: &Plan, other: &Plan| {
        one.legs.from >= other.legs.from
            && one.legs.to <= other.legs.to
            && one.detour_min <= other.detour_min
            && gain_rub(one, package, settings) >= gain_rub(other, package, settings)
    };
    let beaten = |n: usize| {
        ways.iter()
            .enumerate()
            .any(|(m, other)| m != n && beats(other, &ways[n]) && (!beats(&ways[n], other) || m < n))
    };
    (0..ways.len()).filter(|n| !beaten(*n)).map(|n| ways[n]).collect()
}
