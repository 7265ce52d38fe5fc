//! Couriers respond to a package, its sender chooses.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::{Origin, RequestCommand};
use peerpack_actors::money::fees::Paid;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::ports::Store;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::{Refusal, engine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::couriers;
use super::packages::{self, ResponseView};
use super::trips::{Note, NoteView, Straight};
use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::{Body, Given};
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem, request_id};
use crate::http::input::local_time::Times;
use crate::http::input::{self, LONG_TEXT, SHORT_TEXT};
use crate::store::Person;
use crate::texts;
use crate::texts::language::Language;

/// A courier's answer to a package: with a published trip, or with one that is still to be published.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewResponse {
    /// What the courier asks, roubles; the package's reward if absent.
    #[serde(deserialize_with = "input::lenient_number")]
    price: Option<f64>,
    /// Words to the sender.
    #[serde(alias = "message")]
    comment: Option<String>,
    /// The trip that would carry it.
    #[serde(alias = "tripId")]
    trip_id: Option<String>,
    /// Instead of a trip: the day of one, `YYYY-MM-DD` or `DD.MM.YYYY`, local date of where the package
    /// starts.
    date: Option<String>,
    /// Its time, as tickets print it: `HH:MM`, `HH:MM → HH:MM` or `HH:MM → HH:MM (+1)`.
    time: Option<String>,
    /// The day of its arrival, local date of where the package goes; the most plausible one if absent.
    #[serde(alias = "arrivalDate")]
    arrival_date: Option<String>,
    /// How the courier travels: `plane`, `train`, `car`, `bus` or `foot`.
    #[serde(rename = "transportType", alias = "transport_type", alias = "transport")]
    #[schema(value_type = Option<peerpack_actors::market::trip::Transport>)]
    transport: Option<String>,
    /// Its airport or station.
    airport: Option<String>,
}

/// A response was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResponseMade)]
pub struct Responded {
    success: bool,
    response_id: String,
    /// The trip that would carry it.
    trip_id: String,
    /// From the pickup to the delivery, as it was understood.
    #[serde(flatten)]
    times: Times,
    /// What was not said and had to be decided.
    notes: Vec<NoteView>,
}

/// The responses to a package.
#[derive(Debug, Serialize, ToSchema)]
pub struct Responses {
    /// Oldest first.
    responses: Vec<ResponseView>,
}

/// Which response is chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SelectCourier)]
pub struct Select {
    #[serde(alias = "responseId")]
    response_id: String,
}

/// A courier was chosen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CourierSelected)]
pub struct Selected {
    success: bool,
    courier_contact: Contact,
    escrow_info: EscrowInfo,
}

/// How to reach a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CourierContact)]
pub struct Contact {
    /// Without `@`; empty if unknown.
    telegram_username: String,
    /// Empty if unknown.
    telegram_link: String,
}

/// The money that was set aside.
#[derive(Debug, Serialize, ToSchema)]
pub struct EscrowInfo {
    /// How much was set aside, roubles.
    amount_frozen: f64,
    /// `escrow`, or `cash` at the hand-over.
    #[schema(value_type = crate::http::vocabulary::PaymentMethod)]
    payment_method: String,
    refund_policy: String,
}

/// Whom to ask.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AskCourier)]
pub struct SendTo {
    /// The courier or one of their trips.
    #[serde(alias = "courierId")]
    courier_id: String,
    /// Words to the courier.
    #[serde(default)]
    message: Option<String>,
}

/// A courier was asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CourierAsked)]
pub struct Asked {
    success: bool,
    request_id: String,
}

/// Who takes part in one's own package.
#[utoipa::path(get, path = "/api/packages/{package_id}/responses", operation_id = "package_responses",
    tag = "packages", security(("bearer" = [])),
    params(("package_id" = String, Path, description = "The package")),
    responses((status = 200, body = Responses), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PackageId>,
) -> Result<HttpResponse, ApiError> {
    let package = own(&app, path.into_inner(), principal.user).await?;
    let carriers = packages::Carriers::of(&app, &package).await?;
    Ok(HttpResponse::Ok().json(Responses { responses: packages::responses(&package, &carriers) }))
}

/// Offers to carry a package, for a price.
#[utoipa::path(post, path = "/api/packages/{package_id}/responses", operation_id = "respond_to_package",
    tag = "packages", security(("bearer" = [])),
    params(("package_id" = String, Path, description = "The package"), Repeatable), request_body = NewResponse,
    responses((status = 201, body = Responded), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn respond(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<PackageId>,
    body: Given<NewResponse>,
) -> Result<HttpResponse, ApiError> {
    let (id, courier) = (path.into_inner(), principal.user);
    let work = async |once: &Once| {
        let package = app.database.package(id).await?.ok_or_else(ApiError::not_found)?;
        if package.sender == courier {
            return Err(Rejection::OwnPackage.into());
        }
        // Before a trip is published for it.
        if let Err(why) = package.takes_requests() {
            return Err(not_taken(&app, id, courier, why).await?);
        }
        let Given(input, mut wrong) = body;
        let price = wrong.or(input.price.map(|price| input::amount("price", price)).transpose(), None);
        let price = price.unwrap_or(package.draft.reward);
        let comment = wrong.or(input::text("comment", input.comment.clone(), LONG_TEXT), String::new());
        let airport = wrong.or(input::text("airport", input.airport.clone(), SHORT_TEXT), String::new());
        let (trip, notes) = trip_for(&app, &package, courier, &input, wrong).await?;
        let language = request_id::language();
        let responded = move |package: &Package| responded(package, &notes, language);
        let answer = once.package(StatusCode::CREATED, responded.clone());
        let response = engine::Response { trip, price, comment, airport };
        let (package, _) = match app.engine.under(answer).respond(id, courier, response).await {
            Err(Refusal::Rejected(why)) => return Err(not_taken(&app, id, courier, why).await?),
            taken => taken?,
        };
        let responded = responded(&package).ok_or_else(ApiError::not_found)?;
        Ok(HttpResponse::Created().json(responded))
    };
    repeatable.run(&app.database, courier, None, work).await
}

/// What a courier is told whose response is not taken: what they did themselves, if that is the reason.
async fn not_taken(app: &App, id: PackageId, courier: UserId, why: Rejection) -> Result<ApiError, ApiError> {
    let package = app.database.package(id).await?.ok_or_else(ApiError::not_found)?;
    let own = || package.requests.iter().filter(|request| request.courier == courier);
    let has_answered = || own().any(|request| request.origin == Origin::Courier && request.state.is_open());
    let message = match why {
        Rejection::AlreadyTaken if own().any(|request| request.state.is_deal()) => {
            "you have this package already"
        }
        Rejection::AlreadyRequested if has_answered() => {
            "you have answered this package already: your answer waits for the sender"
        }
        Rejection::AlreadyRequested => {
            "you were asked about this package already: accept or decline that request"
        }
        Rejection::TooManyRequests => "you have answered this package too often",
        why => return Ok(why.into()),
    };
    Ok(ApiError::conflict(why.code(), message))
}

fn responded(package: &Package, notes: &[Note], language: Language) -> Option<Responded> {
    let request = package.requests.last()?;
    Some(Responded {
        success: true,
        response_id: request.id.to_string(),
        trip_id: request.trip.to_string(),
        times: packages::times(request),
        notes: notes.iter().map(|note| note.view(language)).collect(),
    })
}

/// The trip that a courier names; or the one they have on the day they name; or one that is published now.
async fn trip_for(
    app: &App,
    package: &Package,
    courier: UserId,
    input: &NewResponse,
    mut wrong: Wrong,
) -> Result<(TripId, Vec<Note>), ApiError> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(trip) = given(&input.trip_id) {
        let trip = wrong.finish(trip)?.parse().map_err(|_| ApiError::not_found())?;
        return Ok((trip, Vec::new()));
    }
    let (date, time) = (given(&input.date), given(&input.time));
    match (&date, &time) {
        (None, None) => wrong.add(ApiError::unprocessable("trip_id", "name a trip, or its date and time")),
        (None, Some(_)) => wrong.add(ApiError::unprocessable("date", "must not be empty")),
        (Some(_), None) => wrong.add(ApiError::unprocessable("time", "must not be empty")),
        (Some(_), Some(_)) => {}
    }
    let (Some(date), Some(time)) = (date, time) else { return Err(wrong.into()) };
    let place = |id| Gazetteer::bundled().get(id).ok_or_else(ApiError::not_found);
    let (from, to) = (place(package.draft.pickup.place)?, place(package.draft.dropoff.place)?);
    let arrival_date = given(&input.arrival_date);
    let straight = Straight {
        from,
        to,
        date: &date,
        time: &time,
        arrival_date: arrival_date.as_deref(),
        transport: input.transport.as_deref(),
        airport: input.airport.clone(),
    };
    let (draft, notes) = match straight.draft(&app.config.bounds) {
        Ok(draft) => draft,
        Err(refusal) => {
            wrong.add(refusal);
            return Err(wrong.into());
        }
    };
    input::look_for_faults(draft.faults(app.clock.now()), &[], &mut wrong);
    wrong.finish(())?;
    // A courier who was cut off and comes again has published it already.
    for id in app.engine.live_trips_of(courier).await? {
        let trip = app.engine.trip(id).await?;
        if trip.is_some_and(|trip| {
            trip.departs() == draft.stops[0].depart
                && trip.draft.stops.iter().any(|stop| stop.place == from.id)
                && trip.draft.stops.iter().any(|stop| stop.place == to.id)
        }) {
            return Ok((id, notes));
        }
    }
    Ok((app.engine.publish_trip(courier, draft).await?.id, notes))
}

/// Chooses a response: the deal is made, its money set aside, the others hear that the package is taken.
#[utoipa::path(post, path = "/api/packages/{package_id}/select-courier", operation_id = "select_courier",
    tag = "packages",
    security(("bearer" = [])), params(("package_id" = String, Path, description = "The package"), Repeatable),
    request_body = Select,
    responses((status = 200, body = Selected), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn select(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<PackageId>,
    body: Body<Select>,
) -> Result<HttpResponse, ApiError> {
    let response: RequestId = body.0.response_id.parse().map_err(|_| ApiError::not_found())?;
    let by = principal.user;
    let work = async |once: &Once| {
        let package = own(&app, path.into_inner(), by).await?;
        let courier = package.request(response).ok_or_else(ApiError::not_found)?.courier;
        let people = app.database.people(&[courier]).await?;
        let contact = contact(people.get(&courier));
        let sender = app.database.user(by).await?.ok_or_else(ApiError::not_found)?;
        let words = Language::of(sender.language.as_deref());
        let (known, answer) =
            (contact.clone(), move |package: &Package| selected(package, response, &contact, words));
        let promise = once.package(StatusCode::OK, answer);
        let done = app.engine.under(promise).request(response, RequestCommand::Select { by }).await?;
        let selected = selected(&done.package, response, &known, words).ok_or_else(ApiError::not_found)?;
        Ok(HttpResponse::Ok().json(selected))
    };
    repeatable.run(&app.database, by, Some(response.to_string()), work).await
}

fn contact(courier: Option<&Person>) -> Contact {
    let telegram_username = courier.and_then(|courier| courier.username.clone()).unwrap_or_default();
    let telegram_link = match telegram_username.as_str() {
        "" => String::new(),
        name => format!("https://t.me/{name}"),
    };
    Contact { telegram_username, telegram_link }
}

fn selected(package: &Package, response: RequestId, contact: &Contact, words: Language) -> Option<Selected> {
    let paid = package.terms.payment.paid;
    let policy = texts::money::refund_policy(paid);
    let escrow_info = EscrowInfo {
        amount_frozen: package.escrow(package.request(response)?).amount.major(),
        payment_method: if paid == Paid::Cash { "cash" } else { "escrow" }.to_owned(),
        refund_policy: words.choose(policy.russian, policy.english),
    };
    Some(Selected { success: true, courier_contact: contact.clone(), escrow_info })
}

/// Asks a courier to carry one's own package.
#[utoipa::path(post, path = "/api/packages/{package_id}/send-to-courier", operation_id = "send_to_courier",
    tag = "packages",
    security(("bearer" = [])), params(("package_id" = String, Path, description = "The package"), Repeatable),
    request_body = SendTo,
    responses((status = 201, body = Asked), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn send(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<PackageId>,
    body: Body<SendTo>,
) -> Result<HttpResponse, ApiError> {
    let (id, by) = (path.into_inner(), principal.user);
    let work = async |once: &Once| {
        let message = input::text("message", body.0.message, LONG_TEXT)?;
        let mut trips = couriers::trips_of(&app, &body.0.courier_id).await?;
        couriers::begin_with_those_asked(&mut trips, &own(&app, id, by).await?);
        let ask = async |trip: TripId| -> Result<(Package, RequestId), Refusal> {
            let answering = once.package(StatusCode::CREATED, move |package| asked(package, trip));
            app.engine.under(answering).ask(id, trip, by, message.clone()).await
        };
        let (package, trip) = couriers::first_that_takes_it(&trips, ask).await?;
        let asked = asked(&package, trip).ok_or_else(ApiError::not_found)?;
        Ok(HttpResponse::Created().json(asked))
    };
    repeatable.run(&app.database, by, None, work).await
}

fn asked(package: &Package, trip: TripId) -> Option<Asked> {
    Some(Asked { success: true, request_id: package.request_on(trip)?.id.to_string() })
}

async fn own(app: &App, id: PackageId, sender: UserId) -> Result<Package, ApiError> {
    let package = app.database.package(id).await?;
    package.filter(|package| package.sender == sender).ok_or_else(ApiError::not_found)
}
