//! What is printed and written: one list of lines per section, with the machine and the day.

use std::fmt::Write as _;
use std::process::Command;

/// The report so far.
pub(crate) struct Report {
    text: String,
}

impl Report {
    pub(crate) fn new(runs: usize) -> Self {
        let mut text = String::from("# Figures of the matching\n\n");
        let _ = writeln!(
            text,
            "Written by `make bench`. Medians of {runs} runs, in brackets the least and the most."
        );
        let _ =
            writeln!(text, "{}, {} cores, {}.", said("date", &["-u", "+%F %H:%M UTC"]), cores(), processor());
        let _ = writeln!(text, "Load of the machine at the start: {}.\n", load());
        let _ = writeln!(
            text,
            "Searches: a log of 2 000 packages, up to 3 zones around each end; order, room per leg, time and detour \
             checked, the soonest 64 kept; one core. Recall is the share of the pairs found by brute force that are \
             found (of 64 at most per query), precision the share of what is found that is right."
        );
        Self { text }
    }

    pub(crate) fn section(&mut self, title: &str) {
        println!("\n{title}");
        let _ = writeln!(self.text, "\n## {title}\n");
    }

    pub(crate) fn line(&mut self, name: &str, said: &str) {
        println!("  {name}: {said}");
        let _ = writeln!(self.text, "- **{name}**: {said}");
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

fn said(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name =
        info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    name.unwrap_or("unknown processor").to_owned()
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .split(' ')
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}
