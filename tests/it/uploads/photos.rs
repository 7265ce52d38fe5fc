//! Photographs of packages at the pickup.

use peerpack::maintenance::rounds;
use reqwest::Method;
use serde_json::json;

use super::samples::{self, SECRET};
use super::{kept, upload};
use crate::support::{TestApp, backends};

#[actix_web::test]
async fn a_photograph_at_the_pickup_is_for_both_parties_alone() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, eve) =
            (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Eve").await);
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
        let (_, sent) =
            anna.post(&format!("/api/couriers/{trip}/send-package"), json!({ "package_id": package })).await;
        let request = sent["request_id"].as_str().unwrap();
        let path = format!("/api/package-requests/{request}/pickup-photo");
        let photo = samples::talkative_jpeg();

        let (status, early) = upload(&ivan, &path, &photo).await;
        assert_eq!((status, &early["code"]), (409, &json!("illegal_transition")));
        ivan.step(request, "accept").await;
        assert_eq!(anna.call(Method::GET, &path, None).await.0.as_u16(), 404, "there is none yet");
        assert_eq!(upload(&anna, &path, &photo).await.1["code"], "wrong_party");
        assert_eq!(upload(&eve, &path, &photo).await.0, 404);
        assert_eq!(upload(&ivan, &path, b"no picture").await.0, 415);
        ivan.step(request, "pickup").await;
        assert_eq!(upload(&ivan, &path, &photo).await.0, 201);
        let (status, again) = upload(&ivan, &path, &samples::jpeg(20, 20)).await;
        assert_eq!((status, &again["code"]), (409, &json!("photo_attached")), "the first one stays");
        assert_eq!(kept(&app).len(), 1);

        for who in [&anna, &ivan] {
            let (status, headers, picture) = who.call_raw(Method::GET, &path, &[], Vec::new()).await;
            assert_eq!(status.as_u16(), 200);
            assert_eq!(headers["cache-control"], "private, no-store");
            assert_eq!(headers["content-type"], "image/jpeg");
            assert!(!picture.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        }
        for (who, expected) in [(&eve, 404), (&app.anonymous(), 401)] {
            assert_eq!(who.call(Method::GET, &path, None).await.0.as_u16(), expected);
        }
        ivan.step(request, "mark-delivered").await;
        anna.step(request, "confirm-delivery").await;
        assert_eq!(
            anna.call_raw(Method::GET, &path, &[], Vec::new()).await.0.as_u16(),
            200,
            "afterwards too"
        );
        app.behind_its_back("UPDATE files SET created_at = created_at - 7776000001").await;
        rounds::run_all(&app.app).await;
        assert_eq!(anna.call(Method::GET, &path, None).await.0.as_u16(), 404);
        assert!(kept(&app).is_empty());
        app.audit().await;
    }
}
