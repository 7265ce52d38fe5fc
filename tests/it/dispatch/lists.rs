//! Lists a page at a time, and what they are filtered by.

use peerpack::auth::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Town, made, patch, ride};
use crate::support::backends;

fn ids(page: &Value) -> Vec<String> {
    page["results"].as_array().unwrap().iter().map(|one| one["id"].to_string()).collect()
}

#[actix_web::test]
async fn orders_are_listed_a_page_at_a_time() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (one, other) = (town.passenger(1).await, town.passenger(2).await);
        for _ in 0..3 {
            town.order(&one).await;
        }
        let last = town.order(&other).await;
        town.step(&last, "cancelled").await;

        let first = town.desk.get("/api/orders/?page=1&page_size=3").await;
        assert_eq!((&first["count"], &first["previous"]), (&json!(4), &Value::Null), "{first}");
        assert_eq!(first["results"][0]["id"], last.as_str(), "newest first");
        let next = first["next"].as_str().unwrap();
        assert!(next.starts_with("/api/orders/?") && next.contains("page=2"), "{next}");
        let second = town.desk.get(next).await;
        assert_eq!((second["results"].as_array().unwrap().len(), &second["next"]), (1, &Value::Null));
        assert!(second["previous"].as_str().unwrap().contains("page=1"));
        let seen = [ids(&first), ids(&second)].concat();
        let all = town.desk.get("/api/orders/").await;
        assert_eq!(seen, ids(&all), "20 to a page if nobody says");
        assert!(town.desk.get("/api/orders/?page=9").await["results"].as_array().unwrap().is_empty());

        for (query, count) in [
            ("status=cancelled".to_owned(), 1),
            ("status=submitted,cancelled".to_owned(), 4),
            ("status=submit".to_owned(), 0),
            (format!("passenger_id={}", one.number), 3),
            ("passenger_id=5".to_owned(), 0),
            ("search=Арбат".to_owned(), 4),
            ("search=Пассажир 2".to_owned(), 1),
            ("search=100%25".to_owned(), 0),
        ] {
            let path = format!("/api/orders/?{query}");
            if query == "status=submit" {
                assert_eq!(town.desk.call(reqwest::Method::GET, &path, None).await.0.as_u16(), 422);
                continue;
            }
            assert_eq!(town.desk.get(&path).await["count"], count, "{query}");
        }
        for page in ["page=0", "page_size=0"] {
            let (status, refused) =
                town.desk.call(reqwest::Method::GET, &format!("/api/orders/?{page}"), None).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        }
        let own = one.user.get("/api/orders/").await;
        assert_eq!(own["count"], 3, "one's own");
        let list = one.user.get(&format!("/api/orders/passenger/{}/", one.number)).await;
        assert_eq!(list.as_array().unwrap().len(), 3);
    }
}

#[actix_web::test]
async fn couriers_and_passengers_are_listed_by_what_they_are() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (on, off) = (town.driver_at(1, 55.77, 37.65).await, town.driver(2).await);
        for (query, expected) in [
            ("is_online=true".to_owned(), vec![on.number]),
            ("is_online=false".to_owned(), vec![off.number]),
            (format!("region_id={}", town.region), vec![on.number, off.number]),
            ("search=+79001110002".replace('+', "%2B"), vec![off.number]),
            ("search=Водитель 1".to_owned(), vec![on.number]),
            ("page_size=1&page=2".to_owned(), vec![off.number]),
        ] {
            let page = town.desk.get(&format!("/api/drivers/?{query}")).await;
            let found: Vec<i64> =
                page["results"].as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect();
            assert_eq!(found, expected, "{query}");
        }
        let passenger = town.passenger(1).await;
        let page = town.desk.get("/api/passengers/?phone=9002220001").await;
        assert_eq!(
            (&page["count"], &page["results"][0]["id"]),
            (&json!(1), &json!(passenger.number)),
            "{page}"
        );
        assert_eq!(page["results"][0]["user"]["phone"], "+79002220001");
        assert_eq!(town.desk.get("/api/passengers/?phone=777").await["count"], 0);
    }
}

/// What means something to the database is looked for as it stands, and finds nothing else.
#[actix_web::test]
async fn signs_that_stand_for_others_are_looked_for_as_they_are() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let ivan = town.driver(1).await;
        town.driver(2).await;
        let path = format!("/api/drivers/{}/", ivan.number);
        let plate = json!({ "plate_number": r"A1%_!\" });
        assert_eq!(patch(&town.desk, &path, plate).await.0, StatusCode::OK);
        let passenger = town.passenger(1).await;
        let odd = json!({ "passenger_id": passenger.number, "pickup_title": r"Кафе 100%_!\" });
        let odd = made(&town.desk, "/api/orders/", ride(odd)).await;
        town.order(&passenger).await;
        for search in ["_", "%25", "!", "%5C", "%25_", "!%5C"] {
            let drivers = town.desk.get(&format!("/api/drivers/?search={search}")).await;
            assert_eq!(ids(&drivers), [ivan.number.to_string()], "{search}");
            let orders = town.desk.get(&format!("/api/orders/?search={search}")).await;
            assert_eq!(ids(&orders), [odd["id"].to_string()], "{search}");
        }
        assert_eq!(town.desk.get("/api/orders/?search=Кафе 100%25_").await["count"], 1);
        assert_eq!(town.desk.get("/api/orders/?search=К_фе").await["count"], 0);
        assert_eq!(town.desk.get("/api/drivers/?search=%20").await["count"], 2, "nothing is asked for");
        let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
        assert_eq!(admin.get("/api/admin/users/?search=%25").await["count"], 0);
    }
}
