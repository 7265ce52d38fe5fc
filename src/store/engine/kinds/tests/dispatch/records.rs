//! What couriers have done: counted by the store, and the same on every node.

use peerpack_actors::dispatch::record::Record;

use super::*;

/// What a node knows of a courier on duty.
fn known(dispatch: &Dispatch, courier: UserId) -> Option<Record> {
    dispatch.with_board(|board| board.get(courier).map(|standing| standing.record.clone()))
}

async fn comes_to_know(dispatch: &Dispatch, courier: UserId, record: &Record) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while known(dispatch, courier).as_ref() != Some(record) {
        assert!(tokio::time::Instant::now() < deadline, "{:?}, not {record:?}", known(dispatch, courier));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn every_node_counts_the_same(database: Database) {
    database.migrate().await.unwrap();
    let clock = Arc::new(Watch(AtomicI64::new(NOW)));
    let often = Duration::from_millis(20);
    let (engine, dispatch) = node(&database, &clock, often).await;
    let (elsewhere, other) = node(&database, &clock, often).await;
    let ivan = person(2);
    let on_duty = DutyCommand::GoOnline { vehicle: vehicle(), region: Uuid::from_u128(50).into() };
    // Nowhere, so that nobody asks him but this test.
    dispatch.change_duty(engine.context(), ivan, &on_duty).await.unwrap();
    let carry_out = async |id: OrderId, commands: &[OrderCommand]| {
        for command in commands {
            clock.0.fetch_add(1_000, Ordering::SeqCst);
            dispatch.carry_out(engine.context(), id, command).await.unwrap();
        }
    };
    let (declined, taken, named) =
        (place(&database, 7).await, place(&database, 8).await, place(&database, 9).await);
    let no = OrderCommand::Decline { offer: Uuid::from_u128(900).into(), by: ivan, reason: String::new() };
    carry_out(declined, &[ask(900, ivan), no]).await;
    let yes = OrderCommand::Accept { offer: Uuid::from_u128(901).into(), by: ivan };
    let off = step(OrderPhase::Cancelled, By::Courier(ivan));
    carry_out(taken, &[ask(901, ivan), yes, off]).await;
    let assign = OrderCommand::Assign { courier: ivan, by: person(9), reason: String::new() };
    carry_out(named, &[assign]).await;

    let now = engine.context().now();
    let stored = database.records(&[ivan, person(4)], now).await.unwrap();
    assert_eq!(stored.len(), 1, "of somebody who was never on duty there is none");
    let record = &stored[&ivan];
    let duty = database.duty(ivan).await.unwrap().unwrap();
    assert_eq!(
        (record.version, record.asked, record.accepted, record.taken, record.called_off),
        (duty.version, 2, 1, 2, 1)
    );
    assert_eq!((record.offers_after(START), record.orders_after(START), record.rating), (2, 2, None));
    assert_eq!(record.offers_after(now), 0, "they are moments");
    // The node that has decided it has counted it along, the other one reads it.
    assert_eq!(known(&dispatch, ivan).as_ref(), Some(record));
    comes_to_know(&other, ivan, record).await;

    // Off duty and on again, here and there, changes nothing but the duty.
    carry_out(named, &[step(OrderPhase::Cancelled, By::Engine)]).await;
    dispatch.change_duty(engine.context(), ivan, &DutyCommand::GoOffline).await.unwrap();
    dispatch.change_duty(engine.context(), ivan, &on_duty).await.unwrap();
    let version = database.duty(ivan).await.unwrap().unwrap().version;
    let mut again = record.clone();
    again.version = version;
    assert_eq!(known(&dispatch, ivan), Some(again.clone()));
    comes_to_know(&other, ivan, &again).await;

    // A node that has just started knows it, too, before anybody can be asked.
    elsewhere.stop();
    let (restarted, third) = node(&database, &clock, Duration::from_secs(3_600)).await;
    assert_eq!(known(&third, ivan), Some(again));
    engine.stop();
    restarted.stop();
    database.close().await;
}

#[actix_web::test]
async fn every_node_counts_what_couriers_have_done_the_same_on_sqlite() {
    on_sqlite(every_node_counts_the_same).await;
}

#[actix_web::test]
async fn every_node_counts_what_couriers_have_done_the_same_on_postgres() {
    on_postgres(every_node_counts_the_same).await;
}

async fn who_was_asked_too_often_is_not_asked_after_coming_back(database: Database) {
    database.migrate().await.unwrap();
    let clock = Arc::new(Watch(AtomicI64::new(NOW)));
    let settings = Settings { most_offers: 1, ..Settings::default() };
    let never = Duration::from_secs(3_600);
    let (engine, dispatch) = node_with(&database, &clock, never, settings).await;
    let ivan = person(2);
    let on_duty = DutyCommand::GoOnline { vehicle: vehicle(), region: Uuid::from_u128(50).into() };
    dispatch.change_duty(engine.context(), ivan, &on_duty).await.unwrap();
    let (first, second) = (place(&database, 7).await, place(&database, 8).await);
    let no = OrderCommand::Decline { offer: Uuid::from_u128(900).into(), by: ivan, reason: String::new() };
    for command in [ask(900, ivan), no] {
        dispatch.carry_out(engine.context(), first, &command).await.unwrap();
    }
    for command in [&DutyCommand::GoOffline, &on_duty] {
        dispatch.change_duty(engine.context(), ivan, command).await.unwrap();
    }
    let order = database.order(second).await.unwrap().unwrap();
    dispatch.locate(ivan, order.draft.pickup.position, START).unwrap();
    let why = |at: Time| dispatch.explain(&order, at)[0].unfit;
    assert_eq!(why(START), Some(peerpack_actors::dispatch::Unfit::AskedTooOften));
    dispatch.locate(ivan, order.draft.pickup.position, START + Span::minutes(61)).unwrap();
    assert_eq!(why(START + Span::minutes(61)), None, "what was an hour ago counts no more");
    engine.stop();
    database.close().await;
}

#[actix_web::test]
async fn who_was_asked_too_often_is_not_asked_after_coming_back_on_sqlite() {
    on_sqlite(who_was_asked_too_often_is_not_asked_after_coming_back).await;
}

#[actix_web::test]
async fn who_was_asked_too_often_is_not_asked_after_coming_back_on_postgres() {
    on_postgres(who_was_asked_too_often_is_not_asked_after_coming_back).await;
}
