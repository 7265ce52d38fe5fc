//! A person who is no party to a chat receives nothing of it, by no way there is.

use peerpack::auth::Role;
use peerpack::ws::wire::{ChatReadUpTo, ChatSend, ClientMessage, OfChat, Topic};
use peerpack_actors::ports::Store;
use reqwest::Method;
use serde_json::json;

use super::{chat_of, said, say};
use crate::support::{TestApp, backends};
use crate::uploads::{samples, upload};

#[actix_web::test]
async fn x_40_a_third_person_receives_nothing_by_any_way() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let [anna, ivan, vera] =
            [app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Vera").await];
        let chat = chat_of(&anna, &ivan).await;
        let mut veras = vera.connect().await;
        let first = said(&anna, &chat, "только для Ивана").await;
        let message = first["id"].as_str().unwrap();
        for (method, path, body) in [
            (Method::GET, format!("/api/chats/{chat}"), None),
            (Method::GET, format!("/api/chats/{chat}/messages"), None),
            (Method::GET, format!("/api/chats/{chat}/messages?before={message}"), None),
            (Method::GET, format!("/api/chats/{chat}/pictures/{message}"), None),
            (Method::POST, format!("/api/chats/{chat}/read"), Some(json!({ "up_to": 1 }))),
            (Method::POST, format!("/api/chats/{chat}/typing"), None),
            (Method::POST, format!("/api/chats/{chat}/block"), None),
            (Method::DELETE, format!("/api/chats/{chat}/block"), None),
            (Method::POST, format!("/api/chats/{chat}/report"), Some(json!({ "reason": "так" }))),
            (Method::POST, "/api/messages".to_owned(), Some(json!({ "chat_id": chat, "content": "я тут" }))),
        ] {
            let (status, answer) = vera.call(method.clone(), &path, body).await;
            assert_eq!((status.as_u16(), &answer["code"]), (403, &json!("not_a_member")), "{method} {path}");
            assert_eq!((&answer["success"], answer["error"].is_string()), (&json!(false), true), "{answer}");
            assert!(!answer.to_string().contains("Ивана"));
        }
        assert_eq!(upload(&vera, &format!("/api/chats/{chat}/pictures"), &samples::jpeg(8, 8)).await.0, 403);
        // A picture of one chat is none of another, though one is a member there.
        let (_, kept) = upload(&anna, &format!("/api/chats/{chat}/pictures"), &samples::jpeg(8, 8)).await;
        let picture = kept["data"]["picture_id"].as_str().unwrap();
        anna.post("/api/messages", json!({ "chat_id": chat, "picture_id": picture })).await;
        let other = chat_of(&vera, &anna).await;
        for path in [
            format!("/api/chats/{other}/pictures/{picture}"),
            format!("/api/avatars/{picture}"),
            format!("/api/post-pictures/{picture}"),
        ] {
            assert_eq!(vera.call_raw(Method::GET, &path, &[], vec![]).await.0, 404, "{path}");
        }
        let foreign = format!("/api/chats/{other}/messages?before={message}");
        assert_eq!(vera.call(Method::GET, &foreign, None).await.0, 422, "a message of another chat");
        let chat_id = chat.parse().unwrap();
        let send =
            ChatSend {
                chat_id, client_msg_id: "v".to_owned(), text: "я тут".to_owned(), picture_id: None
            };
        for command in [
            ClientMessage::ChatSend(send),
            ClientMessage::ChatRead(ChatReadUpTo { chat_id, up_to: 1 }),
            ClientMessage::ChatTyping(OfChat { chat_id }),
            ClientMessage::Subscribe(Topic { trip_id: None, package_id: None, chat_id: Some(chat_id) }),
        ] {
            assert_eq!(veras.command(command).await, ("error".to_owned(), Some("not_a_member".to_owned())));
        }
        for path in ["/api/chats", "/api/sync", "/api/user/notifications"] {
            let list = vera.get(path).await.to_string();
            assert!(!list.contains("Ивана") && !list.contains(&chat), "{path}: {list}");
        }
        // Hers alone is what she opened herself.
        veras.take_in();
        assert!(veras.events.is_empty(), "{:?}", veras.events);
        assert_eq!(app.app.database.position(vera.id.parse().unwrap()).await.unwrap().top, 0);
        // Nor do operators look without a report.
        let reviewer = app.sign_in_with_role("Olga", Role::Admin).await;
        let (status, _) = reviewer.call(Method::GET, &format!("/api/chats/{chat}/messages"), None).await;
        assert_eq!(status, 403);
        assert_eq!(reviewer.get("/api/admin/chat-reports").await["reports"], json!([]));
        let nobody = app.anonymous();
        assert_eq!(nobody.call(Method::GET, &format!("/api/chats/{chat}"), None).await.0, 401);
        assert_eq!(say(&ivan, &chat, "я здесь").await.0, 200, "the two go on");
    }
}
