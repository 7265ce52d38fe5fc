//! The OpenAPI document, generated from the handlers, and the page that shows it.

use actix_web::{HttpResponse, web};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::SwaggerUi;

use super::{
    couriers, handover, health, identity, journal, notifications, operators, packages, places, profile,
    requests, responses, search, sync, tracking, trips, wallet,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "PeerPack", description = "Realtime matching for peer-to-peer courier delivery.\n\n\
        Every path also answers under `/v1`. Errors are `application/problem+json` with a stable `code`."),
    paths(
        identity::sign_in_with_telegram, identity::send_code, identity::verify_code, identity::sign_in_operator,
        identity::first_admin, identity::refresh, identity::sign_out, identity::sign_out_everywhere,
        identity::sessions, identity::end_session, identity::delete_account,
        journal::stats, journal::by_endpoint, journal::chart,
        operators::add, operators::set_role, operators::block, operators::unblock,
        places::cities,
        search::search, couriers::send_package,
        trips::publish, trips::one, trips::cancel, trips::requests, trips::mine,
        packages::publish, packages::one, packages::cancel, packages::explain, packages::mine,
        requests::accept, requests::decline, requests::pick_up, requests::mark_delivered,
        requests::confirm_delivery, requests::cancel,
        responses::list, responses::respond, responses::select, responses::send,
        handover::codes, tracking::link, tracking::json,
        profile::show, profile::change, profile::review,
        notifications::list, notifications::read, notifications::read_all,
        wallet::balance, wallet::withdraw, wallet::queue, wallet::pay, wallet::reject,
        sync::sync, crate::ws::ticket::issue,
        health::health, health::live, health::ready,
    ),
    modifiers(&Bearer),
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

/// The document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// `GET /openapi.json`.
pub async fn json() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

/// `GET /docs`.
pub(super) fn page(config: &mut web::ServiceConfig) {
    config
        // Trailing slashes are trimmed, so the page goes by its file name.
        .service(web::redirect("/docs", "/docs/index.html"))
        .service(SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json")));
}
