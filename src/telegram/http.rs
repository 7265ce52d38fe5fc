//! The Bot API over HTTP. The address holds the token, so it is never written anywhere.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode, header};
use peerpack_actors::time::Span;
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, BotApi, Refusal};
use crate::outbound::{Bounds, Outbound, Reply, Silence, Turn};

/// What is on its way at once, besides the call that waits for updates; and the longest answer.
const BOUNDS: Bounds = Bounds { at_once: 32, longest_answer: 4 << 20 };

/// The longest pause that Telegram may ask for.
const LONGEST_PAUSE_S: i64 = 7 * 24 * 3_600;

/// The Bot API at an address.
#[derive(Clone)]
pub struct HttpApi {
    outbound: Outbound,
    /// What every method is appended to: `https://host/bot<token>`.
    base: String,
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
    ///
    /// # Errors
    /// The client cannot be made.
    pub fn at(url: &str, token: &str) -> anyhow::Result<Self> {
        let base = format!("{}/bot{token}", url.trim_end_matches('/'));
        Ok(Self { outbound: Outbound::new(BOUNDS, &[])?, base })
    }
}

#[async_trait]
impl BotApi for HttpApi {
    async fn call(&self, method: &'static str, body: Value, within: Duration) -> Answer<Value> {
        let request = Request::post(format!("{}/{method}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())));
        let Ok(request) = request else { return Answer::Unsent("the address cannot be used".to_owned()) };
        // Updates are waited for on one connection, which keeps no place from messages; and who is about to
        // pay waits behind nothing.
        let turn = match method {
            "getUpdates" | "answerPreCheckoutQuery" => Turn::Passes,
            _ => Turn::Waits,
        };
        match self.outbound.call(request, within, turn).await {
            Ok(Reply { status, body }) => read(status, &body),
            Err(Silence::Unsent(why)) => Answer::Unsent(format!("{method}: {why}")),
            Err(Silence::Unknown(why)) => Answer::Unknown(format!("{method}: {why}")),
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
