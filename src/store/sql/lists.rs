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

/// What `LIKE .. ESCAPE '!'` looks for: these words anywhere, in small letters, and as they are written,
/// because SQLite knows the small ones of Latin letters alone. Signs that mean something to `LIKE` are looked
/// for like any other. Empty for everything.
pub(in crate::store) fn patterns(words: &str) -> [String; 2] {
    let mut plain = String::new();
    for c in words.trim().chars() {
        if matches!(c, '%' | '_' | '!') {
            plain.push('!');
        }
        plain.push(c);
    }
    if plain.is_empty() {
        return [String::new(), String::new()];
    }
    [format!("%{}%", plain.to_lowercase()), format!("%{plain}%")]
}
