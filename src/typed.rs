//! What people type and paste: digits of any script, hyphens and blanks of any kind, marks that nobody sees.

use unicode_properties::{
    GeneralCategory as Category, GeneralCategoryGroup as Group, UnicodeGeneralCategory,
};

/// Longest name that others see, in characters.
const LONGEST_NAME: usize = 200;

/// Letters and symbols that look like nothing.
const BLANK: [char; 5] = ['\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}'];

/// The value of a decimal digit, whatever script it is of.
#[must_use]
pub fn digit(c: char) -> Option<char> {
    if c.is_ascii_digit() {
        return Some(c);
    }
    if c.general_category() != Category::DecimalNumber {
        return None;
    }
    // Unicode keeps the ten digits of a script in a row, from zero to nine, so that what stands before one in
    // its row says which it is. The longest row, of five styles, has fifty.
    let mut before = 0;
    while before < 50
        && char::from_u32(u32::from(c) - before - 1)
            .is_some_and(|c| c.general_category() == Category::DecimalNumber)
    {
        before += 1;
    }
    char::from_digit(before % 10, 10)
}

/// Whether a character only stands between digits: a blank, a hyphen, a dot, a bracket or a mark that nobody
/// sees.
#[must_use]
pub fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '.' | '/' | '·' | '\u{2212}' | '\u{30fc}')
        || matches!(
            c.general_category(),
            Category::DashPunctuation
                | Category::OpenPunctuation
                | Category::ClosePunctuation
                | Category::SpaceSeparator
                | Category::Format
        )
}

/// A code of digits, as `810620`, however it was typed: `810-620`, with blanks, in Arabic digits. What is no
/// digit and does not separate digits stays, so that it is no code.
#[must_use]
pub fn code(text: &str) -> String {
    text.chars().filter(|c| !is_separator(*c)).take(16).map(|c| digit(c).unwrap_or(c)).collect()
}

/// The name that others see of somebody who types it.
///
/// # Errors
/// What is wrong with it: nothing to see, several lines, or too much.
pub fn name(text: &str) -> Result<String, &'static str> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || is_unseen(c));
    if text.chars().any(is_control) {
        return Err("must be one line without control characters");
    }
    let name: String = text.chars().filter(|c| is_direction(*c) || !is_unseen(*c)).collect();
    match name.chars().count() {
        _ if !name.chars().any(is_visible) => Err("must have at least one visible character"),
        count if count > LONGEST_NAME => Err("must be at most 200 characters"),
        _ => Ok(isolated(&name)),
    }
}

/// A name that somebody else vouches for, made fit to be shown; nothing if there is nothing to see in it.
#[must_use]
pub fn tidy_name(text: &str) -> Option<String> {
    let text: String = text.chars().map(|c| if is_control(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let words: String = words.join(" ").chars().take(LONGEST_NAME).collect();
    name(&words).ok()
}

/// The text with whatever turns its direction shut in, line by line, so that what is shown beside it keeps
/// its own.
#[must_use]
pub fn isolated(text: &str) -> String {
    if !text.chars().any(is_direction) {
        return text.to_owned();
    }
    // Isolates of its own could end ours.
    let plain: String = text.chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}')).collect();
    let shut_in = |line: &str| match line.chars().any(is_direction) {
        true => format!("\u{2068}{line}\u{2069}"),
        false => line.to_owned(),
    };
    plain.split('\n').map(shut_in).collect::<Vec<_>>().join("\n")
}

/// Whether a character can be seen where it stands alone.
fn is_visible(c: char) -> bool {
    let group = c.general_category_group();
    matches!(group, Group::Letter | Group::Number | Group::Punctuation | Group::Symbol) && !BLANK.contains(&c)
}

/// Control characters, and what breaks a line.
fn is_control(c: char) -> bool {
    matches!(c.general_category(), Category::Control | Category::LineSeparator | Category::ParagraphSeparator)
}

/// What embeds or overrides the direction of writing, or isolates it.
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Marks that nobody sees, and that join no letters and no signs either.
const fn is_unseen(c: char) -> bool {
    is_direction(c)
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2060}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_have_their_value() {
        for (digits, expected) in [
            ("0123456789", "0123456789"),
            ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
            ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
            ("०१२३४५६७८९", "0123456789"),
            ("０１２３４５６７８９", "0123456789"),
            ("𝟎𝟗𝟘𝟡𝟢𝟫𝟬𝟵𝟶𝟿", "0909090909"),
        ] {
            assert_eq!(digits.chars().filter_map(digit).collect::<String>(), expected);
        }
        for other in ['a', '²', '五', 'Ⅷ', '½', ' '] {
            assert_eq!(digit(other), None, "{other}");
        }
    }

    #[test]
    fn codes_are_read_as_they_are_typed() {
        for typed in [
            "810620",
            "810-620",
            " 810 620\n",
            "810\u{2011}620",
            "810\u{2014}620",
            "810.620",
            "٨١٠٦٢٠",
            "８１０６２０",
            "\u{202d}810620\u{202c}",
            "810\u{a0}620",
            "(810)620",
        ] {
            assert_eq!(code(typed), "810620", "{typed:?}");
        }
        assert_ne!(code("81062O"), "810620");
        assert_eq!(code(&"1".repeat(100)).len(), 16);
    }

    #[test]
    fn a_name_is_one_line_with_something_to_see() {
        for (given, kept) in [
            ("Анна", "Анна"),
            ("  Анна К. \u{feff}", "Анна К."),
            ("А", "А"),
            ("李", "李"),
            ("O\u{200b}leg", "Oleg"),
            ("👨\u{200d}👩\u{200d}👧", "👨\u{200d}👩\u{200d}👧"),
            ("🏴\u{e0067}\u{e0062}\u{e007f}", "🏴\u{e0067}\u{e0062}\u{e007f}"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("1", "1"),
        ] {
            assert_eq!(name(given).as_deref(), Ok(kept), "{given:?}");
        }
        let long = "я".repeat(201);
        for wrong in [
            "",
            " ",
            "\u{200b}",
            "\u{3164}",
            "\u{2800}\u{2800}",
            "\u{301}",
            "\u{202e}",
            "\u{200d}",
            "А\nБ",
            "А\u{2028}Б",
            "А\u{0}Б",
            "А\u{7}Б",
            "А\tБ",
            "А\u{85}Б",
            long.as_str(),
        ] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_telegram_says_is_tidied_and_not_refused() {
        for (given, kept) in [
            ("Анна \u{0}\n К.", Some("Анна К.")),
            ("  ", None),
            ("\u{0}", None),
            ("\u{200b}\u{3164}", None),
            ("Ivan \u{202e}ti\u{202c}", Some("\u{2068}Ivan \u{202e}ti\u{2069}")),
        ] {
            assert_eq!(tidy_name(given).as_deref(), kept, "{given:?}");
        }
        assert_eq!(tidy_name(&"я".repeat(500)).map(|name| name.chars().count()), Some(200));
    }

    #[test]
    fn a_turned_direction_ends_with_the_text_that_turns_it() {
        assert_eq!(isolated("plain"), "plain");
        assert_eq!(isolated("a\u{202e}b"), "\u{2068}a\u{202e}b\u{2069}");
        assert_eq!(isolated("a\u{2069}\u{202e}b\u{2067}"), "\u{2068}a\u{202e}b\u{2069}");
        assert_eq!(isolated("a\nb\u{202e}c\nd"), "a\n\u{2068}b\u{202e}c\u{2069}\nd");
        let once = isolated("a\u{202e}b");
        assert_eq!(isolated(&once), once);
    }
}
