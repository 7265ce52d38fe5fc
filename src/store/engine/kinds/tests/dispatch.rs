//! Orders and duties as they are stored: an order goes from its placing to its end, and the database lets
//! nobody have two.

mod batches;
mod claims;
mod hours;
mod records;
mod regions;
mod reserved;
mod silence;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use peerpack_actors::dispatch::offer::Reckoning;
use peerpack_actors::dispatch::order::{Cargo, OrderEnd};
use peerpack_actors::dispatch::price::{Extras, LocalHour, Ride};
use peerpack_actors::dispatch::{
    By, Duty, DutyChange, DutyCommand, DutyState, Order, OrderChange, OrderCommand, OrderDraft, OrderPhase,
    OrderState, Quote, Regions, Settings, Tariff, Vehicle,
};
use peerpack_actors::ids::{OrderId, UserId};
use peerpack_actors::market::load::Load;
use peerpack_actors::place::Position;
use peerpack_actors::ports::{CommitError, OrderStore as _, Store as _};
use peerpack_actors::runtime::{Dispatch, Engine, RuntimeSettings};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use uuid::Uuid;

use super::{NOW, PATIENCE, Slate, Watch, on_postgres, on_sqlite, person};
use crate::store::Database;

const START: Time = Time::from_ms(NOW);

fn vehicle() -> Vehicle {
    let capacity = Load { weight_g: 100_000, volume_ml: 500_000, slots: 4 };
    Vehicle { car_model: "Lada Largus".to_owned(), plate_number: "A 123 BC".to_owned(), capacity }
}

fn order(n: u128) -> Order {
    // Degrees that no decimal fraction is exactly.
    let position = |lat: f64, lon: f64| Position { lat: lat / 3.0, lon: lon / 7.0 };
    let end = |title: &str, position| OrderEnd {
        title: title.to_owned(),
        object_name: "вокзал".to_owned(),
        position,
    };
    let (extras, ride) =
        (Extras { companion: true, ..Extras::default() }, Ride { way_m: 10_000, ride_s: 1_200 });
    let local = LocalHour { hour: 23, weekend: true };
    let quote = Quote::new(Tariff::default(), extras.clone(), ride, local, 120).unwrap();
    let draft = OrderDraft {
        pickup: end("Комсомольская площадь, 2", position(167.33, 263.59)),
        dropoff: end("Арбат, 1", position(167.25, 263.2)),
        pickup_at: Some(START + Span::hours(2)),
        cargo: Cargo::Passenger,
        extras,
        note: "a wheelchair".to_owned(),
        region: Some(Uuid::from_u128(50).into()),
        ride,
    };
    Order::place(Uuid::from_u128(n).into(), person(1), draft, quote, START).unwrap()
}

/// The unit of a decision.
fn unit(order: &Order, command: &OrderCommand, duties: &[&Duty], at: Time) -> Option<Unit> {
    let outcome = order.decide(command, duties, &Settings::default(), at).unwrap();
    let (change, moved) = OrderChange::of(order, &outcome, duties)?;
    Some(Unit::order(change, moved, at))
}

fn step(to: OrderPhase, by: By) -> OrderCommand {
    OrderCommand::Move { to, by, reason: String::new() }
}

fn ask(n: u128, courier: UserId) -> OrderCommand {
    let reckoning = Reckoning { eta_s: 240, way_m: 2_000, cost: 0.1 + 0.2 };
    OrderCommand::Offer { id: Uuid::from_u128(n).into(), courier, reckoning }
}

/// Reads, decides and stores, again if somebody else was faster.
async fn carry_out(database: &Database, id: OrderId, command: &OrderCommand, at: Time) -> Order {
    for _ in 0..100 {
        let order = database.order(id).await.unwrap().unwrap();
        let mut duties = Vec::new();
        let named = match command {
            OrderCommand::Offer { courier, .. } | OrderCommand::Assign { courier, .. } => Some(*courier),
            _ => None,
        };
        for courier in order.touches().into_iter().chain(named) {
            duties.extend(database.duty(courier).await.unwrap());
        }
        let duties: Vec<&Duty> = duties.iter().collect();
        let Some(unit) = unit(&order, command, &duties, at) else { return order };
        match database.commit(unit).await {
            Ok(_) => return database.order(id).await.unwrap().unwrap(),
            Err(CommitError::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("somebody else was always faster");
}

async fn place(database: &Database, n: u128) -> OrderId {
    let order = order(n);
    database.commit(Unit::place_order(order.clone())).await.unwrap();
    let stored = database.order(order.id).await.unwrap();
    assert_eq!(stored, Some(order.clone()), "what is read is what was placed");
    carry_out(database, order.id, &step(OrderPhase::Matching, By::Engine), START).await;
    order.id
}

async fn go_on_duty(database: &Database, courier: UserId) -> Duty {
    let duty = Duty::begin(courier, vehicle(), Uuid::from_u128(50).into(), START).unwrap();
    let change = DutyChange { version: 0, after: duty.clone() };
    database.commit(Unit::other(change, Vec::new(), START)).await.unwrap();
    duty
}

async fn goes_from_its_placing_to_its_end(database: Database) {
    database.migrate().await.unwrap();
    let (ivan, olga) = (person(2), person(3));
    let (first, second) = (go_on_duty(&database, ivan).await, go_on_duty(&database, olga).await);
    assert_eq!(database.on_duty(None, 10).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(database.on_duty(Some(ivan), 10).await.unwrap(), [second]);
    let id = place(&database, 7).await;
    let at = |seconds| START + Span::seconds(seconds);

    // Asked, and no answer; asked, and declined; asked, and taken.
    carry_out(&database, id, &ask(900, ivan), at(1)).await;
    assert_eq!(database.duty(ivan).await.unwrap().unwrap().state.offer(), Some(Uuid::from_u128(900).into()));
    carry_out(&database, id, &OrderCommand::ExpireOffer, at(16)).await;
    assert_eq!(database.duty(ivan).await.unwrap().unwrap().state, DutyState::Idle);
    carry_out(&database, id, &ask(901, olga), at(17)).await;
    let reason = "lunch".to_owned();
    let decline = OrderCommand::Decline { offer: Uuid::from_u128(901).into(), by: olga, reason };
    carry_out(&database, id, &decline, at(18)).await;
    carry_out(&database, id, &OrderCommand::Widen { from: 0 }, at(50)).await;
    let asked = carry_out(&database, id, &ask(902, ivan), at(51)).await;
    assert_eq!(database.searching(None, 10).await.unwrap(), [asked]);
    assert_eq!(database.searching(Some(id), 10).await.unwrap(), []);
    let accept = OrderCommand::Accept { offer: Uuid::from_u128(902).into(), by: ivan };
    let taken = carry_out(&database, id, &accept, at(52)).await;
    assert_eq!(taken.state, OrderState::Assigned { courier: ivan, at: at(52) });
    assert_eq!(
        carry_out(&database, id, &accept, at(53)).await,
        taken,
        "a repeated acceptance changes nothing"
    );
    assert_eq!(database.searching(None, 10).await.unwrap(), []);

    let by = By::Courier(ivan);
    carry_out(&database, id, &step(OrderPhase::DriverEnRoute, by), at(60)).await;
    carry_out(&database, id, &step(OrderPhase::ArrivedWaiting, by), at(120)).await;
    carry_out(&database, id, &step(OrderPhase::RideOngoing, by), at(1_020)).await;
    let done = carry_out(&database, id, &step(OrderPhase::Completed, by), at(2_000)).await;
    assert_eq!(
        (done.state, done.milestones.waited),
        (OrderState::Completed { courier: ivan }, Span::minutes(15))
    );
    let settled = done.milestones.settled.clone().unwrap();
    assert_eq!(settled.total_minor, done.quote.breakdown.total_minor + 10 * 3_000);
    let words: Vec<_> = done.offers.iter().map(|offer| offer.state.word()).collect();
    assert_eq!(words, ["expired", "declined", "accepted"]);
    for duty in database.on_duty(None, 10).await.unwrap() {
        assert_eq!(duty.state, DutyState::Idle, "everybody is free in the end");
    }

    let steps = database.order_steps(id).await.unwrap();
    let to: Vec<&str> = steps.iter().map(|step| step.to.as_str()).collect();
    let expected = "matching offered matching offered matching offered assigned driver_en_route arrived_waiting \
                    ride_ongoing completed";
    assert_eq!(to.join(" "), expected);
    assert!(steps.windows(2).all(|pair| pair[0].to == pair[1].from), "{steps:?}");
    assert_eq!(
        (steps[4].role.as_str(), steps[4].person, steps[4].description.as_str()),
        ("courier", Some(olga), "lunch")
    );
    let changed = database.changed_orders(at(2_000), 10).await.unwrap();
    assert_eq!(changed, [(id.uuid(), done.version)]);
    assert_eq!(database.changed_duties(at(2_000), 10).await.unwrap().len(), 1);
    database.close().await;
}

/// No actor stands before the database here: it alone decides.
async fn nobody_has_two(database: Database) {
    database.migrate().await.unwrap();
    let (ivan, olga) = (person(2), person(3));
    let duty = go_on_duty(&database, ivan).await;
    let other = go_on_duty(&database, olga).await;
    let (one, two) = (place(&database, 7).await, place(&database, 8).await);

    // Two searches at once have found the same courier.
    let (first, second) =
        (database.order(one).await.unwrap().unwrap(), database.order(two).await.unwrap().unwrap());
    let offers = [
        unit(&first, &ask(900, ivan), &[&duty], START).unwrap(),
        unit(&second, &ask(901, ivan), &[&duty], START).unwrap(),
    ];
    let answers = futures_util::future::join_all(offers.map(|unit| database.commit(unit))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().any(|answer| matches!(answer, Err(CommitError::Conflict))), "{answers:?}");

    // Fifty acceptances at once, of which each was decided upon the same copies.
    let duty = database.duty(ivan).await.unwrap().unwrap();
    let order = database.order(duty.state.order().unwrap()).await.unwrap().unwrap();
    let accept = OrderCommand::Accept { offer: duty.state.offer().unwrap(), by: ivan };
    let units = (0..50).map(|_| unit(&order, &accept, &[&duty], START).unwrap());
    let answers = futures_util::future::join_all(units.map(|unit| database.commit(unit))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "one winner");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(CommitError::Conflict))), "{answers:?}");

    // Even somebody who forges a duty's version gives nobody a second order: the index of orders says no.
    let left = if order.id == one { two } else { one };
    let free = Duty { state: DutyState::Idle, ..database.duty(ivan).await.unwrap().unwrap() };
    let waiting = database.order(left).await.unwrap().unwrap();
    let forged = unit(&waiting, &ask(902, ivan), &[&free], START).unwrap();
    let refused = database.commit(forged).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    let unchanged = database.order(left).await.unwrap();
    assert_eq!(unchanged, Some(waiting), "nothing of a refused unit is left");

    // Staff takes it from one and gives it to another, and both duties follow in one unit.
    let assign = OrderCommand::Assign { courier: olga, by: person(9), reason: "nearer".to_owned() };
    let given = carry_out(&database, order.id, &assign, START).await;
    assert_eq!(given.state.courier(), Some(olga));
    assert_eq!(database.duty(ivan).await.unwrap().unwrap().state, DutyState::Idle);
    assert_eq!(database.duty(olga).await.unwrap().unwrap().state, DutyState::ToPickup { order: order.id });

    // Off duty and on again, by an old copy: only the current one counts.
    let off = other.decide(&DutyCommand::GoOffline, START).unwrap().unwrap();
    let mut after = other.clone();
    after.apply(&off);
    let stale = DutyChange { version: other.version, after };
    let refused = database.commit(Unit::other(stale, Vec::new(), START)).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    database.close().await;
}

#[actix_web::test]
async fn an_order_goes_from_its_placing_to_its_end_on_sqlite() {
    on_sqlite(goes_from_its_placing_to_its_end).await;
}

#[actix_web::test]
async fn an_order_goes_from_its_placing_to_its_end_on_postgres() {
    on_postgres(goes_from_its_placing_to_its_end).await;
}

#[actix_web::test]
async fn the_database_lets_nobody_have_two_orders_on_sqlite() {
    on_sqlite(nobody_has_two).await;
}

#[actix_web::test]
async fn the_database_lets_nobody_have_two_orders_on_postgres() {
    on_postgres(nobody_has_two).await;
}

/// A node with its dispatch. Positions are those of this node.
async fn node(database: &Database, clock: &Arc<Watch>, compare: Duration) -> (Engine, Arc<Dispatch>) {
    node_with(database, clock, compare, Settings::default()).await
}

/// The same, with knobs.
async fn node_with(
    database: &Database,
    clock: &Arc<Watch>,
    compare: Duration,
    settings: Settings,
) -> (Engine, Arc<Dispatch>) {
    let dispatch = Dispatch::new(Arc::new(database.clone()), settings, Regions::default());
    let settings = RuntimeSettings { compare, ..RuntimeSettings::default() };
    let (store, bus) = (Arc::new(database.clone()), Arc::new(Slate::default()));
    let engine = Engine::start_with(store, bus, Arc::clone(clock) as _, settings, dispatch.kinds());
    (engine.await.unwrap(), dispatch)
}

async fn comes_to(database: &Database, id: OrderId, is_there: impl Fn(&Order) -> bool) -> Order {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let order = database.order(id).await.unwrap().unwrap();
        if is_there(&order) {
            return order;
        }
        assert!(tokio::time::Instant::now() < deadline, "{:?} {:?}", order.state, order.offers);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn a_node_searches_offers_and_survives_a_restart(database: Database) {
    database.migrate().await.unwrap();
    let clock = Arc::new(Watch(AtomicI64::new(NOW)));
    let (often, never) = (Duration::from_millis(20), Duration::from_secs(3_600));
    let (engine, dispatch) = node(&database, &clock, often).await;
    let (ivan, olga) = (person(2), person(3));
    let pickup = order(7).draft.pickup.position;
    let near = Position { lat: pickup.lat + 0.01, ..pickup };
    let on_duty = DutyCommand::GoOnline { vehicle: vehicle(), region: Uuid::from_u128(50).into() };

    // Nobody is on duty: it waits, and is offered as soon as somebody is.
    let mut order = order(7);
    order.draft.pickup_at = None;
    let id = order.id;
    let placing = dispatch.placing(order, true, START).unwrap();
    let placed = dispatch.place(engine.context(), placing, None).await.unwrap();
    assert_eq!(database.order(id).await.unwrap().unwrap(), placed, "with its first step");
    dispatch.change_duty(engine.context(), ivan, &on_duty).await.unwrap();
    dispatch.locate(ivan, near, START).unwrap();
    let offered = comes_to(&database, id, |order| order.pending().is_some()).await;
    assert_eq!(offered.pending().unwrap().courier, ivan);

    // Nobody answers: the offer ends by itself, Ivan is free, and the next one is asked.
    dispatch.change_duty(engine.context(), olga, &on_duty).await.unwrap();
    clock.0.fetch_add(20_000, Ordering::SeqCst);
    dispatch.locate(olga, pickup, engine.context().now()).unwrap();
    let is_olgas = |order: &Order| order.pending().is_some_and(|offer| offer.courier == olga);
    let offered = comes_to(&database, id, is_olgas).await;
    assert_eq!(offered.offers[0].state.word(), "expired");
    assert_eq!(database.duty(ivan).await.unwrap().unwrap().state, DutyState::Idle);

    // The node dies. Another one knows who is on duty and what was offered, and ends it in time.
    engine.stop();
    let (engine, dispatch) = node(&database, &clock, often).await;
    assert_eq!(dispatch.with_board(peerpack_actors::dispatch::Board::len), 2);
    clock.0.fetch_add(20_000, Ordering::SeqCst);
    comes_to(&database, id, |order| order.pending().is_none()).await;

    // Both have let it run out, so nobody is asked before the search looks farther.
    for courier in [ivan, olga] {
        dispatch.locate(courier, near, engine.context().now()).unwrap();
    }
    clock.0.fetch_add(31_000, Ordering::SeqCst);
    let asked = comes_to(&database, id, |order| order.pending().is_some()).await;
    assert_eq!((asked.round(), asked.offers.len()), (1, 3));

    // Of fifty acceptances at once on two nodes one wins, and both nodes learn of it.
    let (elsewhere, other) = node(&database, &clock, never).await;
    let offer = asked.pending().unwrap();
    let accept = OrderCommand::Accept { offer: offer.id, by: offer.courier };
    let calls = (0..50).map(|n| {
        let (engine, dispatch) = if n % 2 == 0 { (&engine, &dispatch) } else { (&elsewhere, &other) };
        dispatch.carry_out(engine.context(), id, &accept)
    });
    let answers = futures_util::future::join_all(calls).await;
    let taken = database.order(id).await.unwrap().unwrap();
    assert_eq!(taken.state.courier(), Some(offer.courier));
    assert!(answers.iter().flatten().all(|order| order.version == taken.version), "{answers:?}");
    let steps = database.order_steps(id).await.unwrap();
    assert_eq!(steps.iter().filter(|step| step.to == "assigned").count(), 1);
    engine.stop();
    elsewhere.stop();
    database.close().await;
}

#[actix_web::test]
async fn a_node_searches_offers_and_survives_a_restart_on_sqlite() {
    on_sqlite(a_node_searches_offers_and_survives_a_restart).await;
}

#[actix_web::test]
async fn a_node_searches_offers_and_survives_a_restart_on_postgres() {
    on_postgres(a_node_searches_offers_and_survives_a_restart).await;
}
