//! Any acquirer, behind a small server of the operator's that speaks this: see docs/money.md.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method as Verb, Request, StatusCode, Uri, header};
use peerpack_actors::ids::PaymentId;
use peerpack_actors::money::payment::{Method, Payment, Report};
use peerpack_actors::time::Time;
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Answer, Forged, GoesBack, Incoming, Invoice, Page, PaymentProvider, SIGNATURE, Signer, TIMESTAMP,
};
use crate::outbound::{Bounds, Outbound, Reply, Silence, Turn};

/// The path of our own that notices are signed for.
const NOTICES: &str = "/api/payments/webhook";

/// How long a call may take, the wait for its turn included.
const WITHIN: Duration = Duration::from_secs(5);

/// What is on its way at once, and the longest answer.
const BOUNDS: Bounds = Bounds { at_once: 8, longest_answer: 1 << 20 };

/// An acquirer that is connected by signed calls.
#[derive(Clone)]
pub struct Webhook {
    outbound: Outbound,
    /// Without a slash at its end.
    base: String,
    signer: Signer,
}

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
    /// The acquirer's server at an address, with the key that both sides sign with. These roots are trusted
    /// besides the public ones. Needs a running runtime.
    ///
    /// # Errors
    /// When the address is none, or the client cannot be made.
    pub fn at(base: &str, key: &[u8], trusted: &[CertificateDer<'static>]) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        base.parse::<Uri>()?;
        Ok(Self { outbound: Outbound::new(BOUNDS, trusted)?, base, signer: Signer::new(key) })
    }

    async fn call(&self, method: Verb, path: &str, body: Option<Value>, now: Time) -> Result<Reply, Silence> {
        let unusable = |_| Silence::Unsent("the address cannot be used".to_owned());
        let url: Uri = format!("{}/{path}", self.base).parse().map_err(unusable)?;
        let asked = url.path_and_query().map_or("/", |asked| asked.as_str()).to_owned();
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (timestamp, signature) = self.signer.sign(method.as_str(), &asked, body.as_bytes(), now);
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(TIMESTAMP, timestamp)
            .header(SIGNATURE, signature)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)));
        let request = request.map_err(|_| Silence::Unsent("the call cannot be written".to_owned()))?;
        self.outbound.call(request, WITHIN, Turn::Waits).await
    }
}

/// What an answer says, where a refusal is one: the call was understood, and nothing was done.
fn answer<T: DeserializeOwned>(reply: Result<Reply, Silence>) -> Answer<T> {
    match reply {
        Ok(Reply { status, body }) if status.is_success() => match serde_json::from_slice(&body) {
            Ok(said) => Answer::Done(said),
            Err(error) => Answer::Unknown(format!("the answer cannot be read: {error}")),
        },
        Ok(Reply { status, .. }) if is_refusal(status) => Answer::Refused(format!("it answered {status}")),
        Ok(Reply { status, .. }) => Answer::Unknown(format!("it answered {status}")),
        Err(silence) => Answer::Unknown(silence.to_string()),
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
        match answer::<Created>(self.call(Verb::POST, "invoices", Some(body), now).await) {
            Answer::Done(Created { invoice_url }) => Answer::Done(Invoice { url: invoice_url }),
            Answer::Refused(why) => Answer::Refused(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    async fn look_up(&self, payment: PaymentId, now: Time) -> Answer<Option<Report>> {
        let reply = self.call(Verb::GET, &format!("invoices/{payment}"), None, now).await;
        let is_known = !matches!(&reply, Ok(Reply { status: StatusCode::NOT_FOUND, .. }));
        if is_known { answer(reply) } else { Answer::Done(None) }
    }

    async fn refund(&self, money: GoesBack<'_>, now: Time) -> Answer<()> {
        let GoesBack { payment, charge, refund, .. } = money;
        let body = json!({
            "refund_id": refund.id,
            "payment_id": payment,
            "charge_id": charge,
            "amount_minor": refund.amount.minor,
            "currency": refund.amount.currency,
        });
        // Whatever it answers, a report says what has become of it: refunds were done that had been refused.
        match self.call(Verb::POST, "refunds", Some(body), now).await {
            Ok(Reply { status, .. }) if status.is_success() => Answer::Done(()),
            Ok(Reply { status, .. }) => Answer::Unknown(format!("it answered {status}")),
            Err(silence) => Answer::Unknown(silence.to_string()),
        }
    }

    async fn list(&self, (since, until): (Time, Time), after: Option<String>, now: Time) -> Answer<Page> {
        let path = list_path(since, until, after.as_deref());
        match answer::<Listing>(self.call(Verb::GET, &path, None, now).await) {
            Answer::Done(Listing { payments, next }) => Answer::Done(Page { reports: payments, next }),
            Answer::Refused(why) => Answer::Refused(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    fn read(&self, incoming: Incoming<'_>, now: Time) -> Result<Report, Forged> {
        let Incoming { timestamp, signature, body } = incoming;
        self.signer.check((timestamp, signature), ("POST", NOTICES, body), now)?;
        serde_json::from_slice(body).map_err(|_| Forged)
    }
}
