//! Lines out of files that people bring.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::iter::Peekable;
use std::ops::RangeInclusive;
use std::str::Bytes;

use calamine::{DataRef, Reader as _, Xlsx};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use peerpack_actors::place::Position;
use peerpack_actors::time::Time;

use super::writing::RISKY;
use super::{
    CellFault, Format, Line, MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_FAULTS, MAX_ROWS, MAX_UNPACKED,
    Unreadable, cell_name,
};

/// What was read of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Imported<L> {
    /// The lines that could be read, with the number of their row.
    pub lines: Vec<(u32, L)>,
    /// What is wrong with cells: a line with a fault is not among `lines`. At most [`MAX_FAULTS`].
    pub faults: Vec<CellFault>,
    /// How many lines have a fault.
    pub failed: usize,
    /// Where each column is, by its title.
    pub columns: BTreeMap<&'static str, usize>,
}

impl<L> Imported<L> {
    /// The name of a cell, by the title of its column; `None` where the file has no such column.
    #[must_use]
    pub fn cell(&self, column: &str, row: u32) -> Option<String> {
        self.columns.get(column).map(|n| cell_name(*n, row))
    }
}

/// Whose clocks a time without a zone is told by: those of a place, or of no place in particular.
pub type ZoneOf = fn(Option<Position>) -> TimeZone;

/// Reads a file. Times without a zone are those of the place that they are about, by `zone`.
///
/// # Errors
/// Nothing can be made of it.
pub fn read<L: Line>(bytes: &[u8], zone: ZoneOf) -> Result<Imported<L>, Unreadable> {
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let rows = match Format::of(bytes) {
        Format::Csv => of_csv(bytes)?,
        Format::Xlsx => of_xlsx(bytes)?,
    };
    let mut rows = rows.into_iter();
    let (head_row, head) = rows.next().ok_or(Unreadable::Empty)?;
    let mut imported =
        Imported { lines: Vec::new(), faults: Vec::new(), failed: 0, columns: BTreeMap::new() };
    let columns = match columns::<L>(head_row, &head) {
        Ok(columns) => columns,
        Err(faults) => {
            imported.faults = faults;
            return Ok(imported);
        }
    };
    for (row, cells) in rows {
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let mut fields = Fields { row, cells: &cells, columns: &columns, zone, faults: Vec::new() };
        fields.check_cells();
        match L::read(&mut fields) {
            Some(line) if fields.faults.is_empty() => imported.lines.push((row, line)),
            _ => {
                imported.failed += 1;
                let room = MAX_FAULTS.saturating_sub(imported.faults.len());
                imported.faults.extend(fields.faults.into_iter().take(room));
            }
        }
    }
    imported.columns = columns;
    Ok(imported)
}

/// What is wrong with a number that should be a whole one.
const NOT_WHOLE: &str = "must be a whole number within its bounds";

/// Where each column is. Titles may be in any order and case.
fn columns<L: Line>(row: u32, head: &[String]) -> Result<BTreeMap<&'static str, usize>, Vec<CellFault>> {
    let (mut columns, mut faults) = (BTreeMap::new(), Vec::new());
    let mut fault = |column: &str, n: usize, message| {
        faults.push(CellFault { row, column: column.to_owned(), cell: cell_name(n, row), message });
    };
    for (n, title) in head.iter().enumerate().filter(|(_, title)| !title.is_empty()) {
        let known = L::COLUMNS.iter().find(|column| column.name.eq_ignore_ascii_case(title));
        match known.map(|column| columns.insert(column.name, n)) {
            Some(None) => {}
            Some(Some(_)) => fault(title, n, "this column is there twice"),
            None => fault(&title.chars().take(100).collect::<String>(), n, "no column has this title"),
        }
    }
    for column in L::COLUMNS.iter().filter(|column| column.is_needed) {
        if !columns.contains_key(column.name) {
            fault(column.name, head.len(), "this column is missing");
        }
    }
    if faults.is_empty() { Ok(columns) } else { Err(faults) }
}

/// The cells of one line, by the titles of their columns. What cannot be read is noted.
pub struct Fields<'a> {
    row: u32,
    cells: &'a [String],
    columns: &'a BTreeMap<&'static str, usize>,
    zone: ZoneOf,
    faults: Vec<CellFault>,
}

impl Fields<'_> {
    /// What no cell may be, whatever its column.
    fn check_cells(&mut self) {
        for (column, n) in self.columns {
            let is_long = |cell: &String| cell.chars().count() > MAX_CELL;
            if self.cells.get(*n).is_some_and(is_long) {
                self.fault(column, "is too long");
            }
            // No database keeps it in a text; a spreadsheet may have it, as `_x0000_`.
            if self.cells.get(*n).is_some_and(|cell| cell.contains('\0')) {
                self.fault(column, "cannot be stored");
            }
        }
    }

    fn fault(&mut self, column: &str, message: &'static str) {
        let cell = cell_name(self.columns.get(column).copied().unwrap_or(0), self.row);
        self.faults.push(CellFault { row: self.row, column: column.to_owned(), cell, message });
    }

    fn raw(&self, column: &str) -> &str {
        let cell = self.columns.get(column).and_then(|n| self.cells.get(*n));
        cell.map_or("", String::as_str)
    }

    /// Words that may be missing.
    pub(super) fn text(&self, column: &str) -> String {
        plain(self.raw(column)).to_owned()
    }

    /// Words, if there are any.
    pub(super) fn optional(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty())
    }

    /// Words that have to be there for what is new; of what there is they may be missing.
    pub(super) fn words_of(&mut self, column: &'static str, is_new: bool) -> Option<String> {
        if is_new { self.words(column) } else { Some(self.text(column)) }
    }

    /// Words that have to be there.
    pub(super) fn words(&mut self, column: &'static str) -> Option<String> {
        let words = self.optional(column);
        if words.is_none() {
            self.fault(column, "must not be empty");
        }
        words
    }

    /// A number, `Some(None)` if there is none. A decimal comma does as well.
    fn number(&mut self, column: &'static str) -> Option<Option<f64>> {
        let text = plain(self.raw(column)).replace(',', ".");
        if text.is_empty() {
            return Some(None);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Some(Some(number)),
            _ => {
                self.fault(column, "must be a number");
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn whole(&mut self, column: &'static str, bounds: RangeInclusive<f64>) -> Option<u32> {
        let number = self.whole_if_any(column, bounds)?;
        if number.is_none() {
            self.fault(column, NOT_WHOLE);
        }
        number
    }

    /// A whole number within bounds, `Some(None)` if there is none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the bounds, and whole"
    )]
    pub(super) fn whole_if_any(
        &mut self,
        column: &'static str,
        bounds: RangeInclusive<f64>,
    ) -> Option<Option<u32>> {
        let Some(number) = self.number(column)? else { return Some(None) };
        if bounds.contains(&number) && number.fract() == 0.0 {
            return Some(Some(number as u32));
        }
        self.fault(column, NOT_WHOLE);
        None
    }

    /// An amount in major units, as minor ones; nothing is none.
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, far beyond any amount")]
    pub(super) fn minor(&mut self, column: &'static str) -> Option<i64> {
        Some((self.number(column)?.unwrap_or(0.0) * 100.0).round() as i64)
    }

    /// A position as orders keep it, `Some(None)` if there is none: both of its numbers, or neither.
    pub(super) fn position(&mut self, lat: &'static str, lon: &'static str) -> Option<Option<Position>> {
        match (self.number(lat)?, self.number(lon)?) {
            (None, None) => Some(None),
            (Some(north), Some(east)) => {
                let position = Position::new(north, east).ok().map(Position::rounded);
                if position.is_none() {
                    let is_lat = (-90.0..=90.0).contains(&north);
                    self.fault(if is_lat { lon } else { lat }, "is no position on earth");
                }
                position.map(Some)
            }
            (north, _) => {
                self.fault(
                    if north.is_none() { lat } else { lon },
                    "must not be empty if the other one is not",
                );
                None
            }
        }
    }

    /// Yes or no, `Some(None)` if nothing is said.
    pub(super) fn flag(&mut self, column: &'static str) -> Option<Option<bool>> {
        match plain(self.raw(column)).to_lowercase().as_str() {
            "" => Some(None),
            "yes" | "true" | "1" | "да" => Some(Some(true)),
            "no" | "false" | "0" | "нет" => Some(Some(false)),
            _ => {
                self.fault(column, "must be yes or no");
                None
            }
        }
    }

    /// A moment, `Some(None)` if there is none or it is to be at once: an instant, or a date and time as
    /// clocks show it at a place.
    pub(super) fn moment(&mut self, column: &'static str, at: Option<Position>) -> Option<Option<Time>> {
        let text = plain(self.raw(column));
        if ["", "now", "сейчас"].contains(&text.to_lowercase().as_str()) {
            return Some(None);
        }
        let here = || moment_of_clocks(text.parse().ok()?, &(self.zone)(at));
        let moment = text.parse::<Time>().ok().or_else(here);
        if moment.is_none() {
            self.fault(column, "must be a time such as 2026-12-31 09:30");
        }
        moment.map(Some)
    }

    /// A date and time without a zone, if that is what a cell says.
    pub(super) fn clocks(&self, column: &'static str) -> Option<DateTime> {
        let text = plain(self.raw(column));
        // An instant could be read so, too, and would lose its zone.
        if text.parse::<Time>().is_ok() { None } else { text.parse().ok() }
    }
}

/// The moment at which the clocks of a zone show a date and time; `None` beyond all calendars.
#[must_use]
pub fn moment_of_clocks(clocks: DateTime, zone: &TimeZone) -> Option<Time> {
    let there = clocks.to_zoned(zone.clone()).ok()?;
    Some(Time::from_ms(there.timestamp().as_millisecond()))
}

/// A text without the `'` that keeps it from being a formula.
pub(super) fn plain(text: &str) -> &str {
    let rest = text.strip_prefix('\'');
    rest.filter(|rest| rest.trim_start_matches('\'').starts_with(RISKY)).unwrap_or(text)
}

/// A row with its number, from 1.
type Rows = Vec<(u32, Vec<String>)>;

fn of_csv(bytes: &[u8]) -> Result<Rows, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotATable)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.contains('\0') {
        return Err(Unreadable::NotATable);
    }
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().rev();
    let delimiter = delimiter.max_by_key(|one| head.bytes().filter(|byte| byte == one).count());
    let delimiter = delimiter.unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut rows, mut numbers) = (Rows::new(), RowNumbers::of(text, delimiter));
    for record in reader.records() {
        let record = record.map_err(|_| Unreadable::NotATable)?;
        let row = numbers.next().ok_or(Unreadable::NotATable)?;
        if record.len() > MAX_COLUMNS {
            return Err(Unreadable::TooManyColumns);
        }
        if rows.len() > MAX_ROWS {
            return Err(Unreadable::TooManyRows);
        }
        rows.push((row, record.iter().map(|cell| cell.trim().to_owned()).collect()));
    }
    Ok(rows)
}

/// The numbers of the rows of a CSV file that are not blank, as programs for tables count them. The reader of
/// records passes blank rows over without a word, and a row within quotes may have many lines, so neither
/// records nor lines can be counted.
struct RowNumbers<'a> {
    bytes: Peekable<Bytes<'a>>,
    delimiter: u8,
    row: u32,
}

impl<'a> RowNumbers<'a> {
    fn of(text: &'a str, delimiter: u8) -> Self {
        Self { bytes: text.bytes().peekable(), delimiter, row: 0 }
    }

    /// Reads to the end of a row: whether there was anything in it. `None` after the last one.
    fn pass_row(&mut self) -> Option<bool> {
        self.bytes.peek()?;
        let (mut is_blank, mut is_quoted, mut cell_begins) = (true, false, true);
        while let Some(byte) = self.bytes.next() {
            match byte {
                // A quote that is doubled is one of the text.
                b'"' if is_quoted => is_quoted = self.bytes.next_if_eq(&b'"').is_some(),
                _ if is_quoted => {}
                b'\n' => break,
                b'\r' => {
                    self.bytes.next_if_eq(&b'\n');
                    break;
                }
                b'"' if cell_begins => (is_blank, is_quoted, cell_begins) = (false, true, false),
                _ => (is_blank, cell_begins) = (false, byte == self.delimiter),
            }
        }
        Some(!is_blank)
    }
}

impl Iterator for RowNumbers<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        loop {
            let has_cells = self.pass_row()?;
            self.row = self.row.saturating_add(1);
            if has_cells {
                return Some(self.row);
            }
        }
    }
}

/// The cells are taken one by one: for a whole sheet the library would make room for every cell up to the
/// last one, and a file of a few hundred bytes can name the last cell of a sheet.
fn of_xlsx(bytes: &[u8]) -> Result<Rows, Unreadable> {
    check_unpacked(bytes)?;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|_| Unreadable::NotATable)?;
    let sheet = workbook.sheet_names().first().cloned().ok_or(Unreadable::Empty)?;
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(|_| Unreadable::NotATable)?;
    let mut rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    while let Some(cell) = cells.next_cell().map_err(|_| Unreadable::NotATable)? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let column = column as usize;
        if column >= MAX_COLUMNS {
            return Err(Unreadable::TooManyColumns);
        }
        let cells = rows.entry(row.saturating_add(1)).or_default();
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = text;
        if rows.len() > MAX_ROWS + 1 {
            return Err(Unreadable::TooManyRows);
        }
    }
    Ok(rows.into_iter().collect())
}

/// Unpacks everything once, and throws it away: what an archive says of its own size need not be true.
fn check_unpacked(bytes: &[u8]) -> Result<(), Unreadable> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::NotATable)?;
    let mut left = MAX_UNPACKED;
    for n in 0..archive.len() {
        let entry = archive.by_index(n).map_err(|_| Unreadable::NotATable)?;
        let mut entry = entry.take(left + 1);
        let unpacked = std::io::copy(&mut entry, &mut std::io::sink()).map_err(|_| Unreadable::NotATable)?;
        left = left.checked_sub(unpacked).ok_or(Unreadable::TooLarge)?;
    }
    Ok(())
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(date) => moment_of(date.as_f64()).unwrap_or_default(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// A date of a spreadsheet: days since the end of 1899, without a zone.
#[expect(clippy::cast_possible_truncation, reason = "a date that is out of range is none")]
fn moment_of(days: f64) -> Option<String> {
    const EPOCH: DateTime = DateTime::constant(1899, 12, 30, 0, 0, 0, 0);
    let seconds = (days * 86_400.0).round() as i64;
    let moment = EPOCH.checked_add(jiff::Span::new().try_seconds(seconds).ok()?).ok()?;
    Some(moment.to_string())
}
