//! A courier takes an order at the moment at which something else happens to it, on another node: whichever
//! comes first, nobody has two orders, no order has two couriers, and nobody is bound without an order.

use peerpack_actors::runtime::Refusal;

use super::*;

/// A few rounds of each in every run; `make test-claims` asks for a thousand.
fn rounds() -> u128 {
    std::env::var("PEERPACK_CLAIM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

/// What happens while the courier takes the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rival {
    /// The passenger calls it off.
    CalledOff,
    /// The offer's time is over.
    Over,
    /// The courier goes off duty.
    OffDuty,
    /// The courier declines it on another device.
    Declined,
    /// The desk names somebody else.
    Named,
    /// The desk has another one looked for.
    TakenBack,
}

impl Rival {
    const ALL: [Self; 6] =
        [Self::CalledOff, Self::Over, Self::OffDuty, Self::Declined, Self::Named, Self::TakenBack];

    /// What an acceptance that comes second is refused with.
    const fn refused_with(self) -> Option<&'static str> {
        match self {
            Self::CalledOff | Self::Declined | Self::TakenBack => Some("illegal_transition"),
            Self::Over => Some("expired"),
            Self::Named => Some("already_taken"),
            // Who is asked cannot go.
            Self::OffDuty => None,
        }
    }
}

/// Two nodes on one database, two couriers on duty who are nowhere: nobody is asked by himself.
struct World {
    database: Database,
    clock: Arc<Watch>,
    nodes: [(Engine, Arc<Dispatch>); 2],
}

const IVAN: u8 = 2;
const OLGA: u8 = 3;

impl World {
    async fn new(database: Database) -> Self {
        database.migrate().await.unwrap();
        let clock = Arc::new(Watch(AtomicI64::new(NOW)));
        let never = Duration::from_secs(3_600);
        let nodes = [node(&database, &clock, never).await, node(&database, &clock, never).await];
        let world = Self { database, clock, nodes };
        world.on_duty(IVAN).await;
        world.on_duty(OLGA).await;
        world
    }

    async fn on_duty(&self, courier: u8) {
        let command = DutyCommand::GoOnline { vehicle: vehicle(), region: Uuid::from_u128(50).into() };
        self.change_duty(0, courier, &command).await.unwrap();
    }

    async fn change_duty(&self, node: usize, courier: u8, command: &DutyCommand) -> Result<Duty, Refusal> {
        let (engine, dispatch) = &self.nodes[node];
        dispatch.change_duty(engine.context(), person(courier), command).await
    }

    /// A command on a node, given again as long as others are quicker.
    async fn carry_out(&self, node: usize, id: OrderId, command: &OrderCommand) -> Result<Order, Refusal> {
        let (engine, dispatch) = &self.nodes[node];
        loop {
            match dispatch.carry_out(engine.context(), id, command).await {
                Err(Refusal::Busy) => {}
                answer => return answer,
            }
        }
    }

    /// An order that Ivan is asked about.
    async fn asked(&self, round: u128) -> (OrderId, OrderCommand) {
        let mut order = order(1_000 + round);
        let now = self.nodes[0].0.context().now();
        (order.created_at, order.changed_at, order.draft.pickup_at) = (now, now, None);
        let id = order.id;
        self.database.commit(Unit::place_order(order)).await.unwrap();
        self.carry_out(0, id, &step(OrderPhase::Matching, By::Engine)).await.unwrap();
        self.carry_out(0, id, &ask(100_000 + round, person(IVAN))).await.unwrap();
        (id, OrderCommand::Accept { offer: Uuid::from_u128(100_000 + round).into(), by: person(IVAN) })
    }

    async fn rival(&self, rival: Rival, id: OrderId, accept: &OrderCommand) -> Result<(), Refusal> {
        let OrderCommand::Accept { offer, by } = accept else { unreachable!("an acceptance") };
        let command = match rival {
            Rival::CalledOff => step(OrderPhase::Cancelled, By::Passenger(person(1))),
            Rival::Over => {
                self.clock.0.fetch_add(15_000, Ordering::SeqCst);
                OrderCommand::ExpireOffer
            }
            Rival::OffDuty => {
                return self.change_duty(1, IVAN, &DutyCommand::GoOffline).await.map(drop);
            }
            Rival::Declined => OrderCommand::Decline { offer: *offer, by: *by, reason: String::new() },
            Rival::Named => {
                let reason = String::new();
                OrderCommand::Assign { courier: person(OLGA), by: person(9), reason }
            }
            Rival::TakenBack => step(OrderPhase::Matching, By::Staff(person(9))),
        };
        self.carry_out(1, id, &command).await.map(drop)
    }

    /// The order and both duties agree, whatever has happened.
    async fn judge(&self, id: OrderId, what: &str) -> Order {
        let order = self.database.order(id).await.unwrap().unwrap();
        for courier in [IVAN, OLGA].map(person) {
            let duty = self.database.duty(courier).await.unwrap().unwrap();
            let is_bound = order.state.bound() == Some(courier);
            assert_eq!(duty.state.order() == Some(id), is_bound, "{what}: {duty:?} {order:?}");
            assert!(duty.state.order().is_none_or(|other| other == id), "{what}: bound to nothing {duty:?}");
        }
        let steps = self.database.order_steps(id).await.unwrap();
        assert!(steps.windows(2).all(|pair| pair[0].to == pair[1].from), "{what}: {steps:?}");
        let pending = order.offers.iter().filter(|offer| offer.state.word() == "pending").count();
        assert_eq!(pending, usize::from(order.state.phase() == OrderPhase::Offered), "{what}: {order:?}");
        order
    }

    async fn clean(&self, id: OrderId) {
        let order = self.database.order(id).await.unwrap().unwrap();
        if order.state.phase() != OrderPhase::Cancelled {
            self.carry_out(0, id, &step(OrderPhase::Cancelled, By::Staff(person(9)))).await.unwrap();
        }
        for courier in [IVAN, OLGA] {
            let duty = self.database.duty(person(courier)).await.unwrap().unwrap();
            assert_eq!(duty.state, DutyState::Idle, "free in the end");
        }
    }
}

async fn whichever_comes_first_everybody_is_free(database: Database) {
    let world = World::new(database).await;
    let mut n = 0;
    for rival in Rival::ALL {
        for round in 0..rounds() {
            n += 1;
            let (what, (id, accept)) = (format!("{rival:?} {round}"), world.asked(n).await);
            let taking = world.carry_out(0, id, &accept);
            let other = world.rival(rival, id, &accept);
            let (taken, rivalled) = match round {
                // Once the one after the other, in either order, and then at once.
                0 => (taking.await, other.await),
                1 => {
                    let rivalled = other.await;
                    (taking.await, rivalled)
                }
                odd if odd % 2 == 1 => tokio::join!(taking, other),
                _ => {
                    let (rivalled, taken) = tokio::join!(other, taking);
                    (taken, rivalled)
                }
            };
            let order = world.judge(id, &what).await;
            let steps = world.database.order_steps(id).await.unwrap();
            let was_taken =
                steps.iter().any(|step| step.to == "assigned" && step.person == Some(person(IVAN)));
            assert_eq!(taken.is_ok(), was_taken, "{what}: {taken:?} {steps:?}");
            if let Err(Refusal::Rejected(refused)) = &taken {
                assert_eq!(Some(refused.code()), rival.refused_with(), "{what}: {order:?}");
            }
            match rival {
                // What was not in time is not refused: it finds nothing to end.
                Rival::Over => assert!(rivalled.is_ok(), "{what}: {rivalled:?}"),
                Rival::OffDuty => assert!(rivalled.is_err() && was_taken, "{what}: {rivalled:?}"),
                Rival::Declined => assert_ne!(rivalled.is_ok(), was_taken, "{what}: {rivalled:?}"),
                // These go on from either state.
                Rival::CalledOff | Rival::Named | Rival::TakenBack => {
                    assert!(rivalled.is_ok(), "{what}: {rivalled:?}");
                    assert_ne!(order.state.bound(), Some(person(IVAN)), "{what}");
                }
            }
            world.clean(id).await;
        }
    }
    for (engine, _) in &world.nodes {
        engine.stop();
    }
    world.database.close().await;
}

/// Who goes off duty at the moment at which the desk names them, or the engine asks them, has the order or is
/// gone, and never both.
async fn nobody_who_is_gone_has_an_order(database: Database) {
    let world = World::new(database).await;
    for round in 0..rounds() * 2 {
        let mut order = order(1_000 + round);
        let now = world.nodes[0].0.context().now();
        (order.created_at, order.changed_at, order.draft.pickup_at) = (now, now, None);
        let id = order.id;
        world.database.commit(Unit::place_order(order)).await.unwrap();
        world.carry_out(0, id, &step(OrderPhase::Matching, By::Engine)).await.unwrap();
        let command = match round % 2 {
            0 => ask(100_000 + round, person(IVAN)),
            _ => OrderCommand::Assign { courier: person(IVAN), by: person(9), reason: String::new() },
        };
        let (bound, gone) = tokio::join!(
            world.carry_out(0, id, &command),
            world.change_duty(1, IVAN, &DutyCommand::GoOffline)
        );
        let what = format!("round {round}: {bound:?} {gone:?}");
        world.judge(id, &what).await;
        assert_ne!(bound.is_ok(), gone.is_ok(), "{what}");
        let duty = world.database.duty(person(IVAN)).await.unwrap().unwrap();
        assert_eq!(duty.state == DutyState::Offline, gone.is_ok(), "{what}");
        if gone.is_ok() {
            world.on_duty(IVAN).await;
        }
        world.clean(id).await;
    }
    for (engine, _) in &world.nodes {
        engine.stop();
    }
    world.database.close().await;
}

#[actix_web::test]
async fn whichever_comes_first_everybody_is_free_in_the_end_on_sqlite() {
    on_sqlite(whichever_comes_first_everybody_is_free).await;
}

#[actix_web::test]
async fn whichever_comes_first_everybody_is_free_in_the_end_on_postgres() {
    on_postgres(whichever_comes_first_everybody_is_free).await;
}

#[actix_web::test]
async fn nobody_who_is_gone_has_an_order_on_sqlite() {
    on_sqlite(nobody_who_is_gone_has_an_order).await;
}

#[actix_web::test]
async fn nobody_who_is_gone_has_an_order_on_postgres() {
    on_postgres(nobody_who_is_gone_has_an_order).await;
}
