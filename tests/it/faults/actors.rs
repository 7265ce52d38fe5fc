//! Actors that die: each is back at once with what it held, and nobody else notices.

use peerpack::ws::wire::{ClientMessage, OfRequest};
use peerpack_actors::runtime::Victim;
use peerpack_actors::stream::StreamEvent;
use serde_json::json;

use crate::support::{TestApp, backends};

#[actix_web::test]
async fn f14_an_actor_of_any_kind_that_dies_is_back_with_what_it_held() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let trip = ivan.publish_trip("Брянск", "Смоленск", json!({})).await;
        let mut ivans = ivan.connect().await;
        let mut annas = anna.connect().await;
        let victims: [fn(&str, &str, &str) -> Victim; 3] = [
            |package, _, _| Victim::Package(package.parse().unwrap()),
            |_, trip, _| Victim::Trip(trip.parse().unwrap()),
            |_, _, user| Victim::User(user.parse().unwrap()),
        ];
        for victim in victims {
            let package = anna.publish_package("Брянск", "Смоленск", json!({ "weight": "light" })).await;
            let offer = ivans.offer(&package).await;
            app.app.engine.crash(victim(&package, &trip, &ivan.id));
            // Anybody who asks just then may be told that nobody knows what became of it.
            let accept = ClientMessage::OfferAccept(OfRequest { request_id: offer.request_id });
            assert_eq!(ivans.insist(accept).await, ("ok".to_owned(), None));
            let accepted = |event: &StreamEvent| match event {
                StreamEvent::RequestAccepted(step) if step.request_id == offer.request_id => Some(()),
                _ => None,
            };
            annas.event("request.accepted", accepted).await;
        }
        app.audit().await;
    }
}
