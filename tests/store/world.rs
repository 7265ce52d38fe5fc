//! Trips, packages and people for the tests, and commands on them without any actor: load, decide, commit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use peerpack::store::Database;
use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::Load;
use peerpack_actors::market::package::{End, Mode, Package, PackageCommand, PackageDraft, Proposal};
use peerpack_actors::market::request::{HandOver, Plan, RequestCommand};
use peerpack_actors::market::trip::{Stop, Transport, Trip, TripDraft};
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{PlaceId, Position};
use peerpack_actors::ports::{CommitError, Committed, Store as _, Unavailable};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;

/// How long a test waits for something that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How much later than promised something may come on a busy machine.
pub(super) const SLACK: Duration = Duration::from_secs(10);

/// When everything starts.
pub(super) const START: Time = Time::from_ms(1_790_000_000_000);

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Ten bytes that differ from call to call, and are in no order.
fn bytes() -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&rand::random::<[u8; 2]>());
    bytes[2..].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}

pub(super) fn user() -> UserId {
    UserId::new(START, bytes())
}

pub(super) fn trip_id() -> TripId {
    TripId::new(START, bytes())
}

pub(super) fn package_id() -> PackageId {
    PackageId::new(START, bytes())
}

pub(super) fn request_id() -> RequestId {
    RequestId::new(START, bytes())
}

/// Minutes after the start.
pub(super) fn after(minutes: i64) -> Time {
    START + Span::minutes(minutes)
}

pub(super) const fn grams(weight_g: u32) -> Load {
    Load { weight_g, volume_ml: 10, slots: 1 }
}

pub(super) const fn roubles(major: i64) -> Amount {
    Amount::new(major * 100, Currency::Rub)
}

/// A car trip with a stop every hour and plenty of everything but weight.
pub(super) fn trip(courier: UserId, legs: u16, capacity_g: u32) -> Trip {
    let stop = |n: u16| {
        let at = after(60 * (i64::from(n) + 1));
        let position =
            Position { lat: 55.751_244 + f64::from(n) / 7.0, lon: 37.618_423 - f64::from(n) / 3.0 };
        Stop { place: PlaceId(u32::from(n) + 1), position, arrive: at, depart: at }
    };
    let draft = TripDraft {
        stops: (0..=legs).map(stop).collect(),
        transport: Transport::Car,
        capacity: Load { weight_g: capacity_g, volume_ml: 1_000_000, slots: 1_000 },
        max_detour_min: 1_000,
        price: Some(roubles(300)),
        comment: "Еду через \"Тверь\"".to_owned(),
        airport: "SVO".to_owned(),
    };
    Trip::publish(trip_id(), courier, draft, START).expect("a valid trip")
}

/// A package for the whole way.
pub(super) fn package(sender: UserId, weight_g: u32) -> Package {
    let end = |n: u32, lat: f64| End {
        place: PlaceId(n),
        position: Position { lat, lon: 30.315_868 },
        address: format!("улица №{n}\nkv \"7\""),
    };
    let draft = PackageDraft {
        pickup: end(1, 55.751_244),
        dropoff: end(2, 59.938_63),
        load: grams(weight_g),
        ready_at: START,
        deliver_by: START + Span::days(3),
        reward: roubles(500),
        description: "a vase; 100% 'fragile' \\ 🏺".to_owned(),
        size: "m".to_owned(),
        weight: "light".to_owned(),
        tags: vec!["fragile".to_owned(), "\"quoted\", тег".to_owned()],
        mode: Mode::Instant,
        confirm_by: None,
        template: false,
    };
    Package::publish(package_id(), sender, draft, START).expect("a valid package")
}

pub(super) fn proposal(trip: &Trip, from: u16, to: u16) -> Proposal {
    Proposal {
        id: request_id(),
        trip: trip.id,
        courier: trip.courier,
        plan: Plan {
            legs: LegSpan { from, to },
            pickup: HandOver { place: PlaceId(1), at: after(60) },
            dropoff: HandOver { place: PlaceId(2), at: after(120) },
            detour_min: 1,
            detour_m: 1_500,
            room_left_g: 5_000,
        },
        reward: roubles(500),
        message: "as soon as you can".to_owned(),
        airport: "SVO, терминал \"B\"".to_owned(),
        time_limit: Some((Span::seconds(15), after(30))),
    }
}

pub(super) async fn publish_trip(db: &Database, trip: &Trip) {
    db.commit(Unit::publish_trip(trip.clone(), &[])).await.expect("the trip is stored");
}

pub(super) async fn publish_package(db: &Database, package: &Package) {
    db.commit(Unit::publish_package(package.clone())).await.expect("the package is stored");
}

pub(super) async fn load_package(db: &Database, id: PackageId) -> Package {
    patiently(async || db.package(id).await).await.expect("the package is there")
}

pub(super) async fn load_trip(db: &Database, id: TripId) -> Trip {
    patiently(async || db.trip(id).await).await.expect("the trip is there")
}

/// What is read, from a store that may be busy with others for a while.
async fn patiently<T>(read: impl AsyncFn() -> Result<T, Unavailable>) -> T {
    for _ in 0..20 {
        if let Ok(read) = read().await {
            return read;
        }
    }
    panic!("the store does not answer");
}

/// The unit for a command on a package as it is given; the trip counts as boundless, so that only the store
/// guards the room.
pub(super) fn unit(
    package: &Package,
    trip: Option<&Trip>,
    command: &PackageCommand,
    funding: Funding,
    at: Time,
) -> Unit {
    let boundless = trip.map(|trip| {
        let mut trip = trip.clone();
        trip.left.fill(Load { weight_g: u32::MAX, volume_ml: u32::MAX, slots: u32::MAX });
        trip.draft.max_detour_min = u32::MAX;
        trip
    });
    let outcome = package.decide(command, boundless.as_ref(), funding, at).expect("the core agrees");
    Unit::package(package, outcome, at)
}

/// Loads a package, decides a command and commits it: once, without another try.
pub(super) async fn command(
    db: &Database,
    package: PackageId,
    trip: Option<&Trip>,
    command: &PackageCommand,
    at: Time,
) -> Result<Committed, CommitError> {
    let package = load_package(db, package).await;
    db.commit(unit(&package, trip, command, Funding::Demo, at)).await
}

/// A step of one request.
pub(super) fn step(id: RequestId, command: RequestCommand) -> PackageCommand {
    PackageCommand::Request { id, command }
}

/// A package that is offered to the courier of a trip; answers with the request.
pub(super) async fn offered(db: &Database, package: &Package, trip: &Trip, from: u16, to: u16) -> RequestId {
    let proposal = proposal(trip, from, to);
    let id = proposal.id;
    command(db, package.id, None, &PackageCommand::Offer(vec![proposal]), after(1))
        .await
        .expect("the offer is stored");
    id
}

/// A package and a trip, both stored, and a pending offer between them.
pub(super) async fn ready(db: &Database, weight_g: u32, capacity_g: u32) -> (Package, Trip, RequestId) {
    let (package, trip) = (package(user(), weight_g), trip(user(), 3, capacity_g));
    publish_package(db, &package).await;
    publish_trip(db, &trip).await;
    let request = offered(db, &package, &trip, 0, 3).await;
    (package, trip, request)
}

/// The courier of the trip accepts.
pub(super) async fn accept(
    db: &Database,
    package: PackageId,
    trip: &Trip,
    request: RequestId,
) -> Result<Committed, CommitError> {
    command(db, package, Some(trip), &step(request, RequestCommand::Accept { by: trip.courier }), after(2))
        .await
}
