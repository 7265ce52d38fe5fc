//! What a person should know: pointers to their events, with the names and words that belong to them.

use peerpack_actors::dispatch::OrderPhase;
use peerpack_actors::ids::{OfferId, OrderId, PackageId, RequestId, TripId, UserId, WithdrawalId};
use peerpack_actors::market::request::RequestState;
use peerpack_actors::market::trip::Stop;
use peerpack_actors::money::Amount;
use peerpack_actors::money::fees::Paid;
use peerpack_actors::place::PlaceId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::stream::notification::NotificationKind;
use peerpack_actors::time::Time;
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, codec, each, sql};

// Every kind. What a newer version has written is left out here, and not when rows are read: so a page is as
// long as was asked for, and goes on behind its last one.
macro_rules! known {
    () => {
        "n.kind IN ('package_request_response', 'package_request_declined', 'package_delivered', \
         'new_courier_available', 'trip_request_received', 'payment_received', 'reminder', 'document_reviewed', \
         'dispute_opened', 'dispute_resolved', 'new_package_available', 'courier_chosen', 'subscription_matched', \
         'order_offered', 'order_given', 'order_courier_found', 'order_courier_on_the_way', 'order_courier_arrived', \
         'order_completed', 'order_called_off', 'order_nobody_found', 'withdrawal_decided')"
    };
}

// An offer that was taken, withdrawn or has expired is nothing to know any more.
macro_rules! of_interest {
    () => {
        concat!(
            known!(),
            " AND NOT (n.kind = 'trip_request_received' AND COALESCE(q.origin, '') = 'engine' \
             AND q.state IN ('expired', 'taken', 'withdrawn', 'declined')) \
             AND NOT (n.kind = 'order_offered' AND COALESCE(f.state, '') <> 'pending')"
        )
    };
}

// A notification with everything that belongs to it.
macro_rules! listed {
    () => {
        "SELECT n.user_id, n.seq, n.at, n.kind, n.request_id, n.trip_id, n.read_at, t.courier, t.stops, \
         n.package_id AS found_id, q.package_id, p.sender, p.pickup_place, p.dropoff_place, p.reward_minor AS package_reward, \
         p.reward_currency AS package_currency, q.state, q.state_at, q.state_by, q.resolved_by, q.reason, q.agreed_at, q.reward_minor, q.currency, p.payment, \
         (SELECT CAST(COALESCE(sum(m.amount_minor), 0) AS BIGINT) FROM transfers AS m WHERE m.request_id = q.id \
         AND m.to_kind = 'available' AND m.to_user = q.courier) AS earned_minor, \
         (SELECT CAST(COALESCE(sum(m.amount_minor), 0) AS BIGINT) FROM transfers AS m WHERE m.request_id = q.id \
         AND m.from_kind IN ('frozen', 'pending') AND m.to_user = p.sender) AS returned_minor, \
         p.description, c.name AS courier_name, s.name AS sender_name, \
         n.document_id, d.state AS document_state, d.reason AS document_reason, \
         n.withdrawal_id, w.state AS taken_state, w.amount_minor AS taken_minor, w.currency AS taken_currency, \
         w.method AS taken_method, w.note AS taken_note, \
         n.order_id, n.offer_id, o.state AS order_state, \
         o.passenger, o.pickup_title, o.dropoff_title, o.rejection_reason, v.name AS driver_name, v.car_model, \
         v.plate_number \
         FROM notifications AS n LEFT JOIN trips AS t ON t.id = n.trip_id \
         LEFT JOIN documents AS d ON d.id = n.document_id \
         LEFT JOIN requests AS q ON q.id = n.request_id \
         LEFT JOIN packages AS p ON p.id = COALESCE(q.package_id, n.package_id) \
         LEFT JOIN users AS c ON c.id = t.courier LEFT JOIN users AS s ON s.id = p.sender \
         LEFT JOIN orders AS o ON o.id = n.order_id LEFT JOIN drivers AS v ON v.person = o.courier \
         LEFT JOIN order_offers AS f ON f.id = n.offer_id \
         LEFT JOIN withdrawals AS w ON w.id = n.withdrawal_id"
    };
}

const LIST: Sql = sql(concat!(
    listed!(),
    " WHERE n.user_id = $1 AND n.seq < $2 AND ",
    of_interest!(),
    " ORDER BY n.seq DESC LIMIT $3"
));

const ONE: Sql = sql(concat!(listed!(), " WHERE n.user_id = $1 AND n.seq = $2 AND ", known!()));

// Of money a person is told by itself.
const LAST_OF: Sql = sql(concat!(
    listed!(),
    " WHERE n.user_id = $1 AND (n.request_id = $2 OR n.offer_id = $2) AND n.kind NOT IN ('payment_received', 'dispute_resolved') AND ",
    known!(),
    " ORDER BY n.seq DESC LIMIT 1"
));

const UNREAD: Sql = sql(concat!(
    "SELECT count(*) AS unread FROM notifications AS n LEFT JOIN requests AS q ON q.id = n.request_id \
     LEFT JOIN order_offers AS f ON f.id = n.offer_id \
     WHERE n.user_id = $1 AND n.read_at IS NULL AND ",
    of_interest!()
));

const READ: Sql = sql("\
    UPDATE notifications SET read_at = COALESCE(read_at, $3) WHERE user_id = $1 AND seq = $2");

const READ_ALL: Sql = sql("UPDATE notifications SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL");

/// Something a person should know.
#[derive(Clone, PartialEq, Debug)]
pub struct NotificationRecord {
    /// The number of its event: its id among the person's notifications.
    pub seq: u64,
    /// When it happened.
    pub at: Time,
    /// What it says.
    pub kind: NotificationKind,
    /// When it was read.
    pub read_at: Option<Time>,
    /// What it is about.
    pub about: About,
}

/// What a notification is about.
#[derive(Clone, PartialEq, Debug)]
pub enum About {
    /// A trip.
    Trip(AboutTrip),
    /// A request for a trip.
    Request(AboutTrip, AboutRequest),
    /// A package that could ride on a trip.
    Package(AboutTrip, AboutPackage),
    /// A package that one has asked to be told of, and has no trip for.
    Wanted(AboutPackage, (PlaceId, PlaceId)),
    /// A document, as it was decided upon.
    Document {
        /// Whether it shows who its owner is.
        approved: bool,
        /// Why it was declined, for the owner.
        reason: Option<String>,
    },
    /// An order in town.
    Order(AboutOrder),
    /// Money that one takes out, as it was decided upon.
    Withdrawal(AboutWithdrawal),
}

/// The withdrawal that a notification is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AboutWithdrawal {
    /// The withdrawal.
    pub withdrawal: WithdrawalId,
    /// How much it is.
    pub amount: Amount,
    /// Where to, as far as that may be shown; empty when that was forgotten.
    pub method: String,
    /// Why it was not sent; nothing if it was.
    pub rejected: Option<String>,
}

/// The order in town that a notification is about, as it stands now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AboutOrder {
    /// The order.
    pub order: OrderId,
    /// Whether the reader is who is driven, or who has placed it; else they drive.
    pub is_passenger: bool,
    /// Where it begins; empty when that was forgotten.
    pub pickup: String,
    /// Where it ends; likewise.
    pub dropoff: String,
    /// Where it stands; nothing when it was deleted.
    pub phase: Option<OrderPhase>,
    /// Why the desk has refused it; may be empty.
    pub rejection_reason: String,
    /// Who has it, and with what.
    pub driver: Option<AboutDriver>,
    /// The offer by which the reader was asked.
    pub offer: Option<OfferId>,
}

/// The courier of an order in town, and the car.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AboutDriver {
    /// Their name.
    pub name: String,
    /// Make and model.
    pub car_model: String,
    /// The number on it.
    pub plate_number: String,
}

/// The trip that a notification is about.
#[derive(Clone, PartialEq, Debug)]
pub struct AboutTrip {
    /// The trip.
    pub trip: TripId,
    /// The courier, whose trip it is.
    pub courier: UserId,
    /// The first and the last place of the trip.
    pub route: (PlaceId, PlaceId),
    /// When the trip starts.
    pub departs_at: Time,
    /// Their name; empty when they are gone.
    pub courier_name: String,
}

/// The package that a notification is about.
#[derive(Clone, PartialEq, Debug)]
pub struct AboutPackage {
    /// The package.
    pub package: PackageId,
    /// What it is.
    pub description: String,
    /// The name of its sender; empty when they are gone.
    pub sender_name: String,
    /// What the sender would pay.
    pub reward: Amount,
}

/// The request that a notification is about.
#[derive(Clone, PartialEq, Debug)]
pub struct AboutRequest {
    /// The request.
    pub request: RequestId,
    /// Its package.
    pub package: PackageId,
    /// What the package is.
    pub description: String,
    /// The name of its sender; empty when they are gone.
    pub sender_name: String,
    /// What the courier earns, the platform's fee included.
    pub reward: Amount,
    /// What the courier was paid here so far.
    pub earned: Amount,
    /// What the sender got back of what was held for it so far.
    pub returned: Amount,
    /// Whether the courier is paid in cash.
    pub is_cash: bool,
    /// Where it stands now.
    pub state: RequestState,
}

impl Database {
    /// A person's notifications before the one numbered `before`, newest first, and how many are unread in
    /// all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn notifications(
        &self,
        user: UserId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<(Vec<NotificationRecord>, u64), Unavailable> {
        let before = before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
        let work = self.snapshot(move |conn| {
            Box::pin(async move {
                let found = conn.all(LIST, args![user.uuid(), before, limit]).await?;
                let unread = conn.one(UNREAD, args![user.uuid()]).await?.number("unread")?;
                Ok((each(&found, record)?, unread))
            })
        });
        Ok(work.await?)
    }

    /// One notification, whether or not it is still of interest, if this version knows its kind.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn notification(
        &self,
        user: UserId,
        seq: u64,
    ) -> Result<Option<NotificationRecord>, Unavailable> {
        let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
        Ok(self.row(ONE, args![user.uuid(), seq]).await?.as_ref().map(record).transpose()?)
    }

    /// The last notification of a person about a request, or about an offer of an order in town, those about
    /// money left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_notification_of(
        &self,
        user: UserId,
        topic: Uuid,
    ) -> Result<Option<NotificationRecord>, Unavailable> {
        let row = self.row(LAST_OF, args![user.uuid(), topic]).await?;
        Ok(row.as_ref().map(record).transpose()?)
    }

    /// Notes that one was read; answers whether there is such a one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read_notification(&self, user: UserId, seq: u64, now: Time) -> Result<bool, Unavailable> {
        let Ok(seq) = i64::try_from(seq) else { return Ok(false) };
        Ok(self.execute(READ, args![user.uuid(), seq, now.ms()]).await? == 1)
    }

    /// Notes that all were read; answers how many were not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read_notifications(&self, user: UserId, now: Time) -> Result<u64, Unavailable> {
        Ok(self.execute(READ_ALL, args![user.uuid(), now.ms()]).await?)
    }
}

fn record(row: &Row) -> Result<NotificationRecord, Failure> {
    let word = row.text("kind")?;
    let kind = NotificationKind::from_word(&word);
    let kind = kind.ok_or_else(|| Failure::Broken(format!("unknown notification: {word:?}")))?;
    Ok(NotificationRecord {
        seq: row.number("seq")?,
        at: row.time("at")?,
        kind,
        read_at: row.optional_time("read_at")?,
        about: about(row)?,
    })
}

fn about(row: &Row) -> Result<About, Failure> {
    if row.get::<Option<Uuid>>("document_id")?.is_some() {
        let approved = row.get::<Option<String>>("document_state")?.as_deref() == Some("approved");
        return Ok(About::Document { approved, reason: row.get("document_reason")? });
    }
    if let Some(order) = row.get::<Option<Uuid>>("order_id")? {
        return Ok(About::Order(about_order(row, order.into())?));
    }
    if let Some(withdrawal) = row.get::<Option<Uuid>>("withdrawal_id")? {
        return Ok(About::Withdrawal(about_withdrawal(row, withdrawal.into())?));
    }
    if row.get::<Option<Uuid>>("trip_id")?.is_none() {
        let ends = (PlaceId(row.number("pickup_place")?), PlaceId(row.number("dropoff_place")?));
        return Ok(About::Wanted(about_package(row)?, ends));
    }
    let trip = about_trip(row)?;
    Ok(match (row.get::<Option<Uuid>>("request_id")?, row.get::<Option<Uuid>>("found_id")?) {
        (None, None) => About::Trip(trip),
        (None, Some(_)) => About::Package(trip, about_package(row)?),
        (Some(request), _) => {
            let request = AboutRequest {
                request: RequestId::from(request),
                package: row.package_id("package_id")?,
                description: row.text("description")?,
                sender_name: name(row, "sender_name")?,
                reward: row.amount("reward_minor", "currency")?,
                earned: row.amount("earned_minor", "currency")?,
                returned: row.amount("returned_minor", "currency")?,
                is_cash: row.text("payment")? == Paid::Cash.word(),
                state: codec::request_state(row)?,
            };
            About::Request(trip, request)
        }
    })
}

fn about_withdrawal(row: &Row, withdrawal: WithdrawalId) -> Result<AboutWithdrawal, Failure> {
    let is_rejected = row.text("taken_state")? == "rejected";
    let note = row.get::<Option<String>>("taken_note")?.unwrap_or_default();
    Ok(AboutWithdrawal {
        withdrawal,
        amount: row.amount("taken_minor", "taken_currency")?,
        method: row.text("taken_method")?,
        rejected: is_rejected.then_some(note),
    })
}

fn about_order(row: &Row, order: OrderId) -> Result<AboutOrder, Failure> {
    let phase = row.get::<Option<String>>("order_state")?;
    let driver = match row.get::<Option<String>>("driver_name")? {
        Some(name) => {
            let (car_model, plate_number) = (row.text("car_model")?, row.text("plate_number")?);
            Some(AboutDriver { name, car_model, plate_number })
        }
        None => None,
    };
    Ok(AboutOrder {
        order,
        is_passenger: row.get::<Option<Uuid>>("passenger")? == Some(row.get("user_id")?),
        pickup: name(row, "pickup_title")?,
        dropoff: name(row, "dropoff_title")?,
        phase: phase.as_deref().and_then(OrderPhase::from_word),
        rejection_reason: name(row, "rejection_reason")?,
        driver,
        offer: row.get::<Option<Uuid>>("offer_id")?.map(OfferId::from),
    })
}

fn about_package(row: &Row) -> Result<AboutPackage, Failure> {
    Ok(AboutPackage {
        package: row.package_id("found_id")?,
        description: row.text("description")?,
        sender_name: name(row, "sender_name")?,
        reward: row.amount("package_reward", "package_currency")?,
    })
}

fn about_trip(row: &Row) -> Result<AboutTrip, Failure> {
    let stops: Vec<Stop> = codec::document(&row.text("stops")?)?;
    let (Some(first), Some(last)) = (stops.first(), stops.last()) else {
        return Err(Failure::Broken("a trip without stops".to_owned()));
    };
    Ok(AboutTrip {
        trip: row.trip_id("trip_id")?,
        courier: row.user("courier")?,
        route: (first.place, last.place),
        departs_at: first.depart,
        courier_name: name(row, "courier_name")?,
    })
}

fn name(row: &Row, column: &str) -> Result<String, Failure> {
    Ok(row.get::<Option<String>>(column)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_asked_for_and_no_other() {
        for kind in NotificationKind::ALL {
            assert!(known!().contains(&format!("'{}'", kind.word())), "{kind:?}");
        }
        assert_eq!(known!().matches('\'').count(), 2 * NotificationKind::ALL.len());
    }
}
