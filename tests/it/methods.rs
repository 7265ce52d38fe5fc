//! What answers `GET` answers `HEAD`: the same, without the body.

use reqwest::Method;

use crate::support::{Backend, TestApp, http};

/// Every path, with something in the place of what is named in it.
fn paths() -> Vec<(String, Vec<Method>)> {
    let mut paths = Vec::new();
    for endpoint in peerpack::http::endpoints() {
        let mut path = String::new();
        for part in endpoint.path.split('/').skip(1) {
            path.push('/');
            path.push_str(match part {
                "{notification_id}" => "1",
                part if part.starts_with('{') => "00000000-0000-7000-8000-000000000000",
                part => part,
            });
        }
        let methods: Vec<Method> =
            endpoint.methods.iter().map(|(method, _)| method.as_str().parse().unwrap()).collect();
        for prefix in ["/api", "/v1"] {
            paths.push((format!("{prefix}{path}"), methods.clone()));
        }
    }
    let others = [
        "/docs/realtime",
        "/docs/realtime.css",
        "/docs/realtime.schema.json",
        "/ws",
        "/ws/updates",
        "/track/x",
        "/openapi.json",
        "/docs/index.html",
        "/docs/nothing",
    ];
    paths.extend(others.map(|path| (path.to_owned(), vec![Method::GET])));
    paths
}

#[actix_web::test]
async fn what_answers_get_answers_head() {
    let app = TestApp::start(Backend::Sqlite).await;
    let http = http();
    let call = async |method: Method, path: &str| {
        http.request(method, format!("{}{path}", app.url)).send().await.unwrap()
    };
    let mut seen = 0;
    for (path, methods) in paths() {
        if methods.contains(&Method::GET) {
            let (get, head) = (call(Method::GET, &path).await, call(Method::HEAD, &path).await);
            assert_eq!(get.status(), head.status(), "{path}");
            assert_eq!(get.headers().get("content-type"), head.headers().get("content-type"), "{path}");
            assert_eq!(head.bytes().await.unwrap().len(), 0, "{path}");
            seen += 1;
        } else {
            assert_eq!(call(Method::HEAD, &path).await.status(), 405, "{path}");
        }
        let refused = call(Method::OPTIONS, &path).await;
        if refused.status() == 405 {
            let allowed = refused.headers()["allow"].to_str().unwrap().to_owned();
            let allowed: Vec<&str> = allowed.split(',').map(str::trim).collect();
            assert_eq!(allowed.contains(&"HEAD"), methods.contains(&Method::GET), "{path}: {allowed:?}");
            for method in &methods {
                assert!(allowed.contains(&method.as_str()), "{path}: {allowed:?}");
            }
        }
    }
    assert!(seen > 60, "{seen}");
}
