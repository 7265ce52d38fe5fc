//! Documents that show who a person is.

use peerpack::auth::Role;
use peerpack::auth::token::Tokens;
use peerpack::maintenance::rounds;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::stream::StreamEvent;
use peerpack_actors::time::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::samples::{self, SECRET};
use super::{kept, upload};
use crate::support::{Backend, TestApp, TestUser, backends};

const DOCUMENTS: &str = "/api/user/documents";
const QUEUE: &str = "/api/admin/documents";
const LIMIT: usize = 10 * 1024 * 1024;

fn pdf(inside: &[u8]) -> Vec<u8> {
    [b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n", inside, b"\n%%EOF\n"]
        .concat()
}

async fn sent(who: &TestUser, content: &[u8]) -> String {
    let (status, answer) = upload(who, DOCUMENTS, content).await;
    assert_eq!(status, 201, "{answer}");
    answer["document_id"].as_str().unwrap().to_owned()
}

async fn decide(who: &TestUser, id: &str, decision: &str, body: Option<Value>) -> (u16, Value) {
    let (status, answer) = who.call(Method::POST, &format!("{QUEUE}/{id}/{decision}"), body).await;
    (status.as_u16(), answer)
}

async fn link(who: &TestUser, id: &str) -> String {
    let (status, answer) = who.call(Method::POST, &format!("{QUEUE}/{id}/link"), None).await;
    assert_eq!(status.as_u16(), 201, "{answer}");
    answer["path"].as_str().unwrap().to_owned()
}

async fn status_of(who: &TestUser, path: &str) -> u16 {
    who.call(Method::GET, path, None).await.0.as_u16()
}

#[actix_web::test]
async fn a_document_is_looked_at_and_makes_a_verified_person() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, dan) = (app.sign_in("Ivan").await, app.sign_in_with_role("Dan", Role::Dispatcher).await);
        ivan.publish_trip("Москва", "Казань", json!({})).await;
        let mut socket = ivan.connect().await;
        let is_verified = async || {
            let found = app.anonymous().get("/api/couriers?from=Москва&to=Казань").await;
            let (mine, profile) = (ivan.get(DOCUMENTS).await, ivan.get("/api/user/profile").await);
            assert_eq!(found["couriers"][0]["verified"], profile["verified"]);
            assert_eq!(mine["verified"], profile["verified"]);
            profile["verified"].as_bool().unwrap()
        };
        assert!(!is_verified().await);

        let blurred = sent(&ivan, &samples::talkative_jpeg()).await;
        let clear = sent(&ivan, &pdf(b"Ivan")).await;
        let queue = dan.get(QUEUE).await;
        let ids: Vec<_> = queue["documents"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, [&json!(blurred), &json!(clear)], "the oldest first");
        assert_eq!(
            (&queue["documents"][0]["user_name"], &queue["documents"][0]["media_type"]),
            (&json!("Ivan"), &json!("image/jpeg"))
        );

        // The picture was encoded anew, the PDF file is as it came and is not for showing.
        let (status, headers, picture) =
            dan.call_raw(Method::GET, &link(&dan, &blurred).await, &[], Vec::new()).await;
        assert_eq!(status.as_u16(), 200);
        assert!(image::load_from_memory(&picture).is_ok());
        assert!(!picture.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        assert_eq!(headers["content-disposition"], "inline; filename=\"document.jpg\"");
        let (_, headers, file) = dan.call_raw(Method::GET, &link(&dan, &clear).await, &[], Vec::new()).await;
        assert_eq!(file, pdf(b"Ivan"));
        assert_eq!(headers["content-type"], "application/pdf");
        assert_eq!(headers["content-disposition"], "attachment; filename=\"document.pdf\"");
        assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));

        assert_eq!(decide(&dan, &blurred, "decline", Some(json!({ "reason": " " }))).await.0, 422);
        let reason = json!({ "reason": "Фото размыто" });
        assert_eq!(decide(&dan, &blurred, "decline", Some(reason.clone())).await.0, 200);
        assert!(!is_verified().await);
        assert_eq!(
            decide(&dan, &clear, "approve", None).await,
            (200, json!({ "success": true, "new_status": "approved" }))
        );
        assert!(is_verified().await);
        // Twice is once, and what is decided stays decided.
        assert_eq!(decide(&dan, &clear, "approve", None).await.0, 200);
        let (status, refused) = decide(&dan, &clear, "decline", Some(reason)).await;
        assert_eq!((status, &refused["code"]), (409, &json!("already_decided")));

        let review = socket
            .event("document.reviewed", |event| match event {
                StreamEvent::DocumentReviewed(review) if !review.approved => Some(review.clone()),
                _ => None,
            })
            .await;
        assert_eq!(
            (review.document_id.to_string(), review.reason.as_deref()),
            (blurred, Some("Фото размыто"))
        );
        let told = ivan.get("/api/user/notifications").await;
        let told: Vec<_> = told["notifications"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (&one["type"], &one["title"], &one["decline_reason"]))
            .collect();
        let kind = json!("document_reviewed");
        let expected = [
            (&kind, &json!("Документ подтверждён"), &Value::Null),
            (&kind, &json!("Документ не принят"), &json!("Фото размыто")),
        ];
        assert_eq!(told, expected);
        let language = Some(json!({ "language": "en" }));
        ivan.call(Method::PATCH, "/api/user/profile", language).await;
        let told = ivan.get("/api/user/notifications").await;
        assert_eq!(told["notifications"][0]["title"], "Your document was approved");
        assert!(dan.get(QUEUE).await["documents"].as_array().unwrap().is_empty());
        app.audit().await;
    }
}

/// a link shows a document to the reviewer it was made for, for minutes, while they are signed in.
#[actix_web::test]
async fn x_42_a_link_to_a_document_is_good_for_one_reviewer_and_not_for_long() {
    const KEY: &str = "a key of thirty-two bytes or more";
    let data = tempfile::tempdir().unwrap();
    let settings = [("PEERPACK_JWT_SECRET", KEY)];
    let app = TestApp::start_on(data, None, &settings, RuntimeSettings::default()).await;
    let ivan = app.sign_in("Ivan").await;
    let dan = app.sign_in_with_role("Dan", Role::Dispatcher).await;
    let id = sent(&ivan, &pdf(b"")).await;
    let path = link(&dan, &id).await;
    let (status, headers, _) = dan.call_raw(Method::GET, &path, &[], Vec::new()).await;
    assert_eq!((status.as_u16(), &headers["cache-control"]), (200, &"private, no-store".parse().unwrap()));
    assert_eq!(headers["x-content-type-options"], "nosniff");

    for (role, expected) in
        [(Role::User, 403), (Role::Viewer, 403), (Role::Dispatcher, 404), (Role::Admin, 404)]
    {
        assert_eq!(status_of(&app.sign_in_with_role("Eve", role).await, &path).await, expected, "{role:?}");
    }
    assert_eq!(status_of(&ivan, &path).await, 403, "nor does its owner get it back");
    assert_eq!(status_of(&app.anonymous(), &path).await, 401);

    let tokens = Tokens::new(KEY.as_bytes(), Span::minutes(15)).unwrap();
    let made = |document: &str, until: i64| {
        let signature = tokens.sign("document", &format!("{document}.{}.{until}", dan.id));
        format!("{QUEUE}/{document}/file/{until}.{signature}")
    };
    let now = app.app.clock.now().ms();
    assert_eq!(status_of(&dan, &made(&id, now + 60_000)).await, 200, "this is how links are made");
    assert_eq!(status_of(&dan, &made(&id, now - 1)).await, 404, "expired");
    let guessed = dan.id.clone();
    assert_eq!(status_of(&dan, &made(&guessed, now + 60_000)).await, 404, "a guessed name");
    let other = made(&guessed, now + 60_000).replace(&guessed, &id);
    for link in [
        other,
        format!("{path}0"),
        format!("{QUEUE}/{id}/file/x"),
        format!("{QUEUE}/{id}/file/9999999999999.00"),
    ] {
        assert_eq!(status_of(&dan, &link).await, 404, "{link}");
    }
    // Nothing of it is in the journal of requests.
    let journal = app
        .sign_in_with_role("Vera", Role::Viewer)
        .await
        .get("/api/admin/requests/endpoints")
        .await
        .to_string();
    assert!(journal.contains("/file/{link}") && !journal.contains(&id), "{journal}");
    dan.call(Method::POST, "/api/auth/logout", None).await;
    assert_eq!(status_of(&dan, &path).await, 401, "signed out");
}

/// until somebody has looked, and afterwards too, nobody but a reviewer gets what was sent.
#[actix_web::test]
async fn x_87_a_document_is_served_to_nobody_but_its_reviewer() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    let dan = app.sign_in_with_role("Dan", Role::Dispatcher).await;
    let id = sent(&ivan, &pdf(&samples::eicar())).await;
    for decided in [false, true] {
        if decided {
            assert_eq!(decide(&dan, &id, "approve", None).await.0, 200);
        }
        for path in [
            format!("/api/avatars/{id}"),
            format!("{DOCUMENTS}/{id}"),
            format!("/uploads/document/{id}"),
            format!("{QUEUE}/{id}/file"),
        ] {
            for who in [&ivan, &dan, &app.anonymous()] {
                let (status, _, body) = who.call_raw(Method::GET, &path, &[], Vec::new()).await;
                assert!([401, 404, 405].contains(&status.as_u16()), "{path}: {status}");
                assert!(!body.windows(5).any(|window| window == b"EICAR"));
            }
        }
    }
    for (what, content, expected) in [
        ("nothing a browser might run", b"<!doctype html><script>alert(1)</script>".to_vec(), 415),
        ("not by itself either", samples::eicar(), 415),
        ("half a PDF file", pdf(&[b'x'; 5_000])[..3_000].to_vec(), 422),
        ("half a picture", samples::jpeg(64, 64)[..400].to_vec(), 422),
        ("a bomb", samples::png_bomb(20_000), 422),
        ("to the byte", pdf(&vec![b'x'; LIMIT - pdf(b"").len()]), 201),
        ("more than that", pdf(&vec![b'x'; LIMIT]), 413),
    ] {
        let (status, answer) = upload(&ivan, DOCUMENTS, &content).await;
        assert_eq!(status, expected, "{what}: {answer}");
    }
}

#[actix_web::test]
async fn documents_are_kept_no_longer_than_needed() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, eve) = (app.sign_in("Ivan").await, app.sign_in("Eve").await);
        let dan = app.sign_in_with_role("Dan", Role::Dispatcher).await;
        // Sent twice, because the answer was lost: one document, one file.
        let first = sent(&ivan, &pdf(b"1")).await;
        assert_eq!(sent(&ivan, &pdf(b"1")).await, first);
        assert_eq!(kept(&app).len(), 1);
        // Taken back: by the owner, and only while nobody has decided.
        let path = format!("{DOCUMENTS}/{first}");
        assert_eq!(eve.call(Method::DELETE, &path, None).await.0.as_u16(), 404);
        assert_eq!(ivan.call(Method::DELETE, &path, None).await.0.as_u16(), 200);
        assert_eq!(ivan.call(Method::DELETE, &path, None).await.0.as_u16(), 404);
        assert_eq!(kept(&app).len(), 0);

        let second = sent(&ivan, &pdf(b"2")).await;
        assert_eq!(decide(&dan, &second, "approve", None).await.0, 200);
        assert_eq!(ivan.call(Method::DELETE, &format!("{DOCUMENTS}/{second}"), None).await.0.as_u16(), 404);
        for n in 3..8_u8 {
            sent(&ivan, &pdf(&[n])).await;
        }
        let (status, refused) = upload(&ivan, DOCUMENTS, &pdf(b"8")).await;
        assert_eq!((status, &refused["code"]), (409, &json!("too_many_documents")));
        assert_eq!(kept(&app).len(), 6);

        // A month after the decision the file goes; the decision stays, and what waits stays.
        rounds::run_all(&app.app).await;
        assert_eq!(kept(&app).len(), 6);
        app.behind_its_back(
            "UPDATE documents SET state_at = state_at - 2592000001 WHERE state_at IS NOT NULL",
        )
        .await;
        rounds::run_all(&app.app).await;
        assert_eq!(kept(&app).len(), 5);
        let mine = ivan.get(DOCUMENTS).await;
        let decided = mine["documents"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&decided["status"], &decided["is_kept"], &mine["verified"]),
            (&json!("approved"), &json!(false), &json!(true))
        );
        assert_eq!(dan.call(Method::POST, &format!("{QUEUE}/{second}/link"), None).await.0.as_u16(), 404);

        // Nobody decides upon themselves.
        let own = sent(&dan, &pdf(b"Dan")).await;
        assert_eq!(decide(&dan, &own, "approve", None).await.1["code"], "own_account");

        assert_eq!(ivan.call(Method::DELETE, "/api/user/account", None).await.0.as_u16(), 200);
        app.behind_its_back(
            "UPDATE users SET deleted_at = deleted_at - 700000000 WHERE deleted_at IS NOT NULL",
        )
        .await;
        rounds::run_all(&app.app).await;
        assert_eq!(kept(&app).len(), 1, "only Dan's");
        app.audit().await;
    }
}
