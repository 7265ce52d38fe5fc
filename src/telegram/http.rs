//! The Bot API over HTTP. Everything is bounded: the time of a call, the calls at once, the length of an
//! answer. Redirects are not followed. The address holds the token, so it is never written anywhere.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use peerpack_actors::time::Span;
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Answer, BotApi, Refusal};

/// How long it may take to reach Telegram.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Calls on their way at once, besides the one that waits for updates.
const AT_ONCE: usize = 32;

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 4 << 20;

/// The longest pause that Telegram may ask for.
const LONGEST_PAUSE_S: i64 = 7 * 24 * 3_600;

/// The Bot API at an address.
#[derive(Clone)]
pub struct HttpApi(Arc<Connection>);

struct Connection {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// `https://host/bot<token>`.
    base: String,
    /// The workers' arbiters have runtimes of their own; connections belong to this one.
    runtime: Handle,
    places: Semaphore,
}

/// What every answer looks like.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    #[serde(default)]
    retry_after: Option<i64>,
}

impl HttpApi {
    /// The Bot API at an address, such as `https://api.telegram.org`. Needs a running runtime.
    #[must_use]
    pub fn at(url: &str, token: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_WITHIN));
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let base = format!("{}/bot{token}", url.trim_end_matches('/'));
        let (runtime, places) = (Handle::current(), Semaphore::new(AT_ONCE));
        Self(Arc::new(Connection { client, base, runtime, places }))
    }
}

#[async_trait]
impl BotApi for HttpApi {
    async fn call(&self, method: &'static str, body: Value, within: Duration) -> Answer<Value> {
        let connection = Arc::clone(&self.0);
        let task = self.0.runtime.spawn(async move {
            let late = || Answer::Unknown(format!("no answer to {method} within {within:?}"));
            // Updates are waited for on one connection, which keeps no place from messages; and who is about
            // to pay waits behind nothing.
            let _place = match method {
                "getUpdates" | "answerPreCheckoutQuery" => None,
                _ => match timeout(within, connection.places.acquire()).await {
                    Ok(place) => place.ok(),
                    Err(_) => return Answer::Unsent("too many calls are on their way".to_owned()),
                },
            };
            timeout(within, connection.call(method, &body)).await.unwrap_or_else(|_| late())
        });
        task.await.unwrap_or_else(|error| Answer::Unknown(error.to_string()))
    }
}

impl Connection {
    async fn call(&self, method: &str, body: &Value) -> Answer<Value> {
        let request = Request::post(format!("{}/{method}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())));
        let Ok(request) = request else { return Answer::Unsent("the address cannot be used".to_owned()) };
        let answer = match self.client.request(request).await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Answer::Unsent(format!("{method}: not reached")),
            Err(error) => return Answer::Unknown(format!("{method}: {error}")),
        };
        let status = answer.status();
        match Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await {
            Ok(body) => read(status, &body.to_bytes()),
            Err(error) => Answer::Unknown(format!("{method}: the answer cannot be read: {error}")),
        }
    }
}

/// What an answer says.
fn read(status: StatusCode, body: &[u8]) -> Answer<Value> {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
        return Answer::Unknown(format!("the answer {status} is none of Telegram's"));
    };
    let Envelope { ok, result, error_code, description, parameters } = envelope;
    let code = if error_code == 0 { status.as_u16() } else { error_code };
    match ok {
        true if status.is_success() => Answer::Done(result),
        false if (400..500).contains(&code) => {
            let seconds = parameters.retry_after.map(|seconds| seconds.clamp(1, LONGEST_PAUSE_S));
            Answer::Refused(Refusal { code, description, retry_after: seconds.map(Span::seconds) })
        }
        _ => Answer::Unknown(format!("{code} {description}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(status: u16, body: &str) -> Answer<Value> {
        read(StatusCode::from_u16(status).expect("a status"), body.as_bytes())
    }

    #[test]
    fn an_answer_is_done_refused_or_unknown() {
        assert_eq!(read_text(200, r#"{"ok":true,"result":7}"#), Answer::Done(7.into()));
        let flood = r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":8288}}"#;
        let Answer::Refused(refusal) = read_text(429, flood) else { panic!("refused") };
        assert_eq!(refusal.retry_after, Some(Span::seconds(8_288)));
        let blocked =
            r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#;
        assert!(matches!(read_text(403, blocked), Answer::Refused(refusal) if refusal.is_from_person()));
        for (status, body) in [
            (200, "<html>"),
            (200, "{}"),
            (302, ""),
            (500, r#"{"ok":false,"error_code":500,"description":"Internal Server Error"}"#),
            (502, "Bad Gateway"),
            (404, "<html>not here</html>"),
        ] {
            assert!(matches!(read_text(status, body), Answer::Unknown(_)), "{status} {body}");
        }
    }
}
