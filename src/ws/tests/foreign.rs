//! Who asks for what belongs to others. The test has the number of its attack.

use peerpack_actors::ports::Store;
use serde_json::{Value, json};
use uuid::Uuid;

use super::talk::deal;
use super::world::World;

#[actix_web::test]
async fn x_43_who_asks_for_somebody_elses_package_trip_or_stream_is_told_nothing_of_it() {
    let world = World::start().await;
    let (courier, mut sender, mut carrier, offer) = deal(&world).await;
    let eve = world.user();
    world.happen(eve).await;
    let (mut eves, epoch, top) = world.greeted(eve).await;
    assert_eq!(top, 1);

    let (package, trip) = (&offer["package"]["id"], &offer["trip_id"]);
    let own = world.app.database.live_trips_of(eve).await.unwrap()[0].to_string();
    let nobodys = Uuid::from_bytes(rand::random()).to_string();
    let topics = [
        json!({ "package_id": package }),
        json!({ "trip_id": trip }),
        json!({ "package_id": package, "trip_id": trip }),
        // With something of one's own beside it.
        json!({ "package_id": package, "trip_id": own }),
        json!({ "package_id": nobodys }),
        json!({ "trip_id": nobodys }),
    ];
    let subscribe = |topic: &Value| json!({ "type": "subscribe", "cmd_id": Uuid::from_bytes(rand::random()), "data": topic });
    for topic in &topics {
        let mut ack = eves.ask(&subscribe(topic)).await;
        // The same as of what does not exist, to the letter.
        ack["cmd_id"].take();
        let code = if topic.as_object().unwrap().len() == 1 { "not_found" } else { "invalid" };
        let refused = json!({ "type": "ack", "cmd_id": null, "status": "error", "code": code, "message": ack["message"] });
        assert_eq!(ack, refused, "{topic}");
    }
    let data = json!({ "request_id": offer["request_id"] });
    carrier.say(&json!({ "type": "request.pick_up", "cmd_id": Uuid::from_u128(2), "data": data })).await;
    assert_eq!(carrier.hear_of("ack").await["status"], "ok");
    sender.say(&subscribe(&topics[0])).await;
    assert_eq!(sender.hear_of("ack").await["status"], "ok");
    carrier.say(&json!({ "type": "location", "data": { "lat": 55.74, "lon": 37.62 } })).await;
    assert_eq!(sender.hear_of("trip.location").await["data"]["trip_id"], *trip);
    eves.hear_nothing().await;

    // The courier's position, which is ahead of one's own.
    let theirs = world.app.database.position(courier).await.unwrap();
    assert!(theirs.epoch == epoch && theirs.top > top, "{theirs:?}");
    for (epoch, last_seq) in [(epoch, theirs.top), (epoch + 1, 0)] {
        let resumed = eves.resume(epoch, last_seq).await;
        assert_eq!((&resumed["type"], &resumed["data"]["recovered"]), (&"resumed".into(), &false.into()));
        assert_eq!(resumed["data"]["top"], top, "one's own");
        eves.hear_nothing().await;
    }
    // One that both may have had is a position in one's own stream.
    let (mut again, ..) = world.greeted(eve).await;
    let resumed = again.resume(epoch, 0).await;
    assert_eq!((&resumed["data"]["recovered"], &resumed["data"]["count"]), (&true.into(), &1.into()));
    let event = again.hear().await;
    assert_eq!((&event["type"], &event["data"]["trip_id"]), (&"trip.updated".into(), &own.as_str().into()));
    again.hear_nothing().await;
    world.stop().await;
}
