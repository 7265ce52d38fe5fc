use actix_http::ConnectionType;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, ResponseError};
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
    (status, if status == 200 { ApiError::not_found().problem(None) } else { read_body_json(response).await })
}

#[actix_web::test]
async fn a_well_formed_body_is_read() {
    let body = r#"{"name":"\\u0000 is only text, Пакет 😀","weight_g":5}"#;
    assert_eq!(post("application/json; charset=utf-8", None, body).await.0, 200);
}

#[actix_web::test]
async fn x_14_and_x_19_bodies_of_other_types_and_encodings_are_415() {
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
async fn x_16_and_x_18_malformed_bodies_are_400_in_our_own_words() {
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
async fn x_17_an_unknown_or_missing_field_is_named() {
    let (_, unknown) = post("application/json", None, r#"{"name":"a","weight_g":1,"role":"admin"}"#).await;
    assert_eq!(unknown.fields["role"], "is not known here");
    let (_, missing) = post("application/json", None, r#"{"name":"a"}"#).await;
    assert_eq!(missing.message, "weight_g: is required");
    let (_, script) = post("application/json", None, r#"{"<script>":1}"#).await;
    assert!(!script.message.contains('<'));
}

#[actix_web::test]
async fn a_body_that_may_be_missing_is_still_checked_when_it_is_there() {
    async fn maybe(body: MaybeBody<Parcel>) -> String {
        body.0.map_or_else(|| "none".to_owned(), |parcel| parcel.name)
    }
    let app = init_service(App::new().route("/", web::put().to(maybe))).await;
    let put = |kind: &'static str, body: &'static str| {
        TestRequest::put().uri("/").insert_header(("content-type", kind)).set_payload(body).to_request()
    };
    assert_eq!(call_service(&app, TestRequest::put().uri("/").to_request()).await.status(), 200);
    assert_eq!(call_service(&app, put("application/json", "")).await.status(), 200);
    assert_eq!(call_service(&app, put("text/plain", "{}")).await.status(), 415);
    assert_eq!(call_service(&app, put("application/json", "{}")).await.status(), 400);
}

#[actix_web::test]
async fn actixs_own_extractors_refuse_in_our_words() {
    async fn by_id(_: web::Path<u32>, _: web::Query<Parcel>, _: web::Json<Parcel>) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    let app =
        init_service(App::new().configure(refuse_in_our_words).route("/{id}", web::post().to(by_id))).await;
    let code = async |uri: &str, kind: &str, body: &'static str| {
        let request = TestRequest::post().uri(uri).insert_header(("content-type", kind)).set_payload(body);
        let problem: Problem = read_body_json(call_service(&app, request.to_request()).await).await;
        problem.code
    };
    let good = "/1?name=a&weight_g=1";
    assert_eq!(code("/..%2fetc?name=a&weight_g=1", "application/json", "{}").await, "not_found");
    assert_eq!(code("/1?name=a", "application/json", "{}").await, "bad_request");
    assert_eq!(code(good, "text/plain", "{}").await, "unsupported_media_type");
    assert_eq!(code(good, "application/json", "{").await, "bad_request");
}

#[actix_web::test]
async fn a_body_that_stands_still_or_drags_on_is_408() {
    let (stall, total) = (Duration::from_millis(30), Duration::from_millis(100));
    let (_sender, halted) = actix_http::h1::Payload::create(false);
    let halted = dev::Payload::from(halted);
    assert_eq!(read_in_time(halted, stall, total).await.unwrap_err().code(), "too_slow");

    let (mut sender, dragging) = actix_http::h1::Payload::create(false);
    actix_web::rt::spawn(async move {
        for _ in 0..50 {
            sender.feed_data(bytes::Bytes::from_static(b"x"));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let response = read_in_time(dragging.into(), stall, total).await.unwrap_err().error_response();
    assert_eq!((response.status().as_u16(), response.head().connection_type()), (408, ConnectionType::Close));
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
