//! How often a client may speak: a token bucket on the client's side, so that a busy courier stays within the
//! limits the server has announced.

/// Room kept below the announced limits for pings and resumes.
const SHARE: f64 = 0.85;

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    per_us: f64,
    burst: f64,
    tokens: f64,
    at_us: u64,
}

impl Budget {
    /// A full bucket for what the server allows.
    pub(crate) fn new(per_minute: u32, burst: u32, now_us: u64) -> Self {
        let burst = (f64::from(burst) * SHARE).max(1.0);
        Self { per_us: f64::from(per_minute) * SHARE / 60e6, burst, tokens: burst, at_us: now_us }
    }

    /// Takes a token, now or from the future: the moment from which on it may be used.
    pub(crate) fn reserve(&mut self, now_us: u64) -> u64 {
        self.fill(now_us);
        self.tokens -= 1.0;
        if self.tokens >= 0.0 {
            return now_us;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of minutes"
        )]
        let wait_us = (-self.tokens / self.per_us).ceil() as u64;
        now_us + wait_us
    }

    /// Takes a token if there is one.
    pub(crate) fn take(&mut self, now_us: u64) -> bool {
        self.fill(now_us);
        let is_there = self.tokens >= 1.0;
        if is_there {
            self.tokens -= 1.0;
        }
        is_there
    }

    fn fill(&mut self, now_us: u64) {
        let passed = now_us.saturating_sub(self.at_us) as f64;
        self.tokens = self.burst.min(self.tokens + passed * self.per_us);
        self.at_us = self.at_us.max(now_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_through_and_then_a_steady_trickle() {
        let mut budget = Budget::new(120, 30, 0);
        let burst = (0..100).take_while(|_| budget.take(0)).count();
        assert_eq!(burst, 25);
        let (next, after) = (budget.reserve(0), budget.reserve(0));
        assert!((250_000..900_000).contains(&next), "{next}");
        assert!((500_000..700_000).contains(&(after - next)), "{next} {after}");
        assert!(!budget.take(next));
    }

    #[test]
    fn in_a_minute_no_more_than_announced_is_said() {
        let mut budget = Budget::new(120, 30, 0);
        let said = (0..6_000).filter(|tick| budget.take(tick * 10_000)).count();
        assert!(said <= 150 && said > 110, "{said}");
    }
}
