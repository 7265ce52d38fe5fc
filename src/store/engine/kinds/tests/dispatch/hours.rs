//! Counts by the hour are what looking at every order comes to, however many change at once.

use std::collections::BTreeMap;

use peerpack_actors::dispatch::OfferState;
use peerpack_actors::dispatch::tally::{Tally, hour_of};
use peerpack_actors::ids::RegionId;

use super::*;

type Regions = BTreeMap<(Option<RegionId>, Time), Tally>;

/// What becomes of an order in this test, with the seconds after its placing.
fn fate(n: u128, courier: UserId, other: UserId) -> Vec<(i64, OrderCommand)> {
    let (first, second) = (100 * n, 100 * n + 1);
    let own = By::Courier(courier);
    let accept = |offer: u128, by| OrderCommand::Accept { offer: Uuid::from_u128(offer).into(), by };
    let decline = |offer: u128, by| OrderCommand::Decline {
        offer: Uuid::from_u128(offer).into(),
        by,
        reason: "no".to_owned(),
    };
    let assign = |courier| OrderCommand::Assign { courier, by: person(9), reason: "nearer".to_owned() };
    let mut steps = vec![(1, step(OrderPhase::Matching, By::Engine))];
    match n % 8 {
        0 => steps.extend([
            (2, ask(first, courier)),
            (5, accept(first, courier)),
            (6, step(OrderPhase::DriverEnRoute, own)),
            (3_000, step(OrderPhase::ArrivedWaiting, own)),
            (3_700, step(OrderPhase::RideOngoing, own)),
            (7_300, step(OrderPhase::Completed, own)),
        ]),
        1 => steps.extend([
            (2, ask(first, courier)),
            (17, OrderCommand::ExpireOffer),
            (18, ask(second, other)),
            (20, decline(second, other)),
            (50, OrderCommand::Widen { from: 0 }),
            (900, step(OrderPhase::ActiveQueue, By::Engine)),
            (4_000, assign(courier)),
            (4_100, assign(other)),
            (4_200, step(OrderPhase::DriverEnRoute, By::Courier(other))),
            (8_000, step(OrderPhase::Cancelled, By::Passenger(person(1)))),
        ]),
        2 => steps
            .extend([(2, ask(first, courier)), (9, step(OrderPhase::Cancelled, By::Passenger(person(1))))]),
        3 => steps.extend([
            (2, ask(first, courier)),
            (5, accept(first, courier)),
            (6, step(OrderPhase::DriverEnRoute, own)),
            (60, step(OrderPhase::ArrivedWaiting, own)),
            (3_599, step(OrderPhase::NoShow, staff())),
            (3_600, step(OrderPhase::Cancelled, staff())),
        ]),
        4 => steps.extend([
            (2, ask(first, courier)),
            (5, accept(first, courier)),
            (70, step(OrderPhase::Cancelled, own)),
        ]),
        5 => steps.extend([
            (2, step(OrderPhase::Cancelled, staff())),
            (4_000, step(OrderPhase::Matching, staff())),
            (4_001, ask(first, courier)),
            (4_002, accept(first, courier)),
            (4_003, step(OrderPhase::DriverEnRoute, own)),
            (4_004, step(OrderPhase::ArrivedWaiting, own)),
            (4_005, step(OrderPhase::RideOngoing, own)),
            (4_006, step(OrderPhase::Incident, staff())),
            (9_000, step(OrderPhase::Completed, staff())),
        ]),
        6 => {
            steps = vec![
                (1, step(OrderPhase::AwaitingDispatcherDecision, By::Engine)),
                (3_601, step(OrderPhase::Rejected, staff())),
            ];
        }
        _ => {}
    }
    steps
}

fn staff() -> By {
    By::Staff(person(9))
}

/// One order with its own couriers, from its placing to whatever becomes of it.
async fn play(database: &Database, n: u128) -> OrderId {
    let begins = START + Span::minutes(i64::try_from(n).unwrap() * 7);
    let mut placed = order(n);
    placed.draft.region = (!n.is_multiple_of(3)).then(|| Uuid::from_u128(50 + n % 3).into());
    (placed.created_at, placed.changed_at) = (begins, begins);
    let id = placed.id;
    let number = u8::try_from(n).unwrap();
    let (courier, other) = (person(100 + number), person(180 + number));
    go_on_duty(database, courier).await;
    go_on_duty(database, other).await;
    database.commit(Unit::place_order(placed)).await.unwrap();
    for (seconds, command) in fate(n, courier, other) {
        carry_out(database, id, &command, begins + Span::seconds(seconds)).await;
    }
    id
}

/// The same counts by looking at what is stored of an order.
async fn recount(
    database: &Database,
    id: OrderId,
    regions: &mut Regions,
    couriers: &mut BTreeMap<UserId, Tally>,
) {
    let order = database.order(id).await.unwrap().unwrap();
    let mut add = |at: Time, courier: Option<UserId>, tally: Tally| {
        *regions.entry((order.draft.region, hour_of(at))).or_default() += tally;
        if let Some(courier) = courier {
            *couriers.entry(courier).or_default() += tally;
        }
    };
    let none = Tally::default();
    let surge_percent = i64::from(order.quote.breakdown.surge_percent);
    let surged = i64::from(surge_percent > 100);
    add(order.created_at, None, Tally { placed: 1, quoted: 1, surged, surge_percent, ..none });
    for offer in &order.offers {
        add(offer.created_at, Some(offer.courier), Tally { offers: 1, ..none });
        let tally = match offer.state {
            OfferState::Accepted { .. } => Tally { accepted: 1, ..none },
            OfferState::Declined { .. } => Tally { declined: 1, ..none },
            OfferState::Expired { .. } => Tally { expired: 1, ..none },
            _ => continue,
        };
        add(offer.state.at().unwrap(), Some(offer.courier), tally);
    }
    let mut has = None;
    let given: Vec<UserId> = given_to(&order);
    let mut given = given.into_iter();
    for step in database.order_steps(id).await.unwrap() {
        if step.from == "cancelled" {
            add(step.at, None, Tally { restored: 1, ..none });
        }
        let tally = match step.to.as_str() {
            "assigned" => {
                has = given.next();
                let first = order.milestones.assigned_at == Some(step.at);
                let search_ms = if first { step.at.since(order.created_at).ms() } else { 0 };
                Tally { assigned: 1, found: i64::from(first), search_ms, ..none }
            }
            "ride_ongoing" => Tally { rides: 1, waited_ms: order.milestones.waited.ms(), ..none },
            "completed" => {
                let price_minor = order.milestones.settled.as_ref().unwrap().total_minor;
                let whole_ms = step.at.since(order.created_at).ms();
                let quoted_minor = order.quote.breakdown.total_minor;
                let driven = Tally { way_m: 10_000, ride_s: 1_200, ..none };
                Tally { completed: 1, timed: 1, price_minor, whole_ms, quoted_minor, ..driven }
            }
            "cancelled" => {
                let by = |role: &str| i64::from(step.role == role);
                let (by_passenger, by_courier) = (by("passenger"), by("courier"));
                let fees_minor = order.milestones.cancel_fee.map_or(0, |fee| fee.minor);
                let tally = Tally { cancelled: 1, by_passenger, by_courier, fees_minor, ..none };
                add(step.at, has.filter(|_| by_courier == 1), tally);
                continue;
            }
            "no_show" => Tally { no_shows: 1, ..none },
            "incident" => Tally { incidents: 1, ..none },
            "rejected" => Tally { rejected: 1, ..none },
            "active_queue" => {
                add(step.at, None, Tally { to_desk: i64::from(step.role == "engine"), ..none });
                continue;
            }
            _ => continue,
        };
        add(step.at, has, tally);
    }
}

/// Who got an order, one after the other: those who accepted, or whom staff has named in this test.
fn given_to(order: &Order) -> Vec<UserId> {
    let n = order.id.uuid().as_u128();
    let number = u8::try_from(n).unwrap();
    match n % 8 {
        1 => vec![person(100 + number), person(180 + number)],
        _ => vec![person(100 + number)],
    }
}

async fn counts_are_what_looking_at_every_order_comes_to(database: Database) {
    database.migrate().await.unwrap();
    // All at once, so that many commits count in the same hours.
    let ids = futures_util::future::join_all((1..=40).map(|n| play(&database, n))).await;
    let (mut regions, mut couriers) = (Regions::new(), BTreeMap::new());
    for id in ids {
        recount(&database, id, &mut regions, &mut couriers).await;
    }
    regions.retain(|_, tally| *tally != Tally::default());
    couriers.retain(|_, tally| *tally != Tally::default());
    let end = START + Span::days(1);
    let found = database.order_hours(START, end, None, 1_000).await.unwrap();
    let found: Regions = found.into_iter().map(|one| ((one.region, one.hour), one.tally)).collect();
    assert_eq!(found, regions);
    assert!(regions.len() > 10 && regions.keys().any(|(region, _)| region.is_none()), "{}", regions.len());
    let found = database.courier_tallies(START, end, None, 1_000).await.unwrap();
    assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), couriers);

    let only = regions.keys().find_map(|(region, _)| *region).unwrap();
    let found = database.order_hours(START, end, Some(only), 1_000).await.unwrap();
    let expected: Vec<_> = regions.iter().filter(|((region, _), _)| *region == Some(only)).collect();
    assert_eq!(found.len(), expected.len());
    assert!(
        found.iter().all(|one| regions[&(Some(only), one.hour)] == one.tally && one.region == Some(only))
    );

    // By pages, and by time: what begins at the end is not in it.
    let first = *couriers.keys().next().unwrap();
    let rest = database.courier_tallies(START, end, Some(first), 2).await.unwrap();
    let expected: Vec<_> =
        couriers.iter().skip(1).take(2).map(|(courier, tally)| (*courier, *tally)).collect();
    assert_eq!(rest, expected);
    let hour = hour_of(START + Span::hours(1));
    let of_hour = database.order_hours(hour, hour + Span::hours(1), None, 1_000).await.unwrap();
    assert!(!of_hour.is_empty() && of_hour.iter().all(|one| one.hour == hour));
    assert_eq!(database.order_hours(end, end + Span::days(1), None, 10).await.unwrap(), []);
    database.close().await;
}

async fn what_is_refused_is_not_counted(database: Database) {
    database.migrate().await.unwrap();
    let ivan = person(2);
    let duty = go_on_duty(&database, ivan).await;
    let id = place(&database, 7).await;
    let order = database.order(id).await.unwrap().unwrap();
    let offers = (0..20).map(|n| unit(&order, &ask(900 + n, ivan), &[&duty], START).unwrap());
    let answers = futures_util::future::join_all(offers.map(|unit| database.commit(unit))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let found = database.order_hours(hour_of(START), START + Span::hours(1), None, 10).await.unwrap();
    let surge_percent = order.quote.breakdown.surge_percent.into();
    let expected = Tally { placed: 1, surged: 1, quoted: 1, surge_percent, offers: 1, ..Tally::default() };
    assert_eq!(found.iter().map(|one| one.tally).collect::<Vec<_>>(), [expected]);
    database.close().await;
}

#[actix_web::test]
async fn counts_are_what_looking_at_every_order_comes_to_on_sqlite() {
    on_sqlite(counts_are_what_looking_at_every_order_comes_to).await;
}

#[actix_web::test]
async fn counts_are_what_looking_at_every_order_comes_to_on_postgres() {
    on_postgres(counts_are_what_looking_at_every_order_comes_to).await;
}

#[actix_web::test]
async fn what_is_refused_is_not_counted_on_sqlite() {
    on_sqlite(what_is_refused_is_not_counted).await;
}

#[actix_web::test]
async fn what_is_refused_is_not_counted_on_postgres() {
    on_postgres(what_is_refused_is_not_counted).await;
}
