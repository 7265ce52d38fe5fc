//! An acquirer behind the signed calls, that does wrong what acquirers do wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use parking_lot::Mutex;
use peerpack::app::SystemClock;
use peerpack::payments::{SIGNATURE, Signer, TIMESTAMP};
use peerpack_actors::ports::Clock;
use peerpack_actors::time::Time;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::TestApp;

/// What both sides sign with.
pub(super) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// How it answers the next calls of a kind.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Manner {
    /// As it should.
    #[default]
    Well,
    /// It does it, and says that something went wrong.
    DoesItAndFails,
    /// It does not do it, and says that something went wrong.
    Fails,
    /// It says no.
    Refuses,
    /// It says something that is no answer.
    Babbles,
    /// The call is not signed by us, or not one that there is.
    Forged,
    /// It does not do it: there were too many calls.
    HasEnough,
    /// It sends the caller elsewhere.
    Redirects,
    /// It does it, and says no.
    DoesItAndRefuses,
    /// It does it, and says nothing.
    DoesItAndHangs,
    /// It does it, and answers with more than anybody reads.
    DoesItAndFloods,
}

#[derive(Default)]
struct Books {
    reports: BTreeMap<String, Value>,
    /// When a payment was charged last.
    charged_at: BTreeMap<String, Time>,
    create: Manner,
    refund: Manner,
    look_up: Manner,
    /// What becomes of refunds that are asked for.
    refund_status: &'static str,
    creations: usize,
    forged: usize,
}

/// The acquirer.
#[derive(Clone)]
pub(super) struct Acquirer {
    pub(super) url: String,
    books: Arc<Mutex<Books>>,
}

impl Acquirer {
    pub(super) fn start() -> Self {
        let books = Arc::new(Mutex::new(Books { refund_status: "done", ..Books::default() }));
        let shared = Arc::clone(&books);
        let server = HttpServer::new(move || {
            App::new().app_data(web::Data::from(Arc::clone(&shared))).default_service(web::to(answer))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { url, books }
    }

    /// Where it listens, without TLS.
    pub(super) fn address(&self) -> std::net::SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// The settings of a server that is connected to it.
    pub(super) fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("PEERPACK_PAYMENTS", "webhook"),
            ("PEERPACK_PAYMENT_WEBHOOK_URL", &self.url),
            ("PEERPACK_PAYMENT_WEBHOOK_SECRET", KEY),
        ]
    }

    pub(super) fn creates(&self, manner: Manner) {
        self.books.lock().create = manner;
    }

    pub(super) fn refunds(&self, manner: Manner, status: &'static str) {
        let mut books = self.books.lock();
        (books.refund, books.refund_status) = (manner, status);
    }

    pub(super) fn looks_up(&self, manner: Manner) {
        self.books.lock().look_up = manner;
    }

    /// How often a payment was asked for, and how many calls were not signed.
    pub(super) fn counts(&self) -> (usize, usize) {
        let books = self.books.lock();
        (books.creations, books.forged)
    }

    /// Somebody pays: the charge is there, and nobody is told of it yet.
    pub(super) fn charge(&self, payment: &str, charge: &str, minor: i64) {
        self.change(payment, |report| {
            let new = json!({ "charge_id": charge, "amount_minor": minor, "currency": "RUB",
                "refunds": [], "charged_back_minor": 0 });
            report["charges"].as_array_mut().unwrap().push(new);
            report["status"] = json!("paid");
        });
        self.books.lock().charged_at.insert(payment.to_owned(), SystemClock.now());
    }

    /// It knows of a payment no more.
    pub(super) fn forget(&self, payment: &str) {
        self.books.lock().reports.remove(payment);
    }

    /// Changes what it knows of a payment, also of one that it was never asked for.
    pub(super) fn change(&self, payment: &str, change: impl FnOnce(&mut Value)) {
        let mut books = self.books.lock();
        let new = json!({ "payment_id": payment, "status": "pending", "charges": [] });
        change(books.reports.entry(payment.to_owned()).or_insert(new));
    }

    /// What it has taken for each payment, in minor units.
    pub(super) fn taken(&self) -> BTreeMap<String, i64> {
        let books = self.books.lock();
        let sum = |report: &Value| {
            let charges = report["charges"].as_array().unwrap();
            charges.iter().map(|charge| charge["amount_minor"].as_i64().unwrap()).sum()
        };
        books.reports.iter().map(|(id, report)| (id.clone(), sum(report))).collect()
    }

    pub(super) fn report(&self, payment: &str) -> Value {
        self.books.lock().reports[payment].clone()
    }

    /// Tells the server of a payment.
    pub(super) async fn tells(&self, app: &TestApp, payment: &str) -> StatusCode {
        tell(app, &self.report(payment)).await
    }
}

/// A report as it is sent: the body, and the two headers.
pub(super) struct Notice {
    pub(super) body: String,
    pub(super) at: (&'static str, String),
    pub(super) signature: (&'static str, String),
}

/// A report as the acquirer signs it now.
pub(super) fn notice(report: &Value) -> Notice {
    let (body, path) = (report.to_string(), "/api/payments/webhook");
    let (at, signature) = Signer::new(KEY.as_bytes()).sign("POST", path, body.as_bytes(), SystemClock.now());
    Notice { body, at: (TIMESTAMP, at), signature: (SIGNATURE, signature) }
}

/// Tells a server something of a payment, as the acquirer signs it.
pub(super) async fn tell(app: &TestApp, report: &Value) -> StatusCode {
    let Notice { body, at, signature } = notice(report);
    tell_signed(app, (&at.1, &signature.1), body).await
}

/// The same with a signature of one's own.
pub(super) async fn tell_signed(app: &TestApp, (at, signature): (&str, &str), body: String) -> StatusCode {
    let headers = [(TIMESTAMP, at), (SIGNATURE, signature), ("content-type", "application/json")];
    let path = "/api/payments/webhook";
    app.anonymous().call_raw(reqwest::Method::POST, path, &headers, body.into_bytes()).await.0
}

async fn answer(request: HttpRequest, body: web::Bytes, books: web::Data<Mutex<Books>>) -> HttpResponse {
    let (manner, said) = books.lock().take(&request, &body);
    match manner {
        Manner::Well => {
            said.map_or_else(|| HttpResponse::NotFound().finish(), |said| HttpResponse::Ok().json(said))
        }
        Manner::Fails => HttpResponse::BadGateway().finish(),
        Manner::DoesItAndFails => HttpResponse::GatewayTimeout().finish(),
        Manner::Refuses | Manner::DoesItAndRefuses => HttpResponse::UnprocessableEntity().finish(),
        Manner::Forged => HttpResponse::Unauthorized().finish(),
        Manner::Babbles => HttpResponse::Ok().body("<html>"),
        Manner::HasEnough => HttpResponse::TooManyRequests().finish(),
        Manner::Redirects => HttpResponse::TemporaryRedirect().insert_header(("location", "/else")).finish(),
        Manner::DoesItAndHangs => {
            tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
            HttpResponse::Ok().finish()
        }
        Manner::DoesItAndFloods => HttpResponse::Ok().body(format!("{{}}{}", " ".repeat(2 << 20))),
    }
}

impl Books {
    /// How a call is answered, and what with. What is not signed is not done.
    fn take(&mut self, request: &HttpRequest, body: &[u8]) -> (Manner, Option<Value>) {
        let header =
            |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let path = request.uri().path_and_query().map_or("", |path| path.as_str());
        let call = (request.method().as_str(), path, body);
        let signer = Signer::new(KEY.as_bytes());
        if signer.check((header(TIMESTAMP), header(SIGNATURE)), call, SystemClock.now()).is_err() {
            self.forged += 1;
            return (Manner::Forged, None);
        }
        let manner = match (call.0, request.path()) {
            ("POST", "/invoices") => self.create,
            ("POST", "/refunds") => self.refund,
            ("GET", "/charges") => Manner::Well,
            ("GET", _) => self.look_up,
            // Nobody calls there.
            _ => {
                self.forged += 1;
                Manner::Forged
            }
        };
        let is_done = matches!(
            manner,
            Manner::Well
                | Manner::DoesItAndFails
                | Manner::DoesItAndRefuses
                | Manner::DoesItAndHangs
                | Manner::DoesItAndFloods
        );
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        (manner, if is_done { self.carry_out(call.0, request, &asked) } else { None })
    }

    fn carry_out(&mut self, method: &str, request: &HttpRequest, asked: &Value) -> Option<Value> {
        match (method, request.path()) {
            ("POST", "/invoices") => {
                self.creations += 1;
                let id = asked["payment_id"].as_str().unwrap();
                let url = format!("http://pay.example/{id}");
                let new = json!({ "payment_id": id, "status": "pending", "invoice_url": url, "charges": [] });
                Some(self.reports.entry(id.to_owned()).or_insert(new).clone())
            }
            ("POST", "/refunds") => {
                let report = self.reports.get_mut(asked["payment_id"].as_str().unwrap()).unwrap();
                let charges = report["charges"].as_array_mut().unwrap();
                let of = charges.iter_mut().find(|charge| charge["charge_id"] == asked["charge_id"]).unwrap();
                let refunds = of["refunds"].as_array_mut().unwrap();
                if refunds.iter().all(|refund| refund["refund_id"] != asked["refund_id"]) {
                    refunds.push(json!({ "refund_id": asked["refund_id"],
                        "amount_minor": asked["amount_minor"], "status": self.refund_status }));
                }
                Some(json!({}))
            }
            ("GET", "/charges") => {
                let query = form_urlencoded::parse(request.query_string().as_bytes());
                let since = query.into_iter().find(|(name, _)| name == "since").unwrap().1;
                let since = Time::from_ms(since.parse::<jiff::Timestamp>().unwrap().as_millisecond());
                let is_of_then = |id: &String| self.charged_at.get(id).is_some_and(|at| *at >= since);
                let paid = self.reports.iter().filter(|(id, _)| is_of_then(id)).map(|(_, report)| report);
                Some(json!({ "payments": paid.collect::<Vec<_>>() }))
            }
            ("GET", path) => self.reports.get(path.strip_prefix("/invoices/")?).cloned(),
            _ => None,
        }
    }
}
