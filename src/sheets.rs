//! Tables that people bring and take away: CSV and XLSX, both ways.
//!
//! What is in a line is a type of its own ([`Order`], [`Driver`], [`Passenger`]); [`read`] makes lines of a
//! file and says of each cell that cannot be one why, [`write`](fn@write) makes a file of lines, and
//! [`compare`] says what an import would change. Nothing here knows the store: who imports for a try does not
//! apply what came out.
//!
//! A file is bounded in bytes, packed and unpacked, in rows, columns and the length of a cell, before
//! anything is made of it. A text that a program for tables would take for a formula gets a `'` in front when
//! it is written as CSV, and loses it when it is read; a spreadsheet says of its cells that they are texts.
//! Programs for tables break lines as they like, and keep 15 digits of a number: neither counts as a change.

mod drivers;
mod figures;
mod legs;
mod lines;
mod orders;
mod passengers;
mod reading;
mod turns;
mod writing;

use peerpack_actors::place::Position;
use peerpack_actors::time::Time;

pub use drivers::Driver;
pub use figures::Figures;
pub use legs::{Leg, routes};
pub use lines::{Change, compare, is_same_text};
pub use orders::{End, Order, Parcel};
pub use passengers::Passenger;
pub use reading::{Fields, Imported, ZoneOf, moment_of_clocks, read};
pub use turns::{make, make_routes, take_in};
pub use writing::{template, write};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 5 * 1_024 * 1_024;

/// The most that a spreadsheet may unpack to, in bytes.
pub const MAX_UNPACKED: u64 = 64 * 1_024 * 1_024;

/// The most lines of one file, its head not counted.
pub const MAX_ROWS: usize = 10_000;

/// The most columns of one file.
pub const MAX_COLUMNS: usize = 64;

/// The longest cell, in characters.
pub const MAX_CELL: usize = 4_000;

/// How many faults of cells are told; a file with more is no better understood by more of them.
pub const MAX_FAULTS: usize = 200;

/// What kind of file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// Comma-separated values, as UTF-8 with its mark in front, without which Excel takes it for something
    /// else. When read, the mark may be missing, and semicolons and tabs do as well.
    #[default]
    Csv,
    /// A spreadsheet of Excel.
    Xlsx,
}

impl Format {
    /// The format of a file by its first bytes: a spreadsheet is a zip archive.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"PK") { Self::Xlsx } else { Self::Csv }
    }

    /// For the head of an answer.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// The end of a file's name, without its dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

/// A column of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its title: the first line of a file.
    pub name: &'static str,
    /// Whether a file without it cannot be read.
    pub is_needed: bool,
}

impl Column {
    pub(self) const fn needed(name: &'static str) -> Self {
        Self { name, is_needed: true }
    }

    pub(self) const fn optional(name: &'static str) -> Self {
        Self { name, is_needed: false }
    }
}

/// A cell as it is written.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// `yes` or `no`.
    Flag(bool),
    /// A moment, told by the clocks of a place, or in UTC if none is known.
    Moment(Time, Option<Position>),
    /// A cell without a value.
    Empty,
}

impl Cell {
    /// Words, or nothing. Lines are broken by line feeds alone: programs for tables keep nothing else.
    pub(self) fn text(text: &str) -> Self {
        if text.is_empty() {
            return Self::Empty;
        }
        Self::Text(text.replace("\r\n", "\n").replace('\r', "\n"))
    }

    /// What there is, or nothing.
    pub(self) fn of<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Empty, cell)
    }
}

/// What one line of a table says.
pub trait Line: Sized + Clone + PartialEq {
    /// Its columns, in the order in which they are written.
    const COLUMNS: &'static [Column];

    /// The word for its file's name, and for the sheet.
    const NAME: &'static str;

    /// What a line says. `None` if a cell cannot be read: then `fields` has noted which.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;

    /// The cells of the columns, in their order.
    fn cells(&self) -> Vec<Cell>;

    /// The id of what it describes, if that exists already.
    fn id(&self) -> Option<String>;

    /// A line for the template, so that nobody has to guess what belongs where.
    fn example() -> Self;
}

/// Why nothing can be made of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    /// More bytes than a file may have, packed or unpacked.
    #[error("the file is too large")]
    TooLarge,
    /// More lines than a file may have.
    #[error("the file has more than 10000 lines")]
    TooManyRows,
    /// More columns than a file may have.
    #[error("the file has more than 64 columns")]
    TooManyColumns,
    /// No first line with the titles of the columns.
    #[error("the file is empty: the first line has to name the columns")]
    Empty,
    /// Neither a table in UTF-8 nor a spreadsheet.
    #[error("the file is neither CSV in UTF-8 nor an XLSX spreadsheet")]
    NotATable,
    /// Too many others wait for their file.
    #[error("too many files are being read, please try again")]
    Busy,
}

/// What is wrong with a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CellFault {
    /// The line, as programs for tables number them: the titles are line 1.
    pub row: u32,
    /// The title of the column.
    pub column: String,
    /// The cell, as in `C7`.
    pub cell: String,
    /// What is wrong, as a sentence without its end.
    pub message: &'static str,
}

/// The name of a cell: the column from 0, the row from 1.
#[must_use]
pub fn cell_name(column: usize, row: u32) -> String {
    let (mut letters, mut rest) = (Vec::new(), column + 1);
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect::<String>() + &row.to_string()
}

#[cfg(test)]
mod tests;
