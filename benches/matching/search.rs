//! The search itself: its latency, its recall, its memory, the cost of changes, and all of it while others
//! write.

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use peerpack_actors::ids::TripId;
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::trip::{Trip, TripCommand};
use peerpack_actors::matching::{PackageEntry, Settings, TripEntry, TripIndex, feasible};
use peerpack_actors::place::Gazetteer;

use crate::figures::{Latencies, Run, start};
use crate::report::Report;
use crate::world::{NOW, Towns};

/// How many are kept.
pub(crate) const LIMIT: usize = 64;

/// Changes per second beside the searches.
const UPDATES_PER_S: u32 = 2_000;

/// All trips that suit each of the first queries, by looking at every trip.
pub(crate) struct Truth {
    suiting: Vec<HashSet<TripId>>,
}

impl Truth {
    /// How many queries it knows about.
    pub(crate) fn len(&self) -> usize {
        self.suiting.len()
    }

    /// Recall and precision of what was found for the first queries, for people.
    pub(crate) fn judge(&self, found: &[Vec<TripId>]) -> String {
        let (mut right, mut wanted, mut all) = (0, 0, 0);
        for (suiting, found) in self.suiting.iter().zip(found) {
            right += found.iter().filter(|trip| suiting.contains(trip)).count();
            wanted += suiting.len().min(LIMIT);
            all += found.len();
        }
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        format!("recall {:.2} %, precision {:.1} %", percent(right, wanted), percent(right, all))
    }
}

/// Works out the distances from the places of the queries, which happens once in the life of a server.
pub(crate) fn warm(queries: &[PackageEntry]) {
    black_box(queries.iter().map(|query| query.pickups.len() + query.dropoffs.len()).sum::<usize>());
}

pub(crate) fn entry(trip: &Trip) -> TripEntry {
    TripEntry::of(trip, Gazetteer::bundled(), &Settings::default())
}

pub(crate) fn index(trips: impl Iterator<Item = Trip>) -> TripIndex {
    let mut index = TripIndex::new();
    for trip in trips {
        index.upsert(entry(&trip));
    }
    index
}

/// Brute force, for the truth and for its time.
pub(crate) fn truth(index: &TripIndex, queries: &[PackageEntry], count: usize, report: &mut Report) -> Truth {
    let mut suiting = Vec::new();
    let run = Run::over(&queries[..count], |query| {
        let trips = index.iter().filter(|trip| feasible(trip, query, NOW).is_ok());
        suiting.push(trips.map(|trip| trip.id).collect());
    });
    report.line("brute force", &format!("{}, over {count} queries", Latencies::of(&[run])));
    Truth { suiting }
}

pub(crate) fn measure(
    index: &TripIndex,
    queries: &[PackageEntry],
    truth: &Truth,
    runs: usize,
    report: &mut Report,
) {
    let search = |query: &PackageEntry| index.candidates(query, NOW, LIMIT);
    queries.iter().for_each(|query| drop(black_box(search(query))));
    let measured: Vec<Run> =
        (0..runs).map(|_| Run::over(queries, |query| drop(black_box(search(query))))).collect();
    report.line("search", &Latencies::of(&measured).to_string());
    let found: Vec<Vec<TripId>> = queries[..truth.len()]
        .iter()
        .map(|query| search(query).iter().map(|one| one.trip).collect())
        .collect();
    report.line("search, against brute force", &truth.judge(&found));
    let mut counts: Vec<usize> =
        queries.iter().map(|query| index.candidates(query, NOW, usize::MAX).len()).collect();
    counts.sort_unstable();
    let at = |share: usize| counts[(counts.len() - 1) * share / 100];
    report.line("matches per query", &format!("median {}, p90 {}, p99 {}", at(50), at(90), at(99)));
}

/// The search while another thread publishes, changes and calls off trips.
pub(crate) fn measure_beside_updates(
    index: TripIndex,
    towns: &Towns,
    queries: &[PackageEntry],
    runs: usize,
    report: &mut Report,
) -> TripIndex {
    let (shared, stop, done) = (RwLock::new(index), AtomicBool::new(false), AtomicUsize::new(0));
    let fresh: Vec<Trip> = towns.trips(99, 20_000).collect();
    let (measured, seconds) = std::thread::scope(|scope| {
        scope.spawn(|| {
            let began = start();
            for (n, trip) in (1_u32..).zip(fresh.iter().cycle()) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                update(&shared, trip, n);
                done.fetch_add(1, Ordering::Relaxed);
                let due = Duration::from_secs(1) * n / UPDATES_PER_S;
                std::thread::sleep(due.saturating_sub(began.elapsed()));
            }
        });
        let began = start();
        let search =
            |query: &PackageEntry| shared.read().expect("no update panics").candidates(query, NOW, LIMIT);
        let measured: Vec<Run> =
            (0..runs).map(|_| Run::over(queries, |query| drop(black_box(search(query))))).collect();
        stop.store(true, Ordering::Relaxed);
        (measured, began.elapsed().as_secs_f64())
    });
    let rate = done.into_inner() as f64 / seconds;
    report.line(&format!("search beside {rate:.0} updates/s"), &Latencies::of(&measured).to_string());
    shared.into_inner().expect("no update panics")
}

/// In turn: a new trip, less room on it twice, and its end.
fn update(shared: &RwLock<TripIndex>, trip: &Trip, n: u32) {
    match n % 4 {
        0 => {
            let entry = entry(trip);
            shared.write().expect("no reader panics").upsert(entry);
        }
        1 | 2 => {
            let mut index = shared.write().expect("no reader panics");
            if let Some(renewed) = index.get(trip.id).map(|entry| entry.renewed(trip)) {
                index.upsert(renewed);
            }
        }
        _ => drop(shared.write().expect("no reader panics").remove(trip.id)),
    }
}

/// What a change costs, from the trip to the index that shows it.
pub(crate) fn measure_updates(index: &mut TripIndex, towns: &Towns, report: &mut Report) {
    let mut trips: Vec<Trip> = towns.trips(98, 5_000).collect();
    let published = Run::over(&trips, |trip| _ = black_box(index.upsert(entry(trip))));
    report.line("publish", &Latencies::of(&[published]).to_string());
    for trip in &mut trips {
        let load = peerpack_actors::market::load::Load { weight_g: 1_000, volume_ml: 1, slots: 1 };
        let reserve = TripCommand::Reserve { legs: LegSpan { from: 0, to: 1 }, load, detour_min: 0 };
        let event = trip.decide(&reserve, NOW).expect("an empty trip has room");
        trip.apply(&event);
    }
    let changed = Run::over(&trips, |trip| {
        let renewed = index.get(trip.id).map(|entry| entry.renewed(trip));
        black_box(renewed.is_some_and(|entry| index.upsert(entry)));
    });
    report.line("change of room", &Latencies::of(&[changed]).to_string());
    let cancelled = Run::over(&trips, |trip| drop(black_box(index.remove(trip.id))));
    report.line("cancel", &Latencies::of(&[cancelled]).to_string());
}
