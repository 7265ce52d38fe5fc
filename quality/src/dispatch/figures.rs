//! What a play is measured by.

use peerpack_actors::time::{Span, Time};

/// What is noted down while an afternoon is played. What happens after its end is not counted, but for
/// incomes: those of rides that are still under way then are part of it.
#[derive(Clone, Debug)]
pub struct Ledger {
    ends: Time,
    wishes: u32,
    served: Vec<usize>,
    waits: Vec<Span>,
    empty_km: f64,
    offers: u32,
    income_minor: Vec<i64>,
    rides: Vec<u32>,
}

/// The figures of one play.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Figures {
    /// How many rides were wanted.
    pub wishes: u32,
    /// How many of them began in time.
    pub served: u32,
    /// The share of those, 0 to 1.
    pub share: f64,
    /// From the wish to the courier at the pickup, the mean of those who were reached, seconds.
    pub wait_mean_s: f64,
    /// 95 of 100 wait no longer, seconds.
    pub wait_p95_s: f64,
    /// Kilometres of road driven to pickups, for each pickup that was reached.
    pub empty_km: f64,
    /// Rides for each courier and hour.
    pub rides_per_hour: f64,
    /// How unevenly income is spread over couriers: 0 is even, 1 is all for one.
    pub gini_income: f64,
    /// The same of the number of rides.
    pub gini_rides: f64,
    /// Offers for each ride.
    pub offers: f64,
}

impl Ledger {
    /// Nothing has happened.
    #[must_use]
    pub fn new(couriers: usize, ends: Time) -> Self {
        Self {
            ends,
            wishes: 0,
            served: Vec::new(),
            waits: Vec::new(),
            empty_km: 0.0,
            offers: 0,
            income_minor: vec![0; couriers],
            rides: vec![0; couriers],
        }
    }

    /// Somebody wants a ride.
    pub fn wished(&mut self, at: Time) {
        self.wishes += u32::from(at <= self.ends);
    }

    /// A courier was asked.
    pub fn asked(&mut self) {
        self.offers += 1;
    }

    /// A courier has come to the pickup.
    pub fn arrived(&mut self, waited: Span, way_km: f64, now: Time) {
        if now <= self.ends {
            self.waits.push(waited);
            self.empty_km += way_km;
        }
    }

    /// A courier was on the way for nothing.
    pub fn drove_empty(&mut self, way_km: f64, now: Time) {
        if now <= self.ends {
            self.empty_km += way_km;
        }
    }

    /// A ride has begun.
    pub fn began(&mut self, order: usize, now: Time) {
        if now <= self.ends {
            self.served.push(order);
        }
    }

    /// A courier has earned something by a ride.
    pub fn earned(&mut self, courier: usize, minor: i64) {
        self.income_minor[courier] += minor;
        self.rides[courier] += 1;
    }

    /// The orders whose rides have begun in time.
    #[must_use]
    pub fn served(&self) -> &[usize] {
        &self.served
    }

    /// The figures of a play of so many hours.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "fewer rides than four billion")]
    pub fn figures(&self, hours: i64) -> Figures {
        let mut waits: Vec<f64> = self.waits.iter().map(|wait| wait.ms() as f64 / 1_000.0).collect();
        waits.sort_by(f64::total_cmp);
        let each = |sum: f64, of: usize| sum / of.max(1) as f64;
        let last = waits.len().saturating_sub(1);
        let incomes: Vec<f64> = self.income_minor.iter().map(|minor| *minor as f64).collect();
        let rides: Vec<f64> = self.rides.iter().map(|rides| f64::from(*rides)).collect();
        Figures {
            wishes: self.wishes,
            served: self.served.len() as u32,
            share: each(self.served.len() as f64, self.wishes as usize),
            wait_mean_s: each(waits.iter().sum(), waits.len()),
            wait_p95_s: waits.get(last * 95 / 100).copied().unwrap_or(0.0),
            empty_km: each(self.empty_km, self.waits.len()),
            rides_per_hour: each(self.served.len() as f64, self.rides.len()) / hours.max(1) as f64,
            gini_income: gini(&incomes),
            gini_rides: gini(&rides),
            offers: each(f64::from(self.offers), self.served.len()),
        }
    }
}

/// How unevenly amounts are spread: half the mean difference of two of them, over their mean.
#[must_use]
pub fn gini(amounts: &[f64]) -> f64 {
    let mut sorted = amounts.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (count, sum) = (sorted.len() as f64, sorted.iter().sum::<f64>());
    if sum <= 0.0 {
        return 0.0;
    }
    let weighted: f64 = sorted.iter().zip(1..).map(|(amount, rank)| f64::from(rank) * amount).sum();
    (2.0 * weighted / (count * sum) - (count + 1.0) / count).max(0.0)
}

/// A figure over several plays.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    /// The median: of an even number, the lower middle.
    pub median: f64,
    /// The smallest of them.
    pub least: f64,
    /// The largest of them.
    pub most: f64,
}

impl Spread {
    /// Of these values; all 0 of none.
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |n: usize| values.get(n).copied().unwrap_or(0.0);
        let last = values.len().saturating_sub(1);
        Self { median: at(last / 2), least: at(0), most: at(last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gini_is_nothing_where_all_have_the_same_and_nearly_one_where_one_has_all() {
        assert!(gini(&[3.0; 10]).abs() < 1e-12);
        let mut one = vec![0.0; 99];
        one.push(7.0);
        assert!((gini(&one) - 0.99).abs() < 1e-9);
        assert!((gini(&[1.0, 3.0]) - 0.25).abs() < 1e-9, "half the difference of 2, over 2 x the mean of 2");
        assert!(gini(&[]).abs() < 1e-12 && gini(&[0.0, 0.0]).abs() < 1e-12);
    }

    #[test]
    fn a_spread_is_the_median_with_the_ends() {
        let spread = Spread::of([3.0, 1.0, 2.0].into_iter());
        assert_eq!((spread.median, spread.least, spread.most), (2.0, 1.0, 3.0));
    }

    #[test]
    fn what_happens_after_the_end_does_not_count() {
        let end = Time::from_ms(1_000_000);
        let mut ledger = Ledger::new(2, end);
        ledger.wished(end);
        ledger.arrived(Span::seconds(100), 2.0, end);
        ledger.began(0, end);
        ledger.arrived(Span::seconds(900), 9.0, end + Span::seconds(1));
        ledger.began(1, end + Span::seconds(1));
        let figures = ledger.figures(1);
        assert_eq!((figures.wishes, figures.served), (1, 1));
        assert!((figures.wait_mean_s - 100.0).abs() < 1e-9 && (figures.empty_km - 2.0).abs() < 1e-9);
    }
}
