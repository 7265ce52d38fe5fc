//! What calls may be refused with: one body, [`Problem`](crate::error::Problem), in one media type, and for
//! each status of a call the codes it can carry.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response, Schema};

use super::{examples, operations, tidy};
use crate::error::PROBLEM_JSON;
use crate::error::codes::{self, CODES, Code};

/// Describes every refusal of every call.
pub(super) struct Problems;

/// Where what any call may be refused with is described, by status; and `Otherwise`, for statuses that a call
/// does not list.
const OTHERWISE: &str = "Otherwise";

impl Modify for Problems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut calls = examples::calls();
        let mut shared = BTreeMap::new();
        let general =
            |status: u16| CODES.iter().filter(move |c| c.is_general && c.statuses.contains(&status));
        // Health answers in its own words, also when something is wrong.
        for (name, operation) in operations(document).filter(|(name, _)| !name.contains("/api/health")) {
            let own = calls.remove(&name).unwrap_or_default().errors;
            let own: Vec<&Code> = own.iter().filter_map(|word| codes::of(word)).collect();
            let responses = &mut operation.responses.responses;
            let is_refusal = |status: &&String| status.starts_with(['4', '5']);
            let mut statuses: BTreeSet<u16> =
                responses.keys().filter(is_refusal).filter_map(|status| status.parse().ok()).collect();
            // A status that only a code of the call speaks of is there all the same.
            statuses.extend(own.iter().filter(|code| code.statuses.len() == 1).map(|code| code.statuses[0]));
            for status in statuses {
                let own: Vec<&Code> =
                    own.iter().copied().filter(|code| code.statuses.contains(&status)).collect();
                let described = if own.is_empty() {
                    let name = format!("Status{status}");
                    shared.entry(name.clone()).or_insert_with(|| response(status, general(status)));
                    RefOr::Ref(to(name, reason(status)))
                } else {
                    RefOr::T(response(status, general(status).chain(own)))
                };
                responses.insert(status.to_string(), described);
            }
            responses.insert("default".to_owned(), RefOr::Ref(to(OTHERWISE.to_owned(), "Refused otherwise")));
        }
        shared.insert(OTHERWISE.to_owned(), response(0, CODES.iter().filter(|code| code.is_general)));
        let components = document.components.get_or_insert_default();
        components.responses.extend(shared.into_iter().map(|(name, response)| (name, RefOr::T(response))));
    }
}

/// Refers to a refusal that several calls share.
fn to(name: String, told: &str) -> Ref {
    let mut to = Ref::from_response_name(name);
    to.description = format!("{told}.");
    to
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Refused")
}

/// What a status tells, or any status if it is 0.
fn response<'a>(status: u16, of: impl Iterator<Item = &'a Code>) -> Response {
    let of: Vec<&Code> = of.collect();
    let lines: Vec<String> = of.iter().map(|code| format!("- `{}`: {}", code.word, code.meaning)).collect();
    let words = of.iter().map(|code| Value::from(code.word));
    let word = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(words));
    let body = AllOfBuilder::new()
        .item(Ref::from_schema_name("Problem"))
        .item(ObjectBuilder::new().property("code", word))
        .build();
    let mut response = Response::new(lines.join("\n"));
    // Also while the same call is still being carried out.
    if [0, 409, 429, 503].contains(&status) {
        let told = "After how many seconds to try again, if that may help.";
        response.headers.insert("Retry-After".to_owned(), RefOr::T(tidy::header(Type::Integer, told)));
    }
    response.content.insert(PROBLEM_JSON.to_owned(), RefOr::T(Content::new(Some(Schema::AllOf(body)))));
    response
}
