//! One's money over a time, as a table that programs for tables read.
//!
//! Both kinds are written a row at a time: of a spreadsheet only what is compressed stays in memory.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::time::{Span, Time};
use rust_xlsxwriter::Workbook;
use serde::Deserialize;
use utoipa::IntoParams;

use super::wallet;
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Query;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::{input, vocabulary};
use crate::store::{Database, LedgerOf, TransferRecord};

/// The time that is shown if none is named.
const USUAL: Span = Span::days(31);

/// How many movements one statement has at most.
const MAX_ROWS: usize = 50_000;

/// How many of them are read at a time.
const A_PAGE: u32 = 1_000;

const COLUMNS: [&str; 7] = ["time", "type", "description", "amount", "currency", "balance", "key"];

/// Which statement.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// From then on: an instant. A month before `to` if it is not said.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// Until then: an instant. Now if it is not said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    /// `csv` if it is not said.
    #[param(value_type = Option<vocabulary::StatementFormat>)]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Csv,
    Xlsx,
}

/// One's movements of roubles in a time, oldest first, with what there was before each of them and after the
/// last: as CSV or as a spreadsheet. `balance` counts all of one's money, free and set aside.
#[utoipa::path(get, path = "/api/user/statement", operation_id = "statement", tag = "money", security(("bearer" = [])),
    params(Period),
    responses((status = 200, description = "The statement.", content((String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn show(
    app: web::Data<App>,
    principal: Principal,
    query: Query<Period>,
) -> Result<HttpResponse, ApiError> {
    let mut wrong = Wrong::default();
    for (field, said) in [("from", query.0.from), ("to", query.0.to)] {
        if let Some(Err(refusal)) = said.map(|at| input::instant_within(field, at)) {
            wrong.add(refusal);
        }
    }
    wrong.finish(())?;
    let until = query.0.to.unwrap_or_else(|| app.clock.now() + Span::from_ms(1));
    let since = query.0.from.unwrap_or(until - USUAL);
    if since >= until {
        return Err(ApiError::unprocessable("to", "must be after from"));
    }
    let before = app.database.balance_before(principal.user, Currency::Rub, since).await?;
    let moved = movements(&app.database, principal, since, until).await?;
    let rows = rows(principal, before, &moved, (since, until));
    let format = query.0.format.unwrap_or_default();
    let work = move || if format == Format::Csv { csv(&rows) } else { xlsx(&rows) };
    let bytes = web::block(work).await.map_err(|error| ApiError::internal(&error))?;
    let bytes = bytes.map_err(|error| ApiError::internal(&error))?;
    let (media_type, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "statement.csv"),
        Format::Xlsx => {
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "statement.xlsx")
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(bytes))
}

async fn movements(
    database: &Database,
    principal: Principal,
    since: Time,
    until: Time,
) -> Result<Vec<TransferRecord>, ApiError> {
    let (mut moved, mut after) = (Vec::new(), (since - Span::from_ms(1), "\u{10ffff}".to_owned()));
    loop {
        let page = database.ledger(LedgerOf::User(principal.user), after, A_PAGE).await?;
        let is_last = page.len() < A_PAGE as usize || page.last().is_some_and(|last| last.at >= until);
        after = page.last().map_or((until, String::new()), |last| (last.at, last.key.clone()));
        moved.extend(page.into_iter().filter(|one| one.at < until && one.amount.currency == Currency::Rub));
        if moved.len() > MAX_ROWS {
            return Err(ApiError::unprocessable(
                "from",
                "the statement is too long: please ask for less time",
            ));
        }
        if is_last {
            return Ok(moved);
        }
    }
}

/// A row of a statement.
struct Line {
    time: String,
    kind: String,
    description: String,
    /// Minor units; nothing for the two balances.
    minor: Option<i64>,
    /// Minor units, afterwards.
    balance_minor: i64,
    key: String,
}

fn rows(
    principal: Principal,
    before: i64,
    moved: &[TransferRecord],
    (since, until): (Time, Time),
) -> Vec<Line> {
    let balance = |at: Time, kind: &str, balance_minor| Line {
        time: at.to_string(),
        kind: kind.to_owned(),
        description: String::new(),
        minor: None,
        balance_minor,
        key: String::new(),
    };
    let mut lines = vec![balance(since, "opening_balance", before)];
    let mut now = before;
    for one in moved {
        let change = wallet::change_of(one, principal.user);
        now += change;
        lines.push(Line {
            time: one.at.to_string(),
            kind: wallet::kind_of(one).to_owned(),
            description: one.description.clone(),
            minor: Some(change),
            balance_minor: now,
            key: one.key.clone(),
        });
    }
    lines.push(balance(until, "closing_balance", now));
    lines
}

/// A text of CSV that no program takes for a formula: `=`, `+`, `-`, `@`, a tab or a line's end in front are
/// made harmless.
fn harmless(text: &str) -> String {
    let is_risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_risky { format!("'{text}") } else { text.to_owned() }
}

fn decimal(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}

fn csv(lines: &[Line]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for line in lines {
        let amount = line.minor.map(decimal).unwrap_or_default();
        let balance = decimal(line.balance_minor);
        let description = harmless(&line.description);
        let texts = [&line.time, &line.kind, &description, &amount, "RUB", &balance, &line.key];
        writer.write_record(texts)?;
    }
    Ok(writer.into_inner()?)
}

fn xlsx(lines: &[Line]) -> anyhow::Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name("Statement")?;
    for (column, title) in (0..).zip(COLUMNS) {
        sheet.write_string(0, column, title)?;
    }
    for (row, line) in (1..).zip(lines) {
        // Texts are written as texts: a spreadsheet takes none of them for a formula, and would show what
        // makes one harmless in CSV.
        sheet.write_string(row, 0, &line.time)?.write_string(row, 1, &line.kind)?;
        sheet.write_string(row, 2, &line.description)?;
        if let Some(minor) = line.minor {
            sheet.write_number(row, 3, Amount::new(minor, Currency::Rub).major())?;
        }
        sheet.write_string(row, 4, Currency::Rub.code())?;
        sheet.write_number(row, 5, Amount::new(line.balance_minor, Currency::Rub).major())?;
        sheet.write_string(row, 6, &line.key)?;
    }
    Ok(workbook.save_to_buffer()?)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader as _, Xlsx};

    use super::*;

    fn line(description: &str, minor: i64) -> Line {
        Line {
            time: "2026-12-01T09:00:00Z".to_owned(),
            kind: "hold".to_owned(),
            description: description.to_owned(),
            minor: Some(minor),
            balance_minor: minor,
            key: "k".to_owned(),
        }
    }

    #[test]
    fn no_text_of_people_becomes_a_formula() {
        for risky in ["=1+1", "+7", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(harmless(risky), format!("'{risky}"));
            let written = String::from_utf8(csv(&[line(risky, -150)]).unwrap()).unwrap();
            assert!(written.contains(&format!("'{risky}")), "{written}");
        }
        assert_eq!(harmless("a vase = 1"), "a vase = 1");
        let written = String::from_utf8(csv(&[line("a \"vase\", red", -150)]).unwrap()).unwrap();
        let row = "2026-12-01T09:00:00Z,hold,\"a \"\"vase\"\", red\",-1.50,RUB,-1.50,k\n";
        assert_eq!(written, format!("{}\n{row}", COLUMNS.join(",")));
    }

    #[test]
    fn amounts_keep_their_last_kopeck() {
        for (minor, text) in [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123_456, "1234.56"), (-100, "-1.00")]
        {
            assert_eq!(decimal(minor), text);
        }
    }

    #[test]
    fn a_spreadsheet_is_one() {
        let bytes = xlsx(&[line("=1+1", 50_000)]).unwrap();
        assert!(bytes.starts_with(b"PK"), "a zip archive");
        let mut book = Xlsx::new(Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range("Statement").unwrap();
        let text = sheet.get_value((1, 2)).cloned();
        assert_eq!(text, Some(Data::String("=1+1".to_owned())), "a text, and shown as it is");
        assert!(book.worksheet_formula("Statement").unwrap().is_empty());
    }
}
