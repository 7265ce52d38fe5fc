//! The words of the Mini App for sizes, weights and capacities, as they come in.

use peerpack_actors::market::load::{CapacityClass, Load, SizeClass, UNSTATED, WeightClass};
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};

fn read<T: DeserializeOwned>(word: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(word)).ok()
}

/// The words that a field may have, for error messages.
pub(in crate::http) const WEIGHT_WORDS: &str = "must be light, medium, heavy or very_heavy";
/// The words of sizes, for error messages.
pub(in crate::http) const SIZE_WORDS: &str = "must be xs, s, m or l";
/// The words of capacities, for error messages.
pub(in crate::http) const CAPACITY_WORDS: &str = "must be small, medium, large or xl";

/// Grams of a weight word.
pub(in crate::http) fn weight_g(word: &str) -> Option<u32> {
    read(word).map(WeightClass::weight_g)
}

/// Millilitres of a size word.
pub(in crate::http) fn volume_ml(word: &str) -> Option<u32> {
    read(word).map(SizeClass::volume_ml)
}

/// Grams of a capacity word.
pub(in crate::http) fn capacity_g(word: &str) -> Option<u32> {
    read(word).map(CapacityClass::weight_g)
}

/// A capacity whose volume may not be stated.
pub(in crate::http) fn capacity(weight_g: u32, volume_ml: Option<u32>, slots: u32) -> Load {
    Load { weight_g, volume_ml: volume_ml.unwrap_or(UNSTATED), slots }
}
