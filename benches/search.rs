//! Candidate search on real towns: the index beside a walk over all trips, on the same trips and packages.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::load::{Load, UNSTATED};
use peerpack_actors::matching::{PackageEntry, Settings, TripEntry, TripIndex, feasible};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::package::{End, Mode, Package, PackageDraft};
use peerpack_actors::place::{Gazetteer, Place};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::trip::{Stop, Transport, Trip, TripDraft};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const NOW: Time = Time::from_ms(1_800_000_000_000);
const TRIPS: usize = 10_000;
const PACKAGES: usize = 200;

/// The larger a town, the more often it is an end: hubs are what makes searching hard.
fn town(towns: &[&'static Place], random: &mut StdRng) -> &'static Place {
    let rank = random.random_range(0.0_f64..1.0).powi(3) * towns.len() as f64;
    towns[(rank as usize).min(towns.len() - 1)]
}

fn two(towns: &[&'static Place], random: &mut StdRng) -> (&'static Place, &'static Place) {
    loop {
        let (from, to) = (town(towns, random), town(towns, random));
        if from.id != to.id {
            return (from, to);
        }
    }
}

fn trip(towns: &[&'static Place], random: &mut StdRng) -> Trip {
    let (from, to) = two(towns, random);
    let departs = NOW + Span::minutes(random.random_range(60..14 * 24 * 60));
    let hours = (1.3 * from.position.distance_km(to.position) / 70.0).max(0.2);
    let arrives = departs + Span::from_ms((hours * 3_600_000.0) as i64);
    let stop = |place: &Place, at| Stop { place: place.id, position: place.position, arrive: at, depart: at };
    let draft = TripDraft {
        stops: vec![stop(from, departs), stop(to, arrives)],
        transport: if random.random_bool(0.7) { Transport::Car } else { Transport::Train },
        capacity: Load { weight_g: 10_000, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: random.random_range(15..60),
        price: None,
        comment: String::new(),
        airport: String::new(),
    };
    Trip::publish(TripId::new(NOW, random.random()), UserId::new(NOW, random.random()), draft, NOW)
        .expect("a proper trip")
}

fn package(towns: &[&'static Place], random: &mut StdRng) -> Package {
    let (from, to) = two(towns, random);
    let end = |place: &Place| End { place: place.id, position: place.position, address: String::new() };
    let ready_at = NOW + Span::hours(random.random_range(0..12 * 24));
    let draft = PackageDraft {
        pickup: end(from),
        dropoff: end(to),
        load: Load { weight_g: 2_000, volume_ml: 5_000, slots: 1 },
        ready_at,
        deliver_by: ready_at + Span::hours(48),
        reward: Amount::new(50_000, Currency::Rub),
        description: String::new(),
        size: String::new(),
        weight: String::new(),
        tags: Vec::new(),
        mode: Mode::Instant,
        template: false,
    };
    Package::publish(PackageId::new(NOW, random.random()), UserId::new(NOW, random.random()), draft, NOW)
        .expect("a proper package")
}

fn search(criterion: &mut Criterion) {
    let (gazetteer, settings) = (Gazetteer::bundled(), Settings::default());
    let towns: Vec<&'static Place> =
        gazetteer.iter().filter(|place| place.country == "RU").take(600).collect();
    let mut random = StdRng::seed_from_u64(1);
    let trips: Vec<TripEntry> =
        (0..TRIPS).map(|_| TripEntry::of(&trip(&towns, &mut random), gazetteer, &settings)).collect();
    let packages: Vec<PackageEntry> = (0..PACKAGES)
        .map(|_| PackageEntry::of(&package(&towns, &mut random), gazetteer, &settings))
        .collect();
    let mut index = TripIndex::new();
    for entry in &trips {
        index.upsert(entry.clone());
    }
    let mut group = criterion.benchmark_group("search 10k trips, 200 packages");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("index", |bencher| {
        bencher.iter(|| {
            packages
                .iter()
                .map(|package| index.candidates(black_box(package), NOW, usize::MAX).len())
                .sum::<usize>()
        });
    });
    group.bench_function("every trip", |bencher| {
        let fits =
            |package: &PackageEntry| trips.iter().filter(|trip| feasible(trip, package, NOW).is_ok()).count();
        bencher.iter(|| packages.iter().map(|package| fits(black_box(package))).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
