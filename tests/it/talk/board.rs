//! The board: what everybody reads, and who may change it.

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends};
use crate::uploads::{samples, upload};

async fn put_up(who: &TestUser, body: Value) -> Value {
    let (status, post) = who.post_patiently("/api/posts", body).await;
    assert_eq!(status, StatusCode::CREATED, "{post}");
    post
}

fn ids(list: &Value) -> Vec<String> {
    list["posts"].as_array().unwrap().iter().map(|post| post["id"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn everybody_reads_the_board_newest_first_and_page_by_page() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        let mut put = Vec::new();
        for n in 0..7 {
            put.push(
                put_up(&anna, json!({ "text": format!("пост {n}") })).await["id"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        put.reverse();
        let nobody = app.anonymous();
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = nobody.call(Method::GET, &format!("/api/posts?limit=3{cursor}"), None).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            found.extend(ids(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, put);
        // What comes after a restart is what was there before.
        let app = app.restart().await;
        assert_eq!(ids(&anna.moved_to(&app.url).get("/api/posts").await), put);
    }
}

#[actix_web::test]
async fn a_list_that_has_not_changed_is_304_and_every_change_is_seen_at_once() {
    let app = TestApp::start(crate::support::Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let post = put_up(&anna, json!({ "text": "Лечу в Дубай" })).await;
    let look = async |tag: &str| {
        let headers = [("if-none-match", tag)];
        let (status, headers, body) = ivan.call_with(Method::GET, "/api/posts", &headers, None).await;
        (status.as_u16(), headers["etag"].to_str().unwrap().to_owned(), body)
    };
    let (status, tag, _) = look("\"none\"").await;
    assert_eq!(status, 200);
    assert_eq!(look(&tag).await.0, 304);
    let path = format!("/api/posts/{}", post["id"].as_str().unwrap());
    let (status, _, edited) = anna
        .call_with(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(json!({ "text": "Лечу завтра" })))
        .await;
    assert_eq!((status.as_u16(), &edited["text"]), (200, &json!("Лечу завтра")));
    let (status, newer, list) = look(&tag).await;
    assert_eq!((status, &list["posts"][0]["text"]), (200, &json!("Лечу завтра")));
    assert_ne!(newer, tag);
    let stale =
        anna.call_with(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(json!({ "text": "?" }))).await;
    assert_eq!(stale.0, StatusCode::PRECONDITION_FAILED);
    for (method, body) in [(Method::PATCH, Some(json!({ "text": "моё" }))), (Method::DELETE, None)] {
        assert_eq!(ivan.call(method, &path, body).await.0, StatusCode::NOT_FOUND, "another's");
    }
    assert_eq!(anna.call(Method::DELETE, &path, None).await.0, StatusCode::OK);
    assert_eq!(look(&newer).await.2["posts"], json!([]));
    assert_eq!(ivan.call(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_post_names_only_what_is_its_authors_and_hides_contacts() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let body =
            json!({ "text": "Еду, 8 916 123-45-67", "from": "Москва", "to": "Казань", "trip_id": trip });
        assert_eq!(anna.post("/api/posts", body.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let post = put_up(&ivan, body).await;
        assert_eq!((&post["text"], &post["trip_id"]), (&json!("Еду, •••"), &json!(trip)));
        for bad in [
            json!({ "text": "" }),
            json!({ "text": "я".repeat(2_001) }),
            json!({ "text": "x", "from": "Нигде-нигде" }),
            json!({ "text": "x", "trip_id": trip, "package_id": trip }),
        ] {
            assert_eq!(
                ivan.post("/api/posts", bad.clone()).await.0,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{bad}"
            );
        }
        put_up(&anna, json!({ "text": "Везу из Сочи", "from": "Сочи" })).await;
        let near = anna.get("/api/posts?from=%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0").await;
        assert_eq!(ids(&near), [post["id"].as_str().unwrap()]);
        // The picture is its author's, and everybody's once it is shown.
        let (_, kept) = upload(&anna, "/api/post-pictures", &samples::jpeg(16, 16)).await;
        let picture = json!({ "text": "с картинкой", "picture_id": kept["picture_id"] });
        assert_eq!(ivan.post("/api/posts", picture.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let url = format!("/api/post-pictures/{}", kept["picture_id"].as_str().unwrap());
        assert_eq!(ivan.call_raw(Method::GET, &url, &[], vec![]).await.0, StatusCode::NOT_FOUND);
        put_up(&anna, picture).await;
        assert_eq!(ivan.call_raw(Method::GET, &url, &[], vec![]).await.0, StatusCode::OK);
    }
}

#[actix_web::test]
async fn what_people_object_to_is_looked_at_and_taken_down_with_a_reason() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let [anna, ivan, vera] =
            [app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Vera").await];
        let post = put_up(&anna, json!({ "text": "Куплю всё" })).await;
        let id = post["id"].as_str().unwrap();
        for who in [&ivan, &vera, &ivan] {
            let path = format!("/api/posts/{id}/report");
            assert_eq!(who.post(&path, json!({ "reason": "реклама" })).await.0, StatusCode::OK);
        }
        assert_eq!(ivan.call(Method::GET, "/api/admin/posts", None).await.0, StatusCode::FORBIDDEN);
        let reviewer = app.sign_in_with_role("Olga", Role::Dispatcher).await;
        let queue = reviewer.get("/api/admin/posts").await;
        assert_eq!((&queue["posts"][0]["reports"], queue["posts"].as_array().unwrap().len()), (&json!(2), 1));
        let hide = format!("/api/admin/posts/{id}/hide");
        assert_eq!(reviewer.post(&hide, json!({ "reason": "реклама" })).await.0, StatusCode::OK);
        assert_eq!(ivan.get("/api/posts").await["posts"], json!([]));
        assert_eq!(ivan.call(Method::GET, &format!("/api/posts/{id}"), None).await.0, StatusCode::NOT_FOUND);
        let own = anna.get("/api/posts?mine=true").await;
        assert_eq!(
            (&own["posts"][0]["status"], &own["posts"][0]["reason"]),
            (&json!("hidden"), &json!("реклама"))
        );
        assert_eq!(reviewer.get("/api/admin/posts").await["posts"], json!([]));
        assert_eq!(reviewer.post(&format!("/api/admin/posts/{id}/show"), json!({})).await.0, StatusCode::OK);
        assert_eq!(ids(&ivan.get("/api/posts").await), [id]);
        assert_eq!(
            app.anonymous().call(Method::GET, "/api/posts?mine=true", None).await.0,
            StatusCode::UNAUTHORIZED
        );
    }
}
