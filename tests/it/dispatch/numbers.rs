//! Numbers of the desk: what they say is what looking at every order comes to.

use std::collections::BTreeMap;

use peerpack::auth::Role;
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
        "total_offers",
        "accepted_offers",
        "declined_offers",
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
            add("total_offers", 1.0);
            match offer["status"].as_str().unwrap() {
                "accepted" => add("accepted_offers", 1.0),
                "declined" => add("declined_offers", 1.0),
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

/// In which state orders are and whom they are for, and the means that are of orders: by looking at each.
async fn check_mix(town: &Town, told: &Value) {
    let all = town.desk.get("/api/orders/?page_size=100").await;
    let all = all["results"].as_array().unwrap();
    let mut states = BTreeMap::new();
    for order in all {
        *states.entry(order["status"].as_str().unwrap()).or_insert(0) += 1;
    }
    let told_states: BTreeMap<&str, i64> = told["status_distribution"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["status"].as_str().unwrap(), one["count"].as_i64().unwrap()))
        .collect();
    assert_eq!(told_states, states, "{told}");
    assert_eq!(
        told["disability_distribution"],
        json!([{ "passenger__disability_category": "I группа", "count": all.len() }])
    );
    let done: Vec<&Value> = all.iter().filter(|order| order["status"] == "completed").collect();
    let mean =
        |of: &dyn Fn(&Value) -> f64| done.iter().map(|order| of(order)).sum::<f64>() / done.len() as f64;
    let near = |name: &str, expected: f64| {
        let told = told[name].as_f64().unwrap();
        assert!((told - expected).abs() < 1e-6, "{name}: {told} {expected}");
    };
    near("avg_quote", mean(&|order| order["estimated_price"].as_f64().unwrap()));
    near("avg_final_price", mean(&|order| order["final_price"].as_f64().unwrap()));
    let at =
        |text: &Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond() as f64;
    near(
        "avg_duration_minutes",
        mean(&|order| (at(&order["completed_at"]) - at(&order["created_at"])) / 60_000.0),
    );
    assert!(told["orders_with_surge"].is_i64() && told["active_drivers"] == 2, "{told}");
    assert!(told["avg_surge_multiplier"].as_f64() >= Some(1.0), "{told}");
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
            (&metrics["drivers_total"], &metrics["online_drivers"]),
            (&json!(3), &json!(2)),
            "{metrics}"
        );
        assert_eq!(metrics["time_zone"], "Europe/Moscow");
        // Three done of eight that ended: one was called off twice.
        let ended = all["completed_orders"] + all["cancelled_orders"] + all["rejected_orders"];
        assert_eq!(metrics["success_rate"].as_f64(), Some(300.0 / ended), "{metrics}");
        check_mix(&town, &metrics).await;
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
        let regions = regions.as_array().unwrap();
        assert_eq!(regions.len(), 2);
        for region in regions {
            assert_eq!(region["orders_count"], region["total_orders"]);
            assert_eq!(region["completed_count"], region["completed_orders"]);
            let is_north = region["region_id"] == north.as_str();
            assert_eq!(region["region_title"], if is_north { "Север" } else { "Центр" });
            check(region, if is_north { &of_north } else { &of_centre });
        }

        // Whatever the step, all of them together are all there is; today is in the last one.
        for (interval, least, most) in
            [("hour", 30 * 24, 30 * 24), ("day", 30, 30), ("week", 5, 6), ("month", 1, 3)]
        {
            let series = get(&format!("time-series/?granularity={interval}")).await;
            assert_eq!(series, get(&format!("time-series/?interval={interval}")).await);
            let points = series.as_array().unwrap();
            assert!((least..=most).contains(&points.len()), "{interval}: {}", points.len());
            for name in ["total_orders", "completed_orders", "total_offers", "revenue"] {
                let sum: f64 = points.iter().map(|point| point[name].as_f64().unwrap()).sum();
                assert!((sum - all[name]).abs() < 1e-6, "{name} by {interval}: {sum}");
            }
            let begins: Vec<&str> = points.iter().map(|point| point["period"].as_str().unwrap()).collect();
            assert!(begins.is_sorted(), "{begins:?}");
        }
        let series = get(&format!("time-series/?region_id={north}")).await;
        let last = series.as_array().unwrap().last().unwrap();
        let moscow = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::get("Europe/Moscow").unwrap());
        if moscow.hour() > 0 {
            check(last, &of_north);
            assert_eq!(last["date"], moscow.date().to_string().as_str());
        }

        let peak = get("peak-hours/").await;
        let hours = peak.as_array().unwrap();
        let clocks: Vec<&str> = hours.iter().map(|hour| hour["hour"].as_str().unwrap()).collect();
        assert_eq!((clocks.len(), clocks[0], clocks[23]), (24, "00:00", "23:00"));
        assert_eq!(hours.iter().map(|hour| hour["orders"].as_i64().unwrap()).sum::<i64>(), 8);

        let drivers = get("drivers/").await;
        assert_eq!(
            (&drivers["drivers_total"], &drivers["active_drivers"]),
            (&json!(3), &json!(2)),
            "{drivers}"
        );
        assert_eq!((&drivers["accepted_offers"], &drivers["completed_orders"]), (&json!(1), &json!(3)));
        let performance = get("driver-performance/").await;
        let seen: Vec<(i64, i64)> = performance
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["driver_id"].as_i64().unwrap(), one["orders"].as_i64().unwrap()))
            .collect();
        assert_eq!(seen, [(ivan.number, 2), (oleg.number, 1), (idle.number, 0)], "{performance}");
        assert_eq!(performance[0]["cancelled_by_driver"], 1);
        assert_eq!(
            (&performance[0]["acceptance_rate"], &performance[0]["rating"]),
            (&json!(100.0), &json!(4.7))
        );
        assert_eq!(performance[2]["acceptance_rate"], 0.0, "a number for who was not asked, too");
        let drivers_of = async |query: String| -> Vec<i64> {
            let found = get(&format!("driver-performance/?{query}")).await;
            found.as_array().unwrap().iter().map(|one| one["driver_id"].as_i64().unwrap()).collect()
        };
        assert_eq!(drivers_of("limit=1".to_owned()).await, [ivan.number]);
        assert_eq!(drivers_of(format!("region_id={north}")).await, [oleg.number]);
        assert_eq!(drivers_of(format!("driver_id={}", idle.number)).await, [idle.number]);
        assert_eq!(get(&format!("drivers/?driver_id={}", oleg.number)).await["completed_orders"], 1);

        let comparison = get("comparison/?").await;
        check(&comparison["current"], &all);
        assert_eq!(comparison["previous"]["total_orders"], 0);
        assert_eq!(comparison["changes"]["orders"], Value::Null, "{comparison}");

        let (status, headers, file) =
            town.desk.call_raw(Method::GET, "/api/analytics/export/", &[], Vec::new()).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (StatusCode::OK, &"text/csv; charset=utf-8".parse().unwrap())
        );
        let text = String::from_utf8(file).unwrap();
        assert_eq!(text.lines().count(), 31, "{text}");
        let sum = |text: &str, column: usize| -> i64 {
            let cell = |line: &str| line.split(',').nth(column).unwrap().parse::<i64>().unwrap();
            text.lines().skip(1).map(cell).sum()
        };
        assert_eq!(sum(&text, 3), 8, "{text}");
        for (kind, lines) in [("financial", 2), ("drivers", 3), ("orders", 8)] {
            let path = format!("/api/analytics/export/?type={kind}");
            let (status, _, file) = town.desk.call_raw(Method::GET, &path, &[], Vec::new()).await;
            let text = String::from_utf8(file).unwrap();
            assert_eq!((status, text.lines().count()), (StatusCode::OK, lines + 1), "{kind}: {text}");
            if kind != "orders" {
                assert_eq!(sum(&text, 4), 3, "what was done, {kind}: {text}");
            }
        }
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
        series.as_array().unwrap().iter().map(|point| point["date"].as_str().unwrap()).collect();
    assert_eq!(dates, ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
    assert!(series[0]["total"] == 0 && series[0]["success_rate"].is_null());
    let hours = get(&format!("time-series/?{time}&granularity=hour")).await;
    assert_eq!(hours[0]["date"], "2026-02-27T00:00");
    assert_eq!(hours.as_array().unwrap().len(), 96);
    // The same time by instants, as a browser in Moscow says it.
    let instants = "date_from=2026-02-26T21:00:00.000Z&date_to=2026-03-02T20:59:59.999Z";
    assert_eq!(get(&format!("time-series/?{instants}")).await, series);
    let metrics = get(&format!("metrics/?{time}")).await;
    assert_eq!((&metrics["status_distribution"], &metrics["avg_rating"]), (&json!([]), &Value::Null));
    let compared = get(&format!("comparison/?{time}")).await;
    assert_eq!(compared["previous"]["date_from"], "2026-02-23", "{compared}");
    assert_eq!(compared["previous"]["date_to"], "2026-02-26");
    assert_eq!(get(&format!("regions/?{time}")).await[0]["total_orders"], 0);
    for (query, field) in [
        ("date_from=2026-02-30", "date_from"),
        ("date_from=2026-03-02&date_to=2026-03-01", "date_to"),
        ("date_from=2024-01-01&date_to=2026-03-01", "date_from"),
        ("region_id=7", "region_id"),
    ] {
        let path = format!("/api/analytics/driver-performance/?{query}");
        let (status, refused) = town.desk.call(Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {refused}");
        assert!(refused[field][0].is_string() && refused["error"].is_string(), "{refused}");
    }
    // `limit` of a problem is a number of its own.
    let path = "/api/analytics/driver-performance/?limit=201";
    let (status, refused) = town.desk.call(Method::GET, path, None).await;
    assert_eq!((status, refused["fields"]["limit"].is_string()), (StatusCode::UNPROCESSABLE_ENTITY, true));
}

/// Orders that were cleared are not counted any more either.
#[actix_web::test]
async fn what_was_cleared_is_in_no_number() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        driven(&town, &town.order(&passenger).await, &driver).await;
        let metrics = async || town.desk.get("/api/analytics/metrics/").await;
        let before = metrics().await;
        assert_eq!((&before["completed_orders"], &before["active_drivers"]), (&json!(1), &json!(1)));
        let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
        let (status, cleared) = admin.post("/api/orders/clear-all/", json!({ "confirm": true })).await;
        assert_eq!((status, &cleared["deleted_count"]), (StatusCode::OK, &json!(1)), "{cleared}");
        let after = metrics().await;
        for none in ["total_orders", "completed_orders", "assignments", "active_drivers"] {
            assert_eq!(after[none], 0, "{none}: {after}");
        }
        assert_eq!((&after["revenue"], &after["status_distribution"]), (&json!(0.0), &json!([])), "{after}");
    }
}
