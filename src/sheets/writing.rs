//! Files out of lines, a line at a time: of a spreadsheet only what is compressed stays in memory.

use rust_xlsxwriter::Workbook;

use super::{Cell, Format, Line};

/// What a program for tables takes for the start of a formula.
pub(super) const RISKY: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A text that no program takes for a formula: one that begins with a risky character, after however many
/// `'`, gets one more `'` in front. [`plain`](super::reading::plain) takes it away again, so nothing is lost.
pub(super) fn harmless(text: &str) -> String {
    if text.trim_start_matches('\'').starts_with(RISKY) { format!("'{text}") } else { text.to_owned() }
}

/// A file of lines.
///
/// # Errors
/// What keeps the file from being written.
pub fn write<L: Line>(format: Format, lines: impl IntoIterator<Item = L>) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Csv => csv(lines),
        Format::Xlsx => xlsx(lines),
    }
}

/// A file with the titles and one line as an example.
///
/// # Errors
/// What keeps the file from being written.
pub fn template<L: Line>(format: Format) -> anyhow::Result<Vec<u8>> {
    write(format, [L::example()])
}

fn csv<L: Line>(lines: impl IntoIterator<Item = L>) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(L::COLUMNS.iter().map(|column| column.name))?;
    for line in lines {
        let text = |cell: Cell| match cell {
            Cell::Text(text) => harmless(&text),
            Cell::Number(number) => number.to_string(),
            Cell::Flag(flag) => word(flag).to_owned(),
            Cell::Moment(at) => at.to_string(),
            Cell::Empty => String::new(),
        };
        writer.write_record(line.cells().into_iter().map(text))?;
    }
    Ok(writer.into_inner()?)
}

fn xlsx<L: Line>(lines: impl IntoIterator<Item = L>) -> anyhow::Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(L::NAME)?;
    for (column, title) in (0..).zip(L::COLUMNS) {
        sheet.write_string(0, column, title.name)?;
    }
    for (row, line) in (1..).zip(lines) {
        for (column, cell) in (0..).zip(line.cells()) {
            // Texts are written as texts: a spreadsheet takes none of them for a formula. They are made
            // harmless all the same, because somebody may save it as CSV.
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, harmless(&text))?,
                Cell::Number(number) => sheet.write_number(row, column, number)?,
                Cell::Flag(flag) => sheet.write_string(row, column, word(flag))?,
                Cell::Moment(at) => sheet.write_string(row, column, at.to_string())?,
                Cell::Empty => continue,
            };
        }
    }
    Ok(workbook.save_to_buffer()?)
}

const fn word(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
