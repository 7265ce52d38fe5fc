//! Plots as inline SVG: lines over time, bars, and ranges on one axis. No script, no other file.

use std::fmt::Write;

/// The size of a plot, and the room for its axes.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 10.0;

/// The colours of lines, as classes of the page.
pub(super) const COLOURS: usize = 8;

/// A line: its name, and a value or none for each step.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) values: Vec<Option<f64>>,
}

/// A row of a plot of ranges: from, middle, to and far, milliseconds.
pub(super) struct Span {
    pub(super) name: String,
    pub(super) from: f64,
    pub(super) middle: f64,
    pub(super) to: f64,
    pub(super) far: f64,
}

/// What may stand in a page.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Lines over time, and upright marks at moments. On a logarithmic axis, values below a hundredth are one.
pub(super) fn lines(step_s: f64, unit: &str, is_log: bool, lines: &[Line], marks: &[(f64, &str)]) -> String {
    let steps = lines.iter().map(|line| line.values.len()).max().unwrap_or(0);
    let all = || lines.iter().flat_map(|line| line.values.iter().flatten().copied());
    let (most, least) = (all().fold(0.0, f64::max), all().fold(f64::INFINITY, f64::min));
    let Some(axis) = Axis::over(least, most, is_log).filter(|_| steps > 0) else { return nothing() };
    let total_s = (steps as f64 * step_s).max(step_s);
    let x = |at_s: f64| LEFT + (WIDTH - LEFT) * (at_s / total_s).clamp(0.0, 1.0);
    let mut svg = open(HEIGHT);
    axis.draw(&mut svg, unit);
    for tick in 0..=6 {
        let at_s = total_s * f64::from(tick) / 6.0;
        put(
            &mut svg,
            format_args!(
                "<text x=\"{:.0}\" y=\"{:.0}\" class=\"tick\" text-anchor=\"middle\">{at_s:.0} s</text>",
                x(at_s).min(WIDTH - 14.0),
                HEIGHT - 6.0
            ),
        );
    }
    for (at_s, what) in marks {
        let at = x(*at_s);
        put(
            &mut svg,
            format_args!(
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.0}\" class=\"mark\"><title>{}, {at_s:.0} s</title></line>",
                HEIGHT - BOTTOM,
                escape(what)
            ),
        );
    }
    for (number, line) in lines.iter().enumerate() {
        for stretch in stretches(&line.values) {
            let mut points = String::new();
            for (step, value) in stretch {
                put(
                    &mut points,
                    format_args!("{:.1},{:.1} ", x((step as f64 + 0.5) * step_s), axis.y(value)),
                );
            }
            put(
                &mut svg,
                format_args!(
                    "<polyline points=\"{}\" class=\"line c{}\"><title>{}</title></polyline>",
                    points.trim_end(),
                    number % COLOURS,
                    escape(&line.name)
                ),
            );
        }
    }
    svg.push_str("</svg>");
    svg.push_str(&legend(lines.iter().map(|line| line.name.as_str())));
    svg
}

/// Values side by side, the largest as long as the plot is wide.
pub(super) fn bars(values: &[(String, f64)]) -> String {
    let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    if most <= 0.0 {
        return nothing();
    }
    let height = values.len() as f64 * 20.0 + 4.0;
    let mut svg = open(height);
    for (row, (name, value)) in values.iter().enumerate() {
        let y = row as f64 * 20.0;
        let width = (WIDTH - 420.0) * value / most;
        put(
            &mut svg,
            format_args!(
                "<text x=\"330\" y=\"{:.0}\" class=\"name\" text-anchor=\"end\">{}</text><rect x=\"340\" y=\"{:.0}\" width=\"{width:.1}\" height=\"13\" class=\"bar c{}\"/><text x=\"{:.1}\" y=\"{:.0}\" class=\"tick\">{value:.0}</text>",
                y + 14.0,
                escape(name),
                y + 3.0,
                row % COLOURS,
                346.0 + width,
                y + 14.0
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Ranges on one axis: a thick bar from the first value to the third, a thin line on to the last, and a dot
/// in the middle.
pub(super) fn spans(spans: &[Span]) -> String {
    let most = spans.iter().map(|span| span.far).fold(0.0, f64::max);
    if most <= 0.0 {
        return nothing();
    }
    let height = spans.len() as f64 * 26.0 + BOTTOM;
    let mut svg = open(height);
    // The root spreads what is early, where most happens.
    let x = |ms: f64| 200.0 + (WIDTH - 230.0) * (ms / most).sqrt();
    for tick in 0..=5 {
        let ms = most * (f64::from(tick) / 5.0).powi(2);
        let at = x(ms);
        put(
            &mut svg,
            format_args!(
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"0\" y2=\"{:.0}\" class=\"grid\"/><text x=\"{at:.1}\" y=\"{:.0}\" class=\"tick\" text-anchor=\"middle\">{} ms</text>",
                height - BOTTOM,
                height - 6.0,
                short(ms)
            ),
        );
    }
    for (row, span) in spans.iter().enumerate() {
        let (y, colour) = (row as f64 * 26.0 + 13.0, row % COLOURS);
        let Span { name, from, middle, to, far } = span;
        put(
            &mut svg,
            format_args!(
                "<text x=\"190\" y=\"{:.0}\" class=\"name\" text-anchor=\"end\">{}</text>",
                y + 4.0,
                escape(name)
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\" class=\"line c{colour}\"/>",
                x(*from),
                x(*far)
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<rect x=\"{:.1}\" y=\"{:.0}\" width=\"{:.1}\" height=\"10\" class=\"bar c{colour}\"/>",
                x(*from),
                y - 5.0,
                (x(*to) - x(*from)).max(1.0)
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<circle cx=\"{:.1}\" cy=\"{y}\" r=\"4\" class=\"dot\"><title>{} ms</title></circle>",
                x(*middle),
                short(*middle)
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// The upright axis.
struct Axis {
    least: f64,
    most: f64,
    is_log: bool,
}

impl Axis {
    fn over(least: f64, most: f64, is_log: bool) -> Option<Self> {
        if !most.is_finite() || most <= 0.0 {
            return None;
        }
        let least = if is_log { 10.0_f64.powf(least.max(0.01).log10().floor()) } else { 0.0 };
        Some(Self { least, most: if is_log { most.max(least * 10.0) } else { most * 1.05 }, is_log })
    }

    fn y(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value.max(self.least) / self.least).log10() / (self.most / self.least).log10()
        } else {
            value / self.most
        };
        HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share.clamp(0.0, 1.0)
    }

    fn draw(&self, svg: &mut String, unit: &str) {
        let mut ticks = Vec::new();
        if self.is_log {
            let mut tick = self.least;
            while tick <= self.most {
                ticks.push(tick);
                tick *= 10.0;
            }
        } else {
            ticks.extend((0..=4).map(|quarter| self.most * f64::from(quarter) / 4.0));
        }
        for tick in ticks {
            let y = self.y(tick);
            put(
                svg,
                format_args!(
                    "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\" class=\"grid\"/><text x=\"{:.0}\" y=\"{:.1}\" class=\"tick\" text-anchor=\"end\">{} {unit}</text>",
                    LEFT - 4.0,
                    y + 4.0,
                    short(tick)
                ),
            );
        }
    }
}

/// Stretches without a gap: numbers of steps and their values.
fn stretches(values: &[Option<f64>]) -> Vec<Vec<(usize, f64)>> {
    let mut all = vec![Vec::new()];
    for (step, value) in values.iter().enumerate() {
        match value {
            Some(value) => all.last_mut().into_iter().for_each(|stretch| stretch.push((step, *value))),
            None if all.last().is_some_and(|stretch| !stretch.is_empty()) => all.push(Vec::new()),
            None => {}
        }
    }
    all.retain(|stretch| !stretch.is_empty());
    // A point alone is no line: it is drawn as a short one.
    for stretch in &mut all {
        if let [(step, value)] = stretch[..] {
            stretch.push((step, value + value * 0.01 + 0.001));
        }
    }
    all
}

fn legend<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let entries = names.enumerate().map(|(number, name)| {
        format!("<span><i class=\"c{}\"></i>{}</span>", number % COLOURS, escape(name))
    });
    format!("<p class=\"legend\">{}</p>", entries.collect::<String>())
}

fn open(height: f64) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">")
}

fn nothing() -> String {
    "<p class=\"nothing\">Nothing was measured.</p>".to_owned()
}

fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 || value == 0.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_in_the_values_is_a_gap_in_the_line() {
        let values = [Some(1.0), Some(2.0), None, None, Some(3.0)];
        let found: Vec<usize> = stretches(&values).iter().map(Vec::len).collect();
        assert_eq!(found, [2, 2]);
        let line = Line { name: "a".to_owned(), values: values.to_vec() };
        let svg = lines(1.0, "ms", true, &[line], &[(2.0, "killed")]);
        assert_eq!((svg.matches("<polyline").count(), svg.matches("class=\"mark\"").count()), (2, 1));
    }

    #[test]
    fn without_values_there_is_a_word_instead_of_a_plot() {
        let empty = Line { name: "a".to_owned(), values: vec![None; 5] };
        assert!(lines(1.0, "ms", false, &[empty], &[]).contains("Nothing"));
        assert!(bars(&[]).contains("Nothing") && spans(&[]).contains("Nothing"));
    }

    #[test]
    fn higher_values_are_drawn_higher() {
        for is_log in [false, true] {
            let axis = Axis::over(1.0, 1_000.0, is_log).unwrap();
            assert!(axis.y(1_000.0) < axis.y(10.0) && axis.y(10.0) <= HEIGHT - BOTTOM);
        }
    }
}
