//! The engine's own way: units, decided on a copy and committed together.

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use peerpack::store::Database;
use peerpack_actors::ids::{PackageId, PaymentId, RequestId, TripId, UserId};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{End, Mode, Package, PackageCommand, PackageDraft, Proposal};
use peerpack_actors::market::request::{HandOver, Plan, RequestCommand};
use peerpack_actors::market::trip::{Stop, Transport, Trip, TripDraft};
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::money::payment::{
    Method, OPEN_FOR, Payment, PaymentCommand, PaymentState, Purpose, Report, ReportedCharge, ReportedStatus,
};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{PlaceId, Position};
use peerpack_actors::ports::Store as _;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;

use crate::AT_ONCE;
use crate::draws::Draws;
use crate::figures::{Run, start};

/// When everything happens.
const START: Time = Time::from_ms(1_790_000_000_000);

/// What each package pays.
const REWARD: Amount = Amount::new(50_000, Currency::Rub);

/// A claim that only has to be committed.
pub(crate) struct Claim(Unit);

/// Publishes trips and packages, fills wallets, offers each package to the courier of its trip, and decides
/// each acceptance.
pub(crate) async fn prepare(database: &Database, draws: &Draws) -> anyhow::Result<Vec<Claim>> {
    let senders: Vec<UserId> = (0..draws.people()).map(|_| UserId::new(START, rand::random())).collect();
    let trips: Vec<Trip> = (0..draws.people()).map(|_| trip()).collect::<Result<_, _>>()?;
    for sender in &senders {
        pay_in(database, *sender, draws.pairs().len()).await?;
    }
    let published = trips.iter().map(|trip| database.commit(Unit::publish_trip(trip.clone(), &[])));
    stream::iter(published).buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
    let claims = draws.pairs().iter().map(|(sender, trip)| ready(database, senders[*sender], &trips[*trip]));
    stream::iter(claims).buffer_unordered(AT_ONCE).try_collect().await
}

/// Commits the claims; all of them have to be accepted.
pub(crate) async fn claim(database: &Database, claims: Vec<Claim>) -> Run {
    let began = start();
    let each = claims.into_iter().map(|Claim(unit)| async move {
        database.commit(unit).await.expect("nobody else claims it");
        began.elapsed()
    });
    Run::new(stream::iter(each).buffer_unordered(AT_ONCE).collect().await)
}

async fn ready(database: &Database, sender: UserId, trip: &Trip) -> anyhow::Result<Claim> {
    let mut package = package(sender)?;
    database.commit(Unit::publish_package(package.clone())).await?;
    let proposal = proposal(trip);
    let id = proposal.id;
    let offer = package.decide(&PackageCommand::Offer(vec![proposal]), None, Funding::Wallet, START)?;
    let events = offer.events.clone();
    database.commit(Unit::package(&package, offer, START)).await?;
    package.apply(&events);
    let accept = PackageCommand::Request { id, command: RequestCommand::Accept { by: trip.courier } };
    let accepted = package.decide(&accept, Some(trip), Funding::Wallet, START)?;
    Ok(Claim(Unit::package(&package, accepted, START)))
}

/// Enough for so many rewards.
async fn pay_in(database: &Database, user: UserId, rewards: usize) -> anyhow::Result<()> {
    let id = PaymentId::new(START, rand::random());
    let amount = Amount::new(REWARD.minor * i64::try_from(rewards)?, REWARD.currency);
    let payment = Payment {
        id,
        user,
        purpose: Purpose::TopUp,
        method: Method::Webhook,
        amount,
        state: PaymentState::Created,
        state_at: START,
        reference: id.to_string(),
        invoice_url: None,
        created_at: START,
        expires_at: START + OPEN_FOR,
    };
    let charge = ReportedCharge {
        charge_id: id.to_string(),
        provider_charge_id: None,
        amount_minor: amount.minor,
        currency: amount.currency,
        refunds: Vec::new(),
        charged_back_minor: 0,
    };
    let report =
        Report { payment_id: id, status: ReportedStatus::Paid, invoice_url: None, charges: vec![charge] };
    database.add_payment(payment, None).await?;
    database.move_payment(id, PaymentCommand::Learn(report), START, None).await.context("paid in")?;
    Ok(())
}

fn trip() -> anyhow::Result<Trip> {
    let stop = |n: u32| {
        let (at, position) =
            (START + Span::hours(i64::from(n)), Position { lat: 55.0 + f64::from(n), lon: 37.0 });
        Stop { place: PlaceId(n), position, arrive: at, depart: at }
    };
    let draft = TripDraft {
        stops: vec![stop(1), stop(2)],
        transport: Transport::Car,
        capacity: Load { weight_g: 20_000_000, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: 0,
        price: None,
        comment: String::new(),
        airport: String::new(),
    };
    Ok(Trip::publish(TripId::new(START, rand::random()), UserId::new(START, rand::random()), draft, START)?)
}

fn package(sender: UserId) -> anyhow::Result<Package> {
    let end = |n: u32| End {
        place: PlaceId(n),
        position: Position { lat: 55.0 + f64::from(n), lon: 37.0 },
        address: String::new(),
    };
    let draft = PackageDraft {
        pickup: end(1),
        dropoff: end(2),
        load: Load { weight_g: 100, volume_ml: 100, slots: 1 },
        ready_at: START,
        deliver_by: START + Span::days(2),
        reward: REWARD,
        description: "книги".to_owned(),
        size: "s".to_owned(),
        weight: "light".to_owned(),
        tags: Vec::new(),
        mode: Mode::Instant,
        confirm_by: None,
        template: false,
    };
    Ok(Package::publish(PackageId::new(START, rand::random()), sender, draft, START)?)
}

fn proposal(trip: &Trip) -> Proposal {
    let at =
        |place: usize| HandOver { place: trip.draft.stops[place].place, at: trip.draft.stops[place].arrive };
    Proposal {
        id: RequestId::new(START, rand::random()),
        trip: trip.id,
        courier: trip.courier,
        plan: Plan {
            legs: LegSpan { from: 0, to: 1 },
            pickup: at(0),
            dropoff: at(1),
            detour_min: 0,
            detour_m: 0,
            room_left_g: 1_000,
        },
        reward: REWARD,
        message: String::new(),
        airport: String::new(),
        time_limit: None,
    }
}
