//! What a node holds of orders and duties: the same as the store has, and never the last word.

use std::sync::Arc;

use peerpack_actors::dispatch::offer::Reckoning;
use peerpack_actors::dispatch::{By, Order, OrderCommand, OrderPhase, Regions, Settings};
use peerpack_actors::ids::{OfferId, OrderId, UserId};
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::runtime::{Dispatch, Refusal};
use uuid::Uuid;

use super::{Town, moved};
use crate::support::{backends, eventually};

const STEPS: [&str; 4] = ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"];

/// A town with an order that is searched for, and two couriers on duty who are nowhere, so that the engine
/// asks nobody by itself. The second dispatch is over the same store, and neither hears of what the other one
/// does.
struct Two {
    town: Town,
    order: OrderId,
    couriers: [UserId; 2],
    other: Arc<Dispatch>,
}

impl Two {
    async fn of(town: Town) -> Self {
        let mut couriers = Vec::new();
        for n in 1..=2 {
            let driver = town.driver(n).await;
            driver.go_online().await;
            couriers.push(town.app.app.database.person_of(driver.number).await.unwrap().unwrap());
        }
        let order = town.order(&town.passenger(1).await).await.parse().unwrap();
        let store = Arc::new(town.app.app.database.clone());
        let other = Dispatch::new(store, Settings::default(), Regions::default());
        let two = Self { town, order, couriers: [couriers[0], couriers[1]], other };
        two.here(&two.to(OrderPhase::Matching)).await.unwrap();
        two
    }

    fn to(&self, to: OrderPhase) -> OrderCommand {
        let desk = self.town.desk.id.parse().unwrap();
        OrderCommand::Move { to, by: By::Staff(desk), reason: String::new() }
    }

    fn node(&self) -> &Arc<Dispatch> {
        self.town.app.app.town.as_ref().unwrap().dispatch()
    }

    async fn here(&self, command: &OrderCommand) -> Result<Order, Refusal> {
        self.node().carry_out(self.town.app.app.engine.context(), self.order, command).await
    }

    async fn elsewhere(&self, command: &OrderCommand) -> Result<Order, Refusal> {
        self.other.carry_out(self.town.app.app.engine.context(), self.order, command).await
    }

    async fn stored(&self) -> Order {
        self.town.app.app.database.order(self.order).await.unwrap().unwrap()
    }

    /// Asks a courier here.
    async fn ask(&self, courier: UserId) -> OfferId {
        let id = Uuid::from_bytes(rand::random()).into();
        let reckoning = Reckoning { eta_s: 60, way_m: 500, cost: 0.1 };
        self.here(&OrderCommand::Offer { id, courier, reckoning }).await.unwrap();
        id
    }
}

fn code(answer: Result<Order, Refusal>) -> &'static str {
    match answer {
        Err(Refusal::Rejected(rejection)) => rejection.code(),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn what_a_node_holds_is_what_the_store_has_after_each_step() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let driver = town.driver_at(1, 55.777, 37.656).await;
        let app = &town.app.app;
        let courier = app.database.person_of(driver.number).await.unwrap().unwrap();
        let id = town.order(&town.passenger(1).await).await;
        let order: OrderId = id.parse().unwrap();
        let dispatch = app.town.as_ref().unwrap().dispatch();
        let same = async |what: &str| {
            let stored = app.database.order(order).await.unwrap().unwrap();
            let is_held = !matches!(what, "completed" | "cancelled");
            assert_eq!(dispatch.seen(order), is_held.then_some(stored), "{what}");
            let duty = app.database.duty(courier).await.unwrap().unwrap();
            let held = dispatch.with_board(|board| board.get(courier).map(|known| known.duty.clone()));
            assert_eq!(held, Some(duty), "{what}");
        };
        town.step(&id, "matching").await;
        let offer = eventually("offer", async || {
            let offers = driver.user.get("/api/mobile/drivers/offers/").await;
            offers["results"][0]["offer_id"].as_str().map(str::to_owned)
        });
        let offer = offer.await;
        same("offered").await;
        let path = format!("/api/mobile/drivers/offer/{offer}/accept/");
        driver.user.post(&path, serde_json::json!({})).await;
        same("assigned").await;
        for step in STEPS {
            moved(&driver.user, &id, step).await;
            same(step).await;
        }
    }
}

#[actix_web::test]
async fn a_command_upon_an_old_copy_is_decided_upon_the_new_one() {
    for backend in backends() {
        let two = Two::of(Town::open(backend).await).await;
        let [first, second] = two.couriers;
        let offer = two.ask(first).await;
        let accept = OrderCommand::Accept { offer, by: first };
        // Elsewhere the offer is taken back, and the order given to somebody else.
        two.elsewhere(&two.to(OrderPhase::Matching)).await.unwrap();
        let desk = two.town.desk.id.parse().unwrap();
        let assign = OrderCommand::Assign { courier: second, by: desk, reason: "named".to_owned() };
        let given = two.elsewhere(&assign).await.unwrap();
        assert!(two.node().seen(two.order).unwrap().version < given.version, "here it is not known yet");
        // Upon the copy it could be taken.
        assert_eq!(code(two.here(&accept).await), "already_taken");
        assert_eq!(two.stored().await, given, "nothing was changed");
        assert_eq!(two.node().seen(two.order), Some(given), "now it is known here");
        // A step that is possible only upon what the store has.
        two.elsewhere(&two.to(OrderPhase::DriverEnRoute)).await.unwrap();
        let waits = two.here(&two.to(OrderPhase::ArrivedWaiting)).await.unwrap();
        assert_eq!(waits, two.stored().await);
        // What has nothing to do upon the copy has something to do upon what the store has.
        two.elsewhere(&two.to(OrderPhase::RideOngoing)).await.unwrap();
        two.elsewhere(&two.to(OrderPhase::Incident)).await.unwrap();
        two.elsewhere(&two.to(OrderPhase::Completed)).await.unwrap();
        let again = two.here(&two.to(OrderPhase::ArrivedWaiting)).await;
        assert_eq!(code(again), "illegal_transition", "upon the copy it is there already");
        two.town.app.audit().await;
    }
}

#[actix_web::test]
async fn a_courier_whom_another_node_has_asked_is_not_asked_again() {
    for backend in backends() {
        let two = Two::of(Town::open(backend).await).await;
        let [first, _] = two.couriers;
        let passenger = two.town.passenger(2).await;
        let second: OrderId = two.town.order(&passenger).await.parse().unwrap();
        let context = two.town.app.app.engine.context();
        two.other.carry_out(context, second, &two.to(OrderPhase::Matching)).await.unwrap();
        let reckoning = Reckoning { eta_s: 60, way_m: 500, cost: 0.1 };
        let ask = |n| OrderCommand::Offer { id: Uuid::from_u128(n).into(), courier: first, reckoning };
        two.other.carry_out(context, second, &ask(1)).await.unwrap();
        // Upon the copies the courier is free.
        assert_eq!(code(two.here(&ask(2)).await), "illegal_transition");
        assert!(two.stored().await.offers.is_empty());
        two.town.app.audit().await;
    }
}
