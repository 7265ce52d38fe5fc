//! Small orders and couriers.

use uuid::Uuid;

use crate::dispatch::order::{Cargo, OrderEnd};
use crate::dispatch::price::{Extras, LocalHour, Ride};
use crate::dispatch::{
    By, Duty, DutyState, Order, OrderCommand, OrderDraft, OrderPhase, OrderState, Outcome, Quote, Settings,
    Tariff, Vehicle,
};
use crate::ids::{OfferId, UserId};
use crate::market::load::Load;
use crate::place::Position;
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// 15 January 2027, a Friday, 08:00 UTC.
pub(super) const NOW: Time = Time::from_ms(1_800_000_000_000);

/// The page that shows the tables.
pub(super) const PAGE: &str = include_str!("../../../../docs/dispatch.md");

pub(super) const CENTRE: Position = Position { lat: 55.75, lon: 37.62 };

/// The id of any kind with this number.
pub(super) fn id<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(n).into()
}

pub(super) fn passenger() -> UserId {
    id(1)
}

pub(super) fn staff() -> By {
    By::Staff(id(2))
}

/// The n-th courier, from 0.
pub(super) fn courier(n: u128) -> UserId {
    id(100 + n)
}

/// So many kilometres north of the centre.
pub(super) fn north(km: f64) -> Position {
    Position { lat: CENTRE.lat + km / 111.195, lon: CENTRE.lon }
}

pub(super) fn quote() -> Quote {
    let ride = Ride { way_m: 10_000, ride_s: 1_200 };
    Quote::new(Tariff::default(), Extras::default(), ride, LocalHour { hour: 11, weekend: false }, 100)
        .unwrap()
}

pub(super) fn draft() -> OrderDraft {
    let end =
        |title: &str, position| OrderEnd { title: title.to_owned(), object_name: String::new(), position };
    OrderDraft {
        pickup: end("Tverskaya 1", CENTRE),
        dropoff: end("Arbat 2", north(7.0)),
        pickup_at: None,
        cargo: Cargo::Passenger,
        extras: Extras::default(),
        note: String::new(),
        region: Some(id(50)),
        ride: Ride { way_m: 10_000, ride_s: 1_200 },
    }
}

/// An order that was just placed.
pub(super) fn order(n: u128) -> Order {
    Order::place(id(n), passenger(), draft(), quote(), NOW).unwrap()
}

/// The same, in a phase; with the courier 0 where there is one, and with the offer 900 where one is asked.
pub(super) fn order_in(n: u128, phase: OrderPhase) -> Order {
    use {OrderPhase as P, OrderState as S};
    let (courier, at) = (courier(0), NOW);
    let mut order = order(n);
    order.state = match phase {
        P::Draft => S::Draft,
        P::Submitted => S::Submitted,
        P::AwaitingDispatcherDecision => S::AwaitingDispatcherDecision,
        P::Rejected => S::Rejected,
        P::Created => S::Created,
        P::Matching | P::Offered => S::Matching { since: at, round: 0 },
        P::ActiveQueue => S::ActiveQueue,
        P::Assigned => S::Assigned { courier, at },
        P::DriverEnRoute => S::DriverEnRoute { courier },
        P::ArrivedWaiting => S::ArrivedWaiting { courier, at },
        P::RideOngoing => S::RideOngoing { courier },
        P::NoShow => S::NoShow { courier },
        P::Incident => S::Incident { courier },
        P::Completed => S::Completed { courier },
        P::Cancelled => S::Cancelled,
    };
    if phase == P::Offered {
        let command = OrderCommand::Offer {
            id: id(900),
            courier,
            reckoning: crate::dispatch::offer::Reckoning::default(),
        };
        let mut duties = [duty(0)];
        carry_out(&mut order, &mut duties, &command, NOW).unwrap();
    }
    order
}

/// The duty of the courier 0 that goes with an order in a phase.
pub(super) fn duty_for(order: &Order) -> Duty {
    let of = order.id;
    let state = match order.state {
        OrderState::Offered { offer, .. } => DutyState::Offered { order: of, offer },
        OrderState::Assigned { .. }
        | OrderState::DriverEnRoute { .. }
        | OrderState::ArrivedWaiting { .. } => DutyState::ToPickup { order: of },
        OrderState::RideOngoing { .. } | OrderState::Incident { .. } => DutyState::OnTrip { order: of },
        _ => DutyState::Idle,
    };
    Duty { state, ..duty(0) }
}

pub(super) fn vehicle() -> Vehicle {
    Vehicle {
        car_model: "Lada Largus".to_owned(),
        plate_number: "A 123 BC".to_owned(),
        capacity: Load { weight_g: 100_000, volume_ml: 500_000, slots: 4 },
    }
}

/// The n-th courier, on duty and free.
pub(super) fn duty(n: u128) -> Duty {
    Duty::begin(courier(n), vehicle(), id(50), NOW).unwrap()
}

/// Decides and applies, as if it had been stored.
pub(super) fn carry_out(
    order: &mut Order,
    duties: &mut [Duty],
    command: &OrderCommand,
    now: Time,
) -> Result<Outcome, Rejection> {
    let known: Vec<&Duty> = duties.iter().collect();
    let outcome = order.decide(command, &known, &Settings::default(), now)?;
    order.apply(&outcome.events);
    for (courier, event) in &outcome.duties {
        let duty = duties.iter_mut().find(|duty| duty.courier == *courier).expect("a known courier");
        duty.apply(event);
    }
    Ok(outcome)
}

pub(super) fn step(to: OrderPhase, by: By) -> OrderCommand {
    OrderCommand::Move { to, by, reason: String::new() }
}

pub(super) fn ask(offer: u128, whom: u128) -> OrderCommand {
    OrderCommand::Offer {
        id: id::<OfferId>(offer),
        courier: courier(whom),
        reckoning: crate::dispatch::offer::Reckoning::default(),
    }
}

pub(super) fn after(seconds: i64) -> Time {
    NOW + Span::seconds(seconds)
}

/// The rows below a heading of the page, as cells without their quotes.
pub(super) fn rows(heading: &str) -> Vec<Vec<String>> {
    let (_, below) = PAGE.split_once(heading).unwrap_or_else(|| panic!("no {heading} on the page"));
    let lines = below.lines().skip_while(|line| !line.starts_with('|'));
    let table = lines.take_while(|line| line.starts_with('|')).skip(2);
    let cell = |cell: &str| cell.trim().replace('`', "");
    table.map(|line| line.trim_matches('|').split('|').map(cell).collect()).collect()
}
