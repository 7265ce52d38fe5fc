//! Documents that say what the code does are held against the code.
//!
//! It reads the sources as text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The texts of a folder's files with this ending, by their paths from the root of the repository.
fn texts(folder: &str, ending: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path: PathBuf = entry.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|known| known == ending) {
                let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    files.sort();
    files
}

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a text")
}

/// A source without its tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
}

/// The names of metrics that stand between such marks.
fn metrics(text: &str, mark: char) -> BTreeSet<String> {
    let is_metric = |word: &&str| {
        let rest = word.strip_prefix("peerpack_").or_else(|| word.strip_prefix("bus_"));
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()))
    };
    text.split(mark).filter(is_metric).map(str::to_owned).collect()
}

#[test]
fn every_metric_is_in_the_page_of_the_operators() {
    let sources = texts("src", "rs").into_iter().chain(texts("actors/src", "rs"));
    let mut registered = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for (file, text) in sources {
        let names = metrics(without_tests(&text), '"');
        if file == "src/top.rs" { shown.extend(names) } else { registered.extend(names) }
    }
    assert!(registered.len() > 40, "{registered:?}");
    let page = metrics(&text("docs/operations.md"), '`');
    assert_eq!(page, registered, "docs/operations.md and the sources");
    let unknown: Vec<_> =
        shown.iter().filter(|name| !registered.contains(name.trim_end_matches("_count"))).collect();
    assert!(unknown.is_empty(), "`peerpack top` shows what nobody counts: {unknown:?}");
}

/// A number of a contract, a fault or an attack: `X-36` in a document is `x_36_` in the name of a test.
fn number_of(test: &str) -> Option<(&'static str, u32)> {
    [("rt_", "RT-"), ("x_", "X-"), ("f", "F")].into_iter().find_map(|(prefix, kind)| {
        let (digits, _) = test.strip_prefix(prefix)?.split_once('_')?;
        Some((kind, digits.parse().ok()?))
    })
}

/// The tests that are named by numbers: kind and number, name, file.
fn numbered_tests() -> BTreeSet<(&'static str, u32, String, String)> {
    let folders =
        ["tests", "src", "actors/src", "actors/tests", "loadtest/src", "quality/src", "quality/tests"];
    let mut found = BTreeSet::new();
    for (file, text) in folders.into_iter().flat_map(|folder| texts(folder, "rs")) {
        for line in text.lines() {
            let Some((_, rest)) = line.split_once("fn ") else { continue };
            let name =
                rest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            if let Some((kind, number)) = number_of(name) {
                found.insert((kind, number, name.to_owned(), file.clone()));
            }
        }
    }
    found
}

fn register() -> String {
    let mut page = String::from(
        "# Numbers and their tests\n\n\
         F numbers are faults that are made on purpose (docs/faults.md says what must hold), RT numbers are rules of\n\
         the socket, X numbers are attacks and abuses. This page is made of the names of the tests by\n\
         `make numbers`, and a test fails when it is stale.\n\n\
         | | test | file |\n| --- | --- | --- |\n",
    );
    for (kind, number, name, file) in numbered_tests() {
        let number = if kind == "F" { format!("F{number:02}") } else { format!("{kind}{number}") };
        let (_, rest) = name.split_once('_').unwrap_or_default();
        let sentence = rest.trim_start_matches(|c: char| c.is_ascii_digit()).replace('_', " ");
        page.push_str(&format!("| {number} | {} | `{file}` |\n", sentence.trim()));
    }
    page
}

#[test]
fn the_register_of_numbers_is_that_of_the_tests() {
    let register = register();
    if std::env::var_os("PEERPACK_WRITE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/numbers.md");
        fs::write(path, &register).expect("the page is written");
    }
    assert!(register.lines().count() > 100, "{register}");
    assert_eq!(text("docs/numbers.md"), register, "docs/numbers.md is stale: `make numbers` writes it");
}

#[test]
fn a_number_is_read_from_the_name_of_a_test() {
    assert_eq!(number_of("f01_a_peer_that_hears_nothing"), Some(("F", 1)));
    assert_eq!(number_of("x_101_fifty_addresses"), Some(("X-", 101)));
    assert_eq!(number_of("rt_7_who_does_not_answer"), Some(("RT-", 7)));
    assert_eq!(number_of("from_a_to_b"), None);
    assert_eq!(number_of("x_axis_first"), None);
}

#[test]
fn every_test_that_the_page_of_faults_names_is_there() {
    let tests: BTreeSet<String> = numbered_tests().into_iter().map(|(_, _, name, _)| name).collect();
    let page = text("docs/faults.md");
    let named: BTreeSet<&str> = page.split('`').filter(|word| number_of(word).is_some()).collect();
    assert!(named.len() > 20, "{named:?}");
    let gone: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
    assert!(gone.is_empty(), "tests that are not there: {gone:?}");
}

#[test]
fn every_test_that_the_page_of_the_dispatch_names_is_there() {
    let page = text("docs/dispatch.md");
    let (_, below) = page.split_once("### Faults that it does not have").expect("the heading");
    let rows =
        below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    are_there(&in_last_column(rows));
}

#[test]
fn every_test_that_the_page_of_the_guards_of_money_names_is_there() {
    let page = text("docs/money-guards.md");
    let (noticed, _) = page.split_once("## Second belts").expect("the heading");
    are_there(&in_last_column(noticed.lines().filter(|line| line.starts_with("| "))));
}

/// The code in the last column of a table, below its head.
fn in_last_column<'a>(rows: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let last = |row: &'a str| row.rsplit('|').nth(1).unwrap_or_default();
    rows.flat_map(|row| last(row).split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn are_there(tests: &BTreeSet<String>) {
    assert!(tests.len() > 20, "{tests:?}");
    let sources: Vec<_> =
        ["tests", "src", "actors"].into_iter().flat_map(|folder| texts(folder, "rs")).collect();
    let is_there = |name: &&String| sources.iter().any(|(_, text)| text.contains(&format!("fn {name}(")));
    let gone: Vec<_> = tests.iter().filter(|name| !is_there(name)).collect();
    assert!(gone.is_empty(), "tests that are not there: {gone:?}");
}

#[test]
fn the_image_is_built_with_every_file_that_the_program_includes() {
    let dockerfile = text("Dockerfile");
    let build = dockerfile.split("AS builder").nth(1).and_then(|rest| rest.split("\nFROM").next());
    let copied: Vec<&str> = build
        .expect("a stage that builds")
        .lines()
        .filter_map(|line| line.strip_prefix("COPY ").filter(|what| !what.starts_with("--from")))
        .flat_map(|what| what.split_whitespace().rev().skip(1))
        .collect();
    let mut included = BTreeSet::new();
    for (file, text) in texts("src", "rs").into_iter().chain(texts("actors/src", "rs")) {
        if file.contains("/tests") {
            continue;
        }
        let folder = Path::new(&file).parent().expect("a folder").to_owned();
        for call in ["include_str!(\"", "include_bytes!(\""] {
            for rest in without_tests(&text).split(call).skip(1) {
                let mut path = folder.clone();
                for part in rest.split('"').next().unwrap_or_default().split('/') {
                    if part == ".." {
                        path.pop();
                    } else {
                        path.push(part);
                    }
                }
                included.insert(path.to_string_lossy().into_owned());
            }
        }
    }
    assert!(included.len() > 5, "{included:?}");
    let missing: Vec<_> =
        included.iter().filter(|file| !copied.iter().any(|what| Path::new(file).starts_with(what))).collect();
    assert!(missing.is_empty(), "the Dockerfile copies no {missing:?}");
}
