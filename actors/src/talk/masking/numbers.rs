//! Telephone numbers and cards: groups of digits, as digits, as words, as letters that look like digits.

mod dates;
mod words;

use dates::times_and_dates;
use words::{LOOK_ALIKE, PHONE_WORDS, WORDS};

use super::{Contact, Found, Glyph};

/// The most digits that are looked at as one number.
const MAX_DIGITS: usize = 20;

/// What may stand between two groups of one number, in characters.
const MAX_BETWEEN: usize = 4;

/// How far before a number the word stands that says what it is, in characters.
const WORDS_BEFORE: usize = 40;

/// Digits that stand together.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Group {
    digits: String,
    start: usize,
    end: usize,
    /// Whether a plus stands before it.
    plus: bool,
    /// What stands between this group and the one before; nothing if they belong to no one number.
    joined: Option<String>,
    /// In words, of a size of which smaller ones may be added.
    spelled: Option<u32>,
}

/// A part of a text.
enum Piece {
    Digits(String),
    Word(String),
    Between(String),
}

pub(super) fn find(text: &str, glyphs: &[Glyph]) -> Vec<Found> {
    let groups = groups(glyphs, &times_and_dates(text));
    let mut found = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        match longest(text, &groups, first) {
            Some((contact, last)) => {
                let start = groups[first].start;
                // A plus before it belongs to it.
                let start = start - usize::from(text[..start].ends_with('+'));
                found.push(Found { contact, range: start..groups[last].end });
                first = last + 1;
            }
            None => first += 1,
        }
    }
    found
}

/// Whether these digits stand in a text, as a whole number, however they are parted.
pub(super) fn says(glyphs: &[Glyph], digits: &str) -> bool {
    let groups = groups(glyphs, &[]);
    (0..groups.len()).any(|first| {
        let mut said = String::new();
        for (n, group) in groups[first..].iter().enumerate() {
            let is_parted = |between: &str| between.chars().any(|c| !matches!(c, ' ' | '-' | '.' | '\n'));
            if n > 0 && group.joined.as_deref().is_none_or(is_parted) {
                break;
            }
            said.push_str(&group.digits);
            if said.len() >= digits.len() {
                break;
            }
        }
        said == digits
    })
}

/// The most groups from the first on that are one number.
fn longest(text: &str, groups: &[Group], first: usize) -> Option<(Contact, usize)> {
    let (mut digits, mut sizes, mut between) = (String::new(), Vec::new(), String::new());
    let mut best = None;
    for (at, group) in groups.iter().enumerate().skip(first) {
        match &group.joined {
            _ if at == first => {}
            Some(gap) => between.push_str(gap),
            None => break,
        }
        // A plus begins a number.
        if at > first && group.plus || digits.len() + group.digits.len() > MAX_DIGITS {
            break;
        }
        digits.push_str(&group.digits);
        sizes.push(group.digits.len());
        let is_announced = || is_announced(text, groups[first].start);
        let written = Written { digits: &digits, sizes: &sizes, between: &between, plus: groups[first].plus };
        if let Some(contact) = written.contact(is_announced) {
            best = Some((contact, at));
        }
    }
    best
}

fn is_announced(text: &str, start: usize) -> bool {
    let before: String = text[..start].chars().rev().take(WORDS_BEFORE).collect();
    let before: String = before.chars().rev().flat_map(char::to_lowercase).collect();
    PHONE_WORDS.iter().any(|word| before.contains(word))
}

/// A number as it is written.
struct Written<'a> {
    digits: &'a str,
    /// Of its groups.
    sizes: &'a [usize],
    between: &'a str,
    plus: bool,
}

impl Written<'_> {
    fn contact(&self, is_announced: impl Fn() -> bool) -> Option<Contact> {
        if self.is_card() {
            Some(Contact::Card)
        } else if self.is_phone() || self.is_some_number() && is_announced() {
            Some(Contact::Phone)
        } else {
            None
        }
    }

    fn is_card(&self) -> bool {
        let (digits, sizes) = (self.digits, self.sizes);
        let is_even = sizes.iter().all(|size| *size == 4 || *size == 1);
        match digits.len() {
            16 => {
                let is_written = is_even || sizes.len() == 1 || is_luhn(digits);
                digits.starts_with(['2', '3', '4', '5', '6']) && is_written
            }
            15 => (digits.starts_with("34") || digits.starts_with("37")) && is_luhn(digits),
            20 => ["407", "408", "423", "405"].iter().any(|kind| digits.starts_with(kind)),
            _ => false,
        }
    }

    fn is_phone(&self) -> bool {
        let (digits, sizes) = (self.digits, self.sizes);
        let (first, length) = (sizes[0], digits.len());
        let is_whole = sizes.len() == 1 || sizes.iter().all(|size| *size == 1);
        let at = |n: usize| digits.as_bytes()[n];
        if self.plus {
            return match at(0) {
                b'0' => false,
                b'1' | b'7' => length == 11,
                _ => (10..=13).contains(&length),
            };
        }
        match length {
            7 => sizes == [3, 2, 2] && self.between == "--",
            10 => {
                let is_regular = sizes.len() <= 5 && first == 3 || is_whole;
                let is_american = sizes == [3, 3, 4] && at(0) >= b'2' || sizes.len() == 10 && at(0) >= b'2';
                at(0) == b'9' && is_regular || is_american
            }
            11 => {
                let is_russian =
                    matches!((at(0), at(1)), (b'7' | b'8', b'3' | b'4' | b'8' | b'9') | (b'7', b'7'));
                let is_regular = at(1) == b'9' || first == 1 || first == 4 || is_whole;
                let is_american = at(0) == b'1' && sizes == [1, 3, 3, 4];
                let is_abroad =
                    digits.starts_with("374") && (first == 3 || is_whole) || digits.starts_with("07");
                is_russian && is_regular || is_american || is_abroad
            }
            12 => {
                const COUNTRIES: [&str; 8] = ["375", "380", "971", "998", "995", "996", "992", "994"];
                let is_abroad = COUNTRIES.iter().any(|country| digits.starts_with(country));
                is_abroad && (first == 3 || first == 5 || is_whole) || self.is_international()
            }
            13..=15 => self.is_international(),
            _ => false,
        }
    }

    fn is_international(&self) -> bool {
        self.digits.starts_with("00") && self.digits.as_bytes()[2] != b'0'
    }

    /// Whether it may be a telephone number, if somebody says that it is one.
    fn is_some_number(&self) -> bool {
        (9..=13).contains(&self.digits.len())
    }
}

fn is_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, digit)| match (n % 2, u32::from(digit - b'0')) {
            (0, value) => value,
            (_, value) if value > 4 => value * 2 - 9,
            (_, value) => value * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The groups of digits of a text. Those of times and dates belong to no number.
fn groups(glyphs: &[Glyph], apart: &[std::ops::Range<usize>]) -> Vec<Group> {
    let pieces = pieces(glyphs);
    let mut groups: Vec<Group> = Vec::new();
    let (mut between, mut plus, mut double) = (Some(String::new()), false, 1);
    for (n, (piece, start, end)) in pieces.iter().enumerate() {
        let digits = match piece {
            Piece::Digits(_) if apart.iter().any(|range| range.contains(start)) => {
                (between, plus) = (None, false);
                continue;
            }
            Piece::Digits(digits) => Some((digits.clone(), None)),
            Piece::Word(word) => match number_word(word) {
                Some(value) => Some((value.to_string(), Some(value))),
                None => look_alike(word, &pieces, n).map(|digits| (digits, None)),
            },
            Piece::Between(_) => None,
        };
        let Some((digits, spelled)) = digits else {
            match piece {
                Piece::Between(text) => {
                    plus = text.trim_end().ends_with('+') || text.trim_end_matches(['(', ' ']).ends_with('+');
                    between = between.filter(|_| is_between(text)).map(|so_far| so_far + text);
                }
                Piece::Word(word) if word == "плюс" || word == "plus" => plus = true,
                Piece::Word(word) if word == "double" => double = 2,
                Piece::Word(word) if word == "triple" => double = 3,
                Piece::Word(word) if word == "hundred" && times_a_hundred(&mut groups) => {}
                _ => (between, plus, double) = (None, false, 1),
            }
            continue;
        };
        let (start, end, digits) = (*start, *end, digits.repeat(std::mem::replace(&mut double, 1)));
        let joined = between.replace(String::new()).filter(|_| !groups.is_empty());
        let plus = std::mem::take(&mut plus);
        match groups.last_mut() {
            // `двадцать` and `три` are one number, and so are `9` and `l6`.
            Some(last)
                if joined.as_deref() == Some("")
                    && last.end == start
                    && spelled.is_none()
                    && last.spelled.is_none() =>
            {
                last.digits.push_str(&digits);
                last.end = end;
            }
            Some(last) if joined.is_some() && !plus && adds(last, spelled) => {
                let sum = last.spelled.unwrap_or(0) + spelled.unwrap_or(0);
                (last.digits, last.spelled, last.end) = (sum.to_string(), Some(sum), end);
            }
            _ => groups.push(Group { digits, start, end, plus, joined, spelled }),
        }
    }
    groups
}

/// Whether a number word goes on with another one: `сто` with `двадцать`, `двадцать` with `три`.
fn adds(last: &Group, spelled: Option<u32>) -> bool {
    match (last.spelled, spelled) {
        (Some(sum), Some(1..=99)) if sum >= 100 && sum.is_multiple_of(100) => true,
        (Some(sum), Some(1..=9)) => sum % 100 >= 20 && sum.is_multiple_of(10),
        _ => false,
    }
}

/// Makes `nine` and `hundred` one number; `false` if no word from one to nine stands before.
fn times_a_hundred(groups: &mut [Group]) -> bool {
    let Some(last) = groups.last_mut() else { return false };
    let Some(units @ 1..=9) = last.spelled else { return false };
    (last.spelled, last.digits) = (Some(units * 100), (units * 100).to_string());
    true
}

fn number_word(word: &str) -> Option<u32> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// The digits that a word looks like, if it stands at a digit; `о` may stand between two.
fn look_alike(word: &str, pieces: &[(Piece, usize, usize)], n: usize) -> Option<String> {
    if word.chars().count() > 3 {
        return None;
    }
    let digits: Option<String> = word
        .chars()
        .map(|letter| LOOK_ALIKE.iter().find(|(known, _)| *known == letter).map(|(_, digit)| *digit))
        .collect();
    let piece = |at: Option<usize>| at.and_then(|at| pieces.get(at)).map(|(piece, ..)| piece);
    let is_digit = |at: Option<usize>| matches!(piece(at), Some(Piece::Digits(_)));
    let touches = is_digit(n.checked_sub(1)) || is_digit(Some(n + 1));
    let is_zero = matches!(word, "о" | "o") && is_digit(n.checked_sub(2)) && is_digit(Some(n + 2));
    digits.filter(|_| touches || is_zero)
}

fn pieces(glyphs: &[Glyph]) -> Vec<(Piece, usize, usize)> {
    let mut pieces: Vec<(Piece, usize, usize)> = Vec::new();
    for Glyph { c, start, end } in glyphs {
        let is_letter = c.is_alphabetic() || *c == '|';
        if let Some((last, _, until)) = pieces.last_mut() {
            let text = match last {
                Piece::Digits(text) if c.is_ascii_digit() => Some(text),
                Piece::Word(text) if is_letter => Some(text),
                Piece::Between(text) if !c.is_ascii_digit() && !is_letter => Some(text),
                _ => None,
            };
            if let Some(text) = text {
                text.push(*c);
                *until = *end;
                continue;
            }
        }
        let text = c.to_string();
        let piece = match c {
            c if c.is_ascii_digit() => Piece::Digits(text),
            _ if is_letter => Piece::Word(text),
            _ => Piece::Between(text),
        };
        pieces.push((piece, *start, *end));
    }
    pieces
}

fn is_between(text: &str) -> bool {
    text.chars().count() <= MAX_BETWEEN && text.chars().all(|c| " -.()[]/_*,;:+~=\t\n'\"\\".contains(c))
}
