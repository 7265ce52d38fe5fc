//! The picture of somebody who has none: their initials, as SVG.

/// The colours behind the letters, dark enough for white ones.
const COLOURS: [&str; 12] = [
    "#b04a4a", "#a8562b", "#8a6d1f", "#5f7a2a", "#2f7d4f", "#1f7a78", "#2b6ca3", "#4a5fb5", "#6f52ad",
    "#92489a", "#a84374", "#5e6472",
];

/// How many letters there are at most.
const MAX_LETTERS: usize = 2;

/// What such a picture shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initials {
    letters: String,
    colour: usize,
}

impl Initials {
    /// Those of a name; `seed` chooses the colour.
    #[must_use]
    pub fn of(name: &str, seed: u128) -> Self {
        let first = |word: &str| word.chars().find(|one| one.is_alphanumeric());
        let letters = name.split_whitespace().filter_map(first).take(MAX_LETTERS);
        let letters = letters.flat_map(char::to_uppercase).filter(|one| one.is_alphanumeric());
        let letters = letters.take(MAX_LETTERS).collect();
        let colours = COLOURS.len() as u128;
        Self { letters, colour: usize::try_from(seed % colours).unwrap_or(0) }
    }

    /// The file name of the picture: `7-АИ.svg`, or `7.svg` for a name without letters.
    #[must_use]
    pub fn file_name(&self) -> String {
        let dash = if self.letters.is_empty() { "" } else { "-" };
        format!("{}{dash}{}.svg", self.colour, self.letters)
    }

    /// The picture of a file name; `None` for a name that [`file_name`](Self::file_name) does not make.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".svg")?;
        let (colour, letters) = stem.split_once('-').unwrap_or((stem, ""));
        let colour: usize = colour.parse().ok().filter(|colour| *colour < COLOURS.len())?;
        let initials = Self { letters: letters.to_owned(), colour };
        let is_short = letters.chars().count() <= MAX_LETTERS;
        let is_plain = letters.chars().all(char::is_alphanumeric);
        (is_short && is_plain && initials.file_name() == name).then_some(initials)
    }

    /// The picture. Letters and digits only, so there is nothing to escape.
    #[must_use]
    pub fn svg(&self) -> String {
        let (colour, letters) = (COLOURS[self.colour], &self.letters);
        let drawn = if letters.is_empty() {
            r##"<circle cx="48" cy="38" r="16" fill="#fff"/><path d="M18 84a30 26 0 0 1 60 0z" fill="#fff"/>"##.to_owned()
        } else {
            format!(
                r##"<text x="48" y="49" fill="#fff" font-family="sans-serif" font-size="38" text-anchor="middle" dominant-baseline="central">{letters}</text>"##
            )
        };
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96"><rect width="96" height="96" fill="{colour}"/>{drawn}</svg>"##
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_initials_that_people_expect() {
        let table = [
            ("Анна Иванова", "0-АИ.svg"),
            ("анна", "0-А.svg"),
            ("  ivan   \"the\" terrible ", "0-IT.svg"),
            ("Ян де Вал Третий", "0-ЯД.svg"),
            ("ß", "0-SS.svg"),
            ("🌸 Лена", "0-Л.svg"),
            ("🌸", "0.svg"),
            ("", "0.svg"),
            ("<script>", "0-S.svg"),
            ("李小龙", "0-李.svg"),
            ("7 небо", "0-7Н.svg"),
        ];
        for (name, expected) in table {
            assert_eq!(Initials::of(name, 12).file_name(), expected, "{name}");
            assert_eq!(Initials::from_file_name(expected), Some(Initials::of(name, 24)), "{name}");
        }
        assert_eq!(Initials::of("А", 23).file_name(), "11-А.svg");
    }

    #[test]
    fn only_names_that_are_made_here_have_a_picture() {
        for name in [
            "0-<b>.svg",
            "0-ABC.svg",
            "12-A.svg",
            "-1.svg",
            "0-A.png",
            "00-A.svg",
            "+0.svg",
            "0-.svg",
            "0-&.svg",
        ] {
            assert_eq!(Initials::from_file_name(name), None, "{name}");
        }
    }

    #[test]
    fn the_picture_shows_the_letters_or_somebody() {
        assert!(Initials::of("Анна Иванова", 0).svg().contains(">АИ</text>"));
        assert!(Initials::of("", 0).svg().contains("<circle"));
    }
}
