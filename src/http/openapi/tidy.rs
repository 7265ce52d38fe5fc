//! What generators and linters of descriptions ask for, done in one place for all calls.

use std::collections::BTreeMap;

use utoipa::Modify;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Header, RefOr, Response, Schema};

use super::operations;
use crate::edge::idempotency;

/// Changes the description last, after everything else is in it.
pub(super) struct Tidy;

impl Modify for Tidy {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut descriptions = BTreeMap::new();
        if let Some(components) = &mut document.components {
            for (name, schema) in &mut components.schemas {
                forget_defaults(schema);
                descriptions.insert(name.clone(), description(schema));
            }
        }
        for (_, operation) in operations(document) {
            // Who may call is said of every call.
            operation.security.get_or_insert_default();
            let is_repeatable = operation.parameters.as_ref().is_some_and(|all| all.iter().any(is_key));
            for (status, response) in &mut operation.responses.responses {
                let RefOr::T(response) = response else { continue };
                if response.description.is_empty() {
                    response.description = told(response, &descriptions);
                }
                if is_repeatable && status.starts_with('2') {
                    let replayed = "`true` if this is the answer of an earlier call with the same key.";
                    response
                        .headers
                        .insert("Idempotent-Replayed".to_owned(), RefOr::T(header(Type::Boolean, replayed)));
                }
            }
        }
    }
}

/// Whether a parameter is the name of a call.
fn is_key(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.name.eq_ignore_ascii_case(idempotency::KEY.as_str()))
}

/// A header of an answer.
pub(super) fn header(of: Type, description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(of).build();
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

/// What the body of an answer is.
fn told(response: &Response, descriptions: &BTreeMap<String, String>) -> String {
    let named = response.content.values().find_map(|content| match content {
        RefOr::T(content) => match &content.schema {
            Some(RefOr::Ref(to)) => {
                to.ref_location.rsplit('/').next().and_then(|name| descriptions.get(name))
            }
            _ => None,
        },
        RefOr::Ref(_) => None,
    });
    named.filter(|told| !told.is_empty()).cloned().unwrap_or_else(|| "Done.".to_owned())
}

fn description(schema: &RefOr<Schema>) -> String {
    let of = match schema {
        RefOr::T(Schema::Object(schema)) => &schema.description,
        RefOr::T(Schema::AllOf(schema)) => &schema.description,
        RefOr::T(Schema::OneOf(schema)) => &schema.description,
        _ => &None,
    };
    of.clone().unwrap_or_default()
}

/// Generators take a member with a default for one that is always there, which is not so in requests. What an
/// absent member means is in its description.
fn forget_defaults(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            for member in object.properties.values_mut() {
                let default = match member {
                    RefOr::T(member) => default_of(member),
                    RefOr::Ref(to) => Some(&mut to.default),
                };
                if let Some(default) = default {
                    *default = None;
                }
                forget_defaults(member);
            }
        }
        Schema::AllOf(all) => all.items.iter_mut().for_each(forget_defaults),
        Schema::OneOf(one) => one.items.iter_mut().for_each(forget_defaults),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(forget_defaults),
        _ => {}
    }
}

fn default_of(schema: &mut Schema) -> Option<&mut Option<serde_json::Value>> {
    match schema {
        Schema::Object(schema) => Some(&mut schema.default),
        Schema::Array(schema) => Some(&mut schema.default),
        Schema::AllOf(schema) => Some(&mut schema.default),
        Schema::OneOf(schema) => Some(&mut schema.default),
        Schema::AnyOf(schema) => Some(&mut schema.default),
        _ => None,
    }
}
