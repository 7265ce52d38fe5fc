//! A server on a free port, and people who use it.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use peerpack::app::{App, SystemClock};
use peerpack::auth::Role;
use peerpack::auth::telegram::{TelegramUser, sign};
use peerpack::config::{Config, PUBLIC_TEST_TOKEN, Settings};
use peerpack::startup::Application;
use peerpack::ws::wire::{ClientFrame, ClientMessage, Event, EventBody, OfRequest, ServerMessage};
use peerpack_actors::ids::RequestId;
use peerpack_actors::ports::{Clock, Unavailable};
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::stream::{Offer, StreamEvent};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

use crate::migrated;

/// How long a test waits for something that must happen: far longer than it takes, on a slow machine too.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Whether this is `make test-faults`, which takes the time for every round and has the machine for itself.
pub fn at_full_size() -> bool {
    std::env::var_os("PEERPACK_TEST_LONG").is_some()
}

/// How long what is promised within so many seconds may take: a second more, and ten on a machine that is
/// busy with everything else at once. What breaks such a promise takes longer, or never ends.
pub fn promised(seconds: u64) -> Duration {
    Duration::from_secs(seconds + if at_full_size() { 1 } else { 10 })
}

/// Which database a test runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// SQLite always; Postgres when there is one.
pub fn backends() -> Vec<Backend> {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_ok() {
        vec![Backend::Sqlite, Backend::Postgres]
    } else {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: running on SQLite only");
        vec![Backend::Sqlite]
    }
}

/// A running server.
pub struct TestApp {
    pub url: String,
    pub app: App,
    pub database_url: Option<String>,
    handle: actix_web::dev::ServerHandle,
    data: tempfile::TempDir,
}

impl TestApp {
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, RuntimeSettings::default()).await
    }

    pub async fn start_with(backend: Backend, runtime: RuntimeSettings) -> Self {
        let url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(fresh_postgres().await),
        };
        Self::start_on(tempfile::tempdir().unwrap(), url, &[], runtime).await
    }

    /// A server on a data directory or database that may have been used before.
    pub async fn start_on(
        data: tempfile::TempDir,
        database_url: Option<String>,
        more: &[(&str, &str)],
        runtime: RuntimeSettings,
    ) -> Self {
        Self::start_at(Arc::new(SystemClock), data, database_url, more, runtime).await
    }

    /// The same on a machine with a clock of its own.
    pub async fn start_at(
        machine: Arc<dyn Clock>,
        data: tempfile::TempDir,
        database_url: Option<String>,
        more: &[(&str, &str)],
        runtime: RuntimeSettings,
    ) -> Self {
        let mut environment = vec![
            ("PEERPACK_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("PEERPACK_DATA_DIR".to_owned(), data.path().display().to_string()),
            ("PEERPACK_WORKERS".to_owned(), "1".to_owned()),
            ("PEERPACK_ACCESS_TTL_S".to_owned(), "3600".to_owned()),
        ];
        environment.extend(database_url.iter().map(|url| ("DATABASE_URL".to_owned(), url.clone())));
        environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let config = Config::load(Settings::default(), environment).unwrap();
        let file = data.path().join("peerpack.db");
        if database_url.is_none() && !file.exists() {
            migrated::sqlite(&file).await;
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let application = loop {
            // A database that is too busy for a connection is asked again.
            match build(&config, &runtime, &machine).await {
                Ok(application) => break application,
                Err(error) => assert!(tokio::time::Instant::now() < deadline, "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let url = format!("http://{}", application.address());
        let (app, handle) = (application.app(), application.handle());
        actix_web::rt::spawn(application.run_until_stopped());
        Self { url, app, database_url, handle, data }
    }

    /// Stops the server and starts another one on the same data.
    pub async fn restart(self) -> Self {
        self.restart_with(RuntimeSettings::default()).await
    }

    /// The same, with other settings of the engine.
    pub async fn restart_with(self, runtime: RuntimeSettings) -> Self {
        self.stop().await;
        Self::start_on(self.data, self.database_url, &[], runtime).await
    }

    /// The same, with other settings of the server.
    pub async fn restart_told(self, more: &[(&str, &str)]) -> Self {
        self.stop().await;
        Self::start_on(self.data, self.database_url, more, RuntimeSettings::default()).await
    }

    async fn stop(&self) {
        self.handle.stop(false).await;
        self.app.engine.stop();
        self.app.database.close().await;
    }

    pub async fn sign_in(&self, name: &str) -> TestUser {
        sign_in_at(&self.url, name).await
    }

    /// Nobody in particular.
    pub fn anonymous(&self) -> TestUser {
        TestUser { url: self.url.clone(), token: String::new(), id: String::new(), number: 0, http: http() }
    }

    /// Somebody new, with everything that was handed out.
    pub async fn sign_in_with_tokens(&self, name: &str) -> (TestUser, Value) {
        sign_in_number(&self.url, NEXT.fetch_add(1, Ordering::Relaxed), name).await
    }

    /// Makes every use of a refresh token so far older than the grace.
    pub async fn outdate_refresh_tokens(&self) {
        let statement = "UPDATE refresh_tokens SET used_at = used_at - 60000 WHERE used_at IS NOT NULL";
        self.behind_its_back(statement).await;
    }

    /// Where the server keeps what it writes itself.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// A statement past the server.
    pub async fn behind_its_back(&self, statement: &'static str) {
        use sqlx::{ConnectOptions, Connection, Executor};
        match &self.database_url {
            Some(url) => {
                sqlx::PgConnection::connect(url).await.unwrap().execute(statement).await.unwrap();
            }
            None => {
                let file = self.data.path().join("peerpack.db");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
                options.connect().await.unwrap().execute(statement).await.unwrap();
            }
        }
    }

    /// The secret of a link for the first administrator.
    pub async fn invitation(&self) -> Option<String> {
        let (secret, now) = (hex::encode(rand::random::<[u8; 16]>()), self.app.clock.now());
        let hash = peerpack::http::admin::operators::secret_hash(&secret);
        let until = now + peerpack_actors::time::Span::hours(1);
        let invite = async || self.app.database.invite_first_admin(hash.clone(), until, now).await;
        // One that was not answered may have been carried out: then there is a link by now.
        let is_invited = match invite().await {
            Ok(is_invited) => is_invited,
            Err(_) => {
                patiently(invite).await;
                true
            }
        };
        is_invited.then_some(secret)
    }

    /// Somebody new with a role.
    pub async fn sign_in_with_role(&self, name: &str, role: Role) -> TestUser {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let user = sign_in_as(&self.url, number, name).await;
        let id = user.id.parse().unwrap();
        patiently(async || self.app.database.set_role(id, role, self.app.clock.now()).await).await;
        sign_in_as(&self.url, number, name).await
    }

    /// Everything that must hold of the stored data does.
    pub async fn audit(&self) {
        assert_eq!(patiently(async || self.app.database.audit().await).await, Vec::<String>::new());
    }
}

async fn build(
    config: &Config,
    runtime: &RuntimeSettings,
    machine: &Arc<dyn Clock>,
) -> anyhow::Result<Application> {
    if config.database_url.is_some() {
        peerpack::startup::migrate(config).await?;
    }
    Application::build_on(config.clone(), runtime.clone(), Arc::clone(machine)).await
}

static NEXT: AtomicI64 = AtomicI64::new(1_000);

/// Lets go of idle connections before the server does, which would be a reset under the next call.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().pool_idle_timeout(Duration::from_secs(2)).build().unwrap()
}

/// An address on which nobody listens. Below the ports that Linux gives to outgoing connections: none of
/// those is in the way, not even one that a client opens to itself while it looks for a server that is just
/// not there.
pub fn free_address() -> SocketAddr {
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], rand::random_range(15_000..32_000)));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// Signs somebody new in, with init data as Telegram would sign it.
pub async fn sign_in_at(url: &str, name: &str) -> TestUser {
    sign_in_as(url, NEXT.fetch_add(1, Ordering::Relaxed), name).await
}

async fn sign_in_as(url: &str, number: i64, name: &str) -> TestUser {
    sign_in_number(url, number, name).await.0
}

async fn sign_in_number(url: &str, number: i64, name: &str) -> (TestUser, Value) {
    let user = TelegramUser {
        id: number,
        first_name: name.to_owned(),
        last_name: None,
        username: Some(name.to_lowercase()),
        language_code: Some("ru".to_owned()),
        photo_url: None,
        is_premium: None,
    };
    let http = http();
    let (status, body) = eventually("a sign-in", async || {
        let init_data = sign(&user, PUBLIC_TEST_TOKEN, SystemClock.now());
        let answer = http.post(format!("{url}/api/auth/telegram")).json(&json!({ "init_data": init_data }));
        // A connection that was kept may be closed at this moment.
        let answer = answer.send().await.ok()?;
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
        (!is_only_slow(&body)).then_some((status, body))
    })
    .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let id = body["user"]["id"].as_str().unwrap().to_owned();
    let token = body["access_token"].as_str().unwrap().to_owned();
    (TestUser { url: url.to_owned(), token, id, number, http }, body)
}

/// A database of its own with the schema already made.
pub async fn fresh_postgres() -> String {
    let server = std::env::var("PEERPACK_TEST_POSTGRES").unwrap();
    let name = database_name();
    migrated::postgres(&server, &name).await;
    migrated::in_database(&server, &name)
}

/// One without a schema.
pub async fn empty_postgres() -> String {
    use sqlx::{Connection, Executor};
    let server = std::env::var("PEERPACK_TEST_POSTGRES").unwrap();
    let name = database_name();
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    migrated::in_database(&server, &name)
}

fn database_name() -> String {
    format!("it_{}", Uuid::from_bytes(rand::random()).simple())
}

/// Somebody with a token.
#[derive(Clone)]
pub struct TestUser {
    url: String,
    pub token: String,
    pub id: String,
    number: i64,
    http: reqwest::Client,
}

impl TestUser {
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A call with headers of its own; answers with the headers too.
    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        (status, headers, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A call with a body that need not be JSON.
    pub async fn call_raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap().to_vec())
    }

    /// A call that may fail because nobody is there, or is there no more.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// A call that may fail for any reason.
    pub async fn try_post(&self, path: &str, body: Value) -> reqwest::Result<StatusCode> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(&body);
        let answer = request.send().await?;
        let status = answer.status();
        answer.bytes().await.map(|_| status)
    }

    /// The Telegram account, which is the chat with the bot, too.
    pub const fn telegram(&self) -> i64 {
        self.number
    }

    /// Where the socket is.
    pub fn socket_url(&self) -> String {
        format!("{}/ws", self.url.replace("http", "ws"))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.insist(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// A call that changes nothing more when it comes again: once more as long as the server is too busy for
    /// it, or for an answer.
    pub async fn insist(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        eventually("an answer", async || {
            let (status, body) = self.call(method.clone(), path, body.clone()).await;
            (!is_only_slow(&body)).then_some((status, body))
        })
        .await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// The same as [`post`](Self::post), given again under one key while a busy server asks to come back: for
    /// what a test needs before it looks at anything.
    pub async fn post_patiently(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let key = format!("{:032x}", rand::random::<u128>());
        self.post_as(&key, path, body).await
    }

    /// The same under a key of its own.
    pub async fn post_as(&self, key: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let headers = [("Idempotency-Key", key)];
            let (status, _, answer) = self.call_with(Method::POST, path, &headers, Some(body.clone())).await;
            if !is_only_slow(&answer) || tokio::time::Instant::now() > deadline {
                return (status, answer);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A step, which changes nothing more when it comes again.
    pub async fn put(&self, path: &str) -> (StatusCode, Value) {
        self.insist(Method::PUT, path, None).await
    }

    /// The same person with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same person on another device.
    pub async fn again(&self, app: &TestApp) -> Self {
        sign_in_as(&app.url, self.number, "Again").await
    }

    /// The same person at another server.
    pub fn at(&self, app: &TestApp) -> Self {
        self.moved_to(&app.url)
    }

    /// The same person at another address.
    pub fn moved_to(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// A step of a request that must succeed.
    pub async fn step(&self, request: &str, action: &str) -> Value {
        let path = format!("/api/package-requests/{request}/{action}");
        let (status, body) = self.put(&path).await;
        assert_eq!(status, StatusCode::OK, "{action}: {body}");
        body
    }

    /// A car trip in two days.
    pub async fn publish_trip(&self, from: &str, to: &str, more: Value) -> String {
        let mut body = json!({
            "from": from, "to": to, "date": day(2), "time": "08:00 → 22:00", "airport": "", "price": 300,
            "trip_comment": "еду один", "transportType": "car", "capacity": "large", "max_detour_min": 60,
        });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, answer) = self.post_patiently("/api/trips", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["trip_id"].as_str().unwrap().to_owned()
    }

    pub async fn publish_package(&self, from: &str, to: &str, more: Value) -> String {
        let mut body = json!({
            "from": from, "to": to, "description": "книги", "reward": 500, "size": "s", "weight": "light",
            "tags": ["книги"], "pickup_address": "ул. Ленина, 1", "delivery_address": "ул. Мира, 2",
        });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, answer) = self.post_patiently("/api/packages", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["package_id"].as_str().unwrap().to_owned()
    }

    /// Opens a socket; the view folds what it says.
    pub async fn connect(&self) -> TestSocket {
        let mut request = self.socket_url().into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        headers.insert("sec-websocket-protocol", "peerpack.v1".parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let (mut sink, mut stream) = socket.split();
        let (outgoing, mut queue) = mpsc::unbounded_channel::<Message>();
        let (incoming, messages) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if sink.send(message).await.is_err() {
                    break;
                }
            }
        });
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message {
                    let parsed = ServerMessage::parse(&text).unwrap();
                    if incoming.send(parsed).is_err() {
                        break;
                    }
                }
            }
        });
        let mut socket = TestSocket {
            outgoing,
            messages,
            events: Vec::new(),
            acks: HashMap::new(),
            said: Vec::new(),
            hello: None,
        };
        socket.until("hello", |socket| socket.hello).await;
        socket
    }
}

/// A socket and everything it has said.
pub struct TestSocket {
    outgoing: mpsc::UnboundedSender<Message>,
    messages: mpsc::UnboundedReceiver<ServerMessage>,
    pub events: Vec<Event>,
    pub acks: HashMap<Uuid, (String, Option<String>)>,
    /// What was said without a number, beside acks and the hello.
    pub said: Vec<ServerMessage>,
    pub hello: Option<(u64, u64)>,
}

impl TestSocket {
    /// Says goodbye.
    pub fn close(self) {
        self.outgoing.send(Message::Close(None)).ok();
    }

    /// Takes in messages until `found` finds something in the view.
    pub async fn until<T>(&mut self, what: &str, found: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            match tokio::time::timeout_at(deadline, self.messages.recv()).await {
                Ok(Some(message)) => self.fold(message),
                Ok(None) => panic!("the socket closed before {what}"),
                Err(_) => panic!("no {what} in time; events so far: {:#?}", self.events),
            }
        }
    }

    fn fold(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Hello(hello) => self.hello = Some((hello.epoch, hello.top)),
            ServerMessage::Ack(ack) => {
                let status = serde_json::to_value(ack.status).unwrap().as_str().unwrap().to_owned();
                self.acks.insert(ack.cmd_id.unwrap(), (status, ack.code));
            }
            ServerMessage::Event(event) => {
                let last = self.events.last().map_or(self.hello.unwrap().1, |last| last.seq);
                assert_eq!(event.seq, last + 1, "a gap or a repetition in the stream");
                self.events.push(event);
            }
            other => self.said.push(other),
        }
    }

    /// The first event that `wanted` recognises.
    pub async fn event<T>(&mut self, what: &str, wanted: impl Fn(&StreamEvent) -> Option<T>) -> T {
        self.until(what, |socket| {
            socket.events.iter().find_map(|event| match &event.body {
                EventBody::Known(known) => wanted(known),
                EventBody::Unknown { .. } => None,
            })
        })
        .await
    }

    /// Takes in what has arrived so far.
    pub fn take_in(&mut self) {
        while let Ok(message) = self.messages.try_recv() {
            self.fold(message);
        }
    }

    /// The offer of a package, if it has arrived.
    pub fn offered(&self, package: &str) -> Option<Offer> {
        self.events.iter().find_map(|event| match &event.body {
            EventBody::Known(known) => match &**known {
                StreamEvent::OfferNew(offer) if offer.package.id.to_string() == package => {
                    Some((**offer).clone())
                }
                _ => None,
            },
            EventBody::Unknown { .. } => None,
        })
    }

    /// Waits for the offer of a package.
    pub async fn offer(&mut self, package: &str) -> Offer {
        self.until("offer.new", |socket| socket.offered(package)).await
    }

    /// Sends a command; answers with the status and code of its ack.
    pub async fn command(&mut self, message: ClientMessage) -> (String, Option<String>) {
        let cmd_id = Uuid::from_bytes(rand::random());
        let text = ClientFrame { cmd_id: Some(cmd_id), message }.to_text();
        self.outgoing.send(Message::text(text)).unwrap();
        self.until("ack", |socket| socket.acks.get(&cmd_id).cloned()).await
    }

    /// The same until it is known what became of it: after `unavailable` and `busy` again under the same
    /// number, as any client does.
    pub async fn insist(&mut self, message: ClientMessage) -> (String, Option<String>) {
        let cmd_id = Uuid::from_bytes(rand::random());
        let text = ClientFrame { cmd_id: Some(cmd_id), message }.to_text();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            self.outgoing.send(Message::text(text.clone())).unwrap();
            let (status, code) = self.until("ack", |socket| socket.acks.get(&cmd_id).cloned()).await;
            let is_known = !matches!(code.as_deref(), Some("unavailable" | "busy"));
            if is_known || tokio::time::Instant::now() > deadline {
                return (status, code);
            }
            self.acks.remove(&cmd_id);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn accept(&mut self, request_id: RequestId) -> (String, Option<String>) {
        self.command(ClientMessage::OfferAccept(OfRequest { request_id })).await
    }
}

/// The date so many days from now, `YYYY-MM-DD`.
pub fn day(days: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(SystemClock.now().ms() + days * 86_400_000).unwrap();
    at.strftime("%Y-%m-%d").to_string()
}

/// Whether an answer says no more than that the server is too busy for one: asked again, it says what became
/// of the call.
pub fn is_only_slow(answer: &Value) -> bool {
    matches!(answer["code"].as_str(), Some("unavailable" | "busy" | "in_progress"))
}

/// What the store says, which is asked again as long as it is too busy to answer. For what changes nothing
/// more when it comes again.
pub async fn patiently<T>(ask: impl AsyncFn() -> Result<T, Unavailable>) -> T {
    eventually("an answer of the store", async || ask().await.ok()).await
}

/// What must come about before long.
pub async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no {what} in time");
}
