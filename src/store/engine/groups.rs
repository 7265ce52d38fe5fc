//! Units that wait to be applied, and which of them are applied as one.
//!
//! Each round trip and each wait for the disk can serve many units. So a lane that is free takes all that
//! wait; the longer the database takes, the larger the groups become. A group that fails is applied again
//! unit by unit: one that is refused takes nobody with it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use peerpack_actors::ports::Committed;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::commit::fits;
use super::prepared::Prepared;
use crate::store::failure::Failure;

/// The most units that wait; one more is refused at once.
pub(in crate::store) const QUEUE: usize = 4_096;

/// The most units in one group.
pub(in crate::store) const GROUP: usize = 64;

/// A unit that waits, and who waits for it.
pub(in crate::store) struct Queued {
    pub(in crate::store) unit: Arc<Prepared>,
    /// When its caller stops waiting.
    pub(in crate::store) until: Instant,
    /// What has brought the unit about.
    span: Span,
    reply: oneshot::Sender<Result<Committed, Failure>>,
}

impl Queued {
    /// A unit, and where its outcome will be heard of.
    pub(in crate::store) fn new(
        unit: Arc<Prepared>,
        until: Instant,
    ) -> (Self, oneshot::Receiver<Result<Committed, Failure>>) {
        let (reply, answer) = oneshot::channel();
        (Self { unit, until, span: Span::current(), reply }, answer)
    }

    /// The caller may be gone; the unit is applied all the same.
    pub(in crate::store) fn answer(self, outcome: Result<Committed, Failure>) {
        self.reply.send(outcome).ok();
    }
}

/// The span in which a group is applied: that of its unit if it has one alone, otherwise one that follows
/// from those of all its units.
pub(in crate::store) fn span_of(group: &[Queued]) -> Span {
    if let [queued] = group {
        return tracing::debug_span!(parent: &queued.span, "commit", units = 1);
    }
    let span = tracing::debug_span!(parent: None, "commit", units = group.len());
    for queued in group {
        span.follows_from(&queued.span);
    }
    span
}

/// Takes as many units as can be applied as one, in the order in which they came; the others stay. Units
/// whose callers have been told already that it took too long are dropped.
pub(in crate::store) fn take(waiting: &mut VecDeque<Queued>, now: Instant) -> Vec<Queued> {
    let mut guarded = BTreeSet::new();
    let (mut group, mut rest) = (Vec::new(), VecDeque::new());
    while let Some(queued) = waiting.pop_front() {
        let alone = group.is_empty();
        if queued.until <= now {
            queued.answer(Err(Failure::Unavailable("it waited too long".to_owned())));
        } else if group.len() < GROUP && (alone || fits(&guarded, &queued.unit)) {
            guarded.extend(queued.unit.guarded());
            let stop = queued.unit.moves_a_trip();
            group.push(queued);
            if stop {
                break;
            }
        } else {
            // A later unit must not overtake this one on what both touch.
            guarded.extend(queued.unit.guarded());
            rest.push_back(queued);
        }
    }
    rest.append(waiting);
    *waiting = rest;
    metrics::histogram!("peerpack_store_group_size").record(group.len() as f64);
    group
}

/// The answer of a store that has been closed.
pub(in crate::store) fn closed() -> Failure {
    Failure::Unavailable("the store is closed".to_owned())
}

/// Why something could not be queued.
pub(in crate::store) fn refused<T>(error: &mpsc::error::TrySendError<T>) -> Failure {
    match error {
        mpsc::error::TrySendError::Full(_) => Failure::Unavailable("too many writes are waiting".to_owned()),
        mpsc::error::TrySendError::Closed(_) => closed(),
    }
}

/// Waits for an answer as long as the caller does.
pub(in crate::store) async fn wait<T>(
    answer: oneshot::Receiver<Result<T, Failure>>,
    until: Instant,
) -> Result<T, Failure> {
    match timeout_at(until, answer).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(closed()),
        Err(_) => Err(Failure::Unavailable("the database took too long".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use peerpack_actors::ids::{PackageId, TripId};
    use peerpack_actors::market::trip::TripState;
    use peerpack_actors::time::Time;
    use peerpack_actors::unit::{PackageChange, TripChange, Unit};
    use tokio::sync::oneshot::Receiver;

    use super::*;

    type Answer = Receiver<Result<Committed, Failure>>;

    const AT: Time = Time::from_ms(1_000);

    fn unit(package: Option<u8>, moved: bool) -> Arc<Prepared> {
        let mut unit = Unit {
            transfers: Vec::new(),
            at: AT,
            packages: Default::default(),
            trips: Default::default(),
            others: Vec::new(),
            escrow: Default::default(),
            notices: Vec::new(),
            receipt: None,
            seen: None,
            adds: Vec::new(),
            bounds: None,
            rest_of: None,
        };
        if let Some(n) = package {
            let id = PackageId::new(AT, [n; 10]);
            let change = PackageChange::Update {
                id,
                version: 1,
                state: None,
                opened: vec![],
                moved: vec![],
                adopted: vec![],
            };
            unit.packages.push(change);
        }
        if moved {
            let state = TripState::InProgress { at: AT };
            unit.trips.push(TripChange::Moved { id: TripId::new(AT, [1; 10]), version: 1, state });
        }
        Arc::new(Prepared::new(unit, false).expect("nothing to go wrong"))
    }

    /// Units that wait, and where their outcomes will be heard of; the package is the name of the unit.
    fn waiting(units: &[(Option<u8>, bool)]) -> (VecDeque<Queued>, Vec<Answer>) {
        let until = Instant::now() + Duration::from_secs(60);
        units.iter().map(|(package, moved)| Queued::new(unit(*package, *moved), until)).unzip()
    }

    fn names(group: &[Queued]) -> Vec<Option<u8>> {
        let name = |queued: &Queued| queued.unit.guarded().next().map(|work| work.id.as_bytes()[15]);
        group.iter().map(name).collect()
    }

    #[tokio::test]
    async fn units_on_the_same_package_are_taken_one_after_the_other() {
        let (mut units, _answers) =
            waiting(&[(Some(1), false), (Some(2), false), (Some(1), false), (Some(3), false)]);
        assert_eq!(names(&take(&mut units, Instant::now())), [Some(1), Some(2), Some(3)]);
        assert_eq!(names(&take(&mut units, Instant::now())), [Some(1)]);
        assert!(units.is_empty());
    }

    #[tokio::test]
    async fn a_unit_that_moves_a_trip_is_taken_alone() {
        let (mut units, _answers) = waiting(&[(Some(1), false), (Some(2), true), (Some(3), false)]);
        assert_eq!(names(&take(&mut units, Instant::now())), [Some(1), Some(3)]);
        assert_eq!(names(&take(&mut units, Instant::now())), [Some(2)]);
        let (mut units, _answers) = waiting(&[(Some(1), true), (Some(2), false)]);
        assert_eq!(names(&take(&mut units, Instant::now())), [Some(1)]);
    }

    #[tokio::test]
    async fn a_unit_does_not_overtake_another_on_the_same_package() {
        let (mut units, _answers) = waiting(&[(Some(1), false), (Some(2), true), (Some(2), false)]);
        assert_eq!(names(&take(&mut units, Instant::now())), [Some(1)]);
        assert_eq!(names(&take(&mut units, Instant::now())), [Some(2)]);
        assert_eq!(names(&take(&mut units, Instant::now())), [Some(2)]);
    }

    #[tokio::test]
    async fn a_group_is_bounded() {
        let many: Vec<_> = (0..GROUP + 3).map(|n| (u8::try_from(n).ok(), false)).collect();
        let (mut units, _answers) = waiting(&many);
        assert_eq!(take(&mut units, Instant::now()).len(), GROUP);
        assert_eq!(units.len(), 3);
    }

    #[tokio::test]
    async fn a_unit_whose_caller_has_given_up_is_not_applied_late() {
        let (mut units, mut answers) = waiting(&[(Some(1), false)]);
        assert!(take(&mut units, Instant::now() + Duration::from_secs(61)).is_empty());
        assert!(matches!(answers.remove(0).await, Ok(Err(Failure::Unavailable(_)))));
    }
}
