//! What one should know, in one's own language.

mod disputes;

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::OrderPhase;
use peerpack_actors::ids::UserId;
use peerpack_actors::market::request::RequestState;
use peerpack_actors::money::Amount;
use peerpack_actors::place::{Gazetteer, PlaceId};
use peerpack_actors::stream::notification::NotificationKind as Kind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::http::input::local_time;
use crate::http::places::place_name_in;
use crate::store::{
    About, AboutOrder, AboutPackage, AboutRequest, AboutTrip, AboutWithdrawal, NotificationRecord,
};
use crate::texts::language::Language;
use crate::texts::notifications::Sentence;

/// How many one answer lists.
const PAGE: u32 = 100;

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Before {
    /// Only those before this one, as the last answer named it.
    before: Option<u64>,
}

/// A part of the caller's notifications.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notifications {
    /// How many are unread in all.
    unread_count: u64,
    /// Newest first.
    notifications: Vec<NotificationView>,
}

/// Something one should know.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct NotificationView {
    id: String,
    /// `package_request_response`, `package_request_declined`, `package_delivered`, `new_courier_available`,
    /// `trip_request_received`, `payment_received`, `reminder`, `document_reviewed`, `dispute_opened`,
    /// `dispute_resolved`, `new_package_available`, `courier_chosen`, `subscription_matched` or
    /// `withdrawal_decided`. A courier whom an operator's decision
    /// has paid gets `payment_received`. Of orders in town: `order_offered`, `order_given`,
    /// `order_courier_found`, `order_courier_on_the_way`, `order_courier_arrived`, `order_completed`,
    /// `order_called_off` or `order_nobody_found`.
    #[serde(rename = "type")]
    #[schema(value_type = Kind)]
    kind: String,
    title: String,
    message: String,
    timestamp: String,
    is_read: bool,
    /// Where the client goes when it is tapped.
    action_url: String,
    /// The trip it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    trip_id: Option<String>,
    /// The package it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    package_id: Option<String>,
    /// The order in town it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    courier_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_description: Option<String>,
    /// Why a courier, a reviewer or an operator has said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_reason: Option<String>,
    /// What the sender says is wrong, while the dispute is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
    /// `Москва → Казань`, in the reader's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    /// The day of the departure, `YYYY-MM-DD`, local date of the origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// The same as `date`, for a trip of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    trip_date: Option<String>,
    /// The departure, an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    departs_at: Option<String>,
    /// IANA time zone of the origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    from_tz: Option<String>,
}

/// It was read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationRead)]
pub struct Read {
    success: bool,
}

/// All were read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationsRead)]
pub struct AllRead {
    success: bool,
    /// How many were not.
    marked_count: u64,
}

/// What one should know.
#[utoipa::path(get, path = "/api/user/notifications", operation_id = "my_notifications",
    tag = "notifications", security(("bearer" = [])),
    params(Before), responses((status = 200, body = Notifications), (status = 400, body = Problem),
        (status = 401, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<Before>,
) -> Result<HttpResponse, ApiError> {
    let user = app.database.user(principal.user).await?.ok_or_else(ApiError::not_found)?;
    let (found, unread_count) = app.database.notifications(principal.user, query.0.before, PAGE).await?;
    let language = Language::of(user.language.as_deref());
    let notifications = found.iter().map(|record| view(record, principal.user, language)).collect();
    Ok(HttpResponse::Ok().json(Notifications { unread_count, notifications }))
}

/// Notes that one was read.
#[utoipa::path(put, path = "/api/notifications/{notification_id}/read", operation_id = "read_notification",
    tag = "notifications",
    security(("bearer" = [])), params(("notification_id" = String, Path, description = "The notification")),
    responses((status = 200, body = Read), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<u64>,
) -> Result<HttpResponse, ApiError> {
    let known = app.database.read_notification(principal.user, path.into_inner(), app.clock.now()).await?;
    if known { Ok(HttpResponse::Ok().json(Read { success: true })) } else { Err(ApiError::not_found()) }
}

/// Notes that all were read.
#[utoipa::path(put, path = "/api/notifications/mark-all-read", operation_id = "read_all_notifications",
    tag = "notifications",
    security(("bearer" = [])), responses((status = 200, body = AllRead), (status = 401, body = Problem)))]
pub async fn read_all(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let marked_count = app.database.read_notifications(principal.user, app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(AllRead { success: true, marked_count }))
}

/// Title and message of a notification, in a language.
pub(crate) fn told(record: &NotificationRecord, reader: UserId, language: Language) -> (String, String) {
    let NotificationView { title, message, .. } = view(record, reader, language);
    (title, message)
}

fn view(record: &NotificationRecord, reader: UserId, language: Language) -> NotificationView {
    let (trip, package) = match &record.about {
        About::Request(trip, about) => (Some(trip.trip), Some(about.package)),
        About::Trip(trip) => (Some(trip.trip), None),
        About::Package(trip, about) => (Some(trip.trip), Some(about.package)),
        About::Wanted(about, _) => (None, Some(about.package)),
        About::Document { .. } | About::Order(_) | About::Withdrawal(_) => (None, None),
    };
    let common = NotificationView {
        trip_id: trip.map(|trip| trip.to_string()),
        package_id: package.map(|package| package.to_string()),
        id: record.seq.to_string(),
        kind: record.kind.word().to_owned(),
        timestamp: record.at.to_string(),
        is_read: record.read_at.is_some(),
        ..NotificationView::default()
    };
    match &record.about {
        About::Request(trip, about) => match record.kind {
            Kind::DisputeOpened => disputes::opened(trip, about, language, common),
            Kind::DisputeResolved if trip.courier == reader => {
                disputes::resolved_for_courier(trip, about, language, common)
            }
            Kind::DisputeResolved => disputes::resolved_for_sender(trip, about, language, common),
            kind => about_request(kind, trip, about, language, common),
        },
        About::Trip(trip) => about_trip(record.kind, trip, language, common),
        About::Package(trip, package) => about_package(trip, package, language, common),
        About::Wanted(package, ends) => wanted_package(package, *ends, language, common),
        About::Order(about) => about_order(record.kind, about, language, common),
        About::Withdrawal(about) => about_withdrawal(about, language, common),
        About::Document { approved: true, .. } => {
            let profile = NotificationView { action_url: "/profile".into(), ..common };
            profile.saying(Sentence::DocumentApproved, language)
        }
        About::Document { approved: false, reason } => {
            let sentence = Sentence::DocumentDeclined { reason: reason.as_deref().unwrap_or_default() };
            let decline_reason = reason.clone();
            let profile = NotificationView { action_url: "/profile".into(), decline_reason, ..common };
            profile.saying(sentence, language)
        }
    }
}

impl NotificationView {
    /// The same with a title and a message.
    fn saying(self, sentence: Sentence<'_>, language: Language) -> Self {
        let (title, message) = sentence.told_in(language);
        Self { title, message, ..self }
    }
}

fn about_request(
    kind: Kind,
    trip: &AboutTrip,
    about: &AboutRequest,
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let (courier, sender, what) = (&trip.courier_name, &about.sender_name, &about.description);
    let courier_name = Some(courier.clone());
    let package_description = Some(what.clone());
    let package_url = format!("/package/{}", about.package);
    let (sentence, view) = match kind {
        Kind::PackageRequestDeclined => {
            let reason = match &about.state {
                RequestState::Declined { reason, .. } => reason.clone().unwrap_or_default(),
                state => state.word().to_owned(),
            };
            let view = NotificationView {
                action_url: package_url,
                courier_name,
                package_description,
                decline_reason: Some(reason),
                ..common
            };
            (Sentence::RequestDeclined { courier, what }, view)
        }
        Kind::PackageDelivered => {
            let action_url = format!("/rate-courier/{}", about.request);
            let view = NotificationView { action_url, courier_name, package_description, ..common };
            (Sentence::Delivered { courier, what }, view)
        }
        Kind::TripRequestReceived => {
            let view = NotificationView {
                action_url: format!("/trip-requests/{}", trip.trip),
                sender_name: Some(sender.clone()),
                package_description,
                reward: Some(about.reward.major()),
                ..common
            };
            (Sentence::AskedToCarry { sender, what }, view)
        }
        Kind::CourierChosen => {
            let view = NotificationView {
                action_url: format!("/deal/{}/{}", trip.trip, about.request),
                sender_name: Some(sender.clone()),
                package_description,
                reward: Some(about.reward.major()),
                ..common
            };
            (Sentence::CourierChosen { sender, what }, view)
        }
        Kind::PaymentReceived => {
            let is_cash = about.is_cash;
            let roubles = earned(about);
            let view = NotificationView {
                action_url: if is_cash {
                    format!("/deal/{}/{}", trip.trip, about.request)
                } else {
                    "/wallet".into()
                },
                amount: Some(roubles),
                transaction_id: moved_by(about, "release", about.earned),
                ..common
            };
            let paid = if is_cash {
                Sentence::PaidInCash { roubles, what }
            } else {
                Sentence::Paid { roubles, what }
            };
            (paid, view)
        }
        Kind::PackageRequestResponse
        // Those are told of elsewhere: of a trip, a package, a document, a dispute, an order in town, a
        // withdrawal.
        | Kind::NewCourierAvailable
        | Kind::Reminder
        | Kind::DocumentReviewed
        | Kind::DisputeOpened
        | Kind::DisputeResolved
        | Kind::NewPackageAvailable
        | Kind::SubscriptionMatched
        | Kind::OrderOffered
        | Kind::OrderGiven
        | Kind::OrderCourierFound
        | Kind::OrderCourierOnTheWay
        | Kind::OrderCourierArrived
        | Kind::OrderCompleted
        | Kind::OrderCalledOff
        | Kind::OrderNobodyFound
        | Kind::WithdrawalDecided => {
            let view =
                NotificationView { action_url: package_url, courier_name, package_description, ..common };
            (Sentence::CourierAgreed { courier, what }, view)
        }
    };
    view.saying(sentence, language)
}

/// What a courier was paid, major units: in cash, by what the sender has confirmed.
fn earned(about: &AboutRequest) -> f64 {
    if about.is_cash { about.reward.major() } else { about.earned.major() }
}

/// The movement by which a step of a deal has moved an amount; none where it has moved nothing.
fn moved_by(about: &AboutRequest, step: &str, amount: Amount) -> Option<String> {
    (amount.minor > 0).then(|| format!("{}:{step}", about.request))
}

/// What an operator has decided upon money that one takes out.
fn about_withdrawal(
    about: &AboutWithdrawal,
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let (roubles, to) = (about.amount.major(), about.method.as_str());
    let step = if about.rejected.is_some() { "return" } else { "hold" };
    let view = NotificationView {
        action_url: "/wallet".into(),
        amount: Some(roubles),
        transaction_id: Some(format!("{}:{step}", about.withdrawal)),
        decline_reason: about.rejected.clone(),
        ..common
    };
    let sentence = match &about.rejected {
        Some(reason) => Sentence::WithdrawalRejected { roubles, reason },
        None => Sentence::WithdrawalPaid { roubles, to },
    };
    view.saying(sentence, language)
}

fn about_package(
    trip: &AboutTrip,
    about: &AboutPackage,
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let (from, to) = trip.route;
    let route = format!("{} → {}", place_name_in(language, from), place_name_in(language, to));
    let (what, reward) = (&about.description, about.reward.major());
    let view = NotificationView {
        action_url: format!("/package/{}", about.package),
        sender_name: Some(about.sender_name.clone()),
        package_description: Some(what.clone()),
        reward: Some(reward),
        trip_date: Some(local_time::date_at(trip.departs_at, Gazetteer::bundled().get(from))),
        route: Some(route.clone()),
        ..departing(trip, common)
    };
    view.saying(Sentence::PackageOnTheWay { route: &route, what, reward }, language)
}

/// A package that somebody has asked to be told of.
fn wanted_package(
    about: &AboutPackage,
    (from, to): (PlaceId, PlaceId),
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let route = format!("{} → {}", place_name_in(language, from), place_name_in(language, to));
    let (what, reward) = (&about.description, about.reward.major());
    let view = NotificationView {
        action_url: format!("/package/{}", about.package),
        sender_name: Some(about.sender_name.clone()),
        package_description: Some(what.clone()),
        reward: Some(reward),
        route: Some(route.clone()),
        ..common
    };
    view.saying(Sentence::PackageAskedFor { route: &route, what, reward }, language)
}

/// With when a trip departs.
fn departing(trip: &AboutTrip, common: NotificationView) -> NotificationView {
    NotificationView {
        departs_at: Some(trip.departs_at.to_string()),
        from_tz: Some(local_time::tz(Gazetteer::bundled().get(trip.route.0)).to_owned()),
        ..common
    }
}

/// What is said of an order follows from where it stands now, where one kind stands for several ends.
fn about_order(
    kind: Kind,
    about: &AboutOrder,
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let way = if about.pickup.is_empty() {
        String::new()
    } else {
        format!("{} → {}", about.pickup, about.dropoff)
    };
    let driver = about.driver.as_ref().filter(|_| about.is_passenger);
    let courier_name = driver.map(|driver| driver.name.clone());
    let driver = driver.map_or_else(String::new, |driver| {
        format!("{}, {}, {}", driver.name, driver.car_model, driver.plate_number)
    });
    let (way, driver) = (way.as_str(), driver.as_str());
    let sentence = match kind {
        Kind::OrderOffered => Sentence::OrderOffered { way },
        Kind::OrderGiven => Sentence::OrderGiven { way },
        Kind::OrderCourierFound => Sentence::OrderCourierFound { way, driver },
        Kind::OrderCourierOnTheWay => Sentence::OrderCourierOnTheWay { driver },
        Kind::OrderCourierArrived => Sentence::OrderCourierArrived { pickup: &about.pickup, driver },
        Kind::OrderCompleted => Sentence::OrderCompleted { way },
        Kind::OrderNobodyFound => Sentence::OrderNobodyFound { way },
        // All but the first are told of elsewhere: of a request, a trip, a package, a document, a dispute, a
        // withdrawal.
        Kind::OrderCalledOff
        | Kind::PackageRequestResponse
        | Kind::PackageRequestDeclined
        | Kind::PackageDelivered
        | Kind::NewCourierAvailable
        | Kind::TripRequestReceived
        | Kind::PaymentReceived
        | Kind::Reminder
        | Kind::DocumentReviewed
        | Kind::DisputeOpened
        | Kind::DisputeResolved
        | Kind::NewPackageAvailable
        | Kind::CourierChosen
        | Kind::SubscriptionMatched
        | Kind::WithdrawalDecided => match about.phase {
            Some(OrderPhase::Rejected) => Sentence::OrderRejected { way, reason: &about.rejection_reason },
            Some(OrderPhase::NoShow) if about.is_passenger => Sentence::OrderNoShow { way },
            Some(OrderPhase::Cancelled) | None => Sentence::OrderCalledOff { way },
            Some(_) if about.is_passenger => Sentence::OrderCalledOff { way },
            Some(_) => Sentence::OrderTakenAway { way },
        },
    };
    let action_url =
        if about.is_passenger { format!("/town/ride/{}", about.order) } else { "/town/duty".into() };
    let route = Some(way.to_owned()).filter(|way| !way.is_empty());
    let order_id = Some(about.order.to_string());
    let view = NotificationView { action_url, courier_name, route, order_id, ..common };
    view.saying(sentence, language)
}

fn about_trip(
    kind: Kind,
    trip: &AboutTrip,
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let (from, to) = trip.route;
    let route = format!("{} → {}", place_name_in(language, from), place_name_in(language, to));
    let origin = Gazetteer::bundled().get(from);
    let date = local_time::date_at(trip.departs_at, origin);
    let clock = local_time::clock_at(trip.departs_at, origin);
    let (courier, route, clock) = (&trip.courier_name, route.as_str(), clock.as_str());
    let common = NotificationView { route: Some(route.to_owned()), ..departing(trip, common) };
    if kind == Kind::Reminder {
        let view = NotificationView {
            action_url: format!("/trip/{}", trip.trip),
            trip_date: Some(date.clone()),
            ..common
        };
        return view.saying(Sentence::TripIsNear { route, date: &date, clock }, language);
    }
    let view = NotificationView {
        action_url: format!("/courier/{}", trip.courier),
        courier_name: Some(courier.clone()),
        date: Some(date.clone()),
        ..common
    };
    view.saying(Sentence::CourierTravels { courier, route, date: &date, clock }, language)
}
