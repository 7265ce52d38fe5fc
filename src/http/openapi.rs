//! The OpenAPI document, generated from the handlers, and the page that shows it.

use actix_web::{HttpResponse, web};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::SwaggerUi;

use crate::error::PROBLEM_JSON;

use super::{
    avatars, couriers, documents, documents::review, explain, handover, health, identity, journal,
    notifications, operators, packages, places, profile, requests, responses, search, sync, tracking, trips,
    wallet,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "PeerPack", description = "Realtime matching for peer-to-peer courier delivery.\n\n\
        Every path also answers under `/v1`. Errors are `application/problem+json` with a stable `code`."),
    paths(
        identity::sign_in_with_telegram, identity::refresh, identity::phone::send_code, identity::phone::verify_code,
        identity::operator::sign_in_operator, identity::operator::first_admin,
        identity::second_factor::begin, identity::second_factor::show, identity::second_factor::remove,
        identity::sessions::sign_out, identity::sessions::sign_out_everywhere, identity::sessions::list,
        identity::sessions::end_session, identity::account::delete_account,
        journal::stats, journal::by_endpoint, journal::chart,
        operators::add, operators::set_role, operators::block, operators::unblock,
        operators::reset_second_factor,
        places::cities,
        search::search, couriers::send_package,
        trips::publish, trips::one, trips::cancel, trips::requests, trips::mine,
        packages::publish, packages::one, packages::cancel, packages::mine, explain::explain, explain::dry_run,
        requests::accept, requests::decline, requests::pick_up, requests::mark_delivered,
        requests::confirm_delivery, requests::cancel,
        responses::list, responses::respond, responses::select, responses::send,
        handover::codes, tracking::link, tracking::json,
        profile::show, profile::change, profile::review, avatars::change, avatars::take_away, avatars::show,
        documents::send, documents::mine, documents::withdraw,
        review::queue, review::link, review::look, review::approve, review::decline,
        notifications::list, notifications::read, notifications::read_all,
        wallet::balance, wallet::withdraw, wallet::queue, wallet::pay, wallet::reject,
        sync::sync, crate::ws::ticket::issue,
        health::health, health::live, health::ready,
    ),
    components(schemas(search::Sort)),
    modifiers(&Bearer, &Problems),
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

/// What every call may be refused with: one body, [`Problem`](crate::error::Problem), in one media type.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        // Health answers in its own words, also when something is wrong.
        let paths = document.paths.paths.iter_mut().filter(|(path, _)| !path.starts_with("/api/health"));
        for (_, item) in paths {
            let operations =
                [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                let responses = &mut operation.responses.responses;
                for (status, response) in responses.iter_mut() {
                    if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
                        describe(status, response);
                    }
                }
                let mut otherwise = Response::new("Any other refusal: `code` says which, `message` says why");
                let body = Content::new(Some(Ref::from_schema_name("Problem")));
                otherwise.content.insert(PROBLEM_JSON.to_owned(), RefOr::T(body));
                responses.entry("default".to_owned()).or_insert(RefOr::T(otherwise));
            }
        }
    }
}

/// Errors are no plain JSON, and each status has its codes.
fn describe(status: &str, response: &mut Response) {
    if let Some(content) = response.content.shift_remove("application/json") {
        response.content.insert(PROBLEM_JSON.to_owned(), content);
    }
    let codes = match status {
        "400" => "`bad_request`",
        "401" => {
            "`unauthorized`, `invalid_token`, `token_expired`, `invalid_init_data`, `stale_init_data`, \
                  `invalid_code`, `invalid_login`, `invalid_invitation`"
        }
        "403" => "`forbidden`, `wrong_party`, `blocked`",
        "404" => "`not_found`",
        "409" => {
            "`illegal_transition`, `already_taken`, `expired`, `no_room`, `trip_not_live`, `parcels_on_board`, \
                  `already_requested`, `too_many_requests`, `insufficient_funds`, `already_reviewed`, `in_progress`, \
                  `conflict`, `open_deals`, `money_left`, `login_taken`, `own_account`, `second_factor_exists`, `operator`, \
                  `too_many_documents`, `already_decided`"
        }
        "412" => "`stale`",
        "422" => "`invalid`, `does_not_suit`, `own_package`, `code_required`, `key_reused`",
        "429" => "`too_many`, with `Retry-After`",
        "503" => "`unavailable`, `busy`, with `Retry-After`",
        _ => return,
    };
    if response.description.is_empty() {
        response.description = format!("Codes: {codes}");
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
