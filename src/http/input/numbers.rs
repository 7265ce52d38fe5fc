//! Numbers as people and older clients write them: also as text, with blanks between thousands, and with a
//! comma.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, Error, Unexpected, Visitor};

use crate::error::extract::{NEGATIVE, NOT_WHOLE, TOO_LARGE};
use crate::typed::digit;

const NOT_A_NUMBER: &str = "must be a number";
const TWO_WAYS: &str = "can be read in two ways: please write no comma or dot between thousands";

/// A number, perhaps as text: `1 500,50` is 1500.5. Nothing if it is null or empty.
pub(in crate::http) fn lenient_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<f64>, D::Error> {
    deserializer.deserialize_any(Lenient(PhantomData, Ok))
}

/// A whole number of zero or more, perhaps as text. Nothing if it is null or empty.
pub(in crate::http) fn lenient_whole<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u32>, D::Error> {
    deserializer.deserialize_any(Lenient(PhantomData, whole))
}

fn whole(number: f64) -> Result<u32, &'static str> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and in range, as just looked"
    )]
    match number {
        _ if number.fract() != 0.0 => Err(NOT_WHOLE),
        _ if number < 0.0 => Err(NEGATIVE),
        _ if number > f64::from(u32::MAX) => Err(TOO_LARGE),
        _ => Ok(number as u32),
    }
}

/// Reads a number that was typed.
fn typed(text: &str) -> Result<f64, &'static str> {
    let plain: String = text.trim().chars().filter(|c| !c.is_whitespace()).collect();
    let (sign, plain) = match plain.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (-1.0, rest),
        None => (1.0, plain.as_str()),
    };
    let (whole, fraction) = parts(plain)?;
    let all =
        |digits: &str| digits.chars().map(|c| digit(c).ok_or(NOT_A_NUMBER)).collect::<Result<String, _>>();
    let (whole, fraction) = (all(&whole)?, all(fraction)?);
    if whole.is_empty() || whole.len() > 300 {
        return Err(NOT_A_NUMBER);
    }
    format!("{whole}.{fraction}0").parse().map(|number: f64| sign * number).map_err(|_| NOT_A_NUMBER)
}

/// What stands before the comma or dot, and what behind it. With both, the last one counts, and the others
/// are between thousands. With one and three digits behind it, it could be either.
fn parts(plain: &str) -> Result<(String, &str), &'static str> {
    let Some((whole, fraction)) = plain.rsplit_once([',', '.']) else { return Ok((plain.to_owned(), "")) };
    let mut groups = whole.split([',', '.']);
    let first = groups.next().unwrap_or_default();
    let groups: Vec<&str> = groups.collect();
    if groups.is_empty() {
        let is_of_thousands = fraction.chars().count() == 3 && !first.trim_start_matches('0').is_empty();
        return if is_of_thousands { Err(TWO_WAYS) } else { Ok((first.to_owned(), fraction)) };
    }
    let separators: Vec<char> = plain.chars().filter(|c| matches!(c, ',' | '.')).collect();
    let (last, others) = separators.split_last().ok_or(NOT_A_NUMBER)?;
    let all_alike = others.iter().all(|other| *other == others[0]);
    let of_three = groups.iter().all(|group| group.chars().count() == 3);
    match () {
        () if !all_alike || !of_three => Err(NOT_A_NUMBER),
        () if *last != others[0] => Ok((first.to_owned() + &groups.concat(), fraction)),
        // 1.500.000: there is no fraction.
        () if fraction.chars().count() == 3 => Ok((first.to_owned() + &groups.concat() + fraction, "")),
        () => Err(NOT_A_NUMBER),
    }
}

struct Lenient<T>(PhantomData<T>, fn(f64) -> Result<T, &'static str>);

impl<'de, T> Visitor<'de> for Lenient<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("f64")
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<T>, E> {
        (self.1)(number).map(Some).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<T>, E> {
        #[expect(clippy::cast_precision_loss, reason = "numbers beyond 2^53 are refused as too large")]
        self.visit_f64(number as f64)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<T>, E> {
        #[expect(clippy::cast_precision_loss, reason = "numbers beyond 2^53 are refused as too large")]
        self.visit_f64(number as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        match text.trim() {
            "" => Ok(None),
            text => self.visit_f64(typed(text).map_err(E::custom)?),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Option<T>, E> {
        Err(de::Error::invalid_type(Unexpected::Bool(value), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Deserialize)]
    struct Numbers {
        #[serde(default, deserialize_with = "lenient_number")]
        any: Option<f64>,
        #[serde(default, deserialize_with = "lenient_whole")]
        whole: Option<u32>,
    }

    #[expect(clippy::needless_pass_by_value, reason = "a literal reads best as a value")]
    fn any(value: Value) -> Result<Option<f64>, String> {
        let read = serde_json::from_value::<Numbers>(json!({ "any": value }));
        read.map(|read| read.any).map_err(|error| error.to_string())
    }

    #[expect(clippy::needless_pass_by_value, reason = "a literal reads best as a value")]
    fn whole_of(value: Value) -> Result<Option<u32>, String> {
        let read = serde_json::from_value::<Numbers>(json!({ "whole": value }));
        read.map(|read| read.whole).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (written, number) in [
            ("1500", 1_500.0),
            ("1 500", 1_500.0),
            ("1 500,50", 1_500.5),
            ("1\u{a0}500.5", 1_500.5),
            ("1\u{202f}500\u{2009}000", 1_500_000.0),
            ("1.500,50", 1_500.5),
            ("1,500.50", 1_500.5),
            ("1.500.000", 1_500_000.0),
            ("0,125", 0.125),
            ("12,5", 12.5),
            ("-7", -7.0),
            ("\u{2212}7", -7.0),
            ("١٥٠٠", 1_500.0),
            (" 3 ", 3.0),
        ] {
            assert_eq!(any(json!(written)), Ok(Some(number)), "{written}");
        }
        assert_eq!(any(json!(2.5)), Ok(Some(2.5)));
        assert_eq!(any(json!(7)), Ok(Some(7.0)));
        for nothing in [json!(""), json!("  "), json!(null)] {
            assert_eq!(any(nothing), Ok(None));
        }
    }

    #[test]
    fn what_is_no_number_or_could_be_two_is_refused() {
        for wrong in ["много", "1e5", "inf", "NaN", "5 руб", ".", ",5", "1,50,000", "1.5,5.5", "--7", "0x10"]
        {
            assert_eq!(any(json!(wrong)), Err(NOT_A_NUMBER.to_owned()), "{wrong}");
        }
        for two in ["1,500", "1.500", "12.345"] {
            assert_eq!(any(json!(two)), Err(TWO_WAYS.to_owned()), "{two}");
        }
        assert!(any(json!(true)).is_err() && any(json!([1])).is_err() && any(json!({})).is_err());
    }

    #[test]
    fn whole_numbers_are_whole_and_not_negative() {
        assert_eq!(whole_of(json!("1 500")), Ok(Some(1_500)));
        assert_eq!(whole_of(json!(4_294_967_295_u32)), Ok(Some(u32::MAX)));
        for wrong in [json!(1.5), json!("1,5"), json!(-1.5)] {
            assert_eq!(whole_of(wrong.clone()), Err(NOT_WHOLE.to_owned()), "{wrong}");
        }
        for below in [json!(-1), json!("-1")] {
            assert_eq!(whole_of(below.clone()), Err(NEGATIVE.to_owned()), "{below}");
        }
        assert_eq!(whole_of(json!(4_294_967_296_u64)), Err(TOO_LARGE.to_owned()));
    }
}
