//! The sentences of errors for people who read Russian. Codes and the names of fields in bodies stay what
//! they are.

mod reasons;
mod sentences;

use reasons::{FIELDS, REASONS};
use sentences::SENTENCES;

/// A whole sentence, if it is known.
pub(crate) fn sentence(english: &str) -> Option<&'static str> {
    found(SENTENCES, english)
}

/// Whether what is wrong with a field is said in words of ours.
pub(crate) fn has_reason(english: &str) -> bool {
    reason(english).is_some()
}

/// What is wrong with a field, if it is said in words of ours.
pub(crate) fn reason(english: &str) -> Option<String> {
    found(REASONS, english).map(str::to_owned).or_else(|| limited(english)).or_else(|| one_of(english))
}

/// How much there may be, where that is a number of its own.
fn limited(english: &str) -> Option<String> {
    let (most, of_what) =
        english.strip_prefix("must be ").unwrap_or(english).strip_prefix("at most ")?.split_once(' ')?;
    let russian = match of_what {
        "characters" => "знаков",
        "stops in between" => "остановок в пути",
        "pieces on this way" => "мест на этом пути",
        _ => return None,
    };
    Some(format!("не больше {most} {russian}"))
}

/// `must be one, two or three`, of words that are the same in every language.
fn one_of(english: &str) -> Option<String> {
    let words = english.strip_prefix("must be ")?;
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let (first, last) = words.split_once(" or ")?;
    let are_words = first.split(", ").chain([last]).all(is_word);
    are_words.then(|| format!("нужно {first} или {last}"))
}

/// The name of a field, for people.
pub(crate) fn field(name: &str) -> Option<&'static str> {
    found(FIELDS, name)
}

fn found(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == word).map(|(_, russian)| *russian)
}

/// Whether there is anything Russian in a text.
pub(crate) fn is_russian(text: &str) -> bool {
    text.chars().any(|letter| matches!(letter, 'а'..='я' | 'А'..='Я' | 'ё'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reasons are literals beside `unprocessable` and `invalid`, or constants and errors that are named
    /// here.
    #[test]
    fn every_reason_has_a_russian_one() {
        let mut source = String::new();
        read(std::path::Path::new("src"), &mut source);
        read(std::path::Path::new("actors/src"), &mut source);
        let mut missing = Vec::new();
        let mut seen = 0;
        for start in ["unprocessable(", "return invalid(", "Rejection::Invalid { field: ", "when(", "timed("]
        {
            for call in source.split(start).skip(1) {
                // The field and the reason stand within the call.
                let call = call.split(')').next().unwrap_or_default();
                let literals: Vec<&str> = call.split('"').skip(1).step_by(2).collect();
                let Some(given) = literals.get(1).or(literals.first()) else { continue };
                // One literal is a field with a constant, or a reason for a field that is given.
                if given.contains(' ') && !given.contains('{') {
                    seen += 1;
                    if reason(given).is_none() {
                        missing.push(*given);
                    }
                }
            }
        }
        assert!(seen > 40, "{seen}");
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// Whole sentences are literals beside the status that they come with, or in a variable of that name, or
    /// the words of an error that people meet.
    #[test]
    fn every_sentence_has_a_russian_one() {
        let mut source = String::new();
        read(std::path::Path::new("src"), &mut source);
        let calls = ["bad_request(", "forbidden(", "conflict(", "unauthorized(", "unsupported_media_type("];
        let variables = ["let message = ", "let formats = ", "bad(None, ", "bad(cmd_id, "];
        let mut missing = Vec::new();
        let mut seen = 0;
        for start in calls.into_iter().chain(variables) {
            for call in source.split(start).skip(1) {
                let call = call.split([')', ';']).next().unwrap_or_default();
                let literals = call.split('"').skip(1).step_by(2);
                for given in
                    literals.filter(|literal| literal.contains(' ') && !literal.contains(['{', '\\']))
                {
                    seen += 1;
                    if !has_russian(given) {
                        missing.push(given);
                    }
                }
            }
        }
        assert!(seen > 60, "{seen}");
        assert!(missing.is_empty(), "{missing:?}");
        for (file, start) in [
            ("src/auth/telegram.rs", "#[error(\""),
            ("src/auth/token.rs", "#[error(\""),
            ("src/pictures.rs", "#[error(\""),
            ("src/ws/wire/client.rs", "Err(\""),
        ] {
            let source = std::fs::read_to_string(file).unwrap();
            for given in source.split(start).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(given.contains('{') || has_russian(given), "{given}");
            }
        }
    }

    fn has_russian(english: &str) -> bool {
        found(SENTENCES, english).or_else(|| found(REASONS, english)).is_some()
    }

    fn read(folder: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, text);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !path.ends_with("error/tests.rs")
                && !path.ends_with("texts/russian.rs")
                && !path.to_string_lossy().contains("texts/russian/")
            {
                text.push_str(&std::fs::read_to_string(path).unwrap().replace("\\\n", ""));
            }
        }
    }
}
