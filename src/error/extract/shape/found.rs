//! What the parser has met that will not do, in words of ours.

use std::fmt;

use serde_path_to_error::{Error, Path, Segment};

use crate::texts::russian::has_reason;

/// Of a number below zero where none will do.
pub(crate) const NEGATIVE: &str = "must not be negative";

/// Of what is no whole number.
pub(crate) const NOT_WHOLE: &str = "must be a whole number of zero or more";

/// Of a number that no field of its kind could hold.
pub(crate) const TOO_LARGE: &str = "is too large";

/// Whether the parser met a whole number where only one of zero or more will do: such a field has its form,
/// only its value is wrong.
pub(super) fn is_understood(words: &str) -> bool {
    words == NEGATIVE || words.starts_with("invalid value: integer `-")
}

/// A field that will not do.
pub(super) struct Found {
    /// As the client spells it, with what it is in: `pickup.lat`.
    pub(super) field: String,
    /// What it is in.
    pub(super) within: Vec<String>,
    pub(super) reason: String,
    pub(super) is_missing: bool,
}

impl Found {
    pub(super) fn of<E: fmt::Display>(error: &Error<E>) -> Self {
        let words = error.inner().to_string();
        let mut path = path_of(error.path());
        let named = |start: &str| {
            let name = words.strip_prefix(start)?.split('`').next()?;
            is_harmless(name).then(|| name.to_owned())
        };
        if let Some(name) = named("missing field `") {
            let within = path.clone();
            path.push(name);
            return Self { field: path.join("."), within, reason: "is required".into(), is_missing: true };
        }
        if let Some(name) = named("duplicate field `") {
            path.push(name);
            let reason = "is given twice".to_owned();
            return Self { field: path.join("."), within: Vec::new(), reason, is_missing: false };
        }
        for name in path.iter_mut().filter(|name| !is_harmless(name)) {
            *name = "?".to_owned();
        }
        let reason =
            if words.starts_with("unknown field `") { "is not known here".into() } else { should_be(&words) };
        Self { field: path.join("."), within: Vec::new(), reason, is_missing: false }
    }
}

/// The names on the way to a field; what is in a list stands under its number.
pub(super) fn path_of(path: &Path) -> Vec<String> {
    let name = |segment: &Segment| match segment {
        Segment::Map { key } => key.clone(),
        Segment::Seq { index } => index.to_string(),
        Segment::Enum { variant } => variant.clone(),
        Segment::Unknown => "?".to_owned(),
    };
    path.iter().map(name).collect()
}

fn is_harmless(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What a value should be, by the words of the parser. Only behind its last `expected` nothing comes from the
/// client.
pub(super) fn should_be(words: &str) -> String {
    if has_reason(words) {
        // A reason of our own, of a reader of ours.
        return words.to_owned();
    }
    let expected = words.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    if words.starts_with("unknown variant `") {
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        return match known.split_last() {
            Some((last, [])) => format!("must be {last}"),
            Some((last, others)) => format!("must be {} or {last}", others.join(", ")),
            None => "is not one of ours".to_owned(),
        };
    }
    let is_too_large = words.starts_with("invalid value: integer `") && !words.contains("`-");
    let reason = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" if is_too_large => TOO_LARGE,
        "u8" | "u16" | "u32" | "u64" | "usize" => NOT_WHOLE,
        "i8" | "i16" | "i32" | "i64" | "isize" => "must be a whole number",
        "f32" | "f64" => "must be a number",
        "a string" | "a borrowed string" | "string or map" => "must be text",
        "a boolean" => "must be true or false",
        "a sequence" => "must be a list",
        "a map" => "must be an object",
        "a formatted UUID string" => "must be an id",
        _ if expected.starts_with("struct ") => "must be an object",
        _ if words.starts_with("UUID parsing failed") => "must be an id",
        _ if words.contains("not a time") || words.contains("RFC 3339") => {
            "must be an instant such as 2026-12-01T09:00:00Z"
        }
        _ if words.contains("invalid digit") => NOT_WHOLE,
        _ if words.contains("invalid float") => "must be a number",
        _ if words.contains("too large to fit") => TOO_LARGE,
        _ if words.contains("`true` or `false`") => "must be true or false",
        _ => "has the wrong form",
    };
    reason.to_owned()
}
