//! The languages that the server itself speaks to people, and the one place where it is chosen which.

use actix_web::http::header::{self, HeaderMap};

/// How many languages of a header are looked at.
const MAX_LANGUAGES: usize = 16;

/// Whose readers get Russian, by the first part of the language tag: Russian itself, languages of Russia, and
/// those of the countries around it where most people read Russian better than English.
const READ_RUSSIAN: [&str; 17] =
    ["ru", "az", "ba", "be", "ce", "cv", "hy", "kk", "ky", "mhr", "os", "sah", "tg", "tk", "tt", "udm", "uz"];

/// A language that the server speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// For anybody who reads Russian rather than English.
    Russian,
    /// For everybody else, and for programs.
    English,
}

impl Language {
    /// The language for somebody whose profile has this tag. Anybody who does not say reads Russian.
    #[must_use]
    pub fn of(tag: Option<&str>) -> Self {
        match tag.map(str::trim).filter(|tag| !tag.is_empty()) {
            Some(tag) if !reads_russian(tag) => Self::English,
            _ => Self::Russian,
        }
    }

    /// The language that `Accept-Language` prefers; nothing if it names none from which it follows.
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let said = headers.get_all(header::ACCEPT_LANGUAGE).filter_map(|value| value.to_str().ok());
        let mut best: Option<(f32, Self)> = None;
        for item in said.flat_map(|value| value.split(',')).take(MAX_LANGUAGES) {
            let mut parts = item.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let language = match () {
                () if reads_russian(tag) => Self::Russian,
                () if primary(tag).eq_ignore_ascii_case("en") => Self::English,
                () => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.trim().strip_prefix('='));
            let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
            if (0.0..=1.0).contains(&weight) && weight > best.map_or(0.0, |(weight, _)| weight) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// The text in this language.
    #[must_use]
    pub fn choose(self, russian: String, english: String) -> String {
        match self {
            Self::Russian => russian,
            Self::English => english,
        }
    }
}

/// `ru` of `ru-RU`, and of `ru_RU`, as some systems write it.
fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

fn reads_russian(tag: &str) -> bool {
    READ_RUSSIAN.iter().any(|known| primary(tag).eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::Language::{English, Russian};
    use super::*;

    #[test]
    fn readers_of_the_languages_around_get_russian_and_all_others_english() {
        for tag in ["ru", "ru-RU", "ru_RU", "RU", "tt", "tt-RU", "kk", "kk_KZ", "uz-Latn-UZ", "be", "ky", ""]
        {
            assert_eq!(Language::of(Some(tag)), Russian, "{tag}");
        }
        for tag in ["en", "en-GB", "de", "fr", "tr", "rue", "russian", "beta", "x-ru"] {
            assert_eq!(Language::of(Some(tag)), English, "{tag}");
        }
        assert_eq!(Language::of(None), Russian);
    }

    #[test]
    fn a_header_asks_for_what_it_weighs_most() {
        for (said, expected) in [
            ("", None),
            ("de", None),
            ("*", None),
            ("ru;q=0, fr", None),
            ("ru;q=nan", None),
            ("ru;q=inf", None),
            ("ru;q=7", None),
            ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", Some(Russian)),
            ("ru_RU", Some(Russian)),
            ("tt-RU, en;q=0.9", Some(Russian)),
            ("en;q=0.3 , KK ; q=0.4", Some(Russian)),
            ("en;level=1;q=0.9, uz;Q=0.95", Some(Russian)),
            ("de, ru;q=0.1", Some(Russian)),
            ("en-GB,ru;q=0.5", Some(English)),
            ("en,ru", Some(English)),
            ("ru;q=0.2,en;q=0.3", Some(English)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(said).unwrap());
            assert_eq!(Language::accepted(&headers), expected, "{said}");
        }
        let mut twice = HeaderMap::new();
        twice.append(header::ACCEPT_LANGUAGE, HeaderValue::from_static("en;q=0.5"));
        twice.append(header::ACCEPT_LANGUAGE, HeaderValue::from_static("be"));
        assert_eq!(Language::accepted(&twice), Some(Russian));
    }
}
