//! The main job at size, with the server killed in the middle: nothing that was acknowledged is lost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use peerpack::app::SystemClock;
use peerpack::store::{self, Database};
use peerpack_actors::ids::PackageId;
use peerpack_actors::matching::{self, PackageEntry, TripEntry};
use peerpack_actors::place::Gazetteer;
use peerpack_actors::ports::{Clock, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::faults::process::Process;
use crate::support::{Backend, TestUser, backends, day, fresh_postgres, sign_in_at};

/// Real towns along a few real roads, in order, so that many packages ride only a part of a trip.
const ROADS: [&[&str]; 5] = [
    &["Москва", "Владимир", "Нижний Новгород", "Чебоксары", "Казань", "Уфа", "Челябинск", "Екатеринбург"],
    &[
        "Санкт-Петербург",
        "Великий Новгород",
        "Тверь",
        "Москва",
        "Тула",
        "Воронеж",
        "Ростов-на-Дону",
        "Краснодар",
    ],
    &["Казань", "Ульяновск", "Самара", "Саратов", "Волгоград", "Астрахань"],
    &["Екатеринбург", "Тюмень", "Омск", "Новосибирск", "Кемерово", "Красноярск"],
    &["Минск", "Смоленск", "Москва", "Рязань", "Пенза", "Самара", "Оренбург"],
];

/// So many that hardly any has all the offers a courier may have at once.
const COURIERS: usize = 500;
const TRIPS: usize = 1_000;
const PACKAGES: usize = 500;

/// How long couriers go on declining at most; a package that let better ones pass looks again after five
/// seconds.
const DECLINING: Duration = Duration::from_secs(100);

/// A server in a process of its own.
async fn start(data: &Path, postgres: Option<&str>) -> Process {
    // Nobody waits for better packages that may come: what can ride is offered.
    let mut more = vec![("PEERPACK_MATCHING", "demand_share = 0.0")];
    if let Some(postgres) = postgres {
        more.push(("DATABASE_URL", postgres));
        assert!(command_for_migration(postgres).status().unwrap().success());
    }
    Process::start("serve", data, &more).await
}

fn command_for_migration(postgres: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerpack"));
    command.arg("migrate").env("DATABASE_URL", postgres).env("PEERPACK_LOG", "warn");
    command
}

/// What the server has acknowledged.
#[derive(Default)]
struct Acknowledged {
    trips: Vec<(usize, String)>,
    packages: Vec<String>,
    /// Winner by package.
    claims: BTreeMap<String, String>,
}

#[actix_web::test]
async fn a_thousand_trips_and_five_hundred_packages_survive_a_kill_in_the_middle() {
    all_survive_on(Backend::Sqlite).await;
}

#[actix_web::test]
async fn a_thousand_trips_and_five_hundred_packages_survive_a_kill_in_the_middle_on_postgres() {
    if backends().contains(&Backend::Postgres) {
        all_survive_on(Backend::Postgres).await;
    }
}

async fn all_survive_on(backend: Backend) {
    let data = tempfile::tempdir().unwrap();
    let postgres = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(fresh_postgres().await),
    };
    let mut random = StdRng::seed_from_u64(7);
    let mut known = Acknowledged::default();
    let server = start(data.path(), postgres.as_deref()).await;
    let mut people = Vec::new();
    for number in 0..=COURIERS {
        people.push(sign_in_at(&server.url, &format!("Courier {number}")).await);
    }
    publish_trips(&people, &mut known, &mut random).await;
    work(&people, &mut known, &mut random, PACKAGES / 2).await;
    // With SIGKILL.
    drop(server);

    let server = start(data.path(), postgres.as_deref()).await;
    let people: Vec<TestUser> = people.iter().map(|one| one.moved_to(&server.url)).collect();
    work(&people, &mut known, &mut random, PACKAGES - PACKAGES / 2).await;
    let url = postgres.unwrap_or_else(|| data.path().display().to_string());
    let database = Database::connect(&store::Settings::new(url)).await.unwrap();
    until_all_that_can_ride_are_offered(&people, &known, &database).await;
    drop(server);
    judge(&database, &known).await;
    database.close().await;
}

async fn publish_trips(people: &[TestUser], known: &mut Acknowledged, random: &mut StdRng) {
    for number in 0..TRIPS {
        let road = ROADS[random.random_range(0..ROADS.len())];
        let from = random.random_range(0..road.len() - 1);
        let to = random.random_range(from + 1..road.len());
        let courier = 1 + number % COURIERS;
        let body = json!({
            "from": road[from], "to": road[to], "stops": &road[from + 1..to],
            "date": day(random.random_range(2..6)), "time": "06:00", "transportType": "car",
            "capacity_g": 5_000 * random.random_range(1..5), "max_detour_min": 30,
        });
        let (status, answer) = people[courier].post_patiently("/api/trips", body).await;
        assert_eq!(status, 201, "{answer}");
        known.trips.push((courier, answer["trip_id"].as_str().unwrap().to_owned()));
    }
}

/// Publishes packages and lets couriers accept what they are offered.
async fn work(people: &[TestUser], known: &mut Acknowledged, random: &mut StdRng, packages: usize) {
    for number in 0..packages {
        let road = ROADS[random.random_range(0..ROADS.len())];
        let from = random.random_range(0..road.len() - 1);
        let to = random.random_range(from + 1..road.len());
        let body = json!({
            "from": road[from], "to": road[to], "description": "посылка", "reward": 400,
            "weight_g": random.random_range(300..4_000),
        });
        let (status, answer) = people[0].post_patiently("/api/packages", body).await;
        assert_eq!(status, 201, "{answer}");
        known.packages.push(answer["package_id"].as_str().unwrap().to_owned());
        if number % 10 == 9 {
            let some: Vec<(usize, String)> =
                (0..20).map(|_| known.trips[random.random_range(0..known.trips.len())].clone()).collect();
            for (courier, trip) in some {
                accept_on(&people[courier], &trip, known).await;
            }
        }
    }
}

async fn accept_on(courier: &TestUser, trip: &str, known: &mut Acknowledged) {
    let found = courier.get(&format!("/api/trips/{trip}/package-requests")).await;
    for request in found["requests"].as_array().unwrap() {
        if request["status"] != "pending" {
            continue;
        }
        let path = format!("/api/package-requests/{}/accept", request["id"].as_str().unwrap());
        let (status, answer) = courier.put(&path).await;
        if status == 200 {
            let package = request["package_id"].as_str().unwrap().to_owned();
            let before = known.claims.insert(package, request["id"].as_str().unwrap().to_owned());
            assert_eq!(before, None, "two winners");
        } else {
            let code = answer["code"].as_str().unwrap();
            assert!(["already_taken", "no_room", "expired", "does_not_suit"].contains(&code), "{answer}");
        }
    }
}

/// Couriers have at most a few offers before them at once. When they turn down what they do not want, every
/// package that some trip could carry comes to somebody. Which trips could, a walk over all of them says.
async fn until_all_that_can_ride_are_offered(people: &[TestUser], known: &Acknowledged, database: &Database) {
    let couriers: HashMap<&str, &TestUser> = people.iter().map(|one| (one.id.as_str(), one)).collect();
    let can_ride = packages_that_can_ride(known, database).await;
    let mut unseen = Vec::new();
    let deadline = tokio::time::Instant::now() + DECLINING;
    while tokio::time::Instant::now() < deadline {
        unseen.clear();
        for id in &known.packages {
            let package = database.package(id.parse().unwrap()).await.unwrap().expect("stored");
            if package.requests.is_empty() && can_ride.contains(&package.id) {
                unseen.push(package.id);
            }
        }
        if unseen.is_empty() {
            return;
        }
        for id in &known.packages {
            let package = database.package(id.parse().unwrap()).await.unwrap().expect("stored");
            for request in package.pending() {
                decline(couriers[request.courier.to_string().as_str()], &request.id.to_string()).await;
            }
        }
    }
    panic!("{} packages could ride and nobody was asked: {unseen:?}", unseen.len());
}

async fn packages_that_can_ride(known: &Acknowledged, database: &Database) -> HashSet<PackageId> {
    let settings = matching::Settings::default();
    let now = SystemClock.now();
    let mut trips = Vec::new();
    for (_, id) in &known.trips {
        let trip = database.trip(id.parse().unwrap()).await.unwrap().expect("stored");
        trips.push(TripEntry::of(&trip, Gazetteer::bundled(), &settings));
    }
    let mut can_ride = HashSet::new();
    for id in &known.packages {
        let package = database.package(id.parse().unwrap()).await.unwrap().expect("stored");
        let entry = PackageEntry::of(&package, Gazetteer::bundled(), &settings);
        if trips.iter().any(|trip| matching::fit(trip, &entry.need(), now).is_ok()) {
            can_ride.insert(package.id);
        }
    }
    can_ride
}

async fn decline(courier: &TestUser, request: &str) {
    let path = format!("/api/package-requests/{request}/decline");
    let (status, answer) = courier.put(&path).await;
    assert!(status == 200 || answer["code"] == "expired", "{answer}");
}

/// Everything acknowledged is stored, and the audit is clean.
async fn judge(database: &Database, known: &Acknowledged) {
    assert_eq!(database.audit().await.unwrap(), Vec::<String>::new());
    for (_, trip) in &known.trips {
        assert!(database.trip(trip.parse().unwrap()).await.unwrap().is_some(), "a trip is lost");
    }
    assert!(known.claims.len() > 50, "too little happened: {} claims", known.claims.len());
    for id in &known.packages {
        let package: PackageId = id.parse().unwrap();
        let package = database.package(package).await.unwrap().expect("an acknowledged package is stored");
        if let Some(winner) = known.claims.get(id) {
            assert_eq!(
                package.deal().map(|deal| deal.id.to_string()).as_ref(),
                Some(winner),
                "a claim is lost"
            );
        }
    }
    eprintln!("{} packages, {} claims", known.packages.len(), known.claims.len());
}
