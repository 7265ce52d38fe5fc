//! What was acknowledged is stored: for a run that can look into the store when all is quiet.

use std::collections::{BTreeSet, HashMap, HashSet};

use peerpack_actors::ids::{PackageId, RequestId, TripId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::RequestState;

use super::history::{Command, History, What};

/// What the store holds.
#[derive(Default)]
pub struct Stored {
    /// Every trip that is stored.
    pub trips: HashSet<TripId>,
    /// Every package that is stored.
    pub packages: HashSet<PackageId>,
    /// Every request, and how it stands.
    pub requests: HashMap<RequestId, RequestState>,
}

impl Stored {
    /// A package with its requests.
    pub fn add(&mut self, package: &Package) {
        self.packages.insert(package.id);
        let requests = package.requests.iter();
        self.requests.extend(requests.map(|request| (request.id, request.state.clone())));
    }
}

/// Publications and steps that were acknowledged and are not there.
pub(super) fn check(history: &History, stored: &Stored) -> Vec<String> {
    let mut found = BTreeSet::new();
    for trip in history.trips.keys().filter(|trip| !stored.trips.contains(trip)) {
        found.insert(format!("trip {trip} was acknowledged and is not stored"));
    }
    for package in history.packages.keys().filter(|package| !stored.packages.contains(package)) {
        found.insert(format!("package {package} was acknowledged and is not stored"));
    }
    for (cmd, command) in history.commands.iter().filter(|(_, command)| command.is_done()) {
        let (what, request) = (command.what, command.request);
        match stored.requests.get(&request) {
            Some(state) if agrees(history, command, state) => {}
            Some(state) => {
                let state = state.word();
                found.insert(format!("{what:?} {request} was acknowledged and it is {state} ({cmd})"));
            }
            None => {
                found.insert(format!("{what:?} {request} was acknowledged and there is none ({cmd})"));
            }
        }
    }
    found.into_iter().collect()
}

/// Whether a request can stand so after a command that was done.
fn agrees(history: &History, command: &Command, state: &RequestState) -> bool {
    use RequestState as S;
    let called_off = || {
        let of_request = history.commands.values().filter(|other| other.request == command.request);
        of_request.into_iter().any(|other| other.what == What::Cancel)
    };
    match state {
        S::Cancelled { .. } => match command.what {
            What::Cancel => true,
            What::Accept | What::PickUp => called_off(),
            What::Decline | What::Deliver | What::Confirm => false,
        },
        S::Declined { .. } => command.what == What::Decline,
        S::Accepted { .. } => command.what == What::Accept,
        S::PickedUp { .. } => matches!(command.what, What::Accept | What::PickUp),
        S::Delivered { .. } | S::Disputed { .. } => {
            matches!(command.what, What::Accept | What::PickUp | What::Deliver)
        }
        S::Confirmed { .. } => !matches!(command.what, What::Decline | What::Cancel),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use peerpack_actors::market::request::Party;
    use peerpack_actors::time::Time;

    use super::super::testing::Play;
    use super::*;

    const AT: Time = Time::from_ms(1);

    /// A published package, and a courier whose command was acknowledged.
    fn after(what: What) -> (Play, RequestId, Stored) {
        let mut play = Play::new();
        play.publish(1);
        let request = play.offer(1, 1);
        play.acknowledged(1, what, request);
        let (trips, packages) = (&play.history.trips, &play.history.packages);
        let stored = Stored {
            trips: trips.keys().copied().collect(),
            packages: packages.keys().copied().collect(),
            requests: HashMap::new(),
        };
        (play, request, stored)
    }

    #[test]
    fn what_is_stored_as_it_was_acknowledged_is_fine_and_so_is_what_followed() {
        for state in [RequestState::Accepted { at: AT }, RequestState::Confirmed { at: AT, operator: None }] {
            let (play, request, mut stored) = after(What::Accept);
            stored.requests.insert(request, state);
            assert_eq!(check(&play.history, &stored), [""; 0]);
        }
    }

    #[test]
    fn publications_that_are_not_there_are_seen() {
        let (play, request, mut stored) = after(What::Accept);
        stored.requests.insert(request, RequestState::Accepted { at: AT });
        stored.packages.clear();
        assert!(check(&play.history, &stored)[0].contains("package"));
        stored.packages.extend(play.history.packages.keys());
        stored.trips.clear();
        assert_eq!(check(&play.history, &stored).len(), play.history.trips.len());
    }

    #[test]
    fn a_step_that_is_not_there_is_seen() {
        let (play, request, mut stored) = after(What::Accept);
        assert!(check(&play.history, &stored)[0].contains("there is none"));
        stored.requests.insert(request, RequestState::Pending);
        assert!(check(&play.history, &stored)[0].contains("it is pending"));
        let (play, request, mut stored) = after(What::Deliver);
        stored.requests.insert(request, RequestState::PickedUp { at: AT });
        assert!(check(&play.history, &stored)[0].contains("it is picked_up"));
    }

    #[test]
    fn a_deal_that_nobody_called_off_is_seen_when_it_is_gone() {
        let (mut play, request, mut stored) = after(What::Accept);
        stored
            .requests
            .insert(request, RequestState::Cancelled { at: AT, by: Party::Courier, operator: None });
        assert!(check(&play.history, &stored)[0].contains("it is cancelled"));
        play.acknowledged(1, What::Cancel, request);
        assert_eq!(check(&play.history, &stored), [""; 0]);
    }
}
