//! Times and dates: digits that belong to no number.

use std::ops::Range;

/// Where times and dates stand in a text: `18:30`, `12.05.2026`; and `12.05` unless it stands beside digits,
/// as a part of a number does.
pub(super) fn times_and_dates(text: &str) -> Vec<Range<usize>> {
    let words: Vec<(usize, &str)> = words(text).filter(|(_, word)| !word.is_empty()).collect();
    let is_of_number = |at: Option<&(usize, &str)>| {
        at.is_some_and(|(_, word)| {
            word.contains(|c: char| c.is_ascii_digit()) && !word.contains(char::is_alphabetic)
        })
    };
    let mut found = Vec::new();
    for (n, (start, word)) in words.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|n| words.get(n));
        let is_inside = is_of_number(before) || is_of_number(words.get(n + 1));
        let is_time = !is_inside && word.split(['-', '–']).all(|part| is_time(part) || is_day(part));
        if is_time || is_date(word) {
            found.push(*start..start + word.len());
        }
    }
    found
}

/// The words of a text, without the signs around them, with where they stand.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(move |word| {
        let trimmed = word.trim_matches(|c: char| !c.is_alphanumeric());
        (trimmed.as_ptr() as usize - text.as_ptr() as usize, trimmed)
    })
}

fn numbers_of(word: &str, signs: &[char]) -> Option<Vec<u32>> {
    word.split(signs).map(|part| part.parse().ok().filter(|_| part.len() <= 4)).collect()
}

fn is_time(word: &str) -> bool {
    let parts = numbers_of(word, &[':', '.']);
    let whole = word.split([':', '.']).nth(1).is_some_and(|minutes| minutes.len() == 2);
    whole && matches!(parts.as_deref(), Some([hour, minute]) if *hour < 25 && *minute < 60)
}

fn is_day(word: &str) -> bool {
    matches!(numbers_of(word, &['.', '/']).as_deref(), Some([day, month]) if (1..=31).contains(day) && (1..=12).contains(month))
        || matches!(numbers_of(word, &['/']).as_deref(), Some([month, day]) if (1..=31).contains(day) && (1..=12).contains(month))
}

fn is_date(word: &str) -> bool {
    match numbers_of(word, &['.', '-', '/', '–']).as_deref() {
        Some([1_900..=2_100, month, day] | [day, month, 1_900..=2_100]) => {
            (1..=31).contains(day) && (1..=31).contains(month)
        }
        _ => false,
    }
}
