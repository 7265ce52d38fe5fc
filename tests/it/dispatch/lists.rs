//! Lists a page at a time, and what they are filtered by.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Town;
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
