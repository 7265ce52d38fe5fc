//! The older messenger's contract, word for word.

use reqwest::Method;
use serde_json::{Value, json};

use super::said;
use crate::identity::with_phone;
use crate::support::{TestApp, TestUser, backends};
use crate::uploads::{samples, upload};

fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Registers somebody and signs them in, as the older client does.
async fn register(app: &TestApp, outbox: &std::path::Path, name: &str, phone: &str) -> (TestUser, Value) {
    let nobody = app.anonymous();
    let (status, answer) =
        nobody.post("/api/auth/register", json!({ "display_name": name, "phone": phone })).await;
    assert_eq!((status.as_u16(), &answer), (200, &json!({ "success": true })));
    let code = std::fs::read_to_string(outbox.join(format!("send.{phone}"))).unwrap();
    let (status, answer) =
        nobody.post("/api/auth/verify-code", json!({ "phone": phone, "code": code.trim() })).await;
    assert_eq!((status.as_u16(), &answer["success"]), (200, &json!(true)), "{answer}");
    let data = &answer["data"];
    let mut user = nobody.with_token(data["token"].as_str().unwrap());
    user.id = data["user"]["id"].as_str().unwrap().to_owned();
    (user, data.clone())
}

#[actix_web::test]
async fn people_register_find_each_other_and_talk() {
    for backend in backends() {
        let (app, outbox) = with_phone(backend).await;
        let (anna, session) = register(&app, outbox.path(), "Анна Орёл", "+79001110001").await;
        let (ivan, _) = register(&app, outbox.path(), "Иван", "+79001110002").await;
        assert_eq!(members(&session["user"]), ["display_name", "id", "phone", "username"]);
        assert_eq!(
            (&session["user"]["display_name"], &session["user"]["phone"]),
            (&json!("Анна Орёл"), &json!("+79001110001"))
        );
        assert!(session["refresh_token"].is_string());
        let (status, wrong) = app
            .anonymous()
            .post("/api/auth/verify-code", json!({ "phone": "+79001110001", "code": "000000" }))
            .await;
        assert_eq!(
            (status.as_u16(), &wrong["success"], wrong["error"].is_string()),
            (401, &json!(false), true)
        );
        let (status, again) =
            app.anonymous().post("/api/auth/request-code", json!({ "phone": "+79001110001" })).await;
        assert!(status == 200 && again == json!({ "success": true }) || status == 429, "{again}");

        let profile = anna.get("/api/profile").await;
        assert_eq!(
            members(&profile["data"]),
            ["avatar_url", "bio", "created_at", "display_name", "id", "last_seen", "phone", "username"]
        );
        let change = json!({ "display_name": "Анна Орлова", "bio": "Летаю каждую неделю" });
        let (status, changed) = anna.call(Method::PUT, "/api/profile", Some(change)).await;
        assert_eq!((status.as_u16(), &changed["data"]["bio"]), (200, &json!("Летаю каждую неделю")));
        let taken = json!({ "username": "anna_orlova" });
        assert_eq!(anna.call(Method::PUT, "/api/profile", Some(taken.clone())).await.0, 200);
        let (status, refused) = ivan.call(Method::PUT, "/api/profile", Some(taken)).await;
        assert_eq!(
            (status.as_u16(), &refused["code"], &refused["success"]),
            (409, &json!("username_taken"), &json!(false))
        );
        for bad in ["ab", "1abc", "имя_имя", "user_0123456789abcdef"] {
            let (status, _) = ivan.call(Method::PUT, "/api/profile", Some(json!({ "username": bad }))).await;
            assert_eq!(status, 422, "{bad}");
        }
        let (status, picture) = upload(&anna, "/api/profile/avatar", &samples::jpeg(32, 32)).await;
        assert_eq!((status, members(&picture)), (200, vec!["avatar_url", "success"]));

        // Any case, ё as е, words in any order, usernames, without oneself.
        for query in ["орл", "ОРЛОВА", "анна орл", "орл анн", "anna_or", "@anna_orlova"]
        {
            let (status, found) = search(&ivan, query).await;
            assert_eq!((status, found.len()), (200, 1), "{query}: {found:?}");
            assert_eq!(
                members(&found[0]),
                ["avatar_url", "bio", "display_name", "id", "last_seen", "username"]
            );
        }
        assert_eq!(search(&anna, "орл").await.1, Vec::<Value>::new(), "not oneself");
        assert_eq!(search(&ivan, "Орёл").await.1, Vec::<Value>::new(), "she is called otherwise now");
        assert_eq!(search(&ivan, "о").await.0, 422);
        let generated = ivan.get("/api/profile").await["data"]["username"].as_str().unwrap().to_owned();
        assert_eq!(search(&anna, &generated).await.1.len(), 1);
        assert!(!search(&anna, "79001110002").await.1.iter().any(|one| one.to_string().contains("7900")));

        let open = json!({ "other_user_id": anna.id });
        let (_, chat) = ivan.post("/api/chats", open.clone()).await;
        assert_eq!(ivan.post("/api/chats", open).await.1["data"]["id"], chat["data"]["id"]);
        for member in ["id", "user1", "user2", "created_at", "updated_at", "unread"] {
            assert!(!chat["data"][member].is_null(), "{member}");
        }
        assert!(chat["data"]["last_message"].is_null());
        let id = chat["data"]["id"].as_str().unwrap();
        let sent = said(&ivan, id, "Добрый день").await;
        for member in ["id", "chat_id", "sender_id", "sender", "content", "is_read", "created_at"] {
            assert!(!sent[member].is_null(), "{member}");
        }
        let list = anna.get("/api/chats").await;
        assert_eq!((&list["success"], &list["data"][0]["unread"]), (&json!(true), &json!(1)));
        assert_eq!(list["data"][0]["last_message"]["content"], "Добрый день");
        let shown = anna.get(&format!("/api/chats/{id}/messages?limit=10")).await;
        assert_eq!((&shown["success"], shown["data"].as_array().unwrap().len()), (&json!(true), 1));
        assert_eq!(anna.get("/api/chats").await["data"][0]["unread"], 0);
        // The session is an ordinary one.
        assert_eq!(anna.post("/api/auth/logout", json!({})).await.0.as_u16() / 100, 2);
    }
}

async fn search(who: &TestUser, query: &str) -> (u16, Vec<Value>) {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let (status, answer) = who.call(Method::GET, &format!("/api/users/search?query={query}"), None).await;
    (status.as_u16(), answer["data"].as_array().cloned().unwrap_or_default())
}
