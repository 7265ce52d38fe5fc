//! Who takes part, and how they reach the server.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, anyhow, bail, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use peerpack::app::SystemClock;
use peerpack::auth::token::Tokens;
use peerpack::auth::{Principal, Role};
use peerpack::store::{self, Database};
use peerpack_actors::ids::{OrderId, UserId};
use peerpack_actors::ports::Clock;
use peerpack_actors::time::Span;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

use crate::cli::DispatchOptions;

/// People who are made at once.
const AT_ONCE: usize = 8;

/// People who share one address of this machine. The server limits sockets per address.
const PEOPLE_PER_ADDRESS: usize = 10;

/// Passengers; each has many orders.
const PASSENGERS: usize = 50;

/// The middle of town, and how far it goes in degrees.
const MIDDLE: (f64, f64) = (55.75, 37.61);
const REACH: f64 = 0.08;

/// A socket of the dispatch.
pub(super) type Socket = WebSocketStream<TcpStream>;

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The number that clients know them by.
    pub(crate) number: i64,
    /// Who it is.
    pub(crate) user: UserId,
    pub(super) token: String,
}

/// The server, and how it is reached.
pub(super) struct Town {
    url: String,
    address: SocketAddr,
    http: reqwest::Client,
    pub(super) database: Database,
    /// The desk's token.
    pub(super) desk: String,
    /// Offers that were heard before the order was answered.
    pub(super) early: Mutex<HashMap<OrderId, Instant>>,
}

/// Somewhere in town, always the same for the same numbers.
pub(super) fn somewhere(seed: u64, n: usize, of: u64) -> (f64, f64) {
    let mut random = StdRng::seed_from_u64(seed ^ ((n as u64) << 8) ^ of);
    let (lat, lon) = MIDDLE;
    (lat + random.random_range(-REACH..REACH), lon + random.random_range(-REACH..REACH))
}

/// Makes the town and its people.
pub(super) async fn settle(options: &DispatchOptions) -> anyhow::Result<(Town, Vec<Person>, Vec<Person>)> {
    let url = options.url.trim_end_matches('/').to_owned();
    let Some(host) = url.strip_prefix("http://") else { bail!("{url}: only http:// is understood") };
    let address = lookup_host(host).await?.next().with_context(|| format!("{url}: no such host"))?;
    let tokens = Tokens::new(options.jwt_secret.as_bytes(), Span::hours(6)).context("the server's key")?;
    let at = match &options.database_url {
        Some(url) => url.clone(),
        None => options.data_dir.as_deref().unwrap_or(Path::new("data")).display().to_string(),
    };
    let database = Database::connect(&store::Settings::new(at)).await.context("the server's store")?;
    let now = SystemClock.now();
    let token = |user, role| {
        let principal = Principal { user, role };
        tokens.issue(principal, Uuid::nil(), now, rand::random()).0
    };
    let desk = token(UserId::new(now, rand::random()), Role::Dispatcher);
    let http = reqwest::Client::builder().pool_max_idle_per_host(256).build()?;
    let town = Town { url, address, http, database, desk, early: Mutex::default() };
    let (lat, lon) = MIDDLE;
    let city = json!({ "title": "Town", "center_lat": lat, "center_lon": lon });
    let city = town.made("/api/regions/cities/", city).await?;
    let corner = |north: f64, east: f64| json!([lat + north, lon + east]);
    let region = json!({
        "title": "Middle", "city_id": city["id"], "center_lat": lat, "center_lon": lon,
        "polygon_coordinates": [corner(-0.5, -0.5), corner(-0.5, 0.5), corner(0.5, 0.5), corner(0.5, -0.5)],
        "service_radius_meters": 50_000,
    });
    let region = town.made("/api/regions/", region).await?["id"].clone();
    // Phones that no other run on the same store has used.
    let run = rand::random_range(100..1_000);
    let driver = |n: usize| {
        json!({
            "name": format!("Driver {n}"), "phone": format!("+7901{run}{n:04}"), "email": "", "password": "",
            "region_id": region, "car_model": "Largus", "plate_number": format!("A{n}"), "capacity": 4,
            "is_online": true,
        })
    };
    let passenger = |n: usize| {
        json!({
            "full_name": format!("Passenger {n}"), "phone": format!("+7902{run}{n:04}"), "email": "",
            "region_id": region, "disability_category": "", "allowed_companion": false,
        })
    };
    let make = async |path: &'static str, body: Value| {
        let made = town.made(path, body).await?;
        let number = made["id"].as_i64().context("a number")?;
        let user = town.database.person_of(number).await?.context("whose a number is")?;
        anyhow::Ok(Person { number, user, token: token(user, Role::User) })
    };
    ensure!(options.drivers <= 10_000, "10 000 couriers at most");
    let drivers = (0..options.drivers).map(|n| make("/api/drivers/", driver(n)));
    let drivers = stream::iter(drivers).buffered(AT_ONCE).try_collect().await?;
    let passengers = (0..PASSENGERS).map(|n| make("/api/passengers/", passenger(n)));
    let passengers = stream::iter(passengers).buffered(AT_ONCE).try_collect().await?;
    Ok((town, drivers, passengers))
}

impl Town {
    async fn made(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(&self.desk, Method::POST, path, Some(body)).await
    }

    /// A call that must succeed.
    pub(super) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let (status, answer) = self.ask(token, method, path, body).await?;
        if status.is_success() { Ok(answer) } else { Err(anyhow!("{path}: {status}: {answer}")) }
    }

    /// A call, and what was answered.
    pub(super) async fn ask(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Opens a socket as a page does: with the token in the address.
    pub(super) async fn open(&self, path: &str, token: &str, n: usize) -> anyhow::Result<Socket> {
        let host = self.url.trim_start_matches("http://");
        let mut request = format!("ws://{host}{path}?token={token}").into_client_request()?;
        request.headers_mut().insert("origin", self.url.parse()?);
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if self.address.ip().is_loopback() && self.address.is_ipv4() && cfg!(target_os = "linux") {
            let number = n / PEOPLE_PER_ADDRESS;
            let octet = |value: usize| u8::try_from(value % 250).unwrap_or(1);
            let source = Ipv4Addr::new(127, 2, octet(number / 250), octet(number) + 1);
            socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(request, stream).await.with_context(|| path.to_owned())?;
        Ok(socket)
    }
}
