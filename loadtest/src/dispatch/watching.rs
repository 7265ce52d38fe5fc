//! The desk's map.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use peerpack::app::SystemClock;
use peerpack_actors::place::Position;
use peerpack_actors::ports::Clock;
use serde_json::Value;
use tokio::time::timeout;

use super::Shared;
use super::oracle::Fact;
use super::people::Socket;
use tokio_tungstenite::tungstenite::Message;

/// How often it is looked whether the run is over.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Watches until the run is over.
pub(super) async fn watch(shared: Arc<Shared>, mut socket: Socket) {
    while !shared.is_over() {
        let Ok(heard) = timeout(LOOK_EVERY, socket.next()).await else { continue };
        let text = match heard {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return shared.note(Fact::MapLost),
            Some(Ok(_)) => continue,
        };
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        let data = &said["data"];
        match said["type"].as_str() {
            Some("driver_location_update") => {
                shared.shown.fetch_add(1, Ordering::Relaxed);
                let at = data["timestamp"].as_str().and_then(|at| at.parse().ok());
                let place = data["lat"].as_f64().zip(data["lon"].as_f64());
                if let (Some(number), Some(at), Some((lat, lon))) = (data["driver_id"].as_i64(), at, place) {
                    let position = Position { lat, lon };
                    shared.note(Fact::Shown { number, at, position, seen: SystemClock.now() });
                }
            }
            Some("order_created") => {
                if let Some(order) = data["id"].as_str().and_then(|id| id.parse().ok()) {
                    shared.note(Fact::Created { order });
                }
            }
            _ => {}
        }
    }
    let _ = socket.send(Message::Close(None)).await;
}
