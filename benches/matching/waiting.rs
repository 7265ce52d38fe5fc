//! The other direction: a new trip against the packages that wait. And live couriers in town.

use std::hint::black_box;

use peerpack_actors::ids::UserId;
use peerpack_actors::matching::CourierGrid;
use peerpack_actors::place::Position;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

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

/// So many couriers in one large town, who move, and searches for the nearest of them.
pub(crate) fn measure_grid(couriers: usize, runs: usize, report: &mut Report) {
    let mut random = StdRng::seed_from_u64(7);
    let mut position = || Position {
        lat: 55.75 + random.random_range(-0.2..0.2),
        lon: 37.6 + random.random_range(-0.35..0.35),
    };
    let mut grid = CourierGrid::new();
    let users: Vec<UserId> = (0..couriers as u128).map(|n| uuid::Uuid::from_u128(n).into()).collect();
    let mut moves: Vec<(UserId, Position)> = users.iter().map(|user| (*user, position())).collect();
    moves.iter().for_each(|(user, at)| _ = grid.upsert(*user, *at, NOW));
    moves.iter_mut().for_each(|(_, at)| *at = position());
    let moved: Vec<Run> = (0..runs)
        .map(|_| Run::over(&moves, |(user, at)| _ = black_box(grid.upsert(*user, *at, NOW))))
        .collect();
    report.line(&format!("{couriers} couriers, a new position"), &Latencies::of(&moved).to_string());
    let places: Vec<Position> = (0..10_000).map(|_| position()).collect();
    let search = |at: &Position| _ = black_box(grid.nearest(*at, 2.0, NOW, 16));
    let found: Vec<Run> = (0..runs).map(|_| Run::over(&places, search)).collect();
    report.line("the nearest 16 within 2 km", &Latencies::of(&found).to_string());
}
