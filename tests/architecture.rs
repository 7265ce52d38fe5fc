//! Who may import whom. Each crate is a house with floors: a room imports from the floors below it. Rooms on
//! one floor do not know each other, but for the doors that are listed here.
//!
//! It reads the sources as text. Tests inside of them may reach anywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A part of a crate with its rooms from the ground up.
struct House {
    /// The folder of the crate's sources.
    sources: &'static str,
    /// The module that holds the rooms; empty for the crate itself.
    module: &'static str,
    floors: &'static [&'static [&'static str]],
    /// Imports between rooms of one floor that are wanted: who, and what of whom.
    doors: &'static [(&'static str, &'static str)],
}

/// The server.
const SERVER: House = House {
    sources: "src",
    module: "",
    floors: &[
        &["outbound"],
        &["texts", "typed", "pictures", "planning", "routing", "sheets", "telegram", "bus", "supervise"],
        &["error"],
        &["auth"],
        &["config"],
        &["files", "payments", "telemetry"],
        &["store"],
        &["audit", "board", "clock", "edge", "town"],
        &["app"],
        &["talk"],
        &["maintenance", "ws"],
        &["http", "client", "top"],
        &["bot"],
        &["startup"],
        &["demo"],
        &["cli"],
    ],
    doors: &[],
};

/// The HTTP edge: what all handlers share below, a room for each noun, and what describes them all on top.
const HTTP: House = House {
    sources: "src",
    module: "http",
    floors: &[
        &["endpoint", "input", "links", "paging", "vocabulary"],
        &["places", "uploads", "jobs", "price", "marks"],
        &["market", "people", "money", "bot", "talk", "dispatch", "admin"],
        &["health", "pages", "reference"],
        &["openapi"],
    ],
    doors: &[
        ("market", "people::avatars"),
        ("market", "people::reviews"),
        ("people", "admin::operators"),
        ("talk", "people::avatars"),
        ("talk", "people::identity"),
        ("dispatch", "people::identity"),
    ],
};

/// The store: the layer over both databases, the engine's side above it, and a room for each noun on top.
const STORE: House = House {
    sources: "src",
    module: "store",
    floors: &[
        &["failure"],
        &["sql"],
        &["engine"],
        &["market", "people", "money", "bot", "talk", "dispatch", "upkeep"],
        &["setup"],
    ],
    doors: &[("people", "talk::posts"), ("people", "talk::reports")],
};

/// The engine: the core decides, and the runtime above it holds what lives.
const ENGINE: House = House {
    sources: "actors/src",
    module: "",
    floors: &[
        &["time", "place", "leg"],
        &["ids"],
        &["rejection", "receipt", "work"],
        &["money"],
        &["market", "talk"],
        &["matching", "stream"],
        &["dispatch"],
        &["unit", "invariants"],
        &["ports"],
        &["runtime"],
    ],
    doors: &[],
};

/// The runtime: what is shared below, the actors above it, and the engine's front on top.
const RUNTIME: House = House {
    sources: "actors/src",
    module: "runtime",
    floors: &[
        &[
            "refusal",
            "promise",
            "session",
            "recent",
            "envelope",
            "spans",
            "threads",
            "offers",
            "market_model",
            "auction",
        ],
        &["mailbox", "roster", "feed"],
        &["messages", "directory"],
        &["context"],
        &["claim", "measured", "learning", "warming", "fair_claims", "kinds"],
        &["retirement", "wave"],
        &["trip_actor", "package_actor", "user_actor"],
        &["supervisor", "failpoints"],
        &["engine"],
    ],
    doors: &[],
};

/// Where tokio's clock is looked at: to measure how long something takes, and to lose patience. What is
/// decided or stored takes its time from the injected clock.
const STOPWATCHES: &[&str] = &[
    "actors/src/runtime/envelope.rs",
    "actors/src/runtime/mailbox.rs",
    "actors/src/runtime/threads.rs",
    "src/auth/phone.rs",
    "src/client.rs",
    "src/client/connection.rs",
    "src/edge/connections/turn.rs",
    "src/edge/request_log.rs",
    "src/edge/sockets.rs",
    "src/http/health.rs",
    "src/http/uploads.rs",
    "src/planning.rs",
    "src/routing.rs",
    "src/startup/ending.rs",
    "src/store/engine/checkpoints.rs",
    "src/store/engine/lanes.rs",
    "src/store/engine/run.rs",
    "src/store/engine/writer.rs",
    "src/store/sql/writable.rs",
    "src/store/talk/speakers.rs",
    "src/supervise.rs",
    "src/telemetry.rs",
    "src/ws/conversation.rs",
    "src/ws/conversation/due.rs",
    "src/ws/conversation/talk.rs",
    "src/ws/conversation/watching.rs",
    "src/ws/line.rs",
    "src/ws/peer.rs",
    "src/ws/session.rs",
    "src/ws/viewing.rs",
];

/// Where randomness is made: secrets, names of nodes and connections, and what keeps many from coming at
/// once. What is decided gets it as an argument.
const DICE: &[&str] = &[
    "src/app.rs",
    "src/client.rs",
    "src/edge/outbox.rs",
    "src/edge/sockets.rs",
    "src/http/admin/operators.rs",
    "src/http/money/wallet.rs",
    "src/http/people/identity.rs",
    "src/http/people/identity/operator.rs",
    "src/http/people/identity/phone.rs",
    "src/http/people/identity/second_factor.rs",
    "src/startup.rs",
    "src/startup/identity.rs",
    "src/store/engine/jobs.rs",
    "src/store/engine/run.rs",
    "src/store/money/payments.rs",
    "src/store/setup.rs",
    "src/ws/conversation/talk.rs",
    "src/ws/peer.rs",
    "src/ws/session.rs",
    "src/ws/ticket.rs",
    "src/ws/upgrade.rs",
];

#[test]
fn clocks_and_randomness_have_their_places() {
    for (what, places) in [("Instant::now()", STOPWATCHES), ("rand::random", DICE)] {
        let known: BTreeSet<String> = places.iter().map(|&place| place.to_owned()).collect();
        let mut found = BTreeSet::new();
        for folder in ["src", "actors/src"] {
            let here = sources(folder).into_iter().filter(|(_, text)| code(text).contains(what));
            found.extend(here.map(|(file, _)| format!("{folder}/{file}")));
        }
        assert_eq!(found, known, "files with {what}");
    }
}

/// How long a line of a comment may be, in columns. The formatter sees to code, and leaves comments alone;
/// `scripts/wrap.py` wraps them.
const MAX_COLUMNS: usize = 110;

#[test]
fn no_comment_is_wider_than_the_code() {
    let mut wide = Vec::new();
    for folder in ["src", "actors", "loadtest", "quality", "tests", "benches"] {
        for (file, text) in files(folder, |_| true) {
            let is_wide = |line: &str| {
                let comment = line.trim_start().strip_prefix("//");
                // A row of a table is a line.
                let is_row =
                    comment.is_some_and(|text| text.trim_start_matches(['/', '!', ' ']).starts_with('|'));
                comment.is_some() && !is_row && line.chars().count() > MAX_COLUMNS
            };
            let lines = text.lines().zip(1..).filter(|(line, _)| is_wide(line));
            wide.extend(lines.map(|(_, number)| format!("{folder}/{file}:{number}")));
        }
    }
    assert!(
        wide.is_empty(),
        "comments over {MAX_COLUMNS} columns; scripts/wrap.py wraps them:\n{}",
        wide.join("\n")
    );
}

#[test]
fn files_that_the_documents_name_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "actors", "loadtest", "quality", "tests", "benches"];
    let known: Vec<String> = folders
        .iter()
        .flat_map(|folder| {
            files(folder, |_| true).into_iter().map(move |(file, _)| format!("/{folder}/{file}"))
        })
        .collect();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root.join(document)).expect("a document");
        let named = text.split('`').skip(1).step_by(2).filter(|name| {
            name.ends_with(".rs") && name.chars().all(|one| one.is_alphanumeric() || "_/.".contains(one))
        });
        // Paths are short there: the end of one is enough.
        let gone: Vec<&str> =
            named.filter(|name| !known.iter().any(|file| file.ends_with(&format!("/{name}")))).collect();
        assert!(gone.is_empty(), "{document} names files that are not there: {gone:?}");
    }
}

#[test]
fn no_room_imports_from_above_or_from_beside() {
    for house in [SERVER, HTTP, STORE, ENGINE, RUNTIME] {
        let wrong = house.wrong_imports(&sources(house.sources));
        assert!(wrong.is_empty(), "in {}, {}:\n{}", house.sources, house.module, wrong.join("\n"));
    }
}

#[test]
fn every_room_has_a_floor() {
    for house in [SERVER, HTTP, STORE, ENGINE, RUNTIME] {
        let known: BTreeSet<_> = house.floors.iter().copied().flatten().copied().collect();
        let sources = sources(house.sources);
        let found: BTreeSet<_> =
            sources.iter().filter_map(|(file, _)| house.room_of(&module_of(file))).collect();
        let found: BTreeSet<_> = found.iter().map(String::as_str).collect();
        assert_eq!(
            found, known,
            "rooms of {} {}, beside those that have a floor",
            house.sources, house.module
        );
    }
}

#[test]
fn an_import_from_above_or_from_beside_is_found() {
    let house = House {
        sources: "src",
        module: "",
        floors: &[&["store"], &["left", "right"]],
        doors: &[("right", "left::hall")],
    };
    let wrong = |file: &str, text: &str| house.wrong_imports(&[(file.to_owned(), text.to_owned())]).len();
    assert_eq!(wrong("left.rs", "use crate::store::Database;"), 0);
    assert_eq!(wrong("store.rs", "use crate::left::Hand;"), 1, "from above");
    assert_eq!(wrong("store/deep/down.rs", "use crate::{left, store};"), 1, "in a list");
    assert_eq!(
        wrong("store/rows.rs", "fn row() { super::super::right::hand() }"),
        1,
        "relative, without a `use`"
    );
    assert_eq!(wrong("left.rs", "use crate::right::{Foot, Hand};"), 2, "from beside");
    assert_eq!(wrong("right.rs", "use crate::left::{hall::{Door, Key}, hall};"), 0, "by the door");
    assert_eq!(wrong("right.rs", "use crate::left::{hall::Door, cellar};"), 1, "beside the door");
    assert_eq!(wrong("store.rs", "//! See [`crate::left`].\n// crate::right does it."), 0, "in a comment");
    assert_eq!(
        wrong("store.rs", "#[cfg(test)]\nmod tests {\n    use crate::left::Hand;\n}\n"),
        0,
        "in a test"
    );
}

impl House {
    /// Imports that go up, or sideways by no door.
    fn wrong_imports(&self, sources: &[(String, String)]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (file, text) in sources {
            let module = module_of(file);
            let Some(from) = self.room_of(&module) else { continue };
            for path in imports(&module, text) {
                let Some(to) = self.room_of(&path).filter(|to| *to != from) else { continue };
                let is_below = self.floor(&to) < self.floor(&from);
                let inside = self.inside(&path).unwrap_or_default();
                let is_door = |(who, what): &&(&str, &str)| {
                    *who == from && (inside == *what || inside.starts_with(&format!("{what}::")))
                };
                if !is_below && !self.doors.iter().any(|door| is_door(&door)) {
                    wrong.push(format!("{}/{file}: {from} may not import {inside}", self.sources));
                }
            }
        }
        wrong.sort();
        wrong.dedup();
        wrong
    }

    /// The path of a module below the one that holds the rooms.
    fn inside(&self, module: &str) -> Option<String> {
        let inside = match self.module {
            "" => module,
            holder => module.strip_prefix(holder)?.strip_prefix("::")?,
        };
        Some(inside.to_owned())
    }

    fn room_of(&self, module: &str) -> Option<String> {
        let inside = self.inside(module)?;
        let room = inside.split("::").next()?;
        // The crate's own files, and names that are defined in the module itself, are no rooms.
        let is_room =
            room.starts_with(|first: char| first.is_ascii_lowercase()) && room != "main" && room != "lib";
        is_room.then(|| room.to_owned())
    }

    fn floor(&self, room: &str) -> usize {
        self.floors.iter().position(|rooms| rooms.contains(&room)).unwrap_or(usize::MAX)
    }
}

/// The files of a crate with their texts, without those that hold tests.
fn sources(folder: &str) -> Vec<(String, String)> {
    files(folder, |path| path.file_stem().is_none_or(|name| name != "tests"))
}

/// The Rust files of a folder that are wanted, with their texts.
fn files(folder: &str, is_wanted: impl Fn(&Path) -> bool) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let (mut folders, mut files) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path: PathBuf = entry.expect("a file").path();
            if !is_wanted(&path) || path.file_name().is_some_and(|name| name == "target") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    files
}

/// `http/market/trips.rs` is the module `http::market::trips`.
fn module_of(file: &str) -> String {
    file.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::")
}

/// A text without its comments and tests.
fn code(text: &str) -> String {
    let lines = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines();
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line.split(" // ").next().unwrap_or_default(), "\n"])
        .collect()
}

/// Every path of its own crate that a file names, from the crate's root.
fn imports(module: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        let before = code[..start].chars().next_back();
        if before.is_some_and(|one| one.is_alphanumeric() || matches!(one, '_' | ':' | '$')) {
            continue;
        }
        let mut rest = &code[start..];
        let mut holder: Vec<&str> = if module == "lib" { Vec::new() } else { module.split("::").collect() };
        if let Some(after) = rest.strip_prefix("crate::") {
            (holder, rest) = (Vec::new(), after);
        }
        while let Some(after) = rest.strip_prefix("super::") {
            holder.pop();
            rest = after;
        }
        tree(&holder.join("::"), rest, &mut found);
    }
    found
}

/// Takes the paths of a tree as in `a::{b, c::d}` in.
fn tree(holder: &str, text: &str, found: &mut Vec<String>) {
    let join = |part: &str| if holder.is_empty() { part.to_owned() } else { format!("{holder}::{part}") };
    if let Some(list) = text.strip_prefix('{') {
        let (mut depth, mut start) = (0_usize, 0);
        for (at, one) in list.char_indices() {
            match one {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    tree(holder, list[start..at].trim(), found);
                    return;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    tree(holder, list[start..at].trim(), found);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let end = text.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(text.len());
    let name = &text[..end];
    if name.is_empty() || name == "self" {
        found.extend((!holder.is_empty()).then(|| holder.to_owned()));
        return;
    }
    match text[end..].strip_prefix("::") {
        Some(rest) if rest.starts_with(|one: char| one.is_alphanumeric() || matches!(one, '_' | '{')) => {
            tree(&join(name), rest, found);
        }
        _ => found.push(join(name)),
    }
}
