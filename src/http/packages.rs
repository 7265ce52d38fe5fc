//! Packages: publish, list one's own, call off, explain.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::load::Load;
use peerpack_actors::package::{End, Mode, Package, PackageDraft, PackageState, Terms};
use peerpack_actors::place::{Place, Position};
use peerpack_actors::ports::Store;
use peerpack_actors::request::{Origin, Request, RequestState};
use peerpack_actors::runtime::Conditions;
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::{self, LONG_TEXT, MAX_TAGS, Point, SHORT_TEXT};
use super::once::{IfMatch, Once, Repeatable, etag};
use super::{loads, trips};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::store::{Person, SenderPackages};

/// How long a package waits when its sender does not say.
const DEFAULT_WINDOW: Span = Span::days(14);

/// How many packages one answer lists.
const PAGE: u32 = 200;

/// A package to publish.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewPackage {
    /// Where it starts, by name.
    #[schema(example = "Владимир")]
    pub from: Option<String>,
    /// Where it goes, by name.
    #[schema(example = "Казань")]
    pub to: Option<String>,
    /// What it is.
    #[serde(alias = "packageDescription", alias = "package_description")]
    pub description: Option<String>,
    /// What the courier earns, roubles, the platform's fee included.
    #[serde(deserialize_with = "input::lenient_number")]
    pub reward: Option<f64>,
    /// `xs`, `s`, `m` or `l`.
    pub size: Option<String>,
    /// `light`, `medium`, `heavy` or `very_heavy`.
    pub weight: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Where exactly it starts.
    #[serde(alias = "pickupAddress")]
    pub pickup_address: Option<String>,
    /// Where exactly it goes.
    #[serde(alias = "deliveryAddress")]
    pub delivery_address: Option<String>,
    /// The point it starts at.
    pub pickup: Option<Point>,
    /// The point it goes to.
    pub dropoff: Option<Point>,
    /// Grams; instead of `weight`.
    pub weight_g: Option<u32>,
    /// Millilitres; instead of `size`.
    pub volume_ml: Option<u32>,
    /// Not before; now if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ready_at: Option<Time>,
    /// Not after; 14 days later if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deliver_by: Option<Time>,
    /// Which promise holds. `instant`: the engine offers it, and the first courier to accept gets it, at once; with
    /// `confirm_by`, couriers' acceptances stand side by side until then, and the engine takes the best. `choose`:
    /// couriers respond, the sender picks.
    #[schema(value_type = Option<String>)]
    pub mode: Option<Mode>,
    /// When the sender wants to know the courier at the latest. Until then a courier who accepts has *agreed*
    /// (`request.agreed`): nothing is held, and a better one may still be found. The deal (room and money, in one
    /// transaction) is made at this moment, or shortly before the courier sets off if that is earlier; the others hear
    /// that it is taken. A courier who accepts later gets the package at once. Only with mode `instant`; not after
    /// `deliver_by`.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub confirm_by: Option<Time>,
    /// A pattern to publish from.
    pub template: bool,
    /// Whether the courier has to show a code at the pickup and at the delivery.
    #[serde(alias = "handOverCodes")]
    pub hand_over_codes: bool,
    /// The sender's word that nothing forbidden is inside.
    #[serde(alias = "contentsConfirmed")]
    pub contents_confirmed: Option<bool>,
}

/// A package was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackagePublished {
    success: bool,
    /// Its id.
    package_id: String,
}

/// A package was called off.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageCancelled {
    success: bool,
    /// `cancelled`.
    state: String,
}

/// One's own packages.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyPackages {
    /// Newest first.
    packages: Vec<PackageView>,
}

/// A package as its sender sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageView {
    id: String,
    from: String,
    to: String,
    description: String,
    reward: f64,
    /// `active`, `waiting`, `template` or `completed`.
    status: String,
    /// Our own finer state.
    state: String,
    /// `instant` or `choose`.
    mode: String,
    created_at: String,
    usage_count: u32,
    size: String,
    weight: String,
    tags: Vec<String>,
    responses: Vec<ResponseView>,
    #[serde(rename = "selectedCourier", skip_serializing_if = "Option::is_none")]
    selected_courier: Option<String>,
    #[serde(rename = "completedAt", skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    /// Whether the courier has to show codes.
    hand_over_codes: bool,
    /// Counts changes.
    version: i64,
}

/// A courier's part in a package, in both spellings.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResponseView {
    id: String,
    courier_id: String,
    #[serde(rename = "courierId")]
    courier_id_camel: String,
    courier_name: String,
    #[serde(rename = "courierName")]
    courier_name_camel: String,
    courier_avatar: String,
    #[serde(rename = "courierAvatar")]
    courier_avatar_camel: String,
    courier_rating: f64,
    #[serde(rename = "courierRating")]
    courier_rating_camel: f64,
    telegram_username: String,
    #[serde(rename = "telegramUsername")]
    telegram_username_camel: String,
    /// `pending`, `accepted`, `selected` or `declined`.
    status: String,
    /// Our own finer state.
    state: String,
    trip_id: String,
    price: f64,
    comment: String,
    date: String,
    time: String,
    airport: String,
    message: String,
    timestamp: String,
    is_new: bool,
    #[serde(rename = "isNew")]
    is_new_camel: bool,
}

/// Publishes a package; couriers whose trips suit it get offers at once in mode `instant`.
#[utoipa::path(post, path = "/api/packages", operation_id = "publish_package",
    tag = "packages", request_body = NewPackage, security(("bearer" = [])),
    responses((status = 201, body = PackagePublished), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn publish(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    body: Body<NewPackage>,
) -> Result<HttpResponse, ApiError> {
    let terms = terms(&app, &body.0)?;
    let draft = draft(&app, body.0, None)?;
    let work = async |once: &Once| {
        let answering = once.package(StatusCode::CREATED, |package| Some(published(package)));
        let engine = app.engine.under(Conditions { answering, terms, ..Conditions::default() });
        let package = engine.publish_package(principal.user, draft).await?;
        Ok(HttpResponse::Created().json(published(&package)))
    };
    repeatable.run(&app, principal.user, None, work).await
}

/// What the sender asks for and says. Silence about the contents counts where the operator of the server allows it.
pub(super) fn terms(app: &App, input: &NewPackage) -> Result<Terms, ApiError> {
    let confirmed = input.contents_confirmed;
    if confirmed == Some(false) || (confirmed.is_none() && app.config.confirm_contents) {
        return Err(ApiError::unprocessable("contents_confirmed", "nothing forbidden may be inside"));
    }
    Ok(Terms { hand_over_codes: input.hand_over_codes, contents_confirmed: confirmed.is_some() })
}

fn published(package: &Package) -> PackagePublished {
    PackagePublished { success: true, package_id: package.id.to_string() }
}

/// One's own packages with the couriers who take part.
#[utoipa::path(get, path = "/api/user/packages", operation_id = "my_packages",
    tag = "packages", security(("bearer" = [])),
    responses((status = 200, body = MyPackages), (status = 401, body = Problem)))]
pub async fn mine(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(MyPackages { packages: all_of(&app, principal.user).await? }))
}

/// The packages of a sender.
pub(super) async fn all_of(app: &App, sender: UserId) -> Result<Vec<PackageView>, ApiError> {
    let SenderPackages { packages, people, airports } = app.database.packages_of(sender, None, PAGE).await?;
    let carriers = Carriers { people, airports };
    Ok(packages.iter().map(|package| view(package, &carriers)).collect())
}

/// Who would carry packages, and from where.
pub(super) struct Carriers {
    people: BTreeMap<UserId, Person>,
    airports: BTreeMap<TripId, String>,
}

impl Carriers {
    /// The couriers of a package's requests.
    pub(super) async fn of(app: &App, package: &Package) -> Result<Self, ApiError> {
        let couriers: Vec<_> = package.requests.iter().map(|request| request.courier).collect();
        let trips: Vec<_> = package.requests.iter().map(|request| request.trip).collect();
        let (people, airports) = (app.database.people(&couriers), app.database.airports(&trips));
        Ok(Self { people: people.await?, airports: airports.await? })
    }
}

/// One of one's own packages with the couriers who take part. The `ETag` is its version.
#[utoipa::path(get, path = "/api/packages/{package_id}", operation_id = "show_package",
    tag = "packages", security(("bearer" = [])),
    params(("package_id" = String, Path, description = "The package")),
    responses((status = 200, body = PackageView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PackageId>,
) -> Result<HttpResponse, ApiError> {
    let package = app.database.package(path.into_inner()).await?;
    let theirs = package.filter(|package| package.sender == principal.user);
    let package = theirs.ok_or_else(ApiError::not_found)?;
    let carriers = Carriers::of(&app, &package).await?;
    Ok(HttpResponse::Ok().insert_header(etag(package.version)).json(view(&package, &carriers)))
}

/// Calls one's own package off: before pickup, the money goes back.
#[utoipa::path(put, path = "/api/packages/{package_id}/cancel", operation_id = "cancel_package",
    tag = "packages", security(("bearer" = [])),
    params(("package_id" = String, Path, description = "The package")),
    responses((status = 200, body = PackageCancelled), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn cancel(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    seen: IfMatch,
    path: web::Path<PackageId>,
) -> Result<HttpResponse, ApiError> {
    let (id, by) = (path.into_inner(), principal.user);
    let work = async |once: &Once| {
        let answering = once.package(StatusCode::OK, |package| Some(cancelled(package)));
        let conditions = Conditions { answering, if_still: seen.0, ..Conditions::default() };
        let done = app.engine.under(conditions).cancel_package(id, by).await?;
        Ok(HttpResponse::Ok().json(cancelled(&done.package)))
    };
    repeatable.run(&app, by, Some(id.to_string()), work).await
}

fn cancelled(package: &Package) -> PackageCancelled {
    PackageCancelled { success: true, state: package.state.word().to_owned() }
}

/// A draft of what a sender wrote. `towards` gives the ends that the sender left out: the trip's.
pub(super) fn draft(
    app: &App,
    input: NewPackage,
    towards: Option<(&'static Place, &'static Place)>,
) -> Result<PackageDraft, ApiError> {
    let end = |field, given: Option<String>, fallback: Option<&'static Place>| match given {
        Some(name) if !name.trim().is_empty() => input::place(field, &name),
        _ => fallback.ok_or_else(|| ApiError::unprocessable(field, "must not be empty")),
    };
    let from = end("from", input.from, towards.map(|ends| ends.0))?;
    let to = end("to", input.to, towards.map(|ends| ends.1))?;
    let point = |field, given: Option<Point>, place: &Place| -> Result<Position, ApiError> {
        given.map_or(Ok(place.position), |point| point.position(field))
    };
    let weight = input.weight.filter(|word| !word.is_empty()).unwrap_or_else(|| "light".to_owned());
    let size = input.size.filter(|word| !word.is_empty()).unwrap_or_else(|| "s".to_owned());
    let named_g =
        loads::weight_g(&weight).ok_or_else(|| ApiError::unprocessable("weight", loads::WEIGHT_WORDS))?;
    let named_ml =
        loads::volume_ml(&size).ok_or_else(|| ApiError::unprocessable("size", loads::SIZE_WORDS))?;
    if input.tags.len() > MAX_TAGS || input.tags.iter().any(|tag| tag.chars().count() > SHORT_TEXT) {
        return Err(ApiError::unprocessable("tags", "at most 20 tags of 200 characters"));
    }
    let now = app.clock.now();
    let ready_at = input.ready_at.unwrap_or(now);
    Ok(PackageDraft {
        pickup: End {
            place: from.id,
            position: point("pickup", input.pickup, from)?,
            address: input::text("pickup_address", input.pickup_address, SHORT_TEXT)?,
        },
        dropoff: End {
            place: to.id,
            position: point("dropoff", input.dropoff, to)?,
            address: input::text("delivery_address", input.delivery_address, SHORT_TEXT)?,
        },
        load: Load {
            weight_g: input.weight_g.unwrap_or(named_g),
            volume_ml: input.volume_ml.unwrap_or(named_ml),
            slots: 1,
        },
        ready_at,
        deliver_by: input.deliver_by.unwrap_or(ready_at.max(now) + DEFAULT_WINDOW),
        reward: input::amount("reward", input.reward.unwrap_or(0.0))?,
        description: input::required("description", input.description, LONG_TEXT)?,
        size,
        weight,
        tags: input.tags,
        mode: input.mode.unwrap_or(app.config.default_mode),
        confirm_by: input.confirm_by,
        template: input.template,
    })
}

/// The couriers' parts in a package. Offers that nobody has answered are the engine's business, not yet the sender's.
pub(super) fn responses(package: &Package, carriers: &Carriers) -> Vec<ResponseView> {
    let answered = |state: &RequestState| state.is_deal() || matches!(state, RequestState::Agreed { .. });
    let shown = |request: &&Request| request.origin != Origin::Engine || answered(&request.state);
    let requests = package.requests.iter().filter(shown);
    requests.map(|request| response(request, carriers)).collect()
}

/// What is published from a pattern of the sender's: the same, from now on. `None` for what is no pattern.
pub(super) async fn from_template(
    app: &App,
    id: PackageId,
    sender: UserId,
) -> Result<Option<(PackageDraft, Terms)>, ApiError> {
    let package = app.database.package(id).await?;
    let package = package.filter(|package| package.sender == sender).ok_or_else(ApiError::not_found)?;
    if package.state != PackageState::Template {
        return Ok(None);
    }
    let now = app.clock.now();
    let (ready_at, deliver_by) = (now, now + DEFAULT_WINDOW);
    let terms = package.terms;
    let draft = PackageDraft {
        template: false,
        mode: Mode::Choose,
        confirm_by: None,
        ready_at,
        deliver_by,
        ..package.draft
    };
    Ok(Some((draft, terms)))
}

fn view(package: &Package, carriers: &Carriers) -> PackageView {
    let draft = &package.draft;
    let name = |request: &Request| carriers.people.get(&request.courier).map(|courier| courier.name.clone());
    let responses = responses(package, carriers);
    PackageView {
        id: package.id.to_string(),
        from: trips::place_name(draft.pickup.place),
        to: trips::place_name(draft.dropoff.place),
        description: draft.description.clone(),
        reward: draft.reward.major(),
        status: status(package).to_owned(),
        state: package.state.word().to_owned(),
        mode: draft.mode.word().to_owned(),
        created_at: package.created_at.to_string(),
        usage_count: package.uses,
        size: draft.size.clone(),
        weight: draft.weight.clone(),
        tags: draft.tags.clone(),
        responses,
        selected_courier: package.deal().and_then(name),
        completed_at: trips::is_over(package.state)
            .then(|| package.state.at())
            .flatten()
            .map(|at| at.to_string()),
        hand_over_codes: package.terms.hand_over_codes,
        version: package.version,
    }
}

fn status(package: &Package) -> &'static str {
    match package.state {
        PackageState::Template => "template",
        PackageState::Confirmed { .. } | PackageState::Cancelled { .. } => "completed",
        PackageState::Open if package.pending().all(|request| request.origin != Origin::Courier) => "waiting",
        _ => "active",
    }
}

fn response(request: &Request, carriers: &Carriers) -> ResponseView {
    let courier = carriers.people.get(&request.courier);
    let status = match (&request.state, request.origin) {
        (RequestState::Pending | RequestState::Agreed { .. }, _) => "pending",
        (state, Origin::Courier) if state.is_deal() => "selected",
        (state, _) if state.is_deal() => "accepted",
        _ => "declined",
    };
    let name = courier.map_or_else(String::new, |courier| courier.name.clone());
    let rating = courier.map_or(0.0, Person::rating);
    let avatar = courier.and_then(|courier| courier.avatar.clone()).unwrap_or_default();
    let telegram = courier.and_then(|courier| courier.username.clone()).unwrap_or_default();
    let origin = peerpack_actors::place::Gazetteer::bundled().get(request.plan.pickup.place);
    let is_new = request.state.is_pending() && request.origin == Origin::Courier;
    ResponseView {
        id: request.id.to_string(),
        courier_id: request.courier.to_string(),
        courier_id_camel: request.courier.to_string(),
        courier_name: name.clone(),
        courier_name_camel: name,
        courier_avatar: avatar.clone(),
        courier_avatar_camel: avatar,
        courier_rating: rating,
        courier_rating_camel: rating,
        telegram_username: telegram.clone(),
        telegram_username_camel: telegram,
        status: status.to_owned(),
        state: request.state.word().to_owned(),
        trip_id: request.trip.to_string(),
        price: request.reward.major(),
        comment: request.message.clone(),
        date: super::local_time::date_at(request.plan.pickup.at, origin),
        time: super::local_time::clocks_at(request.plan.pickup.at, request.plan.dropoff.at, origin),
        airport: carriers.airports.get(&request.trip).cloned().unwrap_or_default(),
        message: request.message.clone(),
        timestamp: request.created_at.to_string(),
        is_new,
        is_new_camel: is_new,
    }
}
