//! Counts over time as a table: what the desk takes away of its numbers.

use super::{Cell, Column, Fields, Line};

/// The counts of one step of time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// The begin of the step, as clocks show it there.
    pub begin: String,
    /// What was counted, in the order of the columns.
    pub counts: [i64; 10],
    /// What done orders and calling off came to, in minor units.
    pub minor: [i64; 2],
}

/// The largest count that a table holds exactly.
const MOST: f64 = 4_000_000_000.0;

impl Line for Figures {
    const COLUMNS: &'static [Column] = &[
        Column::needed("begin"),
        Column::optional("total_orders"),
        Column::optional("completed_orders"),
        Column::optional("cancelled_orders"),
        Column::optional("cancelled_by_passenger"),
        Column::optional("cancelled_by_driver"),
        Column::optional("no_shows"),
        Column::optional("assignments"),
        Column::optional("offers_sent"),
        Column::optional("offers_accepted"),
        Column::optional("offers_declined"),
        Column::optional("revenue"),
        Column::optional("cancellation_fees"),
    ];

    const NAME: &'static str = "figures";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let begin = fields.words("begin")?;
        let mut line = Self { begin, ..Self::default() };
        for (n, column) in Self::COLUMNS[1..=line.counts.len()].iter().enumerate() {
            line.counts[n] = fields.whole(column.name, 0.0..=MOST)?.into();
        }
        for (n, column) in Self::COLUMNS[1 + line.counts.len()..].iter().enumerate() {
            line.minor[n] = fields.minor(column.name)?;
        }
        Some(line)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts and amounts are far below 2^53")]
    fn cells(&self) -> Vec<Cell> {
        let counts = self.counts.iter().map(|count| Cell::Number(*count as f64));
        let minor = self.minor.iter().map(|minor| Cell::Number(*minor as f64 / 100.0));
        [Cell::text(&self.begin)].into_iter().chain(counts).chain(minor).collect()
    }

    fn id(&self) -> Option<String> {
        Some(self.begin.clone())
    }

    fn example() -> Self {
        Self {
            begin: "2026-12-31".to_owned(),
            counts: [12, 9, 2, 1, 0, 1, 11, 14, 10, 3],
            minor: [843_050, 50_000],
        }
    }
}
