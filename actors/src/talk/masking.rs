//! Finding contact details in what people write: phones, cards, links, names elsewhere.
//!
//! Texts are read as people disguise them: digits of any script, spelled, spaced, with letters that look like
//! digits, with marks that nobody sees in between. What is found is where it stands in the text; what follows
//! from it is decided elsewhere. Nobody finds everything: `tests/talk.rs` measures how much, and how often
//! something harmless is taken for a contact.

mod names;
mod numbers;

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What stands in place of a contact that is kept back.
pub const MASK: &str = "•••";

/// A way to reach somebody, or their money, past the marketplace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Contact {
    /// A telephone number.
    Phone,
    /// The number of a bank card or an account.
    Card,
    /// An address on the web, or of mail.
    Link,
    /// What somebody is called in a messenger.
    Name,
}

impl Contact {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Phone, Self::Card, Self::Link, Self::Name];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Card => "card",
            Self::Link => "link",
            Self::Name => "name",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|contact| contact.word() == word)
    }
}

/// A contact in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// What it is.
    pub contact: Contact,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
}

/// The contacts of a text, in the order in which they stand there; none overlaps another.
#[must_use]
pub fn find(text: &str) -> Vec<Found> {
    let glyphs = glyphs(text);
    let mut all = names::find(&glyphs);
    all.extend(numbers::find(text, &glyphs));
    all.sort_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
    let mut apart: Vec<Found> = Vec::with_capacity(all.len());
    for found in all {
        match apart.last_mut() {
            Some(last) if found.range.start < last.range.end => {
                last.range.end = last.range.end.max(found.range.end);
            }
            _ => apart.push(found),
        }
    }
    apart
}

/// The text with a [`MASK`] for everything that was found.
#[must_use]
pub fn masked(text: &str, found: &[Found]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for Found { range, .. } in found {
        shown.push_str(&text[at..range.start]);
        shown.push_str(MASK);
        at = range.end;
    }
    shown.push_str(&text[at..]);
    shown
}

/// The runs of digits of a text as they are read, those that are spelled too: `8 шесть` is `["8", "6"]`.
/// Neighbours that nothing but blanks and hyphens part are joined in every way, so that a code is seen
/// however it is written.
#[must_use]
pub fn says_digits(text: &str, digits: &str) -> bool {
    numbers::says(&glyphs(text), digits)
}

/// Where somebody is asked to pay past the marketplace, as people put it.
const ELSEWHERE: [&str; 25] = [
    "на карту",
    "номер карты",
    "переведи",
    "перевод на",
    "сбербанк",
    "на сбер",
    "тинькоф",
    "предоплат",
    "без комисси",
    "мимо приложен",
    "не через приложен",
    "криптов",
    "биткоин",
    "usdt",
    "bitcoin",
    "western union",
    "paypal",
    "venmo",
    "zelle",
    "revolut",
    "cash app",
    "wire transfer",
    "outside the app",
    "pay me directly",
    "without the app",
];

/// Whether a text asks for money past the marketplace.
#[must_use]
pub fn pays_elsewhere(text: &str, found: &[Found]) -> bool {
    let plain: String = glyphs(text).iter().map(|glyph| glyph.c).collect();
    found.iter().any(|found| found.contact == Contact::Card)
        || ELSEWHERE.iter().any(|words| plain.contains(words))
}

/// A character as it is read, with where it stands.
#[derive(Clone, Copy, Debug)]
struct Glyph {
    c: char,
    start: usize,
    end: usize,
}

/// The first digits of rows of ten: of other scripts, wide ones, those of mathematics.
const ZEROES: [u32; 14] = [
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0e50, 0x1040, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec,
    0x1d7f6, 0x1fbf0,
];

/// In lower case, in plain digits and signs, without what nobody sees.
fn glyphs(text: &str) -> Vec<Glyph> {
    let mut glyphs: Vec<Glyph> = Vec::with_capacity(text.len());
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        if is_unseen(c) {
            if let Some(last) = glyphs.last_mut() {
                last.end = end;
            }
            continue;
        }
        for c in plain(c).to_lowercase() {
            let c = if c == 'ё' { 'е' } else { c };
            glyphs.push(Glyph { c, start, end });
        }
    }
    glyphs
}

fn plain(c: char) -> char {
    let code = u32::from(c);
    let digit = |value: u32| char::from_digit(value, 10);
    let of_row = ZEROES.iter().find_map(|zero| code.checked_sub(*zero).filter(|value| *value < 10));
    let read = match (of_row, c) {
        (Some(value), _) => digit(value),
        (_, '①'..='⑨') => digit(code - 0x2460 + 1),
        (_, '⓪' | '⁰' | '₀') => Some('0'),
        (_, '¹') => Some('1'),
        (_, '²') => Some('2'),
        (_, '³') => Some('3'),
        (_, '⁴'..='⁹') => digit(code - 0x2070),
        (_, '₁'..='₉') => digit(code - 0x2080),
        // Wide signs and letters.
        (_, '！'..='～') => char::from_u32(code - 0xfee0),
        (_, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}') => Some(' '),
        (_, '‐'..='―' | '−') => Some('-'),
        _ => None,
    };
    read.unwrap_or(c)
}

/// Marks that nobody sees, and those that turn a digit into a key.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{20e3}' | '\u{300}'..='\u{36f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}
