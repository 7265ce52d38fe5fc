//! One courier: says where they are, is asked, answers, drives.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use peerpack_actors::ids::{OfferId, OrderId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_tungstenite::tungstenite::Message;

use super::oracle::Fact;
use super::people::{Person, Socket, somewhere};
use super::{Shared, record};

/// How often a courier says where they are.
const SAYS_EVERY: Duration = Duration::from_secs(1);

/// What couriers do about an offer: of a hundred so many accept, so many decline, and the others say nothing.
const ACCEPT: u32 = 85;
const DECLINE: u32 = 12;

/// How long a courier thinks about an offer, and takes for a step of a ride, milliseconds.
const THINKS_MS: std::ops::Range<u64> = 50..600;
const DRIVES_MS: std::ops::Range<u64> = 200..900;

/// The steps of a ride.
const STEPS: [&str; 4] = ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"];

/// Works until the run is over.
pub(super) async fn work(shared: Arc<Shared>, courier: Person, n: usize, mut socket: Socket) {
    let mut random = StdRng::seed_from_u64(shared.seed ^ 0xC0 ^ (n as u64) << 16);
    let (mut lat, mut lon) = somewhere(shared.seed, n, 0);
    let first = Instant::now() + SAYS_EVERY.mul_f64(random.random_range(0.0..1.0));
    let mut says = interval_at(first, SAYS_EVERY);
    says.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = says.tick() => {
                if shared.is_over() {
                    let _ = socket.close(None).await;
                    return;
                }
                // Some 10 to 20 metres a second.
                lat += random.random_range(-0.000_15..0.000_15);
                lon += random.random_range(-0.000_2..0.000_2);
                let here = json!({ "type": "location", "data": { "lat": lat, "lon": lon } });
                if socket.send(Message::text(here.to_string())).await.is_err() {
                    return shared.note(Fact::Lost { courier: courier.user });
                }
                shared.positions.fetch_add(1, Ordering::Relaxed);
            }
            heard = socket.next() => match heard {
                Some(Ok(Message::Text(text))) => {
                    let said: Value = serde_json::from_str(&text).unwrap_or_default();
                    if said["type"] == "new_order" {
                        asked(&shared, &courier, &said["data"], &mut random);
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    if !shared.is_over() {
                        shared.note(Fact::Lost { courier: courier.user });
                    }
                    return;
                }
                Some(Ok(_)) => {}
            }
        }
    }
}

/// Somebody is asked: what comes of it is a task of its own, because they go on saying where they are.
fn asked(shared: &Arc<Shared>, courier: &Person, offer: &Value, random: &mut StdRng) {
    let id = |field: &str| offer[field].as_str().map(str::to_owned).unwrap_or_default();
    let (Ok(offer), Ok(order)) = (id("offer_id").parse::<OfferId>(), id("order_id").parse::<OrderId>())
    else {
        return shared.note(Fact::Unreadable { courier: courier.user });
    };
    let now = Instant::now();
    shared.note(Fact::Asked { order, offer, courier: courier.user });
    if shared.asked.lock().insert(order) {
        let due = shared.placed.lock().get(&order).copied();
        match due {
            Some(due) => record(shared, due, now),
            None => drop(shared.town.early.lock().entry(order).or_insert(now)),
        }
    }
    let (shared, courier) = (Arc::clone(shared), courier.clone());
    let (choice, thinks) = (random.random_range(0..100), random.random_range(THINKS_MS));
    let drives: Vec<u64> = STEPS.iter().map(|_| random.random_range(DRIVES_MS)).collect();
    tokio::spawn(async move {
        sleep(Duration::from_millis(thinks)).await;
        if choice < ACCEPT {
            accept(&shared, &courier, offer, order, &drives).await;
        } else if choice < ACCEPT + DECLINE {
            let path = format!("/api/dispatch/offer/{offer}/decline/");
            drop(shared.town.ask(&courier.token, Method::POST, &path, Some(json!({}))).await);
        }
    });
}

async fn accept(shared: &Shared, courier: &Person, offer: OfferId, order: OrderId, drives: &[u64]) {
    let path = format!("/api/dispatch/offer/{offer}/accept/");
    let user = courier.user;
    match shared.town.ask(&courier.token, Method::POST, &path, Some(json!({}))).await {
        Ok((StatusCode::OK, _)) => shared.note(Fact::Accepted { order, courier: user }),
        // It may have run out, or the order may have been called off.
        Ok((StatusCode::CONFLICT | StatusCode::NOT_FOUND, _)) => {
            return shared.note(Fact::Refused { order, courier: user });
        }
        other => return failed(shared, &path, &other),
    }
    for (step, ms) in STEPS.iter().zip(drives) {
        sleep(Duration::from_millis(*ms)).await;
        if *step == "completed" {
            // From here on they may be asked again.
            shared.note(Fact::Ending { order, courier: user });
        }
        let path = format!("/api/orders/{order}/status/");
        let body = json!({ "status": step });
        match shared.town.ask(&courier.token, Method::PATCH, &path, Some(body)).await {
            Ok((StatusCode::OK, _)) => {}
            other => return failed(shared, &path, &other),
        }
    }
    shared.note(Fact::Done { order, courier: user });
}

fn failed(shared: &Shared, path: &str, answer: &anyhow::Result<(StatusCode, Value)>) {
    shared.failures.fetch_add(1, Ordering::Relaxed);
    eprintln!("{path}: {answer:?}");
}
