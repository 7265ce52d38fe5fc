//! Both ends of a way: named, told from their namesakes, or given by id.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends, day};

async fn refused(user: &TestUser, method: Method, path: &str, body: Option<Value>) -> Value {
    let (status, answer) = user.call(method, path, body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {answer}");
    answer
}

fn trip(from: &Value, to: &Value) -> Value {
    json!({ "from": from, "to": to, "transportType": "car", "date": day(3), "time": "08:00" })
}

#[actix_web::test]
async fn a_trip_is_found_by_the_ids_of_its_ends() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, nobody) = (app.sign_in("Иван").await, app.anonymous());
        // A car from Krasnoyarsk goes to the Zheleznogorsk next to it, not to the larger one near Kursk.
        let (status, answer) =
            ivan.post_patiently("/api/trips", trip(&json!("Красноярск"), &json!("Железногорск"))).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        assert_eq!(answer["to_tz"], "Asia/Krasnoyarsk");
        let shown = ivan.get("/api/user/trips").await["trips"][0]["itinerary"].clone();
        assert_eq!(shown[1]["country"], "RU");
        let (from, to) = (shown[0]["place_id"].as_str().unwrap(), shown[1]["place_id"].as_str().unwrap());
        for (query, expected) in [
            (format!("from_id={from}&to_id={to}"), 1),
            (format!("from=Красноярск&to_id={to}"), 1),
            ("from=Красноярск&to=Железногорск".to_owned(), 1),
            (format!("from_id={from}"), 1),
            (format!("to_id={from}"), 0),
            ("from=Курск&to=Железногорск".to_owned(), 0),
        ] {
            let found = nobody.get(&format!("/api/couriers?{query}")).await;
            assert_eq!(found["couriers"].as_array().unwrap().len(), expected, "{query}");
        }
        let by_id = trip(&json!({ "place_id": from }), &json!({ "place_id": to.parse::<u32>().unwrap() }));
        let (status, answer) = ivan.post_patiently("/api/trips", by_id).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let anna = app.sign_in("Анна").await;
        let package = json!({ "from": { "name": "Красноярск" }, "to": { "place_id": to }, "description": "книги",
            "reward": 900, "deliver_by": day(9) });
        let (status, answer) = anna.post("/api/packages/dry-run", package).await;
        assert_eq!((status, &answer["couriers"]), (StatusCode::OK, &json!(1)), "{answer}");
    }
}

#[actix_web::test]
async fn a_name_that_means_several_places_is_refused_with_them() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, nobody) = (app.sign_in("Иван").await, app.anonymous());
        let answer = refused(&nobody, Method::GET, "/api/couriers?from=Троицк", None).await;
        assert_eq!(answer["code"], "ambiguous_place");
        assert!(answer["fields"]["from"].as_str().unwrap().contains("several places"), "{answer}");
        let candidates = answer["candidates"].as_array().unwrap();
        assert!(candidates.len() >= 2, "{answer}");
        for candidate in candidates {
            assert_eq!((&candidate["field"], &candidate["name_ru"]), (&json!("from"), &json!("Троицк")));
            assert!(candidate["lat"].is_f64() && candidate["country"] == "RU", "{candidate}");
            let id = candidate["place_id"].as_str().unwrap();
            nobody.get(&format!("/api/couriers?from_id={id}")).await;
        }
        let russian = [("accept-language", "ru")];
        let path = "/api/couriers?from=Троицк";
        let (_, _, answer) = nobody.call_with(Method::GET, path, &russian, None).await;
        assert!(answer["message"].as_str().unwrap().starts_with("Откуда: это название носят"), "{answer}");

        let answer =
            refused(&ivan, Method::POST, "/api/trips", Some(trip(&json!("Масква"), &json!("Казань")))).await;
        assert_eq!((&answer["code"], &answer["candidates"][0]["field"]), (&json!("invalid"), &json!("from")));
        let named = answer["candidates"].as_array().unwrap().iter().any(|one| one["name_ru"] == "Москва");
        assert!(named && answer["suggestions"].as_array().unwrap().contains(&json!("Москва")), "{answer}");
    }
}

#[actix_web::test]
async fn a_point_far_from_its_place_is_refused() {
    let app = TestApp::start(backends()[0]).await;
    let anna = app.sign_in("Анна").await;
    let (kazan, moscow) = (json!({ "lat": 55.79, "lon": 49.12 }), json!({ "lat": 55.6, "lon": 37.3 }));
    for (field, point, refusal) in [
        ("pickup", &kazan, Some("pickup")),
        ("dropoff", &moscow, Some("dropoff")),
        ("pickup", &moscow, None),
        ("dropoff", &kazan, None),
        ("from", &json!({ "name": "Москва", "lat": 55.79, "lon": 49.12 }), Some("from")),
        ("from", &json!({ "name": "Москва", "lat": 55.6, "lon": 37.3 }), None),
    ] {
        let mut body = json!({ "from": "Москва", "to": "Казань", "description": "книги", "reward": 900 });
        body[field] = point.clone();
        let (status, answer) = anna.post("/api/packages/dry-run", body).await;
        match refusal {
            Some(field) => {
                assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
                assert_eq!(answer["fields"][field], "this point is far from the place", "{answer}");
            }
            None => assert_eq!(status, StatusCode::OK, "{field} {point}: {answer}"),
        }
    }
}
