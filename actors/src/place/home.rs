//! Home: the countries whose places are meant before others of the same name, and shown first.

use std::fmt;
use std::str::FromStr;

/// What the data are dense in: see data/README.md.
const DEFAULT: &str = "RU,BY,KZ,UZ,GE,AM,TR,AE,KG,TJ,TM,AZ,MD";

/// A list of countries, the nearest to home first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home(Vec<[u8; 2]>);

/// A code that is not of two letters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotACountry(String);

impl fmt::Display for NotACountry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} is not the ISO 3166 code of a country, such as RU", self.0)
    }
}

impl std::error::Error for NotACountry {}

impl Home {
    /// Of ISO 3166 codes; no code at all is no home.
    ///
    /// # Errors
    /// The first that is not of two letters.
    pub fn of<S: AsRef<str>>(codes: impl IntoIterator<Item = S>) -> Result<Self, NotACountry> {
        let code = |text: S| {
            let code = text.as_ref().trim().to_ascii_uppercase();
            match code.as_bytes() {
                [one @ b'A'..=b'Z', other @ b'A'..=b'Z'] => Ok([*one, *other]),
                _ => Err(NotACountry(text.as_ref().to_owned())),
            }
        };
        codes.into_iter().map(code).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a country is one of them, by its code in capital letters.
    #[must_use]
    pub fn has(&self, country: &str) -> bool {
        self.rank(country) < self.0.len()
    }

    /// Which of them a country is, from 0; one past the last for every other country.
    #[must_use]
    pub fn rank(&self, country: &str) -> usize {
        self.0.iter().position(|code| code == country.as_bytes()).unwrap_or(self.0.len())
    }
}

impl FromStr for Home {
    type Err = NotACountry;

    /// Codes with commas between them.
    fn from_str(text: &str) -> Result<Self, NotACountry> {
        Self::of(text.split(',').filter(|code| !code.trim().is_empty()))
    }
}

impl Default for Home {
    fn default() -> Self {
        DEFAULT.parse().unwrap_or(Self(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_known_by_their_codes() {
        let home: Home = "ru, KZ,".parse().unwrap();
        assert!(home.has("RU") && home.has("KZ") && !home.has("SN"));
        assert!(Home::default().has("AM") && !Home::default().has("FR"));
        assert!(!"".parse::<Home>().unwrap().has("RU"));
        assert_eq!(["RU", "KZ", "SN"].map(|country| home.rank(country)), [0, 1, 2]);
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for wrong in ["Россия", "RUS", "R1", "7"] {
            assert_eq!(wrong.parse::<Home>(), Err(NotACountry(wrong.to_owned())), "{wrong}");
        }
    }
}
