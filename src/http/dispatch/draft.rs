//! From the words of the console to an order.

mod parcel;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use peerpack_actors::dispatch::order::{Cargo, OrderEnd};
use peerpack_actors::dispatch::price::Extras;
use peerpack_actors::dispatch::{OrderDraft, Quote};
use peerpack_actors::ids::{RegionId, UserId};
use peerpack_actors::place::Position;
use peerpack_actors::time::Time;
use serde::Deserialize;
use utoipa::ToSchema;

pub use self::parcel::ParcelInput;
use super::scope;
use crate::app::App;
use crate::auth::Principal;
use crate::auth::phone::Phone;
use crate::error::ApiError;
use crate::error::wrong::Wrong;
use crate::http::input::{self, LONG_TEXT, lenient_whole};
use crate::store::Passenger;
use crate::town::{self, NoQuote, Town};

/// The longest address, and the longest name of what is there, in characters.
const TITLE: usize = 500;

/// What is ordered.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct NewOrder {
    /// The address where it begins.
    pub(super) pickup_title: Option<String>,
    /// What is there: a hospital, a station.
    pub(super) pickup_object_name: Option<String>,
    /// The address where it ends.
    pub(super) dropoff_title: Option<String>,
    pub(super) dropoff_object_name: Option<String>,
    /// Degrees; kept to 7 decimals, about a centimetre, as are the others.
    pub(super) pickup_lat: Option<f64>,
    pub(super) pickup_lon: Option<f64>,
    pub(super) dropoff_lat: Option<f64>,
    pub(super) dropoff_lon: Option<f64>,
    /// An instant, or the local time of the pickup without a zone, an hour to 30 days ahead; absent or `now`
    /// for at once.
    pub(super) desired_pickup_time: Option<String>,
    /// Somebody comes along: that takes a second seat.
    pub(super) has_companion: Option<bool>,
    /// A child's seat is needed.
    pub(super) child_seat: Option<bool>,
    /// There is large luggage.
    pub(super) large_luggage: Option<bool>,
    /// A parcel is carried instead of people.
    pub(super) parcel: Option<ParcelInput>,
    pub(super) note: Option<String>,
    /// Whom it is for, where the desk orders: a known passenger.
    #[serde(deserialize_with = "lenient_whole")]
    #[schema(value_type = Option<i64>)]
    pub(super) passenger_id: Option<u32>,
    /// Or somebody with this phone, who becomes a passenger if they are none.
    pub(super) passenger_phone: Option<String>,
    pub(super) passenger_name: Option<String>,
    pub(super) passenger_region_id: Option<String>,
    pub(super) passenger_disability_category: Option<String>,
    pub(super) passenger_allowed_companion: Option<bool>,
}

impl From<NoQuote> for ApiError {
    fn from(error: NoQuote) -> Self {
        match error {
            NoQuote::Rejected(rejection) => rejection.into(),
            NoQuote::Unavailable(error) => error.into(),
        }
    }
}

impl NewOrder {
    /// The two ends of the way. What is wrong with them is noted.
    fn ends(&self, wrong: &mut Wrong) -> (OrderEnd, OrderEnd) {
        let mut end =
            |names: [&'static str; 4], title: &Option<String>, object: &Option<String>, lat, lon| {
                let [title_field, object_field, lat_field, lon_field] = names;
                OrderEnd {
                    title: wrong.or(input::required(title_field, title.clone(), TITLE), String::new()),
                    object_name: wrong.or(input::text(object_field, object.clone(), TITLE), String::new()),
                    position: wrong
                        .or(position((lat_field, lat), (lon_field, lon)), Position { lat: 0.0, lon: 0.0 }),
                }
            };
        let pickup = end(
            ["pickup_title", "pickup_object_name", "pickup_lat", "pickup_lon"],
            &self.pickup_title,
            &self.pickup_object_name,
            self.pickup_lat,
            self.pickup_lon,
        );
        let dropoff = end(
            ["dropoff_title", "dropoff_object_name", "dropoff_lat", "dropoff_lon"],
            &self.dropoff_title,
            &self.dropoff_object_name,
            self.dropoff_lat,
            self.dropoff_lon,
        );
        (pickup, dropoff)
    }

    /// What a passenger orders so, and what it is expected to cost, by the regions as this node knows them: a
    /// call catches up first, once for however many orders it is about.
    pub(super) async fn draft(
        &self,
        app: &App,
        town: &Town,
        passenger: &Whom,
    ) -> Result<(OrderDraft, Quote), ApiError> {
        let (mut wrong, now) = (Wrong::default(), app.clock.now());
        let (pickup, dropoff) = self.ends(&mut wrong);
        let note = wrong.or(input::text("note", self.note.clone(), LONG_TEXT), String::new());
        let zone = town::zone(pickup.position);
        let pickup_at = wrong.or(pickup_time(self.desired_pickup_time.as_deref(), &zone), None);
        let companion = self.has_companion.unwrap_or(false);
        if companion && !passenger.allowed_companion {
            wrong.add(ApiError::unprocessable("has_companion", "is not allowed to this passenger"));
        }
        if companion && self.parcel.is_some() {
            wrong.add(ApiError::unprocessable("has_companion", "does not go with a parcel"));
        }
        wrong.finish(())?;
        let regions = town.dispatch().regions();
        let region = regions.of(pickup.position, passenger.region);
        let region = region.and_then(|id| regions.get(id));
        let region =
            region.ok_or_else(|| ApiError::unprocessable("pickup_lat", "no region serves this place"))?;
        if !region.is_open(pickup_at.unwrap_or(now)) {
            return Err(ApiError::unprocessable("desired_pickup_time", "the region takes no orders then"));
        }
        let draft = OrderDraft {
            ride: town.way(pickup.position, dropoff.position),
            pickup,
            dropoff,
            pickup_at,
            cargo: self.parcel.map_or(Cargo::Passenger, |parcel| Cargo::Parcel(parcel.into())),
            extras: Extras {
                companion,
                child_seat: self.child_seat.unwrap_or(false),
                large_luggage: self.large_luggage.unwrap_or(false),
                category: passenger.category.clone(),
            },
            note,
            region: Some(region.id),
        };
        let quote = town.quote(&draft, now).await?;
        Ok((draft, quote))
    }

    /// The same order with what is named here in the place of what it says.
    pub(super) fn over(self, draft: &OrderDraft) -> Self {
        let OrderDraft { pickup, dropoff, .. } = draft;
        let either = |new: Option<String>, old: &str| new.or_else(|| Some(old.to_owned()));
        Self {
            pickup_title: either(self.pickup_title, &pickup.title),
            pickup_object_name: either(self.pickup_object_name, &pickup.object_name),
            dropoff_title: either(self.dropoff_title, &dropoff.title),
            dropoff_object_name: either(self.dropoff_object_name, &dropoff.object_name),
            pickup_lat: self.pickup_lat.or(Some(pickup.position.lat)),
            pickup_lon: self.pickup_lon.or(Some(pickup.position.lon)),
            dropoff_lat: self.dropoff_lat.or(Some(dropoff.position.lat)),
            dropoff_lon: self.dropoff_lon.or(Some(dropoff.position.lon)),
            desired_pickup_time: self
                .desired_pickup_time
                .or_else(|| draft.pickup_at.map(|at| at.to_string())),
            has_companion: self.has_companion.or(Some(draft.extras.companion)),
            child_seat: self.child_seat.or(Some(draft.extras.child_seat)),
            large_luggage: self.large_luggage.or(Some(draft.extras.large_luggage)),
            parcel: self.parcel.or(match draft.cargo {
                Cargo::Parcel(load) => Some(load.into()),
                Cargo::Passenger => None,
            }),
            note: either(self.note, &draft.note),
            ..Self::default()
        }
    }
}

/// What an order depends on of whom it is for.
#[derive(Debug, Clone)]
pub(super) struct Whom {
    pub(super) person: UserId,
    pub(super) region: Option<RegionId>,
    pub(super) category: String,
    pub(super) allowed_companion: bool,
}

impl From<&Passenger> for Whom {
    fn from(passenger: &Passenger) -> Self {
        Self {
            person: passenger.person,
            region: Some(passenger.region),
            category: passenger.category.clone(),
            allowed_companion: passenger.allowed_companion,
        }
    }
}

/// Whom the desk orders for: a passenger who is known by number or phone, or somebody new, who becomes one.
pub(super) async fn named(app: &App, town: &Town, order: &NewOrder) -> Result<Whom, ApiError> {
    match meant(app, town, order).await? {
        Meant::Known(whom) => Ok(whom),
        Meant::New(mut passenger, phone) => {
            let (number, name, now) =
                (phone.as_str().to_owned(), passenger.full_name.clone(), app.clock.now());
            let (user, _) = app.database.upsert_phone_user(number, name, passenger.person, now).await?;
            passenger.person = user.id;
            app.database.put_passenger(&passenger, app.clock.random(), now).await?;
            Ok(Whom::from(&*passenger))
        }
    }
}

/// Whom the desk means.
pub(super) enum Meant {
    /// Somebody who is a passenger.
    Known(Whom),
    /// Somebody who would become one, with their phone.
    New(Box<Passenger>, Phone),
}

impl Meant {
    /// What the order depends on of them.
    pub(super) fn whom(&self) -> Whom {
        match self {
            Self::Known(whom) => whom.clone(),
            Self::New(passenger, _) => Whom::from(&**passenger),
        }
    }
}

/// Whom the desk means, by the regions as this node knows them; nothing is changed.
pub(super) async fn meant(app: &App, town: &Town, order: &NewOrder) -> Result<Meant, ApiError> {
    if let Some(number) = order.passenger_id {
        let unknown = || ApiError::unprocessable("passenger_id", "is not known");
        let person = app.database.person_of(number.into()).await?.ok_or_else(unknown)?;
        let passenger = app.database.passenger(person).await?;
        return passenger.as_ref().map(|one| Meant::Known(one.into())).ok_or_else(unknown);
    }
    let Some(phone) = order.passenger_phone.as_deref().filter(|phone| !phone.trim().is_empty()) else {
        return Err(ApiError::unprocessable("passenger_id", "name a passenger by number or by phone"));
    };
    let phone = Phone::parse(phone).map_err(|error| error.renamed("phone", "passenger_phone"))?;
    if let Some(user) = app.database.user_of_phone(phone.as_str()).await?
        && let Some(passenger) = app.database.passenger(user.id).await?
    {
        return Ok(Meant::Known(Whom::from(&passenger)));
    }
    let mut wrong = Wrong::default();
    let name = match order.passenger_name.as_deref().filter(|name| !name.trim().is_empty()) {
        Some(name) => input::name("passenger_name", name),
        None => {
            let why = "is required: no passenger has this phone yet";
            Err(ApiError::unprocessable("passenger_name", why))
        }
    };
    let name = wrong.or(name, String::new());
    let region = match order.passenger_region_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => scope::region_in(&town.map(), "passenger_region_id", id).map(Some),
        // That of the pickup, then.
        None => Ok(order.pickup().and_then(|pickup| town.dispatch().regions().of(pickup, None))),
    };
    let region = wrong.or(region, None);
    if region.is_none() {
        wrong.add(ApiError::unprocessable("passenger_region_id", "is required"));
    }
    let category = order.passenger_disability_category.clone();
    let category = wrong.or(input::text("passenger_disability_category", category, 50), String::new());
    wrong.finish(())?;
    let region = region.ok_or_else(ApiError::not_found)?;
    let passenger = Passenger {
        person: UserId::new(app.clock.now(), app.clock.random()),
        number: 0,
        full_name: name,
        username: None,
        phone: None,
        email: String::new(),
        region,
        category,
        allowed_companion: order.passenger_allowed_companion.unwrap_or(false),
    };
    Ok(Meant::New(Box::new(passenger), phone))
}

/// The caller as a passenger: who orders for the first time becomes one, in the region of the pickup.
pub(super) async fn oneself(
    app: &App,
    town: &Town,
    principal: Principal,
    order: &NewOrder,
) -> Result<Whom, ApiError> {
    if let Some(passenger) = app.database.passenger(principal.user).await? {
        return Ok(Whom::from(&passenger));
    }
    let user = app.database.user(principal.user).await?.ok_or_else(ApiError::not_found)?;
    let region = order.pickup().and_then(|pickup| town.dispatch().regions().of(pickup, None));
    let region =
        region.ok_or_else(|| ApiError::unprocessable("pickup_lat", "no region serves this place"))?;
    let passenger = Passenger {
        person: user.id,
        number: 0,
        full_name: user.name,
        username: None,
        phone: None,
        email: String::new(),
        region,
        category: String::new(),
        allowed_companion: true,
    };
    app.database.put_passenger(&passenger, app.clock.random(), app.clock.now()).await?;
    Ok(Whom::from(&passenger))
}

impl NewOrder {
    fn pickup(&self) -> Option<Position> {
        Position::new(self.pickup_lat?, self.pickup_lon?).ok().map(Position::rounded)
    }
}

/// A position whose coordinates are fields of their own, to about a centimetre: then it is the same again
/// when a form or a table brings it back.
pub(super) fn position(
    (lat_field, lat): (&'static str, Option<f64>),
    (lon_field, lon): (&'static str, Option<f64>),
) -> Result<Position, ApiError> {
    let lat = lat.ok_or_else(|| ApiError::unprocessable(lat_field, "is required"))?;
    let lon = lon.ok_or_else(|| ApiError::unprocessable(lon_field, "is required"))?;
    let field = if (-90.0..=90.0).contains(&lat) { lon_field } else { lat_field };
    Position::new(lat, lon)
        .map(Position::rounded)
        .map_err(|_| ApiError::unprocessable(field, "latitude or longitude is out of range"))
}

fn pickup_time(text: Option<&str>, zone: &TimeZone) -> Result<Option<Time>, ApiError> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() || text.eq_ignore_ascii_case("now") {
        return Ok(None);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Some(Time::from_ms(at.as_millisecond())));
    }
    let local = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone.clone()).ok());
    let at = local.map(|local| Time::from_ms(local.timestamp().as_millisecond()));
    let reason = "must be an instant, or YYYY-MM-DDTHH:MM in local time";
    at.map(Some).ok_or_else(|| ApiError::unprocessable("desired_pickup_time", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pickup_is_at_an_instant_or_in_the_time_of_its_place() {
        let moscow = TimeZone::get("Europe/Moscow").unwrap();
        let read = |text| pickup_time(Some(text), &moscow).map(|at| at.map(|at| at.to_string()));
        for now in ["", "  ", "now", "NOW"] {
            assert_eq!(read(now).unwrap(), None, "{now}");
        }
        for text in
            ["2026-12-01T10:00:00Z", "2026-12-01T13:00", "2026-12-01 13:00:00", "2026-12-01T13:00:00+03:00"]
        {
            assert_eq!(read(text).unwrap().as_deref(), Some("2026-12-01T10:00:00.000Z"), "{text}");
        }
        for wrong in ["tomorrow", "2026-13-01T10:00", "10:00"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_position_out_of_range_names_its_field() {
        let named = |lat, lon| {
            let refused = position(("pickup_lat", lat), ("pickup_lon", lon)).unwrap_err();
            refused.problem(None).fields.into_keys().next().unwrap()
        };
        assert_eq!(named(None, Some(1.0)), "pickup_lat");
        assert_eq!(named(Some(91.0), Some(1.0)), "pickup_lat");
        assert_eq!(named(Some(1.0), Some(181.0)), "pickup_lon");
        assert_eq!(named(Some(f64::NAN), Some(1.0)), "pickup_lat");
        let longer = position(("pickup_lat", Some(55.775 + 1e-9)), ("pickup_lon", Some(37.654 - 1e-9)));
        assert_eq!(longer.unwrap(), Position { lat: 55.775, lon: 37.654 });
    }
}
