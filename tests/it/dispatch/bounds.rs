//! Times that are asked for: what has no end is refused and does not keep the server busy; and by whose
//! clocks days and hours are told.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Town, made, ride};
use crate::support::backends;

#[actix_web::test]
async fn a_time_without_an_end_is_refused_wherever_one_is_asked_for() {
    for backend in backends() {
        let town = Town::open(backend).await;
        town.order(&town.passenger(1).await).await;
        let refused = async |path: &str, field: &str| {
            let (status, refused) = town.desk.call(Method::GET, path, None).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {refused}");
            assert_eq!(refused["code"], "invalid", "{path}: {refused}");
            assert!(refused["fields"][field].is_string(), "{path}: {refused}");
        };
        let numbers = [
            "metrics",
            "orders",
            "financial",
            "regions",
            "time-series",
            "peak-hours",
            "comparison",
            "drivers",
            "driver-performance",
            "export",
        ];
        let mut paths: Vec<String> = numbers.iter().map(|name| format!("/api/analytics/{name}/")).collect();
        paths.extend(["excel-template", "by-drivers"].map(|name| format!("/api/orders/export-{name}/")));
        for path in paths {
            for (time, field) in [
                ("date_to=9999-12-31", "date_to"),
                ("date_to=9999-12-30T12:00:00Z", "date_to"),
                ("date_from=0001-01-01", "date_from"),
                ("date_from=2026-03-02&date_to=2026-03-01", "date_to"),
            ] {
                refused(&format!("{path}?{time}"), field).await;
            }
        }
        for date in ["9999-12-31", "0001-01-01"] {
            refused(&format!("/api/dispatch/daily-routes/?date={date}"), "date").await;
            refused(&format!("/api/dispatch/daily-routes-export/?date={date}"), "date").await;
        }
        for (time, field) in [
            ("from=0001-01-01T00:00:00Z", "from"),
            ("to=9999-12-30T12:00:00Z", "to"),
            ("from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
        ] {
            refused(&format!("/api/user/statement?{time}"), field).await;
        }
        // The farthest that is let in is answered, and has nothing in it.
        let far = town.desk.get("/api/analytics/metrics/?date_to=2100-12-31").await;
        assert_eq!((&far["date_from"], &far["total_orders"]), (&json!("2100-12-02"), &json!(0)), "{far}");
    }
}

/// A region that is drawn later, wherever it is and whatever its name, moves nobody's days and hours.
#[actix_web::test]
async fn hours_are_those_of_the_region_that_is_asked_for_or_was_drawn_first() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let wanted = json!({ "passenger_id": town.passenger(1).await.number });
        made(&town.desk, "/api/orders/", ride(wanted)).await;
        let busy = async |query: &str| -> (String, String) {
            let hours = town.desk.get(&format!("/api/analytics/peak-hours/?{query}")).await;
            let hours = hours.as_array().unwrap();
            let busy = hours.iter().find(|hour| hour["orders"] == 1).unwrap_or(&hours[0]);
            assert!(hours.iter().all(|hour| hour["time_zone"] == busy["time_zone"]), "{hours:?}");
            let word = |member: &str| busy[member].as_str().unwrap().to_owned();
            (word("hour"), word("time_zone"))
        };
        let before = busy("").await;
        assert_eq!(before.1, "Europe/Moscow");
        let city = json!({ "title": "А", "center_lat": 56.84, "center_lon": 60.6 });
        let city = made(&town.desk, "/api/regions/cities/", city).await;
        let region = json!({ "title": "А", "city_id": city["id"], "center_lat": 56.84, "center_lon": 60.6 });
        let region = made(&town.desk, "/api/regions/", region).await;
        assert_eq!(busy("").await, before);
        assert_eq!(busy(&format!("region_id={}", town.region)).await, before);
        let region = region["id"].as_str().unwrap();
        assert_eq!(busy(&format!("region_id={region}")).await.1, "Asia/Yekaterinburg");
    }
}
