//! How long ways take people: what tells the day of an arrival of which only the clock is known.
//!
//! The one table of speeds for that. It is for reading what people write; how far a courier may go out of
//! their way is the business of the matching, which has speeds of its own.

use peerpack_actors::market::trip::Transport;
use peerpack_actors::time::Span;

/// Up to here a way is short, in kilometres.
const SHORT_KM: f64 = 1_000.0;

/// From here on a way is long, in kilometres.
const LONG_KM: f64 = 6_500.0;

/// How fast somebody gets on as the crow flies, in km/h, and what passes at the ends of the way, in minutes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Pace {
    /// Nobody is faster.
    top_kmh: f64,
    /// At least this passes at the ends: taxiing, the climb.
    least_min: f64,
    /// Over short ways, with pauses. From there to long ways it falls evenly.
    short_kmh: f64,
    /// Over long ways, with nights where the traveller sleeps, and with roads and rails that wind.
    long_kmh: f64,
    /// This usually passes at the ends.
    usual_min: f64,
}

/// The pace of each kind of transport. `docs/times.md` has the same table; a test holds them against each
/// other.
pub(super) const fn pace(transport: Transport) -> Pace {
    let (top_kmh, least_min, short_kmh, long_kmh, usual_min) = match transport {
        Transport::Plane => (1_000.0, 15.0, 800.0, 800.0, 40.0),
        Transport::Train => (300.0, 0.0, 66.0, 46.0, 0.0),
        Transport::Car => (120.0, 0.0, 54.0, 30.0, 0.0),
        Transport::Bus => (90.0, 0.0, 46.0, 36.0, 0.0),
        Transport::Foot => (8.0, 0.0, 3.5, 3.5, 0.0),
    };
    Pace { top_kmh, least_min, short_kmh, long_kmh, usual_min }
}

impl Pace {
    /// The least that a way of so many kilometres takes.
    pub(super) fn least(self, km: f64) -> Span {
        whole_minutes(self.least_min + 60.0 * km / self.top_kmh)
    }

    /// What a way of so many kilometres usually takes.
    pub(super) fn usual(self, km: f64) -> Span {
        let length = ((km - SHORT_KM) / (LONG_KM - SHORT_KM)).clamp(0.0, 1.0);
        let kmh = self.short_kmh + (self.long_kmh - self.short_kmh) * length;
        whole_minutes(self.usual_min + 60.0 * km / kmh)
    }
}

/// At least one.
fn whole_minutes(minutes: f64) -> Span {
    #[expect(clippy::cast_possible_truncation, reason = "a way around the Earth takes a bounded time")]
    Span::minutes((minutes.round() as i64).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Transport; 5] =
        [Transport::Plane, Transport::Train, Transport::Car, Transport::Bus, Transport::Foot];

    #[test]
    fn the_documented_table_is_the_one_that_counts() {
        let document = include_str!("../../../../docs/times.md");
        for kind in KINDS {
            let Pace { top_kmh, least_min, short_kmh, long_kmh, usual_min } = pace(kind);
            let row = format!(
                "| {} | {top_kmh} | {least_min} | {short_kmh} | {long_kmh} | {usual_min} |",
                kind.word()
            );
            assert!(document.contains(&row), "{row}");
        }
        for bound in [SHORT_KM, LONG_KM] {
            assert!(document.contains(&format!("{bound} km")), "{bound}");
        }
    }

    #[test]
    fn longer_takes_longer_and_nobody_is_usually_faster_than_they_can_be() {
        for kind in KINDS {
            let pace = pace(kind);
            for km in (0..20_000).step_by(50) {
                let (km, more) = (f64::from(km), f64::from(km + 50));
                assert!(pace.least(km) <= pace.usual(km), "{} {km}", kind.word());
                assert!(pace.usual(km) <= pace.usual(more) && pace.least(km) <= pace.least(more));
            }
        }
    }
}
