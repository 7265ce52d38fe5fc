//! What is told of an import.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, request_id};
use crate::sheets::{Change, MAX_FAULTS};

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportFault {
    /// The line, as programs for tables number them: the titles are line 1.
    row: u32,
    /// What is wrong, beginning with the name of the cell.
    message: String,
    /// The cell, as in `C7`, if it is about one that is there.
    cell: Option<String>,
    /// The title of its column.
    column: Option<String>,
}

/// The id of something that was imported: a text of orders, a number of people.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ImportedId {
    /// Of a courier or a passenger.
    Number(i64),
    /// Of an order.
    Text(String),
}

/// What became of a file.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// How many lines are imported, those included that say what was there; with `dry_run` how many can be.
    success: usize,
    /// How many are not.
    failed: usize,
    /// How many of `success` are new.
    created: usize,
    /// How many of `success` were changed.
    changed: usize,
    /// Of `success`: the same as before.
    unchanged: usize,
    /// What is wrong, at most 200 of it.
    errors: Vec<ImportFault>,
    /// What was made or changed, in the order of the lines; nothing with `dry_run`.
    imported_ids: Vec<ImportedId>,
    dry_run: bool,
}

/// What is told of an import, as it becomes known.
pub(super) struct Report {
    pub(super) done: ImportReport,
    /// The rows of lines that cannot be imported.
    pub(super) failed: BTreeSet<u32>,
}

impl Report {
    /// Of a file of which so many lines cannot be read.
    pub(super) fn new(dry_run: bool, failed: usize) -> Self {
        Self { done: ImportReport { dry_run, failed, ..ImportReport::default() }, failed: BTreeSet::new() }
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_clean(&self) -> bool {
        self.done.failed == 0 && self.done.errors.is_empty()
    }

    /// A line that says what it does.
    pub(super) fn count<T>(&mut self, change: &Change<T>) {
        self.done.success += 1;
        match change {
            Change::New(_) => self.done.created += 1,
            Change::Changed(_) => self.done.changed += 1,
            Change::Same | Change::Unknown(_) => self.done.unchanged += 1,
        }
    }

    /// What a line has made or changed, if it has.
    pub(super) fn made(&mut self, id: Option<ImportedId>) {
        self.done.imported_ids.extend(id);
    }

    /// A line that cannot be imported.
    pub(super) fn fail(&mut self, row: u32, error: ApiError, cell: impl Fn(&str) -> Option<String>) {
        if self.failed.insert(row) {
            self.done.failed += 1;
        }
        self.note(row, error, cell);
    }

    /// What is wrong with a line, cell by cell.
    pub(super) fn note(&mut self, row: u32, error: ApiError, cell: impl Fn(&str) -> Option<String>) {
        let error = error.told_in(request_id::language());
        let fields = error.problem(None).fields;
        let mut faults: Vec<ImportFault> = fields
            .into_iter()
            .map(|(column, reason)| {
                let cell = cell(&column);
                let message = format!("{}: {reason}", cell.as_deref().unwrap_or(&column));
                ImportFault { row, message, cell, column: Some(column) }
            })
            .collect();
        if faults.is_empty() {
            let message = error.message().to_owned();
            faults.push(ImportFault { row, message, cell: None, column: None });
        }
        let room = MAX_FAULTS.saturating_sub(self.done.errors.len());
        self.done.errors.extend(faults.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_cell_and_a_line_fails_once() {
        let mut report = Report::new(false, 0);
        assert!(report.is_clean());
        let wrong = ApiError::unprocessable("capacity", "must be 1 to 60");
        report.fail(7, wrong.clone(), |_| Some("H7".to_owned()));
        report.fail(7, wrong, |_| None);
        report.fail(8, ApiError::not_found(), |_| None);
        assert_eq!((report.done.failed, report.done.errors.len()), (2, 3));
        assert!(report.done.errors[0].message.starts_with("H7: "), "{:?}", report.done.errors);
        assert!(report.done.errors[1].message.starts_with("capacity: "), "{:?}", report.done.errors);
        for _ in 0..300 {
            report.fail(9, ApiError::not_found(), |_| None);
        }
        assert_eq!(report.done.errors.len(), MAX_FAULTS);
    }
}
