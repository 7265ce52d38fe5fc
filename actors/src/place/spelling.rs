//! Spelling: how many slips of the finger lie between two words.
//!
//! It compares letters; it does not know which words are names.

/// Counts slips from one word to many others, up to a limit, reusing its buffers.
pub(super) struct Slips {
    word: Vec<char>,
    limit: usize,
    other: Vec<char>,
    rows: [Vec<usize>; 3],
}

impl Slips {
    /// A short word allows one slip, a longer one two: with more, everything resembles everything.
    pub(super) fn of(word: &str) -> Self {
        let word: Vec<char> = word.chars().collect();
        let limit = match word.len() {
            0..=2 => 0,
            3..=4 => 1,
            _ => 2,
        };
        Self { word, limit, other: Vec::new(), rows: Default::default() }
    }

    /// The number of letters missing, extra, wrong or swapped with their neighbour, if it is within the
    /// limit.
    pub(super) fn to(&mut self, other: &str) -> Option<usize> {
        self.other.clear();
        self.other.extend(other.chars());
        if self.word.len().abs_diff(self.other.len()) > self.limit {
            return None;
        }
        self.start();
        for row in 0..self.word.len() {
            if self.advance(row) > self.limit {
                return None;
            }
        }
        let slips = self.rows[2][self.other.len()];
        (slips <= self.limit).then_some(slips)
    }

    fn start(&mut self) {
        let width = self.other.len() + 1;
        for row in &mut self.rows {
            row.clear();
            row.resize(width, 0);
        }
        for (column, slips) in self.rows[2].iter_mut().enumerate() {
            *slips = column;
        }
    }

    /// Computes the next row and tells its least value.
    fn advance(&mut self, row: usize) -> usize {
        self.rows.rotate_left(1);
        let [earlier, previous, current] = &mut self.rows;
        current[0] = row + 1;
        for column in 0..self.other.len() {
            let wrong = usize::from(self.word[row] != self.other[column]);
            let mut slips = (previous[column] + wrong).min(previous[column + 1] + 1).min(current[column] + 1);
            if row > 0
                && column > 0
                && self.word[row] == self.other[column - 1]
                && self.word[row - 1] == self.other[column]
            {
                slips = slips.min(earlier[column - 1] + 1);
            }
            current[column + 1] = slips;
        }
        // A swap reaches two rows back, so the row before counts as well.
        let least = |values: &[usize]| values.iter().copied().min().unwrap_or(0);
        least(current).min(least(previous))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slips(word: &str, other: &str) -> Option<usize> {
        Slips::of(word).to(other)
    }

    #[test]
    fn the_same_word_has_no_slips() {
        assert_eq!(slips("москва", "москва"), Some(0));
        assert_eq!(slips("", ""), Some(0));
    }

    #[test]
    fn a_letter_missing_extra_wrong_or_swapped_is_one_slip() {
        for word in ["масква", "моква", "моссква", "мсоква"] {
            assert_eq!(slips(word, "москва"), Some(1), "{word}");
        }
    }

    #[test]
    fn two_slips_are_allowed_in_long_words_only() {
        assert_eq!(slips("мсоква", "москав"), Some(2));
        assert_eq!(slips("уфы", "ифа"), None);
        assert_eq!(slips("уфы", "уфа"), Some(1));
        assert_eq!(slips("ош", "уш"), None);
    }

    #[test]
    fn three_slips_are_too_many() {
        assert_eq!(slips("новосибирск", "невасебирск"), None);
        assert_eq!(slips("казань", "рязанский"), None);
    }

    #[test]
    fn a_swap_at_the_limit_is_not_cut_off() {
        assert_eq!(slips("абвг", "бавг"), Some(1));
        assert_eq!(slips("абвгд", "бавдг"), Some(2));
    }
}
