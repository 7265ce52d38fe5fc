//! Addresses on the web and of mail, and what people are called in messengers.

use super::{Contact, Found, Glyph};

/// Ends of addresses.
const ENDS: [&str; 42] = [
    "ru", "com", "net", "org", "io", "me", "рф", "su", "by", "kz", "ua", "uz", "am", "ge", "az", "kg",
    "info", "biz", "app", "dev", "online", "shop", "site", "store", "xyz", "co", "uk", "de", "fr", "tr",
    "ae", "us", "eu", "gle", "gg", "ly", "gl", "tv", "cc", "link", "pro", "club",
];

/// Messengers, as people call them.
const MESSENGERS: [&str; 34] = [
    "тг",
    "телега",
    "телеге",
    "телегу",
    "телеграм",
    "телеграмм",
    "телеграме",
    "телеграмме",
    "тележку",
    "тележка",
    "telegram",
    "tg",
    "инста",
    "инсте",
    "инстаграм",
    "insta",
    "instagram",
    "ig",
    "вк",
    "вконтакте",
    "vk",
    "дискорд",
    "discord",
    "скайп",
    "skype",
    "snap",
    "snapchat",
    "вайбер",
    "viber",
    "ник",
    "ватсап",
    "whatsapp",
    "nick",
    "username",
];

/// Latin words that are no names.
const NO_NAMES: [&str; 12] = [
    "telegram",
    "whatsapp",
    "viber",
    "instagram",
    "iphone",
    "samsung",
    "skype",
    "discord",
    "snapchat",
    "android",
    "apple",
    "chat",
];

/// How many words from the messenger a name may stand.
const NEAR: usize = 4;

/// A word with where it stands.
struct Word {
    text: String,
    start: usize,
    end: usize,
}

pub(super) fn find(glyphs: &[Glyph]) -> Vec<Found> {
    let glyphs = without_disguise(glyphs);
    let words = words(&glyphs);
    let is_cyrillic = glyphs.iter().any(|glyph| ('а'..='я').contains(&glyph.c));
    let mut found = Vec::new();
    for (n, word) in words.iter().enumerate() {
        let mut add = |contact, range| found.push(Found { contact, range });
        let text = trimmed(&word.text);
        if is_link(text) || is_mail(text) {
            add(Contact::Link, word.start..word.end);
        } else if has_name(text) {
            add(Contact::Name, word.start..word.end);
        } else if matches!(text, "@" | "собака")
            && words.get(n + 1).is_some_and(|next| is_latin(trimmed(&next.text)))
        {
            add(Contact::Name, word.start..words[n + 1].end);
        } else if is_called(&words, n, is_cyrillic) {
            add(Contact::Name, word.start..word.end);
        }
    }
    found
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '_' | '/'))
}

fn is_link(word: &str) -> bool {
    if word.contains("://") || word.starts_with("www.") {
        return true;
    }
    let host = word.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let Some((name, end)) = host.rsplit_once('.') else { return false };
    let label = name.rsplit('.').next().unwrap_or_default();
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
    let is_short = matches!(host, "t.me" | "m.me");
    ENDS.contains(&end)
        && is_name(name)
        && (is_short || label.chars().count() >= 2 && label.chars().any(char::is_alphabetic))
}

fn is_mail(word: &str) -> bool {
    let Some((who, host)) = word.split_once('@') else { return false };
    !who.is_empty()
        && host.contains('.')
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
}

/// Whether there is an `@name`.
fn has_name(word: &str) -> bool {
    let Some((_, name)) = word.split_once('@') else { return false };
    name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count() >= 3
}

fn is_latin(word: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '#' | ':');
    word.len() >= 4 && word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(is_of_name)
}

/// Whether a word is what somebody is called in a messenger that is named nearby. Where people write in
/// Russian, a Latin word is enough; in English it has to look like a name, or to follow a colon.
fn is_called(words: &[Word], n: usize, is_cyrillic: bool) -> bool {
    let word = trimmed(&words[n].text);
    if !is_latin(word) || NO_NAMES.contains(&word) {
        return false;
    }
    let is_messenger = |word: &Word| MESSENGERS.contains(&trimmed(&word.text));
    let before = &words[n.saturating_sub(NEAR)..n];
    let after = &words[n + 1..words.len().min(n + 1 + NEAR)];
    let is_marked = word.contains(|c: char| c.is_ascii_digit() || matches!(c, '_' | '.' | '#'));
    let follows_colon =
        before.last().is_some_and(|last| is_messenger(last) && last.text.ends_with([':', '-', '=']));
    let is_near = before.iter().chain(after).any(is_messenger);
    follows_colon || is_near && (is_cyrillic || is_marked)
}

fn words(glyphs: &[Glyph]) -> Vec<Word> {
    glyphs
        .split(|glyph| glyph.c.is_whitespace() || matches!(glyph.c, ',' | ';' | '(' | ')' | '"' | '«' | '»'))
        .filter(|part| !part.is_empty())
        .map(|part| {
            let text = part.iter().map(|glyph| glyph.c).collect();
            Word { text, start: part[0].start, end: part[part.len() - 1].end }
        })
        .collect()
}

/// What people write for a sign of an address, and the sign.
const DISGUISES: [(&str, char); 12] = [
    (" точка ", '.'),
    (" dot ", '.'),
    ("[.]", '.'),
    ("(.)", '.'),
    ("(dot)", '.'),
    (" . ", '.'),
    (" слэш ", '/'),
    (" слеш ", '/'),
    (" slash ", '/'),
    (" / ", '/'),
    (" собака ", '@'),
    (" at ", '@'),
];

/// The text with signs where they are written out between Latin letters.
fn without_disguise(glyphs: &[Glyph]) -> Vec<Glyph> {
    let mut plain: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    let mut at = 0;
    while at < glyphs.len() {
        let rest = &glyphs[at..];
        let disguise = DISGUISES.iter().find(|(words, sign)| {
            let count = words.chars().count();
            rest.len() > count
                && rest.iter().zip(words.chars()).all(|(glyph, c)| glyph.c == c)
                && plain.last().is_some_and(|last| is_of_address(last.c))
                && is_of_address(rest[count].c)
                && (*sign != '@' || names_a_host(&rest[count..]))
        });
        match disguise {
            Some((words, sign)) => {
                let count = words.chars().count();
                plain.push(Glyph { c: *sign, start: rest[0].start, end: rest[count - 1].end });
                at += count;
            }
            None => {
                plain.push(rest[0]);
                at += 1;
            }
        }
    }
    plain
}

fn is_of_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a host's name follows, its dot written out or not.
fn names_a_host(rest: &[Glyph]) -> bool {
    let text: String = rest.iter().map(|glyph| glyph.c).take(40).collect();
    let text = text.replace(" точка ", ".").replace(" dot ", ".");
    let host = text.split_whitespace().next().unwrap_or_default();
    host.rsplit_once('.')
        .is_some_and(|(_, end)| ENDS.contains(&end.trim_matches(|c: char| !c.is_alphanumeric())))
}
