//! A thread of requests and sockets that is held up: the others serve, health says which it is, and anybody
//! who is on it is answered when it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{join, join_all};
use peerpack_actors::ids::UserId;
use peerpack_actors::time::{Span, Time};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::world::{Client, PATIENCE, World, http};
use crate::bus::local::LocalBus;
use crate::bus::{LastPosition, Presence, Silent};

/// How long the thread is held up: the others answer before it goes on, on the slowest machine too.
const HELD_FOR: Duration = Duration::from_secs(25);

/// AV-1: three seconds, and what a busy machine adds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(13);

/// Says who is around, and once holds up the thread that it is told by.
#[derive(Default)]
struct Stumbling {
    bus: LocalBus,
    is_armed: AtomicBool,
}

#[async_trait]
impl Presence for Stumbling {
    fn set_present(&self, user: UserId, now: Time, ttl: Span) {
        if self.is_armed.swap(false, Ordering::SeqCst) {
            std::thread::sleep(HELD_FOR);
        }
        self.bus.set_present(user, now, ttl);
    }

    fn set_position(&self, user: UserId, position: LastPosition) {
        self.bus.set_position(user, position);
    }

    async fn present_count(&self, now: Time) -> Result<u64, Silent> {
        self.bus.present_count(now).await
    }

    async fn last_position(&self, user: UserId, now: Time) -> Result<Option<LastPosition>, Silent> {
        self.bus.last_position(user, now).await
    }
}

/// What health says on a connection of its own, and how long that took. A thread that goes on takes those who
/// were waiting for slow ones (the library's clock had stood still too), and tells them to ask again.
async fn health(world: &World) -> (Option<Value>, Duration) {
    let asked = Instant::now();
    let answer = http().get(format!("http://{}/api/health", world.address)).send().await.unwrap();
    let said = match answer.status().as_u16() {
        200 => Some(answer.json().await.unwrap()),
        408 => None,
        status => panic!("{status}"),
    };
    (said, asked.elapsed())
}

/// How long a pong takes.
async fn pong(client: &mut Client) -> Duration {
    let asked = Instant::now();
    assert_eq!(client.ask(&json!({ "type": "ping" })).await["type"], "pong");
    asked.elapsed()
}

#[actix_web::test]
async fn f16_a_thread_of_requests_that_is_held_up_is_seen_and_the_others_serve() {
    let presence = Arc::new(Stumbling::default());
    let world = World::with_workers(2, Arc::clone(&presence) as _).await;
    // Connections go to the two threads in turn.
    let (mut one, ..) = world.greeted(world.user()).await;
    let (mut other, ..) = world.greeted(world.user()).await;
    let around = async {
        while presence.present_count(world.app.clock.now()).await != Ok(2) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, around).await.expect("both have been told of: the next one will stumble");
    presence.is_armed.store(true, Ordering::SeqCst);
    let (mut unlucky, ..) = world.greeted(world.user()).await;
    let stumbled = async {
        while presence.is_armed.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, stumbled).await.expect("a thread is held up");

    // Until it has been silent for two seconds, and a while longer.
    let questions = (0..12).map(|number| {
        let world = &world;
        async move {
            sleep(Duration::from_millis(300) * number).await;
            health(world).await
        }
    });
    let (answers, pongs) = join(join_all(questions), join(pong(&mut one), pong(&mut other))).await;
    let (served, waited): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(_, took)| *took < ANSWERED_WITHIN);
    assert!(!served.is_empty() && !waited.is_empty(), "{} served, {} waited", served.len(), waited.len());
    assert!(pongs.0.min(pongs.1) < ANSWERED_WITHIN, "{pongs:?}");
    let said: Vec<Value> =
        served.into_iter().map(|(said, _)| said.expect("served and not told to wait")).collect();
    let said = said.iter().find(|said| said["status"] == "degraded").expect("it is seen");
    let named = said["engine"]["silent_threads"].as_array().unwrap();
    assert!(named.iter().any(|name| name.as_str().unwrap().starts_with("requests ")), "{named:?}");

    pong(&mut unlucky).await;
    let well = async {
        while health(&world).await.0.is_none_or(|said| said["status"] != "ok") {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, well).await.expect("all is well again");
    world.stop().await;
}
