//! Every route as everybody: who may ask at all, and to whom a thing does not exist.

use std::collections::BTreeMap;

use peerpack::auth::Role;
use peerpack::edge::access::Access;
use peerpack::http::endpoints;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, day};

/// A sender and a courier with a pending request between them, and ids for every kind of path.
struct World {
    anna: TestUser,
    ivan: TestUser,
    ids: BTreeMap<&'static str, String>,
}

async fn world(app: &TestApp) -> World {
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
    let path = format!("/api/couriers/{trip}/send-package");
    let (_, sent) = anna.post(&path, json!({ "package_id": package })).await;
    let session = anna.get("/api/user/sessions").await["sessions"][0]["id"].as_str().unwrap().to_owned();
    let ids = BTreeMap::from([
        ("package_id", package),
        ("trip_id", trip.clone()),
        ("courier_id", trip),
        ("request_id", sent["request_id"].as_str().unwrap().to_owned()),
        ("dispute_id", sent["request_id"].as_str().unwrap().to_owned()),
        ("session_id", session),
        ("notification_id", "1".to_owned()),
        ("withdrawal_id", anna.id.clone()),
        ("user_id", ivan.id.clone()),
        ("number", "1".to_owned()),
        ("picture", ivan.id.clone()),
        ("document_id", ivan.id.clone()),
        ("job_id", ivan.id.clone()),
        ("subscription_id", ivan.id.clone()),
        ("seq", "1".to_owned()),
        ("order_id", ivan.id.clone()),
        ("offer_id", ivan.id.clone()),
        ("region_id", ivan.id.clone()),
        ("city_id", ivan.id.clone()),
        ("driver_id", "1".to_owned()),
        ("passenger_id", "1".to_owned()),
    ]);
    World { anna, ivan, ids }
}

impl World {
    fn path(&self, pattern: &str) -> String {
        self.ids
            .iter()
            .fold(format!("/api{pattern}"), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }

    /// A body that is read without complaint, so that what is refused is refused for who asks.
    fn body(&self, pattern: &str, method: &Method) -> Option<Value> {
        let id = |name: &str| self.ids[name].clone();
        Some(match (pattern, method.as_str()) {
            ("/packages/{package_id}/responses", "POST") => json!({ "trip_id": id("trip_id"), "price": 1 }),
            ("/packages/{package_id}/select-courier", _) => json!({ "response_id": id("request_id") }),
            ("/packages/{package_id}/send-to-courier", _) => json!({ "courier_id": id("trip_id") }),
            ("/package-requests/{request_id}/dispute", _) => json!({ "reason": "пусто" }),
            ("/admin/disputes/{dispute_id}/resolve", _) => json!({ "in_favour_of": "sender" }),
            ("/package-requests/{request_id}/review", _) => json!({ "rating": 5 }),
            ("/auth/second-factor" | "/user/second-factor", _) => json!({ "code": "000000" }),
            ("/admin/users/{user_id}/role", _) => json!({ "role": "user" }),
            ("/admin/operators", _) => {
                json!({ "login": "x", "password": "x", "name": "x", "role": "viewer" })
            }
            ("/packages/{package_id}/tracking-link", _) => json!({}),
            _ => return None,
        })
    }
}

async fn ask(who: &TestUser, world: &World, pattern: &str, method: &Method) -> StatusCode {
    let body = world.body(pattern, method);
    who.call(method.clone(), &world.path(pattern), body).await.0
}

/// Default deny: without signing in only what is public answers, and operators' routes are theirs.
#[actix_web::test]
async fn x_47_a_route_is_open_to_whom_it_names_and_to_nobody_else() {
    let app = TestApp::start(Backend::Sqlite).await;
    let world = world(&app).await;
    let mut people = vec![(None, app.anonymous())];
    for (role, name) in [(Role::User, "Eve"), (Role::Viewer, "Vera"), (Role::Dispatcher, "Dan")] {
        people.push((Some(role), app.sign_in_with_role(name, role).await));
    }
    let mut seen = 0;
    for endpoint in endpoints() {
        for (method, access) in &endpoint.methods {
            let method: Method = method.as_str().parse().unwrap();
            for (role, who) in &people {
                // What ends the session of anybody who asks is asked elsewhere.
                let ends =
                    ["/auth/logout", "/auth/logout-everywhere", "/user/account"].contains(&endpoint.path);
                if ends && role.is_some() {
                    continue;
                }
                let status = ask(who, &world, endpoint.path, &method).await;
                let expected = match (access, role) {
                    (Access::Public, _) | (Access::SignedIn, Some(_)) => None,
                    (_, None) => Some(401),
                    (Access::Only(roles), Some(role)) => (!roles.contains(role)).then_some(403),
                };
                let what = format!("{method} {} as {role:?}: {status}", endpoint.path);
                match expected {
                    Some(expected) => assert_eq!(status.as_u16(), expected, "{what}"),
                    None => assert!(
                        // What does not belong to the caller may be hidden, but they may ask.
                        status.as_u16() != 401
                            || endpoint.path.starts_with("/auth/")
                            // Those who run the server show a secret instead.
                            || endpoint.path.starts_with("/bot/")
                            || endpoint.path == "/user/second-factor",
                        "{what}"
                    ),
                }
                assert!(status.as_u16() < 500, "{what}");
                seen += 1;
            }
        }
    }
    assert!(seen > 150, "{seen}");
    app.audit().await;
}

/// What is somebody else's does not exist, whatever role the stranger has; and nothing of it changes.
#[actix_web::test]
async fn x_40_what_is_not_yours_is_not_there() {
    let app = TestApp::start(Backend::Sqlite).await;
    let world = world(&app).await;
    let before = (world.anna.get("/api/user/packages").await, world.ivan.get("/api/user/trips").await);
    let mut strangers = Vec::new();
    for role in [Role::User, Role::Viewer, Role::Dispatcher, Role::Admin] {
        strangers.push((role, app.sign_in_with_role("Stranger", role).await));
    }
    let owned = ["{package_id}", "{trip_id}", "{request_id}", "{session_id}", "{notification_id}"];
    let mut seen = 0;
    for endpoint in endpoints() {
        if !owned.iter().any(|name| endpoint.path.contains(name)) {
            continue;
        }
        for (method, _) in &endpoint.methods {
            let method: Method = method.as_str().parse().unwrap();
            for (role, stranger) in &strangers {
                let status = ask(stranger, &world, endpoint.path, &method).await;
                let is_public = (endpoint.path, method.as_str()) == ("/trips/{trip_id}", "GET");
                let is_for_operators = endpoint.path.ends_with("/explain") && role.is_operator();
                let expected = if is_public || is_for_operators { 200 } else { 404 };
                assert_eq!(status.as_u16(), expected, "{method} {} as {role:?}", endpoint.path);
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen}");
    let after = (world.anna.get("/api/user/packages").await, world.ivan.get("/api/user/trips").await);
    assert_eq!(before, after);
    app.audit().await;
}

/// The wrong party of the same request is told so.
#[actix_web::test]
async fn x_50_the_other_party_has_its_own_steps() {
    let app = TestApp::start(Backend::Sqlite).await;
    let world = world(&app).await;
    let step = |action: &str| world.path(&format!("/package-requests/{{request_id}}/{action}"));
    for (who, action) in [
        (&world.anna, "accept"),
        (&world.anna, "decline"),
        (&world.anna, "pickup"),
        (&world.anna, "mark-delivered"),
        (&world.ivan, "confirm-delivery"),
    ] {
        let (status, body) = who.put(&step(action)).await;
        assert_eq!((status.as_u16(), &body["code"]), (403, &json!("wrong_party")), "{action}");
    }
    // one's own package, a response to one's own package, a courier's package list.
    let (status, body) = world
        .anna
        .post(&world.path("/packages/{package_id}/responses"), json!({ "date": day(2), "time": "10:00" }))
        .await;
    assert_eq!((status.as_u16(), &body["code"]), (422, &json!("own_package")));
    assert_eq!(world.ivan.put(&world.path("/packages/{package_id}/cancel")).await.0.as_u16(), 404);
    assert_eq!(world.anna.put(&world.path("/trips/{trip_id}/cancel")).await.0.as_u16(), 404);
}
