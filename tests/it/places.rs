//! Places over HTTP: what is suggested for what is typed, and cities with their districts and airports.

use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends, day};

async fn places(user: &TestUser, query: &str) -> Vec<Value> {
    let found = user.get(&format!("/api/cities{query}")).await;
    found["places"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn places_are_suggested_with_what_they_lie_in() {
    let app = TestApp::start(backends()[0]).await;
    let nobody = app.anonymous();
    let moscow = &places(&nobody, "?q=Москва").await[0];
    for (field, value) in [
        ("name_ru", "Москва"),
        ("region_ru", "Москва"),
        ("region_en", "Moscow"),
        ("country", "RU"),
        ("country_ru", "Россия"),
        ("country_en", "Russia"),
        ("kind", "town"),
    ] {
        assert_eq!(moscow[field], value, "{field}");
    }
    let airport = &places(&nobody, "?q=SVO").await[0];
    assert_eq!((&airport["kind"], &airport["city"]), (&json!("airport"), &moscow["id"]));
    for (typed, first) in [
        ("Vjcrdf", "Москва"),
        ("Масква", "Москва"),
        ("თბილისი", "Тбилиси"),
        ("Луга", "Луга"),
        ("Киров (Калужская обл.)", "Киров"),
    ] {
        assert_eq!(places(&nobody, &format!("?q={typed}")).await[0]["name_ru"], first, "{typed}");
    }
    assert_eq!(places(&nobody, "?q=Луга").await[0]["country"], "RU");
    let kirov = &places(&nobody, "?q=Киров, Калужская область").await[0];
    assert_eq!(kirov["region_ru"], "Калужская область");
}

#[actix_web::test]
async fn without_a_question_the_largest_at_home_come_first() {
    let app = TestApp::start(backends()[0]).await;
    let first = places(&app.anonymous(), "").await;
    let home = ["RU", "BY", "KZ", "UZ", "GE", "AM", "TR", "AE", "KG", "TJ", "TM", "AZ", "MD"];
    assert_eq!(first.len(), 20);
    assert!(first.iter().all(|place| home.contains(&place["country"].as_str().unwrap())), "{first:?}");
}

#[actix_web::test]
async fn a_trip_from_an_airport_is_found_in_its_city_and_the_other_way_round() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let nobody = app.anonymous();
        let more = |date| json!({ "date": date, "time": "08:00 → 22:00", "transportType": "train" });
        app.sign_in("Airport").await.publish_trip("Внуково", "Казань", more(day(2))).await;
        app.sign_in("Centre").await.publish_trip("Москва", "Казань", more(day(3))).await;
        app.sign_in("Elsewhere").await.publish_trip("Тверь", "Казань", more(day(4))).await;
        for way in
            ["from=Москва&to=Казань", "from=Внуково&to=Казань", "from=Москва", "from=Внуково", "from=Химки"]
        {
            let found = nobody.get(&format!("/api/couriers?{way}")).await;
            let names: Vec<&str> = found["couriers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["name"].as_str().unwrap())
                .collect();
            assert_eq!(names, ["Airport", "Centre"], "{way}");
        }
    }
}
