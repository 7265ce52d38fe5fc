//! Files out of lines, a line at a time: of a spreadsheet only what is compressed stays in memory.

use peerpack_actors::place::Position;
use peerpack_actors::time::Time;
use rust_xlsxwriter::Workbook;

use super::{Cell, Format, Line, ZoneOf};

/// What a program for tables takes for the start of a formula.
pub(super) const RISKY: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// What Excel knows UTF-8 by.
const MARK: &str = "\u{feff}";

/// A text that no program takes for a formula: one that begins with a risky character, after however many
/// `'`, gets one more `'` in front. [`plain`](super::reading::plain) takes it away again, so nothing is lost.
pub(super) fn harmless(text: &str) -> String {
    if text.trim_start_matches('\'').starts_with(RISKY) { format!("'{text}") } else { text.to_owned() }
}

/// The same in a spreadsheet, where a cell that is a text is never taken for a formula: nothing is put in
/// front but what a text that begins with a `'` would lose when it is read.
fn in_spreadsheet(text: String) -> String {
    if text.starts_with('\'') { harmless(&text) } else { text }
}

/// A file of lines; moments are told by the clocks of their places, by `zone`.
///
/// # Errors
/// What keeps the file from being written.
pub fn write<L: Line>(
    format: Format,
    lines: impl IntoIterator<Item = L>,
    zone: ZoneOf,
) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Csv => csv(lines, zone),
        Format::Xlsx => xlsx(lines, zone),
    }
}

/// A file with the titles and one line as an example.
///
/// # Errors
/// What keeps the file from being written.
pub fn template<L: Line>(format: Format, zone: ZoneOf) -> anyhow::Result<Vec<u8>> {
    write(format, [L::example()], zone)
}

fn csv<L: Line>(lines: impl IntoIterator<Item = L>, zone: ZoneOf) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(MARK.as_bytes().to_vec());
    writer.write_record(L::COLUMNS.iter().map(|column| column.name))?;
    for line in lines {
        let text = |cell: Cell| match cell {
            Cell::Text(text) => harmless(&text),
            Cell::Number(number) => number.to_string(),
            Cell::Flag(flag) => word(flag).to_owned(),
            Cell::Moment(at, place) => moment(at, place, zone),
            Cell::Empty => String::new(),
        };
        writer.write_record(line.cells().into_iter().map(text))?;
    }
    Ok(writer.into_inner()?)
}

fn xlsx<L: Line>(lines: impl IntoIterator<Item = L>, zone: ZoneOf) -> anyhow::Result<Vec<u8>> {
    // Stays a text when somebody edits it, also where a program would see a formula or a number.
    let is_text = rust_xlsxwriter::Format::new().set_num_format("@");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(L::NAME)?;
    for (column, title) in (0..).zip(L::COLUMNS) {
        sheet.write_string(0, column, title.name)?;
    }
    for (row, line) in (1..).zip(lines) {
        for (column, cell) in (0..).zip(line.cells()) {
            match cell {
                Cell::Text(text) => {
                    sheet.write_string_with_format(row, column, in_spreadsheet(text), &is_text)?
                }
                Cell::Number(number) => sheet.write_number(row, column, number)?,
                Cell::Flag(flag) => sheet.write_string(row, column, word(flag))?,
                Cell::Moment(at, place) => {
                    sheet.write_string_with_format(row, column, moment(at, place, zone), &is_text)?
                }
                Cell::Empty => continue,
            };
        }
    }
    Ok(workbook.save_to_buffer()?)
}

/// A moment by the clocks of a place, with how far they are from UTC: people read the time there, and what is
/// read again is the same moment.
fn moment(at: Time, place: Option<Position>, zone: ZoneOf) -> String {
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.ms()) else { return at.to_string() };
    instant.display_with_offset(zone(place).to_offset(instant)).to_string()
}

const fn word(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
