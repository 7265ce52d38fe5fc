//! The languages that the server itself speaks to people.

/// The language of a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Words {
    Russian,
    English,
}

impl Words {
    /// Whoever does not say reads Russian.
    pub(super) fn of(language: Option<&str>) -> Self {
        match language {
            Some(tag) if !tag.starts_with("ru") => Self::English,
            _ => Self::Russian,
        }
    }

    pub(super) fn choose(self, russian: String, english: String) -> String {
        match self {
            Self::Russian => russian,
            Self::English => english,
        }
    }
}
