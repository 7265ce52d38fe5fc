//! Reading: the ways to understand a text as the name of a place and of what lies around it.
//!
//! It knows words such as «город», and no places.

use super::folding::folded;

/// Words that say what kind of place follows, or has just been named.
const KINDS: &[&str] = &[
    "город",
    "г",
    "гор",
    "поселок",
    "пос",
    "п",
    "пгт",
    "рп",
    "село",
    "с",
    "деревня",
    "дер",
    "д",
    "станица",
    "аул",
    "хутор",
    "район",
    "аэропорт",
    "airport",
    "city",
    "town",
    "village",
    "of",
    "аэропорта",
    "городок",
    "населенный",
    "пункт",
    "международный",
    "international",
    "the",
    "вокзал",
    "ст",
    "станция",
    "station",
];

/// How many words the name of what a place lies in has at most.
const MAX_WORDS: usize = 4;

/// One way to understand a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reading {
    /// The name, folded.
    pub(super) name: String,
    /// What the place lies in, as it was written.
    pub(super) around: Vec<String>,
    /// Whether a comma comes after the name and before the rest, as it mostly does.
    pub(super) in_order: bool,
}

/// The readings of a text, the most literal one first.
pub(super) fn readings(text: &str) -> Vec<Reading> {
    let mut all = Vec::new();
    add(&mut all, text, &[], true);
    let parts = parts(text);
    if parts.len() > 1 {
        for (n, name) in parts.iter().enumerate() {
            let around: Vec<&str> =
                parts.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, p)| *p).collect();
            add(&mut all, name, &around, n == 0);
        }
    }
    let words = folded(text);
    for (gap, _) in words.rmatch_indices(' ').take(MAX_WORDS) {
        // Without a comma between them.
        add(&mut all, &words[..gap], &[&words[gap + 1..]], false);
    }
    all.retain(|reading| !reading.name.is_empty());
    all
}

/// The name as it is, and without the words for what it is.
fn add(all: &mut Vec<Reading>, name: &str, around: &[&str], in_order: bool) {
    let name = folded(name);
    let bare = bare(&name).to_owned();
    let names = if bare == name { vec![name] } else { vec![name, bare] };
    let around: Vec<String> = around.iter().map(|part| (*part).to_owned()).collect();
    all.extend(names.into_iter().map(|name| Reading { name, around: around.clone(), in_order }));
}

/// What commas and brackets separate.
fn parts(text: &str) -> Vec<&str> {
    let parts = text.split(['(', ')', ',', ';', '/']);
    parts.map(str::trim).filter(|part| !part.is_empty()).take(4).collect()
}

/// A folded name without the words for what it is; all of it if nothing else is left.
fn bare(name: &str) -> &str {
    let mut rest = name;
    while let Some((first, after)) = rest.split_once(' ')
        && KINDS.contains(&first)
    {
        rest = after;
    }
    while let Some((before, last)) = rest.rsplit_once(' ')
        && KINDS.contains(&last)
    {
        rest = before;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Vec<String>)> {
        readings(text).into_iter().map(|reading| (reading.name, reading.around)).collect()
    }

    #[test]
    fn the_word_for_what_it_is_may_be_left_out() {
        for text in ["город Москва", "г. Москва", "г.Москва", "Москва г", "Moscow city"]
        {
            let bare = &read(text)[1].0;
            assert!(bare == "москва" || bare == "moscow", "{text}: {bare}");
        }
        assert_eq!(read("аэропорт Внуково")[1].0, "внуково");
        assert_eq!(read("город"), [("город".to_owned(), vec![])]);
        assert!(read("Москва Россия").contains(&("москва".to_owned(), vec!["россия".to_owned()])));
    }

    #[test]
    fn what_lies_around_is_told_from_the_name() {
        let kirov = ("киров".to_owned(), vec!["Калужская область".to_owned()]);
        assert_eq!(read("Киров, Калужская область")[1], kirov);
        assert_eq!(read("Киров (Калужская область)")[1], kirov);
        assert!(read("Калужская область, Киров").contains(&kirov));
    }

    #[test]
    fn nothing_is_read_as_nothing() {
        assert_eq!(read(" , ()"), []);
    }
}
