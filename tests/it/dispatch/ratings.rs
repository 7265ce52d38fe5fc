//! What a courier is rated with: the reviews of those whose packages they have carried.

use peerpack_actors::dispatch::{DutyCommand, Unfit};
use peerpack_actors::ids::UserId;
use peerpack_actors::place::Position;
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::time::Span;
use reqwest::StatusCode;
use serde_json::json;

use super::Town;
use crate::marketplace::delivered;
use crate::support::backends;

#[actix_web::test]
async fn who_is_rated_low_is_not_asked() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (anna, ivan, request) = delivered(&town.app).await;
        let review = format!("/api/package-requests/{request}/review");
        let (status, body) = anna.post(&review, json!({ "rating": 3, "text": "Долго" })).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let app = &town.app.app;
        let now = app.clock.now();
        assert_eq!(app.database.show_reviews(now + Span::seconds(1)).await, Ok(1));

        let order = town.order(&town.passenger(1).await).await;
        let order = app.database.order(order.parse().unwrap()).await.unwrap().unwrap();
        let somebody = town.driver(1).await;
        let other = app.database.person_of(somebody.number).await.unwrap().unwrap();
        let vehicle = peerpack::town::vehicle(&app.database.driver(other).await.unwrap().unwrap());
        let dispatch = app.town.as_ref().unwrap().dispatch();
        let (rated, context): (UserId, _) = (ivan.id.parse().unwrap(), app.engine.context());
        let region = town.region.parse().unwrap();
        for courier in [rated, other] {
            let come = DutyCommand::GoOnline { vehicle: vehicle.clone(), region };
            dispatch.change_duty(context, courier, &come).await.unwrap();
            dispatch.sighted(context, courier, Position { lat: 55.776, lon: 37.655 }).unwrap();
        }
        let verdicts = dispatch.explain(&order, app.clock.now());
        let unfit = |who| verdicts.iter().find(|one| one.courier == who).unwrap().unfit;
        assert_eq!((unfit(rated), unfit(other)), (Some(Unfit::LowRating), None));
    }
}
