//! Accounts of the desk: the same people as everywhere, and each change says who has made it.

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, made, patch};
use crate::support::{Backend, TestApp, TestUser, backends, eventually};

const PASSWORD: &str = "correct horse battery";

/// The number of somebody.
async fn number_of(app: &TestApp, user: &TestUser) -> i64 {
    let id = user.id.parse().unwrap();
    app.app.database.number_of(id, app.app.clock.random()).await.unwrap()
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> (StatusCode, Value) {
    let login = json!({ "email": email, "password": password });
    app.anonymous().post("/api/auth/email-login/", login).await
}

async fn employed(admin: &TestUser, email: &str, role: &str) -> i64 {
    let input = json!({
        "email": email, "password": PASSWORD, "first_name": "Дарья", "last_name": "Ким", "role": role,
        "username": email,
    });
    made(admin, "/api/admin/users/", input).await["id"].as_i64().unwrap()
}

#[actix_web::test]
async fn somebody_of_the_desk_comes_is_changed_and_goes() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let admin = app.sign_in_with_role("Ada", Role::Admin).await;
        let dasha = employed(&admin, "Dasha@example.org", "dispatcher").await;
        let path = format!("/api/admin/users/{dasha}/");
        let seen = admin.get(&path).await;
        assert_eq!(
            (&seen["email"], &seen["username"], &seen["role"]),
            (&json!("dasha@example.org"), &json!("dasha@example.org"), &json!("dispatcher")),
            "{seen}"
        );
        assert_eq!((&seen["initials"], &seen["last_name"]), (&json!("ДК"), &json!("Ким")), "{seen}");
        assert_eq!((&seen["is_active"], &seen["is_staff"]), (&json!(true), &json!(true)));
        assert_eq!((&seen["last_login"], &seen["groups"][0]), (&Value::Null, &seen["role_display"]));
        assert_eq!(seen["role_display"], "Dispatcher");
        let (status, taken) = admin
            .post(
                "/api/admin/users/",
                json!({ "email": "dasha@example.org", "password": PASSWORD, "role": "operator" }),
            )
            .await;
        assert_eq!((status, &taken["code"]), (StatusCode::CONFLICT, &json!("login_taken")), "{taken}");
        let (status, entered) = sign_in(&app, "dasha@example.org", PASSWORD).await;
        assert_eq!((status, &entered["user"]["id"]), (StatusCode::OK, &json!(dasha)), "{entered}");
        let desk = app.anonymous().with_token(entered["access"].as_str().unwrap());
        assert_eq!(desk.get("/api/orders/").await["count"], 0);
        assert!(admin.get(&path).await["last_login"].is_string());

        // Another role, and another name: the old session is over.
        let change = json!({ "role": "operator", "first_name": "Дина" });
        let (status, changed) = patch(&admin, &path, change).await;
        assert_eq!((status, &changed["role"]), (StatusCode::OK, &json!("operator")), "{changed}");
        assert_eq!((&changed["first_name"], &changed["last_name"]), (&json!("Дина"), &json!("Ким")));
        assert_eq!(desk.call(Method::GET, "/api/orders/", None).await.0, StatusCode::UNAUTHORIZED);
        let (_, entered) = sign_in(&app, "dasha@example.org", PASSWORD).await;
        assert_eq!(entered["role"], "operator", "{entered}");

        // A password that was made up is shown once, and the old one is over.
        let (status, reset) = admin.post(&format!("{path}reset-password/"), json!({})).await;
        assert_eq!((status, &reset["success"]), (StatusCode::OK, &json!(true)), "{reset}");
        assert_eq!(sign_in(&app, "dasha@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
        let temporary = reset["temporary_password"].as_str().unwrap();
        assert_eq!(sign_in(&app, "dasha@example.org", temporary).await.0, StatusCode::OK);
        let own = json!({ "new_password": "another horse battery" });
        let (_, reset) = admin.post(&format!("{path}reset-password/"), own).await;
        assert_eq!(reset["temporary_password"], Value::Null, "{reset}");
        let (status, short) =
            admin.post(&format!("{path}reset-password/"), json!({ "password": "short" })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(short["password"][0].is_string() && short["error"].is_string(), "{short}");

        let (status, out) = admin.post(&format!("{path}toggle-status/"), json!({})).await;
        assert_eq!((status, &out["is_active"]), (StatusCode::OK, &json!(false)), "{out}");
        assert_ne!(sign_in(&app, "dasha@example.org", "another horse battery").await.0, StatusCode::OK);
        let (_, back) = admin.post(&format!("{path}toggle-status/"), json!({})).await;
        assert_eq!(back["is_active"], true);
        assert_eq!(sign_in(&app, "dasha@example.org", "another horse battery").await.0, StatusCode::OK);

        assert_eq!(admin.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
        assert_eq!(admin.call(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
        assert_ne!(sign_in(&app, "dasha@example.org", "another horse battery").await.0, StatusCode::OK);
        let log = admin.get(&format!("{path}activity-log/")).await;
        let done: Vec<&str> =
            log.as_array().unwrap().iter().map(|deed| deed["action_type"].as_str().unwrap()).collect();
        assert_eq!(
            done,
            [
                "deleted",
                "unblocked",
                "blocked",
                "password_reset",
                "password_reset",
                "role_changed",
                "renamed",
                "created"
            ]
        );
        for deed in log.as_array().unwrap() {
            assert_eq!(
                (&deed["performed_by_username"], &deed["ip_address"]),
                (&json!("ada"), &json!("127.0.0.1")),
                "{deed}"
            );
            assert!(deed["action_type_display"].is_string() && deed["created_at"].is_string(), "{deed}");
        }
        assert!(!log.to_string().contains("horse"), "no password is written down");
        app.audit().await;
    }
}

/// The form of the console: roles with a capital letter, a phone that must be there, and all of it sent back.
#[actix_web::test]
async fn the_form_of_the_console_makes_and_changes_somebody_of_the_desk() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
        let mut form = json!({
            "email": "vera@example.org", "phone": "+7 900 555-00-01", "password": PASSWORD,
            "role": "Operator", "first_name": "Вера", "last_name": "Ким",
        });
        let vera = made(&admin, "/api/admin/users/", form.clone()).await;
        assert_eq!(
            (&vera["role"], &vera["role_display"]),
            (&json!("operator"), &json!("Operator")),
            "{vera}"
        );
        assert_eq!(vera["phone"], "+79005550001", "{vera}");
        for (role, count) in [("Admin", 1), ("Dispatcher", 1), ("Operator", 1)] {
            let found = admin.get(&format!("/api/admin/users/?page=1&page_size=20&role={role}")).await;
            assert_eq!(
                (&found["count"], &found["results"][0]["role_display"]),
                (&json!(count), &json!(role))
            );
        }
        assert_eq!(admin.get("/api/admin/users/?search=9005550001").await["count"], 1);
        let (_, entered) = sign_in(&town.app, "vera@example.org", PASSWORD).await;
        assert_eq!(entered["user"]["phone"], "+79005550001", "{entered}");
        // Nobody signs in with it: it is for the desk.
        let user = town.app.app.database.user_of_phone("+79005550001").await.unwrap();
        assert!(user.is_none(), "{user:?}");

        let path = format!("/api/admin/users/{}/", vera["id"]);
        form = json!({
            "email": vera["email"], "phone": vera["phone"], "first_name": "Вера", "last_name": "Пак",
            "role": vera["role_display"],
        });
        let (status, changed) = patch(&admin, &path, form.clone()).await;
        assert_eq!((status, &changed["last_name"]), (StatusCode::OK, &json!("Пак")), "{changed}");
        form["phone"] = json!("+79005550002");
        form["role"] = json!("Dispatcher");
        let (status, changed) = patch(&admin, &path, form.clone()).await;
        assert_eq!((status, &changed["phone"]), (StatusCode::OK, &json!("+79005550002")), "{changed}");
        assert_eq!(changed["role_display"], "Dispatcher");
        for (field, value) in [("email", "other@example.org"), ("phone", "nonsense"), ("role", "Root")] {
            let mut wrong = form.clone();
            wrong[field] = json!(value);
            let (status, refused) = patch(&admin, &path, wrong).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {refused}");
            assert!(refused[field][0].is_string(), "{refused}");
        }

        // With whose phone somebody signs in, it stays.
        let driver = town.driver(1).await;
        let path = format!("/api/admin/users/{}/", driver.number);
        let seen = admin.get(&path).await;
        let same = json!({ "phone": seen["phone"], "role": seen["role_display"], "last_name": "Один" });
        assert_eq!(patch(&admin, &path, same).await.0, StatusCode::OK, "{seen}");
        let (status, refused) = patch(&admin, &path, json!({ "phone": "+79005550003" })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert!(refused["phone"][0].is_string(), "{refused}");
        town.app.audit().await;
    }
}

#[actix_web::test]
async fn people_are_found_by_who_they_are() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
        let (driver, passenger) = (town.driver(1).await, town.passenger(1).await);
        employed(&admin, "vera@example.org", "operator").await;
        let eve = town.app.sign_in("Eve").await;
        let found = async |query: &str| admin.get(&format!("/api/admin/users/?{query}")).await;
        let numbers = |page: &Value| -> Vec<i64> {
            page["results"].as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
        };
        let all = found("").await;
        assert_eq!((&all["count"], numbers(&all).len()), (&json!(6), 6), "{all}");
        for (role, count) in
            [("admin", 1), ("dispatcher", 1), ("operator", 1), ("driver", 1), ("passenger", 1), ("user", 1)]
        {
            let page = found(&format!("role={role}")).await;
            assert_eq!(
                (&page["count"], &page["results"][0]["role"]),
                (&json!(count), &json!(role)),
                "{page}"
            );
        }
        assert_eq!(numbers(&found("role=driver").await), [driver.number]);
        assert_eq!(numbers(&found("search=%2B7900222").await), [passenger.number]);
        assert_eq!(numbers(&found("search=VERA").await).len(), 1);
        assert_eq!(numbers(&found("search=Водитель").await), [driver.number]);
        let eve_number = number_of(&town.app, &eve).await;
        assert_eq!(found("role=user").await["results"][0]["id"], eve_number, "one person has one number");
        let page = found("page_size=2&page=2").await;
        assert_eq!(numbers(&page), numbers(&all)[2..4]);
        assert!(page["next"].as_str().unwrap().contains("page=3") && page["previous"].is_string(), "{page}");
        let (_, out) = admin.post(&format!("/api/admin/users/{eve_number}/toggle-status/"), json!({})).await;
        assert_eq!(out["is_active"], false);
        assert_eq!(numbers(&found("status=blocked").await), [eve_number]);
        assert_eq!(found("status=active").await["count"], 5);
        for wrong in ["role=root", "status=odd", "page=0"] {
            let path = format!("/api/admin/users/?{wrong}");
            assert_eq!(admin.call(Method::GET, &path, None).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        }

        // Several at once; what cannot be does not keep the others.
        let own = number_of(&town.app, &admin).await;
        driver.go_online().await;
        // Who drives somebody cannot go now.
        let order = town.order(&passenger).await;
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        let delete = json!({ "user_ids": [eve_number, own, 5, driver.number], "action": "delete" });
        let (status, done) = admin.post("/api/admin/users/bulk-action/", delete).await;
        assert_eq!(status, StatusCode::OK, "{done}");
        assert_eq!((&done["success"], &done["failed"]), (&json!(1), &json!(3)), "{done}");
        let kept: Vec<i64> =
            done["errors"].as_array().unwrap().iter().map(|one| one["user_id"].as_i64().unwrap()).collect();
        assert_eq!(kept, [own, 5, driver.number], "{done}");
        let block = json!({ "user_ids": [passenger.number], "action": "block" });
        assert_eq!(admin.post("/api/admin/users/bulk-action/", block).await.1["success"], 1);
        assert_eq!(numbers(&found("status=blocked").await), [passenger.number]);
        let burn = json!({ "user_ids": [passenger.number], "action": "burn" });
        assert_eq!(
            admin.post("/api/admin/users/bulk-action/", burn).await.0,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        let path = format!("/api/admin/users/{}/reset-password/", passenger.number);
        assert_eq!(admin.post(&path, json!({})).await.0, StatusCode::CONFLICT, "who has none gets none");
    }
}

/// The number of somebody with so much open that calling it off takes longer than a call.
async fn busy(app: &TestApp) -> i64 {
    let anna = app.sign_in("Anna").await;
    for _ in 0..20 {
        anna.publish_package("Псков", "Тверь", json!({ "mode": "choose" })).await;
    }
    number_of(app, &anna).await
}

#[actix_web::test]
async fn an_administrator_who_ends_an_account_is_told_what_is_still_being_called_off() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let admin = app.sign_in_with_role("Ada", Role::Admin).await;
        let mut jobs = Vec::new();
        let path = format!("/api/admin/users/{}/", busy(&app).await);
        jobs.push(admin.call(Method::DELETE, &path, None).await.1["job"].clone());
        let path = format!("/api/admin/users/{}/toggle-status/", busy(&app).await);
        jobs.push(admin.post(&path, json!({})).await.1["job"].clone());
        let path = format!("/api/admin/users/{}/", busy(&app).await);
        jobs.push(patch(&admin, &path, json!({ "is_active": false })).await.1["job"].clone());
        for action in ["block", "delete"] {
            let both = json!({ "user_ids": [busy(&app).await, busy(&app).await], "action": action });
            let (_, done) = admin.post("/api/admin/users/bulk-action/", both).await;
            jobs.extend(done["jobs"].as_array().unwrap_or_else(|| panic!("{done}")).clone());
        }
        assert_eq!(jobs.len(), 7);
        for job in jobs {
            assert_eq!((&job["kind"], &job["total"]), (&json!("account"), &json!(20)), "{job}");
            let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
            eventually("the end of the job", async || {
                app.anonymous().get(&path).await["finished_at"].is_string().then_some(())
            })
            .await;
        }
        app.audit().await;
    }
}

/// Two administrators who delete, depose or shut out each other at the same moment: one of them stays.
#[actix_web::test]
async fn an_administrator_stays() {
    for backend in backends() {
        for what in ["delete", "depose", "block", "mixed"] {
            let app = TestApp::start(backend).await;
            let (ada, bob) = (
                app.sign_in_with_role("Ada", Role::Admin).await,
                app.sign_in_with_role("Bob", Role::Admin).await,
            );
            let (of_ada, of_bob) = (number_of(&app, &ada).await, number_of(&app, &bob).await);
            let act = async |who: &TestUser, whom: i64, what: &str| {
                let path = format!("/api/admin/users/{whom}/");
                // On a busy machine the store may not answer in time, and is asked again.
                eventually("an answer", async || {
                    let answer = match what {
                        "delete" => who.call(Method::DELETE, &path, None).await,
                        "depose" => patch(who, &path, json!({ "role": "user" })).await,
                        _ => who.post(&format!("{path}toggle-status/"), json!({})).await,
                    };
                    (answer.0 != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
                })
                .await
            };
            let other = if what == "mixed" { "delete" } else { what };
            let both = futures_util::future::join(act(&ada, of_bob, what), act(&bob, of_ada, other)).await;
            let done = [&both.0, &both.1].iter().filter(|answer| answer.0.is_success()).count();
            assert_eq!(done, 1, "{what}: {both:?}");
            let (left, number) = if both.0.0.is_success() { (&ada, of_ada) } else { (&bob, of_bob) };
            for what in ["delete", "depose", "block"] {
                let (status, refused) = act(left, number, what).await;
                assert_eq!(
                    (status, &refused["code"]),
                    (StatusCode::CONFLICT, &json!("own_account")),
                    "{refused}"
                );
            }
            let admins = left.get("/api/admin/users/?role=admin&status=active").await;
            assert_eq!(admins["count"], 1, "{admins}");
            app.audit().await;
        }
    }
}

#[actix_web::test]
async fn accounts_are_for_administrators_alone() {
    let app = TestApp::start(Backend::Sqlite).await;
    let eve = app.sign_in("Eve").await;
    let number = number_of(&app, &eve).await;
    let vera = app.sign_in_with_role("Vera", Role::Viewer).await;
    let dasha = app.sign_in_with_role("Dasha", Role::Dispatcher).await;
    let of = |more: &str| format!("/api/admin/users/{number}/{more}");
    for (who, expected) in [
        (&vera, StatusCode::FORBIDDEN),
        (&dasha, StatusCode::FORBIDDEN),
        (&eve, StatusCode::FORBIDDEN),
        (&app.anonymous(), StatusCode::UNAUTHORIZED),
    ] {
        for (method, path) in [
            (Method::GET, "/api/admin/users/".to_owned()),
            (Method::POST, "/api/admin/users/".to_owned()),
            (Method::POST, "/api/admin/users/bulk-action/".to_owned()),
            (Method::GET, of("")),
            (Method::PATCH, of("")),
            (Method::DELETE, of("")),
            (Method::POST, of("toggle-status/")),
            (Method::POST, of("reset-password/")),
            (Method::GET, of("activity-log/")),
        ] {
            let (status, refused) = who.call(method.clone(), &path, None).await;
            assert_eq!(status, expected, "{method} {path}");
            assert!(refused["error"].is_string(), "{refused}");
        }
    }
}
