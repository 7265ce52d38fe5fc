//! Tables that the desk brings and takes away: orders, couriers and passengers as CSV or spreadsheets.
//!
//! A file is read whole before anything is changed, and every line is looked at. Without `skip_errors` a
//! file with a fault changes nothing; with it the other lines are imported.

pub mod drivers;
pub mod orders;
pub mod passengers;

mod report;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::{StreamExt as _, stream};
use jiff::tz::TimeZone;
use peerpack_actors::place::Position;
use peerpack_actors::time::{Span, Time};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::scope;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::http::{uploads, vocabulary};
use crate::sheets::{self, Change, Format, Imported, Line, MAX_BYTES, Unreadable, compare};
use crate::town::{self, Town, TownMap};
use report::Report;

pub use report::{ImportFault, ImportReport, ImportedId};

/// For how long lines are imported: what is left then is told, so that every call is answered in time.
const LONGEST: Span = Span::seconds(8);

/// How many lines are looked at, or imported, side by side.
const AT_ONCE: usize = 8;

/// How many things are read from the store at once.
const A_PAGE: usize = 1_000;

/// A file to be imported.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the form in the document; forms are read part by part")]
pub struct ImportForm {
    /// CSV in UTF-8, or a spreadsheet: at most 5 MiB and 10 000 lines. Its name and declared type do not
    /// count.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// `true` changes nothing, and answers what would be.
    dry_run: Option<bool>,
    /// `true` imports the lines without faults; otherwise one fault keeps everything out.
    skip_errors: Option<bool>,
}

/// In what kind of file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichFormat {
    /// `xlsx` if it is not said.
    #[param(value_type = Option<vocabulary::StatementFormat>)]
    format: Option<FileFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileFormat {
    Csv,
    Xlsx,
}

/// The format that is asked for, or a spreadsheet.
pub(super) fn format(asked: Option<FileFormat>) -> Format {
    match asked {
        Some(FileFormat::Csv) => Format::Csv,
        Some(FileFormat::Xlsx) | None => Format::Xlsx,
    }
}

/// Who imports, and where.
struct Desk<'a> {
    app: &'a App,
    town: &'a Town,
    map: &'a TownMap,
    by: Principal,
}

/// What there is of the lines of a file.
struct Known<T> {
    /// The known lines, by their id.
    lines: HashMap<String, T>,
    /// The lines that have no id, and whose phone says who they are.
    by_phone: BTreeSet<u32>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { lines: HashMap::new(), by_phone: BTreeSet::new() }
    }
}

/// Where the columns of a file are.
type Columns = BTreeMap<&'static str, usize>;

/// A kind of lines that can be imported.
trait Table: Line + Send + 'static {
    /// Why somebody new has a phone that is known, if these are people.
    const TAKEN: &'static str;

    /// Finds what there is of these lines. What is told and never read is made what it is, and so is what the
    /// file has no column for.
    async fn settle(
        desk: &Desk<'_>,
        lines: &mut [(u32, Self)],
        columns: &Columns,
    ) -> Result<Known<Self>, ApiError>;

    /// What is the same in no two lines, as far as it can be read.
    fn identity(&self) -> Option<String>;

    /// Whether a change can be made, as far as can be seen beforehand.
    async fn check(desk: &Desk<'_>, change: &Change<Self>) -> Result<(), ApiError>;

    /// Makes one change.
    async fn apply(desk: &Desk<'_>, change: &Change<Self>) -> Result<ImportedId, ApiError>;
}

/// Imports a file.
async fn import<T: Table>(
    app: &App,
    principal: Principal,
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (town, until) = (scope::town(app)?, app.clock.now() + LONGEST);
    let upload = uploads::receive(app, req, payload, MAX_BYTES).await?;
    let said = |name: &str| upload.words.get(name).is_some_and(|word| is_yes(word));
    let (dry_run, skip_errors) = (said("dry_run"), said("skip_errors"));
    let mut read: Imported<T> = sheets::take_in(upload.file, zone_of).await?;
    drop(upload.place);
    let map = scope::map(app).await?;
    let desk = Desk { app, town, map: &map, by: principal };
    let mut report = Report::new(dry_run, read.failed);
    for fault in &read.faults {
        let told = ApiError::unprocessable(&fault.column, fault.message);
        report.note(fault.row, told, |_| Some(fault.cell.clone()));
    }
    let known = T::settle(&desk, &mut read.lines, &read.columns).await?;
    let repeated = repeated(&read.lines);
    let lines = std::mem::take(&mut read.lines);
    let changes = compare(lines, |id| known.lines.get(id).cloned());
    let cell = |row: u32| {
        let read = &read;
        move |column: &str| read.cell(column, row)
    };

    let mut checks = stream::iter(&changes)
        .map(|(row, change)| {
            let (desk, known, repeated) = (&desk, &known, &repeated);
            async move {
                // What a line without an id is about is said by its phone.
                let is_by_phone = known.by_phone.contains(row) || matches!(change, Change::New(_));
                let outcome = if repeated.contains(row) {
                    let column = if is_by_phone { "phone" } else { "id" };
                    Err(ApiError::unprocessable(column, "is there twice"))
                } else if known.by_phone.contains(row) && matches!(change, Change::Changed(_)) {
                    Err(ApiError::conflict("conflict", T::TAKEN).with_field("phone", T::TAKEN))
                } else if matches!(change, Change::Same) {
                    Ok(())
                } else if app.clock.now() > until {
                    Err(too_late())
                } else {
                    T::check(desk, change).await
                };
                (*row, outcome)
            }
        })
        .buffered(AT_ONCE);
    while let Some((row, outcome)) = checks.next().await {
        match outcome {
            Ok(()) => {}
            Err(error) if error.status().is_server_error() => return Err(error),
            Err(error) => report.fail(row, error, cell(row)),
        }
    }
    drop(checks);
    let fine = changes.iter().filter(|(row, _)| !report.failed.contains(row));
    let fine: Vec<&(u32, Change<T>)> = fine.collect();
    if dry_run {
        fine.iter().for_each(|(_, change)| report.count(change));
    } else if skip_errors || report.is_clean() {
        let mut applied = stream::iter(fine)
            .map(|(row, change)| {
                let desk = &desk;
                async move {
                    let outcome = match change {
                        Change::Same => Ok(None),
                        _ if app.clock.now() > until => Err(too_late()),
                        change => T::apply(desk, change).await.map(Some),
                    };
                    (*row, change, outcome)
                }
            })
            .buffered(AT_ONCE);
        while let Some((row, change, outcome)) = applied.next().await {
            match outcome {
                Ok(id) => {
                    report.count(change);
                    report.made(id);
                }
                Err(error) => report.fail(row, error, cell(row)),
            }
        }
    }
    Ok(HttpResponse::Ok().json(report.done))
}

/// The lines that are about the same thing as one above them.
fn repeated<T: Table>(lines: &[(u32, T)]) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    let is_again = |(_, line): &&(u32, T)| line.identity().is_some_and(|identity| !seen.insert(identity));
    lines.iter().filter(is_again).map(|(row, _)| *row).collect()
}

fn too_late() -> ApiError {
    let message = "there was no time left for this line: import the rest again";
    ApiError::new(StatusCode::CONFLICT, "conflict", message)
}

fn is_yes(word: &str) -> bool {
    ["true", "1", "yes", "on"].contains(&word.trim().to_lowercase().as_str())
}

/// The clocks of a place.
pub(super) fn zone_of(at: Option<Position>) -> TimeZone {
    at.map_or(TimeZone::UTC, town::zone)
}

/// A file to be kept by whom it is sent to.
pub(super) fn attached(bytes: Vec<u8>, media_type: &'static str, name: String) -> HttpResponse {
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(bytes)
}

/// A table as a file.
pub(super) async fn table<L>(format: Format, lines: Vec<L>) -> Result<HttpResponse, ApiError>
where
    L: Line + Send + 'static,
{
    let bytes = sheets::make(format, lines, zone_of).await?.map_err(|error| ApiError::internal(&error))?;
    Ok(attached(bytes, format.media_type(), format!("{}.{}", L::NAME, format.extension())))
}

/// A table with its titles and an example.
async fn template<L>(which: &WhichFormat) -> Result<HttpResponse, ApiError>
where
    L: Line + Send + 'static,
{
    table(format(which.format), vec![L::example()]).await
}

/// More than one file takes.
fn too_many(field: &'static str) -> ApiError {
    ApiError::unprocessable(field, "there are more than one file takes: choose fewer")
}

/// The begin of a time that may be open, and its end.
type Period = (Option<Time>, Option<Time>);

impl From<Unreadable> for ApiError {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", unreadable.to_string()).with_retry_after(5)
            }
            Unreadable::TooLarge => Self::too_large(MAX_BYTES),
            Unreadable::TooManyRows
            | Unreadable::TooManyColumns
            | Unreadable::Empty
            | Unreadable::NotATable => Self::unprocessable("file", unreadable.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_says_is_read_as_forms_say_it() {
        for (word, yes) in [("true", true), ("True", true), ("1", true), (" on ", true), ("false", false)] {
            assert_eq!(is_yes(word), yes, "{word}");
        }
    }
}
