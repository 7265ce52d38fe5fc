//! What an open package has to do although nobody asks, and when. Plain values; the package's actor carries it out.

use smallvec::SmallVec;

use crate::package::Package;
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
        // Nobody sets an alarm for the end of a package, so that it need not have an actor until then: the supervisor
        // finds those whose time is over, and has them loaded.
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

    /// Whether to look for couriers now. Commands go on while candidates are measured, and one look is enough.
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
