//! The Mini App's whole walk through the marketplace, by HTTP alone, in Russian, in both market modes.

use futures_util::future::join_all;
use peerpack::auth::Role;
use peerpack_actors::ports::Store;
use peerpack_actors::time::Span;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, backends, day};

/// A call that must succeed.
async fn must(user: &TestUser, method: Method, path: &str, body: Option<Value>) -> Value {
    let (status, answer) = user.call(method, path, body).await;
    assert!(status.is_success(), "{path}: {status} {answer}");
    answer
}

async fn notifications(user: &TestUser, kind: &str) -> Vec<Value> {
    let all = user.get("/api/user/notifications").await;
    let list = all["notifications"].as_array().unwrap();
    list.iter().filter(|one| one["type"] == kind).cloned().collect()
}

async fn available(user: &TestUser) -> (f64, f64, f64) {
    let wallet = user.get("/api/user/balance").await;
    let of = |name: &str| wallet["balance"][name].as_f64().unwrap();
    assert_eq!(of("total"), of("available") + of("frozen") + of("pending"));
    (of("available"), of("frozen"), of("pending"))
}

#[actix_web::test]
async fn x_54_in_choose_mode_couriers_respond_and_the_sender_picks_one() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, oleg) =
            (app.sign_in("Анна").await, app.sign_in("Иван").await, app.sign_in("Олег").await);
        let package =
            anna.publish_package("Москва", "Казань", json!({ "mode": "choose", "reward": 900 })).await;
        let list = anna.get("/api/user/packages").await;
        assert_eq!(list["packages"][0]["status"], "waiting");

        // A courier appears on the route: the sender hears of it.
        let trip = ivan.publish_trip("Москва", "Казань", json!({ "price": 400 })).await;
        let heard = notifications(&anna, "new_courier_available").await;
        assert_eq!(heard.len(), 1);
        assert_eq!(
            (&heard[0]["courier_name"], &heard[0]["route"], &heard[0]["date"]),
            (&json!("Иван"), &json!("Москва → Казань"), &json!(day(2)))
        );
        assert_eq!(heard[0]["action_url"], format!("/courier/{}", ivan.id));
        assert_eq!((&heard[0]["trip_id"], heard[0].get("package_id")), (&json!(trip), None));

        // One responds with a trip, the other with a date.
        let path = format!("/api/packages/{package}/responses");
        let body = json!({ "price": 800, "comment": "Возьму", "trip_id": trip });
        let ivans = must(&ivan, Method::POST, &path, Some(body)).await["response_id"].clone();
        let body =
            json!({ "price": "700", "comment": "", "date": day(3), "time": "09:30", "airport": "SVO" });
        let olegs = must(&oleg, Method::POST, &path, Some(body)).await["response_id"].clone();
        let responses = must(&anna, Method::GET, &path, None).await;
        let responses = responses["responses"].as_array().unwrap();
        assert_eq!(responses.len(), 2);
        for both in [
            ("is_new", "isNew"),
            ("courier_id", "courierId"),
            ("courier_name", "courierName"),
            ("courier_avatar", "courierAvatar"),
            ("courier_rating", "courierRating"),
            ("telegram_username", "telegramUsername"),
        ] {
            assert_eq!(responses[0][both.0], responses[0][both.1], "{both:?}");
            assert!(!responses[0][both.0].is_null(), "{both:?}");
        }
        assert_eq!((&responses[0]["price"], &responses[0]["status"]), (&json!(800.0), &json!("pending")));
        // From which airport a courier starts is shown wherever responses are.
        let mine = anna.get("/api/user/packages").await;
        let one = anna.get(&format!("/api/packages/{package}")).await;
        for list in [
            responses,
            mine["packages"][0]["responses"].as_array().unwrap(),
            one["responses"].as_array().unwrap(),
        ] {
            let airports: Vec<_> = list.iter().map(|one| (&one["id"], &one["airport"])).collect();
            assert_eq!(airports, [(&ivans, &json!("")), (&olegs, &json!("SVO"))]);
        }
        let heard = notifications(&anna, "package_request_response").await;
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[0]["action_url"], format!("/package/{package}"));
        assert_eq!(anna.get("/api/user/packages").await["packages"][0]["status"], "active");

        // The sender picks.
        let path = format!("/api/packages/{package}/select-courier");
        must(&anna, Method::PATCH, "/api/user/profile", Some(json!({ "language": "en" }))).await;
        let heard = notifications(&anna, "new_courier_available").await;
        assert_eq!(heard[0]["route"], "Moscow → Kazan", "in the reader's language");
        let picked = must(&anna, Method::POST, &path, Some(json!({ "response_id": ivans }))).await;
        assert_eq!(picked["courier_contact"]["telegram_link"], "https://t.me/иван");
        assert_eq!(picked["escrow_info"]["amount_frozen"], 800.0);
        let policy = "The money comes back if the deal is called off before the package is handed over";
        assert_eq!(picked["escrow_info"]["refund_policy"], policy);
        let mine = anna.get("/api/user/packages").await;
        assert_eq!(mine["packages"][0]["selectedCourier"], "Иван");
        let (status, refused) = anna.post(&path, json!({ "response_id": olegs })).await;
        assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("already_taken")));
        assert_eq!(available(&ivan).await, (0.0, 800.0, 0.0));
        let chosen = notifications(&ivan, "courier_chosen").await;
        assert_eq!((&chosen[0]["sender_name"], &chosen[0]["reward"]), (&json!("Анна"), &json!(800.0)));
        let deal = format!("/deal/{trip}/{}", ivans.as_str().unwrap());
        assert_eq!((chosen.len(), &chosen[0]["action_url"]), (1, &json!(deal)));

        deliver_and_review(&app, &anna, &ivan, ivans.as_str().unwrap()).await;
        app.audit().await;
    }
}

/// From the deal to the money and the good name.
async fn deliver_and_review(app: &TestApp, anna: &TestUser, ivan: &TestUser, request: &str) {
    let review = format!("/api/package-requests/{request}/review");
    let (status, body) = anna.post(&review, json!({ "rating": 5, "text": "Рано" })).await;
    assert_eq!((status.as_u16(), &body["code"]), (409, &json!("illegal_transition")));

    let step = ivan.step(request, "mark-delivered").await;
    assert_eq!(step["balance_update"], json!({ "frozen": -800.0, "pending": 800.0 }));
    assert_eq!(available(ivan).await, (0.0, 0.0, 800.0));
    let heard = notifications(anna, "package_delivered").await;
    assert_eq!(heard[0]["action_url"], format!("/rate-courier/{request}"));
    let package = &anna.get("/api/user/packages").await["packages"][0]["id"];
    assert_eq!(&heard[0]["package_id"], package);
    anna.step(request, "confirm-delivery").await;
    assert_eq!(available(ivan).await, (720.0, 0.0, 0.0));
    let paid = notifications(ivan, "payment_received").await;
    assert_eq!((&paid[0]["amount"], &paid[0]["action_url"]), (&json!(720.0), &json!("/wallet")));

    // Reviews: hidden until both have written.
    assert_eq!(anna.post(&review, json!({ "rating": 5, "text": "Спасибо!" })).await.0, StatusCode::CREATED);
    let (status, body) = anna.post(&review, json!({ "rating": 1, "text": "Передумала" })).await;
    assert_eq!((status.as_u16(), &body["code"]), (409, &json!("already_reviewed")));
    for wrong in [0, 6, -1] {
        assert_eq!(anna.post(&review, json!({ "rating": wrong })).await.0.as_u16(), 422);
    }
    let profile = ivan.get("/api/user/profile").await;
    assert_eq!((&profile["reviews_count"], &profile["trips_count"]), (&json!(0), &json!(1)));
    let oleg = app.sign_in("Чужой").await;
    assert_eq!(oleg.post(&review, json!({ "rating": 5, "text": "" })).await.0.as_u16(), 404);
    assert_eq!(ivan.post(&review, json!({ "rating": 4, "text": "Ок" })).await.0, StatusCode::CREATED);
    let profile = ivan.get("/api/user/profile").await;
    assert_eq!((&profile["rating"], &profile["reviews_count"]), (&json!(5.0), &json!(1)));
    ivan.publish_trip("Казань", "Москва", json!({})).await;
    let found = ivan.get("/api/couriers?from=Казань&to=Москва").await;
    let courier = &found["couriers"][0];
    assert_eq!((&courier["rating"], &courier["trips_count"]), (&json!(5.0), &json!(1)));
    assert_eq!(courier["reviews"][0]["text"], "Спасибо!");
    assert_eq!(courier["past_trips"][0]["success"], true);
    assert_eq!(courier["past_trips"][0]["to"], "Казань");
}

#[actix_web::test]
async fn a_review_that_nobody_answers_is_shown_after_a_while() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, request) = delivered(&app).await;
        let review = format!("/api/package-requests/{request}/review");
        must(&anna, Method::POST, &review, Some(json!({ "rating": 4, "text": "Хорошо" }))).await;
        let now = app.app.clock.now();
        assert_eq!(app.app.database.show_reviews(now - Span::days(14)).await, Ok(0));
        assert_eq!(app.app.database.show_reviews(now + Span::seconds(1)).await, Ok(1));
        assert_eq!(ivan.get("/api/user/profile").await["rating"], 4.0);
    }
}

/// A sender, a courier and their finished deal over 1000 roubles.
pub async fn delivered(app: &TestApp) -> (TestUser, TestUser, String) {
    let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let body = json!({ "message": "Возьмёте?", "reward": 1000, "packageDescription": "Торт" });
    let sent = must(&anna, Method::POST, &format!("/api/couriers/{trip}/send-package"), Some(body)).await;
    let request = sent["request_id"].as_str().unwrap().to_owned();
    for (user, action) in [(&ivan, "accept"), (&ivan, "mark-delivered"), (&anna, "confirm-delivery")] {
        user.step(&request, action).await;
    }
    (anna, ivan, request)
}

#[actix_web::test]
async fn in_instant_mode_the_courier_answers_and_everybody_hears_of_it() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Самара", "Уфа", json!({})).await;
        let package = anna.publish_package("Самара", "Уфа", json!({})).await;
        let path = format!("/api/trips/{trip}/package-requests");
        let requests = crate::support::eventually("an offer", async || {
            let list = ivan.get(&path).await;
            (!list["requests"].as_array().unwrap().is_empty()).then_some(list)
        })
        .await;
        let offer = &requests["requests"][0];
        assert_eq!((&offer["trip_id"], &offer["status"]), (&json!(trip), &json!("pending")));
        assert_eq!(offer["sender_telegram"], "анна");
        let asked = notifications(&ivan, "trip_request_received").await;
        assert_eq!((asked.len(), &asked[0]["reward"]), (1, &json!(500.0)));
        assert_eq!(asked[0]["action_url"], format!("/trip-requests/{trip}"));

        // Declined: the offer is nobody's news any more. Asked by the sender and declined: that is news.
        let path = format!("/api/package-requests/{}/decline", offer["id"].as_str().unwrap());
        must(&ivan, Method::PUT, &path, Some(json!({ "reason": "Не по пути" }))).await;
        assert!(notifications(&ivan, "trip_request_received").await.is_empty());
        let sent = format!("/api/packages/{package}/send-to-courier");
        let body = json!({ "courier_id": ivan.id, "message": "Пожалуйста" });
        let sent = must(&anna, Method::POST, &sent, Some(body)).await;
        let path = format!("/api/package-requests/{}/decline", sent["request_id"].as_str().unwrap());
        let body = Some(json!({ "reason": "Нет места" }));
        let declined = must(&ivan, Method::PUT, &path, body).await;
        assert_eq!(declined["new_status"], "declined");
        let heard = notifications(&anna, "package_request_declined").await;
        assert_eq!((heard.len(), &heard[0]["decline_reason"]), (1, &json!("Нет места")));

        // Reading.
        let all = anna.get("/api/user/notifications").await;
        assert_eq!(all["unread_count"], 1);
        let id = heard[0]["id"].as_str().unwrap();
        must(&anna, Method::PUT, &format!("/api/notifications/{id}/read"), None).await;
        let unread = |list: Value| list["unread_count"].clone();
        assert_eq!(unread(anna.get("/api/user/notifications").await), 0);
        let (status, _) = ivan.put("/api/notifications/999/read").await;
        assert_eq!(status.as_u16(), 404);
        let marked = must(&ivan, Method::PUT, "/api/notifications/mark-all-read", None).await;
        assert_eq!(marked, json!({ "success": true, "marked_count": 2 }));
        app.audit().await;
    }
}

#[actix_web::test]
async fn x_52_money_leaves_once_and_comes_back_when_it_is_refused() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (_, ivan, _) = delivered(&app).await;
        let admin = app.sign_in_with_role("Админ", Role::Admin).await;
        let take = async |amount: Value, key: &str| {
            let body = Some(json!({ "amount": amount, "method": "СБП +7 900 123-45-67" }));
            ivan.call_with(Method::POST, "/api/user/withdraw", &[("idempotency-key", key)], body).await
        };
        //
        for (amount, status) in [
            (json!(0), 422),
            (json!(-5), 422),
            (json!(0.001), 422),
            (json!(1e18), 422),
            (json!(900.01), 409),
            (json!("много"), 400),
        ] {
            assert_eq!(take(amount.clone(), "wrong").await.0.as_u16(), status, "{amount}");
        }
        let first = take(json!(300), "a").await;
        let again = take(json!(300), "a").await;
        assert_eq!((first.0, &first.2), (again.0, &again.2));
        assert!(first.2["estimated_completion"].is_string());
        assert_eq!(available(&ivan).await.0, 600.0);
        let second = take(json!(600), "b").await.2;
        assert_eq!(available(&ivan).await.0, 0.0);
        let poor = take(json!(1), "c").await.2;
        assert_eq!(poor["code"], "insufficient_funds");
        assert_eq!(poor["message"], "there is not enough money in your wallet");

        let queue = admin.get("/api/admin/withdrawals").await;
        assert_eq!(queue["withdrawals"].as_array().unwrap().len(), 2);
        assert_eq!(ivan.call(Method::GET, "/api/admin/withdrawals", None).await.0.as_u16(), 403);
        // Where the money goes, and that it is not there yet.
        let movement = async |id: &Value, step: &str| {
            let wallet = ivan.get("/api/user/balance").await;
            let key = json!(format!("{}:{step}", id.as_str().unwrap()));
            let found =
                wallet["transactions"].as_array().unwrap().iter().find(|one| one["id"] == key).cloned();
            let found = found.unwrap_or_else(|| panic!("{key} is in {wallet}"));
            (found["description"].clone(), found["status"].clone())
        };
        let shown = |status: &str| (json!("•••• 4567"), json!(status));
        assert_eq!(movement(&first.2["withdrawal_id"], "hold").await, shown("pending"));
        let decide = async |id: &Value, what: &str| {
            let path = format!("/api/admin/withdrawals/{}/{what}", id.as_str().unwrap());
            let why = if what == "pay" { "reference" } else { "reason" };
            admin.call(Method::POST, &path, Some(json!({ (why): "77" }))).await
        };
        let (paid, refused) = (&first.2["withdrawal_id"], &second["withdrawal_id"]);
        for (status, answer) in join_all((0..8).map(|_| decide(paid, "pay"))).await {
            assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!("paid")), "{answer}");
        }
        assert_eq!(decide(paid, "reject").await.0.as_u16(), 409);
        assert_eq!(decide(refused, "reject").await.0, StatusCode::OK);
        assert_eq!(movement(paid, "hold").await, shown("completed"));
        assert_eq!(movement(refused, "hold").await, shown("rejected"));
        assert_eq!(movement(refused, "return").await, shown("completed"));
        assert_eq!(available(&ivan).await.0, 600.0);
        let wallet = ivan.get("/api/user/balance").await;
        let kinds: Vec<_> =
            wallet["transactions"].as_array().unwrap().iter().map(|one| one["type"].clone()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "withdrawal").count(), 3, "{kinds:?}");
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_pattern_counts_what_was_made_of_it() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Псков", "Тверь", json!({})).await;
        let pattern = anna.publish_package("Псков", "Тверь", json!({ "template": true })).await;
        let path = format!("/api/couriers/{trip}/send-package");
        let mut made = Vec::new();
        for _ in 0..2 {
            let body = Some(json!({ "package_id": pattern, "message": "Ещё раз" }));
            made.push(must(&anna, Method::POST, &path, body).await["package_id"].clone());
        }
        assert_ne!(made[0], made[1]);
        let list = anna.get("/api/user/packages").await;
        let packages = list["packages"].as_array().unwrap();
        let pattern = packages.iter().find(|one| one["id"] == json!(pattern)).unwrap();
        assert_eq!((&pattern["status"], &pattern["usage_count"]), (&json!("template"), &json!(2)));
        assert_eq!(packages.len(), 3);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_courier_is_reminded_of_a_trip_once() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let ivan = app.sign_in("Иван").await;
        let trip = ivan.publish_trip("Сочи", "Краснодар", json!({})).await;
        let database = &app.app.database;
        let departs = database.trip(trip.parse().unwrap()).await.unwrap().unwrap().departs();
        assert!(database.trips_to_remind(app.app.clock.now(), 10).await.unwrap().is_empty());
        let due = database.trips_to_remind(departs - Span::hours(12), 10).await.unwrap();
        assert_eq!(due.len(), 1);
        app.app.engine.remind(due[0]).await.unwrap();
        app.app.engine.remind(due[0]).await.unwrap();
        let heard = notifications(&ivan, "reminder").await;
        assert_eq!((heard.len(), &heard[0]["route"]), (1, &json!("Сочи → Краснодар")));
        assert_eq!(heard[0]["trip_date"], day(2));
        assert_eq!(heard[0]["action_url"], format!("/trip/{}", due[0]));
        app.audit().await;
    }
}

#[actix_web::test]
async fn x_45_one_changes_what_others_see_and_the_next_sign_in_keeps_it() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Анна").await;
    let (_, headers, profile) = anna.call_with(Method::GET, "/api/user/profile", &[], None).await;
    assert_eq!((&profile["name"], &profile["rating"]), (&json!("Анна"), &json!(0.0)));
    let change = Some(json!({ "name": "Анна Б.", "language": "en" }));
    let seen = headers["etag"].to_str().unwrap();
    let patch = async |seen: &str, body: Option<Value>| {
        anna.call_with(Method::PATCH, "/api/user/profile", &[("if-match", seen)], body).await
    };
    let (status, _, changed) = patch(seen, change.clone()).await;
    assert_eq!((status, &changed["name"]), (StatusCode::OK, &json!("Анна Б.")));
    assert_eq!(patch(seen, change).await.0.as_u16(), 412);
    //
    for field in ["role", "balance", "id", "rating", "verified"] {
        let (status, body) =
            anna.call(Method::PATCH, "/api/user/profile", Some(json!({ field: "admin" }))).await;
        assert_eq!((status.as_u16(), &body["code"]), (400, &json!("bad_request")), "{field}");
    }
    let profile = peerpack::store::TelegramProfile {
        telegram_id: profile["telegram_id"].as_i64().unwrap(),
        name: "Anna".into(),
        username: None,
        language: Some("ru".into()),
        avatar: None,
    };
    let fresh = peerpack_actors::ids::UserId::new(app.app.clock.now(), rand::random());
    let (again, _) =
        app.app.database.upsert_telegram_user(profile, fresh, app.app.clock.now()).await.unwrap();
    assert_eq!((again.name.as_str(), again.language.as_deref()), ("Анна Б.", Some("en")));
}

#[actix_web::test]
async fn few_withdrawals_of_one_person_wait_and_the_queues_have_pages() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, _) = delivered(&app).await;
        let admin = app.sign_in_with_role("Админ", Role::Admin).await;
        let take = async |amount: i64| {
            ivan.post("/api/user/withdraw", json!({ "amount": amount, "method": "СБП +7 900" })).await
        };
        let (status, refused) = take(99).await;
        assert_eq!((status.as_u16(), refused["fields"]["amount"].is_string()), (422, true), "{refused}");
        for _ in 0..5 {
            assert_eq!(take(100).await.0, StatusCode::OK);
        }
        let (status, refused) = take(100).await;
        assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("too_many_withdrawals")));
        assert_eq!(available(&ivan).await.0, 400.0, "what is refused moves nothing");

        let ids = |list: &Value| -> Vec<Value> {
            list["withdrawals"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
        };
        let all = ids(&admin.get("/api/admin/withdrawals").await);
        let behind = format!("/api/admin/withdrawals?cursor={}", all[2].as_str().unwrap());
        assert_eq!(ids(&admin.get(&behind).await), all[3..]);
        assert_eq!(app.app.database.queued_withdrawals(None, 2).await.unwrap().len(), 2);

        for _ in 0..2 {
            let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
            let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
            let path = format!("/api/couriers/{trip}/send-package");
            let (_, sent) = anna.post(&path, json!({ "package_id": package })).await;
            let request = sent["request_id"].as_str().unwrap();
            ivan.step(request, "accept").await;
            ivan.step(request, "mark-delivered").await;
            let path = format!("/api/package-requests/{request}/dispute");
            must(&anna, Method::PUT, &path, Some(json!({ "reason": "Пусто" }))).await;
        }
        let all = app.app.database.disputes(None, 10).await.unwrap();
        let behind = format!("/api/admin/disputes?cursor={}_{}", all[0].since.ms(), all[0].request);
        let rest = admin.get(&behind).await["disputes"].clone();
        assert_eq!((rest.as_array().unwrap().len(), &rest[0]["id"]), (1, &json!(all[1].request.to_string())));
        let (status, _) = admin.call(Method::GET, "/api/admin/disputes?cursor=x", None).await;
        assert_eq!(status.as_u16(), 400);
        app.audit().await;
    }
}

#[actix_web::test]
async fn no_money_goes_out_while_the_books_do_not_add_up() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (_, ivan, _) = delivered(&app).await;
        let admin = app.sign_in_with_role("Админ", Role::Admin).await;
        let body = Some(json!({ "amount": 300, "method": "СБП +7 900" }));
        let taken = must(&ivan, Method::POST, "/api/user/withdraw", body).await;
        let pay = format!("/api/admin/withdrawals/{}/pay", taken["withdrawal_id"].as_str().unwrap());
        let pays = async || {
            let (status, headers, answer) =
                admin.call_with(Method::POST, &pay, &[], Some(json!({ "reference": "77" }))).await;
            let frozen = (status.as_u16(), &answer["code"]) == (503, &json!("payouts_frozen"));
            assert!(
                if frozen { headers.contains_key("retry-after") } else { status.is_success() },
                "{answer}"
            );
            !frozen
        };
        let is_frozen = async || admin.get("/api/admin/withdrawals").await["payouts_frozen"].clone();

        // A server that has just started knows nothing, and cannot find out.
        app.behind_its_back("ALTER TABLE trip_legs RENAME TO elsewhere").await;
        assert!(!pays().await);
        assert_eq!(is_frozen().await, true);
        app.behind_its_back("ALTER TABLE elsewhere RENAME TO trip_legs").await;
        let change = "UPDATE wallets SET balance = balance + 1 WHERE kind = 'available' AND balance > 0";
        app.behind_its_back(change).await;
        assert!(!pays().await);
        assert_eq!(is_frozen().await, true);

        let back = "UPDATE wallets SET balance = balance - 1 WHERE kind = 'available' AND balance > 0";
        app.behind_its_back(back).await;
        assert!(pays().await, "somebody has seen to it");
        assert_eq!(is_frozen().await, false);
        app.behind_its_back(change).await;
        assert!(!app.app.audit.is_clean(&app.app.database, app.app.clock.now() + Span::hours(1)).await);
        assert_eq!(is_frozen().await, true, "it is known from then on");
        app.behind_its_back(back).await;
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_response_that_comes_too_late_publishes_no_trip() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
        must(&anna, Method::PUT, &format!("/api/packages/{package}/cancel"), None).await;
        let path = format!("/api/packages/{package}/responses");
        let body = json!({ "price": 400, "date": day(2), "time": "08:00 → 22:00" });
        let (status, refused) = ivan.post(&path, body).await;
        assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("illegal_transition")));
        assert_eq!(ivan.get("/api/user/trips").await["trips"], json!([]));
        app.audit().await;
    }
}
