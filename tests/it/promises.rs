//! The table of promises in `docs/realtime.md`: nothing in it may be made up.

use std::collections::BTreeSet;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../docs/realtime.md");

/// The rows of the table: what is promised, and the tests that prove it.
fn rows(document: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let (_, table) = document.split_once("## Promises\n").unwrap();
    let lines =
        table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = lines.skip(2).map(|line| line.trim_matches('|').split(" | ").collect::<Vec<_>>());
    cells
        .map(|cells| {
            let promises = cells[0].split(',').map(str::trim).collect();
            (promises, cells.last().unwrap().split('`').skip(1).step_by(2).collect())
        })
        .collect()
}

/// Every function of every source file below some folders.
fn functions() -> BTreeSet<String> {
    fn collect(folder: &Path, into: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
                into.extend(names.map(str::to_owned));
            }
        }
    }
    let mut all = BTreeSet::new();
    for folder in ["src", "tests", "actors/src", "actors/tests", "loadtest/src"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    }
    all
}

/// What the table names and no source file has.
fn missing(document: &str) -> Vec<String> {
    let functions = functions();
    let named = rows(document).into_iter().flat_map(|(_, tests)| tests);
    named.filter(|name| !functions.contains(*name)).map(str::to_owned).collect()
}

#[test]
fn every_promise_of_the_socket_is_in_the_table_and_every_test_in_it_exists() {
    let rows = rows(DOCUMENT);
    assert!(rows.iter().all(|(_, tests)| !tests.is_empty()), "{rows:?}");
    let promised: BTreeSet<&str> = rows.into_iter().flat_map(|(promises, _)| promises).collect();
    let numbered = (1..=14).map(|n| format!("RT-{n}")).chain((1..=6).map(|n| format!("AV-{n}")));
    let left_out: Vec<_> = numbered.filter(|number| !promised.contains(number.as_str())).collect();
    assert_eq!(left_out, Vec::<String>::new());
    assert_eq!(missing(DOCUMENT), Vec::<String>::new());
}

/// The tests that the table of faults names and no source file has.
fn missing_faults(document: &str) -> Vec<&str> {
    let functions = functions();
    let named = document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.starts_with('f') && name.as_bytes().get(1).is_some_and(u8::is_ascii_digit));
    named.filter(|name| !functions.contains(*name)).collect()
}

#[test]
fn every_test_in_the_table_of_faults_exists() {
    let document = include_str!("../../docs/faults.md");
    assert_eq!(missing_faults(document), [""; 0]);
    assert_eq!(missing_faults(&document.replacen("`f10_", "`f10_not_", 1)).len(), 1);
}

#[test]
fn a_test_that_does_not_exist_is_seen() {
    let made_up = DOCUMENT.replacen("`rt_8_", "`rt_800_", 1);
    assert_eq!(missing(&made_up).len(), 1);
}
