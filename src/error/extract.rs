//! Reads bodies and queries strictly, and refuses them in our own words.
//!
//! What a parser says about bad input stays inside; of the input itself only a field's name may be echoed.
//! Must not know any route: what a body means is its handler's business.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};
use actix_web::http::header::{self, HeaderMap};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, dev, web};
use bytes::BytesMut;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::ApiError;

/// The most bytes a JSON body may have.
pub const JSON_LIMIT: usize = 64 * 1024;

/// How long a body may stand still.
const BODY_STALL: Duration = Duration::from_secs(10);

/// How long a body may take in all.
const BODY_TOTAL: Duration = Duration::from_secs(30);

/// A JSON body of at most [`JSON_LIMIT`] bytes. `T` should `deny_unknown_fields`.
///
/// Refused are: other content types and any content encoding (415), large bodies (413), slow bodies (408), and as
/// malformed (400) whatever is not UTF-8, not JSON, nested deeper than 128 levels, not of `T`'s shape, or has a NUL
/// character in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let checked = check_headers(req.headers());
        let payload = payload.take();
        Box::pin(async move {
            checked?;
            let read = tokio::time::timeout(BODY_TOTAL, read(payload)).await;
            parse(&read.map_err(|_| ApiError::too_slow())??).map(Body)
        })
    }
}

/// The query of a request. Empty values mean absent, `T` should have defaults for what may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        std::future::ready(query(req.query_string()).map(Query))
    }
}

fn query<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let mut present = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if name.contains('\0') || value.contains('\0') {
            return Err(nul());
        }
        if !value.is_empty() {
            present.append_pair(&name, &value);
        }
    }
    let parsed = web::Query::<T>::from_query(&present.finish());
    parsed.map(web::Query::into_inner).map_err(|error| malformed_query(&error))
}

fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::unsupported_media_type("an encoded body is not accepted"));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::unsupported_media_type("the body must be application/json"));
    }
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > JSON_LIMIT as u64) {
        return Err(ApiError::too_large(JSON_LIMIT));
    }
    Ok(())
}

async fn read(mut payload: dev::Payload) -> Result<BytesMut, ApiError> {
    let mut body = BytesMut::new();
    loop {
        let next = tokio::time::timeout(BODY_STALL, payload.next()).await;
        match next.map_err(|_| ApiError::too_slow())? {
            None => return Ok(body),
            Some(Err(PayloadError::Overflow)) => return Err(ApiError::too_large(JSON_LIMIT)),
            Some(Err(_)) => return Err(ApiError::bad_request("the body ended too early")),
            Some(Ok(chunk)) if body.len() + chunk.len() > JSON_LIMIT => {
                return Err(ApiError::too_large(JSON_LIMIT));
            }
            Some(Ok(chunk)) => body.extend_from_slice(&chunk),
        }
    }
}

/// Parses JSON of the shape `T` under the rules of [`Body`].
///
/// # Errors
/// 400, in our own words.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, ApiError> {
    if has_nul(json) {
        return Err(nul());
    }
    serde_json::from_slice(json).map_err(|error| malformed(&error))
}

/// Whether a JSON text has an escaped NUL in one of its strings. A bare one is no JSON anyway.
#[must_use]
pub fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        // Skips what is escaped: the second backslash of `\\u0000` starts nothing.
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

fn nul() -> ApiError {
    ApiError::bad_request("texts may not have NUL characters in them")
}

fn malformed(error: &serde_json::Error) -> ApiError {
    use serde_json::error::Category;
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            ApiError::bad_request("the body is not valid JSON")
        }
        Category::Data => misshapen(&error.to_string()),
    }
}

fn malformed_query(error: &QueryPayloadError) -> ApiError {
    misshapen(&error.to_string())
}

/// Takes from a parser's words the name of the field that is unknown, missing or doubled, and nothing else.
fn misshapen(words: &str) -> ApiError {
    const KNOWN: [(&str, &str); 3] = [
        ("unknown field `", "is not known here"),
        ("missing field `", "is required"),
        ("duplicate field `", "is given twice"),
    ];
    for (start, reason) in KNOWN {
        let name = words.split_once(start).and_then(|(_, rest)| rest.split_once('`')).map(|(name, _)| name);
        let harmless = |name: &&str| {
            !name.is_empty()
                && name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if let Some(name) = name.filter(harmless) {
            return ApiError::bad_request(format!("the field {name} {reason}")).with_field(name, reason);
        }
    }
    ApiError::bad_request("a value has the wrong type or form")
}

/// For `web::JsonConfig::error_handler`, where a handler takes `web::Json`.
#[must_use]
pub fn json_error_handler(error: JsonPayloadError, _: &HttpRequest) -> Error {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            ApiError::too_large(limit)
        }
        JsonPayloadError::ContentType => {
            ApiError::unsupported_media_type("the body must be application/json")
        }
        JsonPayloadError::Deserialize(error) => malformed(&error),
        _ => ApiError::bad_request("the body is not valid JSON"),
    }
    .into()
}

/// For `web::PathConfig::error_handler`: a path with something else where an id belongs leads nowhere.
#[must_use]
pub fn path_error_handler(_: PathError, _: &HttpRequest) -> Error {
    ApiError::not_found().into()
}

/// For `web::QueryConfig::error_handler`.
#[must_use]
pub fn query_error_handler(error: QueryPayloadError, _: &HttpRequest) -> Error {
    malformed_query(&error).into()
}

/// The default service of the app: 404.
///
/// # Errors
/// Always.
pub async fn nothing_here() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found())
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use serde::Deserialize;

    use super::*;
    use crate::error::Problem;

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Parcel {
        name: String,
        weight_g: u32,
    }

    async fn take(body: Body<Parcel>) -> String {
        body.0.name
    }

    async fn post(
        kind: &str,
        extra: Option<(&'static str, &'static str)>,
        body: impl Into<Vec<u8>>,
    ) -> (u16, Problem) {
        let app = init_service(App::new().route("/", web::post().to(take))).await;
        let mut request =
            TestRequest::post().uri("/").insert_header(("content-type", kind)).set_payload(body.into());
        if let Some(header) = extra {
            request = request.insert_header(header);
        }
        let response = call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        (
            status,
            if status == 200 { ApiError::not_found().problem(None) } else { read_body_json(response).await },
        )
    }

    #[actix_web::test]
    async fn a_well_formed_body_is_read() {
        let body = r#"{"name":"\\u0000 is only text, Пакет 😀","weight_g":5}"#;
        assert_eq!(post("application/json; charset=utf-8", None, body).await.0, 200);
    }

    #[actix_web::test]
    async fn bodies_of_other_types_are_415() {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"] {
            assert_eq!(post(kind, None, "{}").await.0, 415, "{kind}");
        }
        let gzip = Some(("content-encoding", "gzip"));
        assert_eq!(post("application/json", gzip, "{}").await.0, 415);
    }

    #[actix_web::test]
    async fn bodies_over_the_limit_are_413_with_and_without_a_declared_length() {
        let large = format!(r#"{{"name":"{}","weight_g":1}}"#, "x".repeat(JSON_LIMIT));
        assert_eq!(post("application/json", None, large).await.0, 413);
        assert_eq!(post("application/json", Some(("content-length", "70000")), "{}").await.0, 413);
    }

    #[actix_web::test]
    async fn malformed_bodies_are_400_in_our_own_words() {
        let deep = "[".repeat(100_000);
        let cases: Vec<Vec<u8>> = vec![
            b"".to_vec(),
            b"{".to_vec(),
            b"\xef\xbb\xbf{\"name\":\"a\",\"weight_g\":1}".to_vec(),
            b"{\"name\":\"\xff\",\"weight_g\":1}".to_vec(),
            br#"{"name":"\ud800","weight_g":1}"#.to_vec(),
            br#"{"name":"a\u0000b","weight_g":1}"#.to_vec(),
            b"{\"name\":\"a\0b\",\"weight_g\":1}".to_vec(),
            br#"{"name":"a","weight_g":1.5}"#.to_vec(),
            br#"{"name":"a","weight_g":1e400}"#.to_vec(),
            br#"{"name":"a","weight_g":99999999999999999999}"#.to_vec(),
            br#"{"name":"a","weight_g":NaN}"#.to_vec(),
            br#"{"name":5,"weight_g":1}"#.to_vec(),
            br#"{"name":"a","name":"b","weight_g":1}"#.to_vec(),
            br#"{"name":"a","weight_g":1} x"#.to_vec(),
            deep.as_bytes()[..60_000].to_vec(),
            format!(r#"{{"name":{}"a"{},"weight_g":1}}"#, "[".repeat(200), "]".repeat(200)).into_bytes(),
        ];
        for case in cases {
            let (status, problem) = post("application/json", None, case.clone()).await;
            let shown = String::from_utf8_lossy(&case[..case.len().min(60)]).into_owned();
            assert_eq!((status, problem.code.as_str()), (400, "bad_request"), "{shown}");
            for leak in ["line", "column", "expected", "recursion", "u32"] {
                assert!(!problem.message.contains(leak), "{shown}: {}", problem.message);
            }
        }
    }

    #[actix_web::test]
    async fn an_unknown_or_missing_field_is_named() {
        let (_, unknown) =
            post("application/json", None, r#"{"name":"a","weight_g":1,"role":"admin"}"#).await;
        assert_eq!(unknown.fields["role"], "is not known here");
        let (_, missing) = post("application/json", None, r#"{"name":"a"}"#).await;
        assert_eq!(missing.message, "the field weight_g is required");
        let (_, script) = post("application/json", None, r#"{"<script>":1}"#).await;
        assert!(!script.message.contains('<'));
    }

    #[test]
    fn empty_query_values_are_absent_and_nul_is_refused() {
        #[derive(Deserialize, Debug, PartialEq, Default)]
        #[serde(default, deny_unknown_fields)]
        struct Search {
            from: Option<String>,
            weight: Option<u32>,
        }
        let search: Search = query("from=&weight=5").unwrap();
        assert_eq!(search, Search { from: None, weight: Some(5) });
        let found: Search = query("from=%D0%9A%D0%B0%D0%B7%D0%B0%D0%BD%D1%8C+1").unwrap();
        assert_eq!(found.from.as_deref(), Some("Казань 1"));
        for bad in ["from=a%00b", "from=a&from=b", "weight=heavy", "whither=x"] {
            assert_eq!(query::<Search>(bad).unwrap_err().status(), 400, "{bad}");
        }
    }
}
