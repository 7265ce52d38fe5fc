//! Uploads in an S3-compatible bucket: at the wire, beside a small service that can also misbehave.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::Method as Verb;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use peerpack::auth::Role;
use peerpack::maintenance::rounds;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::Method;

use super::{kept, samples, upload};
use crate::support::{TestApp, TestUser};

const AVATAR: &str = "/api/user/avatar";

/// What the service does.
const WORKS: u8 = 0;
const SAYS_503: u8 = 1;
const HANGS: u8 = 2;
const SAYS_NONSENSE: u8 = 3;

/// Files by key, with when they were made.
#[derive(Default)]
struct Service {
    files: Mutex<BTreeMap<String, (Vec<u8>, String)>>,
    mood: AtomicU8,
    refused: Mutex<Vec<String>>,
}

impl Service {
    async fn start() -> (Arc<Self>, String) {
        let service = Arc::new(Self::default());
        let data = web::Data::from(Arc::clone(&service));
        let server = HttpServer::new(move || {
            let app = App::new().app_data(data.clone()).app_data(web::PayloadConfig::new(1 << 26));
            app.default_service(web::to(answer))
        });
        let server = server.workers(1).bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0];
        actix_web::rt::spawn(server.run());
        (service, format!("http://{address}"))
    }

    fn keys(&self) -> Vec<String> {
        self.files.lock().unwrap().keys().cloned().collect()
    }
}

async fn answer(service: web::Data<Service>, req: HttpRequest, body: web::Bytes) -> HttpResponse {
    match service.mood.load(Ordering::Relaxed) {
        SAYS_503 => return HttpResponse::ServiceUnavailable().body("<Error><Code>SlowDown</Code></Error>"),
        HANGS => tokio::time::sleep(Duration::from_secs(60)).await,
        SAYS_NONSENSE => {
            return HttpResponse::MovedPermanently().insert_header(("location", "/elsewhere")).finish();
        }
        _ => {}
    }
    let query = req.query_string();
    let signed =
        ["X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=access%2F", "%2Fru-1%2Fs3%2Faws4_request"];
    let is_signed = signed.iter().all(|part| query.contains(part)) && query.contains("X-Amz-Signature=");
    let path = req.path().to_owned();
    let Some(key) = path.strip_prefix("/parcels").filter(|_| is_signed && !query.contains("hush")) else {
        service.refused.lock().unwrap().push(format!("{path}?{query}"));
        return HttpResponse::Forbidden().finish();
    };
    let key = key.trim_start_matches('/').to_owned();
    let mut files = service.files.lock().unwrap();
    match *req.method() {
        Verb::PUT => {
            files.insert(key, (body.to_vec(), "2020-01-01T00:00:00.000Z".to_owned()));
            HttpResponse::Ok().finish()
        }
        Verb::DELETE => {
            files.remove(&key);
            HttpResponse::NoContent().finish()
        }
        Verb::GET if key.is_empty() => {
            // One on a page.
            let after = query.split('&').find_map(|pair| pair.strip_prefix("continuation-token="));
            let after = after.map(|token| token.replace("%2F", "/")).unwrap_or_default();
            let mut left = files.iter().filter(|(key, _)| **key > after);
            let one = left.next().map(|(key, (_, at))| {
                format!(
                    "<Contents><Key>{key}</Key><LastModified>{at}</LastModified><Size>1</Size></Contents>"
                )
            });
            let next = left.next().and(files.keys().find(|key| **key > after));
            let next = next.map(|key| format!("<NextContinuationToken>{key}</NextContinuationToken>"));
            HttpResponse::Ok().content_type("application/xml").body(format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult \
                 xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>parcels</Name><MaxKeys>1</MaxKeys>\
                 <IsTruncated>{}</IsTruncated>{}{}</ListBucketResult>",
                next.is_some(),
                one.unwrap_or_default(),
                next.unwrap_or_default()
            ))
        }
        _ => match files.get(&key) {
            Some((content, _)) => HttpResponse::Ok().body(content.clone()),
            None => HttpResponse::NotFound().finish(),
        },
    }
}

async fn app(endpoint: &str) -> TestApp {
    let settings = [
        ("PEERPACK_S3_ENDPOINT", endpoint),
        ("PEERPACK_S3_BUCKET", "parcels"),
        ("PEERPACK_S3_REGION", "ru-1"),
        ("PEERPACK_S3_ACCESS_KEY", "access"),
        ("PEERPACK_S3_SECRET_KEY", "hush"),
    ];
    TestApp::start_on(tempfile::tempdir().unwrap(), None, &settings, RuntimeSettings::default()).await
}

async fn fetch(who: &TestUser, path: &str) -> (u16, Vec<u8>) {
    let (status, _, body) = who.call_raw(Method::GET, path, &[], Vec::new()).await;
    (status.as_u16(), body)
}

#[actix_web::test]
async fn files_lie_in_a_bucket_as_they_lie_in_a_directory() {
    let (service, endpoint) = Service::start().await;
    let app = app(&endpoint).await;
    let ivan = app.sign_in("Ivan").await;
    let dan = app.sign_in_with_role("Dan", Role::Dispatcher).await;
    let (_, answer) = upload(&ivan, AVATAR, &samples::jpeg(20, 20)).await;
    let url = answer["avatar"].as_str().unwrap().to_owned();
    let (status, picture) = fetch(&ivan, &url).await;
    assert!(status == 200 && image::load_from_memory(&picture).is_ok());
    let document = b"%PDF-1.7\nnothing\n%%EOF".to_vec();
    let (_, answer) = upload(&ivan, "/api/user/documents", &document).await;
    let id = answer["document_id"].as_str().unwrap();
    let (_, link) = dan.call(Method::POST, &format!("/api/admin/documents/{id}/link"), None).await;
    assert_eq!(fetch(&dan, link["path"].as_str().unwrap()).await, (200, document));
    assert_eq!(service.keys().len(), 2);
    assert!(kept(&app).is_empty(), "nothing is left on the disk");

    // Every file of the bucket says it is old; what has a row stays all the same, and so does what is not
    // ours.
    let lost = "avatar/07/01890a5d-ac96-774b-bcce-b302099a8007";
    for key in [lost, "somebody/elses"] {
        let file = (b"x".to_vec(), "2020-01-01T00:00:00.000Z".to_owned());
        service.files.lock().unwrap().insert(key.to_owned(), file);
    }
    for _ in 0..4 {
        rounds::run_all(&app.app).await;
    }
    assert!(service.keys().len() == 3 && !service.keys().contains(&lost.to_owned()), "{:?}", service.keys());

    upload(&ivan, AVATAR, &samples::jpeg(30, 30)).await;
    assert_eq!(fetch(&ivan, &url).await.0, 404);
    assert_eq!(service.keys().len(), 3);
    assert_eq!(*service.refused.lock().unwrap(), Vec::<String>::new());
    app.audit().await;
}

#[actix_web::test]
async fn a_bucket_that_fails_or_hangs_is_unavailable_and_nothing_is_half_done() {
    let (service, endpoint) = Service::start().await;
    let app = app(&endpoint).await;
    let ivan = app.sign_in("Ivan").await;
    let (_, answer) = upload(&ivan, AVATAR, &samples::jpeg(20, 20)).await;
    let url = answer["avatar"].as_str().unwrap();
    for mood in [SAYS_503, SAYS_NONSENSE, HANGS] {
        service.mood.store(mood, Ordering::Relaxed);
        let (status, refused) = upload(&ivan, AVATAR, &samples::jpeg(30, 30)).await;
        assert_eq!((status, refused["code"].as_str()), (503, Some("unavailable")), "{mood}");
        assert!(!refused.to_string().contains("127.0.0.1"), "{refused}");
        if mood == HANGS {
            break;
        }
        assert_eq!(fetch(&ivan, url).await.0, 503, "{mood}");
        rounds::run_all(&app.app).await;
    }
    assert_eq!(ivan.get("/api/user/profile").await["avatar"], url);
    service.mood.store(WORKS, Ordering::Relaxed);
    assert_eq!(fetch(&ivan, url).await.0, 200, "as if nothing had been");
    assert_eq!(upload(&ivan, AVATAR, &samples::jpeg(30, 30)).await.0, 200);
}
