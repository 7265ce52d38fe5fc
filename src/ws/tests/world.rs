//! A server for one test, and clients of it.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use futures_util::{SinkExt, StreamExt};
use peerpack_actors::ids::UserId;
use peerpack_actors::market::load::Load;
use peerpack_actors::market::package::{End, Mode, PackageDraft};
use peerpack_actors::market::trip::{Stop, Transport, TripDraft};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{Gazetteer, Place};
use peerpack_actors::ports::Clock;
use peerpack_actors::runtime::{Engine, RuntimeSettings};
use peerpack_actors::time::Span;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use crate::app::{App, Duty, SystemClock};
use crate::auth::token::Tokens;
use crate::auth::{Principal, Role};
use crate::bus::Presence;
use crate::bus::local::LocalBus;
use crate::config::{Config, Settings};
use crate::edge::sockets::Sockets;
use crate::files::Files;
use crate::startup::serving;
use crate::store::{self, Database};

/// Longer than anything takes that is not broken.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

pub(super) const PAGE: &str = "https://app.example";

pub(super) struct World {
    pub(super) app: App,
    pub(super) address: SocketAddr,
    tokens: Tokens,
    server: ServerHandle,
    _dir: TempDir,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::with(Settings::default(), Arc::new(LocalBus::default())).await
    }

    /// One with several threads for requests and sockets, which say here who is around.
    pub(super) async fn with_workers(workers: usize, presence: Arc<dyn Presence>) -> Self {
        Self::with(Settings { workers: NonZeroUsize::new(workers), ..Settings::default() }, presence).await
    }

    /// One that lets so many sockets in from one address.
    pub(super) async fn with_room_for(sockets: usize) -> Self {
        let settings = Settings { max_sockets_per_ip: NonZeroUsize::new(sockets), ..Settings::default() };
        Self::with(settings, Arc::new(LocalBus::default())).await
    }

    /// One that asks its peers so often, in seconds, whether they are there.
    pub(super) async fn pinging_every(ping_s: u32) -> Self {
        let settings = Settings { ping_s: Some(ping_s), ..Settings::default() };
        Self::with(settings, Arc::new(LocalBus::default())).await
    }

    async fn with(settings: Settings, presence: Arc<dyn Presence>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings {
            data_dir: Some(dir.path().to_owned()),
            allowed_origins: Some(vec![PAGE.to_owned()]),
            workers: settings.workers.or(NonZeroUsize::new(1)),
            ..settings
        };
        let config = Config::load(settings, []).unwrap();
        let url = config.data_dir.display().to_string();
        let database = Database::connect(&store::Settings::new(url)).await.unwrap();
        database.migrate().await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Arc::new(database.clone());
        let engine = Engine::start(
            store,
            Arc::new(LocalBus::default()),
            Arc::clone(&clock),
            RuntimeSettings::default(),
        )
        .await
        .unwrap();
        let tokens = Tokens::new(&[7; 32], Span::minutes(15)).unwrap();
        let app = App {
            engine,
            tokens: Arc::new(tokens.clone()),
            board: Arc::new(crate::board::Board::new(database.clone())),
            town: None,
            chat_places: Arc::new(tokio::sync::Semaphore::new(crate::app::CHAT_PLACES)),
            files: Files::open(&config).unwrap(),
            database,
            clock: Arc::clone(&clock),
            skew: Arc::default(),
            presence,
            sockets: Arc::new(Sockets::default()),
            duty: Arc::new(Duty::default()),
            telegram: None,
            providers: Arc::default(),
            audit: Arc::new(crate::audit::Audit::new(clock.now())),
            started_at: clock.now(),
            config: Arc::new(config),
        };

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let beside = crate::startup::app_data::AppData::new(&app.config, None).unwrap();
        let connections = Arc::new(crate::edge::connections::Connections::new(&app.config).unwrap());
        let server = serving::serve(listener, app.clone(), tokens.clone(), beside, connections).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { app, address, tokens, server: handle, _dir: dir }
    }

    /// Ends the server; otherwise the process of all tests keeps it.
    pub(super) async fn stop(self) {
        self.server.stop(false).await;
        self.app.engine.stop();
        self.app.database.close().await;
    }

    /// Waits until the user has no socket here any more, in the engine or otherwise.
    pub(super) async fn until_gone(&self, user: UserId) {
        let gone = async {
            while self.app.engine.sessions_of(user) > 0 || !self.app.sockets.of(user).is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("the socket is gone in time");
    }

    pub(super) fn user(&self) -> UserId {
        UserId::new(self.app.clock.now(), rand::random())
    }

    pub(super) fn token(&self, user: UserId) -> String {
        self.token_from(user, Span::from_ms(0))
    }

    /// A token that was issued so long ago.
    pub(super) fn token_from(&self, user: UserId, ago: Span) -> String {
        let principal = Principal { user, role: Role::User };
        self.tokens.issue(principal, uuid::Uuid::nil(), self.app.clock.now() - ago, rand::random()).0
    }

    /// A ticket for one socket of a user.
    pub(super) async fn ticket(&self, user: UserId) -> String {
        let url = format!("http://{}/api/ws-ticket", self.address);
        let answer = http().post(url).bearer_auth(self.token(user)).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let body: Value = answer.json().await.unwrap();
        body["ticket"].as_str().unwrap().to_owned()
    }

    pub(super) fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// A handshake with a bearer header.
    pub(super) fn request(&self, user: UserId) -> Request {
        let mut request = self.url().into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.token(user)).parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, "peerpack.v1".parse().unwrap());
        request
    }

    pub(super) async fn connect(&self, user: UserId) -> Client {
        let (socket, response) = connect_async(self.request(user)).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "peerpack.v1");
        Client(socket)
    }

    /// A connection that has heard its hello, and what was in it: epoch and top.
    pub(super) async fn greeted(&self, user: UserId) -> (Client, u64, u64) {
        let mut client = self.connect(user).await;
        let hello = client.hear().await;
        assert_eq!(hello["type"], "hello");
        let number = |name: &str| hello["data"][name].as_u64().unwrap();
        (client, number("epoch"), number("top"))
    }

    /// One event for the user: they go from Moscow to Tver.
    pub(super) async fn happen(&self, user: UserId) {
        let start = self.app.clock.now() + Span::hours(2);
        let stop = |name, at| {
            let place = place(name);
            Stop { place: place.id, position: place.position, arrive: at, depart: at }
        };
        let draft = TripDraft {
            stops: vec![stop("Москва", start), stop("Тверь", start + Span::hours(3))],
            transport: Transport::Car,
            capacity: Load { weight_g: 10_000, volume_ml: 100_000, slots: 10 },
            max_detour_min: 30,
            price: None,
            comment: String::new(),
            airport: String::new(),
        };
        self.app.engine.publish_trip(user, draft).await.unwrap();
    }

    /// A package of the user, for anybody who goes from Moscow to Tver.
    pub(super) async fn send_package(&self, user: UserId) {
        let now = self.app.clock.now();
        let end = |name| {
            let place = place(name);
            End { place: place.id, position: place.position, address: String::new() }
        };
        let draft = PackageDraft {
            pickup: end("Москва"),
            dropoff: end("Тверь"),
            load: Load { weight_g: 1_000, volume_ml: 1_000, slots: 1 },
            ready_at: now,
            deliver_by: now + Span::days(3),
            reward: Amount::new(50_000, Currency::Rub),
            description: "a vase".to_owned(),
            size: String::new(),
            weight: String::new(),
            tags: Vec::new(),
            mode: Mode::Instant,
            confirm_by: None,
            template: false,
        };
        self.app.engine.publish_package(user, draft).await.unwrap();
    }
}

/// Keeps no connection for a next call, which might find it closed.
pub(super) fn http() -> reqwest::Client {
    reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap()
}

fn place(name: &str) -> &'static Place {
    Gazetteer::bundled().find(name).unwrap()
}

/// The status of a refused handshake.
pub(super) async fn refused(request: Request) -> u16 {
    match connect_async(request).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("not refused: {other:?}"),
    }
}

pub(super) struct Client(pub(super) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    /// The next message.
    pub(super) async fn hear(&mut self) -> Value {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no message but {other:?}"),
            }
        }
    }

    /// Asserts that nothing is said for a while.
    pub(super) async fn hear_nothing(&mut self) {
        let heard = tokio::time::timeout(Duration::from_millis(300), self.hear()).await;
        assert!(heard.is_err(), "{heard:?}");
    }

    /// The numbers of the next events, which come without anything else between.
    pub(super) async fn events(&mut self, count: usize) -> Vec<u64> {
        let mut seqs = Vec::new();
        for _ in 0..count {
            let message = self.hear().await;
            seqs.push(message["seq"].as_u64().unwrap_or_else(|| panic!("no event: {message}")));
        }
        seqs
    }

    pub(super) async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub(super) async fn ask(&mut self, message: &Value) -> Value {
        self.say(message).await;
        self.hear().await
    }

    pub(super) async fn resume(&mut self, epoch: u64, last_seq: u64) -> Value {
        self.ask(&json!({ "type": "resume", "data": { "epoch": epoch, "last_seq": last_seq } })).await
    }

    /// The next message of a type; what comes before it does not matter.
    pub(super) async fn hear_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.hear().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// The close code with which the server ends the connection.
    pub(super) async fn close_code(&mut self) -> u16 {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a close") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("not closed but {other:?}"),
            }
        }
    }
}

/// A command about a request that does not exist.
pub(super) fn command(kind: &str, cmd_id: Uuid) -> Value {
    json!({ "type": kind, "cmd_id": cmd_id, "data": { "request_id": Uuid::from_u128(42) } })
}
