//! People transfer money to the operator's account with a reference, and an operator books it.

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{adds_up, asked, balance, id_of, must, refused, start, top_up};
use crate::support::{TestUser, backends};

const MANUAL: [(&str, &str); 2] =
    [("PEERPACK_PAYMENTS", "manual"), ("PEERPACK_PAYMENT_INSTRUCTIONS", "Счёт 40702")];

async fn book(admin: &TestUser, payment: &Value, charge: &str, amount: f64) -> Value {
    let body = json!({ "charge_id": charge, "amount": amount, "evidence": "выписка от 3 мая, строка 4" });
    let path = format!("/api/admin/payments/{}/book", id_of(payment));
    must(admin, Method::POST, &path, Some(body)).await
}

#[actix_web::test]
async fn pay_publish_claim_deliver_confirm_and_the_statement_adds_up_to_the_last_kopeck() {
    for backend in backends() {
        let app = start(backend, &MANUAL).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let admin = app.sign_in_with_role("Ольга", Role::Admin).await;
        let dry = json!({ "from": "Орёл", "to": "Курск", "description": "Торт", "reward": 500.55 });
        let dry = must(&anna, Method::POST, "/api/packages/dry-run", Some(dry)).await;
        let pay_in = &dry["price"]["pay_in"];
        assert_eq!((&dry["price"]["missing"], &pay_in["amount"]), (&json!(500.55), &json!(500.55)));
        assert_eq!(pay_in["methods"], json!(["manual"]));

        let (_, request) = asked(&anna, &ivan, 500).await;
        let poor = ivan.call(Method::PUT, &format!("/api/package-requests/{request}/accept"), None).await;
        assert_eq!(poor.1["code"], "insufficient_funds");
        let payment = top_up(&anna, 600.55).await;
        assert_eq!((&payment["status"], &payment["instructions"]), (&json!("pending"), &json!("Счёт 40702")));
        let reference = payment["reference"].as_str().unwrap();
        let found = admin.get(&format!("/api/admin/payments?reference={}", reference.to_lowercase())).await;
        assert_eq!(found["payments"][0]["payment_id"], payment["payment_id"]);
        let booked = book(&admin, &payment, "77", 600.55).await;
        assert_eq!((&booked["status"], &booked["paid"]), (&json!("succeeded"), &json!(600.55)));
        book(&admin, &payment, "77", 600.55).await;
        assert_eq!(balance(&anna, "available").await, 600.55, "the same transfer counts once");
        let less = json!({ "from": "Орёл", "to": "Курск", "description": "Торт", "reward": 300 });
        let less = must(&anna, Method::POST, "/api/packages/dry-run", Some(less)).await;
        assert_eq!((&less["price"]["available"], &less["price"]["missing"]), (&json!(600.55), &json!(0.0)));
        let other = top_up(&anna, 10.0).await;
        let twice = json!({ "charge_id": "77", "amount": 10, "evidence": "та же строка" });
        let path = format!("/api/admin/payments/{}/book", id_of(&other));
        assert_eq!(refused(&admin, &path, twice).await, (409, "charge_known".to_owned()));

        ivan.step(&request, "accept").await;
        assert_eq!((balance(&anna, "available").await, balance(&ivan, "frozen").await), (100.55, 500.0));
        ivan.step(&request, "mark-delivered").await;
        anna.step(&request, "confirm-delivery").await;
        assert_eq!(balance(&ivan, "available").await, 450.0);

        for (who, total) in [(&anna, 100.55), (&ivan, 450.0)] {
            let (status, headers, bytes) =
                who.call_raw(Method::GET, "/api/user/statement", &[], Vec::new()).await;
            assert_eq!(status.as_u16(), 200);
            assert!(headers["content-disposition"].to_str().unwrap().contains("statement.csv"));
            let text = String::from_utf8(bytes).unwrap();
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            let minor = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or(0);
            let moved: i64 = rows.iter().map(|row| minor(&row[3])).sum();
            let (first, last) = (minor(&rows[0][5]), minor(&rows[rows.len() - 1][5]));
            assert_eq!((first, first + moved), (0, last), "{text}");
            assert_eq!(last as f64 / 100.0, total);
            adds_up(who).await;
        }
        let wallet = ivan.get("/api/user/balance").await;
        let delivered = json!(format!("{request}:deliver"));
        let moved = wallet["transactions"].as_array().unwrap();
        let moved = moved.iter().find(|one| one["id"] == delivered).unwrap();
        assert_eq!((&moved["amount"], &moved["moved"]), (&json!(0.0), &json!(500.0)), "from purse to purse");
        let (_, headers, bytes) =
            anna.call_raw(Method::GET, "/api/user/statement?format=xlsx", &[], Vec::new()).await;
        assert!(
            bytes.starts_with(b"PK") && headers["content-type"].to_str().unwrap().contains("spreadsheet")
        );
        app.audit().await;
    }
}

#[actix_web::test]
async fn statements_of_times_that_follow_each_other_have_each_movement_once() {
    for backend in backends() {
        let app = start(backend, &MANUAL).await;
        let (anna, admin) = (app.sign_in("Анна").await, app.sign_in_with_role("Ольга", Role::Admin).await);
        for (charge, amount) in [("1", 100.0), ("2", 200.0), ("3", 300.05)] {
            book(&admin, &top_up(&anna, amount).await, charge, amount).await;
        }
        let moved = anna.get("/api/user/balance").await["transactions"].clone();
        let second: jiff::Timestamp = moved[1]["date"].as_str().unwrap().parse().unwrap();
        let second = second.as_millisecond();
        let statement = async |from: i64, to: i64| {
            let at = |ms| jiff::Timestamp::from_millisecond(ms).unwrap();
            let path = format!("/api/user/statement?from={}&to={}", at(from), at(to));
            let (status, _, bytes) = anna.call_raw(Method::GET, &path, &[], Vec::new()).await;
            assert_eq!(status.as_u16(), 200, "{path}");
            let rows = csv::Reader::from_reader(bytes.as_slice()).into_records();
            rows.map(Result::unwrap).collect::<Vec<_>>()
        };
        for between in [second, second + 1] {
            let before = statement(second - 86_400_000, between).await;
            let after = statement(between, second + 86_400_000).await;
            let keys: Vec<_> = before.iter().chain(&after).map(|row| &row[6]).collect();
            assert_eq!(keys.iter().filter(|key| !key.is_empty()).count(), 3, "{keys:?}");
            assert_eq!(before[before.len() - 1][5], after[0][5], "what is left and what there is at first");
            assert_eq!(&after[after.len() - 1][5], "600.05");
        }
    }
}

#[actix_web::test]
async fn on_publish_a_package_is_paid_before_it_is_offered_and_comes_back_if_nobody_takes_it() {
    for backend in backends() {
        let more: Vec<_> = MANUAL.into_iter().chain([("PEERPACK_PAYMENT_TIME", "on_publish")]).collect();
        let app = start(backend, &more).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let admin = app.sign_in_with_role("Ольга", Role::Admin).await;
        let body = json!({ "from": "Орёл", "to": "Курск", "description": "Торт", "reward": 500 });
        let poor = refused(&anna, "/api/packages", body.clone()).await;
        assert_eq!(poor, (409, "insufficient_funds".to_owned()));
        assert_eq!(anna.get("/api/user/packages").await["packages"], json!([]), "nothing is published");
        book(&admin, &top_up(&anna, 1_000.0).await, "1", 1_000.0).await;

        let published = must(&anna, Method::POST, "/api/packages", Some(body)).await;
        let package = published["package_id"].as_str().unwrap();
        assert_eq!((balance(&anna, "available").await, balance(&anna, "reserved").await), (500.0, 500.0));
        let meant = anna.get(&format!("/api/packages/{package}/cancellation")).await;
        assert_eq!(meant["refund"], 500.0);
        let cancelled = must(&anna, Method::PUT, &format!("/api/packages/{package}/cancel"), None).await;
        assert_eq!((&cancelled["refund"], balance(&anna, "available").await), (&json!(500.0), 1_000.0));

        let (package, request) = asked(&anna, &ivan, 600).await;
        assert_eq!((balance(&anna, "available").await, balance(&anna, "reserved").await), (400.0, 600.0));
        let (status, again) =
            anna.post("/api/payments", json!({ "purpose": "package", "package_id": package })).await;
        assert_eq!((status.as_u16(), &again["code"]), (409, &json!("nothing_missing")), "it is paid for");
        assert_eq!(again["message"], "nothing has to be paid in for this package");
        ivan.step(&request, "accept").await;
        assert_eq!((balance(&anna, "reserved").await, balance(&ivan, "frozen").await), (0.0, 600.0));
        ivan.step(&request, "cancel").await;
        assert_eq!((balance(&anna, "available").await, balance(&ivan, "frozen").await), (1_000.0, 0.0));
        adds_up(&anna).await;
        adds_up(&ivan).await;
        app.audit().await;
    }
}

#[actix_web::test]
async fn an_administrator_finds_a_payment_in_any_state_and_sees_what_was_taken_and_given_back() {
    for backend in backends() {
        let app = start(backend, &MANUAL).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let (admin, viewer) = (
            app.sign_in_with_role("Ольга", Role::Admin).await,
            app.sign_in_with_role("Вера", Role::Viewer).await,
        );
        let package = anna.publish_package("Псков", "Тверь", json!({})).await;
        let asks = json!({ "purpose": "package", "package_id": package, "amount": 500 });
        let payment = must(&anna, Method::POST, "/api/payments", Some(asks)).await;
        let waiting = top_up(&ivan, 100.0).await;
        let (id, reference) = (id_of(&payment), payment["reference"].as_str().unwrap());
        let booked = book(&admin, &payment, "Выписка-77", 500.0).await;
        assert_eq!(booked["charges"][0]["charge_id"], "Выписка-77");
        let back = json!({ "amount": 120, "reason": "передумала" });
        must(&admin, Method::POST, &format!("/api/admin/payments/{id}/refund"), Some(back)).await;

        let found = async |query: &str| {
            let page = admin.get(&format!("/api/admin/payments?{query}")).await;
            let ids = page["payments"].as_array().unwrap().iter().map(|one| id_of(one).to_owned());
            ids.collect::<Vec<_>>()
        };
        for query in [
            format!("payment={id}"),
            format!("reference={}", reference.to_lowercase()),
            "reference=%D0%92%D1%8B%D0%BF%D0%B8%D1%81%D0%BA%D0%B0-77".to_owned(),
            format!("user={}", anna.id),
            format!("package={package}&method=manual"),
            "state=partly_refunded".to_owned(),
        ] {
            assert_eq!(found(&query).await, [id], "{query}");
        }
        assert_eq!(found("").await, [id_of(&waiting)], "those that have no money yet");
        assert_eq!(found("method=manual").await, [id_of(&waiting)]);
        for query in ["state=failed".to_owned(), format!("user={}&method=webhook", anna.id)] {
            assert_eq!(found(&query).await, Vec::<String>::new(), "{query}");
        }
        let both = format!("/api/admin/payments?payment={id}&user={}", anna.id);
        assert_eq!(admin.call(Method::GET, &both, None).await.1["code"], "invalid");

        let path = format!("/api/payments/{id}");
        let seen = admin.get(&path).await;
        assert_eq!((&seen["user_id"], &seen["refunds"][0]["amount"]), (&json!(anna.id), &json!(120.0)));
        let charge = &seen["charges"][0];
        assert_eq!((&charge["amount"], &charge["left"]), (&json!(500.0), &json!(380.0)), "{seen}");
        assert_eq!(charge["booked_by"], json!(admin.id));
        assert_eq!(anna.get(&path).await.get("charges"), None, "the evidence is for operators");
        for stranger in [&ivan, &viewer] {
            assert_eq!(stranger.call(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
        }
        app.audit().await;
    }
}

#[actix_web::test]
async fn an_operator_divides_a_disputed_reward_and_the_books_show_it() {
    for backend in backends() {
        let app = start(backend, &MANUAL).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let admin = app.sign_in_with_role("Ольга", Role::Admin).await;
        book(&admin, &top_up(&anna, 500.0).await, "1", 500.0).await;
        let (package, request) = asked(&anna, &ivan, 500).await;
        ivan.step(&request, "accept").await;
        ivan.step(&request, "mark-delivered").await;
        let path = format!("/api/package-requests/{request}/dispute");
        must(&anna, Method::PUT, &path, Some(json!({ "reason": "помят" }))).await;
        let path = format!("/api/admin/disputes/{request}/resolve");
        let both = json!({ "in_favour_of": "courier", "courier_share": 200 });
        assert_eq!(refused(&admin, &path, both).await, (422, "invalid".to_owned()));
        assert_eq!(
            refused(&admin, &path, json!({ "courier_share": 500 })).await,
            (422, "invalid".to_owned())
        );
        // Without a key: the decision itself is the name of the call.
        for _ in 0..2 {
            let share = json!({ "courier_share": 200 });
            let (status, done) = admin.insist(Method::POST, &path, Some(share)).await;
            assert_eq!((status, &done["new_status"]), (StatusCode::OK, &json!("confirmed")), "{done}");
        }
        let other = refused(&admin, &path, json!({ "in_favour_of": "sender" })).await;
        assert_eq!(other, (409, "illegal_transition".to_owned()));
        assert_eq!((balance(&anna, "available").await, balance(&ivan, "available").await), (300.0, 180.0));
        let ledger = admin.get(&format!("/api/admin/ledger?package={package}")).await;
        let steps: Vec<String> = ledger["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["key"].as_str().unwrap().rsplit(':').next().unwrap().to_owned())
            .collect();
        for step in ["hold", "deliver", "split_courier", "split_sender", "fee"] {
            assert!(steps.iter().any(|found| found == step), "{step} is not among {steps:?}");
        }
        // Each hears what their part was, under the name of a movement that there is.
        for (who, kind, amount, step, message) in [
            (
                &ivan,
                "payment_received",
                180.0,
                "split_courier",
                "Вам начислено 180.00 ₽ за доставку «Торт за 500». Другая часть — отправителю: Анна",
            ),
            (
                &anna,
                "dispute_resolved",
                300.0,
                "split_sender",
                "Вам возвращено 300.00 ₽ за доставку «Торт за 500». Другая часть — курьеру: Иван",
            ),
        ] {
            let told = who.get("/api/user/notifications").await["notifications"][0].clone();
            assert_eq!((&told["type"], &told["amount"]), (&json!(kind), &json!(amount)), "{told}");
            assert_eq!((&told["message"], &told["action_url"]), (&json!(message), &json!("/wallet")));
            assert_eq!(told["title"], "Оператор разделил вознаграждение");
            assert_eq!(told["transaction_id"], json!(format!("{request}:{step}")));
            let wallet = who.get("/api/user/balance").await;
            let moved = wallet["transactions"].as_array().unwrap();
            assert!(moved.iter().any(|one| one["id"] == told["transaction_id"]), "{told} is not in {wallet}");
            adds_up(who).await;
        }
        app.audit().await;
    }
}
