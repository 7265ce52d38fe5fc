//! The command that plans published instances.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use peerpack::planning::draw_up_here;
use peerpack_actors::dispatch::Settings;
use peerpack_actors::dispatch::plan::{Aim, By, Figures, Plan, greedy, insertion};
use peerpack_quality::pdptw;

/// Plans instances, and prints a table.
pub fn pdptw(files: &[PathBuf], limit_s: u32) -> anyhow::Result<()> {
    println!(
        "| instance | jobs | vehicles at hand | greedy | insertion by ready time | plan of the day | best known |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for file in files {
        let (name, settings) = (name(file), Settings::default());
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let problem = pdptw::read(&text).with_context(|| file.display().to_string())?;
        let greedy = Plan::of(&problem, &greedy::calls(&problem, &settings), By::Greedy);
        let inserted = Plan::of(&problem, &insertion::calls(&problem, Aim::Couriers), By::Insertion);
        let draft = draw_up_here(&problem, &settings, Aim::Couriers, Duration::from_secs(limit_s.into()));
        if let Some(why) = draft.without {
            eprintln!("{name}: without the solver: {why}");
        }
        let best = pdptw::best_known(&name)
            .map_or("not known here".to_owned(), |(vehicles, way)| format!("{vehicles} vehicles, {way:.2}"));
        println!(
            "| {name} | {} | {} | {} | {} | {} ({}) | {best} |",
            problem.jobs.len(),
            problem.shifts.len(),
            told(&greedy.figures()),
            told(&inserted.figures()),
            told(&draft.plan.figures()),
            draft.plan.by.word(),
        );
    }
    Ok(())
}

/// Every plan has been driven stop by stop, so it breaks no rule; what it does not carry is told.
fn told(figures: &Figures) -> String {
    let left = if figures.left == 0 { String::new() } else { format!(", {} left", figures.left) };
    format!("{} vehicles, {:.2}{left}", figures.couriers, pdptw::units(figures.way_m))
}

fn name(file: &Path) -> String {
    file.file_stem().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}
