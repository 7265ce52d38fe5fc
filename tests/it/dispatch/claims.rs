//! Fifty couriers, one order: one gets it, the others are told so and are free in the end. Fifty orders, one
//! courier: one of them asks. Everything over the commands that every way in ends in, and once over HTTP.

use std::sync::Arc;

use futures_util::future::join_all;
use peerpack::town::Town as TownOfNode;
use peerpack_actors::dispatch::offer::Reckoning;
use peerpack_actors::dispatch::{By, DutyState, Order, OrderCommand, OrderPhase};
use peerpack_actors::ids::{OfferId, OrderId, UserId};
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::runtime::Refusal;
use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::{Somebody, Town};
use crate::claims::rounds_or;
use crate::support::{backends, eventually, patiently};

const COURIERS: u32 = 50;

/// Each has a hundred commits and more.
fn rounds() -> usize {
    rounds_or(2)
}

/// What a courier is told whose offer somebody else has the order of: while nobody has it yet, the second.
const TOO_LATE: [&str; 2] = ["already_taken", "illegal_transition"];

/// A town whose couriers are on duty, and nowhere: the engine asks nobody by itself.
struct Contest {
    town: Town,
    couriers: Vec<(UserId, Somebody)>,
    passenger: Somebody,
    desk: UserId,
}

impl Contest {
    async fn of(town: Town, couriers: u32) -> Self {
        let passenger = town.passenger(1).await;
        let mut on_duty = Vec::new();
        for n in 0..couriers {
            let driver = town.driver(n).await;
            driver.go_online().await;
            let database = &town.app.app.database;
            let person = patiently(async || database.person_of(driver.number).await).await.unwrap();
            on_duty.push((person, driver));
        }
        let desk = town.desk.id.parse().unwrap();
        Self { town, couriers: on_duty, passenger, desk }
    }

    fn node(&self) -> &Arc<TownOfNode> {
        self.town.app.app.town.as_ref().unwrap()
    }

    /// A command, given again as long as others are quicker, or the store is too busy to answer.
    async fn carry_out(&self, id: OrderId, command: &OrderCommand) -> Result<Order, Refusal> {
        eventually("an answer", async || {
            match self.node().dispatch().carry_out(self.town.app.app.engine.context(), id, command).await {
                Err(Refusal::Busy | Refusal::Unavailable(_)) => None,
                answer => Some(answer),
            }
        })
        .await
    }

    async fn step(&self, id: OrderId, to: OrderPhase) {
        let command = OrderCommand::Move { to, by: By::Staff(self.desk), reason: String::new() };
        self.carry_out(id, &command).await.unwrap();
    }

    /// An order of the desk that nobody was asked about.
    async fn order(&self) -> OrderId {
        let id: OrderId = self.town.order(&self.passenger).await.parse().unwrap();
        self.step(id, OrderPhase::Matching).await;
        id
    }

    /// Asks everybody in turn: the last one is asked now, the others were.
    async fn ask_everybody(&self, id: OrderId) -> Vec<OfferId> {
        let mut offers = Vec::new();
        for (courier, _) in &self.couriers {
            if !offers.is_empty() {
                self.step(id, OrderPhase::Matching).await;
            }
            let offer = fresh();
            self.carry_out(id, &ask(offer, *courier)).await.unwrap();
            offers.push(offer);
        }
        offers
    }

    /// Everybody is free but the one who has the order.
    async fn judge(&self, id: OrderId, what: &str) -> UserId {
        let database = &self.town.app.app.database;
        let order = patiently(async || database.order(id).await).await.unwrap();
        let has_it = order.state.courier().unwrap_or_else(|| panic!("{what}: nobody has it: {order:?}"));
        for duty in patiently(async || database.on_duty(None, COURIERS).await).await {
            let expected =
                if duty.courier == has_it { DutyState::ToPickup { order: id } } else { DutyState::Idle };
            assert_eq!(duty.state, expected, "{what}: {}", duty.courier);
        }
        has_it
    }

    async fn everybody_is_free(&self, what: &str) {
        let database = &self.town.app.app.database;
        let duties = patiently(async || database.on_duty(None, COURIERS).await).await;
        assert_eq!(duties.len(), self.couriers.len(), "{what}");
        assert!(duties.iter().all(|duty| duty.state == DutyState::Idle), "{what}: {duties:?}");
    }
}

fn fresh() -> OfferId {
    Uuid::from_bytes(rand::random()).into()
}

fn ask(id: OfferId, courier: UserId) -> OrderCommand {
    OrderCommand::Offer { id, courier, reckoning: Reckoning { eta_s: 60, way_m: 500, cost: 0.1 } }
}

fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Rejected(rejection) => rejection.code(),
        other => panic!("{other}"),
    }
}

#[actix_web::test]
async fn of_fifty_couriers_who_take_one_order_one_gets_it_and_the_others_are_told() {
    for backend in backends() {
        let contest = Contest::of(Town::open(backend).await, COURIERS).await;
        for round in 0..rounds() {
            let id = contest.order().await;
            let offers = contest.ask_everybody(id).await;
            let taps = offers.iter().zip(&contest.couriers).map(|(offer, (courier, _))| {
                let accept = OrderCommand::Accept { offer: *offer, by: *courier };
                let contest = &contest;
                async move { contest.carry_out(id, &accept).await }
            });
            let answers = join_all(taps).await;
            let winners = answers.iter().filter(|answer| answer.is_ok()).count();
            assert_eq!(winners, 1, "round {round}");
            for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
                assert!(TOO_LATE.contains(&code(refusal)), "round {round}: {refusal}");
            }
            let winner = contest.judge(id, &format!("round {round}")).await;
            assert_eq!(winner, contest.couriers.last().unwrap().0, "who is asked gets it");
            // A tap that comes again is told the same: it is theirs, or another's.
            for (offer, (courier, _)) in offers.iter().zip(&contest.couriers) {
                let accept = OrderCommand::Accept { offer: *offer, by: *courier };
                match contest.carry_out(id, &accept).await {
                    Ok(_) => assert_eq!(*courier, winner),
                    Err(refusal) => assert_eq!(code(&refusal), "already_taken"),
                }
            }
            contest.step(id, OrderPhase::Cancelled).await;
            contest.everybody_is_free(&format!("round {round}")).await;
        }
        contest.town.app.audit().await;
    }
}

#[actix_web::test]
async fn of_fifty_couriers_who_are_named_at_once_one_has_the_order_in_the_end() {
    for backend in backends() {
        let contest = Contest::of(Town::open(backend).await, COURIERS).await;
        // Everybody is in everybody's way here: a round takes seconds.
        for round in 0..rounds().min(50) {
            let id = contest.order().await;
            let names = contest.couriers.iter().map(|(courier, _)| {
                let reason = "named".to_owned();
                let assign = OrderCommand::Assign { courier: *courier, by: contest.desk, reason };
                let contest = &contest;
                async move { contest.carry_out(id, &assign).await }
            });
            // Each takes it from the one before.
            for answer in join_all(names).await {
                answer.unwrap_or_else(|refusal| panic!("round {round}: {refusal}"));
            }
            contest.judge(id, &format!("round {round}")).await;
            contest.step(id, OrderPhase::Cancelled).await;
            contest.everybody_is_free(&format!("round {round}")).await;
        }
    }
}

#[actix_web::test]
async fn of_fifty_orders_that_want_one_courier_one_asks() {
    for backend in backends() {
        let contest = Contest::of(Town::open(backend).await, 1).await;
        let (courier, _) = contest.couriers[0];
        let database = &contest.town.app.app.database;
        let mut orders = Vec::new();
        for _ in 0..COURIERS {
            orders.push(contest.order().await);
        }
        for round in 0..rounds() {
            // Whose search begins first changes, so that no order has asked too often.
            orders.rotate_left(1);
            let asks = orders.iter().map(|id| {
                let (ask, contest) = (ask(fresh(), courier), &contest);
                async move { contest.carry_out(*id, &ask).await }
            });
            let answers = join_all(asks).await;
            let asked: Vec<&Order> = answers.iter().flatten().collect();
            assert_eq!(asked.len(), 1, "round {round}");
            for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
                assert_eq!(code(refusal), "illegal_transition", "round {round}: busy is busy");
            }
            let duty = database.duty(courier).await.unwrap().unwrap();
            assert_eq!(duty.state.order(), Some(asked[0].id), "round {round}");
            let bound = database.orders_by_id(&orders).await.unwrap();
            assert_eq!(bound.iter().filter(|order| order.pending().is_some()).count(), 1, "round {round}");
            contest.step(asked[0].id, OrderPhase::Matching).await;
            contest.everybody_is_free(&format!("round {round}")).await;
        }
    }
}

#[actix_web::test]
async fn who_is_too_late_is_told_so_over_http() {
    for backend in backends() {
        let contest = Contest::of(Town::open(backend).await, COURIERS).await;
        let id = contest.order().await;
        let offers = contest.ask_everybody(id).await;
        let taps = offers.iter().zip(&contest.couriers).map(|(offer, (_, driver))| async move {
            let path = format!("/api/mobile/drivers/offer/{offer}/accept/");
            driver.user.post_patiently(&path, json!({})).await
        });
        let answers = join_all(taps).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == StatusCode::OK).count(), 1, "{answers:?}");
        for (status, refused) in answers.iter().filter(|(status, _)| *status != StatusCode::OK) {
            let code = refused["code"].as_str().unwrap();
            assert!(*status == StatusCode::CONFLICT && TOO_LATE.contains(&code), "{status} {refused}");
        }
        contest.judge(id, "over HTTP").await;
        // What was shown to somebody else is not there.
        let (_, somebody) = &contest.couriers[0];
        let path = format!("/api/mobile/drivers/offer/{}/accept/", offers[1]);
        assert_eq!(somebody.user.post(&path, json!({})).await.0, StatusCode::NOT_FOUND);
        let last = &contest.couriers.last().unwrap().1;
        for step in ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"] {
            super::moved(&last.user, &id.to_string(), step).await;
        }
        contest.everybody_is_free("after the ride").await;
    }
}
