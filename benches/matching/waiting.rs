//! The other direction: a new trip against the packages that wait.

use std::hint::black_box;

use peerpack_actors::matching::{PackageEntry, PackageIndex, TripEntry, feasible};

use crate::figures::{Latencies, Run};
use crate::report::Report;
use crate::search::{LIMIT, entry};
use crate::world::{self, NOW, Towns};

pub(crate) fn measure(count: usize, runs: usize, towns: &Towns, report: &mut Report) {
    let packages = world::queries(towns, 5, count);
    let mut index = PackageIndex::new();
    packages.iter().for_each(|package| _ = index.upsert(package.clone()));
    let trips: Vec<TripEntry> = towns.trips(6, 2_000).map(|trip| entry(&trip)).collect();
    let ask = |trip: &TripEntry| _ = black_box(index.waiting_for(trip, NOW, LIMIT));
    trips.iter().for_each(ask);
    let measured: Vec<Run> = (0..runs).map(|_| Run::over(&trips, ask)).collect();
    report.line(&format!("{count} packages, {} trips", trips.len()), &Latencies::of(&measured).to_string());
    let missed: usize = trips.iter().take(50).map(|trip| missed(&index, &packages, trip)).sum();
    report.line("pairs missed in 50 of these, by brute force", &missed.to_string());
}

fn missed(index: &PackageIndex, packages: &[PackageEntry], trip: &TripEntry) -> usize {
    let found = index.waiting_for(trip, NOW, usize::MAX);
    let suiting = packages.iter().filter(|package| feasible(trip, package, NOW).is_ok());
    suiting.filter(|package| !found.iter().any(|(id, _)| *id == package.id)).count()
}
