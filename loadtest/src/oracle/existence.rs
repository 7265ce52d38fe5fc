//! What was acknowledged or told exists, and once.

use std::collections::{BTreeSet, HashSet};

use peerpack_actors::ids::RequestId;

use super::history::{Fact, History, Outcome};

/// The code of a refusal that says that there is no such request.
const NOT_FOUND: &str = "not_found";

/// Publications that made two packages, and offers that are not there for those who got them.
pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (number, packages) in history.numbers.iter().filter(|(_, packages)| packages.len() > 1) {
        found.insert(format!(
            "publication {number} was repeated under its key and made {} packages: {packages:?}",
            packages.len()
        ));
    }
    let told = history.streams.values().flat_map(|stream| &stream.told);
    let offered: HashSet<RequestId> = told
        .filter_map(|told| match told.fact {
            Fact::Offered { request, .. } => Some(request),
            _ => None,
        })
        .collect();
    for (cmd, command) in &history.commands {
        let is_denied =
            command.answers.iter().any(|(_, outcome)| *outcome == Outcome::Refused(NOT_FOUND.to_owned()));
        if is_denied && offered.contains(&command.request) {
            let (by, what, request) = (command.by, command.what, command.request);
            found.insert(format!(
                "{by} {what:?} {request}: it was told, and then answered that there is none ({cmd})"
            ));
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use peerpack_actors::ids::PackageId;
    use uuid::Uuid;

    use super::super::history::What;
    use super::super::testing::Play;
    use super::*;

    #[test]
    fn a_publication_that_made_two_packages_is_seen_once() {
        let mut play = Play::new();
        let package = |number| PackageId::from(Uuid::from_u128(number));
        for id in [1, 1, 2, 1, 2] {
            play.history.numbered(7, package(id));
            play.history.numbered(8, package(9));
        }
        let found = check(&play.history);
        assert!(found.len() == 1 && found[0].starts_with("publication 7"), "{found:?}");
    }

    #[test]
    fn an_offer_that_is_not_there_for_the_courier_who_got_it_is_seen() {
        let mut play = Play::new();
        let request = play.offer(1, 1);
        play.acknowledged(1, What::Accept, request);
        assert_eq!(check(&play.history), [""; 0]);
        play.refused(1, What::Decline, request, NOT_FOUND);
        assert!(check(&play.history)[0].contains("there is none"));
    }
}
