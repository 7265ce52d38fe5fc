//! Numbers of the desk: what they say is what looking at every order comes to.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Somebody, Town, made, moved, ride};
use crate::support::{Backend, backends};

/// North of the town's region, in one of its own.
pub(super) const NORTH: f64 = 56.1;

pub(super) async fn second_region(town: &Town) -> String {
    let city = town.desk.get("/api/regions/cities/").await[0]["id"].clone();
    let region = json!({
        "title": "Север", "city_id": city, "center_lat": NORTH, "center_lon": 37.6,
        "polygon_coordinates": [[56.0, 37.4], [56.0, 37.8], [56.2, 37.8], [56.2, 37.4]],
        "service_radius_meters": 5_000,
    });
    made(&town.desk, "/api/regions/", region).await["id"].as_str().unwrap().to_owned()
}

pub(super) async fn driver_of(town: &Town, region: &str, n: u32, lat: f64) -> Somebody {
    let driver = json!({
        "name": format!("Водитель {n}"), "phone": format!("+7900333{n:04}"), "region_id": region,
        "car_model": "Lada", "plate_number": format!("В{n:03}"), "capacity": 4,
    });
    let number = made(&town.desk, "/api/drivers/", driver).await["id"].as_i64().unwrap();
    let driver = Somebody { number, user: town.signed_in(number).await };
    driver.go_online().await;
    driver.is_at(lat, 37.6).await;
    driver
}

pub(super) async fn order_at(town: &Town, passenger: &Somebody, lat: f64) -> String {
    let wanted = json!({
        "passenger_id": passenger.number, "pickup_lat": lat, "pickup_lon": 37.6, "dropoff_lat": lat - 0.03,
        "dropoff_lon": 37.62,
    });
    made(&town.desk, "/api/orders/", ride(wanted)).await["id"].as_str().unwrap().to_owned()
}

/// A ride from its assignment to its end.
async fn driven(town: &Town, order: &str, driver: &Somebody) {
    let (status, assigned) = town.assign(order, driver).await;
    assert_eq!(status, StatusCode::OK, "{assigned}");
    for step in ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"] {
        moved(&driver.user, order, step).await;
    }
}

/// What looking at every order comes to, of those that begin north of there.
async fn recounted(town: &Town, is_meant: impl Fn(&Value) -> bool) -> BTreeMap<&'static str, f64> {
    let mut counts: BTreeMap<&'static str, f64> = [
        "total_orders",
        "completed_orders",
        "cancelled_orders",
        "cancelled_by_passenger",
        "cancelled_by_driver",
        "cancelled_by_staff",
        "no_shows",
        "rejected_orders",
        "restored_orders",
        "assignments",
        "offers_sent",
        "offers_accepted",
        "offers_declined",
        "revenue",
    ]
    .map(|name| (name, 0.0))
    .into();
    let all = town.desk.get("/api/orders/?page_size=100").await;
    assert_eq!(all["next"], Value::Null);
    for order in all["results"].as_array().unwrap().iter().filter(|order| is_meant(order)) {
        let id = order["id"].as_str().unwrap();
        let mut add = |name: &'static str, count: f64| *counts.get_mut(name).unwrap() += count;
        add("total_orders", 1.0);
        add("revenue", order["final_price"].as_f64().unwrap_or(0.0));
        for step in town.desk.get(&format!("/api/orders/{id}/events/")).await.as_array().unwrap() {
            if step["status_from"] == "cancelled" {
                add("restored_orders", 1.0);
            }
            match (step["status_to"].as_str().unwrap(), step["by"].as_str().unwrap()) {
                ("assigned", _) => add("assignments", 1.0),
                ("completed", _) => add("completed_orders", 1.0),
                ("rejected", _) => add("rejected_orders", 1.0),
                ("no_show", _) => add("no_shows", 1.0),
                ("cancelled", by) => {
                    add("cancelled_orders", 1.0);
                    add(
                        match by {
                            "passenger" => "cancelled_by_passenger",
                            "courier" => "cancelled_by_driver",
                            _ => "cancelled_by_staff",
                        },
                        1.0,
                    );
                }
                _ => {}
            }
        }
        for offer in town.desk.get(&format!("/api/dispatch/offers/{id}/")).await.as_array().unwrap() {
            add("offers_sent", 1.0);
            match offer["status"].as_str().unwrap() {
                "accepted" => add("offers_accepted", 1.0),
                "declined" => add("offers_declined", 1.0),
                _ => {}
            }
        }
    }
    counts
}

fn check(told: &Value, counts: &BTreeMap<&'static str, f64>) {
    for (name, count) in counts {
        if told.get(name).is_some() {
            assert_eq!(told[name].as_f64(), Some(*count), "{name}: {told}");
        }
    }
}

#[actix_web::test]
async fn numbers_are_what_looking_at_every_order_comes_to() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let north = second_region(&town).await;
        let (passenger, other) = (town.passenger(1).await, town.passenger(2).await);
        let (ivan, oleg) =
            (driver_of(&town, &town.region, 1, 55.75).await, driver_of(&town, &north, 2, NORTH).await);
        let idle = town.driver(9).await;

        driven(&town, &order_at(&town, &passenger, 55.75).await, &ivan).await;
        driven(&town, &order_at(&town, &passenger, 55.76).await, &ivan).await;
        driven(&town, &order_at(&town, &other, NORTH).await, &oleg).await;
        let late = order_at(&town, &passenger, 55.77).await;
        assert_eq!(town.assign(&late, &ivan).await.0, StatusCode::OK);
        moved(&ivan.user, &late, "driver_en_route").await;
        moved(&passenger.user, &late, "cancelled").await;
        let gone = order_at(&town, &passenger, 55.78).await;
        assert_eq!(town.assign(&gone, &ivan).await.0, StatusCode::OK);
        for step in ["driver_en_route", "arrived_waiting", "no_show", "cancelled"] {
            town.step(&gone, step).await;
        }
        let again = order_at(&town, &other, NORTH + 0.01).await;
        for step in ["cancelled", "submitted", "rejected"] {
            town.step(&again, step).await;
        }
        order_at(&town, &other, NORTH + 0.02).await;
        // One that is offered, accepted, and given back by its courier.
        let offered = order_at(&town, &passenger, 55.79).await;
        let (status, asked) =
            town.desk.post(&format!("/api/dispatch/smart-assign/{offered}/"), json!({})).await;
        assert_eq!((status, &asked["driver_id"]), (StatusCode::OK, &json!(ivan.number)), "{asked}");
        let accept = format!("/api/dispatch/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
        assert_eq!(ivan.user.post(&accept, json!({})).await.0, StatusCode::OK);
        moved(&ivan.user, &offered, "cancelled").await;

        let get = async |path: &str| town.desk.get(&format!("/api/analytics/{path}")).await;
        let in_north = |order: &Value| order["pickup_lat"].as_f64().unwrap() > 56.0;
        let (all, of_north) = (recounted(&town, |_| true).await, recounted(&town, in_north).await);
        let of_centre = recounted(&town, |order| !in_north(order)).await;
        assert_eq!((all["total_orders"], of_north["total_orders"], all["completed_orders"]), (8.0, 3.0, 3.0));

        let metrics = get("metrics/").await;
        check(&metrics, &all);
        assert_eq!(
            (&metrics["drivers_total"], &metrics["drivers_online"]),
            (&json!(3), &json!(2)),
            "{metrics}"
        );
        assert_eq!(metrics["time_zone"], "Europe/Moscow");
        // Three done of eight that ended: one was called off twice.
        let ended = all["completed_orders"] + all["cancelled_orders"] + all["rejected_orders"];
        assert_eq!(metrics["completion_rate"].as_f64(), Some(3.0 / ended), "{metrics}");
        check(&get(&format!("metrics/?region_id={north}")).await, &of_north);
        check(&get("orders/").await, &all);
        check(&get(&format!("orders/?region_id={}", town.region)).await, &of_centre);

        let financial = get("financial/").await;
        check(&financial, &all);
        assert_eq!(
            financial["cancellation_fees"].as_f64(),
            Some(1_000.0),
            "who sets out is paid: {financial}"
        );
        let (revenue, total) = (financial["revenue"].as_f64().unwrap(), financial["total_revenue"].as_f64());
        assert!(revenue > 0.0 && total == Some(revenue + 1_000.0), "{financial}");

        let regions = get("regions/").await;
        let regions = regions["regions"].as_array().unwrap();
        assert_eq!(regions.len(), 2);
        for region in regions {
            let is_north = region["region_id"] == north.as_str();
            assert_eq!(region["region_title"], if is_north { "Север" } else { "Центр" });
            check(region, if is_north { &of_north } else { &of_centre });
        }

        // Whatever the step, all of them together are all there is; today is in the last one.
        for (interval, least, most) in
            [("hour", 30 * 24, 30 * 24), ("day", 30, 30), ("week", 5, 6), ("month", 1, 3)]
        {
            let series = get(&format!("time-series/?interval={interval}")).await;
            assert_eq!(series["interval"], interval);
            let points = series["points"].as_array().unwrap();
            assert!((least..=most).contains(&points.len()), "{interval}: {}", points.len());
            for name in ["total_orders", "completed_orders", "offers_sent", "revenue"] {
                let sum: f64 = points.iter().map(|point| point[name].as_f64().unwrap()).sum();
                assert!((sum - all[name]).abs() < 1e-6, "{name} by {interval}: {sum}");
            }
            let begins: Vec<&str> = points.iter().map(|point| point["timestamp"].as_str().unwrap()).collect();
            assert!(begins.is_sorted(), "{begins:?}");
        }
        let series = get(&format!("time-series/?region_id={north}")).await;
        let last = series["points"].as_array().unwrap().last().unwrap();
        let moscow = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::get("Europe/Moscow").unwrap());
        if moscow.hour() > 0 {
            check(last, &of_north);
            assert_eq!(last["date"], moscow.date().to_string().as_str());
        }

        let peak = get("peak-hours/").await;
        let hours = peak["hours"].as_array().unwrap();
        assert_eq!(hours.len(), 24);
        assert_eq!(hours.iter().map(|hour| hour["total_orders"].as_i64().unwrap()).sum::<i64>(), 8);
        let busiest = hours.iter().max_by_key(|hour| hour["total_orders"].as_i64()).unwrap();
        assert_eq!(
            hours[usize::try_from(peak["peak_hour"].as_u64().unwrap()).unwrap()]["total_orders"],
            busiest["total_orders"]
        );

        let drivers = get("drivers/").await;
        assert_eq!(
            (&drivers["drivers_total"], &drivers["drivers_active"]),
            (&json!(3), &json!(2)),
            "{drivers}"
        );
        assert_eq!((&drivers["offers_accepted"], &drivers["completed_orders"]), (&json!(1), &json!(3)));
        let performance = get("driver-performance/").await;
        let seen: Vec<(i64, i64)> = performance["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["driver_id"].as_i64().unwrap(), one["completed_orders"].as_i64().unwrap()))
            .collect();
        assert_eq!(seen, [(ivan.number, 2), (oleg.number, 1), (idle.number, 0)], "{performance}");
        assert_eq!(performance["results"][0]["cancelled_by_driver"], 1);
        let first = get("driver-performance/?page_size=1").await;
        assert!(first["next"].as_str().unwrap().contains("page=2") && first["count"] == 3, "{first}");
        let northern = get(&format!("driver-performance/?region_id={north}")).await;
        assert_eq!(
            (&northern["count"], &northern["results"][0]["driver_id"]),
            (&json!(1), &json!(oleg.number))
        );

        let comparison = get("comparison/?").await;
        check(&comparison["current"], &all);
        assert_eq!(comparison["previous"]["total_orders"], 0);
        assert_eq!(comparison["change_percent"]["total_orders"], Value::Null, "{comparison}");

        let (status, headers, file) =
            town.desk.call_raw(Method::GET, "/api/analytics/export/", &[], Vec::new()).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (StatusCode::OK, &"text/csv; charset=utf-8".parse().unwrap())
        );
        let text = String::from_utf8(file).unwrap();
        assert_eq!(text.lines().count(), 31, "{text}");
        let placed: i64 =
            text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse::<i64>().unwrap()).sum();
        assert_eq!(placed, 8, "{text}");
        let (_, _, file) =
            town.desk.call_raw(Method::GET, "/api/analytics/export/?format=xlsx", &[], Vec::new()).await;
        assert!(file.starts_with(b"PK"));
    }
}

#[actix_web::test]
async fn where_nothing_was_there_are_zeros() {
    let town = Town::open(Backend::Sqlite).await;
    let get = async |path: &str| town.desk.get(&format!("/api/analytics/{path}")).await;
    let time = "date_from=2026-02-27&date_to=2026-03-02";
    let series = get(&format!("time-series/?{time}")).await;
    let dates: Vec<&str> =
        series["points"].as_array().unwrap().iter().map(|point| point["date"].as_str().unwrap()).collect();
    assert_eq!(dates, ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
    assert!(series["points"][0]["total_orders"] == 0 && series["points"][0]["completion_rate"].is_null());
    let hours = get(&format!("time-series/?{time}&interval=hour")).await;
    assert_eq!(hours["points"][0]["date"], "2026-02-27T00:00");
    assert_eq!(hours["points"].as_array().unwrap().len(), 96);
    assert_eq!(get(&format!("peak-hours/?{time}")).await["peak_hour"], Value::Null);
    let compared = get(&format!("comparison/?{time}")).await;
    assert_eq!(compared["previous"]["date_from"], "2026-02-23", "{compared}");
    assert_eq!(compared["previous"]["date_to"], "2026-02-26");
    assert_eq!(get(&format!("regions/?{time}")).await["regions"][0]["total_orders"], 0);
    for (query, field) in [
        ("date_from=2026-02-30", "date_from"),
        ("date_from=2026-03-02&date_to=2026-03-01", "date_to"),
        ("date_from=2024-01-01&date_to=2026-03-01", "date_from"),
        ("region_id=7", "region_id"),
    ] {
        let path = format!("/api/analytics/metrics/?{query}");
        let (status, refused) = town.desk.call(Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {refused}");
        assert!(refused[field][0].is_string() && refused["error"].is_string(), "{refused}");
    }
}
