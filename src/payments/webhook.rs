//! Any acquirer, behind a small server of the operator's that speaks this: see docs/money.md.
//!
//! Everything is bounded: the time of a call, the calls at once, the length of an answer. Redirects are not
//! followed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use peerpack_actors::ids::PaymentId;
use peerpack_actors::money::payment::{Method, Payment, Refund, Report};
use peerpack_actors::time::Time;
use reqwest::{Client, StatusCode, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Answer, Forged, Incoming, Invoice, Page, PaymentProvider, SIGNATURE, Signer, TIMESTAMP};

/// The path of our own that notices are signed for.
const NOTICES: &str = "/api/payments/webhook";

/// How long a call may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Calls on their way at once; who comes when there are as many waits, within the time of the call.
const AT_ONCE: usize = 8;

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 1 << 20;

/// An acquirer that is connected by signed calls.
#[derive(Clone)]
pub struct Webhook(Arc<Connection>);

struct Connection {
    client: Client,
    base: Url,
    signer: Signer,
    /// The workers' arbiters have runtimes of their own; connections belong to this one.
    runtime: Handle,
    places: Semaphore,
}

/// What came back: a status and a body, or why there is none.
type Reply = Result<(StatusCode, Vec<u8>), String>;

#[derive(Deserialize)]
struct Created {
    #[serde(default)]
    invoice_url: Option<String>,
}

#[derive(Deserialize)]
struct Listing {
    payments: Vec<Report>,
    #[serde(default)]
    next: Option<String>,
}

impl Webhook {
    /// The acquirer's server at an address, with the key that both sides sign with. Needs a running runtime.
    ///
    /// # Errors
    /// When the address is none, or the client cannot be made.
    pub fn at(base: &str, key: &[u8]) -> anyhow::Result<Self> {
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build()?;
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/')))?;
        let (signer, runtime, places) = (Signer::new(key), Handle::current(), Semaphore::new(AT_ONCE));
        Ok(Self(Arc::new(Connection { client, base, signer, runtime, places })))
    }

    async fn call(&self, method: reqwest::Method, path: String, body: Option<Value>, now: Time) -> Reply {
        let connection = Arc::clone(&self.0);
        let call = async move { connection.call(method, &path, body, now).await };
        let task = self.0.runtime.spawn(async move {
            timeout(WITHIN, call).await.unwrap_or_else(|_| Err(format!("no answer within {WITHIN:?}")))
        });
        task.await.unwrap_or_else(|error| Err(error.to_string()))
    }
}

impl Connection {
    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>, now: Time) -> Reply {
        let _place = self.places.acquire().await.map_err(|error| error.to_string())?;
        let url = self.base.join(path).map_err(|error| error.to_string())?;
        let asked = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (timestamp, signature) = self.signer.sign(method.as_str(), &asked, body.as_bytes(), now);
        let request =
            self.client.request(method, url).header(TIMESTAMP, timestamp).header(SIGNATURE, signature);
        let request = request.header("content-type", "application/json").body(body);
        let mut answer = request.send().await.map_err(|error| error.to_string())?;
        let mut read = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| error.to_string())? {
            if read.len() + chunk.len() > LONGEST_ANSWER {
                return Err(format!("the answer is longer than {LONGEST_ANSWER} bytes"));
            }
            read.extend_from_slice(&chunk);
        }
        Ok((answer.status(), read))
    }
}

/// What an answer says, where a refusal is one: the call was understood, and nothing was done.
fn answer<T: DeserializeOwned>(reply: Reply) -> Answer<T> {
    match reply {
        Ok((status, body)) if status.is_success() => match serde_json::from_slice(&body) {
            Ok(said) => Answer::Done(said),
            Err(error) => Answer::Unknown(format!("the answer cannot be read: {error}")),
        },
        Ok((status, _)) if is_refusal(status) => Answer::Refused(format!("it answered {status}")),
        Ok((status, _)) => Answer::Unknown(format!("it answered {status}")),
        Err(why) => Answer::Unknown(why),
    }
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error()
        && !matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::CONFLICT
                | StatusCode::UNAUTHORIZED
        )
}

fn list_path(since: Time, until: Time, after: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("since", &since.to_string()).append_pair("until", &until.to_string());
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    format!("charges?{}", query.finish())
}

#[async_trait]
impl PaymentProvider for Webhook {
    fn method(&self) -> Method {
        Method::Webhook
    }

    async fn create(&self, payment: &Payment, now: Time) -> Answer<Invoice> {
        let body = json!({
            "payment_id": payment.id,
            "reference": payment.reference,
            "amount_minor": payment.amount.minor,
            "currency": payment.amount.currency,
            "expires_at": payment.expires_at.to_string(),
        });
        match answer::<Created>(
            self.call(reqwest::Method::POST, "invoices".to_owned(), Some(body), now).await,
        ) {
            Answer::Done(Created { invoice_url }) => Answer::Done(Invoice { url: invoice_url }),
            Answer::Refused(why) => Answer::Refused(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    async fn look_up(&self, payment: PaymentId, now: Time) -> Answer<Option<Report>> {
        let reply = self.call(reqwest::Method::GET, format!("invoices/{payment}"), None, now).await;
        if matches!(&reply, Ok((StatusCode::NOT_FOUND, _))) { Answer::Done(None) } else { answer(reply) }
    }

    async fn refund(&self, payment: PaymentId, charge: &str, refund: &Refund, now: Time) -> Answer<()> {
        let body = json!({
            "refund_id": refund.id,
            "payment_id": payment,
            "charge_id": charge,
            "amount_minor": refund.amount.minor,
            "currency": refund.amount.currency,
        });
        // Whatever it answers, a report says what has become of it: refunds were done that had been refused.
        match self.call(reqwest::Method::POST, "refunds".to_owned(), Some(body), now).await {
            Ok((status, _)) if status.is_success() => Answer::Done(()),
            Ok((status, _)) => Answer::Unknown(format!("it answered {status}")),
            Err(why) => Answer::Unknown(why),
        }
    }

    async fn list(&self, (since, until): (Time, Time), after: Option<String>, now: Time) -> Answer<Page> {
        let path = list_path(since, until, after.as_deref());
        match answer::<Listing>(self.call(reqwest::Method::GET, path, None, now).await) {
            Answer::Done(Listing { payments, next }) => Answer::Done(Page { reports: payments, next }),
            Answer::Refused(why) => Answer::Refused(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    fn read(&self, incoming: Incoming<'_>, now: Time) -> Result<Report, Forged> {
        let Incoming { timestamp, signature, body } = incoming;
        self.0.signer.check((timestamp, signature), ("POST", NOTICES, body), now)?;
        serde_json::from_slice(body).map_err(|_| Forged)
    }
}
