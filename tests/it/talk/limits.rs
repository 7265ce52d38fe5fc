//! What may be said to whom, how much of it, and what is done about those who say too much.

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{ask, chat_of, messages, said, say, texts};
use crate::support::{TestApp, backends};

#[actix_web::test]
async fn a_stranger_hears_three_words_and_then_has_to_answer() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let chat = chat_of(&anna, &ivan).await;
        for n in 1..=3 {
            said(&anna, &chat, &n.to_string()).await;
        }
        let (status, refused) = say(&anna, &chat, "ещё").await;
        assert_eq!((status, &refused["code"], &refused["limit"]), (409, &json!("awaits_answer"), &json!(3)));
        said(&ivan, &chat, "слушаю").await;
        for n in 4..=9 {
            said(&anna, &chat, &n.to_string()).await;
        }
        // A person with a request is no stranger.
        let vera = app.sign_in("Vera").await;
        ask(&anna, &vera, json!({})).await;
        let other = chat_of(&anna, &vera).await;
        for n in 1..=5 {
            said(&anna, &other, &n.to_string()).await;
        }
    }
}

#[actix_web::test]
async fn nobody_writes_to_more_strangers_a_day_than_they_may_nor_more_a_minute() {
    let more = [("PEERPACK_CHAT_STRANGERS_A_DAY", "2"), ("PEERPACK_CHAT_A_MINUTE", "5")];
    let app = TestApp::start_on(tempfile::tempdir().unwrap(), None, &more, Default::default()).await;
    let anna = app.sign_in("Anna").await;
    let mut chats = Vec::new();
    for name in ["Ivan", "Vera", "Oleg"] {
        chats.push(chat_of(&anna, &app.sign_in(name).await).await);
    }
    said(&anna, &chats[0], "раз").await;
    said(&anna, &chats[1], "два").await;
    let (status, refused) = say(&anna, &chats[2], "три").await;
    assert_eq!((status, &refused["code"]), (409, &json!("too_many_strangers")));
    for text in ["три", "четыре"] {
        said(&anna, &chats[0], text).await;
    }
    said(&anna, &chats[1], "пять").await;
    let headers = [("idempotency-key", "six")];
    let body = json!({ "chat_id": chats[1], "content": "шесть" });
    let (status, headers, refused) =
        anna.call_with(Method::POST, "/api/messages", &headers, Some(body)).await;
    assert_eq!((status.as_u16(), &refused["code"]), (429, &json!("too_many")));
    let wait: u32 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[actix_web::test]
async fn a_blocked_person_cannot_write_and_is_not_told_why() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        ask(&anna, &ivan, json!({})).await;
        let chat = chat_of(&anna, &ivan).await;
        said(&ivan, &chat, "первое").await;
        let block = format!("/api/chats/{chat}/block");
        for _ in 0..2 {
            assert_eq!(anna.call(Method::POST, &block, None).await.0, StatusCode::OK);
        }
        let (status, refused) = say(&ivan, &chat, "второе").await;
        assert_eq!((status, &refused["code"]), (403, &json!("cannot_write")));
        let chat_as_ivan_sees_it = ivan.get(&format!("/api/chats/{chat}")).await;
        assert_eq!(chat_as_ivan_sees_it["data"]["blocked"], false);
        assert_eq!(anna.get(&format!("/api/chats/{chat}")).await["data"]["blocked"], true);
        let (status, own) = say(&anna, &chat, "а я?").await;
        assert_eq!((status, &own["code"]), (409, &json!("blocked_by_you")));
        assert_eq!(anna.call(Method::DELETE, &block, None).await.0, StatusCode::OK);
        said(&ivan, &chat, "третье").await;
        assert_eq!(texts(&messages(&anna, &chat, "").await), ["первое", "третье"]);
    }
}

#[actix_web::test]
async fn a_report_freezes_what_was_said_and_the_first_decision_counts() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        ask(&anna, &ivan, json!({})).await;
        let chat = chat_of(&anna, &ivan).await;
        let rude = said(&ivan, &chat, "мой номер 89161234567, бегом").await;
        let path = format!("/api/chats/{chat}/report");
        let body = json!({ "reason": "грубит", "message_id": rude["id"] });
        let (status, first) = anna.post(&path, body.clone()).await;
        assert_eq!(status, StatusCode::OK, "{first}");
        assert_eq!(anna.post(&path, body).await.1["data"], first["data"], "one waits at a time");
        let foreign = json!({ "reason": "не то", "message_id": "01900000-0000-7000-8000-000000000001" });
        assert_eq!(ivan.post(&path, foreign).await.0, StatusCode::NOT_FOUND);
        said(&ivan, &chat, "а это было потом").await;
        // Even what is forgotten stays in it.
        let tomorrow = app.app.clock.now() + peerpack_actors::time::Span::days(1);
        app.app.database.prune_messages(tomorrow).await.unwrap();
        let reviewer = app.sign_in_with_role("Olga", Role::Dispatcher).await;
        let queue = reviewer.get("/api/admin/chat-reports").await;
        let report = &queue["reports"][0];
        assert_eq!((&report["reporter_id"], &report["accused_id"]), (&json!(anna.id), &json!(ivan.id)));
        let evidence = report["evidence"].as_array().unwrap();
        assert_eq!(evidence.len(), 1);
        assert_eq!(evidence[0]["content"], "мой номер 89161234567, бегом", "as it was written");
        for who in [&anna, &ivan] {
            assert_eq!(who.call(Method::GET, "/api/admin/chat-reports", None).await.0, StatusCode::FORBIDDEN);
        }
        let decide = format!("/api/admin/chat-reports/{}/decide", report["id"].as_str().unwrap());
        for _ in 0..2 {
            assert_eq!(reviewer.post(&decide, json!({ "decision": "upheld" })).await.0, StatusCode::OK);
        }
        let (status, late) = reviewer.post(&decide, json!({ "decision": "dismissed" })).await;
        assert_eq!((status.as_u16(), &late["code"]), (409, &json!("already_decided")));
        assert_eq!(reviewer.get("/api/admin/chat-reports").await["reports"], json!([]));
        assert_ne!(anna.post(&path, json!({ "reason": "опять" })).await.1["data"], first["data"]);
    }
}

#[actix_web::test]
async fn chats_take_nothing_from_what_else_one_writes() {
    let more = [("PEERPACK_LIMITS", "true"), ("PEERPACK_CHAT_A_MINUTE", "100000")];
    let app = TestApp::start_on(tempfile::tempdir().unwrap(), None, &more, Default::default()).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let chat = chat_of(&anna, &ivan).await;
    said(&ivan, &chat, "слушаю").await;
    let mut limited = false;
    for n in 0..400 {
        limited |= say(&anna, &chat, &n.to_string()).await.0 == 429;
    }
    assert!(limited, "chat has a rate of its own");
    let package = anna.publish_package("Москва", "Казань", json!({})).await;
    assert!(!package.is_empty());
}
