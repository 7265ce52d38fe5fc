//! Couriers find packages whose senders choose, and hear of new ones.

use peerpack_actors::stream::StreamEvent;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends, day};

async fn find(courier: &TestUser, query: &str) -> (Vec<Value>, Option<String>) {
    let found = courier.get(&format!("/api/packages?{query}")).await;
    let cursor = found["next_cursor"].as_str().map(str::to_owned);
    (found["packages"].as_array().unwrap().clone(), cursor)
}

fn ids(found: &[Value]) -> Vec<&str> {
    found.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn couriers_find_what_suits_their_trips_or_goes_a_way_and_no_address_of_it() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({ "stops": ["Владимир"] })).await;
        let later = ivan.publish_trip("Москва", "Казань", json!({ "date": day(4) })).await;
        let choose = |more: Value| {
            let mut body = json!({ "mode": "choose", "description": "Ваза" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let whole = anna.publish_package("Москва", "Казань", choose(json!({}))).await;
        let part = anna.publish_package("Владимир", "Казань", choose(json!({ "reward": 300 }))).await;
        // Too heavy, another way, offered by the engine, one's own: not found.
        anna.publish_package("Москва", "Казань", choose(json!({ "weight_g": 900_000 }))).await;
        let elsewhere = anna.publish_package("Самара", "Уфа", choose(json!({}))).await;
        anna.publish_package("Москва", "Казань", json!({ "description": "Книги" })).await;
        ivan.publish_package("Москва", "Казань", choose(json!({}))).await;

        let (found, cursor) = find(&ivan, &format!("trip_id={trip}")).await;
        assert_eq!((ids(&found), cursor), (vec![whole.as_str(), part.as_str()], None));
        let one = &found[0];
        assert_eq!(
            (&one["from"], &one["to"], &one["reward"], &one["sender_name"], &one["trip_id"]),
            (&json!("Москва"), &json!("Казань"), &json!(500.0), &json!("Анна"), &json!(trip))
        );
        assert_eq!((&one["pickup"]["place"], &one["weight_g"]), (&json!("Москва"), &json!(1_000)));
        let told = one.to_string();
        assert!(
            !told.contains("Ленина") && !told.contains("Мира"),
            "where people live is nobody's business: {told}"
        );

        // All of one's trips, the soonest counts; a way; one end of it.
        let (found, _) = find(&ivan, "").await;
        assert_eq!((ids(&found), &found[1]["trip_id"]), (vec![whole.as_str(), part.as_str()], &json!(trip)));
        let (found, _) = find(&ivan, &format!("trip_id={later}")).await;
        assert_eq!(found[0]["trip_id"], later);
        let (found, _) = find(&ivan, "from=Владимир&to=Казань").await;
        assert_eq!((ids(&found), found[0].get("trip_id")), (vec![part.as_str()], None));
        assert_eq!(ids(&find(&ivan, "from=Самара").await.0), [elsewhere.as_str()]);
        assert_eq!(ids(&find(&ivan, "to=Уфа").await.0), [elsewhere.as_str()]);
        assert_eq!(ids(&find(&app.sign_in("Олег").await, "").await.0), Vec::<&str>::new());

        // Responded to, or called off: not to be found any more.
        let body = json!({ "price": 450, "comment": "Возьму", "trip_id": trip });
        let (status, _) = ivan.post(&format!("/api/packages/{whole}/responses"), body).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(ids(&find(&ivan, "").await.0), [part.as_str()]);
        anna.put(&format!("/api/packages/{part}/cancel")).await;
        assert_eq!(ids(&find(&ivan, "").await.0), Vec::<&str>::new());
        app.audit().await;
    }
}

#[actix_web::test]
async fn what_is_asked_for_in_vain_is_said_to_be_wrong() {
    let app = TestApp::start(backends()[0]).await;
    let (ivan, oleg) = (app.sign_in("Иван").await, app.sign_in("Олег").await);
    let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
    let table = [
        (&ivan, "from=Нигдеево".to_owned(), 422, "from"),
        (&ivan, format!("trip_id={trip}&from=Москва"), 422, "trip_id"),
        (&ivan, "cursor=7".to_owned(), 400, "cursor"),
        (&oleg, format!("trip_id={trip}"), 404, ""),
        (&ivan, "trip_id=7".to_owned(), 404, ""),
    ];
    for (who, query, expected, field) in table {
        let (status, answer) = who.call(Method::GET, &format!("/api/packages?{query}"), None).await;
        assert_eq!(status.as_u16(), expected, "{query}: {answer}");
        assert!(field.is_empty() || answer["fields"].get(field).is_some(), "{query}: {answer}");
    }
}

#[actix_web::test]
async fn pages_shift_nothing_and_come_to_an_end() {
    let app = TestApp::start(backends()[0]).await;
    let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
    ivan.publish_trip("Москва", "Казань", json!({ "capacity": "xl" })).await;
    let mut published = Vec::new();
    for n in 0..45 {
        let body = json!({ "mode": "choose", "description": format!("Посылка {n}") });
        published.push(anna.publish_package("Москва", "Казань", body).await);
    }
    for way in ["", "from=Москва&to=Казань"] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let next = cursor.map_or(String::new(), |cursor: String| format!("&cursor={cursor}"));
            let (found, after) = find(&ivan, format!("{way}{next}").trim_start_matches('&')).await;
            seen.extend(ids(&found).into_iter().map(str::to_owned));
            pages += 1;
            assert!(found.len() <= 20 && pages <= 4);
            match after {
                Some(after) => cursor = Some(after),
                None => break,
            }
        }
        assert_eq!(seen, published, "{way}");
    }
}

#[actix_web::test]
async fn couriers_hear_of_a_new_package_that_suits_them_and_not_of_too_many() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, oleg) =
            (app.sign_in("Анна").await, app.sign_in("Иван").await, app.sign_in("Олег").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        ivan.publish_trip("Москва", "Казань", json!({ "date": day(4) })).await;
        oleg.publish_trip("Самара", "Уфа", json!({})).await;
        let mut ivans = ivan.connect().await;
        let body = json!({ "mode": "choose", "description": "Ваза", "reward": 700 });
        let package = anna.publish_package("Москва", "Казань", body).await;
        let heard = ivans
            .event("package.available", |event| match event {
                StreamEvent::PackageAvailable(found) => Some((**found).clone()),
                _ => None,
            })
            .await;
        assert_eq!(
            (heard.package.id.to_string(), heard.trip_id.to_string()),
            (package.clone(), trip.clone())
        );
        assert_eq!((heard.reward, heard.package.description.as_str()), (700.0, "Ваза"));
        let notified = async |user: &TestUser| {
            let all = user.get("/api/user/notifications").await;
            let list = all["notifications"].as_array().unwrap();
            let of_kind = list.iter().filter(|one| one["type"] == "new_package_available");
            of_kind.cloned().collect::<Vec<_>>()
        };
        let told = notified(&ivan).await;
        assert_eq!(told.len(), 1, "of two trips that suit, once");
        assert_eq!(
            (&told[0]["action_url"], &told[0]["package_description"], &told[0]["reward"], &told[0]["route"]),
            (&json!(format!("/package/{package}")), &json!("Ваза"), &json!(700.0), &json!("Москва → Казань"))
        );
        assert_eq!(told[0]["message"], "Можно взять в поездку Москва → Казань: Ваза, 700 ₽");
        assert_eq!(notified(&oleg).await, Vec::<Value>::new());

        // One that is meant for one courier is nobody else's news.
        let oleg_too = oleg.publish_trip("Москва", "Казань", json!({})).await;
        let flat = json!({ "message": "Возьмёте?", "reward": 900, "packageDescription": "Торт" });
        let (status, _) = anna.post(&format!("/api/couriers/{oleg_too}/send-package"), flat).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(notified(&ivan).await.len(), 1);
        assert_eq!(ids(&find(&ivan, &format!("trip_id={trip}")).await.0), [package.as_str()]);
        for n in 0..10 {
            let body = json!({ "mode": "choose", "description": format!("Посылка {n}") });
            anna.publish_package("Москва", "Казань", body).await;
        }
        assert_eq!(notified(&ivan).await.len(), 6, "six in an hour");
        app.audit().await;
    }
}
