//! Instances of Li & Lim: pickups and deliveries with time windows, of which the best known solutions are
//! published. They say how good the plan of a day is, and how good insertion is.
//!
//! A file has a line with the number of vehicles, their capacity and their speed, and then a line for each
//! stop: its number, x, y, what gets in (or out, below nothing), the first and last moment at which it may
//! begin, how long it takes, and the numbers of its pickup and of its delivery. Stop 0 is where all vehicles
//! begin and end. Ways are straight, and take as long as they are.

use anyhow::{Context as _, ensure};
use peerpack_actors::dispatch::plan::{Job, Problem, Shift, Stop, Way, Ways, Window};
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

/// A unit of the file in metres and in milliseconds.
const UNIT: f64 = 1_000.0;

/// What is published of instances that are at hand: the name, vehicles, and the way.
const BEST_KNOWN: [(&str, usize, f64); 1] = [("LC101", 10, 828.94)];

/// The best known solution of an instance: vehicles, and the way in its units.
#[must_use]
pub fn best_known(name: &str) -> Option<(usize, f64)> {
    let known = BEST_KNOWN.iter().find(|(other, _, _)| name.eq_ignore_ascii_case(other));
    known.map(|(_, vehicles, way)| (*vehicles, *way))
}

struct Line {
    x: f64,
    y: f64,
    demand: i64,
    window: Window,
    stay: Span,
    delivery: usize,
}

/// Reads an instance.
///
/// # Errors
/// What cannot be read, with its line.
pub fn read(text: &str) -> anyhow::Result<Problem> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let head = numbers(lines.next().context("the file is empty")?, 2).context("line 1")?;
    let (vehicles, capacity) = (whole(head[0])?, whole(head[1])?);
    let mut stops = Vec::new();
    for (line, number) in lines.zip(0_usize..) {
        let at = format!("line {}", number + 2);
        let values = numbers(line, 9).with_context(|| at.clone())?;
        ensure!(
            usize::try_from(whole(values[0])?)? == number,
            "{at}: stops are not numbered one after the other"
        );
        stops.push(Line {
            x: values[1],
            y: values[2],
            demand: whole(values[3])?,
            window: Window { from: moment(values[4])?, to: moment(values[5])? },
            stay: moment(values[6])?.since(Time::from_ms(0)),
            delivery: usize::try_from(whole(values[8])?)?,
        });
    }
    let depot = stops.first().context("there is no stop 0")?;
    let shift = |n: i64| Shift {
        courier: Uuid::from_u128(1 + n.unsigned_abs() as u128).into(),
        starts: 0,
        ends: Some(0),
        window: depot.window,
        capacity: Load {
            weight_g: u32::try_from(capacity).unwrap_or(UNSTATED),
            volume_ml: UNSTATED,
            slots: UNSTATED,
        },
        most_jobs: usize::MAX,
    };
    let shifts = (0..vehicles).map(shift).collect();
    let mut jobs = Vec::new();
    for (number, pickup) in stops.iter().enumerate().skip(1).filter(|(_, stop)| stop.delivery > 0) {
        let delivery = stops.get(pickup.delivery).context("a delivery that is not there")?;
        ensure!(
            pickup.demand > 0 && delivery.demand == -pickup.demand,
            "stop {number} does not fit its delivery"
        );
        let stop = |place: usize, line: &Line| Stop { place, window: line.window, stay: line.stay };
        jobs.push(Job {
            order: Uuid::from_u128(number as u128).into(),
            pickup: stop(number, pickup),
            dropoff: stop(pickup.delivery, delivery),
            load: Load { weight_g: u32::try_from(pickup.demand)?, volume_ml: 0, slots: 0 },
            alone: false,
            promised: None,
        });
    }
    let ways = Ways::new(stops.len(), |from, to| {
        let (from, to) = (&stops[from], &stops[to]);
        let way = parts((from.x - to.x).hypot(from.y - to.y));
        Way { way_m: way, ms: way }
    });
    let problem = Problem { ways, jobs, shifts, most_empty_m: u32::MAX };
    problem.check()?;
    Ok(problem)
}

/// A way of the plan in units of the file.
#[must_use]
pub fn units(way_m: u64) -> f64 {
    way_m as f64 / UNIT
}

fn numbers(line: &str, least: usize) -> anyhow::Result<Vec<f64>> {
    let values = line.split_whitespace().map(str::parse::<f64>).collect::<Result<Vec<f64>, _>>()?;
    ensure!(
        values.len() >= least && values.iter().all(|value| value.is_finite()),
        "{least} numbers are expected"
    );
    Ok(values)
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number")]
fn whole(value: f64) -> anyhow::Result<i64> {
    ensure!(value.fract() == 0.0 && value.abs() < 1e9, "{value} is no whole number");
    Ok(value as i64)
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
fn moment(value: f64) -> anyhow::Result<Time> {
    ensure!((0.0..1e9).contains(&value), "{value} is out of range");
    Ok(Time::from_ms((value * UNIT).round() as i64))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn parts(way: f64) -> u32 {
    (way * UNIT).round() as u32
}

#[cfg(test)]
mod tests {
    use peerpack_actors::dispatch::Settings;
    use peerpack_actors::dispatch::plan::{Aim, draw_up};

    use super::*;

    /// Two jobs beside each other, 3-4-5 away from the depot.
    const SMALL: &str = "2 10 1\n0 0 0 0 0 1000 0 0 0\n1 3 4 5 0 100 10 0 3\n2 3 4 5 0 100 10 0 4\n\
                         3 6 8 -5 0 200 10 1 0\n4 6 8 -5 0 200 10 2 0\n";

    #[test]
    fn an_instance_is_read_and_planned() {
        let problem = read(SMALL).unwrap();
        assert_eq!((problem.jobs.len(), problem.shifts.len(), problem.ways.get(0, 1).way_m), (2, 2, 5_000));
        let (plan, _) = draw_up(&problem, &Settings::default(), Aim::Couriers, None);
        let figures = plan.figures();
        assert_eq!((figures.left, figures.couriers, figures.way_m), (0, 1, 20_000), "out and back with both");
    }

    #[test]
    fn what_is_no_instance_is_refused() {
        for text in [
            "",
            "2 10 1\n",
            "two 10 1\n0 0 0 0 0 1000 0 0 0\n",
            "2 10 1\n0 0 0 0 0 1000 0 0 0\n1 3 4 5 0 100 10 0 9\n",
            "2 10 1\n0 0 0 0 0 1000 0 0 0\n1 3 4 5 0 100 10 0 2\n2 6 8 -4 0 200 10 1 0\n",
            "2 10 1\n0 0 0 0 0 1000 0 0 0\n7 3 4 5 0 100 10 0 2\n",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
        assert_eq!(best_known("lc101"), Some((10, 828.94)));
        assert_eq!(best_known("LC999"), None);
    }
}
