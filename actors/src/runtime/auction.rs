//! What an open package has to do although nobody asks, and when. Plain values; the package's actor carries
//! it out.

use smallvec::SmallVec;

use crate::market::package::Package;
use crate::time::Time;

/// The auction of one package: when it looks for couriers, chooses among them, and ends what is overdue.
#[derive(Debug, Default)]
pub(super) struct Auction {
    /// When to look for couriers again although nothing has happened.
    look_again: Option<Time>,
    /// Whether the best candidates are being measured: the wave follows.
    is_measuring: bool,
}

/// Why the auction is asked what is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Occasion {
    /// The package was read from the store.
    Loaded,
    /// A command has ended a request or moved the package.
    Changed,
    /// The moment has come that [`Auction::next_moment`] named.
    Rang,
    /// What was overdue has ended.
    Expired,
}

/// Something to be done, in the order in which it is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// Look for couriers.
    Consider,
    /// Take one of the acceptances, if the last moment for it has come.
    Choose,
    /// End what is overdue.
    Expire,
}

impl Auction {
    /// What is due now. `next_choice` is when one of the acceptances has to be chosen, if there are any.
    pub(super) fn due(
        &mut self,
        occasion: Occasion,
        package: Option<&Package>,
        next_choice: Option<Time>,
        now: Time,
    ) -> SmallVec<[Due; 3]> {
        if occasion == Occasion::Rang {
            self.look_again.take_if(|at| *at <= now);
        }
        let considers = occasion != Occasion::Rang && package.is_some_and(|package| package.is_waiting(now));
        let chooses = occasion != Occasion::Expired && next_choice.is_some();
        // Nobody sets an alarm for the end of a package, so that it need not have an actor until then: the
        // supervisor finds those whose time is over, and has them loaded.
        let expires = match occasion {
            Occasion::Loaded => package.is_some_and(|package| package.has_lapsed(now)),
            Occasion::Rang => true,
            Occasion::Changed | Occasion::Expired => false,
        };
        // The choice comes before the end: what is due may end at the same moment.
        let steps = [(considers, Due::Consider), (chooses, Due::Choose), (expires, Due::Expire)];
        steps.into_iter().filter_map(|(is_due, step)| is_due.then_some(step)).collect()
    }

    /// When something is due next: an offer ends, a choice has to be made, a pause is over.
    pub(super) fn next_moment(
        &self,
        package: &Package,
        next_choice: Option<Time>,
        now: Time,
    ) -> Option<Time> {
        let look_again = self.look_again.filter(|_| package.is_waiting(now));
        [package.next_deadline(), next_choice, look_again].into_iter().flatten().min()
    }

    /// Whether to look for couriers now. Commands go on while candidates are measured, and one look is
    /// enough.
    pub(super) fn may_consider(&self, package: &Package, now: Time) -> bool {
        !self.is_measuring && package.is_waiting(now)
    }

    /// The best candidates are being measured.
    pub(super) const fn start_measuring(&mut self) {
        self.is_measuring = true;
    }

    /// The wave is made of what is so now.
    pub(super) const fn end_measuring(&mut self) {
        self.is_measuring = false;
    }

    /// Couriers were passed over who may be asked later.
    pub(super) const fn look_again_at(&mut self, moment: Option<Time>) {
        self.look_again = moment;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PackageId, UserId};
    use crate::market::load::Load;
    use crate::market::package::{End, Mode, PackageDraft};
    use crate::money::{Amount, Currency};
    use crate::place::Gazetteer;
    use crate::time::Span;

    const NOW: Time = Time::from_ms(1_800_000_000_000);

    /// Due two days from now.
    fn package(mode: Mode) -> Package {
        let end = |name| {
            let place = Gazetteer::bundled().find(name).expect("a place");
            End { place: place.id, position: place.position, address: String::new() }
        };
        let draft = PackageDraft {
            pickup: end("Москва"),
            dropoff: end("Казань"),
            load: Load { weight_g: 2_000, volume_ml: 0, slots: 0 },
            ready_at: NOW,
            deliver_by: later(48 * 60),
            reward: Amount::new(50_000, Currency::Rub),
            description: String::new(),
            size: String::new(),
            weight: String::new(),
            tags: Vec::new(),
            mode,
            confirm_by: None,
            template: false,
        };
        let (id, sender) = (PackageId::new(NOW, [1; 10]), UserId::new(NOW, [2; 10]));
        Package::publish(id, sender, draft, NOW).expect("a valid package")
    }

    fn later(minutes: i64) -> Time {
        NOW + Span::minutes(minutes)
    }

    fn due(occasion: Occasion, mode: Mode, next_choice: Option<Time>, now: Time) -> Vec<Due> {
        Auction::default().due(occasion, Some(&package(mode)), next_choice, now).into_vec()
    }

    #[test]
    fn a_package_that_waits_looks_for_couriers_when_it_is_loaded_or_changed() {
        for occasion in [Occasion::Loaded, Occasion::Changed, Occasion::Expired] {
            assert_eq!(due(occasion, Mode::Instant, None, NOW), [Due::Consider], "{occasion:?}");
            assert_eq!(due(occasion, Mode::Choose, None, NOW), [], "{occasion:?}");
        }
    }

    #[test]
    fn the_choice_comes_before_what_ends_at_the_same_moment() {
        let steps = due(Occasion::Rang, Mode::Instant, Some(NOW), NOW);
        assert_eq!(steps, [Due::Choose, Due::Expire]);
    }

    #[test]
    fn a_package_whose_time_is_over_ends_when_it_is_loaded() {
        let (after, waits) = (later(48 * 60), later(48 * 60 - 1));
        assert_eq!(due(Occasion::Loaded, Mode::Choose, None, after), [Due::Expire]);
        assert_eq!(due(Occasion::Loaded, Mode::Choose, None, waits), []);
    }

    #[test]
    fn a_package_that_is_not_here_is_read_again_when_the_alarm_rings() {
        let mut auction = Auction::default();
        assert_eq!(auction.due(Occasion::Rang, None, None, NOW).into_vec(), [Due::Expire]);
        assert!(auction.due(Occasion::Changed, None, None, NOW).is_empty());
    }

    #[test]
    fn the_alarm_is_set_to_whatever_comes_first() {
        let (package, mut auction) = (package(Mode::Instant), Auction::default());
        assert_eq!(auction.next_moment(&package, None, NOW), None);
        auction.look_again_at(Some(later(5)));
        assert_eq!(auction.next_moment(&package, None, NOW), Some(later(5)));
        assert_eq!(auction.next_moment(&package, Some(later(3)), NOW), Some(later(3)));
        auction.due(Occasion::Rang, Some(&package), None, later(5));
        assert_eq!(auction.next_moment(&package, None, later(5)), None, "it was looked at");
    }

    #[test]
    fn candidates_are_measured_once_at_a_time() {
        let (package, mut auction) = (package(Mode::Instant), Auction::default());
        assert!(auction.may_consider(&package, NOW));
        auction.start_measuring();
        assert!(!auction.may_consider(&package, NOW));
        auction.end_measuring();
        assert!(auction.may_consider(&package, NOW));
    }
}
