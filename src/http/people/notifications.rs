//! What one should know, in one's own language.

mod disputes;

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::UserId;
use peerpack_actors::market::request::RequestState;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::stream::notification::NotificationKind as Kind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::http::input::local_time;
use crate::http::places::place_name;
use crate::store::{About, AboutPackage, AboutRequest, AboutTrip, NotificationRecord};
use crate::texts::language::Language;

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

/// Notifications.
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
    /// `dispute_resolved` or `new_package_available`. A courier in whose favour an operator decided gets `payment_received`.
    #[serde(rename = "type")]
    #[schema(value_type = Kind)]
    kind: String,
    title: String,
    message: String,
    timestamp: String,
    is_read: bool,
    /// Where the client goes when it is tapped.
    action_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    courier_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_description: Option<String>,
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
    /// `Москва → Казань`.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    /// The day of the departure, `YYYY-MM-DD`, local date of the origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// The same.
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
    let words = Language::of(user.language.as_deref());
    let notifications = found.iter().map(|record| view(record, principal.user, words)).collect();
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

fn view(record: &NotificationRecord, reader: UserId, words: Language) -> NotificationView {
    let common = NotificationView {
        id: record.seq.to_string(),
        kind: record.kind.word().to_owned(),
        timestamp: record.at.to_string(),
        is_read: record.read_at.is_some(),
        ..NotificationView::default()
    };
    match &record.about {
        About::Request(trip, about) => match record.kind {
            Kind::DisputeOpened => disputes::opened(trip, about, words, common),
            Kind::DisputeResolved if trip.courier == reader => {
                disputes::resolved_for_courier(trip, about, words, common)
            }
            Kind::DisputeResolved => disputes::resolved_for_sender(trip, about, words, common),
            kind => about_request(kind, trip, about, words, common),
        },
        About::Trip(trip) => about_trip(record.kind, trip, words, common),
        About::Package(trip, package) => about_package(trip, package, words, common),
        About::Document { approved: true, .. } => NotificationView {
            title: words.choose("Документ подтверждён".into(), "Your document was approved".into()),
            message: words.choose(
                "Теперь все видят, что ваша личность проверена".into(),
                "Everybody can see now that you have shown who you are".into(),
            ),
            action_url: "/profile".into(),
            ..common
        },
        About::Document { approved: false, reason } => NotificationView {
            title: words.choose("Документ не принят".into(), "Your document was declined".into()),
            message: reason.clone().unwrap_or_default(),
            action_url: "/profile".into(),
            decline_reason: reason.clone(),
            ..common
        },
    }
}

fn about_request(
    kind: Kind,
    trip: &AboutTrip,
    about: &AboutRequest,
    words: Language,
    common: NotificationView,
) -> NotificationView {
    let (courier, sender, what) = (&trip.courier_name, &about.sender_name, &about.description);
    let courier_name = Some(courier.clone());
    let package_description = Some(what.clone());
    let package_url = format!("/package/{}", about.package);
    match kind {
        Kind::PackageRequestDeclined => {
            let reason = match &about.state {
                RequestState::Declined { reason, .. } => reason.clone().unwrap_or_default(),
                state => state.word().to_owned(),
            };
            NotificationView {
                title: words.choose("Курьер отказался".into(), "The courier declined".into()),
                message: words.choose(
                    format!("{courier} не сможет взять: {what}"),
                    format!("{courier} will not take: {what}"),
                ),
                action_url: package_url,
                courier_name,
                package_description,
                decline_reason: Some(reason),
                ..common
            }
        }
        Kind::PackageDelivered => NotificationView {
            title: words.choose("Посылка доставлена".into(), "The package was delivered".into()),
            message: words.choose(
                format!("{courier} доставил(а): {what}. Подтвердите получение"),
                format!("{courier} has delivered: {what}. Please confirm"),
            ),
            action_url: format!("/rate-courier/{}", about.request),
            courier_name,
            package_description,
            ..common
        },
        Kind::TripRequestReceived => NotificationView {
            title: words.choose("Запрос на перевозку".into(), "A package for your trip".into()),
            message: words.choose(
                format!("{sender} просит передать: {what}"),
                format!("{sender} asks you to carry: {what}"),
            ),
            action_url: format!("/trip-requests/{}", trip.trip),
            sender_name: Some(sender.clone()),
            package_description,
            reward: Some(about.reward.major()),
            ..common
        },
        Kind::PaymentReceived => {
            let amount = earned(about);
            NotificationView {
                title: words.choose("Деньги поступили".into(), "You were paid".into()),
                message: words.choose(
                    format!("Вам начислено {amount:.2} ₽ за доставку: {what}"),
                    format!("You have earned {amount:.2} ₽ for: {what}"),
                ),
                action_url: "/wallet".into(),
                amount: Some(amount),
                transaction_id: Some(format!("{}:release", about.request)),
                ..common
            }
        }
        _ => NotificationView {
            title: words.choose("Ответ курьера".into(), "A courier has answered".into()),
            message: words
                .choose(format!("{courier} готов(а) взять: {what}"), format!("{courier} will take: {what}")),
            action_url: package_url,
            courier_name,
            package_description,
            ..common
        },
    }
}

/// What a courier gets of a reward, major units.
fn earned(about: &AboutRequest) -> f64 {
    let fee = about.reward.share(peerpack_actors::money::ledger::PLATFORM_FEE_BPS);
    about.reward.minus(fee).unwrap_or(about.reward).major()
}

fn about_package(
    trip: &AboutTrip,
    about: &AboutPackage,
    words: Language,
    common: NotificationView,
) -> NotificationView {
    let (from, to) = trip.route;
    let route = format!("{} → {}", place_name(from), place_name(to));
    let (what, reward) = (&about.description, about.reward.major());
    NotificationView {
        title: words.choose("Посылка по пути".into(), "A package on your way".into()),
        message: words.choose(
            format!("Можно взять в поездку {route}: {what}, {reward} ₽"),
            format!("It could ride on your trip {route}: {what}, {reward} ₽"),
        ),
        action_url: format!("/package/{}", about.package),
        sender_name: Some(about.sender_name.clone()),
        package_description: Some(what.clone()),
        reward: Some(reward),
        trip_date: Some(local_time::date_at(trip.departs_at, Gazetteer::bundled().get(from))),
        route: Some(route),
        ..departing(trip, common)
    }
}

/// With when a trip departs.
fn departing(trip: &AboutTrip, common: NotificationView) -> NotificationView {
    NotificationView {
        departs_at: Some(trip.departs_at.to_string()),
        from_tz: Some(local_time::tz(Gazetteer::bundled().get(trip.route.0)).to_owned()),
        ..common
    }
}

fn about_trip(kind: Kind, trip: &AboutTrip, words: Language, common: NotificationView) -> NotificationView {
    let (from, to) = trip.route;
    let route = format!("{} → {}", place_name(from), place_name(to));
    let origin = Gazetteer::bundled().get(from);
    let date = local_time::date_at(trip.departs_at, origin);
    let clock = local_time::clock_at(trip.departs_at, origin);
    let courier = &trip.courier_name;
    let common = departing(trip, common);
    match kind {
        Kind::Reminder => NotificationView {
            title: words.choose("Скоро поездка".into(), "Your trip is near".into()),
            message: words.choose(
                format!("{route}, {date} в {clock} по местному времени"),
                format!("{route}, {date} at {clock} local time"),
            ),
            action_url: format!("/trip/{}", trip.trip),
            route: Some(route),
            trip_date: Some(date),
            ..common
        },
        _ => NotificationView {
            title: words.choose("Новый курьер на маршруте".into(), "A courier travels your way".into()),
            message: words.choose(
                format!("{courier} едет {route}, {date} в {clock} по местному времени"),
                format!("{courier} travels {route}, {date} at {clock} local time"),
            ),
            action_url: format!("/courier/{}", trip.courier),
            courier_name: Some(courier.clone()),
            route: Some(route),
            date: Some(date),
            ..common
        },
    }
}
