//! A token that a page has put into the address is seen by nobody else.

use std::io;
use std::sync::{Arc, Mutex};

use peerpack::auth::Role;
use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Town;
use super::console::{open, try_open};
use crate::support::Backend;

/// Everything that is logged, as it would be written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn a_token_in_the_address_is_in_no_log_no_span_no_figure_and_no_file() {
    let log = Log::default();
    let writer = log.clone();
    // Whatever anybody says at any level, but for the client of this test itself.
    let said = Targets::new()
        .with_default(Level::TRACE)
        .with_target("tungstenite", tracing::level_filters::LevelFilter::OFF)
        .with_target("tokio_tungstenite", tracing::level_filters::LevelFilter::OFF);
    let spans = tracing_subscriber::fmt::format::FmtSpan::FULL;
    let layer = tracing_subscriber::fmt::layer().with_span_events(spans).with_writer(move || writer.clone());
    tracing_subscriber::registry().with(layer.with_filter(said)).try_init().unwrap();

    let town = Town::open(Backend::Sqlite).await;
    let driver = town.driver_at(1, 55.770, 37.650).await;
    let mut map = open(&town.app, &town.desk, "/ws/dispatch-map/").await;
    map.hear("snapshot").await;
    let mut own = open(&town.app, &driver.user, &format!("/ws/drivers/{}/", driver.number)).await;
    own.so_far().await;
    let wrong = "wrong-token-of-somebody";
    let stale = format!("?token={wrong}");
    for path in ["/ws/dispatch-map/", "/ws/orders/x/", "/ws/test/", "/ws", "/ws/nowhere/"] {
        if let Ok(mut socket) = try_open(&town.app, path, &stale).await {
            socket.say(&serde_json::json!({ "type": "ping" })).await;
            drop(socket);
        }
    }
    let admin = town.app.sign_in_with_role("Olga", Role::Admin).await;
    let mut shown = vec![String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned()];
    for path in ["/api/admin/requests/endpoints", "/api/admin/requests/stats", "/api/websocket/health/"] {
        shown.push(admin.get(path).await.to_string());
    }
    let files = std::fs::read_dir(town.app.data()).unwrap().flatten().map(|file| file.path());
    for file in files.filter(|file| file.is_file()) {
        shown.push(String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned());
    }
    assert!(shown[0].contains("request_id"), "something is logged at all");
    for secret in [town.desk.token.as_str(), &driver.user.token, wrong] {
        for text in &shown {
            let at = text.find(secret);
            let around = at.map(|at| text[at.saturating_sub(300)..at].to_owned());
            assert_eq!(around, None);
        }
    }
}
