//! The core's values as columns, and back: one pair of functions per kind of value.
//!
//! A value that the core cannot have written is reported as [`Failure::Broken`], never guessed around.

use peerpack_actors::ids::{PackageId, RequestId, SubscriptionId, TripId, UserId};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::Load;
use peerpack_actors::market::package::{End, Mode, Package, PackageDraft, PackageState, Terms};
use peerpack_actors::market::request::{HandOver, Origin, Party, Plan, Request, RequestState};
use peerpack_actors::market::subscription::{Subscription, Wanted};
use peerpack_actors::market::trip::{Stop, Transport, Trip, TripDraft, TripState};
use peerpack_actors::money::fees::{Fee, Paid, PaymentTerms};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{PlaceId, Position};
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use super::Row;
use crate::store::failure::Failure;

fn broken(what: &str, word: &str) -> Failure {
    Failure::Broken(format!("unknown {what}: {word:?}"))
}

impl Row {
    pub(in crate::store) fn user(&self, column: &str) -> Result<UserId, Failure> {
        Ok(UserId::from(self.get::<Uuid>(column)?))
    }

    pub(in crate::store) fn trip_id(&self, column: &str) -> Result<TripId, Failure> {
        Ok(TripId::from(self.get::<Uuid>(column)?))
    }

    pub(in crate::store) fn package_id(&self, column: &str) -> Result<PackageId, Failure> {
        Ok(PackageId::from(self.get::<Uuid>(column)?))
    }

    pub(in crate::store) fn request_id(&self, column: &str) -> Result<RequestId, Failure> {
        Ok(RequestId::from(self.get::<Uuid>(column)?))
    }

    pub(in crate::store) fn time(&self, column: &str) -> Result<Time, Failure> {
        Ok(Time::from_ms(self.get(column)?))
    }

    pub(in crate::store) fn optional_time(&self, column: &str) -> Result<Option<Time>, Failure> {
        Ok(self.get::<Option<i64>>(column)?.map(Time::from_ms))
    }

    pub(in crate::store) fn text(&self, column: &str) -> Result<String, Failure> {
        self.get(column)
    }

    pub(in crate::store) fn amount(&self, minor: &str, currency: &str) -> Result<Amount, Failure> {
        Ok(Amount::new(self.get(minor)?, currency_of(&self.text(currency)?)?))
    }

    fn load(&self, weight_g: &str, volume_ml: &str, slots: &str) -> Result<Load, Failure> {
        Ok(Load {
            weight_g: self.number(weight_g)?,
            volume_ml: self.number(volume_ml)?,
            slots: self.number(slots)?,
        })
    }

    fn hand_over(&self, place: &str, at: &str) -> Result<HandOver, Failure> {
        Ok(HandOver { place: PlaceId(self.number(place)?), at: self.time(at)? })
    }

    fn end(&self, place: &str, lat: &str, lon: &str, address: &str) -> Result<End, Failure> {
        let position = Position { lat: self.get(lat)?, lon: self.get(lon)? };
        Ok(End { place: PlaceId(self.number(place)?), position, address: self.text(address)? })
    }
}

pub(in crate::store) fn currency_of(code: &str) -> Result<Currency, Failure> {
    Currency::from_code(code).ok_or_else(|| broken("currency", code))
}

pub(in crate::store) fn origin_of(word: &str) -> Result<Origin, Failure> {
    Origin::from_word(word).ok_or_else(|| broken("origin", word))
}

/// A package's state from its word and evidence.
pub(in crate::store) fn package_state(row: &Row) -> Result<PackageState, Failure> {
    let word = row.text("state")?;
    let at = row.optional_time("state_at")?;
    let deal = row.get::<Option<Uuid>>("deal")?.map(RequestId::from);
    Ok(match (word.as_str(), at, deal) {
        ("template", None, None) => PackageState::Template,
        ("open", None, None) => PackageState::Open,
        ("assigned", Some(at), Some(request)) => PackageState::Assigned { request, at },
        ("in_transit", Some(at), Some(request)) => PackageState::InTransit { request, at },
        ("delivered", Some(at), Some(request)) => PackageState::Delivered { request, at },
        ("confirmed", Some(at), Some(request)) => PackageState::Confirmed { request, at },
        ("cancelled", Some(at), None) => PackageState::Cancelled { at },
        _ => return Err(broken("package state", &word)),
    })
}

/// A trip's state from its word and evidence.
pub(in crate::store) fn trip_state(row: &Row) -> Result<TripState, Failure> {
    let word = row.text("state")?;
    Ok(match (word.as_str(), row.optional_time("state_at")?) {
        ("active", None) => TripState::Active,
        ("in_progress", Some(at)) => TripState::InProgress { at },
        ("completed", Some(at)) => TripState::Completed { at },
        ("cancelled", Some(at)) => TripState::Cancelled { at },
        _ => return Err(broken("trip state", &word)),
    })
}

/// A request's state from its word and evidence.
pub(in crate::store) fn request_state(row: &Row) -> Result<RequestState, Failure> {
    let word = row.text("state")?;
    let reason: Option<String> = row.get("reason")?;
    let Some(at) = row.optional_time("state_at")? else {
        if word != "pending" {
            return Err(broken("request state", &word));
        }
        let agreed_at = row.optional_time("agreed_at")?;
        return Ok(agreed_at.map_or(RequestState::Pending, |at| RequestState::Agreed { at }));
    };
    let operator = row.get::<Option<Uuid>>("resolved_by")?.map(UserId::from);
    Ok(match word.as_str() {
        "accepted" => RequestState::Accepted { at },
        "picked_up" => RequestState::PickedUp { at },
        "delivered" => RequestState::Delivered { at },
        "confirmed" => RequestState::Confirmed { at, operator },
        "declined" => RequestState::Declined { at, reason },
        "expired" => RequestState::Expired { at },
        "withdrawn" => RequestState::Withdrawn { at },
        "taken" => RequestState::Taken { at },
        "cancelled" => RequestState::Cancelled { at, by: party_of(row.get("state_by")?)?, operator },
        "disputed" => RequestState::Disputed { at, reason: reason.unwrap_or_default() },
        _ => return Err(broken("request state", &word)),
    })
}

fn party_of(word: Option<String>) -> Result<Party, Failure> {
    let word = word.unwrap_or_default();
    [Party::Sender, Party::Courier]
        .into_iter()
        .find(|party| party.word() == word)
        .ok_or_else(|| broken("party", &word))
}

/// A request's state as it is stored: its word, when it was entered, and when the courier agreed. One that
/// waits for the choice is pending, and agreed to.
pub(in crate::store) fn stored(state: &RequestState) -> (&'static str, Option<i64>, Option<i64>) {
    match state {
        RequestState::Agreed { at } => (RequestState::Pending.word(), None, Some(at.ms())),
        other => (other.word(), other.at().map(Time::ms), None),
    }
}

/// The evidence of a request's state beside its word: who called the deal off, in whose words, and which
/// operator ended it.
pub(in crate::store) fn evidence(
    state: &RequestState,
) -> (Option<&'static str>, Option<&str>, Option<UserId>) {
    match state {
        RequestState::Cancelled { by, .. } => (Some(by.word()), None, state.operator()),
        RequestState::Declined { reason, .. } => (None, reason.as_deref(), None),
        RequestState::Disputed { reason, .. } => (None, Some(reason), None),
        RequestState::Confirmed { operator, .. } => (None, None, *operator),
        RequestState::Pending
        | RequestState::Agreed { .. }
        | RequestState::Accepted { .. }
        | RequestState::PickedUp { .. }
        | RequestState::Delivered { .. }
        | RequestState::Expired { .. }
        | RequestState::Withdrawn { .. }
        | RequestState::Taken { .. } => (None, None, None),
    }
}

/// A package without its requests.
pub(in crate::store) fn package(row: &Row) -> Result<Package, Failure> {
    let mode = match row.text("mode")?.as_str() {
        "instant" => Mode::Instant,
        "choose" => Mode::Choose,
        other => return Err(broken("mode", other)),
    };
    let draft = PackageDraft {
        pickup: row.end("pickup_place", "pickup_lat", "pickup_lon", "pickup_address")?,
        dropoff: row.end("dropoff_place", "dropoff_lat", "dropoff_lon", "dropoff_address")?,
        load: row.load("weight_g", "volume_ml", "slots")?,
        ready_at: row.time("ready_at")?,
        deliver_by: row.time("deliver_by")?,
        reward: row.amount("reward_minor", "reward_currency")?,
        description: row.text("description")?,
        size: row.text("size")?,
        weight: row.text("weight")?,
        tags: document(&row.text("tags")?)?,
        mode,
        confirm_by: row.optional_time("confirm_by")?,
        template: row.get::<i64>("template")? != 0,
    };
    Ok(Package {
        id: row.package_id("id")?,
        sender: row.user("sender")?,
        draft,
        state: package_state(row)?,
        requests: Vec::new(),
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        made_from: row.get::<Option<Uuid>>("made_from")?.map(PackageId::from),
        uses: row.number("uses")?,
        terms: Terms {
            hand_over_codes: row.get::<i64>("hand_over_codes")? != 0,
            contents_confirmed: row.get::<i64>("contents_confirmed")? != 0,
            payment: payment_terms(row)?,
        },
    })
}

/// How a package is paid for.
pub(in crate::store) fn payment_terms(row: &Row) -> Result<PaymentTerms, Failure> {
    let word = row.text("payment")?;
    let paid = Paid::from_word(&word).ok_or_else(|| broken("way to pay", &word))?;
    let fee = Fee { bps: row.number("fee_bps")?, minimum_minor: row.get("fee_minimum_minor")? };
    Ok(PaymentTerms { paid, fee, version: row.number("fee_version")? })
}

/// A request, read from its row.
pub(in crate::store) fn request(row: &Row) -> Result<Request, Failure> {
    let plan = Plan {
        legs: LegSpan { from: row.number("leg_from")?, to: row.number("leg_to")? },
        pickup: row.hand_over("pickup_place", "pickup_at")?,
        dropoff: row.hand_over("dropoff_place", "dropoff_at")?,
        detour_min: row.number("detour_min")?,
        detour_m: row.number("detour_m")?,
        room_left_g: row.number("room_left_g")?,
    };
    Ok(Request {
        id: row.request_id("id")?,
        package: row.package_id("package_id")?,
        trip: row.trip_id("trip_id")?,
        sender: row.user("sender")?,
        courier: row.user("courier")?,
        origin: origin_of(&row.text("origin")?)?,
        plan,
        reward: row.amount("reward_minor", "currency")?,
        message: row.text("message")?,
        airport: row.text("airport")?,
        created_at: row.time("created_at")?,
        expires_at: row.optional_time("expires_at")?,
        ttl: Span::from_ms(row.get("ttl_ms")?),
        rendered_at: None,
        state: request_state(row)?,
    })
}

/// A trip without its legs.
pub(in crate::store) fn trip(row: &Row) -> Result<Trip, Failure> {
    let transport = row.text("transport")?;
    let price = match row.get::<Option<i64>>("price_minor")? {
        Some(minor) => Some(Amount::new(minor, currency_of(&row.text("price_currency")?)?)),
        None => None,
    };
    let draft = TripDraft {
        stops: document::<Vec<Stop>>(&row.text("stops")?)?,
        transport: Transport::from_word(&transport).ok_or_else(|| broken("transport", &transport))?,
        capacity: row.load("weight_g", "volume_ml", "slots")?,
        max_detour_min: row.number("max_detour_min")?,
        price,
        comment: row.text("comment")?,
        airport: row.text("airport")?,
    };
    Ok(Trip {
        id: row.trip_id("id")?,
        courier: row.user("courier")?,
        draft,
        left: Vec::new(),
        detour_used_min: row.number("detour_used_min")?,
        state: trip_state(row)?,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
    })
}

/// The room left on one leg.
pub(in crate::store) fn leg(row: &Row) -> Result<Load, Failure> {
    row.load("left_g", "left_ml", "left_n")
}

/// A JSON document.
pub(in crate::store) fn document<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Broken(format!("a stored document: {error}")))
}

/// A value as a JSON document.
pub(in crate::store) fn to_document<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Broken(format!("a document to store: {error}")))
}

/// The columns that [`subscription`] reads.
macro_rules! subscription_columns {
    () => {
        "id, user_id, wanted, from_place, from_lat, from_lon, to_place, to_lat, to_lon, starts_at, ends_at, \
         created_at, cancelled_at"
    };
}
pub(in crate::store) use subscription_columns;

/// A standing question.
pub(in crate::store) fn subscription(row: &Row) -> Result<Subscription, Failure> {
    let word = row.text("wanted")?;
    let end = |place: &str, lat: &str, lon: &str| -> Result<End, Failure> {
        let position = Position { lat: row.get(lat)?, lon: row.get(lon)? };
        Ok(End { place: PlaceId(row.number(place)?), position, address: String::new() })
    };
    Ok(Subscription {
        id: SubscriptionId::from(row.get::<Uuid>("id")?),
        user: row.user("user_id")?,
        wanted: Wanted::from_word(&word).ok_or_else(|| broken("subscription", &word))?,
        from: end("from_place", "from_lat", "from_lon")?,
        to: end("to_place", "to_lat", "to_lon")?,
        starts_at: row.time("starts_at")?,
        ends_at: row.time("ends_at")?,
        created_at: row.time("created_at")?,
        cancelled_at: row.optional_time("cancelled_at")?,
    })
}
