//! What is known of a person: their past deliveries, and what others say of them.

use peerpack_actors::place::Gazetteer;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::input::local_time;
use crate::http::places::place_name;
use crate::store::{PastDelivery, ReviewRecord};

/// How many reviews and journeys a profile shows.
pub(in crate::http) const SHOWN: u32 = 5;

/// A package of the past.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastTrip {
    from: String,
    to: String,
    /// When it was due there, `YYYY-MM-DD`, local date of the destination.
    date: String,
    /// The same, an instant.
    #[schema(format = DateTime)]
    arrives_at: String,
    /// IANA time zone of the destination.
    to_tz: String,
    /// Whether the package arrived.
    success: bool,
}

impl PastTrip {
    /// A journey as others see it.
    pub(in crate::http) fn of(past: &PastDelivery) -> Self {
        let there = Gazetteer::bundled().get(past.to);
        Self {
            from: place_name(past.from),
            to: place_name(past.to),
            date: local_time::date_at(past.at, there),
            arrives_at: past.at.to_string(),
            to_tz: local_time::tz(there).to_owned(),
            success: past.success,
        }
    }
}

/// What somebody says.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView {
    rating: u8,
    text: String,
    /// When it was said, `YYYY-MM-DD`, UTC.
    date: String,
    /// The same, an instant.
    #[schema(format = DateTime)]
    at: String,
    /// Who says it.
    name: String,
}

impl ReviewView {
    /// A review as others see it.
    pub(in crate::http) fn of(review: &ReviewRecord) -> Self {
        Self {
            rating: review.rating,
            text: review.text.clone(),
            date: local_time::date_at(review.at, None),
            at: review.at.to_string(),
            name: review.author_name.clone(),
        }
    }
}
