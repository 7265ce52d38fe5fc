//! The words of the Mini App for sizes, weights and capacities, in one table.

use peerpack_actors::load::{Load, UNSTATED};

const WEIGHTS_G: [(&str, u32); 4] =
    [("light", 1_000), ("medium", 5_000), ("heavy", 10_000), ("very_heavy", 20_000)];

const SIZES_ML: [(&str, u32); 4] = [("xs", 1_000), ("s", 5_000), ("m", 20_000), ("l", 60_000)];

const CAPACITIES_G: [(&str, u32); 4] =
    [("small", 1_000), ("medium", 5_000), ("large", 10_000), ("xl", 20_000)];

fn of(table: &[(&str, u32)], word: &str) -> Option<u32> {
    table.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// The words that a field may have, for error messages.
pub(super) const WEIGHT_WORDS: &str = "must be light, medium, heavy or very_heavy";
/// As above.
pub(super) const SIZE_WORDS: &str = "must be xs, s, m or l";
/// As above.
pub(super) const CAPACITY_WORDS: &str = "must be small, medium, large or xl";

/// Grams of a weight word.
pub(super) fn weight_g(word: &str) -> Option<u32> {
    of(&WEIGHTS_G, word)
}

/// Millilitres of a size word.
pub(super) fn volume_ml(word: &str) -> Option<u32> {
    of(&SIZES_ML, word)
}

/// Grams of a capacity word.
pub(super) fn capacity_g(word: &str) -> Option<u32> {
    of(&CAPACITIES_G, word)
}

/// A capacity of which only some dimensions are stated.
pub(super) fn capacity(weight_g: u32, volume_ml: Option<u32>, slots: Option<u32>) -> Load {
    Load { weight_g, volume_ml: volume_ml.unwrap_or(UNSTATED), slots: slots.unwrap_or(UNSTATED) }
}
