//! What is wanted in a region makes its orders dearer, and nobody else's.

use reqwest::StatusCode;
use serde_json::json;

use super::numbers::{NORTH, order_at, second_region};
use super::{Somebody, Town};
use crate::support::backends;

async fn surge_of(passenger: &Somebody, order: &str) -> (f64, f64) {
    let path = format!("/api/orders/{order}/calculate-quote/");
    let (status, quoted) = passenger.user.post(&path, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{quoted}");
    (quoted["surge_multiplier"].as_f64().unwrap(), quoted["quote"].as_f64().unwrap())
}

#[actix_web::test]
async fn the_surge_of_the_region_in_whose_polygon_a_pickup_lies_applies() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let north = second_region(&town).await;
        let passenger = town.passenger(1).await;
        // Two couriers wait in each of both, for one order here and six there.
        for n in 0..2 {
            town.driver_at(n, 55.77, 37.65).await;
            super::numbers::driver_of(&town, &north, n, NORTH).await;
        }
        let here = order_at(&town, &passenger, 55.77).await;
        let mut there = String::new();
        for _ in 0..6 {
            there = order_at(&town, &passenger, NORTH).await;
        }
        let before = surge_of(&passenger, &there).await;
        assert_eq!(before.0, 1.0, "it has not been looked at for a minute");
        // A minute later: 0.7 of 1 and 0.3 of 1 + half of what two couriers have beyond one order each.
        town.app.behind_its_back("UPDATE surges SET at = at - 61000").await;
        let (surge, price) = surge_of(&passenger, &there).await;
        assert_eq!(surge, 1.3);
        assert!(price > before.1 * 1.25, "{price} after {}", before.1);
        assert_eq!(surge_of(&passenger, &here).await.0, 1.0, "there is no crowd here");
    }
}
