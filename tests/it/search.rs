//! Finding a courier: filters, orders, pages, and trips that only pass through.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends, day};

async fn find(user: &TestUser, query: &str) -> Vec<Value> {
    let found = user.get(&format!("/api/couriers?{query}")).await;
    found["couriers"].as_array().unwrap().clone()
}

fn names(found: &[Value]) -> Vec<&str> {
    found.iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn filters_and_orders_do_what_they_say() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let nobody = app.anonymous();
        for (name, price, transport, date, grams) in [
            ("Dear", 900, "car", day(2), 20_000),
            ("Cheap", 100, "bus", day(4), 20_000),
            ("Small", 500, "car", day(3), 1_000),
        ] {
            let more = json!({ "price": price, "transportType": transport, "date": date, "capacity_g": grams,
                "time": "08:00 → 22:00" });
            app.sign_in(name).await.publish_trip("Москва", "Казань", more).await;
        }
        let passing = app.sign_in("Passing").await;
        passing
            .publish_trip(
                "Смоленск",
                "Уфа",
                json!({ "stops": ["Москва", "Казань"], "date": day(5), "price": 300 }),
            )
            .await;
        let way = "from=Москва&to=Казань";
        let table = [
            ("", vec!["Dear", "Small", "Cheap", "Passing"]),
            ("&sort=price", vec!["Cheap", "Passing", "Small", "Dear"]),
            ("&max_price=500", vec!["Small", "Cheap", "Passing"]),
            ("&weight=medium", vec!["Dear", "Cheap", "Passing"]),
            ("&transport=bus", vec!["Cheap"]),
            ("&min_rating=1", vec![]),
            ("&sort=rating&transport=", vec!["Dear", "Small", "Cheap", "Passing"]),
        ];
        for (more, expected) in table {
            let found = find(&nobody, &format!("{way}{more}")).await;
            let mut found = names(&found);
            let mut expected = expected;
            if more.contains("sort=rating") {
                // Nobody is rated: the order is stable, and nothing more is promised.
                found.sort_unstable();
                expected.sort_unstable();
            }
            assert_eq!(found, expected, "{more}");
        }
        let dates = |from: i64, to: i64| format!("{way}&date_from={}&date_to={}", day(from), day(to));
        assert_eq!(names(&find(&nobody, &dates(3, 4)).await), ["Small", "Cheap"]);
        assert_eq!(
            names(&find(&nobody, &format!("{}&flex_days=1", dates(3, 3))).await),
            ["Dear", "Small", "Cheap"]
        );
        assert_eq!(names(&find(&nobody, "from=Казань&to=Уфа").await), ["Passing"]);
        assert!(find(&nobody, "from=Уфа&to=Казань").await.is_empty());
        assert_eq!(find(&nobody, "").await.len(), 4);
        assert_eq!(names(&find(&nobody, "from=Смоленск").await), ["Passing"]);
        for wrong in [
            "from=Масква",
            "weight=feather",
            "transport=rocket",
            "flex_days=99",
            "date_from=soon",
            "date_from=2027-02-02&date_to=2027-02-01",
            "max_price=-1",
        ] {
            let (status, body) = nobody.call(Method::GET, &format!("/api/couriers?{wrong}"), None).await;
            assert_eq!(status.as_u16(), 422, "{wrong}: {body}");
        }
        for wrong in ["sort=luck", "cursor=x", "cursor=1_x", "min_rating=x", "unknown=1"] {
            let (status, body) = nobody.call(Method::GET, &format!("/api/couriers?{wrong}"), None).await;
            assert_eq!(status.as_u16(), 400, "{wrong}: {body}");
        }
    }
}

#[actix_web::test]
async fn pages_show_everything_once_while_trips_come_and_go() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, nobody) = (app.sign_in("Ivan").await, app.anonymous());
        let mut trips = Vec::new();
        for n in 0..50 {
            let more = json!({ "price": n % 7 * 100, "date": day(2 + n % 3) });
            trips.push(ivan.publish_trip("Пермь", "Уфа", more).await);
        }
        let way = "from=Пермь&to=Уфа";
        let searches = [
            (way, "time"),
            (way, "price"),
            (way, "detour"),
            (way, "rating"),
            ("from=Пермь", "time"),
            ("to=Уфа", "time"),
            ("", "time"),
            ("from=Пермь", "price"),
        ];
        for (number, (way, sort)) in searches.into_iter().enumerate() {
            // The first cursor is one that a search gives which has found nothing yet and has more to look
            // at.
            let cursor = "0_00000000-0000-0000-0000-000000000000";
            let (mut seen, mut cursor, mut pages) = (Vec::new(), cursor.to_owned(), 0);
            loop {
                let path = format!("/api/couriers?{way}&sort={sort}&cursor={cursor}");
                let page = nobody.get(&path).await;
                for one in page["couriers"].as_array().unwrap() {
                    seen.push(one["id"].as_str().unwrap().to_owned());
                }
                pages += 1;
                if number == 0 && pages == 1 {
                    // Somebody whose trip was shown already goes away: the next page misses nobody.
                    ivan.put(&format!("/api/trips/{}/cancel", seen[0])).await;
                }
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            let gone = usize::from(number > 0);
            assert_eq!((seen.len(), pages), (50 - gone, 3), "{way} {sort}");
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), 50 - gone, "{way} {sort}");
        }
    }
}
