//! How much dearer rides are where more people want one than there are couriers.

/// The least and the most that prices are multiplied by.
const LEAST: f64 = 1.0;
const MOST: f64 = 3.0;

/// The factor of one region, as it was worked out last.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Surge {
    smoothed: f64,
}

impl Default for Surge {
    fn default() -> Self {
        Self { smoothed: LEAST }
    }
}

impl Surge {
    /// A factor as it was kept.
    #[must_use]
    pub const fn of(smoothed: f64) -> Self {
        Self { smoothed }
    }

    /// The factor to keep: without its steps.
    #[must_use]
    pub const fn smoothed(self) -> f64 {
        self.smoothed
    }

    /// The factor after so many orders and so many couriers on duty within the last five minutes: 0.7 of the
    /// old one and 0.3 of what they ask for.
    #[must_use]
    pub fn after(self, orders: u32, couriers: u32) -> Self {
        Self { smoothed: 0.7 * self.smoothed + 0.3 * target(orders, couriers) }
    }

    /// What prices are multiplied by, in percent: a multiple of 10 from 100 to 300. The steps are only in
    /// what is shown, or a factor could never leave the step that it is on.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 10 to 30")]
    pub fn percent(self) -> u32 {
        (self.smoothed.clamp(LEAST, MOST) * 10.0).round() as u32 * 10
    }
}

/// Up to as many orders as couriers, 1; above that, half of the excess is added.
fn target(orders: u32, couriers: u32) -> f64 {
    if orders <= couriers {
        return LEAST;
    }
    let ratio = f64::from(orders) / f64::from(couriers);
    (1.0 + 0.5 * (ratio - 1.0)).clamp(LEAST, MOST)
}
