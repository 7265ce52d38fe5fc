//! An error for people who read Russian. Codes and the names of fields in bodies stay what they are.

use super::{ApiError, codes};
use crate::texts::russian;

/// The error with its sentences in Russian. What has none of its own gets that of its code.
pub(super) fn translated(mut error: ApiError) -> ApiError {
    for reason in error.fields.values_mut() {
        if let Some(russian) = russian::reason(reason) {
            *reason = russian;
        }
    }
    let whole = || russian::sentence(&error.message).map(str::to_owned);
    let most = error.limit.map(|most| most.to_string()).unwrap_or_default();
    let of_code = || codes::of(error.code).map(|code| code.russian.replace("{limit}", &most));
    let told =
        error.russian.take().map(String::from).or_else(whole).or_else(|| of_fields(&error)).or_else(of_code);
    error.message = told.unwrap_or(error.message);
    error
}

/// Says of every field what is wrong with it.
fn of_fields(error: &ApiError) -> Option<String> {
    let told = |(field, reason): (&String, &String)| {
        let name = field.rsplit('.').find_map(|part| russian::field(part)).unwrap_or(field);
        russian::is_russian(reason).then(|| format!("{name}: {reason}"))
    };
    let told: Option<Vec<String>> = error.fields.iter().map(told).collect();
    told.filter(|told| !told.is_empty()).map(|told| told.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_russian_sentence() {
        for code in codes::CODES {
            assert!(russian::is_russian(code.russian), "{}", code.word);
        }
    }
}
