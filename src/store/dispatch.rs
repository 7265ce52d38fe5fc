//! The desk of the dispatch in town: who drives and who is driven, where, and what for. Orders and duties
//! themselves are applied by the engine's side.

pub mod drivers;
pub mod numbers;
pub mod orders;
pub mod passengers;
pub mod regions;
pub mod tariffs;

/// Which part of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// How many are left out at its beginning.
    pub offset: u32,
    /// How many it has at most.
    pub limit: u32,
}

/// A part of a list, with how many there are in all.
#[derive(Clone, PartialEq, Debug)]
pub struct Part<T> {
    /// The part.
    pub items: Vec<T>,
    /// How many there are in all.
    pub count: u64,
}

/// What `LIKE` looks for: these words anywhere, in small letters, and as they are written, because SQLite
/// knows the small ones of Latin letters alone. Empty for everything.
fn patterns(words: &str) -> [String; 2] {
    let plain: String = words.trim().chars().filter(|c| !matches!(c, '%' | '_' | '\\')).collect();
    if plain.is_empty() {
        return [String::new(), String::new()];
    }
    [format!("%{}%", plain.to_lowercase()), format!("%{plain}%")]
}
