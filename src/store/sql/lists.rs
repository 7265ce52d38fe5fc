//! Parts of lists, and words that are looked for in them.

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
    /// The items of this part.
    pub items: Vec<T>,
    /// How many there are in all.
    pub count: u64,
}

/// What `LIKE` looks for: these words anywhere, in small letters, and as they are written, because SQLite
/// knows the small ones of Latin letters alone. Empty for everything.
pub(in crate::store) fn patterns(words: &str) -> [String; 2] {
    let plain: String = words.trim().chars().filter(|c| !matches!(c, '%' | '_' | '\\')).collect();
    if plain.is_empty() {
        return [String::new(), String::new()];
    }
    [format!("%{}%", plain.to_lowercase()), format!("%{plain}%")]
}
