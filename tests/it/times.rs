//! Times as tickets print them: in every answer the clocks are those of the place, with the instants and
//! zones beside them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends, day};

/// Vladivostok is seven hours before Moscow: the flight takes 8 h 35.
fn flight(date: &str) -> Value {
    json!({ "from": "Владивосток", "to": "Москва", "transportType": "plane", "date": date, "time": "10:05 → 11:40" })
}

/// What every view says of the flight.
fn is_the_flight(view: &Value, date: &str) {
    let expected = [
        ("date", date),
        ("time", "10:05 → 11:40"),
        ("arrival_date", date),
        ("departs_at", &format!("{date}T00:05:00.000Z")),
        ("arrives_at", &format!("{date}T08:40:00.000Z")),
        ("from_tz", "Asia/Vladivostok"),
        ("to_tz", "Europe/Moscow"),
    ];
    for (field, value) in expected {
        assert_eq!(view[field], value, "{field}: {view}");
    }
}

fn day_and_month(date: &str) -> String {
    let parts: Vec<&str> = date.split('-').collect();
    format!("{}.{}.{}", parts[2], parts[1], parts[0])
}

async fn found(user: &TestUser, query: &str) -> usize {
    user.get(&format!("/api/couriers?{query}")).await["couriers"].as_array().unwrap().len()
}

#[actix_web::test]
async fn a_trip_says_everywhere_when_it_is_where() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, nobody) = (app.sign_in("Иван").await, app.anonymous());
        let date = day(30);
        let key = [("idempotency-key", "one")];
        let (status, _, answer) =
            ivan.call_with(Method::POST, "/api/trips", &key, Some(flight(&day_and_month(&date)))).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        is_the_flight(&answer, &date);
        assert_eq!(answer["notes"], json!([]));
        let (_, _, again) =
            ivan.call_with(Method::POST, "/api/trips", &key, Some(flight(&day_and_month(&date)))).await;
        assert_eq!(again, answer);

        let trip = answer["trip_id"].as_str().unwrap();
        is_the_flight(&ivan.get(&format!("/api/trips/{trip}")).await, &date);
        is_the_flight(&ivan.get("/api/user/trips").await["trips"][0], &date);
        is_the_flight(&ivan.get("/api/sync").await["trips"][0], &date);
        let shown = nobody.get("/api/couriers?from=Владивосток&to=Москва").await;
        is_the_flight(&shown["couriers"][0], &date);
        let stops = &shown["couriers"][0]["itinerary"];
        assert_eq!(
            (&stops[1]["name"], &stops[1]["date"], &stops[1]["time"], &stops[1]["tz"]),
            (&json!("Москва"), &json!(date), &json!("11:40"), &json!("Europe/Moscow"))
        );
        assert_eq!(stops[1]["arrives_at"], answer["arrives_at"]);
    }
}

#[actix_web::test]
async fn the_days_of_a_search_are_those_of_the_origin() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, nobody) = (app.sign_in("Иван").await, app.anonymous());
        // Early on one day there; late on the day before in Moscow and by UTC.
        let (before, date, after) = (day(19), day(20), day(21));
        let mut early = flight(&date);
        early["time"] = json!("03:00 → 04:35");
        let (status, answer) = ivan.post_patiently("/api/trips", early).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        for way in ["from=Владивосток&to=Москва", "from=Владивосток", "to=Москва", ""]
        {
            for (first, last, expected) in [
                (&date, &date, 1),
                (&day_and_month(&date), &day_and_month(&date), 1),
                (&before, &before, 0),
                (&after, &after, 0),
                (&before, &after, 1),
            ] {
                let query = format!("{way}&date_from={first}&date_to={last}");
                assert_eq!(found(&nobody, &query).await, expected, "{query}");
            }
            let query = format!("{way}&date_from={before}&date_to={before}&flex_days=1");
            assert_eq!(found(&nobody, &query).await, 1, "{query}");
        }
    }
}

#[actix_web::test]
async fn a_sender_and_a_receiver_see_the_clocks_of_their_places() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, oleg) =
            (app.sign_in("Анна").await, app.sign_in("Иван").await, app.sign_in("Олег").await);
        let date = day(10);
        let package = anna.publish_package("Владивосток", "Москва", json!({ "mode": "choose" })).await;
        oleg.post("/api/trips", flight(&date)).await;
        let heard = anna.get("/api/user/notifications").await["notifications"][0].clone();
        assert_eq!(
            heard["message"],
            format!("Олег едет Владивосток → Москва, {date} в 10:05 по местному времени")
        );
        assert_eq!(
            (&heard["date"], &heard["departs_at"], &heard["from_tz"]),
            (&json!(date), &json!(format!("{date}T00:05:00.000Z")), &json!("Asia/Vladivostok"))
        );

        let path = format!("/api/packages/{package}/responses");
        let body = json!({ "date": day_and_month(&date), "time": "1005-1140", "transportType": "plane" });
        let (status, answer) = ivan.post_patiently(&path, body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        is_the_flight(&answer, &date);
        is_the_flight(&anna.get(&path).await["responses"][0], &date);
        is_the_flight(&ivan.get(&format!("/api/trips/{}", answer["trip_id"].as_str().unwrap())).await, &date);

        let select = json!({ "response_id": answer["response_id"] });
        let (status, answer) = anna.post(&format!("/api/packages/{package}/select-courier"), select).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let (_, link) = anna.post(&format!("/api/packages/{package}/tracking-link"), json!({})).await;
        let seen = anna.get(link["json_path"].as_str().unwrap()).await;
        assert_eq!(
            (&seen["expected"], &seen["expected_at"], &seen["to_tz"]),
            (
                &json!(format!("{date} 11:40")),
                &json!(format!("{date}T08:40:00.000Z")),
                &json!("Europe/Moscow")
            )
        );
    }
}

#[actix_web::test]
async fn a_deadline_is_local_where_the_package_goes() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let date = day(10);
        ivan.post("/api/trips", flight(&date)).await;
        for (ready_at, deliver_by, couriers) in [
            (day(1), format!("{date} 11:30"), 0),
            (day(1), format!("{date}T11:50"), 1),
            (day(1), date.clone(), 1),
            (format!("{date} 10:00"), date.clone(), 1),
            (format!("{date} 10:10"), date.clone(), 0),
            (format!("{date}T00:00:00Z"), format!("{date}T08:45:00Z"), 1),
            (format!("{date}T00:00:00Z"), format!("{date}T08:30:00Z"), 0),
        ] {
            let body = json!({ "from": "Владивосток", "to": "Москва", "description": "книги", "reward": 900,
                "ready_at": ready_at, "deliver_by": deliver_by });
            let (status, answer) = anna.post("/api/packages/dry-run", body).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            assert_eq!(answer["couriers"], couriers, "{ready_at} {deliver_by}: {answer}");
        }
    }
}
