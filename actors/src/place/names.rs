//! The index of names: from what was typed to the places that bear the name.
//!
//! Places are numbers here, the most populous first; what a place is, it does not know.

use std::collections::BTreeMap;

use super::folding::{folded, later_words};
use super::spelling::Slips;

/// A folded name, or the rest of one from a later word on. Tens of thousands of them are kept, so each is
/// small.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Term {
    /// Where its text is among all.
    start: u32,
    length: u16,
    /// Whether words of the name come before it.
    later: bool,
    place: u32,
}

/// How well a name answers what was typed, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fit {
    /// It is the name.
    Whole,
    /// The name begins like this.
    First,
    /// A later word of the name does.
    Later,
}

/// Names and aliases of all places.
pub(super) struct Names {
    texts: String,
    /// By text, whole names before parts, then by place: so the terms of one prefix stand together.
    terms: Vec<Term>,
}

impl Names {
    /// Takes each name with its place, a lower number being more populous.
    pub(super) fn new<'a>(names: impl Iterator<Item = (&'a str, u32)>) -> Self {
        let (mut texts, mut terms) = (String::new(), Vec::new());
        let offset = |length: usize| u32::try_from(length).expect("names are a few megabytes");
        for (name, place) in names {
            let text = folded(name);
            let start = offset(texts.len());
            let length = |text: &str| u16::try_from(text.len()).expect("no name is that long");
            terms.push(Term { start, length: length(&text), later: false, place });
            terms.extend(later_words(&text).map(|rest| Term {
                start: start + offset(text.len() - rest.len()),
                length: length(rest),
                later: true,
                place,
            }));
            texts.push_str(&text);
        }
        let key = |term: &Term| (text_of(&texts, term), term.later, term.place);
        terms.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
        terms.dedup_by(|one, other| key(one) == key(other));
        terms.shrink_to_fit();
        texts.shrink_to_fit();
        Self { texts, terms }
    }

    fn text(&self, term: &Term) -> &str {
        text_of(&self.texts, term)
    }

    /// The most populous bearer of the name.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.bearers(name).next()
    }

    /// All bearers of the name, the most populous first.
    pub(super) fn bearers(&self, name: &str) -> impl Iterator<Item = u32> {
        let text = folded(name);
        let start = self.terms.partition_point(|term| self.text(term) < text.as_str());
        let bearers =
            self.terms[start..].iter().take_while(move |term| self.text(term) == text && !term.later);
        bearers.map(|term| term.place)
    }

    /// Places with a word that starts like this, each with its best fit: those that fit best first, then the
    /// most populous.
    pub(super) fn search(&self, prefix: &str) -> impl Iterator<Item = (Fit, u32)> {
        let prefix = folded(prefix);
        let mut found = BTreeMap::new();
        for term in self.starting_with(&prefix) {
            let fit = match term.later {
                true => Fit::Later,
                false if self.text(term) == prefix => Fit::Whole,
                false => Fit::First,
            };
            let best = found.entry(term.place).or_insert(fit);
            *best = fit.min(*best);
        }
        let mut found: Vec<_> = found.into_iter().map(|(place, fit)| (fit, place)).collect();
        found.sort_unstable();
        found.into_iter()
    }

    fn starting_with(&self, prefix: &str) -> &[Term] {
        if prefix.is_empty() {
            return &[];
        }
        let start = self.terms.partition_point(|term| self.text(term) < prefix);
        let length = self.terms[start..].partition_point(|term| self.text(term).starts_with(prefix));
        &self.terms[start..start + length]
    }

    /// Places whose name is a slip or two away, with how many, the closest first, then the most populous.
    pub(super) fn suggest(&self, misspelt: &str) -> impl Iterator<Item = (usize, u32)> {
        let mut slips = Slips::of(&folded(misspelt));
        let mut found = BTreeMap::new();
        for term in self.terms.iter().filter(|term| !term.later) {
            if let Some(count) = slips.to(self.text(term)) {
                let least = found.entry(term.place).or_insert(count);
                *least = count.min(*least);
            }
        }
        let mut ranked: Vec<_> = found.into_iter().map(|(place, count)| (count, place)).collect();
        ranked.sort_unstable();
        ranked.into_iter()
    }
}

fn text_of<'a>(texts: &'a str, term: &Term) -> &'a str {
    let start = term.start as usize;
    &texts[start..start + usize::from(term.length)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let names = [
            ("Нижний Новгород", 0),
            ("НН", 0),
            ("Новгород", 3),
            ("Нижний Тагил", 1),
            ("Орёл", 2),
            ("Великий Новгород", 3),
            ("орел", 4),
        ];
        Names::new(names.into_iter())
    }

    fn places<T>(found: impl Iterator<Item = (T, u32)>) -> Vec<u32> {
        found.map(|(_, place)| place).collect()
    }

    #[test]
    fn the_most_populous_bearer_wins() {
        assert_eq!(names().find("ОРЕЛ"), Some(2));
        assert_eq!(names().bearers("Орёл").collect::<Vec<_>>(), [2, 4]);
        assert_eq!(names().find("Тагил"), None);
        assert_eq!(names().bearers("Тагил").count(), 0);
    }

    #[test]
    fn whole_names_rank_before_first_words_and_these_before_later_ones() {
        assert_eq!(names().search("новгород").collect::<Vec<_>>(), [(Fit::Whole, 3), (Fit::Later, 0)]);
        assert_eq!(places(names().search("новг")), [3, 0]);
        assert_eq!(places(names().search("нижний")), [0, 1]);
        assert_eq!(places(names().search("Нижний-Т")), [1]);
    }

    #[test]
    fn an_empty_prefix_finds_nothing() {
        assert_eq!(names().search(" ").count(), 0);
    }

    #[test]
    fn the_closest_name_is_suggested_first() {
        assert_eq!(places(names().suggest("Нижний Тогил")), [1]);
        assert_eq!(places(names().suggest("Арёл")), [2, 4]);
        assert_eq!(names().suggest("Москва").count(), 0);
    }
}
