//! The main job at size, with the server killed in the middle: nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use peerpack::store::{self, Database};
use peerpack_actors::ids::PackageId;
use peerpack_actors::ports::Store;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

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

const COURIERS: usize = 100;
const TRIPS: usize = 1_000;
const PACKAGES: usize = 500;

/// A server in a process of its own.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    async fn start(data: &Path, postgres: Option<&str>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_peerpack"));
        command
            .arg("serve")
            .env("PEERPACK_LISTEN", address.to_string())
            .env("PEERPACK_DATA_DIR", data)
            .env("PEERPACK_ACCESS_TTL_S", "3600")
            .env("PEERPACK_LOG", "warn")
            .stderr(Stdio::inherit());
        if let Some(postgres) = postgres {
            command.env("DATABASE_URL", postgres);
            assert!(command_for_migration(postgres).status().unwrap().success());
        }
        let process = Self { child: command.spawn().unwrap(), url: format!("http://{address}") };
        for _ in 0..400 {
            let ready = reqwest::get(format!("{}/api/health/ready", process.url)).await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return process;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not come up");
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
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
    for backend in backends() {
        let data = tempfile::tempdir().unwrap();
        let postgres = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(fresh_postgres().await),
        };
        let mut random = StdRng::seed_from_u64(7);
        let mut known = Acknowledged::default();
        let server = Process::start(data.path(), postgres.as_deref()).await;
        let mut people = Vec::new();
        for number in 0..=COURIERS {
            people.push(sign_in_at(&server.url, &format!("Courier {number}")).await);
        }
        publish_trips(&people, &mut known, &mut random).await;
        work(&people, &mut known, &mut random, PACKAGES / 2).await;
        server.kill();

        let server = Process::start(data.path(), postgres.as_deref()).await;
        let people: Vec<TestUser> = people.iter().map(|one| one.moved_to(&server.url)).collect();
        work(&people, &mut known, &mut random, PACKAGES - PACKAGES / 2).await;
        server.kill();
        judge(data.path(), postgres.as_deref(), &known).await;
    }
}

async fn publish_trips(people: &[TestUser], known: &mut Acknowledged, random: &mut StdRng) {
    for number in 0..TRIPS {
        let road = ROADS[random.random_range(0..ROADS.len())];
        let from = random.random_range(0..road.len() - 1);
        let to = random.random_range(from + 1..road.len());
        let courier = 1 + number % COURIERS;
        let body = json!({
            "from": road[from], "to": road[to], "stops": &road[from + 1..to],
            "date": day(random.random_range(1..5)), "time": "06:00", "transportType": "car",
            "capacity_g": 5_000 * random.random_range(1..5), "max_detour_min": 30,
        });
        let (status, answer) = people[courier].post("/api/trips", body).await;
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
        let (status, answer) = people[0].post("/api/packages", body).await;
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
        let (status, answer): (_, Value) = courier.call(Method::PUT, &path, None).await;
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

/// Everything acknowledged is stored, every package that some trip can carry was offered, and the audit is clean.
async fn judge(data: &Path, postgres: Option<&str>, known: &Acknowledged) {
    let url = postgres.map_or_else(|| data.display().to_string(), str::to_owned);
    let database = Database::connect(&store::Settings::new(url)).await.unwrap();
    assert_eq!(database.audit().await.unwrap(), Vec::<String>::new());
    for (_, trip) in &known.trips {
        assert!(database.trip(trip.parse().unwrap()).await.unwrap().is_some(), "a trip is lost");
    }
    assert!(known.claims.len() > 50, "too little happened: {} claims", known.claims.len());
    let mut offered = 0;
    for id in &known.packages {
        let package: PackageId = id.parse().unwrap();
        let package = database.package(package).await.unwrap().expect("an acknowledged package is stored");
        offered += usize::from(!package.requests.is_empty());
        if let Some(winner) = known.claims.get(id) {
            assert_eq!(
                package.deal().map(|deal| deal.id.to_string()).as_ref(),
                Some(winner),
                "a claim is lost"
            );
        }
    }
    eprintln!("{} of {} packages offered, {} claims", offered, known.packages.len(), known.claims.len());
    assert!(offered * 2 > known.packages.len(), "only {offered} packages were offered to anybody");
    database.close().await;
}
