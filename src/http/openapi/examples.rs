//! What each call looks like, and what it may be refused with: kept beside the handlers, in `examples.json`,
//! so that these stay readable. A test holds every example against its schema.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::RefOr;

use super::operations;

/// By method and path.
pub(super) type Calls = BTreeMap<String, Call>;

/// A call of the API with its examples.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Call {
    request: Option<Value>,
    /// The codes of this call, besides those of any call.
    #[serde(default)]
    pub(super) errors: Vec<String>,
    /// Answers by status.
    #[serde(flatten)]
    answers: BTreeMap<String, Value>,
}

/// The calls as they are kept.
pub(super) fn calls() -> Calls {
    serde_json::from_str(include_str!("examples.json")).expect("a test reads it")
}

/// Puts the examples in their places.
pub(super) struct Examples;

impl Modify for Examples {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut calls = calls();
        for (name, operation) in operations(document) {
            let Some(call) = calls.remove(&name) else { continue };
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                for content in body.content.values_mut() {
                    if let RefOr::T(content) = content {
                        content.example.clone_from(&call.request);
                    }
                }
            }
            for (status, answer) in call.answers {
                let Some(RefOr::T(response)) = operation.responses.responses.get_mut(&status) else {
                    continue;
                };
                for content in response.content.values_mut() {
                    if let RefOr::T(content) = content {
                        content.example = Some(answer.clone());
                    }
                }
            }
        }
    }
}
