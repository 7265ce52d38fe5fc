//! Times that are asked for: what has no end is refused, and does not keep the server busy.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Town;
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
