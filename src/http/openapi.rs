//! The OpenAPI document, generated from the handlers, and the page that shows it.

mod examples;
mod paragraphs;
mod problems;
mod tidy;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::ContentEncoding;
use actix_web::{HttpResponse, web};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::Config;

use crate::error::ApiError;
use examples::Examples;
use paragraphs::Paragraphs;
use problems::Problems;
use tidy::Tidy;

use super::admin::{operators, request_log, users};
use super::bot::{notifications as bot_notifications, outbox, webhook};
use super::dispatch::mobile::{drivers as my_drives, enrolment, orders as my_orders, passengers as my_rides};
use super::dispatch::tables::{
    drivers as driver_tables, orders as order_tables, passengers as passenger_tables,
};
use super::dispatch::{
    analytics, candidates, cities, clearing, daily, desk as town_desk, drivers, geocode, heat,
    live as town_live, map as town_map, offers, orders, passengers, prices, regions,
    sessions as desk_sessions, tariffs,
};
use super::endpoint::answering;
use super::market::{
    couriers, disputes, explain, handover, packages, photos, requests, responses, search, subscriptions,
    sync, tracking, trips,
};
use super::money::{desk, fees, highlights, payments, payouts, statement, terms, wallet};
use super::people::documents::{self, review};
use super::people::{avatars, identity, notifications, profile};
use super::talk::{board, chats, messages, moderation, profile as talk_profile, signing_in};
use super::{health, jobs, places};

#[derive(OpenApi)]
#[openapi(
    info(title = "PeerPack", description = "Realtime matching for peer-to-peer courier delivery.\n\n\
        Every path also answers under `/v1`. Errors are `application/problem+json` with a stable `code`; each call lists \
        the codes it may be refused with, and what they mean.\n\n\
        A call with an `Idempotency-Key` can be repeated for a day: one effect, one answer. Clients that send none are safe \
        where a call has an identity of its own: a step of a request, calling a package or a trip off, choosing a response. \
        Asking the same courier about the same package again, in the same words, is the same request, and a parcel that is \
        described to a courier, without naming a package, within a minute of its publication is the one that was published. \
        A second review is refused. Publishing and withdrawing have no such identity: without a key two \
        calls are two effects.\n\n\
        Events come over a socket: [how](/docs/realtime), and the [schema of its messages](/docs/realtime.schema.json).",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    servers((url = "/", description = "The server that shows this.")),
    tags(
        (name = "identity", description = "Signing in and out, sessions, leaving."),
        (name = "profile", description = "Oneself: name, picture, documents, what others say."),
        (name = "packages", description = "A sender's packages, and who would carry them."),
        (name = "couriers", description = "People who travel where a package has to go."),
        (name = "trips", description = "A courier's trips, and who asks for room on them."),
        (name = "requests", description = "What joins a package to a trip, step by step: accepting, hand-over, delivery, disputes."),
        (name = "messenger", description = "Talking to each other, in the shape that the older messenger knows: every body has \
            `success`, and beside it `data`, or `error` in words."),
        (name = "board", description = "What people put up for everybody."),
        (name = "notifications", description = "What a person should know who was not looking."),
        (name = "bot", description = "What Telegram says to the bot, and what those who run the server tell Telegram."),
        (name = "money", description = "One's wallet, paying in and taking out; how the marketplace pays."),
        (name = "places", description = "Names of places."),
        (name = "realtime", description = "Where things stand, and the way to the socket."),
        (name = "mobile", description = "The phones of couriers on duty in town and of their passengers: everything is about the \
            caller. How the dispatch works: docs/dispatch.md."),
        (name = "orders", description = "Rides in town, from their placing to their price."),
        (name = "drivers", description = "Couriers who go on duty in town. Their ids are whole numbers, as those of passengers."),
        (name = "passengers", description = "People who are driven in town."),
        (name = "regions", description = "Regions and cities of the dispatch in town."),
        (name = "dispatch", description = "The desk of the dispatch in town: who could take an order, and who gets it."),
        (name = "health", description = "How the server is, for those who run it."),
        (name = "admin", description = "For operators."),
    ),
    // In the order of the page: what users call before what operators call.
    paths(
        identity::sign_in_with_telegram, identity::phone::send_code, identity::phone::verify_code, identity::refresh,
        identity::sessions::sign_out, identity::sessions::sign_out_everywhere, identity::sessions::list,
        identity::sessions::end_session, identity::account::delete_account,
        profile::show, profile::change, avatars::change, avatars::take_away, avatars::initials,
        avatars::show,
        documents::send, documents::mine, documents::withdraw,
        places::cities,
        packages::publish, explain::dry_run, packages::mine, packages::finding::find, packages::one, packages::cancel, terms::of_package, explain::explain,
        responses::list, responses::respond, responses::select, responses::send, tracking::link, tracking::json,
        search::search, couriers::send_package,
        trips::publish, trips::mine, trips::one, trips::cancel, trips::requests::list,
        requests::accept, requests::decline, requests::pick_up, requests::mark_delivered,
        requests::confirm_delivery, requests::cancel, disputes::open, handover::codes, photos::attach, photos::show,
        profile::review,
        notifications::list, notifications::read, notifications::read_all,
        subscriptions::add, subscriptions::list, subscriptions::remove,
        bot_notifications::show, bot_notifications::initial, bot_notifications::toggle, bot_notifications::preference,
        bot_notifications::quiet_hours,
        wallet::balance, wallet::withdraw, statement::show, terms::show, highlights::create, payments::create, payments::list, payments::show,
        payments::notice,
        signing_in::register, signing_in::request_code, signing_in::verify_code,
        talk_profile::show, talk_profile::change, talk_profile::set_avatar, talk_profile::search,
        chats::list, chats::open, chats::one, messages::list, messages::send, chats::read, chats::typing,
        messages::add_picture, messages::picture, chats::block, chats::unblock, moderation::report_chat,
        board::list, board::create, board::one, board::edit, board::delete, moderation::report_post,
        board::add_picture, board::picture,
        sync::sync, crate::ws::ticket::issue,
        my_rides::profile, my_rides::revise, my_rides::orders, my_rides::active, my_orders::create, my_orders::quote,
        my_orders::quote_between, my_orders::cancel, my_orders::status, my_orders::step, my_orders::route,
        my_drives::profile, enrolment::enroll, enrolment::revise, my_drives::locate, my_drives::online, my_drives::offers, my_drives::accept, my_drives::decline,
        my_drives::orders, my_drives::active, my_drives::statistics,
        orders::list, orders::create, orders::one, orders::change, orders::set_status, orders::events, orders::of_passenger,
        orders::of_driver, prices::price, prices::quote, prices::final_price, prices::fee, prices::breakdown,
        geocode::geocode, clearing::clear, order_tables::bring, order_tables::take, order_tables::take_by_drivers,
        drivers::list, drivers::create, drivers::one, drivers::change, drivers::remove, drivers::locate, drivers::online,
        driver_tables::blank, driver_tables::bring, driver_tables::take,
        passengers::list, passengers::create, passengers::one, passengers::change,
        passenger_tables::blank, passenger_tables::bring, passenger_tables::take,
        regions::list, regions::create, regions::one, regions::change, regions::remove, regions::stats,
        tariffs::show, tariffs::add,
        cities::list, cities::create, cities::one, cities::change, cities::remove, cities::stats,
        desk_sessions::email_login, desk_sessions::refresh,
        candidates::list, candidates::scored, town_desk::assign, town_desk::smart_assign,
        town_desk::auto_assign_all, offers::list, offers::accept, offers::decline,
        town_map::data, town_map::route, town_map::driver_route, town_map::order_route, town_map::eta, heat::heatmap,
        daily::preview, daily::apply, daily::progress, daily::call_off, daily::export,
        analytics::metrics, analytics::orders, analytics::financial, analytics::people::drivers, analytics::series::time_series,
        analytics::regions, analytics::series::peak_hours, analytics::people::driver_performance, analytics::series::comparison,
        analytics::report::export,
        health::health, health::live, health::ready, town_live::health,
        identity::operator::sign_in_operator, identity::operator::sign_in_by_link, identity::operator::first_admin,
        identity::second_factor::begin, identity::second_factor::show, identity::second_factor::remove,
        jobs::show, request_log::stats, request_log::by_endpoint, request_log::chart,
        operators::add, operators::set_role, operators::block, operators::unblock, operators::reset_second_factor,
        users::list, users::create, users::one, users::change, users::remove, users::actions::toggle, users::actions::reset_password, users::actions::bulk,
        users::actions::activity,
        outbox::list, outbox::send_again, webhook::update, webhook::set, webhook::info, webhook::delete, webhook::test,
        review::queue, review::link, review::look, review::approve, review::decline,
        disputes::list, disputes::resolve,
        moderation::chat_reports, moderation::decide_chat_report,
        moderation::reported_posts, moderation::hide_post, moderation::show_post,
        payouts::queue, payouts::details, payouts::pay, payouts::reject,
        desk::list, desk::book, desk::refund, desk::charge_back, desk::ledger, fees::list, desk::reconciliations,
    ),
    components(schemas(outbox::MessageState, search::Sort, super::vocabulary::StatementFormat,
        analytics::report::ReportType, analytics::series::SeriesInterval)),
    modifiers(&Bearer, &Problems, &Examples, &Tidy, &Paragraphs),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Every operation, with its method and path.
fn operations(
    document: &mut utoipa::openapi::OpenApi,
) -> impl Iterator<Item = (String, &mut utoipa::openapi::path::Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let methods = [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("PUT", &mut item.put),
            ("PATCH", &mut item.patch),
            ("DELETE", &mut item.delete),
        ];
        methods.into_iter().filter_map(move |(method, operation)| {
            operation.as_mut().map(|operation| (format!("{method} {path}"), operation))
        })
    })
}

/// The description of the API, from the code and the examples.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Answers `GET /openapi.json`.
pub async fn json() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

/// Serves the description as a page under `GET /docs`.
pub(super) fn page(config: &mut web::ServiceConfig) {
    config
        // Trailing slashes are trimmed, so the page goes by its file name.
        .service(web::redirect("/docs", "/docs/index.html"))
        .service(web::resource("/docs/{file:.*}").route(answering(Method::GET).to(file)));
}

async fn file(path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let found = utoipa_swagger_ui::serve(&path, Arc::new(Config::from("/openapi.json")));
    let found = found.map_err(|error| ApiError::internal(&error))?.ok_or_else(ApiError::not_found)?;
    let mut answer = HttpResponse::Ok();
    if found.gzpipped {
        answer.insert_header(ContentEncoding::Gzip);
    }
    Ok(answer.content_type(found.content_type).body(found.bytes.into_owned()))
}
