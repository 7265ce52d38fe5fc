//! The report: tables and plots of what was measured on test seeds. Nothing else can be reported.

use std::fmt::Write as _;

use crate::measure::{Measured, Rule};
use crate::seed::Test;

/// Measurements of one kind of market.
pub struct Section {
    /// The title in the report.
    pub title: String,
    /// One for each seed.
    pub worlds: Vec<Measured<Test>>,
}

/// The part of the bound over the worlds of a section: mean, least, most.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    /// The mean over the worlds.
    pub mean: f64,
    /// The smallest share of any of them.
    pub least: f64,
    /// The largest share of any of them.
    pub most: f64,
}

impl Section {
    /// The rules that were played.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        self.worlds
            .first()
            .map(|world| world.shares.iter().map(|(rule, _)| *rule).collect())
            .unwrap_or_default()
    }

    /// What a rule got.
    #[must_use]
    pub fn spread(&self, rule: Rule) -> Spread {
        let shares = self.worlds.iter().flat_map(|world| &world.shares);
        let shares: Vec<f64> = shares.filter(|(other, _)| *other == rule).map(|(_, share)| *share).collect();
        Spread {
            mean: shares.iter().sum::<f64>() / shares.len().max(1) as f64,
            least: shares.iter().copied().fold(f64::MAX, f64::min),
            most: shares.iter().copied().fold(0.0, f64::max),
        }
    }
}

/// Sections with the same rules as one table: a row for each rule.
#[must_use]
pub fn table(sections: &[Section]) -> String {
    let mut text = String::from("| policy |");
    for section in sections {
        let _ = write!(text, " {} |", section.title);
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(sections.len()));
    text.push('\n');
    for rule in sections.first().map(Section::rules).unwrap_or_default() {
        let _ = write!(text, "| {} |", rule.name());
        for section in sections {
            let Spread { mean, least, most } = section.spread(rule);
            let _ = write!(text, " **{:.1}** ({:.1} to {:.1}) |", 100.0 * mean, 100.0 * least, 100.0 * most);
        }
        text.push('\n');
    }
    text
}

/// What the figures of a table are parts of.
#[must_use]
pub fn bounds(sections: &[Section]) -> String {
    let mut text = String::from(
        "| market | seeds | load ratio | carried in hindsight | best found / bound, at least |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for section in sections {
        let mean = |of: fn(&Measured<Test>) -> f64| {
            section.worlds.iter().map(of).sum::<f64>() / section.worlds.len().max(1) as f64
        };
        let tightness = section.worlds.iter().map(|world| world.bound.found_rub / world.bound.bound_rub);
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {:.0} | {:.2} % |",
            section.title,
            section.worlds.len(),
            mean(|world| world.load_ratio),
            mean(|world| world.bound.carried as f64),
            100.0 * tightness.fold(1.0, f64::min),
        );
    }
    text
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const ROW: f64 = 22.0;
const COLOURS: [&str; 4] = ["#b23a48", "#e07a5f", "#2a6f97", "#52a2c8"];

/// A plot of the same: a bar from the least to the most, and a dot at the mean, from 50 to 100 %.
#[must_use]
pub fn plot(title: &str, sections: &[Section]) -> String {
    let rules = sections.first().map(Section::rules).unwrap_or_default();
    let step = ROW * sections.len() as f64 * 0.55 + 10.0;
    let height = 60.0 + step * rules.len() as f64 + 24.0 * sections.len() as f64;
    let x = |share: f64| LEFT + (WIDTH - LEFT - 30.0) * ((share - 0.5) / 0.5).clamp(0.0, 1.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    let bottom = 40.0 + step * rules.len() as f64;
    for percent in [50, 60, 70, 80, 90, 100] {
        let at = x(f64::from(percent) / 100.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"34\" x2=\"{at:.1}\" y2=\"{bottom:.0}\" stroke=\"#ddd\"/>\
             <text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#666\">{percent} %</text>",
            bottom + 14.0
        );
    }
    for (rule, row) in rules.iter().zip(0_u8..) {
        let top = 44.0 + step * f64::from(row);
        let _ = writeln!(svg, "<text x=\"10\" y=\"{:.0}\">{}</text>", top + 10.0, rule.name());
        for (n, section) in sections.iter().enumerate() {
            let Spread { mean, least, most } = section.spread(*rule);
            let (y, colour) = (top + ROW * 0.55 * n as f64 + 4.0, COLOURS[n % COLOURS.len()]);
            let _ = writeln!(
                svg,
                "<line x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"4\" \
                 stroke-opacity=\"0.45\"/><circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>",
                x(least),
                x(most),
                x(mean)
            );
        }
    }
    for (n, section) in sections.iter().enumerate() {
        let (y, colour) = (bottom + 34.0 + 18.0 * n as f64, COLOURS[n % COLOURS.len()]);
        let _ = writeln!(
            svg,
            "<circle cx=\"16\" cy=\"{:.0}\" r=\"4\" fill=\"{colour}\"/><text x=\"28\" y=\"{y:.0}\">{}</text>",
            y - 4.0,
            section.title
        );
    }
    svg.push_str("</svg>\n");
    svg
}
