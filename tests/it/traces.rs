//! What was done for one request can be followed by its name: through the actors and the commit to the
//! sockets.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use peerpack_actors::stream::StreamEvent;
use reqwest::Method;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::support::{TestApp, backends, eventually};

/// Everything that begins or happens, each with the spans around it from the outermost on.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<String>>>);

/// A span's name and fields, as `name{field=value}`.
struct Shown(String);

impl Visit for Shown {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{{{}={value:?}}}", field.name()).unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let metadata = attributes.metadata();
        let mut shown = Shown(format!("{} {}", metadata.target(), metadata.name()));
        attributes.record(&mut shown);
        let span = ctx.span(id).unwrap();
        span.extensions_mut().insert(shown);
        self.0.lock().unwrap().push(line(span.scope().from_root()));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, ctx: Context<'_, S>) {
        let span = ctx.span(id).unwrap();
        let mut extensions = span.extensions_mut();
        record.record(extensions.get_mut::<Shown>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut shown = Shown(String::new());
        event.record(&mut shown);
        let scope =
            ctx.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root);
        self.0.lock().unwrap().push(format!("{} > {} {}", line(scope), event.metadata().target(), shown.0));
    }
}

fn line<'a, R: LookupSpan<'a> + 'a>(
    scope: impl Iterator<Item = tracing_subscriber::registry::SpanRef<'a, R>>,
) -> String {
    let shown = |span: tracing_subscriber::registry::SpanRef<'a, R>| {
        span.extensions().get::<Shown>().map(|shown| shown.0.clone()).unwrap_or_default()
    };
    scope.map(shown).collect::<Vec<_>>().join(" > ")
}

impl Capture {
    /// Waits for a line with these parts, in this order.
    async fn has(&self, parts: &[&str]) {
        let look = async || {
            let lines = self.0.lock().unwrap();
            let in_order = |line: &&String| {
                parts.iter().try_fold(line.as_str(), |rest, part| Some(rest.split_once(part)?.1)).is_some()
            };
            lines.iter().find(in_order).map(drop)
        };
        eventually(&parts.join(" … "), look).await;
    }
}

#[actix_web::test]
async fn one_request_id_follows_a_publication_to_the_sockets() {
    let capture = Capture::default();
    let _ = tracing_subscriber::registry().with(capture.clone()).try_init();
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let (mut annas, mut ivans) = (anna.connect().await, ivan.connect().await);
        ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
        let name = format!("follow-me-{}", capture.0.lock().unwrap().len());
        let body = json!({
            "from": "Иркутск", "to": "Улан-Удэ", "description": "книги", "reward": 500, "size": "s",
            "weight": "light", "tags": [], "pickup_address": "ул. Ленина, 1", "delivery_address": "ул. Мира, 2",
        });
        let headers = [("x-request-id", name.as_str())];
        let (status, _, answer) = anna.call_with(Method::POST, "/api/packages", &headers, Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        let package = answer["package_id"].as_str().unwrap();
        let offer = ivans.offer(package).await;

        let request = format!("peerpack::error::request_id request{{request_id={name:?}}}");
        let id = format!("{{package={package}}}");
        let publish = format!("engine::publishing command{id}{{command=\"publish\"}}");
        capture.has(&[&request, "{route=\"POST /api/packages\"}", &publish]).await;
        capture.has(&[&request, &publish, "store::engine::run unit{packages=1}", "commit{units=1}"]).await;
        let to_anna = format!("user_actor deliver{{user={}}}", anna.id);
        capture.has(&[&request, &publish, &to_anna, "an event goes out"]).await;
        // What the engine does because of it is part of it, in actors on other threads.
        let wave = format!("claim command{id}{{command=\"offer\"}}");
        capture.has(&[&request, &publish, &wave, "unit{packages=1}", "commit{units=1}"]).await;
        let to_ivan = format!("user_actor deliver{{user={}}}", ivan.id);
        capture.has(&[&request, &publish, &wave, &to_ivan, "edge::outbox", "an event goes out"]).await;

        assert_eq!(ivans.accept(offer.request_id).await, ("ok".to_owned(), None));
        annas
            .event("request.accepted", |event| matches!(event, StreamEvent::RequestAccepted(_)).then_some(()))
            .await;
        let command = format!("{{user={}}}{{kind=\"offer.accept\"}}", ivan.id);
        let claim = format!("claim command{id}{{command=\"accept the request\"}}");
        capture.has(&["ws::conversation::talk command", &command, &claim, "unit{packages=1}{trips=1}"]).await;
        capture
            .has(&["ws::conversation::talk command", &command, &claim, &to_anna, "an event goes out"])
            .await;
    }
}
