//! The server's HTTP API, as far as the load test needs it.

mod chats;

use std::time::Duration;

use anyhow::Context;
use peerpack::auth::telegram::{self, TelegramUser};
use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::time::Time;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use self::chats::PAGE;
use crate::world::{PackagePlan, TripPlan};

/// How long an answer may take. The server promises ten seconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// Idle connections kept for the next request.
const IDLE_CONNECTIONS: usize = 512;

/// How long an idle connection is kept: well under what the server keeps it for, or a request meets the
/// server's farewell.
const IDLE_FOR: Duration = Duration::from_secs(2);

/// Keeps connections open and knows the bot's token.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    bot_token: String,
}

/// Why a call did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// Refused, without effect: the status and the stable code.
    Refused(u16, String),
    /// Perhaps done, perhaps not.
    Unknown(String),
}

/// A signed-in user.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// The user who has signed in.
    pub(crate) user: UserId,
    /// Their access token.
    pub(crate) access_token: String,
}

impl Failure {
    /// A short name for the counts.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Refused(status, code) => format!("{status} {code}"),
            Self::Unknown(what) => what.clone(),
        }
    }
}

impl Api {
    /// A client without connections.
    ///
    /// # Errors
    /// The system does not provide what a client needs.
    pub(crate) fn new(bot_token: String) -> anyhow::Result<Self> {
        let builder = Client::builder().timeout(PATIENCE).tcp_nodelay(true).no_proxy();
        let builder = builder.pool_max_idle_per_host(IDLE_CONNECTIONS).pool_idle_timeout(IDLE_FOR);
        let client = builder.build().context("cannot make an HTTP client")?;
        Ok(Self { client, bot_token })
    }

    /// Whether a node is ready to serve, and what it says of its version.
    pub(crate) async fn health(&self, base: &str) -> Result<Value, Failure> {
        answer(self.client.get(format!("{base}/api/health"))).await
    }

    /// Signs a user in with init data of our own.
    pub(crate) async fn sign_in(
        &self,
        base: &str,
        user: &TelegramUser,
        now: Time,
    ) -> Result<SignedIn, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            user: Who,
        }
        #[derive(Deserialize)]
        struct Who {
            id: UserId,
        }
        let init_data = telegram::sign(user, &self.bot_token, now);
        let call =
            self.client.post(format!("{base}/api/auth/telegram")).json(&json!({ "init_data": init_data }));
        let Answer { access_token, user } = answer(call).await?;
        Ok(SignedIn { user: user.id, access_token })
    }

    /// Publishes a trip.
    pub(crate) async fn publish_trip(
        &self,
        base: &str,
        token: &str,
        plan: &TripPlan,
    ) -> Result<TripId, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            trip_id: TripId,
        }
        let places: Vec<_> = plan.places.iter().map(|place| json!({ "place_id": place.id })).collect();
        let body = json!({
            "from": places[0],
            "to": places[places.len() - 1],
            "stops": places[1..places.len() - 1],
            "date": plan.date(),
            "time": plan.time(),
            "arrival_date": plan.arrival_date(),
            "airport": "",
            "price": plan.price,
            "trip_comment": "",
            "transportType": "car",
            "capacity_g": plan.capacity_g,
            "max_detour_min": plan.max_detour_min,
        });
        let call = self.client.post(format!("{base}/api/trips")).bearer_auth(token).json(&body);
        answer::<Answer>(call).await.map(|answer| answer.trip_id)
    }

    /// Publishes a package. Repeated with the same key it is published once.
    pub(crate) async fn publish_package(
        &self,
        base: &str,
        token: &str,
        plan: &PackagePlan,
        description: &str,
        key: Uuid,
    ) -> Result<PackageId, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            package_id: PackageId,
        }
        let (size, weight) = words(plan.weight_g);
        let body = json!({
            "from": { "place_id": plan.from.id },
            "to": { "place_id": plan.to.id },
            "description": description,
            "reward": plan.reward,
            "size": size,
            "weight": weight,
            "tags": [],
            "pickup_address": "",
            "delivery_address": "",
            "weight_g": plan.weight_g,
            "deliver_by": plan.deliver_by.to_string(),
        });
        let call = self.client.post(format!("{base}/api/packages")).bearer_auth(token);
        let call = call.header("Idempotency-Key", key.to_string()).json(&body);
        answer::<Answer>(call).await.map(|answer| answer.package_id)
    }

    /// Publishes a package as it is described.
    pub(crate) async fn publish(&self, base: &str, token: &str, package: &Value) -> Result<(), Failure> {
        let call = self.client.post(format!("{base}/api/packages")).bearer_auth(token).json(package);
        answer::<Value>(call).await.map(drop)
    }

    /// Calls off a trip or a package: `trips/ID` or `packages/ID`.
    pub(crate) async fn call_off(&self, base: &str, token: &str, what: &str) -> Result<(), Failure> {
        let call = self.client.put(format!("{base}/api/{what}/cancel")).bearer_auth(token);
        answer::<Value>(call).await.map(drop)
    }

    /// Takes a step of a deal: `pickup`, `mark-delivered`, `confirm-delivery` or `cancel`.
    pub(crate) async fn step(
        &self,
        base: &str,
        token: &str,
        request: RequestId,
        step: &str,
        key: Uuid,
    ) -> Result<(), Failure> {
        let call =
            self.client.put(format!("{base}/api/package-requests/{request}/{step}")).bearer_auth(token);
        answer::<Value>(call.header("Idempotency-Key", key.to_string())).await.map(drop)
    }
}

/// The words for size and weight that go with a weight.
const fn words(weight_g: u32) -> (&'static str, &'static str) {
    match weight_g {
        0..=1_000 => ("xs", "light"),
        1_001..=5_000 => ("s", "medium"),
        5_001..=10_000 => ("m", "heavy"),
        _ => ("l", "very_heavy"),
    }
}

async fn answer<T: DeserializeOwned>(call: RequestBuilder) -> Result<T, Failure> {
    let answer = call.send().await.map_err(|error| Failure::Unknown(kind(&error).to_owned()))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|error| Failure::Unknown(kind(&error).to_owned()))?;
    if status.is_success() {
        return serde_json::from_slice(&body)
            .map_err(|error| Failure::Unknown(format!("unreadable answer: {error}")));
    }
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or("without a code").to_owned();
    // Or the same call is still being carried out: what becomes of it nobody knows yet.
    let is_open = status == reqwest::StatusCode::REQUEST_TIMEOUT || code == "in_progress";
    if status.is_server_error() || is_open {
        return Err(Failure::Unknown(format!("{} {code}", status.as_u16())));
    }
    Err(Failure::Refused(status.as_u16(), code))
}

fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "no connection"
    } else {
        "cut"
    }
}
