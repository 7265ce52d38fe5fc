//! What is wrong with a table is said, with its line.

use super::*;
use crate::place::{Problem, Table};

const HEADER: &str = "id\tname_ru\tname_en\tlat\tlon\ttz\tcountry\tregion\tpopulation\tkind\tcity";
const UFA: &str = "1\tУфа\tUfa\t54.7\t55.9\tAsia/Yekaterinburg\tRU\t\t1000\ttown\t";

fn with_places(rows: &str) -> Tables {
    Tables::of_places(format!("{HEADER}\n{rows}").leak())
}

fn problem(tables: Tables) -> (Table, usize, Problem) {
    let error = Gazetteer::parse(tables).unwrap_err();
    (error.table, error.line, error.problem)
}

#[test]
fn a_wrong_line_of_places_is_named() {
    for (row, expected) in [
        ("", Problem::Empty),
        ("1\tУфа", Problem::Columns),
        ("x\tУфа\tUfa\t54.7\t55.9\tA/B\tRU\t\t1\ttown\t", Problem::Value("id")),
        ("1\t \tUfa\t54.7\t55.9\tA/B\tRU\t\t1\ttown\t", Problem::Value("name_ru")),
        ("1\tУфа\tUfa\t94.7\t55.9\tA/B\tRU\t\t1\ttown\t", Problem::Value("position")),
        ("1\tУфа\tUfa\tNaN\t55.9\tA/B\tRU\t\t1\ttown\t", Problem::Value("position")),
        ("1\tУфа\tUfa\t54.7\t55.9\tA/B\tru\t\t1\ttown\t", Problem::Value("country")),
        ("1\tУфа\tUfa\t54.7\t55.9\tA/B\tRU\t08\t1\ttown\t", Problem::UnknownRegion),
        ("1\tУфа\tUfa\t54.7\t55.9\tA/B\tRU\t\t-1\ttown\t", Problem::Value("population")),
        ("1\tУфа\tUfa\t54.7\t55.9\tA/B\tRU\t\t1\tvillage\t", Problem::Value("kind")),
        ("1\tУфа\tUfa\t54.7\t55.9\tA/B\tRU\t\t1\ttown\t2", Problem::UnknownPlace),
        ("1\tУфа\tUfa\t54.7\t55.9\tA/B\tRU\t\t1\ttown\t1", Problem::UnknownPlace),
        ("1\tУфа\tUfa\t54.7\t55.9\tA/B\tRU\t\t1\tsmall\t", Problem::Empty),
    ] {
        let line = if expected == Problem::Empty { 1 } else { 2 };
        assert_eq!(problem(with_places(row)), (Table::Places, line, expected), "{row}");
    }
    assert_eq!(problem(with_places(&format!("{UFA}\n{UFA}"))), (Table::Places, 3, Problem::Repeated));
}

#[test]
fn a_wrong_line_of_another_table_is_named() {
    let good = with_places(UFA);
    let aliases = |aliases| problem(Tables { aliases, ..good });
    assert_eq!(aliases("alias\tid\n"), (Table::Aliases, 1, Problem::Header));
    assert_eq!(aliases("alias\tplace\nуф"), (Table::Aliases, 2, Problem::Columns));
    assert_eq!(aliases("alias\tplace\nуф\t2"), (Table::Aliases, 2, Problem::UnknownPlace));
    assert_eq!(aliases("alias\tplace\n\t1"), (Table::Aliases, 2, Problem::Value("alias")));
    let regions = |row: &str| {
        problem(Tables { regions: format!("country\tcode\tname_ru\tname_en\taliases\n{row}").leak(), ..good })
    };
    assert_eq!(regions("RU\t08\tБашкирия"), (Table::Regions, 2, Problem::Columns));
    let bashkiria = "RU\t08\tБашкирия\tBashkiria\t";
    assert_eq!(regions(&format!("{bashkiria}\n{bashkiria}")), (Table::Regions, 3, Problem::Repeated));
    let countries = "code\tname_ru\tname_en\taliases\nRUS\tРоссия\tRussia\t";
    assert_eq!(problem(Tables { countries, ..good }), (Table::Countries, 2, Problem::Value("country")));
}

#[test]
fn an_error_says_where_it_is() {
    let error = Gazetteer::parse(Tables::of_places("id")).unwrap_err();
    assert_eq!(error.to_string(), "line 1 of places: not the expected header");
}
