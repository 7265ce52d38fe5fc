//! What the schema says of the codes of acks.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::codes::CODES;

/// The codes of acks: those of HTTP, and one that only the socket knows.
pub(super) struct AckCode;

impl PartialSchema for AckCode {
    fn schema() -> RefOr<Schema> {
        let words = CODES.iter().map(|code| code.word).chain(["unknown_type"]);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Why not: the codes of HTTP; `unknown_type` for a type of message that is not known.",
            ))
            .enum_values(Some(words))
            .into()
    }
}

impl ToSchema for AckCode {}
