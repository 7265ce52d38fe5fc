//! The pages with charts.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Kind::{Figure, List, Number, Text};
use super::{number, read, read_all};
use crate::support::TestUser;

/// The time of the pages with charts, as `toISOString()` says it: `days` days to the end of today in Moscow.
fn dates(days: i64) -> String {
    let moscow = jiff::tz::TimeZone::get("Europe/Moscow").unwrap();
    let today = jiff::Timestamp::now().to_zoned(moscow).start_of_day().unwrap();
    let (from, to) = (&today - jiff::Span::new().days(days), &today + jiff::Span::new().days(1));
    let instant = |at: i64| jiff::Timestamp::from_millisecond(at).unwrap().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    let (from, to) = (from.timestamp().as_millisecond(), to.timestamp().as_millisecond() - 1);
    format!("date_from={}&date_to={}&granularity=day", instant(from), instant(to))
}

pub(super) async fn numbers_of(desk: &TestUser, region: &str) {
    let week = dates(7);
    let metrics = desk.get(&format!("/api/analytics/metrics/?{week}")).await;
    let figures = [
        ("total_orders", Number),
        ("completed_orders", Number),
        ("cancelled_orders", Number),
        ("success_rate", Figure),
        ("avg_duration_minutes", Figure),
        ("avg_distance_km", Figure),
        ("avg_assignment_time_minutes", Figure),
        ("status_distribution", List),
        ("disability_distribution", List),
        ("orders_with_surge", Number),
        ("avg_surge_multiplier", Figure),
    ];
    let drivers = [("online_drivers", Number), ("active_drivers", Number), ("avg_rating", Figure)];
    let money = [
        ("total_revenue", Number),
        ("avg_order_value", Figure),
        ("avg_quote", Figure),
        ("avg_final_price", Figure),
        ("completed_orders_count", Number),
    ];
    for members in [&figures[..], &drivers, &money] {
        read(&metrics, members);
    }
    read_all(&metrics["status_distribution"], &[("status", Text), ("count", Number)]);
    let categories = [("passenger__disability_category", Text), ("count", Number)];
    read_all(&metrics["disability_distribution"], &categories);
    assert_eq!((&metrics["total_orders"], &metrics["completed_orders"]), (&json!(3), &json!(1)), "{metrics}");
    read(&desk.get(&format!("/api/analytics/orders/?{week}")).await, &figures);
    read(&desk.get(&format!("/api/analytics/financial/?{week}")).await, &money);
    read(&desk.get(&format!("/api/analytics/drivers/?{week}")).await, &drivers);

    let series = desk.get(&format!("/api/analytics/time-series/?{week}")).await;
    let point = [
        ("period", Text),
        ("total", Number),
        ("completed", Number),
        ("cancelled", Number),
        ("revenue", Number),
    ];
    read_all(&series, &point);
    let placed: i64 = series.as_array().unwrap().iter().map(|point| number(&point["total"])).sum();
    assert_eq!((series.as_array().unwrap().len(), placed), (8, 3), "{series}");
    let region_members = [
        ("region_id", Text),
        ("region_title", Text),
        ("orders_count", Number),
        ("completed_count", Number),
        ("revenue", Number),
    ];
    let month = dates(30);
    for query in [week.clone(), format!("{month}&region_id={region}")] {
        let regions = desk.get(&format!("/api/analytics/regions/?{query}")).await;
        read_all(&regions, &region_members);
        assert_eq!(regions[0]["orders_count"], 3, "{regions}");
        let hours = desk.get(&format!("/api/analytics/peak-hours/?{query}")).await;
        read_all(&hours, &[("hour", Text), ("orders", Number)]);
        let performance = desk.get(&format!("/api/analytics/driver-performance/?{query}&limit=5")).await;
        let of_driver = [
            ("driver_id", Number),
            ("driver_name", Text),
            ("rating", Number),
            ("orders", Number),
            ("revenue", Number),
            ("total_offers", Number),
            ("accepted_offers", Number),
            ("declined_offers", Number),
            ("acceptance_rate", Number),
        ];
        read_all(&performance, &of_driver);
        assert_eq!(performance[0]["orders"], 1, "{performance}");
        let compared = desk.get(&format!("/api/analytics/comparison/?{query}")).await;
        for part in ["current", "previous"] {
            let members =
                [("orders", Number), ("completed", Number), ("revenue", Number), ("avg_order_value", Figure)];
            read(&compared[part], &members);
        }
        let changes =
            [("orders", Figure), ("completed", Figure), ("revenue", Figure), ("avg_order_value", Figure)];
        read(&compared["changes"], &changes);
    }
    for kind in ["orders", "financial", "drivers"] {
        let path = format!("/api/analytics/export/?type={kind}&{month}");
        let (status, headers, file) = desk.call_raw(Method::GET, &path, &[], Vec::new()).await;
        assert_eq!(status, StatusCode::OK, "{kind}");
        assert!(headers["content-type"].to_str().unwrap().starts_with("text/csv"), "{kind}");
        assert!(String::from_utf8(file).unwrap().lines().count() > 1, "{kind}");
    }
}
