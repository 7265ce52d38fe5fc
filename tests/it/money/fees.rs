//! The platform's share: another one for each kind of deal, and for each package the one that was shown.

use reqwest::Method;
use serde_json::{Value, json};

use peerpack::auth::Role;

use super::{balance, must, start};
use crate::support::{TestApp, TestUser, backends};

const BEFORE: [(&str, &str); 3] = [
    ("PEERPACK_FEE_BPS", "1000"),
    ("PEERPACK_FEE_CHOOSE_BPS", "200"),
    ("PEERPACK_FEE_CHOOSE_MINIMUM_MINOR", "1500"),
];
const AFTERWARDS: [(&str, &str); 1] = [("PEERPACK_FEE_BPS", "5000")];

/// A package of a mode, asked for on the courier's trip; answers with the request.
async fn asked(sender: &TestUser, courier: &TestUser, mode: &str) -> String {
    let trip = courier.publish_trip("Орёл", "Курск", json!({})).await;
    let more = json!({ "mode": mode, "description": format!("Торт, {mode}") });
    let package = sender.publish_package("Орёл", "Курск", more).await;
    let path = format!("/api/couriers/{trip}/send-package");
    let (status, answer) = sender.post_patiently(&path, json!({ "package_id": package })).await;
    assert!(status.is_success(), "{answer}");
    answer["request_id"].as_str().unwrap().to_owned()
}

async fn shown(app: &TestApp, sender: &TestUser, mode: &str) -> (Value, Value) {
    let dry = json!({ "from": "Орёл", "to": "Курск", "description": "Торт", "reward": 500, "mode": mode });
    let price = must(&sender.at(app), Method::POST, "/api/packages/dry-run", Some(dry)).await;
    (price["price"]["fee"].clone(), price["price"]["fee_version"].clone())
}

#[actix_web::test]
async fn the_fee_is_the_one_the_package_was_published_with() {
    for backend in backends() {
        let app = start(backend, &BEFORE).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let terms = app.anonymous().get("/api/money/terms").await;
        let fees = json!([
            { "kind": "instant", "percent": 10.0, "minimum": 0.0 },
            { "kind": "choose", "percent": 2.0, "minimum": 15.0 },
        ]);
        assert_eq!((&terms["fees"], &terms["fee_version"]), (&fees, &json!(1)));
        assert_eq!(shown(&app, &anna, "instant").await, (json!(50.0), json!(1)));
        assert_eq!(shown(&app, &anna, "choose").await, (json!(15.0), json!(1)));
        let chosen = asked(&anna, &ivan, "choose").await;
        let instant = asked(&anna, &ivan, "instant").await;

        let app = app.restart_told(&AFTERWARDS).await;
        let (anna, ivan) = (anna.at(&app), ivan.at(&app));
        for mode in ["instant", "choose"] {
            assert_eq!(shown(&app, &anna, mode).await, (json!(250.0), json!(2)), "{mode}");
        }
        let mut gets = 0.0;
        for (request, net) in [(chosen, 485.0), (instant, 450.0)] {
            for step in ["accept", "mark-delivered"] {
                ivan.step(&request, step).await;
            }
            anna.step(&request, "confirm-delivery").await;
            gets += net;
            assert_eq!(balance(&ivan, "available").await, gets);
        }
        app.audit().await;
        // The same fees again are no other version.
        let app = app.restart_told(&AFTERWARDS).await;
        assert_eq!(app.anonymous().get("/api/money/terms").await["fee_version"], 2);
        // Operators see both, people do not.
        let listed = app.sign_in_with_role("Вера", Role::Viewer).await.get("/api/admin/fees").await;
        let versions = listed["versions"].as_array().unwrap();
        assert_eq!((&versions[0]["version"], &versions[1]["version"]), (&json!(2), &json!(1)), "{listed}");
        assert_eq!((versions.len(), &versions[1]["fees"]), (2, &fees));
        let (status, _) = anna.at(&app).call(Method::GET, "/api/admin/fees", None).await;
        assert_eq!(status.as_u16(), 403);
    }
}
