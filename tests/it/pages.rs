//! The pages of the Mini App, whether or not this checkout was built with them.

use peerpack_actors::runtime::RuntimeSettings;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};

use crate::support::{Backend, TestApp};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

async fn look(app: &TestApp, method: Method, path: &str, accept: &'static str) -> reqwest::Response {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br;q=0"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.request(method, format!("{}{path}", app.url)).headers(headers).send().await.unwrap()
}

#[actix_web::test]
async fn a_browser_that_opens_the_address_sees_a_page_on_every_screen() {
    let app = TestApp::start(Backend::Sqlite).await;
    for path in ["/", "/offers", "/package/01900000-0000-7000-8000-000000000004", "/new/trip?as=anna-1"] {
        let page = look(&app, Method::GET, path, HTML).await;
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-cache");
        let policy = header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors https://web.telegram.org"), "{policy}");
        assert!(!page.text().await.unwrap().contains(r#"peerpack-demo" content="on""#));
    }
}

#[actix_web::test]
async fn a_map_of_somebody_elses_is_named_and_may_be_fetched_and_nothing_else() {
    let settings = [("PEERPACK_MAP_STYLE_URL", "https://tiles.example.org/style.json?key=1&b=2")];
    let data = tempfile::tempdir().unwrap();
    let app = TestApp::start_on(data, None, &settings, RuntimeSettings::default()).await;
    let page = look(&app, Method::GET, "/", HTML).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("connect-src 'self' https://tiles.example.org;"), "{policy}");
    let mark = r#"name="peerpack-map-style" content="https://tiles.example.org/style.json?key=1&b=2""#;
    let text = page.text().await.unwrap();
    assert!(text.contains(mark) || text.contains("built without its pages"), "{text}");
}

#[actix_web::test]
async fn what_programs_ask_for_is_not_answered_with_a_page() {
    let app = TestApp::start(Backend::Sqlite).await;
    for (method, path, accept) in [
        (Method::GET, "/api/nothing", HTML),
        (Method::GET, "/v1/nothing", HTML),
        (Method::GET, "/assets/nothing.js", HTML),
        (Method::GET, "/offers", "application/json"),
        (Method::POST, "/offers", HTML),
    ] {
        let answer = look(&app, method, path, accept).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
    }
}

#[actix_web::test]
async fn nobody_is_signed_in_for_the_asking_outside_of_the_demo() {
    let app = TestApp::start(Backend::Sqlite).await;
    let answer = look(&app, Method::GET, "/dev/login?user=42&name=Anna", HTML).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn files_go_packed_and_for_ever_to_clients_that_take_them_so() {
    let app = TestApp::start(Backend::Sqlite).await;
    let page = look(&app, Method::GET, "/", HTML).await.text().await.unwrap();
    // A checkout that was built without Node has no files, and says so on its page.
    let Some((_, rest)) = page.split_once("src=\"/assets/") else {
        assert!(page.contains("built without its pages"), "{page}");
        return;
    };
    let name = rest.split('"').next().unwrap();
    let file = look(&app, Method::GET, &format!("/assets/{name}"), "*/*").await;
    assert_eq!(file.status(), StatusCode::OK);
    assert_eq!(file.headers()["content-encoding"], "gzip");
    let vary = file.headers()["vary"].to_str().unwrap();
    assert!(vary.split(", ").any(|name| name == "Accept-Encoding"), "{vary}");
    assert!(file.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert!(file.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]), "packed as it says");
}

#[actix_web::test]
async fn the_service_worker_is_looked_at_anew_each_time() {
    let app = TestApp::start(Backend::Sqlite).await;
    let worker = look(&app, Method::GET, "/sw.js", "*/*").await;
    if worker.status() == StatusCode::NOT_FOUND {
        let page = look(&app, Method::GET, "/", HTML).await.text().await.unwrap();
        assert!(page.contains("built without its pages"), "{page}");
        return;
    }
    let header = |name: &str| worker.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header("cache-control"), "no-cache");
    assert_eq!(header("content-security-policy"), "default-src 'none'; connect-src 'self'");
    let text = worker.text().await.unwrap();
    let page = look(&app, Method::GET, "/", HTML).await.text().await.unwrap();
    let script = page.split_once("src=\"/").unwrap().1.split('"').next().unwrap();
    assert!(text.contains(script), "it keeps the script of the page");
}
