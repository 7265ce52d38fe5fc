//! Events: each once, in order, none left out.

use std::time::Duration;

use peerpack_actors::runtime::{Frame, SessionPort};

use super::world::{PATIENCE, World};
use crate::client::listen;
use crate::edge::outbox::Ending;

#[actix_web::test]
async fn hello_comes_first_and_an_event_comes_once() {
    let world = World::start().await;
    let user = world.user();
    world.happen(user).await;
    let (mut client, epoch, top) = world.greeted(user).await;
    assert_eq!(top, 1);
    world.happen(user).await;
    let event = client.hear().await;
    assert_eq!((event["seq"].as_u64(), event["type"].as_str()), (Some(top + 1), Some("trip.updated")));
    client.hear_nothing().await;
    let resumed = client.resume(epoch, top + 1).await;
    assert_eq!((&resumed["type"], &resumed["data"]["count"]), (&"resumed".into(), &0.into()));
    client.hear_nothing().await;
    world.stop().await;
}

#[actix_web::test]
async fn after_a_reconnect_exactly_what_was_missed_comes_before_what_is_new() {
    let world = World::start().await;
    let user = world.user();
    let (mut client, epoch, _) = world.greeted(user).await;
    for _ in 0..3 {
        world.happen(user).await;
    }
    assert_eq!(client.events(3).await, [1, 2, 3]);
    drop(client);
    for _ in 0..4 {
        world.happen(user).await;
    }
    let (mut client, epoch_again, top) = world.greeted(user).await;
    assert_eq!((epoch_again, top), (epoch, 7));
    // Between hello and resume.
    world.happen(user).await;
    let resumed = client.resume(epoch, 3).await;
    assert_eq!(resumed["data"]["recovered"], true);
    let count = resumed["data"]["count"].as_u64().unwrap();
    assert_eq!(resumed["data"]["top"], 3 + count);
    world.happen(user).await;
    assert_eq!(client.events(6).await, [4, 5, 6, 7, 8, 9]);
    client.hear_nothing().await;
    world.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_told_is_not_told_in_part() {
    let world = World::start().await;
    let user = world.user();
    for _ in 0..2 {
        world.happen(user).await;
    }
    let (mut client, epoch, _) = world.greeted(user).await;
    let resumed = client.resume(epoch + 1, 1).await;
    assert_eq!(
        (&resumed["data"]["recovered"], &resumed["data"]["reason"]),
        (&false.into(), &"epoch_changed".into())
    );
    let resumed = client.resume(epoch, 9).await;
    assert_eq!(resumed["data"]["reason"], "future_seq");
    client.hear_nothing().await;
    world.happen(user).await;
    assert_eq!(client.events(1).await, [3]);
    // What comes before the hello would come after what was live.
    client.say(&serde_json::json!({ "type": "resume", "data": { "epoch": epoch, "last_seq": 0 } })).await;
    assert_eq!(client.close_code().await, 4010);
    world.stop().await;
}

#[actix_web::test]
async fn a_client_that_resumes_again_and_again_keeps_nobody_else_from_it() {
    let world = World::start().await;
    let (mut client, epoch, top) = world.greeted(world.user()).await;
    // Also under one `cmd_id`: its answer is the resume's own.
    let data = serde_json::json!({ "epoch": epoch, "last_seq": top });
    let resume = serde_json::json!({ "type": "resume", "cmd_id": uuid::Uuid::from_u128(1), "data": data });
    for _ in 0..3 {
        assert_eq!(client.ask(&resume).await["type"], "resumed");
    }
    client.say(&resume).await;
    assert_eq!(client.close_code().await, 4029);
    world.stop().await;
}

#[actix_web::test]
async fn under_steady_fire_every_connection_sees_an_unbroken_run() {
    let world = World::start().await;
    let user = world.user();
    const EVENTS: u64 = 60;
    let fire = async {
        for _ in 0..EVENTS {
            world.happen(user).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let listen = async {
        let (mut last, mut epoch) = (0, None);
        while last < EVENTS {
            let (mut client, of_now, _) = world.greeted(user).await;
            assert_eq!(*epoch.get_or_insert(of_now), of_now);
            let resumed = client.resume(of_now, last).await;
            assert_eq!(resumed["data"]["recovered"], true, "{resumed}");
            for _ in 0..(EVENTS - last).min(9) {
                assert_eq!(client.events(1).await, [last + 1]);
                last += 1;
            }
        }
    };
    futures_util::future::join(fire, listen).await;
    world.stop().await;
}

#[actix_web::test]
async fn the_listener_comes_back_and_misses_nothing() {
    let world = World::start().await;
    let user = world.user();
    let (url, token) = (world.url(), world.token(user));
    let happen = async {
        for n in 0..3 {
            while world.app.engine.sessions_of(user) == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            world.happen(user).await;
            for outbox in world.app.sockets.of(user) {
                outbox.end(Ending::new(4008, "try again"));
            }
            if n == 1 {
                world.happen(user).await;
            }
        }
    };
    let listen = tokio::time::timeout(2 * PATIENCE, listen::run(&url, &token, Some(4)));
    let (listened, ()) = futures_util::future::join(listen, happen).await;
    listened.expect("four events").expect("a good end");
    let refused = listen::run(&url, "a.b.c", None).await.unwrap_err();
    assert!(refused.to_string().contains("401"), "{refused}");
    assert!(listen::run("localhost", &token, None).await.is_err());
    world.stop().await;
}

#[actix_web::test]
async fn trouble_with_the_store_is_told_once() {
    let world = World::start().await;
    let user = world.user();
    let (mut client, epoch, top) = world.greeted(user).await;
    client.resume(epoch, top).await;
    for _ in 0..3 {
        world.app.sockets.of(user)[0].push(Frame::Degraded).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(client.hear().await["data"]["degraded"], true);
    client.hear_nothing().await;
    world.stop().await;
}

#[actix_web::test]
async fn before_a_restart_everybody_is_told_when_to_come_back() {
    let world = World::start().await;
    let user = world.user();
    let (mut client, ..) = world.greeted(user).await;
    let app = world.app.clone();
    let closing = actix_web::rt::spawn(async move { app.sockets.close_all(Duration::from_secs(10)).await });
    let reconnect = client.hear().await;
    assert_eq!(reconnect["type"], "reconnect");
    assert!(reconnect["data"]["retry_after_ms"].as_u64().unwrap() < 10_000);
    assert_eq!(client.close_code().await, 1012);
    closing.await.unwrap();
    assert!(world.app.sockets.is_empty());
    world.stop().await;
}
