//! What events say of a place, a package and a trip.

use serde::{Deserialize, Serialize};

use crate::ids::{PackageId, TripId, UserId};
#[cfg(feature = "schema")]
use crate::market::load::{SizeClass, WeightClass};
use crate::place::PlaceId;
use crate::time::Time;

/// A place as clients see it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlaceView {
    /// The gazetteer's id.
    pub id: PlaceId,
    /// Russian name.
    pub name_ru: String,
    /// English name.
    pub name_en: String,
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// IANA time zone, for what happens there; empty in events that are older than this field.
    #[serde(default)]
    pub tz: String,
}

/// Where and when a package changes hands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HandOverView {
    /// The place of the hand-over.
    pub place: PlaceView,
    /// When the courier is expected.
    pub eta: Time,
}

/// The package of an offer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PackageBrief {
    /// Its id.
    pub id: PackageId,
    /// What it is.
    pub description: String,
    /// Where it starts.
    pub from: PlaceView,
    /// Where it goes.
    pub to: PlaceView,
    /// Size class; `volume_ml` counts.
    #[cfg_attr(feature = "schema", schema(value_type = SizeClass))]
    pub size: String,
    /// Weight class; `weight_g` counts.
    #[cfg_attr(feature = "schema", schema(value_type = WeightClass))]
    pub weight: String,
    /// Weight, grams.
    pub weight_g: u32,
    /// Volume, millilitres.
    pub volume_ml: u32,
    /// Labels of the sender's own.
    pub tags: Vec<String>,
    /// The earliest moment of the pickup.
    pub ready_at: Time,
    /// The latest moment of the delivery.
    pub deliver_by: Time,
}

/// A trip that somebody has asked to be told of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TripBrief {
    /// The trip.
    pub id: TripId,
    /// The courier who travels.
    pub courier_id: UserId,
    /// When it starts.
    pub departs_at: Time,
}
