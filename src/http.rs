//! The HTTP edge: one readable list of routes, and thin handlers that parse, command and render.
//!
//! `/api` and `/v1` answer alike. The list and the OpenAPI document must not differ; a test compares them.

pub mod admin;
pub mod bot;
pub mod dispatch;
pub mod health;
pub mod jobs;
pub mod market;
pub mod money;
pub mod openapi;
pub mod pages;
pub mod people;
pub mod places;
pub mod talk;
pub mod vocabulary;

mod endpoint;
mod input;
pub mod links;
mod marks;
mod paging;
mod price;
mod reference;
mod uploads;

use actix_web::http::Method;
use actix_web::web;

use crate::edge::access::{ADMIN, DESK, OPERATORS, PUBLIC, REVIEWERS, SIGNED_IN};
use crate::ws::{self, ticket};
use admin::{operators, request_log, users};
use bot::{notifications as bot_notifications, outbox, webhook};
use dispatch::mobile::{drivers as my_drives, enrolment, orders as my_orders, passengers as my_rides};
use dispatch::tables::{drivers as driver_tables, orders as order_tables, passengers as passenger_tables};
use dispatch::{
    analytics, candidates, cities, clearing, daily, desk as town_desk, drivers, geocode, heat,
    live as town_live, map as town_map, offers, orders, passengers, prices, regions,
    sessions as desk_sessions, tariffs,
};
use endpoint::answering;
use market::{
    couriers, disputes, explain, handover, packages, photos, requests, responses, search, subscriptions,
    sync, tracking, trips, updates,
};
use money::{desk, fees, highlights, payments, payouts, statement, terms, wallet};
use people::documents::{self, review};
use people::{avatars, identity, notifications, profile};
use talk::{board, chats, messages, moderation, profile as talk_profile, signing_in};

pub use endpoint::Endpoint;

macro_rules! endpoints {
    ($($path:literal { $($method:ident $access:ident $handler:path),+ $(,)? })*) => {
        vec![$(Endpoint::at($path)$(
            .on(Method::$method, $access, answering(Method::$method).to($handler))
        )+),*]
    };
}

/// Every route of the API.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    endpoints! {
        "/auth/telegram" { POST PUBLIC identity::sign_in_with_telegram }
        "/auth/phone-login" { POST PUBLIC identity::phone::send_code }
        "/auth/verify-otp" { POST PUBLIC identity::phone::verify_code }
        "/auth/operator" { POST PUBLIC identity::operator::sign_in_operator }
        "/auth/operator-link" { POST PUBLIC identity::operator::sign_in_by_link }
        "/auth/first-admin" { POST PUBLIC identity::operator::first_admin }
        "/auth/second-factor" { POST SIGNED_IN identity::second_factor::show }
        "/auth/logout" { POST PUBLIC identity::sessions::sign_out }
        "/auth/logout-everywhere" { POST SIGNED_IN identity::sessions::sign_out_everywhere }
        "/user/sessions" { GET SIGNED_IN identity::sessions::list }
        "/user/sessions/{session_id}" { DELETE SIGNED_IN identity::sessions::end_session }
        "/user/account" { DELETE SIGNED_IN identity::account::delete_account }
        "/jobs/{job_id}" { GET PUBLIC jobs::show }
        "/user/second-factor" { POST SIGNED_IN identity::second_factor::begin, DELETE SIGNED_IN identity::second_factor::remove }
        "/auth/refresh" { POST PUBLIC identity::refresh }
        "/cities" { GET PUBLIC places::cities }
        "/couriers" { GET PUBLIC search::search }
        "/couriers/{courier_id}/send-package" { POST SIGNED_IN couriers::send_package }
        "/trips" { POST SIGNED_IN trips::publish }
        "/trips/{trip_id}" { GET SIGNED_IN trips::one }
        "/trips/{trip_id}/cancel" { PUT SIGNED_IN trips::cancel }
        "/trips/{trip_id}/package-requests" { GET SIGNED_IN trips::requests::list }
        "/user/trips" { GET SIGNED_IN trips::mine }
        "/packages" { GET SIGNED_IN packages::finding::find, POST SIGNED_IN packages::publish }
        "/packages/dry-run" { POST SIGNED_IN explain::dry_run }
        "/packages/{package_id}" { GET SIGNED_IN packages::one }
        "/packages/{package_id}/cancel" { PUT SIGNED_IN packages::cancel }
        "/packages/{package_id}/cancellation" { GET SIGNED_IN terms::of_package }
        "/packages/{package_id}/explain" { GET SIGNED_IN explain::explain }
        "/packages/{package_id}/responses" { GET SIGNED_IN responses::list, POST SIGNED_IN responses::respond }
        "/packages/{package_id}/select-courier" { POST SIGNED_IN responses::select }
        "/packages/{package_id}/send-to-courier" { POST SIGNED_IN responses::send }
        "/packages/{package_id}/tracking-link" { POST SIGNED_IN tracking::link }
        "/tracking/{link}" { GET PUBLIC tracking::json }
        "/user/packages" { GET SIGNED_IN packages::mine }
        "/package-requests/{request_id}/accept" { PUT SIGNED_IN requests::accept }
        "/package-requests/{request_id}/decline" { PUT SIGNED_IN requests::decline }
        "/package-requests/{request_id}/pickup" { PUT SIGNED_IN requests::pick_up }
        "/package-requests/{request_id}/mark-delivered" { PUT SIGNED_IN requests::mark_delivered }
        "/package-requests/{request_id}/confirm-delivery" { PUT SIGNED_IN requests::confirm_delivery }
        "/package-requests/{request_id}/cancel" { PUT SIGNED_IN requests::cancel }
        "/package-requests/{request_id}/dispute" { PUT SIGNED_IN disputes::open }
        "/package-requests/{request_id}/pickup-photo" { GET SIGNED_IN photos::show, POST SIGNED_IN photos::attach }
        "/package-requests/{request_id}/codes" { GET SIGNED_IN handover::codes }
        "/package-requests/{request_id}/review" { POST SIGNED_IN profile::review }
        "/user/profile" { GET SIGNED_IN profile::show, PATCH SIGNED_IN profile::change }
        "/user/avatar" { POST SIGNED_IN avatars::change, DELETE SIGNED_IN avatars::take_away }
        "/avatars/initials/{picture}" { GET PUBLIC avatars::initials }
        "/avatars/{picture}" { GET PUBLIC avatars::show }
        "/user/documents" { GET SIGNED_IN documents::mine, POST SIGNED_IN documents::send }
        "/user/documents/{document_id}" { DELETE SIGNED_IN documents::withdraw }
        "/admin/documents" { GET REVIEWERS review::queue }
        "/admin/documents/{document_id}/link" { POST REVIEWERS review::link }
        "/admin/documents/{document_id}/file/{link}" { GET REVIEWERS review::look }
        "/admin/documents/{document_id}/approve" { POST REVIEWERS review::approve }
        "/admin/documents/{document_id}/decline" { POST REVIEWERS review::decline }
        "/user/notifications" { GET SIGNED_IN notifications::list }
        "/notifications/mark-all-read" { PUT SIGNED_IN notifications::read_all }
        "/notifications/{notification_id}/read" { PUT SIGNED_IN notifications::read }
        "/subscriptions" { GET SIGNED_IN subscriptions::list, POST SIGNED_IN subscriptions::add }
        "/subscriptions/{subscription_id}" { DELETE SIGNED_IN subscriptions::remove }
        "/bot/notifications" { GET SIGNED_IN bot_notifications::show }
        "/bot/notifications/initial" { POST SIGNED_IN bot_notifications::initial }
        "/bot/notifications/toggle" { POST SIGNED_IN bot_notifications::toggle }
        "/bot/notifications/preference" { POST SIGNED_IN bot_notifications::preference }
        "/bot/notifications/quiet-hours" { POST SIGNED_IN bot_notifications::quiet_hours }
        "/bot/webhook" { POST PUBLIC webhook::update }
        "/bot/set-webhook" { POST PUBLIC webhook::set }
        "/bot/webhook-info" { GET PUBLIC webhook::info }
        "/bot/delete-webhook" { POST PUBLIC webhook::delete }
        "/bot/test-send" { POST PUBLIC webhook::test }
        "/user/balance" { GET SIGNED_IN wallet::balance }
        "/user/statement" { GET SIGNED_IN statement::show }
        "/money/terms" { GET PUBLIC terms::show }
        "/highlights" { POST SIGNED_IN highlights::create }
        "/payments" { GET SIGNED_IN payments::list, POST SIGNED_IN payments::create }
        "/payments/webhook" { POST PUBLIC payments::notice }
        "/payments/{payment_id}" { GET SIGNED_IN payments::show }
        "/user/withdraw" { POST SIGNED_IN wallet::withdraw }
        "/admin/requests/stats" { GET OPERATORS request_log::stats }
        "/admin/requests/endpoints" { GET OPERATORS request_log::by_endpoint }
        "/admin/requests/chart" { GET OPERATORS request_log::chart }
        "/admin/operators" { POST ADMIN operators::add }
        "/admin/users" { GET ADMIN users::list, POST ADMIN users::create }
        "/admin/users/bulk-action" { POST ADMIN users::actions::bulk }
        "/admin/users/{number}" { GET ADMIN users::one, PATCH ADMIN users::change, DELETE ADMIN users::remove }
        "/admin/users/{number}/toggle-status" { POST ADMIN users::actions::toggle }
        "/admin/users/{number}/reset-password" { POST ADMIN users::actions::reset_password }
        "/admin/users/{number}/activity-log" { GET ADMIN users::actions::activity }
        "/admin/users/{user_id}/role" { PUT ADMIN operators::set_role }
        "/admin/users/{user_id}/block" { POST ADMIN operators::block }
        "/admin/users/{user_id}/unblock" { POST ADMIN operators::unblock }
        "/admin/users/{user_id}/second-factor" { DELETE ADMIN operators::reset_second_factor }
        "/admin/disputes" { GET OPERATORS disputes::list }
        "/admin/disputes/{dispute_id}/resolve" { POST ADMIN disputes::resolve }
        "/admin/withdrawals" { GET ADMIN payouts::queue }
        "/admin/withdrawals/{withdrawal_id}/details" { GET ADMIN payouts::details }
        "/admin/payments" { GET ADMIN desk::list }
        "/admin/payments/{payment_id}/book" { POST ADMIN desk::book }
        "/admin/payments/{payment_id}/refund" { POST ADMIN desk::refund }
        "/admin/payments/{payment_id}/charge-back" { POST ADMIN desk::charge_back }
        "/admin/outbox" { GET ADMIN outbox::list }
        "/admin/outbox/{user_id}/{seq}/send-again" { POST ADMIN outbox::send_again }
        "/admin/fees" { GET OPERATORS fees::list }
        "/admin/ledger" { GET ADMIN desk::ledger }
        "/admin/reconciliations" { GET ADMIN desk::reconciliations }
        "/admin/withdrawals/{withdrawal_id}/pay" { POST ADMIN payouts::pay }
        "/admin/withdrawals/{withdrawal_id}/reject" { POST ADMIN payouts::reject }
        "/auth/register" { POST PUBLIC signing_in::register }
        "/auth/request-code" { POST PUBLIC signing_in::request_code }
        "/auth/verify-code" { POST PUBLIC signing_in::verify_code }
        "/profile" { GET SIGNED_IN talk_profile::show, PUT SIGNED_IN talk_profile::change }
        "/profile/avatar" { POST SIGNED_IN talk_profile::set_avatar }
        "/users/search" { GET SIGNED_IN talk_profile::search }
        "/chats" { GET SIGNED_IN chats::list, POST SIGNED_IN chats::open }
        "/chats/{chat_id}" { GET SIGNED_IN chats::one }
        "/chats/{chat_id}/messages" { GET SIGNED_IN messages::list }
        "/chats/{chat_id}/read" { POST SIGNED_IN chats::read }
        "/chats/{chat_id}/typing" { POST SIGNED_IN chats::typing }
        "/chats/{chat_id}/block" { POST SIGNED_IN chats::block, DELETE SIGNED_IN chats::unblock }
        "/chats/{chat_id}/report" { POST SIGNED_IN moderation::report_chat }
        "/chats/{chat_id}/pictures" { POST SIGNED_IN messages::add_picture }
        "/chats/{chat_id}/pictures/{picture_id}" { GET SIGNED_IN messages::picture }
        "/messages" { POST SIGNED_IN messages::send }
        "/posts" { GET PUBLIC board::list, POST SIGNED_IN board::create }
        "/posts/{post_id}" { GET PUBLIC board::one, PATCH SIGNED_IN board::edit, DELETE SIGNED_IN board::delete }
        "/posts/{post_id}/report" { POST SIGNED_IN moderation::report_post }
        "/post-pictures" { POST SIGNED_IN board::add_picture }
        "/post-pictures/{picture_id}" { GET PUBLIC board::picture }
        "/admin/chat-reports" { GET REVIEWERS moderation::chat_reports }
        "/admin/chat-reports/{report_id}/decide" { POST REVIEWERS moderation::decide_chat_report }
        "/admin/posts" { GET REVIEWERS moderation::reported_posts }
        "/admin/posts/{post_id}/hide" { POST REVIEWERS moderation::hide_post }
        "/admin/posts/{post_id}/show" { POST REVIEWERS moderation::show_post }
        "/auth/email-login" { POST PUBLIC desk_sessions::email_login }
        "/auth/token/refresh" { POST PUBLIC desk_sessions::refresh }
        "/orders" { GET SIGNED_IN orders::list, POST SIGNED_IN orders::create }
        "/orders/clear-all" { POST ADMIN clearing::clear }
        "/orders/geocode" { POST SIGNED_IN geocode::geocode }
        "/orders/passenger/{passenger_id}" { GET SIGNED_IN orders::of_passenger }
        "/orders/driver/{driver_id}" { GET SIGNED_IN orders::of_driver }
        "/orders/import" { POST DESK order_tables::bring }
        "/orders/export-excel-template" { GET OPERATORS order_tables::take }
        "/orders/export-by-drivers" { GET OPERATORS order_tables::take_by_drivers }
        "/orders/{order_id}" { GET SIGNED_IN orders::one, PATCH SIGNED_IN orders::change }
        "/orders/{order_id}/status" { PATCH SIGNED_IN orders::set_status }
        "/orders/{order_id}/events" { GET SIGNED_IN orders::events }
        "/orders/{order_id}/calculate-price" { POST SIGNED_IN prices::price }
        "/orders/{order_id}/calculate-quote" { POST SIGNED_IN prices::quote }
        "/orders/{order_id}/calculate-final" { POST SIGNED_IN prices::final_price }
        "/orders/{order_id}/calculate-cancel-fee" { POST SIGNED_IN prices::fee }
        "/orders/{order_id}/price-breakdown" { GET SIGNED_IN prices::breakdown }
        "/drivers" { GET OPERATORS drivers::list, POST DESK drivers::create }
        "/drivers/import" { POST DESK driver_tables::bring }
        "/drivers/template" { GET OPERATORS driver_tables::blank }
        "/drivers/export" { GET OPERATORS driver_tables::take }
        "/drivers/{driver_id}" { GET SIGNED_IN drivers::one, PATCH DESK drivers::change, DELETE DESK drivers::remove }
        "/drivers/{driver_id}/location" { PATCH SIGNED_IN drivers::locate }
        "/drivers/{driver_id}/online-status" { PATCH SIGNED_IN drivers::online }
        "/passengers" { GET OPERATORS passengers::list, POST DESK passengers::create }
        "/passengers/import" { POST DESK passenger_tables::bring }
        "/passengers/template" { GET OPERATORS passenger_tables::blank }
        "/passengers/export" { GET OPERATORS passenger_tables::take }
        "/passengers/{passenger_id}" { GET SIGNED_IN passengers::one, PATCH DESK passengers::change }
        "/regions" { GET PUBLIC regions::list, POST DESK regions::create }
        "/regions/cities" { GET PUBLIC cities::list, POST DESK cities::create }
        "/regions/cities/{city_id}" { GET PUBLIC cities::one, PATCH DESK cities::change, DELETE DESK cities::remove }
        "/regions/cities/{city_id}/stats" { GET OPERATORS cities::stats }
        "/regions/{region_id}" { GET PUBLIC regions::one, PATCH DESK regions::change, DELETE DESK regions::remove }
        "/regions/{region_id}/stats" { GET OPERATORS regions::stats }
        "/regions/{region_id}/tariff" { GET PUBLIC tariffs::show, POST ADMIN tariffs::add }
        "/dispatch/candidates/{order_id}" { GET OPERATORS candidates::list }
        "/dispatch/candidates-scored/{order_id}" { GET OPERATORS candidates::scored }
        "/dispatch/assign/{order_id}" { POST DESK town_desk::assign }
        "/dispatch/smart-assign/{order_id}" { POST DESK town_desk::smart_assign }
        "/dispatch/auto-assign-all" { POST DESK town_desk::auto_assign_all }
        "/dispatch/offers/{order_id}" { GET OPERATORS offers::list }
        "/dispatch/offer/{offer_id}/accept" { POST SIGNED_IN offers::accept }
        "/dispatch/offer/{offer_id}/decline" { POST SIGNED_IN offers::decline }
        "/dispatch/map-data" { GET OPERATORS town_map::data }
        "/dispatch/route" { GET OPERATORS town_map::route }
        "/dispatch/driver-route/{driver_id}" { GET OPERATORS town_map::driver_route }
        "/dispatch/order-route/{order_id}" { GET OPERATORS town_map::order_route }
        "/dispatch/eta/{driver_id}/{order_id}" { GET OPERATORS town_map::eta }
        "/dispatch/daily-routes" { GET OPERATORS daily::preview, POST DESK daily::apply }
        "/dispatch/daily-routes/progress" { GET OPERATORS daily::progress }
        "/dispatch/daily-routes/cancel" { POST DESK daily::call_off }
        "/dispatch/daily-routes-export" { GET OPERATORS daily::export }
        "/dispatch/heatmap" { GET OPERATORS heat::heatmap }
        "/analytics/metrics" { GET OPERATORS analytics::metrics }
        "/analytics/orders" { GET OPERATORS analytics::orders }
        "/analytics/financial" { GET OPERATORS analytics::financial }
        "/analytics/drivers" { GET OPERATORS analytics::people::drivers }
        "/analytics/time-series" { GET OPERATORS analytics::series::time_series }
        "/analytics/regions" { GET OPERATORS analytics::regions }
        "/analytics/peak-hours" { GET OPERATORS analytics::series::peak_hours }
        "/analytics/driver-performance" { GET OPERATORS analytics::people::driver_performance }
        "/analytics/comparison" { GET OPERATORS analytics::series::comparison }
        "/analytics/export" { GET OPERATORS analytics::report::export }
        "/mobile/drivers/profile" { GET SIGNED_IN my_drives::profile, PUT SIGNED_IN enrolment::enroll, PATCH SIGNED_IN enrolment::revise }
        "/mobile/drivers/location" { PATCH SIGNED_IN my_drives::locate }
        "/mobile/drivers/online-status" { PATCH SIGNED_IN my_drives::online }
        "/mobile/drivers/offers" { GET SIGNED_IN my_drives::offers }
        "/mobile/drivers/offer/{offer_id}/accept" { POST SIGNED_IN my_drives::accept }
        "/mobile/drivers/offer/{offer_id}/decline" { POST SIGNED_IN my_drives::decline }
        "/mobile/drivers/orders" { GET SIGNED_IN my_drives::orders }
        "/mobile/drivers/active-order" { GET SIGNED_IN my_drives::active }
        "/mobile/drivers/statistics" { GET SIGNED_IN my_drives::statistics }
        "/mobile/passengers/profile" { GET SIGNED_IN my_rides::profile, PATCH SIGNED_IN my_rides::revise }
        "/mobile/passengers/orders" { GET SIGNED_IN my_rides::orders }
        "/mobile/passengers/active-order" { GET SIGNED_IN my_rides::active }
        "/mobile/orders/create" { POST SIGNED_IN my_orders::create }
        "/mobile/orders/quote" { GET SIGNED_IN my_orders::quote_between, POST SIGNED_IN my_orders::quote }
        "/mobile/orders/{order_id}/cancel" { POST SIGNED_IN my_orders::cancel }
        "/mobile/orders/{order_id}/status" { GET SIGNED_IN my_orders::status, PATCH SIGNED_IN my_orders::step }
        "/mobile/orders/{order_id}/route" { GET SIGNED_IN my_orders::route }
        "/sync" { GET SIGNED_IN sync::sync }
        "/ws-ticket" { POST SIGNED_IN ticket::issue }
        "/websocket/health" { GET PUBLIC town_live::health }
        "/health" { GET PUBLIC health::health }
        "/health/live" { GET PUBLIC health::live }
        "/health/ready" { GET PUBLIC health::ready }
    }
}

/// Registers every route.
pub fn routes(config: &mut web::ServiceConfig) {
    for prefix in ["/api", "/v1"] {
        for endpoint in endpoints() {
            let resource = web::resource(format!("{prefix}{}", endpoint.path));
            config.service(endpoint.routes.into_iter().fold(resource, actix_web::Resource::route));
        }
    }
    config
        .service(web::resource("/ws/updates").route(answering(Method::GET).to(updates::follow)))
        .service(web::resource("/ws/orders/{order_id}").route(answering(Method::GET).to(town_live::order)))
        .service(web::resource("/ws/drivers/{driver_id}").route(answering(Method::GET).to(town_live::driver)))
        .service(
            web::resource("/ws/passengers/{passenger_id}")
                .route(answering(Method::GET).to(town_live::passenger)),
        )
        .service(web::resource("/ws/dispatch-map").route(answering(Method::GET).to(town_live::map)))
        .service(web::resource("/ws/test").route(answering(Method::GET).to(town_live::test)))
        .service(web::resource("/ws").route(answering(Method::GET).to(ws::upgrade)))
        .service(web::resource("/track/{link}").route(answering(Method::GET).to(tracking::show)))
        .service(web::resource("/assets/{file}").route(answering(Method::GET).to(pages::asset)))
        .service(web::resource("/sw.js").route(answering(Method::GET).to(pages::worker)))
        .service(web::resource("/icon.svg").route(answering(Method::GET).to(pages::icon)))
        .service(web::resource("/dev/login").route(answering(Method::GET).to(pages::demo_login)))
        .service(web::resource("/openapi.json").route(answering(Method::GET).to(openapi::json)))
        .configure(reference::pages)
        .configure(openapi::page);
}
