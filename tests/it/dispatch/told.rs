//! What is refused, or known only roughly, is said so that somebody can do something about it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, patch};
use crate::support::backends;

#[actix_web::test]
async fn of_a_courier_who_is_nowhere_it_is_said_that_they_are() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let driver = town.driver(1).await;
        let order = town.order(&town.passenger(1).await).await;
        let paths = [
            format!("/api/dispatch/eta/{}/{order}/", driver.number),
            format!("/api/dispatch/driver-route/{}/?order_id={order}", driver.number),
        ];
        let nowhere = async || {
            for path in &paths {
                let (status, refused) = town.desk.call(Method::GET, path, None).await;
                let code = &refused["code"];
                assert_eq!((status, code), (StatusCode::CONFLICT, &json!("no_position")), "{refused}");
                assert!(refused["error"].as_str().is_some_and(|why| why.contains("courier")), "{refused}");
            }
        };
        nowhere().await;
        driver.go_online().await;
        nowhere().await;
        driver.is_at(55.775, 37.654).await;
        for path in &paths {
            assert!(town.desk.get(path).await["duration_seconds"].is_u64(), "{path}");
        }
        let unknown = format!("/api/dispatch/eta/1/{order}/");
        assert_eq!(town.desk.call(Method::GET, &unknown, None).await.0, StatusCode::NOT_FOUND);
    }
}

#[actix_web::test]
async fn a_region_is_drawn_around_its_centre_and_without_crossings() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let city = town.desk.get("/api/regions/cities/").await[0]["id"].clone();
        let drawn = async |polygon: Value| {
            let region = json!({
                "title": "Север", "city_id": city, "center_lat": 56.1, "center_lon": 37.6,
                "polygon_coordinates": polygon,
            });
            town.desk.post("/api/regions/", region).await
        };
        for (polygon, reason) in [
            (
                json!([[56.0, 37.4], [56.2, 37.8], [56.0, 37.8], [56.2, 37.4]]),
                "the border crosses or touches itself",
            ),
            (
                json!([[55.0, 37.4], [55.0, 37.8], [55.2, 37.8], [55.2, 37.4]]),
                "the centre lies outside of the polygon",
            ),
            (
                json!([[37.4, 56.0], [37.8, 56.0], [37.8, 56.2], [37.4, 56.2]]),
                "the latitude comes first, then the longitude: these seem to be the other way round",
            ),
            (json!([[56.0, 37.4], [56.2, 37.8]]), "needs three corners at least"),
            (json!([[91.0, 37.4], [56.2, 37.8], [56.0, 37.8]]), "latitude or longitude is out of range"),
        ] {
            let (status, refused) = drawn(polygon).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
            assert_eq!(refused["fields"]["polygon_coordinates"], reason, "{refused}");
        }
        let (status, region) = drawn(json!([[56.0, 37.4], [56.0, 37.8], [56.2, 37.8], [56.2, 37.4]])).await;
        assert_eq!(status, StatusCode::CREATED, "{region}");
        let path = format!("/api/regions/{}/", region["id"].as_str().unwrap());
        let (status, refused) = patch(&town.desk, &path, json!({ "center_lat": 57.0 })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert_eq!(refused["fields"]["center_lat"], "the centre lies outside of the polygon", "{refused}");
        // A form sends everything back.
        let form = json!({ "title": "Север 2", "polygon_coordinates": region["polygon_coordinates"] });
        assert_eq!(patch(&town.desk, &path, form).await.0, StatusCode::OK);
        // Where the longitude is no latitude at all, it is said all the same.
        let far = json!({
            "title": "Восток", "city_id": city, "center_lat": 43.12, "center_lon": 131.9,
            "polygon_coordinates": [[131.0, 42.0], [133.0, 42.0], [133.0, 44.0], [131.0, 44.0]],
        });
        let (_, refused) = town.desk.post("/api/regions/", far).await;
        let why = refused["fields"]["polygon_coordinates"].as_str().unwrap();
        assert!(why.starts_with("the latitude comes first"), "{refused}");
    }
}

#[actix_web::test]
async fn regions_are_told_while_the_store_does_not_answer_and_not_changed() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let anybody = town.app.anonymous();
        let city = anybody.get("/api/regions/cities/").await[0]["id"].as_str().unwrap().to_owned();
        let region = format!("/api/regions/{}/", town.region);
        town.app.app.database.close().await;
        for path in [
            "/api/regions/".to_owned(),
            "/api/regions/cities/".to_owned(),
            format!("/api/regions/cities/{city}/"),
            format!("{region}tariff/"),
            region.clone(),
        ] {
            let (status, told) = anybody.call(Method::GET, &path, None).await;
            assert_eq!(status, StatusCode::OK, "{path}: {told}");
        }
        let stats = format!("{region}stats/");
        let (status, refused) = town.desk.call(Method::GET, &stats, None).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");
    }
}

#[actix_web::test]
async fn an_address_is_found_by_its_town_and_said_to_be_no_more_than_that() {
    for backend in backends() {
        let town = Town::open(backend).await;
        for (address, is_coarse) in
            [("г. Казань, ул. Пушкина", true), ("ул. Баумана, 1, Казань", true), ("город Казань", false)]
        {
            let (status, found) = town.desk.post("/api/orders/geocode/", json!({ "address": address })).await;
            assert_eq!((status, &found["status"]), (StatusCode::OK, &json!("ok")), "{address}: {found}");
            assert_eq!(found["is_coarse"], is_coarse, "{address}: {found}");
            assert!(found["display_name"].as_str().unwrap().starts_with("Казань"), "{found}");
        }
        let found = town.desk.post("/api/orders/geocode/", json!({ "address": "ул. Пушкина" })).await.1;
        assert_eq!((&found["status"], &found["is_coarse"]), (&json!("not_found"), &json!(false)), "{found}");
    }
}
