//! What a ride costs in a region: versions of tariffs, none of which ever changes.

use serde::{Deserialize, Serialize};

use crate::ids::RegionId;
use crate::money::Currency;
use crate::time::Time;

/// One version of a tariff. Amounts are minor units; percentages are of what comes before them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tariff {
    /// Its number; of two that hold at once for a region, the higher one counts.
    pub version: u32,
    /// The region that it holds for; `None` holds where no other one does.
    pub region: Option<RegionId>,
    /// From when on orders are quoted by it.
    pub valid_from: Time,
    /// What it is in.
    pub currency: Currency,
    /// For being driven at all.
    pub base_minor: i64,
    /// What a kilometre costs.
    pub km_minor: i64,
    /// For a minute of the ride.
    pub minute_minor: i64,
    /// Base, way and time cost no less than this.
    pub least_minor: i64,
    /// What the booking costs.
    pub booking_minor: i64,
    /// What a companion costs.
    pub companion_minor: i64,
    /// For a child's seat.
    pub child_seat_minor: i64,
    /// What large luggage costs.
    pub luggage_minor: i64,
    /// The percentage at night; 100 changes nothing.
    pub night_percent: u32,
    /// The hour at which the night begins, 0 to 23.
    pub night_from: i8,
    /// The hour at which it ends.
    pub night_to: i8,
    /// On Saturdays and Sundays.
    pub weekend_percent: u32,
    /// For passengers of these categories, in any case; others pay 100 %. A `Ребёнок-инвалид` is a `child`.
    pub category_percent: Vec<(String, u32)>,
    /// For a minute of waiting beyond the free ones.
    pub waiting_minor: i64,
    /// How many minutes the courier waits for nothing.
    pub free_waiting_min: u32,
    /// The final price is at most so much of the quote, unless the route was changed.
    pub most_percent: u32,
    /// Prices are multiples of this.
    pub step_minor: i64,
    /// So many seconds after the courier was found, calling off is free.
    pub free_cancel_s: u32,
    /// What calling off costs later, while the courier has not set out.
    pub cancel_minor: i64,
    /// What it costs once the courier is on the way or waits, beside the waiting.
    pub late_cancel_minor: i64,
}

impl Default for Tariff {
    fn default() -> Self {
        Self {
            version: 1,
            region: None,
            valid_from: Time::from_ms(0),
            currency: Currency::Rub,
            base_minor: 30_000,
            km_minor: 12_000,
            minute_minor: 2_500,
            least_minor: 50_000,
            booking_minor: 10_000,
            companion_minor: 10_000,
            child_seat_minor: 20_000,
            luggage_minor: 10_000,
            night_percent: 120,
            night_from: 22,
            night_to: 6,
            weekend_percent: 110,
            category_percent: vec![("child".to_owned(), 80)],
            waiting_minor: 3_000,
            free_waiting_min: 5,
            most_percent: 130,
            step_minor: 1_000,
            free_cancel_s: 120,
            cancel_minor: 50_000,
            late_cancel_minor: 100_000,
        }
    }
}

impl Tariff {
    /// What passengers of a category pay, in percent.
    #[must_use]
    pub fn category(&self, category: &str) -> u32 {
        let category = category_name(category);
        let known = self.category_percent.iter().find(|(name, _)| category_name(name) == category);
        known.map_or(100, |(_, percent)| *percent)
    }

    /// Whether this hour, 0 to 23, is one of the night.
    #[must_use]
    pub const fn is_night(&self, hour: i8) -> bool {
        if self.night_from <= self.night_to {
            hour >= self.night_from && hour < self.night_to
        } else {
            hour >= self.night_from || hour < self.night_to
        }
    }
}

/// A category by the name that tariffs give it, however somebody writes it: the desk says of a child that it
/// is a `Ребёнок-инвалид`, with or without the dots.
fn category_name(category: &str) -> String {
    let name = category.trim().to_lowercase().replace('ё', "е");
    if name == "ребенок-инвалид" { "child".to_owned() } else { name }
}

/// All versions of all tariffs.
#[derive(Clone, Debug, Default)]
pub struct Tariffs {
    all: Vec<Tariff>,
}

impl Tariffs {
    /// These tariffs, in any order.
    #[must_use]
    pub const fn new(all: Vec<Tariff>) -> Self {
        Self { all }
    }

    /// The tariff that holds in a region at a time: the region's own if it has one by then, and of several
    /// the highest version.
    #[must_use]
    pub fn at(&self, region: Option<RegionId>, at: Time) -> Option<&Tariff> {
        let latest = |of: Option<RegionId>| {
            let valid = self.all.iter().filter(|one| one.region == of && one.valid_from <= at);
            valid.max_by_key(|one| one.version)
        };
        region.and_then(|region| latest(Some(region))).or_else(|| latest(None))
    }
}
