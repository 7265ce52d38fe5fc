//! What was counted: step by step, day by day in each region, or courier by courier.

use super::{Cell, Column, Fields, Line};

/// What was counted in a step of time, in a region, or of a courier.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// The begin of the step, as clocks show it there; empty where all of the time is meant.
    pub begin: String,
    /// The region; empty where all are meant.
    pub region: String,
    /// The courier; empty where all orders are meant.
    pub driver: String,
    /// What was counted, in the order of the columns.
    pub counts: [i64; 10],
    /// What done orders came to, what they were quoted at, and what calling off came to, in minor units.
    pub minor: [i64; 3],
}

/// The largest count that a table holds exactly.
const MOST: f64 = 4_000_000_000.0;

/// How many columns come before the counts.
const NAMES: usize = 3;

impl Line for Figures {
    const COLUMNS: &'static [Column] = &[
        Column::optional("begin"),
        Column::optional("region"),
        Column::optional("driver"),
        Column::needed("total_orders"),
        Column::optional("completed_orders"),
        Column::optional("cancelled_orders"),
        Column::optional("cancelled_by_passenger"),
        Column::optional("cancelled_by_driver"),
        Column::optional("no_shows"),
        Column::optional("assignments"),
        Column::optional("total_offers"),
        Column::optional("accepted_offers"),
        Column::optional("declined_offers"),
        Column::optional("revenue"),
        Column::optional("quoted"),
        Column::optional("cancellation_fees"),
    ];

    const NAME: &'static str = "figures";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let [begin, region, driver] = ["begin", "region", "driver"].map(|name| fields.text(name));
        let mut line = Self { begin, region, driver, ..Self::default() };
        let (counts, minor) = Self::COLUMNS[NAMES..].split_at(line.counts.len());
        for (count, column) in line.counts.iter_mut().zip(counts) {
            *count = fields.whole(column.name, 0.0..=MOST)?.into();
        }
        for (amount, column) in line.minor.iter_mut().zip(minor) {
            *amount = fields.minor(column.name)?;
        }
        Some(line)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts and amounts are far below 2^53")]
    fn cells(&self) -> Vec<Cell> {
        let names = [&self.begin, &self.region, &self.driver].map(|name| Cell::text(name));
        let counts = self.counts.iter().map(|count| Cell::Number(*count as f64));
        let minor = self.minor.iter().map(|minor| Cell::Number(*minor as f64 / 100.0));
        names.into_iter().chain(counts).chain(minor).collect()
    }

    fn id(&self) -> Option<String> {
        None
    }

    fn example() -> Self {
        Self {
            begin: "2026-12-31".to_owned(),
            region: "Центр".to_owned(),
            driver: String::new(),
            counts: [12, 9, 2, 1, 0, 1, 11, 14, 10, 3],
            minor: [843_050, 820_000, 50_000],
        }
    }
}
