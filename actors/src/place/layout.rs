//! Layout: what was typed with the keyboard set to the other language.

const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`";
const RUSSIAN: &str = "йцукенгшщзхъфывапролджэячсмитьбюё";

/// The same keys with the keyboard set to Russian, or to English if they were set to Russian; nothing if no
/// key changes.
pub(super) fn other(typed: &str) -> Option<String> {
    let lowered = typed.to_lowercase();
    let is_russian = lowered.chars().any(|letter| RUSSIAN.contains(letter));
    let (from, to) = if is_russian { (RUSSIAN, LATIN) } else { (LATIN, RUSSIAN) };
    let key = |letter: char| {
        from.chars().zip(to.chars()).find(|(key, _)| *key == letter).map_or(letter, |(_, to)| to)
    };
    let retyped: String = lowered.chars().map(key).collect();
    (retyped != lowered).then_some(retyped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_letter_in_both_languages() {
        assert_eq!(LATIN.chars().count(), RUSSIAN.chars().count());
    }

    #[test]
    fn what_was_typed_in_the_wrong_layout_is_read_in_the_right_one() {
        for (typed, meant) in
            [("Vjcrdf", "москва"), ("ьщысщц", "moscow"), (",hzycr", "брянск"), ("jh`k", "орёл")]
        {
            assert_eq!(other(typed).as_deref(), Some(meant));
        }
        assert_eq!(other("123"), None);
    }
}
