//! The engine without its edges, on a store that counts and can be made to fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use peerpack::app::SystemClock;
use peerpack::bus::local::LocalBus;
use peerpack::store::{Database, Settings};
use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{End, Mode, Package, PackageDraft};
use peerpack_actors::market::request::{Request, RequestCommand};
use peerpack_actors::market::trip::{Stop, Transport, Trip, TripDraft};
use peerpack_actors::matching;
use peerpack_actors::money::Amount;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::ports::Store;
use peerpack_actors::runtime::session::Overflow;
use peerpack_actors::runtime::{Engine, Frame, RuntimeSettings, SessionId, SessionPort};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;

use crate::deaf::Deaf;
use crate::support::eventually;

/// An engine, the store that it sees, and the database behind it.
pub struct Alone {
    pub engine: Engine,
    pub store: Arc<Deaf>,
    pub database: Database,
    _dir: tempfile::TempDir,
}

impl Alone {
    pub async fn start(settings: RuntimeSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::connect(&Settings::new(dir.path().display().to_string())).await.unwrap();
        database.migrate().await.unwrap();
        let store = Arc::new(Deaf::new(database.clone()));
        let engine = engine_on(&store, settings).await;
        Self { engine, store, database, _dir: dir }
    }

    /// One that compares itself with the store often.
    async fn watchful() -> Self {
        let compare = Duration::from_millis(500);
        Self::start(RuntimeSettings { compare, ..RuntimeSettings::default() }).await
    }

    pub async fn end(self) {
        self.engine.stop();
        self.database.close().await;
    }

    pub fn somebody(&self) -> UserId {
        UserId::new(self.engine.now(), rand::random())
    }

    /// A package that asks couriers at once.
    fn instant(&self) -> PackageDraft {
        PackageDraft { mode: Mode::Instant, ..draft(self.engine.now()) }
    }

    /// A trip between the ends of a package, with room for so many grams.
    fn trip(&self, weight_g: u32) -> TripDraft {
        let (now, package) = (self.engine.now(), self.instant());
        let stop = |end: &End, hours| {
            let at = now + Span::hours(hours);
            Stop { place: end.place, position: end.position, arrive: at, depart: at }
        };
        TripDraft {
            stops: vec![stop(&package.pickup, 5), stop(&package.dropoff, 20)],
            transport: Transport::Car,
            capacity: Load { weight_g, volume_ml: UNSTATED, slots: UNSTATED },
            max_detour_min: 0,
            price: None,
            comment: String::new(),
            airport: String::new(),
        }
    }

    async fn publish_trip(&self, courier: UserId, weight_g: u32) {
        self.engine.publish_trip(courier, self.trip(weight_g)).await.unwrap();
    }

    /// The offer that a package makes, sooner or later.
    async fn offer(&self, package: PackageId) -> Request {
        eventually("an offer", async || {
            let stored = self.database.package(package).await.unwrap().unwrap();
            stored.requests.into_iter().next()
        })
        .await
    }

    async fn some_rounds(&self) {
        let rounds = || self.store.rounds.load(Ordering::SeqCst);
        let before = rounds();
        eventually("three more rounds", async || (rounds() >= before + 3).then_some(())).await;
    }
}

/// An engine that starts on a store.
async fn engine_on(store: &Arc<Deaf>, settings: RuntimeSettings) -> Engine {
    let (bus, clock) = (Arc::new(LocalBus::default()), Arc::new(SystemClock));
    Engine::start(Arc::clone(store) as _, bus, clock, settings).await.unwrap()
}

/// A connection that counts what it is told.
#[derive(Default)]
struct Ear(AtomicUsize);

impl SessionPort for Ear {
    fn id(&self) -> SessionId {
        SessionId(1)
    }

    fn push(&self, frame: Frame) -> Result<(), Overflow> {
        self.0.fetch_add(usize::from(matches!(frame, Frame::Event(_))), Ordering::SeqCst);
        Ok(())
    }
}

/// A light package that couriers are not asked to take before its sender says so.
pub fn draft(now: Time) -> PackageDraft {
    let end = |name: &str| {
        let place = Gazetteer::bundled().find(name).unwrap();
        End { place: place.id, position: place.position, address: String::new() }
    };
    PackageDraft {
        pickup: end("Москва"),
        dropoff: end("Казань"),
        load: Load { weight_g: 100, volume_ml: 100, slots: 1 },
        ready_at: now,
        deliver_by: now + Span::days(2),
        reward: Amount::default(),
        description: "книги".into(),
        size: "s".into(),
        weight: "light".into(),
        tags: Vec::new(),
        mode: Mode::Choose,
        confirm_by: None,
        template: false,
    }
}

#[actix_web::test]
async fn a_round_that_panics_is_not_the_last_one() {
    let alone = Alone::watchful().await;
    alone.store.panics.store(true, Ordering::SeqCst);
    alone.some_rounds().await;
    assert!(!alone.store.panics.load(Ordering::SeqCst), "it has panicked");
    alone.end().await;
}

/// RT-9: looking at all that has changed elsewhere may take long; who has missed something does not wait for
/// it.
#[actix_web::test]
async fn people_hear_what_they_have_missed_although_the_comparison_is_not_over() {
    let alone = Alone::watchful().await;
    let (courier, ear) = (alone.somebody(), Arc::new(Ear::default()));
    alone.engine.attach(courier, Arc::clone(&ear) as _).await.unwrap();
    alone.store.hangs.store(true, Ordering::SeqCst);
    let hanging = async || (alone.store.hanging.load(Ordering::SeqCst) > 0).then_some(());
    eventually("a comparison that hangs", hanging).await;
    // On another node, whose hint is lost.
    let now = alone.engine.now();
    let trip = Trip::publish(TripId::new(now, rand::random()), courier, alone.trip(5_000), now).unwrap();
    alone.database.commit(Unit::publish_trip(trip, &[])).await.unwrap();
    eventually("the event", async || (ear.0.load(Ordering::SeqCst) > 0).then_some(())).await;
    alone.end().await;
}

#[actix_web::test]
async fn what_a_node_has_changed_itself_it_does_not_read_again() {
    let alone = Alone::watchful().await;
    let (engine, sender) = (&alone.engine, alone.somebody());
    for _ in 0..3 {
        let package = engine.publish_package(sender, draft(engine.now())).await.unwrap();
        engine.cancel_package(package.id, sender).await.unwrap();
    }
    let looks = || alone.store.looks.load(Ordering::SeqCst);
    let before = looks();
    alone.some_rounds().await;
    assert_eq!(looks(), before, "it knows what it has done");
    // What came from elsewhere it reads.
    let now = engine.now();
    let elsewhere = Package::publish(PackageId::new(now, rand::random()), sender, draft(now), now);
    alone.database.commit(Unit::publish_package(elsewhere.unwrap())).await.unwrap();
    alone.some_rounds().await;
    assert!(looks() > before, "and nothing of others");
    alone.end().await;
}

#[actix_web::test]
async fn a_package_that_nobody_considers_is_looked_at_again() {
    let alone = Alone::watchful().await;
    let (sender, courier) = (alone.somebody(), alone.somebody());
    alone.publish_trip(courier, 5_000).await;
    // Published by a node that died before it could ask anybody.
    let now = alone.engine.now();
    let package =
        Package::publish(PackageId::new(now, rand::random()), sender, alone.instant(), now).unwrap();
    let id = package.id;
    alone.database.commit(Unit::publish_package(package)).await.unwrap();
    assert_eq!(alone.offer(id).await.courier, courier);
    alone.end().await;
}

#[actix_web::test]
async fn room_that_was_set_aside_for_an_acceptance_is_given_back_when_its_actor_dies() {
    let alone = Alone::start(RuntimeSettings::default()).await;
    let (sender, courier) = (alone.somebody(), alone.somebody());
    // There is room for one parcel.
    alone.publish_trip(courier, 100).await;
    let package = alone.engine.publish_package(sender, alone.instant()).await.unwrap();
    let offer = alone.offer(package.id).await;
    alone.store.panics_at.store(1, Ordering::SeqCst);
    // The actor that takes its place asks for the same room.
    alone.engine.request(offer.id, RequestCommand::Accept { by: courier }).await.unwrap();
    assert_eq!(alone.store.panics_at.load(Ordering::SeqCst), 0, "it has panicked");
    alone.end().await;
}

#[actix_web::test]
async fn an_offer_that_was_never_made_does_not_keep_its_courier_busy() {
    let matching = matching::Settings { max_live_offers: 1, ..matching::Settings::default() };
    let alone = Alone::start(RuntimeSettings { matching, ..RuntimeSettings::default() }).await;
    let (sender, courier) = (alone.somebody(), alone.somebody());
    alone.publish_trip(courier, 5_000).await;
    // The package is published, and the actor dies over its first wave.
    alone.store.panics_at.store(2, Ordering::SeqCst);
    let package = alone.engine.publish_package(sender, alone.instant()).await.unwrap();
    assert_eq!(alone.offer(package.id).await.courier, courier);
    assert_eq!(alone.store.panics_at.load(Ordering::SeqCst), 0, "it has panicked");
    alone.end().await;
}

/// A store with very many trips does not keep a node from serving: what is missing comes later, and is
/// offered what waits for it.
#[actix_web::test]
async fn a_node_serves_while_trips_are_still_taken_in() {
    let alone = Alone::start(RuntimeSettings::default()).await;
    let (sender, courier) = (alone.somebody(), alone.somebody());
    alone.publish_trip(courier, 5_000).await;
    alone.engine.stop();
    alone.store.keeps_trips.store(true, Ordering::SeqCst);
    let settings = RuntimeSettings { restore_wait: Duration::ZERO, ..RuntimeSettings::default() };
    let restarted = engine_on(&alone.store, settings).await;
    assert!(restarted.stats().restoring && restarted.stats().trips == 0);
    let package = restarted.publish_package(sender, alone.instant()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stored = alone.database.package(package.id).await.unwrap().unwrap();
    assert!(stored.requests.is_empty(), "nobody is known yet");
    alone.store.keeps_trips.store(false, Ordering::SeqCst);
    assert_eq!(alone.offer(package.id).await.courier, courier);
    eventually("the end of it", async || (!restarted.stats().restoring).then_some(())).await;
    restarted.stop();
    alone.end().await;
}
