//! The index of names: from what was typed to the places that bear the name.
//!
//! Places are numbers here, the most populous first; what a place is, it does not know.

use std::collections::{BTreeMap, HashMap};

use super::folding::{folded, later_words};
use super::spelling::Slips;

/// A folded name, or the rest of one from a later word on.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Term {
    text: Box<str>,
    /// Whether words of the name come before it.
    later: bool,
    place: u32,
}

/// Names and aliases of all places.
pub(super) struct Names {
    whole: HashMap<Box<str>, u32>,
    /// Sorted, so that the terms of one prefix stand together.
    terms: Vec<Term>,
}

impl Names {
    /// Takes each name with its place, a lower number being more populous.
    pub(super) fn new<'a>(names: impl Iterator<Item = (&'a str, u32)>) -> Self {
        let mut whole = HashMap::new();
        let mut terms = Vec::new();
        for (name, place) in names {
            let text = folded(name).into_boxed_str();
            terms.extend(later_words(&text).map(|rest| Term { text: rest.into(), later: true, place }));
            let best = whole.entry(text.clone()).or_insert(place);
            *best = place.min(*best);
            terms.push(Term { text, later: false, place });
        }
        terms.sort_unstable();
        terms.dedup();
        Self { whole, terms }
    }

    /// The most populous bearer of the name.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.whole.get(folded(name).as_str()).copied()
    }

    /// All bearers of the name, the most populous first.
    pub(super) fn bearers(&self, name: &str) -> impl Iterator<Item = u32> {
        let text = folded(name);
        let start = self.terms.partition_point(|term| (&*term.text, term.later) < (text.as_str(), false));
        let bearers = self.terms[start..].iter().take_while(move |term| *term.text == *text && !term.later);
        bearers.map(|term| term.place)
    }

    /// Places with a word that starts like this: first those whose name does, then the rest.
    pub(super) fn search(&self, prefix: &str) -> impl Iterator<Item = u32> {
        let mut found = BTreeMap::new();
        for term in self.starting_with(&folded(prefix)) {
            let later = found.entry(term.place).or_insert(term.later);
            *later &= term.later;
        }
        let (later, first): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, later)| *later);
        first.into_iter().chain(later).map(|(place, _)| place)
    }

    fn starting_with(&self, prefix: &str) -> &[Term] {
        if prefix.is_empty() {
            return &[];
        }
        let start = self.terms.partition_point(|term| *term.text < *prefix);
        let length = self.terms[start..].partition_point(|term| term.text.starts_with(prefix));
        &self.terms[start..start + length]
    }

    /// Places whose name is a slip or two away, the closest first, then the most populous.
    pub(super) fn suggest(&self, misspelt: &str) -> impl Iterator<Item = u32> {
        let mut slips = Slips::of(&folded(misspelt));
        let mut found = BTreeMap::new();
        for term in self.terms.iter().filter(|term| !term.later) {
            if let Some(count) = slips.to(&term.text) {
                let least = found.entry(term.place).or_insert(count);
                *least = count.min(*least);
            }
        }
        let mut ranked: Vec<_> = found.into_iter().map(|(place, count)| (count, place)).collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, place)| place)
    }
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

    #[test]
    fn the_most_populous_bearer_wins() {
        assert_eq!(names().find("ОРЕЛ"), Some(2));
        assert_eq!(names().bearers("Орёл").collect::<Vec<_>>(), [2, 4]);
        assert_eq!(names().find("Тагил"), None);
        assert_eq!(names().bearers("Тагил").count(), 0);
    }

    #[test]
    fn first_words_rank_before_later_ones() {
        assert_eq!(names().search("новг").collect::<Vec<_>>(), [3, 0]);
        assert_eq!(names().search("нижний").collect::<Vec<_>>(), [0, 1]);
        assert_eq!(names().search("Нижний-Т").collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn an_empty_prefix_finds_nothing() {
        assert_eq!(names().search(" ").count(), 0);
    }

    #[test]
    fn the_closest_name_is_suggested_first() {
        assert_eq!(names().suggest("Нижний Тогил").collect::<Vec<_>>(), [1]);
        assert_eq!(names().suggest("Арёл").collect::<Vec<_>>(), [2, 4]);
        assert_eq!(names().suggest("Москва").count(), 0);
    }
}
