//! A parcel in the words of the console.

use peerpack_actors::market::load::Load;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a parcel takes of a vehicle.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ParcelInput {
    /// Its weight, grams.
    weight_g: u32,
    /// Its volume, millilitres.
    volume_ml: u32,
    /// How many seats it takes; 1 if absent.
    seats: Option<u32>,
}

impl From<ParcelInput> for Load {
    fn from(parcel: ParcelInput) -> Self {
        let ParcelInput { weight_g, volume_ml, seats } = parcel;
        Self { weight_g, volume_ml, slots: seats.unwrap_or(1) }
    }
}

impl From<Load> for ParcelInput {
    fn from(load: Load) -> Self {
        Self { weight_g: load.weight_g, volume_ml: load.volume_ml, seats: Some(load.slots) }
    }
}
