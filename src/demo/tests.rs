use std::sync::Arc;
use std::time::Duration;

use peerpack_actors::dispatch::OrderPhase;
use peerpack_actors::ids::UserId;
use peerpack_actors::market::trip::{Stop, Transport};
use peerpack_actors::matching::{self, Need, TripEntry, Zone};
use peerpack_actors::place::{Gazetteer, Place, Spot};
use peerpack_actors::ports::{Bus, Clock, Store};
use peerpack_actors::runtime::{Engine, Kind, RuntimeSettings};
use peerpack_actors::time::{Span, Time};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::people::{Pace, World};
use super::routes::Routes;
use super::{PACKAGES, TRIPS, journeys, live, parcels, populate};
use crate::app::{App, SystemClock};
use crate::bus::Presence;
use crate::bus::local::LocalBus;
use crate::config::{self, Config};
use crate::files::Files;
use crate::store::{self, Database, OrderQuery, Slice};
use crate::texts::explanations::answer;
use crate::town::Town;

const NOW: Time = Time::from_ms(1_790_000_000_000);
const SEED: u64 = 7;

/// The pace of the tests: nobody hesitates.
const HURRIED: Pace = Pace { happening: 1..10, answer: 1..5, hand_over: 1..5, confirm: 1..5 };

async fn app(directory: &tempfile::TempDir) -> App {
    app_with(directory, false).await
}

/// A server in a directory of its own, with the dispatch in town if that is wanted.
async fn app_with(directory: &tempfile::TempDir, has_town: bool) -> App {
    let url = directory.path().display().to_string();
    let database = Database::connect(&store::Settings::new(url)).await.unwrap();
    database.migrate().await.unwrap();
    let (bus, clock) = (Arc::new(LocalBus::default()), Arc::new(SystemClock));
    let (store, shared_bus) = (Arc::new(database.clone()), Arc::clone(&bus) as Arc<dyn Bus>);
    let shared_clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let (presence, telling) = (Arc::clone(&bus) as Arc<dyn Presence>, Arc::clone(&shared_clock));
    let knobs = peerpack_actors::dispatch::Settings::default();
    let town = has_town.then(|| Arc::new(Town::new(database.clone(), knobs, presence, telling)));
    let mut kinds: Vec<Arc<dyn Kind>> = town.iter().map(|town| Arc::clone(town) as Arc<dyn Kind>).collect();
    kinds.extend(town.iter().flat_map(|town| town.dispatch().kinds()));
    let settings = RuntimeSettings::default();
    let engine = Engine::start_with(store, shared_bus, shared_clock, settings, kinds).await.unwrap();
    let data_dir = Some(directory.path().to_owned());
    let settings = config::Settings { data_dir, ..config::Settings::default() };
    let config = Arc::new(Config::load(settings, []).unwrap());
    let started_at = clock.now();
    let (sockets, duty, skew, providers) = Default::default();
    let files = Files::open(&config).unwrap();
    let audit = Arc::new(crate::audit::Audit::new(started_at));
    let presence = bus;
    let tokens = Arc::new(crate::auth::token::Tokens::new(&[7; 32], Span::minutes(15)).unwrap());
    let board = Arc::new(crate::board::Board::new(database.clone()));
    let chat_places = Arc::new(tokio::sync::Semaphore::new(crate::app::CHAT_PLACES));
    App {
        tokens,
        board,
        town,
        chat_places,
        engine,
        database,
        files,
        clock,
        skew,
        presence,
        sockets,
        duty,
        telegram: None,
        providers,
        audit,
        config,
        started_at,
    }
}

fn spot(place: &Place) -> &'static Spot {
    let gazetteer = Gazetteer::bundled();
    gazetteer.spot(gazetteer.index_of(place.id).unwrap())
}

fn town(name: &str) -> &'static Place {
    Gazetteer::bundled().find(name).unwrap()
}

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until there is something to see.
async fn within<T>(most: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let seen = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(most, seen).await.expect("it should have been seen by now")
}

async fn offers(app: &App) -> usize {
    let open = app.database.open_packages(None, 1_000).await.unwrap();
    open.iter().map(|package| package.pending().count()).sum()
}

#[actix_web::test]
async fn a_populated_world_lives_and_stays_sound() {
    let directory = tempfile::tempdir().unwrap();
    let app = app(&directory).await;
    let mut world = populate(&app, SEED).await.unwrap();
    assert_eq!(app.engine.stats().trips, TRIPS);
    assert_eq!(app.engine.stats().waiting_packages, PACKAGES);
    let offered = within(PATIENCE, async || Some(offers(&app).await).filter(|n| *n > 10)).await;
    assert!(offered > 10);
    let zone = |name| Zone::of(&[spot(town(name))], Gazetteer::bundled());
    let (pickups, dropoffs) = (zone("Владимир"), zone("Казань"));
    assert!(
        app.engine.search(&Need::to_pass(&pickups, &dropoffs), 1).is_empty(),
        "that is the road of the walk"
    );

    world.pace = HURRIED;
    let senders = world.senders.clone();
    let living = actix_web::rt::spawn(live(app.clone(), world));
    let confirmed = within(PATIENCE, async || {
        let mut confirmed = 0;
        for sender in &senders {
            let theirs = app.database.packages_of(*sender, None, 100).await.unwrap().packages;
            confirmed += theirs.iter().filter(|package| package.state.word() == "confirmed").count();
        }
        Some(confirmed).filter(|n| *n >= 5)
    });
    assert!(confirmed.await >= 5);
    living.abort();
    assert_eq!(app.database.audit().await.unwrap(), Vec::<String>::new());
    app.engine.stop();
    app.database.close().await;
}

#[actix_web::test]
async fn the_town_of_the_demo_orders_drives_and_is_sound_and_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    for life in 1..=2 {
        let app = app_with(&directory, true).await;
        let mut world = populate(&app, SEED).await.unwrap();
        let people = world.town.as_mut().unwrap();
        people.pace = super::town::Pace::HURRIED;
        let town = app.town.clone().unwrap();
        let senders = world.senders.clone();
        let living = actix_web::rt::spawn(live(app.clone(), world));
        let done = OrderQuery { phases: vec![OrderPhase::Completed], ..OrderQuery::default() };
        let all = Slice { offset: 0, limit: 100 };
        let driven = within(PATIENCE, async || {
            let done = app.database.find_orders(&done, all).await.unwrap().items;
            Some(done).filter(|done| done.len() >= 5 * life)
        });
        for order in driven.await {
            assert!(senders.contains(&order.passenger) && order.milestones.settled.is_some(), "{order:?}");
        }
        living.abort();
        town.dispatch().with_board(|board| {
            assert_eq!(board.len(), 60, "everybody is on duty");
        });
        // Sochi is drawn, and nobody of the demo drives or orders there.
        assert_eq!(town.map().regions().count(), 2);
        let sochi = town.map().regions().find(|region| region.title == "Сочи").unwrap().id;
        let figures = app.database.region_figures(sochi).await.unwrap();
        assert_eq!((figures.drivers, figures.passengers, figures.orders), (0, 0, 0));
        assert_eq!(app.database.audit().await.unwrap(), Vec::<String>::new());
        app.engine.stop();
        app.database.close().await;
    }
}

#[actix_web::test]
async fn a_world_is_not_populated_twice() {
    let directory = tempfile::tempdir().unwrap();
    let app = app(&directory).await;
    let first = populate(&app, SEED).await.unwrap();
    let second = populate(&app, SEED).await.unwrap();
    assert_eq!((&first.couriers, &first.senders), (&second.couriers, &second.senders));
    assert_eq!(app.engine.stats().trips, TRIPS);
    app.engine.stop();
    app.database.close().await;
}

#[test]
fn journeys_and_parcels_are_what_people_might_publish() {
    let (routes, mut rng) = (Routes::load().unwrap(), StdRng::seed_from_u64(SEED));
    for _ in 0..2_000 {
        let trip = journeys::trip(&routes, NOW, &mut rng);
        let departs = trip.stops[0].depart.since(NOW);
        assert!(departs >= Span::hours(1) && departs <= Span::days(6), "{trip:?}");
        assert!((5_000..=30_000).contains(&trip.capacity.weight_g));
        assert!(trip.stops.windows(2).all(|pair| pair[0].depart < pair[1].arrive));
        let package = parcels::package(&routes, NOW, &mut rng);
        assert!(package.pickup.place != package.dropoff.place && package.reward.minor >= 10_000);
    }
}

#[test]
fn nobody_of_the_demo_sends_anything_along_the_road_of_the_walk() {
    let names = ["Москва", "Нижний Новгород", "Казань"];
    let stops = names.iter().zip(1_i64..).map(|(name, n)| {
        let at = NOW + Span::hours(6 * n);
        Stop { place: town(name).id, position: town(name).position, arrive: at, depart: at }
    });
    let mut draft = journeys::trip(&Routes::load().unwrap(), NOW, &mut StdRng::seed_from_u64(SEED));
    draft.stops = stops.collect();
    draft.transport = Transport::Car;
    draft.max_detour_min = 60;
    let courier = peerpack_actors::ids::UserId::new(NOW, [1; 10]);
    let id = peerpack_actors::ids::TripId::new(NOW, [1; 10]);
    let trip = peerpack_actors::market::trip::Trip::publish(id, courier, draft, NOW).unwrap();
    let passed = TripEntry::of(&trip, Gazetteer::bundled(), &matching::Settings::default());
    let passes =
        |place: &Place| !passed.anchors_at(&Zone::of(&[spot(place)], Gazetteer::bundled())).is_empty();
    assert!(passes(town("Владимир")));
    let mut known: Vec<_> = Routes::load().unwrap().towns().filter(|town| passes(town)).collect();
    known.dedup_by_key(|town| town.id);
    known.retain(|town| town.name_ru != "Москва");
    assert!(known.is_empty(), "{known:?}");
}

#[actix_web::test]
async fn explain_answers_for_every_courier_within_reach_of_every_package_of_the_demo_world() {
    let directory = tempfile::tempdir().unwrap();
    let app = app(&directory).await;
    populate(&app, SEED).await.unwrap();
    within(PATIENCE, async || (offers(&app).await > 0).then_some(())).await;
    let packages = app.database.open_packages(None, 1_000).await.unwrap();
    assert!(packages.len() >= PACKAGES / 2);
    let (mut couriers, mut matches) = (0, 0);
    for package in packages {
        let (package, explanation) = app.engine.explain(package.id).await.unwrap();
        assert_eq!(explanation.verdicts.len(), explanation.considered, "nobody is left out");
        for verdict in &explanation.verdicts {
            let told = answer(&package, verdict);
            assert!(told.english.ends_with('.') && told.russian.ends_with('.'), "{told:?}");
            assert!(told.russian.chars().any(|letter| matches!(letter, 'а'..='я')), "{told:?}");
            assert!(told.english.chars().all(|letter| !matches!(letter, 'а'..='я')), "{told:?}");
            matches += usize::from(verdict.outcome.is_ok());
        }
        couriers += explanation.verdicts.len();
        for asked in package.pending() {
            let verdict = explanation.verdicts.iter().find(|verdict| verdict.trip == asked.trip);
            let told = answer(&package, verdict.expect("who was asked is in reach"));
            assert_eq!(told.english, "Has been offered the package and has not answered yet.");
        }
    }
    assert!(matches > 0 && couriers > matches, "{matches} of {couriers}");
}

#[actix_web::test]
async fn x_99_a_demo_lives_neither_in_production_nor_among_people_who_are_not_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let app = app(&directory).await;
    let config = |environment: &[(&str, &str)]| {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let data_dir = Some(directory.path().to_owned());
        Config::load(config::Settings { data_dir, ..config::Settings::default() }, environment).unwrap()
    };
    let production = config(&[
        ("PEERPACK_MODE", "production"),
        ("PEERPACK_JWT_SECRET", "5f2c9a04be71d83655f2c9a04be71d836"),
        ("PEERPACK_BOT_TOKEN", "42:a-token-of-our-own"),
        ("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org"),
    ]);
    let refused = super::check(&production).await.unwrap_err().to_string();
    assert!(refused.contains("production"), "{refused}");
    super::check(&config(&[])).await.expect("a store without anybody");

    let number = "+79001234567".to_owned();
    let somebody = UserId::new(NOW, [1; 10]);
    app.database.upsert_phone_user(number, "Anna".to_owned(), somebody, NOW).await.unwrap();
    let refused = super::check(&config(&[])).await.unwrap_err().to_string();
    assert!(refused.contains("people in it"), "{refused}");
    // Who signs in at a demo is among its people.
    World::sign_up(&app, SEED, HURRIED, &mut StdRng::seed_from_u64(SEED)).await.unwrap();
    super::check(&config(&[])).await.expect("a store of its own");
}
