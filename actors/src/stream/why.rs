//! Why an offer goes to this courier: stable codes with their particulars, one short text each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A reason for an offer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Why {
    /// `on_route`: no extra way.
    OnRoute,
    /// `detour:+12min`: so much extra way.
    Detour {
        /// The extra way, minutes.
        minutes: u32,
    },
    /// `room_left:9000g`: so much room is left afterwards.
    RoomLeft {
        /// The room, grams.
        grams: u32,
    },
    /// `early:26h`: so long before it has to be there.
    Early {
        /// How long before, in whole hours.
        hours: i64,
    },
    /// Of a newer server.
    Other(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnRoute => f.write_str("on_route"),
            Self::Detour { minutes } => write!(f, "detour:+{minutes}min"),
            Self::RoomLeft { grams } => write!(f, "room_left:{grams}g"),
            Self::Early { hours } => write!(f, "early:{hours}h"),
            Self::Other(code) => f.write_str(code),
        }
    }
}

impl From<Why> for String {
    fn from(why: Why) -> Self {
        why.to_string()
    }
}

impl From<String> for Why {
    fn from(code: String) -> Self {
        fn between<T: std::str::FromStr>(code: &str, start: &str, end: &str) -> Option<T> {
            code.strip_prefix(start)?.strip_suffix(end)?.parse().ok()
        }
        let known = if code == "on_route" {
            Some(Self::OnRoute)
        } else {
            between(&code, "detour:+", "min")
                .map(|minutes| Self::Detour { minutes })
                .or_else(|| between(&code, "room_left:", "g").map(|grams| Self::RoomLeft { grams }))
                .or_else(|| between(&code, "early:", "h").map(|hours| Self::Early { hours }))
        };
        known.unwrap_or(Self::Other(code))
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Why {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(r"^(on_route|detour:\+[0-9]+min|room_left:[0-9]+g|early:-?[0-9]+h)$"))
            .description(Some(
                "Why this courier: `on_route` (no extra way), `detour:+12min` (so much extra way), `room_left:9000g` (so \
                 much room is left afterwards), `early:26h` (so long before it has to be there).",
            ))
            .into()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Why {}

#[cfg(test)]
mod tests {
    use super::Why;

    #[test]
    fn a_reason_is_read_as_it_is_written() {
        let all = [
            (Why::OnRoute, "on_route"),
            (Why::Detour { minutes: 12 }, "detour:+12min"),
            (Why::RoomLeft { grams: 9_000 }, "room_left:9000g"),
            (Why::Early { hours: -1 }, "early:-1h"),
            (Why::Other("early:soon".to_owned()), "early:soon"),
        ];
        for (why, text) in all {
            assert_eq!(why.to_string(), text);
            assert_eq!(Why::from(text.to_owned()), why);
        }
    }
}
