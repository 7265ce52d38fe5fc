//! Packages that a courier may respond to: those whose senders choose. Nobody sees an address here: where
//! people live is for the courier who carries the package.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::HandOver;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::runtime::engine::Fitting;
use peerpack_actors::stream::place;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::http::input::ends::{self, Context, PlaceInput};
use crate::http::input::{self, local_time};
use crate::http::marks::Marks;
use crate::http::people::avatars;
use crate::http::places::{PlaceAround, around, place_name};
use crate::store::Person;

/// How many packages one page has.
const PAGE: usize = 20;

/// How many are looked at to fill a page when some turn out not to suit.
const LOOKED_AT: usize = 200;

/// What is searched for: what suits one of one's own trips, what goes a way, or, with none of it, what suits
/// any of one's own trips.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PackageSearch {
    /// One of one's own live trips.
    trip_id: Option<String>,
    /// Where packages start, by name.
    from: Option<String>,
    /// The same by id, as `/api/cities` has it.
    from_id: Option<String>,
    /// Where they go, by name.
    to: Option<String>,
    /// The same by id.
    to_id: Option<String>,
    /// The next page, as the last answer named it.
    cursor: Option<String>,
}

/// Packages that wait for a courier.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundPackages {
    /// The package that has waited longest comes first.
    packages: Vec<FoundPackage>,
    /// Where the next page starts. A page can have few packages, or none, although there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A package that waits for a courier, as couriers see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundPackage {
    id: String,
    from: String,
    to: String,
    /// Where it starts, with its id, its names and its time zone.
    from_place: PlaceAround,
    /// Where it goes, likewise.
    to_place: PlaceAround,
    description: String,
    /// What the sender would pay, roubles, the platform's fee included.
    reward: f64,
    #[schema(value_type = peerpack_actors::market::load::SizeClass)]
    size: String,
    #[schema(value_type = peerpack_actors::market::load::WeightClass)]
    weight: String,
    /// Weight, grams.
    weight_g: u32,
    /// Volume, millilitres.
    volume_ml: u32,
    tags: Vec<String>,
    /// The earliest moment of the pickup.
    ready_at: String,
    /// The latest moment of the delivery.
    deliver_by: String,
    /// IANA time zone of where it starts.
    from_tz: String,
    /// IANA time zone of where it goes.
    to_tz: String,
    created_at: String,
    sender_name: String,
    sender_avatar: String,
    sender_rating: f64,
    /// Whether the sender has shown who they are.
    sender_verified: bool,
    /// The trip that it suits, if trips were asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    trip_id: Option<String>,
    /// Where and when it would get on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup: Option<Meeting>,
    /// Where and when it would get off.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropoff: Option<Meeting>,
    /// Extra way, minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    detour_min: Option<u32>,
    /// Until when it is highlighted: it bears a mark in lists, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    highlighted_until: Option<String>,
}

/// Where and when a package would change hands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Meeting {
    /// The place.
    place: String,
    /// The same in Russian.
    name_ru: String,
    /// The same in English.
    name_en: String,
    /// When the courier is expected, an instant.
    #[schema(format = DateTime)]
    at: String,
    /// The same, `YYYY-MM-DD`, local date of the place.
    date: String,
    /// The same, `HH:MM`, local time of the place.
    time: String,
    /// IANA time zone of the place.
    tz: String,
}

/// Packages that one could carry and whose senders choose their courier: respond to those one would take
/// (`POST /api/packages/{package_id}/responses`). What the engine offers by itself is not here.
#[utoipa::path(get, path = "/api/packages", operation_id = "find_packages", tag = "packages",
    params(PackageSearch),
    security(("bearer" = [])),
    responses((status = 200, body = FoundPackages), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn find(
    app: web::Data<App>,
    principal: Principal,
    query: Query<PackageSearch>,
) -> Result<HttpResponse, ApiError> {
    let search = query.0;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let after = given(&search.cursor).map(|cursor| input::id_cursor::<PackageId>(&cursor)).transpose()?;
    let from = PlaceInput::of_query(given(&search.from), given(&search.from_id));
    let to = PlaceInput::of_query(given(&search.to), given(&search.to_id));
    let context = Context { home: &app.config.home_countries, travel: None };
    let (from, to) = ends::of_search(context, from.as_ref(), to.as_ref())?;
    let fitting = match given(&search.trip_id) {
        Some(_) if from.is_some() || to.is_some() => {
            return Err(ApiError::unprocessable("trip_id", "name a trip or a way, not both"));
        }
        None if from.is_some() || to.is_some() => app.engine.packages_between((from, to), after, LOOKED_AT),
        trip => app.engine.packages_for(&own_trips(&app, principal.user, trip).await?, after, LOOKED_AT),
    };
    let (found, next) = fill(&app, principal.user, &fitting).await?;
    let senders: Vec<UserId> = found.iter().map(|(package, _)| package.sender).collect();
    let people = app.database.people(&senders).await?;
    let marks = Marks::of(&app, found.iter().map(|(package, _)| package.id.uuid())).await?;
    let packages =
        found.iter().map(|(package, fitting)| view(package, fitting, people.get(&package.sender), &marks));
    let next_cursor = next.map(|id| id.to_string());
    Ok(HttpResponse::Ok().json(FoundPackages { packages: packages.collect(), next_cursor }))
}

/// The trip that was named, or all live ones, soonest first.
async fn own_trips(app: &App, courier: UserId, named: Option<String>) -> Result<Vec<TripId>, ApiError> {
    if let Some(id) = named {
        let id: TripId = id.parse().map_err(|_| ApiError::not_found())?;
        let header = app.database.trip_header(id).await?;
        header.filter(|header| header.courier == courier).ok_or_else(ApiError::not_found)?;
        return Ok(vec![id]);
    }
    let ids = app.engine.live_trips_of(courier).await?;
    let mut trips = app.database.trips(&ids).await?;
    trips.sort_by_key(|trip| (trip.departs(), trip.id));
    Ok(trips.into_iter().map(|trip| trip.id).collect())
}

/// The packages of a page as they are stored, and where the next one starts, if there may be one.
async fn fill<'a>(
    app: &App,
    courier: UserId,
    fitting: &'a [Fitting],
) -> Result<(Vec<(Package, &'a Fitting)>, Option<PackageId>), ApiError> {
    let now = app.clock.now();
    let mut page = Vec::with_capacity(PAGE);
    let mut looked = 0;
    for some in fitting.chunks(PAGE) {
        let ids: Vec<PackageId> = some.iter().map(|one| one.package).collect();
        let stored = app.database.packages(&ids).await?;
        let mut stored: BTreeMap<PackageId, Package> =
            stored.into_iter().map(|package| (package.id, package)).collect();
        for one in some {
            looked += 1;
            let may_respond = |package: &Package| {
                let has_responded = package.open_requests().any(|request| request.courier == courier);
                package.sender != courier && package.is_open_to_responses(now) && !has_responded
            };
            page.extend(stored.remove(&one.package).filter(may_respond).map(|package| (package, one)));
            if page.len() == PAGE {
                let is_last = looked == fitting.len() && looked < LOOKED_AT;
                return Ok((page, (!is_last).then_some(one.package)));
            }
        }
    }
    let next = fitting.last().filter(|_| fitting.len() == LOOKED_AT);
    Ok((page, next.map(|one| one.package)))
}

fn meeting(hand_over: HandOver) -> Meeting {
    let names = place(hand_over.place);
    let there = Gazetteer::bundled().get(hand_over.place);
    Meeting {
        place: place_name(hand_over.place),
        name_ru: names.name_ru,
        name_en: names.name_en,
        at: hand_over.at.to_string(),
        date: local_time::date_at(hand_over.at, there),
        time: local_time::clock_at(hand_over.at, there),
        tz: local_time::tz(there).to_owned(),
    }
}

fn view(package: &Package, fitting: &Fitting, sender: Option<&Person>, marks: &Marks) -> FoundPackage {
    let draft = &package.draft;
    let plan = fitting.ride.map(|(_, plan)| plan);
    FoundPackage {
        id: package.id.to_string(),
        from: place_name(draft.pickup.place),
        to: place_name(draft.dropoff.place),
        from_place: around(draft.pickup.place),
        to_place: around(draft.dropoff.place),
        description: draft.description.clone(),
        reward: draft.reward.major(),
        size: draft.size.clone(),
        weight: draft.weight.clone(),
        weight_g: draft.load.weight_g,
        volume_ml: draft.load.volume_ml,
        tags: draft.tags.clone(),
        ready_at: draft.ready_at.to_string(),
        deliver_by: draft.deliver_by.to_string(),
        from_tz: local_time::tz_of(draft.pickup.place).to_owned(),
        to_tz: local_time::tz_of(draft.dropoff.place).to_owned(),
        created_at: package.created_at.to_string(),
        sender_name: sender.map_or_else(String::new, |sender| sender.name.clone()),
        sender_avatar: avatars::of_person(package.sender, sender),
        sender_rating: sender.map_or(0.0, Person::rating),
        sender_verified: sender.is_some_and(|sender| sender.is_verified),
        trip_id: fitting.ride.map(|(trip, _)| trip.to_string()),
        pickup: plan.map(|plan| meeting(plan.pickup)),
        dropoff: plan.map(|plan| meeting(plan.dropoff)),
        detour_min: plan.map(|plan| plan.detour_min),
        highlighted_until: marks.until(package.id.uuid()),
    }
}
