//! One user's stream as a node holds it: where it stands, its recent events, and what came too early. Plain
//! values, so that order and resume can be tested without an actor.

use std::collections::{BTreeMap, VecDeque};

use super::session::{NotRecoverable, ResumeAnswer};
use crate::ports::{StreamEntry, StreamPosition};

/// The recent events kept in memory for a quick resume.
const RING: usize = 256;

/// The most events one resume brings back.
const MAX_RESUME: u64 = 300;

/// The stream of one user. Events come in from commits, out of order when two commits race; they go out in
/// order.
pub(super) struct Feed {
    position: StreamPosition,
    ring: VecDeque<StreamEntry>,
    ahead: BTreeMap<u64, StreamEntry>,
}

/// What a request to resume comes to.
#[derive(Debug)]
pub(super) enum Resumption {
    /// It can be answered from memory.
    Answered(ResumeAnswer),
    /// The client has seen more than this node: the store says whether there is as much.
    Ahead,
    /// The store has what was missed.
    Stored,
}

impl Feed {
    /// A stream of which everything up to the position was given out.
    pub(super) const fn at(position: StreamPosition) -> Self {
        Self { position, ring: VecDeque::new(), ahead: BTreeMap::new() }
    }

    /// The number of the last event that was given out.
    pub(super) const fn position(&self) -> StreamPosition {
        self.position
    }

    /// Takes events in and gives out those whose turn it is. Events that were given out before are dropped.
    pub(super) fn take_in(&mut self, entries: Vec<StreamEntry>, mut give: impl FnMut(&StreamEntry)) {
        let fresh = entries.into_iter().filter(|entry| entry.seq > self.position.top);
        self.ahead.extend(fresh.map(|entry| (entry.seq, entry)));
        while let Some(entry) = self.ahead.remove(&(self.position.top + 1)) {
            self.position.top = entry.seq;
            give(&entry);
            self.ring.push_back(entry);
            if self.ring.len() > RING {
                self.ring.pop_front();
            }
        }
    }

    /// Up to which event something is missing, if anything is.
    pub(super) fn gap_until(&self) -> Option<u64> {
        self.ahead.last_key_value().map(|(&seq, _)| seq)
    }

    /// Decides how a client that has seen `last_seq` in `epoch` goes on.
    pub(super) fn resume(&self, epoch: u64, last_seq: u64) -> Resumption {
        let top = self.position.top;
        let unrecoverable = |reason| Resumption::Answered(ResumeAnswer::Unrecoverable { reason, top });
        if epoch != self.position.epoch {
            return unrecoverable(NotRecoverable::EpochChanged);
        }
        if last_seq > top {
            // Another node may have told of what this one has not seen yet.
            return Resumption::Ahead;
        }
        if top - last_seq > MAX_RESUME {
            return unrecoverable(NotRecoverable::TooMany);
        }
        let missed = self.recent_after(last_seq).or_else(|| (last_seq == top).then(Vec::new));
        missed.map_or(Resumption::Stored, |missed| {
            Resumption::Answered(ResumeAnswer::Recovered { missed, top })
        })
    }

    /// The answer to a client that is ahead of this node, when the store has events up to `stored`.
    pub(super) const fn resume_ahead(top: u64, last_seq: u64, stored: u64) -> ResumeAnswer {
        if last_seq > stored {
            return ResumeAnswer::Unrecoverable { reason: NotRecoverable::FutureSeq, top };
        }
        // What comes after is on its way.
        ResumeAnswer::Recovered { missed: Vec::new(), top: last_seq }
    }

    /// The answer out of what the store has after `last_seq`. Retention may have taken the first of it away.
    pub(super) fn resume_stored(top: u64, last_seq: u64, stored: Vec<StreamEntry>) -> ResumeAnswer {
        let missed: Vec<_> = stored.into_iter().take_while(|entry| entry.seq <= top).collect();
        if missed.first().is_some_and(|first| first.seq == last_seq + 1) {
            ResumeAnswer::Recovered { missed, top }
        } else {
            ResumeAnswer::Unrecoverable { reason: NotRecoverable::TooOld, top }
        }
    }

    fn recent_after(&self, last_seq: u64) -> Option<Vec<StreamEntry>> {
        let first = self.ring.front()?.seq;
        (first <= last_seq + 1)
            .then(|| self.ring.iter().filter(|entry| entry.seq > last_seq).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use crate::time::Time;

    fn entries(numbers: impl IntoIterator<Item = u64>) -> Vec<StreamEntry> {
        let entry = |seq| StreamEntry {
            user: UserId::new(Time::from_ms(0), [1; 10]),
            seq,
            at: Time::from_ms(0),
            body: "{}".into(),
        };
        numbers.into_iter().map(entry).collect()
    }

    fn feed(top: u64) -> Feed {
        Feed::at(StreamPosition { epoch: 7, top })
    }

    fn given(feed: &mut Feed, numbers: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut given = Vec::new();
        feed.take_in(entries(numbers), |entry| given.push(entry.seq));
        given
    }

    fn recovered(answer: ResumeAnswer) -> Vec<u64> {
        match answer {
            ResumeAnswer::Recovered { missed, .. } => missed.iter().map(|entry| entry.seq).collect(),
            ResumeAnswer::Unrecoverable { reason, .. } => panic!("{reason:?}"),
        }
    }

    fn reason(resumption: Resumption) -> NotRecoverable {
        match resumption {
            Resumption::Answered(ResumeAnswer::Unrecoverable { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn events_go_out_in_order_and_once() {
        let mut feed = feed(3);
        assert_eq!(given(&mut feed, [6, 5]), Vec::<u64>::new());
        assert_eq!(feed.gap_until(), Some(6));
        assert_eq!(given(&mut feed, [2, 3, 4]), [4, 5, 6]);
        assert_eq!(given(&mut feed, [4, 5, 6]), Vec::<u64>::new());
        assert_eq!((feed.gap_until(), feed.position().top), (None, 6));
    }

    #[test]
    fn a_client_resumes_from_memory_where_the_ring_reaches() {
        let mut feed = feed(0);
        given(&mut feed, 1..=300);
        let Resumption::Answered(answer) = feed.resume(7, 298) else { panic!("not from memory") };
        assert_eq!(recovered(answer), [299, 300]);
        let first_in_the_ring = 300 - RING as u64 + 1;
        assert!(matches!(feed.resume(7, first_in_the_ring - 1), Resumption::Answered(_)));
        assert!(matches!(feed.resume(7, first_in_the_ring - 2), Resumption::Stored));
    }

    #[test]
    fn a_client_that_missed_nothing_needs_no_ring() {
        let Resumption::Answered(answer) = feed(40).resume(7, 40) else { panic!("not from memory") };
        assert_eq!(recovered(answer), Vec::<u64>::new());
    }

    #[test]
    fn a_client_of_another_history_or_too_far_behind_loads_anew() {
        assert_eq!(reason(feed(40).resume(8, 40)), NotRecoverable::EpochChanged);
        assert_eq!(reason(feed(MAX_RESUME + 1).resume(7, 0)), NotRecoverable::TooMany);
        assert!(matches!(feed(MAX_RESUME).resume(7, 0), Resumption::Stored));
    }

    #[test]
    fn the_store_decides_about_a_client_that_is_ahead() {
        assert!(matches!(feed(40).resume(7, 41), Resumption::Ahead));
        assert_eq!(recovered(Feed::resume_ahead(40, 41, 41)), Vec::<u64>::new());
        assert_eq!(reason(Resumption::Answered(Feed::resume_ahead(40, 42, 41))), NotRecoverable::FutureSeq);
    }

    #[test]
    fn what_the_store_gives_is_whole_or_refused() {
        assert_eq!(recovered(Feed::resume_stored(12, 10, entries(11..=14))), [11, 12]);
        let cut = Feed::resume_stored(12, 10, entries(12..=14));
        assert_eq!(reason(Resumption::Answered(cut)), NotRecoverable::TooOld);
        let nothing = Feed::resume_stored(12, 10, Vec::new());
        assert_eq!(reason(Resumption::Answered(nothing)), NotRecoverable::TooOld);
    }
}
