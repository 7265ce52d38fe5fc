//! Two people and what they say: one chat, one order, nothing lost, nothing twice.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use peerpack::ws::wire::{ChatReadUpTo, ChatSend, ClientMessage};
use peerpack_actors::stream::StreamEvent;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ask, chat_of, deal, messages, said, say, texts};
use crate::support::{Backend, TestApp, TestUser, backends};
use crate::uploads::{samples, upload};

#[actix_web::test]
async fn a_pair_has_one_chat_however_often_and_from_either_side_it_is_opened() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let open = |n: usize| {
            let (who, other) = if n.is_multiple_of(2) { (&anna, &ivan) } else { (&ivan, &anna) };
            who.post_patiently("/api/chats", json!({ "other_user_id": other.id }))
        };
        let answers = join_all((0..100).map(open)).await;
        let ids: BTreeSet<String> = answers
            .iter()
            .map(|(status, answer)| {
                assert_eq!((*status, &answer["success"]), (StatusCode::OK, &json!(true)), "{answer}");
                answer["data"]["id"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(ids.len(), 1);
        for who in [&anna, &ivan] {
            let list = who.get("/api/chats").await;
            assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
        }
        let (status, oneself) = anna.post("/api/chats", json!({ "other_user_id": anna.id })).await;
        assert_eq!((status.as_u16(), &oneself["success"]), (422, &json!(false)));
        let nobody = json!({ "other_user_id": "01900000-0000-7000-8000-000000000001" });
        assert_eq!(anna.post("/api/chats", nobody).await.0, StatusCode::NOT_FOUND);
    }
}

#[actix_web::test]
async fn what_is_said_reaches_both_at_once_and_counts_as_unread_until_it_is_read() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        ask(&anna, &ivan, json!({})).await;
        let chat = chat_of(&anna, &ivan).await;
        let (mut annas, mut ivans) = (anna.connect().await, ivan.connect().await);
        let sent = said(&anna, &chat, "  Здравствуйте!  ").await;
        assert_eq!(
            (&sent["content"], &sent["seq"], &sent["is_read"]),
            (&json!("Здравствуйте!"), &json!(1), &json!(false))
        );
        for socket in [&mut annas, &mut ivans] {
            let event = socket
                .event("chat.message", |event| match event {
                    StreamEvent::ChatMessage(message) => Some((**message).clone()),
                    _ => None,
                })
                .await;
            assert_eq!(event.message_id.to_string(), sent["id"].as_str().unwrap());
        }
        said(&anna, &chat, "Летите в пятницу?").await;
        said(&ivan, &chat, "Да").await;
        let of = async |who: &TestUser| {
            let list = who.get("/api/chats").await;
            (
                list["unread"].clone(),
                list["data"][0]["unread"].clone(),
                list["data"][0]["last_message"]["content"].clone(),
            )
        };
        assert_eq!(of(&ivan).await, (json!(2), json!(2), json!("Да")), "his own words are no news to him");
        assert_eq!(of(&anna).await, (json!(1), json!(1), json!("Да")));
        // A mark goes to both, and never back.
        let read = |up_to| ClientMessage::ChatRead(ChatReadUpTo { chat_id: chat.parse().unwrap(), up_to });
        assert_eq!(ivans.command(read(1)).await.0, "ok");
        assert_eq!(of(&ivan).await.1, json!(1));
        let mark = annas
            .event("chat.read", |event| match event {
                StreamEvent::ChatRead(read) => Some(*read),
                _ => None,
            })
            .await;
        assert_eq!((mark.user_id.to_string(), mark.up_to), (ivan.id.clone(), 1));
        let seen = messages(&anna, &chat, "").await;
        assert_eq!(seen.iter().map(|one| one["is_read"] == true).collect::<Vec<_>>(), [true, false, false]);
        for up_to in [0, 1_000_000] {
            assert_eq!(ivans.command(read(up_to)).await.0, "ok");
        }
        assert_eq!(of(&ivan).await.1, json!(0), "as far as there is something to read");
        // The older messenger asks for the last messages, and says in no other way what was read.
        anna.get(&format!("/api/chats/{chat}/messages")).await;
        assert_eq!(of(&anna).await.0, json!(0));
        assert!(messages(&ivan, &chat, "").await.iter().all(|one| one["is_read"] == true));
    }
}

#[actix_web::test]
async fn fifty_equal_sends_give_one_message_and_one_answer() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        ask(&anna, &ivan, json!({})).await;
        let chat = chat_of(&anna, &ivan).await;
        let mut ivans = ivan.connect().await;
        let body = json!({ "chat_id": chat, "content": "один раз", "client_msg_id": "m-1" });
        let answers = join_all((0..50).map(|_| anna.post_patiently("/api/messages", body.clone()))).await;
        for (status, answer) in &answers {
            assert_eq!((*status, answer), (StatusCode::OK, &answers[0].1));
        }
        // On the socket, with other words: what was said first stays.
        let mut annas = anna.connect().await;
        let (chat_id, client_msg_id) = (chat.parse().unwrap(), "m-1".to_owned());
        let again = ChatSend { chat_id, client_msg_id, text: "иначе".to_owned(), picture_id: None };
        assert_eq!(annas.command(ClientMessage::ChatSend(again)).await.0, "ok");
        // A header serves where the device gives no name.
        let key = [("idempotency-key", "tap")];
        let body = json!({ "chat_id": chat, "content": "по ключу" });
        for _ in 0..2 {
            let (status, _, _) =
                anna.call_with(Method::POST, "/api/messages", &key, Some(body.clone())).await;
            assert_eq!(status, StatusCode::OK);
        }
        // The same name of another person is another message.
        let body = json!({ "chat_id": chat, "content": "мой", "client_msg_id": "m-1" });
        assert_eq!(ivan.post("/api/messages", body).await.0, StatusCode::OK);
        assert_eq!(texts(&messages(&ivan, &chat, "").await), ["один раз", "по ключу", "мой"]);
        said(&anna, &chat, "конец").await;
        ivans
            .event("the last one", |event| match event {
                StreamEvent::ChatMessage(message) if message.content == "конец" => Some(()),
                _ => None,
            })
            .await;
        let told = ivans.events.iter().filter(|event| format!("{event:?}").contains("ChatMessage")).count();
        assert_eq!(told, 4, "each once");
        app.audit().await;
    }
}

#[actix_web::test]
async fn pages_have_no_gap_and_no_repetition_while_messages_arrive() {
    for backend in backends() {
        let more = [("PEERPACK_CHAT_A_MINUTE", "100000"), ("PEERPACK_LIMITS", "false")];
        let data = tempfile::tempdir().unwrap();
        let url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(crate::support::fresh_postgres().await),
        };
        let app = TestApp::start_on(data, url, &more, Default::default()).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        ask(&anna, &ivan, json!({})).await;
        let chat = chat_of(&anna, &ivan).await;
        for n in 1..=60 {
            said(if n % 3 == 0 { &ivan } else { &anna }, &chat, &n.to_string()).await;
        }
        let (mut backwards, mut forwards) = (Vec::new(), Vec::new());
        let mut before = String::new();
        // By ids backwards, as the older client pages; the chat goes on meanwhile.
        loop {
            let page = messages(&anna, &chat, &format!("limit=7{before}")).await;
            said(&ivan, &chat, "ещё").await;
            let Some(first) = page.first() else { break };
            before = format!("&before={}", first["id"].as_str().unwrap());
            backwards.splice(0..0, page.iter().map(|one| one["seq"].as_u64().unwrap()));
        }
        let mut after = 0;
        loop {
            let page = messages(&anna, &chat, &format!("limit=9&after={after}")).await;
            let Some(last) = page.last() else { break };
            after = last["seq"].as_u64().unwrap();
            forwards.extend(page.iter().map(|one| one["seq"].as_u64().unwrap()));
        }
        assert!(backwards.iter().copied().eq(1..=60), "{backwards:?}");
        assert!(
            forwards.iter().copied().eq(1..=forwards.len() as u64) && forwards.len() > 60,
            "{forwards:?}"
        );
        for query in ["limit=0", "limit=101", "before=x", "before=1&after=1"] {
            let path = format!("/api/chats/{chat}/messages?{query}");
            assert_eq!(
                anna.call(Method::GET, &path, None).await.0,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{query}"
            );
        }
    }
}

#[actix_web::test]
async fn a_device_that_was_away_for_a_week_reads_everything() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        ask(&anna, &ivan, json!({})).await;
        let chat = chat_of(&anna, &ivan).await;
        let known = said(&anna, &chat, "до отъезда").await["seq"].clone();
        for text in ["раз", "два", "три"] {
            said(&anna, &chat, text).await;
        }
        // The stream forgets; the chat does not.
        let later = app.app.clock.now() + peerpack_actors::time::Span::hours(1);
        assert!(app.app.database.prune_events(later).await.unwrap() > 0);
        let missed = messages(&ivan, &chat, &format!("after={known}")).await;
        assert_eq!(texts(&missed), ["раз", "два", "три"]);
        assert_eq!(ivan.get("/api/chats").await["unread"], 4);
    }
}

#[actix_web::test]
async fn an_empty_message_is_400_and_one_character_too_many_is_422() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let chat = chat_of(&anna, &ivan).await;
    for empty in ["", "   ", "\n\t"] {
        let (status, answer) = say(&anna, &chat, empty).await;
        assert_eq!(
            (status, &answer["success"], &answer["code"]),
            (400, &json!(false), &json!("empty_message"))
        );
        assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{answer}");
    }
    assert_eq!(say(&anna, &chat, &"я".repeat(1_001)).await.0, 422);
    // Characters, not bytes: what takes four of them counts once.
    let long = "🏔".repeat(1_000);
    assert_eq!(said(&anna, &chat, &long).await["content"], json!(long));
    let body = json!({ "chat_id": chat, "content": "x", "client_msg_id": "y".repeat(65) });
    assert_eq!(anna.post("/api/messages", body).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[actix_web::test]
async fn a_picture_is_shown_to_the_two_once_it_is_sent_and_goes_where_it_is_not() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let [anna, ivan, vera] =
            [app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Vera").await];
        ask(&anna, &ivan, json!({})).await;
        let chat = chat_of(&anna, &ivan).await;
        let path = format!("/api/chats/{chat}/pictures");
        let (status, kept) = upload(&anna, &path, &samples::jpeg(64, 48)).await;
        assert_eq!(status, 201, "{kept}");
        let picture = kept["data"]["picture_id"].as_str().unwrap().to_owned();
        let show = async |who: &TestUser| {
            who.call_raw(Method::GET, &format!("{path}/{picture}"), &[], vec![]).await.0.as_u16()
        };
        assert_eq!(show(&ivan).await, 404, "nothing shows it yet");
        let body = |chat: &str| json!({ "chat_id": chat, "picture_id": picture });
        assert_eq!(ivan.post("/api/messages", body(&chat)).await.0, 422, "it is Anna's");
        let (status, sent) = anna.post("/api/messages", body(&chat)).await;
        assert_eq!(status, 200, "{sent}");
        assert!(sent["data"]["picture_url"].as_str().unwrap().ends_with(&picture));
        assert_eq!([show(&anna).await, show(&ivan).await, show(&vera).await], [200, 200, 403]);
        assert_eq!(anna.post("/api/messages", body(&chat)).await.0, 422, "once");
        let (_, lost) = upload(&anna, &path, &samples::jpeg(64, 48)).await;
        let later = app.app.clock.now() + peerpack_actors::time::Span::hours(2);
        let gone = app.app.database.forget_pictures(later, 100).await.unwrap();
        assert_eq!(gone.len(), 1, "{lost}");
        assert_eq!(show(&ivan).await, 200);
    }
}

#[actix_web::test]
async fn words_go_with_the_account_and_old_ones_with_time() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let chat = chat_of(&anna, &ivan).await;
        said(&anna, &chat, "моя тайна").await;
        said(&ivan, &chat, "мой ответ").await;
        assert_eq!(anna.call(Method::DELETE, "/api/user/account", None).await.0, StatusCode::OK);
        let (status, refused) = say(&ivan, &chat, "вы где?").await;
        assert_eq!((status, &refused["code"]), (403, &json!("cannot_write")));
        let later = app.app.clock.now() + peerpack_actors::time::Span::days(8);
        app.app.database.erase_accounts(later, later, 10).await.unwrap();
        assert_eq!(app.app.database.erase_messages().await.unwrap(), 1);
        let left = messages(&ivan, &chat, "").await;
        assert_eq!(texts(&left), ["", "мой ответ"]);
        assert_eq!(left[0]["sender"]["display_name"], "Удалённый пользователь");
        let year = app.app.clock.now() + peerpack_actors::time::Span::days(1);
        assert_eq!(app.app.database.prune_messages(year).await.unwrap(), 2);
        assert_eq!(messages(&ivan, &chat, "").await, Vec::<Value>::new());
        assert_eq!(ivan.get("/api/chats").await["data"][0]["id"], json!(chat));
    }
}

#[actix_web::test]
async fn a_deal_lets_contacts_pass_and_a_hand_over_code_never_passes() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let request = ask(&anna, &ivan, json!({ "hand_over_codes": true })).await;
        let chat = chat_of(&anna, &ivan).await;
        let mut ivans = ivan.connect().await;
        let text = "мой номер 8 (9l6) 123-45-67, пишите";
        let own = said(&anna, &chat, text).await;
        assert_eq!((&own["content"], &own["masked"]), (&json!(text), &json!(["phone"])));
        assert!(own["notice"].as_str().is_some_and(|notice| !notice.is_empty()));
        let shown = messages(&ivan, &chat, "").await.pop().unwrap();
        assert_eq!(shown["content"], "мой номер •••, пишите");
        assert!(
            shown["notice"].as_str().unwrap().contains("Контакты")
                || shown["notice"].as_str().unwrap().contains("Contact")
        );
        let heard = ivans
            .event("chat.message", |event| match event {
                StreamEvent::ChatMessage(message) => Some((**message).clone()),
                _ => None,
            })
            .await;
        assert_eq!(heard.content, "мой номер •••, пишите", "no other way shows it either");
        ivan.step(&request, "accept").await;
        said(&anna, &chat, text).await;
        said(&anna, &chat, "переведите на карту, вот ссылка t.me/anna").await;
        let after = messages(&ivan, &chat, "").await;
        assert_eq!(texts(&after)[1], text);
        assert_eq!(after[2]["warnings"], json!(["link", "pays_elsewhere"]));
        assert_eq!(texts(&after)[0], "мой номер •••, пишите", "what was kept back stays so");
        // Only the sender of the package knows the codes.
        let codes = anna.get(&format!("/api/package-requests/{request}/codes")).await;
        for step in ["pickup", "delivery"] {
            let code = codes[step]["code"].as_str().unwrap();
            let spaced: Vec<String> = code.chars().map(|c| c.to_string()).collect();
            for written in [code.to_owned(), format!("{} {}", &code[..3], &code[3..]), spaced.join("-")] {
                let (status, refused) = say(&anna, &chat, &format!("код {written}, жду")).await;
                assert_eq!((status, &refused["code"]), (422, &json!("code_in_message")), "{written}");
            }
        }
        assert_eq!(messages(&ivan, &chat, "").await.len(), 3);
    }
}

#[actix_web::test]
async fn a_chat_opens_with_the_first_request_and_a_trip_or_a_request_names_the_other_one() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        assert_eq!(anna.get("/api/chats").await["data"], json!([]));
        let request = ask(&anna, &ivan, json!({})).await;
        for who in [&anna, &ivan] {
            let list = who.get("/api/chats").await;
            assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
            let (status, opened) = who.post("/api/chats", json!({ "request_id": request })).await;
            assert_eq!((status, &opened["data"]["id"]), (StatusCode::OK, &list["data"][0]["id"]));
        }
        ask(&anna, &ivan, json!({})).await;
        assert_eq!(ivan.get("/api/chats").await["data"].as_array().unwrap().len(), 1);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let vera = app.sign_in("Vera").await;
        let (_, opened) = vera.post("/api/chats", json!({ "trip_id": trip })).await;
        assert_eq!(opened["data"]["id"], json!(chat_of(&ivan, &vera).await));
        assert_eq!(vera.post("/api/chats", json!({ "request_id": request })).await.0, StatusCode::NOT_FOUND);
        let both = json!({ "trip_id": trip, "other_user_id": anna.id });
        assert_eq!(vera.post("/api/chats", both).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[actix_web::test]
async fn the_unread_counts_are_those_of_the_events() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    deal(&anna, &ivan, json!({})).await;
    let chat = chat_of(&anna, &ivan).await;
    let mut ivans = ivan.connect().await;
    for n in 1..=3 {
        said(&anna, &chat, &n.to_string()).await;
    }
    let third = ivans
        .event("the third", |event| match event {
            StreamEvent::ChatMessage(message) if message.seq == 3 => Some(message.unread),
            _ => None,
        })
        .await;
    assert_eq!(third, 3);
    assert_eq!(ivan.get("/api/chats").await["unread"], 3);
}
