//! Commands and their acks.

use futures_util::SinkExt;
use peerpack_actors::ids::UserId;
use peerpack_actors::market::trip::TripCommand;
use peerpack_actors::ports::Store;
use peerpack_actors::unit::Unit;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::world::{Client, World, command};

#[actix_web::test]
async fn a_command_is_answered_once_and_a_repeated_one_with_the_same_ack() {
    let world = World::start().await;
    let (mut client, ..) = world.greeted(world.user()).await;
    let kinds = [
        "offer.accept",
        "offer.decline",
        "request.accept",
        "request.decline",
        "request.pick_up",
        "request.deliver",
        "request.confirm",
        "request.cancel",
        "request.withdraw",
        "offer.rendered",
    ];
    for kind in kinds {
        let id = Uuid::from_bytes(rand::random());
        let ack = client.ask(&command(kind, id)).await;
        assert_eq!(ack["type"], "ack");
        assert_eq!(ack["cmd_id"], id.to_string());
        assert_eq!((&ack["status"], &ack["code"]), (&"error".into(), &"not_found".into()), "{kind}");
        assert_eq!(client.ask(&command(kind, id)).await, ack);
    }
    client.hear_nothing().await;
    world.stop().await;
}

#[actix_web::test]
async fn an_offer_is_taken_once_and_both_sides_hear_of_it() {
    let world = World::start().await;
    let (sender, courier) = (world.user(), world.user());
    let (mut courier_client, ..) = world.greeted(courier).await;
    let (mut sender_client, ..) = world.greeted(sender).await;
    world.happen(courier).await;
    world.send_package(sender).await;
    let offer = courier_client.hear_of("offer.new").await;
    let request = &offer["data"]["request_id"];
    let ask = |kind: &str, id: u128| json!({ "type": kind, "cmd_id": Uuid::from_u128(id), "data": { "request_id": request } });
    courier_client.say(&ask("offer.rendered", 1)).await;
    assert_eq!(courier_client.hear_of("ack").await["status"], "ok");
    courier_client.say(&ask("offer.accept", 2)).await;
    let ack = courier_client.hear_of("ack").await;
    assert_eq!(ack["data"], json!({ "request_id": request, "new_status": "accepted" }));
    // The same again, and the same under another id: no second effect.
    for id in [2, 3] {
        courier_client.say(&ask("offer.accept", id)).await;
        assert_eq!(courier_client.hear_of("ack").await["data"], ack["data"]);
    }
    assert_eq!(sender_client.hear_of("request.accepted").await["data"]["request_id"], *request);
    sender_client.say(&ask("request.confirm", 4)).await;
    let refusal = sender_client.hear_of("ack").await;
    assert_eq!((&refusal["status"], &refusal["code"]), (&"error".into(), &"illegal_transition".into()));
    world.stop().await;
}

#[actix_web::test]
async fn commands_are_answered_in_their_order() {
    let world = World::start().await;
    let (mut client, ..) = world.greeted(world.user()).await;
    let ids: Vec<_> = (0..25).map(|_| Uuid::from_bytes(rand::random())).collect();
    for id in &ids {
        client.say(&command("offer.accept", *id)).await;
    }
    for id in &ids {
        assert_eq!(client.hear().await["cmd_id"], id.to_string());
    }
    world.stop().await;
}

#[actix_web::test]
async fn a_ping_is_answered_with_the_time_and_a_position_is_kept() {
    let world = World::start().await;
    let user = world.user();
    let (mut client, ..) = world.greeted(user).await;
    let pong = client.ask(&json!({ "type": "ping" })).await;
    assert_eq!(pong["type"], "pong");
    assert!(pong["data"]["server_time"].is_string());
    client.say(&json!({ "type": "location", "data": { "lat": 55.75, "lon": 37.62 } })).await;
    client.ask(&json!({ "type": "ping" })).await;
    let now = world.app.clock.now();
    let position = world.app.presence.last_position(user, now).await.unwrap().unwrap();
    assert_eq!((position.lat, position.lon), (55.75, 37.62));
    assert_eq!(world.app.presence.present_count(now).await, Ok(1));
    let ack = client.ask(&json!({ "type": "location", "data": { "lat": 155.0, "lon": 37.62 } })).await;
    assert_eq!(ack["code"], "invalid");
    world.stop().await;
}

#[actix_web::test]
async fn a_message_in_pieces_is_put_together() {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

    let world = World::start().await;
    let (mut client, ..) = world.greeted(world.user()).await;
    let pieces: [(&str, Data, bool); 3] =
        [("{\"type\"", Data::Text, false), (":\"pi", Data::Continue, false), ("ng\"}", Data::Continue, true)];
    for (text, kind, is_last) in pieces {
        client.0.send(Message::Frame(Frame::message(text, OpCode::Data(kind), is_last))).await.unwrap();
        client.0.send(Message::Ping("between".into())).await.unwrap();
    }
    assert_eq!(client.hear().await["type"], "pong");
    world.stop().await;
}

/// A deal: the courier, the clients of sender and courier, and what was offered.
pub(super) async fn deal(world: &World) -> (UserId, Client, Client, Value) {
    let (sender, courier) = (world.user(), world.user());
    let (mut courier_client, ..) = world.greeted(courier).await;
    let (mut sender_client, ..) = world.greeted(sender).await;
    world.happen(courier).await;
    world.send_package(sender).await;
    let offer = courier_client.hear_of("offer.new").await;
    let data = json!({ "request_id": offer["data"]["request_id"] });
    courier_client.say(&json!({ "type": "offer.accept", "cmd_id": Uuid::from_u128(1), "data": data })).await;
    assert_eq!(courier_client.hear_of("ack").await["status"], "ok");
    sender_client.hear_of("request.accepted").await;
    (courier, sender_client, courier_client, offer["data"].clone())
}

#[actix_web::test]
async fn a_sender_sees_where_their_package_is_and_nobody_else_does() {
    let world = World::start().await;
    let (_, mut sender, mut courier, offer) = deal(&world).await;
    let (mut stranger, ..) = world.greeted(world.user()).await;
    let package = &offer["package"]["id"];
    for (topic, id) in [("package_id", package), ("trip_id", &offer["trip_id"])] {
        stranger.say(&about("subscribe", topic, id)).await;
        assert_eq!(stranger.hear_of("ack").await["code"], "not_found", "{topic}");
        sender.say(&about("subscribe", topic, id)).await;
        let ack = sender.hear_of("ack").await;
        assert_eq!(ack["data"], json!({ "trip_id": offer["trip_id"], "location": null }));
    }
    courier.say(&here(55.74)).await;
    sender.hear_nothing().await;
    let data = json!({ "request_id": offer["request_id"] });
    courier.say(&json!({ "type": "request.pick_up", "cmd_id": Uuid::from_u128(2), "data": data })).await;
    assert_eq!(courier.hear_of("ack").await["status"], "ok");
    sender.hear_of("request.picked_up").await;
    for (topic, id) in [("package_id", package), ("trip_id", &offer["trip_id"])] {
        sender.say(&about("subscribe", topic, id)).await;
        let ack = sender.hear_of("ack").await;
        assert_eq!(ack["data"]["location"]["lat"], 55.74, "where the courier is, now that it is under way");
    }
    courier.say(&here(55.75)).await;
    let seen = sender.hear_of("trip.location").await;
    assert_eq!((&seen["data"]["trip_id"], &seen["data"]["lat"]), (&offer["trip_id"], &55.75.into()));
    assert!(seen.get("seq").is_none());

    sender.say(&about("unsubscribe", "package_id", package)).await;
    sender.hear_of("ack").await;
    courier.say(&here(55.76)).await;
    assert_eq!(sender.hear_of("trip.location").await["data"]["lat"], 55.76, "the trip is still watched");
    sender.say(&about("unsubscribe", "trip_id", &offer["trip_id"])).await;
    sender.hear_of("ack").await;
    courier.say(&here(55.77)).await;
    sender.hear_nothing().await;
    stranger.hear_nothing().await;
    world.stop().await;
}

/// A subscription, or its end.
fn about(kind: &str, topic: &str, id: &Value) -> Value {
    json!({ "type": kind, "cmd_id": Uuid::from_bytes(rand::random()), "data": { topic: id } })
}

fn here(lat: f64) -> Value {
    json!({ "type": "location", "data": { "lat": lat, "lon": 37.62 } })
}

/// A courier is somewhere else, and anybody who watches has been told.
async fn moves_to(courier: &mut Client, lat: f64) {
    let id = Uuid::from_bytes(rand::random()).to_string();
    let mut at = here(lat);
    at["cmd_id"] = json!(id);
    courier.say(&at).await;
    while courier.hear_of("ack").await["cmd_id"] != id {}
}

#[actix_web::test]
async fn a_courier_who_gave_the_package_back_is_not_shown_any_more() {
    let world = World::start().await;
    let (_, mut sender, mut first, offer) = deal(&world).await;
    let trip =
        world.app.engine.trip(offer["trip_id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    let now = world.app.clock.now();
    let started = trip.decide(&TripCommand::Start, trip.departs()).unwrap();
    world.app.database.commit(Unit::trip(&trip, &started, Vec::new(), now)).await.unwrap();
    let package = &offer["package"]["id"];
    sender.say(&about("subscribe", "package_id", package)).await;
    assert_eq!(sender.hear_of("ack").await["data"]["trip_id"], offer["trip_id"]);
    moves_to(&mut first, 55.1).await;
    assert_eq!(sender.hear_of("trip.location").await["data"]["lat"], 55.1);

    // Another courier is near when the first one gives it back.
    let courier = world.user();
    let (mut second, ..) = world.greeted(courier).await;
    world.happen(courier).await;
    let cancel = json!({ "request_id": offer["request_id"] });
    first.say(&json!({ "type": "request.cancel", "cmd_id": Uuid::from_u128(7), "data": cancel })).await;
    assert_eq!(first.hear_of("ack").await["status"], "ok");
    let next = second.hear_of("offer.new").await["data"].clone();
    let accept = json!({ "request_id": next["request_id"] });
    second.say(&json!({ "type": "offer.accept", "cmd_id": Uuid::from_u128(8), "data": accept })).await;
    sender.hear_of("request.accepted").await;
    sender.say(&about("subscribe", "package_id", package)).await;
    assert_eq!(sender.hear_of("ack").await["data"]["trip_id"], next["trip_id"]);
    moves_to(&mut first, 55.2).await;
    sender.hear_nothing().await;
    world.stop().await;
}

#[actix_web::test]
async fn a_subscription_and_its_end_are_carried_out_in_their_order() {
    let world = World::start().await;
    let (_, mut sender, mut courier, offer) = deal(&world).await;
    let data = json!({ "request_id": offer["request_id"] });
    courier.say(&json!({ "type": "request.pick_up", "cmd_id": Uuid::from_u128(2), "data": data })).await;
    sender.hear_of("request.picked_up").await;
    let [begin, end] =
        ["subscribe", "unsubscribe"].map(|kind| about(kind, "package_id", &offer["package"]["id"]));
    // In one go: the end is here before the beginning can be answered.
    for said in [&begin, &end] {
        sender.0.feed(Message::text(said.to_string())).await.unwrap();
    }
    sender.0.flush().await.unwrap();
    for said in [begin, end] {
        assert_eq!(sender.hear_of("ack").await["cmd_id"], said["cmd_id"]);
    }
    moves_to(&mut courier, 55.1).await;
    sender.hear_nothing().await;
    world.stop().await;
}

#[actix_web::test]
async fn rt_11_a_command_given_again_on_another_connection_has_its_first_ack_whatever_has_happened_since() {
    let world = World::start().await;
    let (user, mut sender, mut courier, offer) = deal(&world).await;
    let say = |kind: &str, id: u128| json!({ "type": kind, "cmd_id": Uuid::from_u128(id), "data": { "request_id": offer["request_id"] } });
    courier.say(&say("request.deliver", 2)).await;
    assert_eq!(courier.hear_of("ack").await["data"]["new_status"], "delivered");
    sender.hear_of("request.delivered").await;

    let (mut again, ..) = world.greeted(user).await;
    again.say(&say("offer.accept", 1)).await;
    let ack = again.hear_of("ack").await;
    assert_eq!((&ack["status"], &ack["data"]["new_status"]), (&"ok".into(), &"accepted".into()), "{ack}");
    again.say(&say("offer.accept", 9)).await;
    assert_eq!(again.hear_of("ack").await["code"], "illegal_transition");
    let (mut third, ..) = world.greeted(user).await;
    third.say(&say("request.cancel", 1)).await;
    assert_eq!(third.hear_of("ack").await["code"], "key_reused");
    world.stop().await;
}

#[actix_web::test]
async fn rt_11_a_command_that_was_refused_stays_refused_although_it_would_be_possible_now() {
    let world = World::start().await;
    let (_, mut sender, mut courier, offer) = deal(&world).await;
    let say = |kind: &str, id: u128| json!({ "type": kind, "cmd_id": Uuid::from_u128(id), "data": { "request_id": offer["request_id"] } });
    sender.say(&say("request.confirm", 5)).await;
    let refusal = sender.hear_of("ack").await;
    assert_eq!(refusal["code"], "illegal_transition", "{refusal}");
    sender.0.close(None).await.unwrap();
    courier.say(&say("request.deliver", 2)).await;
    assert_eq!(courier.hear_of("ack").await["data"]["new_status"], "delivered");

    let user = offer_sender(&world, &offer).await;
    let (mut again, ..) = world.greeted(user).await;
    again.say(&say("request.confirm", 5)).await;
    assert_eq!(again.hear_of("ack").await, refusal);
    again.say(&say("request.confirm", 7)).await;
    assert_eq!(again.hear_of("ack").await["data"]["new_status"], "confirmed");
    world.stop().await;
}

/// Whose package was offered.
async fn offer_sender(world: &World, offer: &Value) -> UserId {
    let package = offer["package"]["id"].as_str().unwrap().parse().unwrap();
    peerpack_actors::ports::Store::package(&world.app.database, package).await.unwrap().unwrap().sender
}

#[actix_web::test]
async fn rt_12_a_connection_that_is_to_end_takes_no_more_commands() {
    use crate::edge::outbox::Ending;
    use sqlx::{ConnectOptions, Executor};

    let world = World::start().await;
    let (sender, courier) = (world.user(), world.user());
    let (mut client, ..) = world.greeted(courier).await;
    world.happen(courier).await;
    world.send_package(sender).await;
    let offer = client.hear_of("offer.new").await;
    let file = world.app.config.data_dir.join("peerpack.db");
    let mut other = sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let data = json!({ "request_id": offer["data"]["request_id"] });
    client.say(&json!({ "type": "offer.accept", "cmd_id": Uuid::from_u128(1), "data": data })).await;
    // The answer shows that the command before it was taken in; it waits for the database.
    client.say(&json!({ "type": "ping" })).await;
    client.hear_of("pong").await;
    world.app.sockets.of(courier)[0].end(Ending::new(4503, "banned"));
    client.say(&command("offer.accept", Uuid::from_u128(2))).await;
    client.say(&json!({ "type": "ping" })).await;
    client.hear_nothing().await;
    other.execute("ROLLBACK").await.unwrap();
    let ack = client.hear_of("ack").await;
    assert_eq!((&ack["cmd_id"], &ack["status"]), (&Uuid::from_u128(1).to_string().into(), &"ok".into()));
    let code = loop {
        use futures_util::StreamExt;
        use tokio_tungstenite::tungstenite::Message;
        match client.0.next().await.unwrap().unwrap() {
            Message::Close(frame) => break u16::from(frame.unwrap().code),
            Message::Text(text) => assert!(!text.contains(r#""type":"ack""#), "{text}"),
            _ => {}
        }
    };
    assert_eq!(code, 4503);
    world.stop().await;
}
