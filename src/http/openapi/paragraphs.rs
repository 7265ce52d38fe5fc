//! Descriptions that come from comments lose the line breaks that they have there.

use utoipa::Modify;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems};
use utoipa::openapi::{RefOr, Schema};

use super::operations;
use crate::texts::paragraphs::joined;

/// Goes after everything that describes.
pub(super) struct Paragraphs;

impl Modify for Paragraphs {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        if let Some(components) = &mut document.components {
            components.schemas.values_mut().for_each(join);
            for response in components.responses.values_mut() {
                if let RefOr::T(response) = response {
                    join_text(&mut response.description);
                }
            }
        }
        for (_, operation) in operations(document) {
            join_optional(&mut operation.summary);
            join_optional(&mut operation.description);
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    join_optional(&mut parameter.description);
                    parameter.schema.iter_mut().for_each(join);
                }
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    join_text(&mut response.description);
                }
            }
        }
    }
}

fn join_text(text: &mut String) {
    *text = joined(text);
}

fn join_optional(text: &mut Option<String>) {
    text.iter_mut().for_each(join_text);
}

/// Joins the description of a schema, and those of everything in it.
fn join(schema: &mut RefOr<Schema>) {
    let schema = match schema {
        RefOr::Ref(to) => return join_text(&mut to.description),
        RefOr::T(schema) => schema,
    };
    match schema {
        Schema::Object(object) => {
            join_optional(&mut object.description);
            object.properties.values_mut().for_each(join);
            if let Some(AdditionalProperties::RefOr(others)) = object.additional_properties.as_deref_mut() {
                join(others);
            }
        }
        Schema::Array(array) => {
            join_optional(&mut array.description);
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                join(items);
            }
        }
        Schema::AllOf(all) => {
            join_optional(&mut all.description);
            all.items.iter_mut().for_each(join);
        }
        Schema::OneOf(one) => {
            join_optional(&mut one.description);
            one.items.iter_mut().for_each(join);
        }
        Schema::AnyOf(any) => {
            join_optional(&mut any.description);
            any.items.iter_mut().for_each(join);
        }
        _ => {}
    }
}
