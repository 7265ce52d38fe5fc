//! Phone numbers as people type and paste them, and which of them exist.
//!
//! What there is in each country (codes, lengths, operators, what is dialled in front) comes from the data of
//! `phonenumber`. Its own parser is not used: it takes the 8 of +7 8xx for what is dialled in front.

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};

use crate::error::ApiError;
use crate::typed::{digit, is_separator};

/// Calling codes of the countries whose numbers get codes; others are where calls are expensive.
const COUNTRIES: [(u16, &str); 9] = [
    (7, "+7"),
    (374, "+374"),
    (375, "+375"),
    (992, "+992"),
    (993, "+993"),
    (994, "+994"),
    (995, "+995"),
    (996, "+996"),
    (998, "+998"),
];

/// The longest text that is looked at, in characters.
const MAX_CHARS: usize = 64;

const NOT_A_NUMBER: &str = "is not a phone number";
const NO_COUNTRY: &str = "must have the code of the country, as in +7 900 123-45-67";
const NO_SUCH: &str = "there is no such number: please check its digits";
const NO_CODES: &str = "numbers of this country get no codes";
const WRONG_KIND: &str = "numbers of this kind get no codes";

/// A phone number in the form of E.164.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// Reads what a person types or pastes: digits of any script, with blanks, hyphens and brackets of any
    /// kind. With `+`, `00` or the Russian `810` in front it is an international number; without, the code of
    /// the country may come first, or what is dialled in front within a country, as long as only one number
    /// can be meant: `8 900 …` is Russian, and `8 029 …`, of an operator in Belarus, is Belarusian.
    ///
    /// # Errors
    /// 422 for what is no number, for a number that does not exist, and for one that gets no codes. Whether a
    /// landline can be reached is the code sender's business.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let found = match Typed::read(text).ok_or(NOT_A_NUMBER) {
            Ok(Typed::International(digits)) => international(&digits),
            Ok(Typed::Plain(digits)) => plain(&digits),
            Err(reason) => Err(reason),
        };
        found.map(Self).map_err(|reason| ApiError::unprocessable("phone", reason))
    }

    /// The number as it is stored: a `+` and digits alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code of its country: what codes to it are paid with.
    #[must_use]
    pub fn country(&self) -> &'static str {
        let country = COUNTRIES.iter().find(|(_, prefix)| self.0.starts_with(prefix));
        country.map_or("", |(_, prefix)| prefix)
    }

    /// What others may see of it.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("+… {}", &self.0[self.0.len() - 4..])
    }
}

/// The digits of what was typed.
enum Typed {
    /// From the code of the country on.
    International(String),
    Plain(String),
}

impl Typed {
    fn read(text: &str) -> Option<Self> {
        let (mut digits, mut has_plus) = (String::new(), false);
        for c in text.trim_start_matches("tel:").chars().take(MAX_CHARS + 1) {
            match digit(c) {
                Some(digit) => digits.push(digit),
                None if matches!(c, '+' | '\u{ff0b}') && digits.is_empty() && !has_plus => has_plus = true,
                None if is_separator(c) => {}
                None => return None,
            }
        }
        let international = match digits.strip_prefix("00") {
            _ if has_plus => Some(digits.as_str()),
            Some(rest) => Some(rest),
            // As Russians dial it. A number within Russia has eleven digits with its 8.
            None if digits.len() > 11 => digits.strip_prefix("810"),
            None => None,
        };
        let count = international.unwrap_or(&digits).len();
        if text.chars().count() > MAX_CHARS || !(7..=15).contains(&count) {
            return None;
        }
        Some(
            international.map(|digits| Self::International(digits.to_owned())).unwrap_or(Self::Plain(digits)),
        )
    }
}

/// A number from the code of its country on.
fn international(digits: &str) -> Result<String, &'static str> {
    let (code, national) = COUNTRIES
        .iter()
        .find_map(|(code, prefix)| Some((*code, digits.strip_prefix(&prefix[1..])?)))
        .ok_or(NO_CODES)?;
    let mut reason = NO_SUCH;
    for country in countries(code) {
        // Some write what is dialled within the country even behind its code: +375 (8 029) …
        for national in [Some(national), without_prefix(country, national)].into_iter().flatten() {
            match kind(country, national) {
                Some(Kind::Personal) => return Ok(format!("+{code}{national}")),
                Some(Kind::Other) => reason = WRONG_KIND,
                None => {}
            }
        }
    }
    Err(reason)
}

/// A number that may begin with the code of a country, or with what is dialled in front within one.
fn plain(digits: &str) -> Result<String, &'static str> {
    let known = international(digits);
    let mut found: Vec<String> = known.iter().cloned().collect();
    let mut reason = match known {
        Err(NO_CODES) => NO_COUNTRY,
        Err(reason) => reason,
        Ok(_) => NO_SUCH,
    };
    for country in COUNTRIES.into_iter().flat_map(|(code, _)| countries(code)) {
        let Some(national) = without_prefix(country, digits) else { continue };
        match kind(country, national) {
            Some(Kind::Personal) => found.push(format!("+{}{national}", country.country_code())),
            Some(Kind::Other) => reason = WRONG_KIND,
            None if digits.starts_with('8') && reason == NO_COUNTRY => reason = NO_SUCH,
            None => {}
        }
    }
    found.sort();
    found.dedup();
    match <[String; 1]>::try_from(found) {
        Ok([number]) => Ok(number),
        Err(several) if several.is_empty() => Err(reason),
        Err(_) => Err(NO_COUNTRY),
    }
}

/// What a number that exists is for.
enum Kind {
    /// A line that belongs to one person, mobile or fixed.
    Personal,
    /// Free of charge, dear, or shared by many.
    Other,
}

fn kind(country: &Metadata, national: &str) -> Option<Kind> {
    let kinds = country.descriptors();
    let is_of = |descriptor: Option<&Descriptor>| descriptor.is_some_and(|kind| is_whole(kind, national));
    if is_of(kinds.mobile()) || is_of(kinds.fixed_line()) {
        return Some(Kind::Personal);
    }
    let others = [kinds.toll_free(), kinds.premium_rate(), kinds.shared_cost(), kinds.uan(), kinds.voip()];
    others.into_iter().any(is_of).then_some(Kind::Other)
}

fn is_whole(descriptor: &Descriptor, national: &str) -> bool {
    descriptor.is_match(national)
        && descriptor.national_number().find(national).is_some_and(|found| found.end() == national.len())
}

/// The number without what is dialled in front of it within a country; nothing if that is not there.
fn without_prefix<'a>(country: &Metadata, digits: &'a str) -> Option<&'a str> {
    // The pattern is only there where the prefix alone does not say it.
    let Some(pattern) = country.national_prefix_for_parsing() else {
        return digits.strip_prefix(country.national_prefix()?);
    };
    let prefix = pattern.find(digits).filter(|found| found.start() == 0 && found.end() > 0)?;
    Some(&digits[prefix.end()..])
}

fn countries(code: u16) -> impl Iterator<Item = &'static Metadata> {
    DATABASE.by_code(&code).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_36_numbers_have_one_form_however_they_are_typed() {
        for (text, number) in [
            ("+7 (900) 123-45-67", "+79001234567"),
            ("79001234567", "+79001234567"),
            ("8 900 123 45 67", "+79001234567"),
            ("8(900)123-45-67", "+79001234567"),
            ("+7 8 900 123 45 67", "+79001234567"),
            ("0079001234567", "+79001234567"),
            ("\u{202a}+7 900 123‑45‑67\u{202c}", "+79001234567"),
            ("\u{200e}+7\u{a0}900\u{202f}123\u{2013}45\u{2212}67\n", "+79001234567"),
            ("\u{2068}8\u{2009}900\u{3000}123\u{2014}45\u{2012}67\u{2069}\u{feff}", "+79001234567"),
            ("+٧٩٠٠١٢٣٤٥٦٧", "+79001234567"),
            ("۸۹۰۰۱۲۳۴۵۶۷", "+79001234567"),
            ("＋７ ９００ １２３－４５－６７", "+79001234567"),
            ("tel:+79001234567", "+79001234567"),
            ("+7 495 123-45-67", "+74951234567"),
            ("+7 812 123-45-67", "+78121234567"),
            ("8 (8172) 12-34-56", "+78172123456"),
            ("87011234567", "+77011234567"),
            ("+77011234567", "+77011234567"),
            ("998901234567", "+998901234567"),
            ("810 998 90 123 45 67", "+998901234567"),
            ("00375 29 123 45 67", "+375291234567"),
            ("375291234567", "+375291234567"),
            ("8 029 123-45-67", "+375291234567"),
            ("80441234567", "+375441234567"),
            ("+375 (029) 123 45 67", "+375291234567"),
            ("+374 91 123456", "+37491123456"),
            ("+995 555 12 34 56", "+995555123456"),
            ("+996 555 123 456", "+996555123456"),
            ("+992 93 123 4567", "+992931234567"),
            ("+993 65 123456", "+99365123456"),
            ("+994 50 123 45 67", "+994501234567"),
        ] {
            assert_eq!(
                Phone::parse(text).unwrap_or_else(|why| panic!("{text}: {why}")).as_str(),
                number,
                "{text}"
            );
        }
        assert_eq!(Phone::parse("+79001234567").unwrap().masked(), "+… 4567");
    }

    #[test]
    fn a_number_that_cannot_exist_or_that_gets_no_codes_is_refused_with_the_reason() {
        let long = "+7".to_owned() + &"9".repeat(80);
        for (text, reason) in [
            ("", NOT_A_NUMBER),
            ("+", NOT_A_NUMBER),
            ("+7900", NOT_A_NUMBER),
            ("+7 900 123 45 6a", NOT_A_NUMBER),
            ("+7 900 123-45-67 доб. 5", NOT_A_NUMBER),
            ("7+9001234567", NOT_A_NUMBER),
            ("++79001234567", NOT_A_NUMBER),
            ("+7900\u{0}1234567", NOT_A_NUMBER),
            (&long, NOT_A_NUMBER),
            ("+7900123456", NO_SUCH),
            ("+790012345678", NO_SUCH),
            ("7900123456", NO_SUCH),
            ("8900123456", NO_SUCH),
            ("+70291234567", NO_SUCH),
            ("+76001234567", NO_SUCH),
            ("+37529123456", NO_SUCH),
            ("+99890123456", NO_SUCH),
            ("9001234567", NO_COUNTRY),
            ("0555123456", NO_COUNTRY),
            ("+78001234567", WRONG_KIND),
            ("88001234567", WRONG_KIND),
            ("+78091234567", WRONG_KIND),
            ("+1 900 123 4567", NO_CODES),
            ("+380 50 123 45 67", NO_CODES),
        ] {
            let error = Phone::parse(text).unwrap_err();
            assert_eq!(
                (error.status().as_u16(), error.message()),
                (422, format!("phone: {reason}").as_str()),
                "{text}"
            );
        }
    }
}
