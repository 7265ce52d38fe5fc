//! What a dry run says is what publishing the same does next, whatever the market is like.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use peerpack_actors::ids::{PackageId, UserId};
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{End, Mode, Package, PackageDraft};
use peerpack_actors::market::trip::{Stop, Transport, TripDraft};
use peerpack_actors::matching::Next;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::Store as _;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::alone::{Alone, draft};
use crate::support::eventually;

/// How often the engine learns from the store here.
const RELEARN: Duration = Duration::from_millis(200);

/// A market, and what people then publish in it.
#[derive(Clone, Debug)]
struct Scene {
    /// What people offered who have waited for hours, in roubles; each of them once.
    waited: Vec<i64>,
    /// What one account has published as well, and how much of it was called off.
    spam: Vec<(i64, bool)>,
    /// Days until the departure, and the grams of room.
    trips: Vec<(i64, u32)>,
    parcels: Vec<Parcel>,
}

#[derive(Clone, Debug)]
struct Parcel {
    reward: i64,
    weight_g: u32,
    mode: Mode,
    /// Whether it is still there when the next one is published.
    stays: bool,
}

fn scene() -> impl Strategy<Value = Scene> {
    let reward = || prop_oneof![50..1_000_i64, 1_000..10_000_i64];
    let mode = prop_oneof![6 => Just(Mode::Instant), 1 => Just(Mode::Choose)];
    let parcel = (reward(), 100..6_000_u32, mode, any::<bool>());
    let parcel = parcel.prop_map(|(reward, weight_g, mode, stays)| Parcel { reward, weight_g, mode, stays });
    (
        prop_oneof![Just(Vec::new()), prop::collection::vec(reward(), 1..40)],
        prop::collection::vec((reward(), any::<bool>()), 0..8),
        prop::collection::vec((1..9_i64, 1_000..8_000_u32), 0..4),
        prop::collection::vec(parcel, 3..7),
    )
        .prop_map(|(waited, spam, trips, parcels)| Scene { waited, spam, trips, parcels })
}

fn parcel(now: Time, reward: i64, weight_g: u32, mode: Mode) -> PackageDraft {
    let load = Load { weight_g, volume_ml: 100, slots: 1 };
    let reward = Amount::new(reward * 100, Currency::Rub);
    PackageDraft { mode, load, reward, deliver_by: now + Span::days(10), ..draft(now) }
}

/// A trip from end to end of the parcel.
fn trip(like: &PackageDraft, now: Time, hours: i64, weight_g: u32) -> TripDraft {
    let stop = |end: &End, hours| {
        let at = now + Span::hours(hours);
        Stop { place: end.place, position: end.position, arrive: at, depart: at }
    };
    TripDraft {
        stops: vec![stop(&like.pickup, hours), stop(&like.dropoff, hours + 10)],
        transport: Transport::Car,
        capacity: Load { weight_g, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: 0,
        price: None,
        comment: String::new(),
        airport: String::new(),
    }
}

/// A package that was published hours ago.
async fn waited(alone: &Alone, sender: UserId, reward: i64) -> PackageId {
    let hours_ago = alone.engine.now() - Span::hours(3);
    let draft = PackageDraft { mode: Mode::Choose, ..parcel(hours_ago, reward, 2_000, Mode::Choose) };
    let package = Package::publish(PackageId::new(hours_ago, rand::random()), sender, draft, hours_ago);
    let package = package.unwrap();
    let id = package.id;
    alone.database.commit(Unit::publish_package(package)).await.unwrap();
    id
}

/// The moments differ by the time between two questions.
fn alike(one: Time, other: Time) -> bool {
    one.since(other).ms().abs() <= 5_000
}

async fn check(scene: Scene, seen: &Mutex<BTreeSet<&'static str>>) -> Result<(), TestCaseError> {
    let alone = Alone::start(RuntimeSettings { relearn: RELEARN, ..RuntimeSettings::default() }).await;
    for reward in &scene.waited {
        waited(&alone, alone.somebody(), *reward).await;
    }
    let spammer = alone.somebody();
    for (reward, is_called_off) in &scene.spam {
        let package = waited(&alone, spammer, *reward).await;
        if *is_called_off {
            alone.engine.cancel_package(package, spammer).await.unwrap();
        }
    }
    let now = alone.engine.now();
    for (days, weight_g) in &scene.trips {
        let like = parcel(now, 100, 100, Mode::Instant);
        let hours = (days * 24).min(like.deliver_by.since(now).ms() / 3_600_000 - 11);
        let draft = trip(&like, now, hours, *weight_g);
        alone.engine.publish_trip(alone.somebody(), draft).await.unwrap();
    }
    // Whatever there is to learn is learned when the lesson after the next one begins.
    let lessons = || alone.store.lessons.load(Ordering::SeqCst);
    let before = lessons();
    eventually("two more lessons", async || (lessons() >= before + 2).then_some(())).await;
    for one in &scene.parcels {
        let (sender, draft) = (alone.somebody(), parcel(now, one.reward, one.weight_g, one.mode));
        let (told, _) = alone.engine.dry_run(sender, draft.clone(), Amount::default()).await.unwrap();
        let package = alone.engine.publish_package(sender, draft).await.unwrap().id;
        let requests = async || alone.database.package(package).await.unwrap().unwrap().requests.len();
        let next = async || alone.engine.explain(package).await.unwrap().1.next;
        match told.next {
            Next::Offered { couriers } => {
                seen.lock().insert("offered");
                eventually("as many offers as were promised", async || {
                    (requests().await == couriers).then_some(())
                })
                .await;
                prop_assert_eq!(next().await, Next::Asked { couriers });
            }
            Next::Kept { until, reward_at_once } => {
                seen.lock().insert("kept");
                let Next::Kept { until: kept_until, reward_at_once: reward } = next().await else {
                    return Err(TestCaseError::fail(format!("{:?} is not kept", next().await)));
                };
                prop_assert!(alike(until, kept_until), "{until} {kept_until}");
                prop_assert_eq!(reward_at_once, reward);
            }
            other => {
                seen.lock().insert(if matches!(other, Next::Waits) { "waits" } else { "nothing" });
                prop_assert_eq!(next().await, other);
            }
        }
        if !matches!(told.next, Next::Offered { .. }) {
            // Time for its actor to do something else.
            tokio::time::sleep(Duration::from_millis(50)).await;
            prop_assert_eq!(requests().await, 0, "{:?}", told.next);
        }
        if !one.stays {
            alone.engine.cancel_package(package, sender).await.unwrap();
        }
    }
    alone.end().await;
    Ok(())
}

#[test]
fn what_a_dry_run_says_is_what_publishing_the_same_does() {
    let seen = Mutex::new(BTreeSet::new());
    let config = Config { cases: 24, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config)
        .run(&scene(), |scene| actix_web::rt::System::new().block_on(check(scene, &seen)));
    played.unwrap();
    let seen = seen.into_inner();
    assert!(seen.len() == 4, "of all that can happen, only {seen:?} did");
}
