//! Orders that the plan of a day has for somebody.

use peerpack_actors::dispatch::order::Reservation;
use peerpack_actors::dispatch::search::begins;

use super::*;
use crate::store::ReservedOrder;

fn reserve(courier: UserId, at: Time) -> OrderCommand {
    let reservation = Reservation { courier, at };
    let reason = "the plan of the day".to_owned();
    OrderCommand::ReserveWaiting { reservation, takes_up: false, by: person(9), reason }
}

async fn whom_an_order_is_reserved_for_is_asked_first(database: Database) {
    database.migrate().await.unwrap();
    let clock = Arc::new(Watch(AtomicI64::new(NOW)));
    let (engine, dispatch) = node(&database, &clock, Duration::from_millis(20)).await;
    let (ivan, olga) = (person(2), person(3));
    let on_duty = DutyCommand::GoOnline { vehicle: vehicle(), region: Uuid::from_u128(50).into() };
    for courier in [ivan, olga] {
        dispatch.change_duty(engine.context(), courier, &on_duty).await.unwrap();
    }
    let pickup = order(7).draft.pickup.position;
    let farther = Position { lat: pickup.lat + 0.02, ..pickup };
    let at = |minutes| START + Span::minutes(minutes);
    // They are heard before the clock is moved on, so that nobody is taken for silent meanwhile.
    let until = |minutes: i64| {
        dispatch.locate(olga, farther, at(minutes)).unwrap();
        dispatch.locate(ivan, pickup, at(minutes)).unwrap();
        clock.0.store(at(minutes).ms(), Ordering::SeqCst);
    };

    // Nobody looks at it yet, and nobody is bound by the plan.
    let placing = dispatch.placing(order(7), false, START).unwrap();
    let id = dispatch.place(engine.context(), placing, None).await.unwrap().id;
    let kept = dispatch.carry_out(engine.context(), id, &reserve(olga, at(125))).await.unwrap();
    assert_eq!((kept.state.word(), kept.reserved.map(|one| one.courier)), ("matching", Some(olga)));
    assert_eq!(database.order(id).await.unwrap(), Some(kept.clone()), "what is read is what was stored");
    assert_eq!(begins(&kept, &Settings::default()), at(105));
    assert_eq!(database.duty(olga).await.unwrap().unwrap().state, DutyState::Idle);
    let again = dispatch.carry_out(engine.context(), id, &reserve(olga, at(125))).await.unwrap();
    assert_eq!(again.version, kept.version, "it is planned already");

    // So are the next two, long before anybody looks at them.
    let (waits, other) = (place(&database, 8).await, place(&database, 9).await);
    dispatch.carry_out(engine.context(), other, &reserve(person(4), at(130))).await.unwrap();
    dispatch.carry_out(engine.context(), waits, &reserve(ivan, at(130))).await.unwrap();

    // Its time has come: Ivan stands at the door, and Olga is asked. If she does not want it, he is.
    until(105);
    let asked = comes_to(&database, id, |order| order.pending().is_some()).await;
    let offer = asked.pending().unwrap();
    assert_eq!((offer.courier, asked.offers.len()), (olga, 1));
    let no = OrderCommand::Decline { offer: offer.id, by: olga, reason: String::new() };
    dispatch.carry_out(engine.context(), id, &no).await.unwrap();
    let asked = comes_to(&database, id, |order| order.pending().is_some()).await;
    let offer = asked.pending().unwrap();
    assert_eq!(offer.courier, ivan);
    let yes = OrderCommand::Accept { offer: offer.id, by: ivan };
    let taken = dispatch.carry_out(engine.context(), id, &yes).await.unwrap();
    let stored = database.order(id).await.unwrap().unwrap();
    assert_eq!((taken.reserved, stored.reserved, stored.state), (None, None, taken.state));
    let late = dispatch.carry_out(engine.context(), id, &reserve(olga, at(125))).await;
    assert!(late.is_err(), "somebody has it");

    // The next order of Ivan waits for him while he drives. That of a courier who does not work after all is
    // searched for as any other, and Olga is asked, although the one that waits comes before it.
    until(110);
    let asked = comes_to(&database, other, |order| order.pending().is_some()).await;
    let offer = asked.pending().unwrap();
    assert_eq!(offer.courier, olga);
    assert!(database.order(waits).await.unwrap().unwrap().offers.is_empty());
    let no = OrderCommand::Decline { offer: offer.id, by: olga, reason: String::new() };
    dispatch.carry_out(engine.context(), other, &no).await.unwrap();
    // Five minutes before its pickup it waits no longer.
    until(125);
    let asked = comes_to(&database, waits, |order| order.pending().is_some()).await;
    assert_eq!(asked.pending().unwrap().courier, olga);
    engine.stop();
    database.close().await;
}

#[actix_web::test]
async fn whom_an_order_is_reserved_for_is_asked_first_on_sqlite() {
    on_sqlite(whom_an_order_is_reserved_for_is_asked_first).await;
}

#[actix_web::test]
async fn whom_an_order_is_reserved_for_is_asked_first_on_postgres() {
    on_postgres(whom_an_order_is_reserved_for_is_asked_first).await;
}

async fn what_is_kept_for_somebody_is_found_by_when_it_is_wanted(database: Database) {
    database.migrate().await.unwrap();
    let (first, second, third) =
        (place(&database, 7).await, place(&database, 8).await, place(&database, 9).await);
    place(&database, 10).await;
    let wanted_at = START + Span::hours(2);
    for (id, courier) in [(first, person(2)), (second, person(3)), (third, person(2))] {
        carry_out(&database, id, &reserve(courier, wanted_at), START).await;
    }
    carry_out(&database, third, &step(OrderPhase::Cancelled, By::Staff(person(9))), START).await;
    let region = Some(Uuid::from_u128(50).into());
    let kept = |order, courier| ReservedOrder { order, region, courier };
    let (before, after) = (wanted_at - Span::minutes(1), wanted_at + Span::minutes(1));
    let found = database.reserved_orders(wanted_at, after, 10).await.unwrap();
    assert_eq!(found, [kept(first, person(2)), kept(second, person(3))]);
    assert_eq!(database.reserved_orders(before, after, 1).await.unwrap(), [kept(first, person(2))]);
    assert_eq!(database.reserved_orders(before, wanted_at, 10).await.unwrap(), []);
    database.close().await;
}

#[actix_web::test]
async fn what_is_kept_for_somebody_is_found_by_when_it_is_wanted_on_sqlite() {
    on_sqlite(what_is_kept_for_somebody_is_found_by_when_it_is_wanted).await;
}

#[actix_web::test]
async fn what_is_kept_for_somebody_is_found_by_when_it_is_wanted_on_postgres() {
    on_postgres(what_is_kept_for_somebody_is_found_by_when_it_is_wanted).await;
}
