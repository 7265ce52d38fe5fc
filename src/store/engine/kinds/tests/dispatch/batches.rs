//! Orders and couriers who are paired all at once.

use super::*;

/// So many kilometres north of the pickup of every order.
fn north(km: f64) -> Position {
    let pickup = order(7).draft.pickup.position;
    Position { lat: pickup.lat + km / 111.195, ..pickup }
}

async fn waits(engine: &Engine, dispatch: &Arc<Dispatch>, n: u128, km: f64) -> OrderId {
    let mut order = order(n);
    (order.draft.pickup_at, order.draft.pickup.position) = (None, north(km));
    let placing = dispatch.placing(order, true, START).unwrap();
    dispatch.place(engine.context(), placing, None).await.unwrap().id
}

async fn batches_pair_better_than_one_after_the_other(database: Database) {
    database.migrate().await.unwrap();
    let clock = Arc::new(Watch(AtomicI64::new(NOW)));
    let settings = Settings { batch_ms: 500, ..Settings::default() };
    let never = Duration::from_secs(3_600);
    let (engine, dispatch) = node_with(&database, &clock, never, settings).await;
    let (ivan, olga) = (person(2), person(3));
    let on_duty = DutyCommand::GoOnline { vehicle: vehicle(), region: Uuid::from_u128(50).into() };
    for courier in [ivan, olga] {
        dispatch.change_duty(engine.context(), courier, &on_duty).await.unwrap();
    }
    // One after the other, the first order takes Ivan, who is nearer, and Olga has 3 km to the second: 3.5 km
    // in all. Together it is Olga for the first and Ivan for the second: 2.5 km.
    let first = waits(&engine, &dispatch, 7, 0.0).await;
    let second = waits(&engine, &dispatch, 8, 2.0).await;
    let far = waits(&engine, &dispatch, 9, 40.0).await;
    dispatch.locate(ivan, north(0.5), START).unwrap();
    dispatch.locate(olga, north(-1.0), START).unwrap();
    for (id, courier) in [(first, olga), (second, ivan)] {
        let asked = comes_to(&database, id, |order| order.pending().is_some()).await;
        let offer = asked.pending().unwrap();
        assert_eq!((offer.courier, asked.offers.len()), (courier, 1));
        let accept = OrderCommand::Accept { offer: offer.id, by: courier };
        dispatch.carry_out(engine.context(), id, &accept).await.unwrap();
    }

    // Who is out of everybody's reach is searched for farther and farther, and ends with the desk.
    for round in 1..=Settings::default().widenings {
        clock.0.fetch_add(31_000, Ordering::SeqCst);
        comes_to(&database, far, |order| order.round() == round).await;
    }
    clock.0.fetch_add(31_000, Ordering::SeqCst);
    comes_to(&database, far, |order| order.state == OrderState::ActiveQueue).await;
    engine.stop();

    // Nobody waits any more, so nothing is matched; who begins to wait later is matched all the same.
    let settings = Settings { batch_ms: 500, ..Settings::default() };
    let (engine, dispatch) = node_with(&database, &clock, never, settings).await;
    dispatch.carry_out(engine.context(), second, &step(OrderPhase::Cancelled, By::Engine)).await.unwrap();
    dispatch.locate(ivan, north(0.5), engine.context().now()).unwrap();
    let later = waits(&engine, &dispatch, 10, 0.0).await;
    let asked = comes_to(&database, later, |order| order.pending().is_some()).await;
    assert_eq!(asked.pending().unwrap().courier, ivan);

    // A decline frees the courier for the next batch, which does not ask them about this order again.
    let offer = asked.pending().unwrap().id;
    let decline = OrderCommand::Decline { offer, by: ivan, reason: String::new() };
    dispatch.carry_out(engine.context(), later, &decline).await.unwrap();
    let another = waits(&engine, &dispatch, 11, 0.0).await;
    comes_to(&database, another, |order| order.pending().is_some()).await;
    assert_eq!(database.order(later).await.unwrap().unwrap().offers.len(), 1);
    engine.stop();
    database.close().await;
}

#[actix_web::test]
async fn batches_pair_better_than_one_after_the_other_on_sqlite() {
    on_sqlite(batches_pair_better_than_one_after_the_other).await;
}

#[actix_web::test]
async fn batches_pair_better_than_one_after_the_other_on_postgres() {
    on_postgres(batches_pair_better_than_one_after_the_other).await;
}
