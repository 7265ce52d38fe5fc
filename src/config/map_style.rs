//! Maps of somebody else's in the Mini App.

use reqwest::Url;

/// A style of `MapLibre`'s, with everything it needs on one origin: the policy of the page allows no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapStyle(Url);

impl MapStyle {
    /// The style at an address, `https://` or, for development, `http://`.
    ///
    /// # Errors
    /// Why it cannot be one, for people.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "map_style_url is not of the form https://host/style.json")?;
        if matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty() {
            Ok(Self(url))
        } else {
            Err("map_style_url is not of the form https://host/style.json")
        }
    }

    /// Its address, encoded.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.as_str()
    }

    /// Where it comes from, as browsers write origins.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_what_is_none_and_cannot_leave_its_attribute() {
        let style = MapStyle::parse("https://tiles.example.org:8443/a\"b>.json?key=<x>").expect("an address");
        assert_eq!(style.origin(), "https://tiles.example.org:8443");
        assert!(!style.url().contains(['"', '<', '>']), "{}", style.url());
        for wrong in ["", "style.json", "ftp://host/style.json", "https://", "data:application/json,{}"] {
            assert!(MapStyle::parse(wrong).is_err(), "{wrong}");
        }
    }
}
