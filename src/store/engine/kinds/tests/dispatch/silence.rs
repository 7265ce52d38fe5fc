//! Couriers of whom nobody hears any more, while other nodes can be asked about them and while they cannot.

use async_trait::async_trait;
use parking_lot::Mutex;
use peerpack_actors::dispatch::track::Fix;
use peerpack_actors::runtime::{Unheard, Watcher};

use super::*;

/// The other nodes, and what was told.
struct Others {
    heard: Mutex<Result<Option<Fix>, Unheard>>,
    told: Mutex<Vec<(&'static str, UserId)>>,
}

impl Others {
    fn count(&self, what: &str) -> usize {
        self.told.lock().iter().filter(|(told, _)| *told == what).count()
    }
}

#[async_trait]
impl Watcher for Others {
    fn order(&self, _: &Order) {}

    fn duty(&self, duty: &Duty) {
        self.told.lock().push((duty.state.phase().word(), duty.courier));
    }

    fn moved(&self, courier: UserId, _: Fix) {
        self.told.lock().push(("moved", courier));
    }

    fn lost(&self, courier: UserId) {
        self.told.lock().push(("lost", courier));
    }

    fn pass_on(&self, courier: UserId, _: Fix) {
        self.told.lock().push(("passed on", courier));
    }

    async fn heard_elsewhere(&self, courier: UserId) -> Result<Option<Fix>, Unheard> {
        self.told.lock().push(("asked", courier));
        *self.heard.lock()
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn a_silent_courier_goes_off_duty_unless_others_hear_them(database: Database) {
    database.migrate().await.unwrap();
    let clock = Arc::new(Watch(AtomicI64::new(NOW)));
    let (engine, dispatch) = node(&database, &clock, Duration::from_millis(20)).await;
    let others = Arc::new(Others { heard: Mutex::new(Err(Unheard)), told: Mutex::default() });
    dispatch.watched_by(Arc::clone(&others) as _);
    let (ivan, olga) = (person(2), person(3));
    let on_duty = DutyCommand::GoOnline { vehicle: vehicle(), region: Uuid::from_u128(50).into() };
    let here = Position { lat: 55.751_234, lon: 37.612_345 };
    for courier in [ivan, olga] {
        dispatch.change_duty(engine.context(), courier, &on_duty).await.unwrap();
        dispatch.sighted(engine.context(), courier, here).unwrap();
    }
    assert_eq!((others.count("moved"), others.count("passed on")), (2, 2));

    // After five minutes nothing is left of where they were.
    clock.0.fetch_add(301_000, Ordering::SeqCst);
    until("positions are forgotten", || others.count("lost") == 2).await;
    let board = dispatch.with_board(|board| format!("{board:?}"));
    assert!(!board.contains("55.751"), "{board}");

    // After fifteen they are silent, but nobody knows whether others hear them.
    clock.0.fetch_add(600_000, Ordering::SeqCst);
    until("others are asked", || others.count("asked") > 3).await;
    assert_eq!(others.count("offline"), 0);

    // Others do: they are there.
    let at = engine.context().now();
    *others.heard.lock() = Ok(Some(Fix { position: here, at }));
    let fresh = |courier| dispatch.with_board(|board| board.fix(courier, &Settings::default(), at).is_some());
    until("they are heard", || fresh(ivan) && fresh(olga)).await;
    assert_eq!(others.count("offline"), 0);

    // Nobody does any more. Who has an order stays.
    let mut order = order(7);
    order.draft.pickup_at = None;
    let id = order.id;
    let placing = dispatch.placing(order, false, at).unwrap();
    dispatch.place(engine.context(), placing, None).await.unwrap();
    let assign = OrderCommand::Assign { courier: olga, by: person(9), reason: "the desk".to_owned() };
    dispatch.carry_out(engine.context(), id, &assign).await.unwrap();
    // What others have heard is as old, and so it is no sign of life.
    clock.0.fetch_add(901_000, Ordering::SeqCst);
    until("they go off duty", || others.count("offline") == 1).await;
    assert_eq!(database.duty(ivan).await.unwrap().unwrap().state, DutyState::Offline);
    assert_eq!(database.duty(olga).await.unwrap().unwrap().state, DutyState::ToPickup { order: id });
    engine.stop();
    database.close().await;
}

#[actix_web::test]
async fn a_silent_courier_goes_off_duty_unless_others_hear_them_on_sqlite() {
    on_sqlite(a_silent_courier_goes_off_duty_unless_others_hear_them).await;
}

#[actix_web::test]
async fn a_silent_courier_goes_off_duty_unless_others_hear_them_on_postgres() {
    on_postgres(a_silent_courier_goes_off_duty_unless_others_hear_them).await;
}

async fn a_position_is_as_old_as_it_is_where_the_duty_has_to_be_read_first(database: Database) {
    database.migrate().await.unwrap();
    let clock = Arc::new(Watch(AtomicI64::new(NOW)));
    let (engine, dispatch) = node(&database, &clock, Duration::from_secs(3_600)).await;
    // On another node, of which this one has not heard.
    let (ivan, olga) = (person(2), person(3));
    go_on_duty(&database, ivan).await;
    let fix = Fix { position: Position { lat: 55.751_234, lon: 37.612_345 }, at: START };
    let context = engine.context();
    assert_eq!(dispatch.sighted_at(context, ivan, fix), None);
    // By the time the duty is read, some time has passed.
    clock.0.fetch_add(5_000, Ordering::SeqCst);
    assert!(dispatch.sighted_or_met(context, ivan, fix).await.unwrap().is_some());
    let known = dispatch.with_board(|board| board.fix(ivan, &Settings::default(), context.now()));
    assert_eq!(known, Some(fix));
    assert_eq!(dispatch.sighted_or_met(context, olga, fix).await.unwrap(), None, "she is not on duty");
    engine.stop();
    database.close().await;
}

#[actix_web::test]
async fn a_position_is_as_old_as_it_is_where_the_duty_has_to_be_read_first_on_sqlite() {
    on_sqlite(a_position_is_as_old_as_it_is_where_the_duty_has_to_be_read_first).await;
}

#[actix_web::test]
async fn a_position_is_as_old_as_it_is_where_the_duty_has_to_be_read_first_on_postgres() {
    on_postgres(a_position_is_as_old_as_it_is_where_the_duty_has_to_be_read_first).await;
}
