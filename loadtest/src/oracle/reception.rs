//! Who was told how much of what they should have been told.

use peerpack_actors::ids::UserId;
use peerpack_actors::time::{Span, Time};
use serde::Serialize;

use super::history::{History, Stream};

/// An event may be on its way for so long before it counts as one that does not come by itself.
const ON_ITS_WAY: Span = Span::seconds(5);

/// The streams that the report shows one by one at most.
const SHOWN: usize = 20;

/// What one user should have been told, and was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Reception {
    /// Whose stream it is.
    pub user: UserId,
    /// Events of the stream since the user came.
    pub expected: u64,
    /// Those that reached the user by themselves, or after the connection was lost.
    pub received: u64,
}

/// What all users should have been told, and were.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Receptions {
    /// Users whose stream is known to its end.
    pub clients: usize,
    /// Users of whose stream the end is not known: the server did not say.
    pub unknown: usize,
    /// Events that they should have been told.
    pub expected: u64,
    /// Events that they were told.
    pub received: u64,
    /// The users who were not told everything, those who miss most first, 20 at most.
    pub incomplete: Vec<Reception>,
    /// How many users were not told everything.
    pub incomplete_clients: usize,
    /// The most events that one user should have been told, and the median.
    pub most: u64,
    /// In the middle.
    pub median: u64,
}

impl Receptions {
    /// The share of the expected events that were received; 1 where none were expected.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.expected == 0 { 1.0 } else { self.received as f64 / self.expected as f64 }
    }
}

impl Stream {
    /// How many events there were since the user came, and how many of them the user was told; nothing where
    /// the end of the stream is not known.
    pub(super) fn counted(&self) -> Option<(u64, u64)> {
        let top = self.counted_to.filter(|_| !self.is_torn)?;
        let told = self.told.iter().filter(|told| told.seq > self.first_seq && told.seq <= top).count();
        Some((top.saturating_sub(self.first_seq), told as u64))
    }

    /// Events that came only because they were asked for at the end.
    pub(super) fn late(&self) -> impl Iterator<Item = u64> + '_ {
        let asked_at = self.asked_at.unwrap_or(Time::from_ms(i64::MAX));
        let late = self
            .told
            .iter()
            .filter(move |told| told.received_at >= asked_at && asked_at.since(told.at) > ON_ITS_WAY);
        late.map(|told| told.seq)
    }
}

impl History {
    /// A user asks at the end whether that was all. The position to ask from.
    pub fn counting(&mut self, user: UserId, asked_at: Time) -> Option<(u64, u64)> {
        let stream = self.streams.get_mut(&user)?;
        stream.asked_at = Some(asked_at);
        Some((stream.epoch, stream.last_seq))
    }

    /// The answer: where the stream ends, if the server knows.
    pub fn counted(&mut self, user: UserId, top: Option<u64>) {
        if let Some(stream) = self.streams.get_mut(&user) {
            stream.counted_to = top;
        }
    }

    /// Up to where a user has listened: to what the stream had when it was asked for at the end, and to what
    /// came after. An offer may end a moment later, when nobody is there any more. Nothing where it is not
    /// known.
    #[must_use]
    pub fn listened_to(&self, user: UserId) -> Option<u64> {
        let stream = self.streams.get(&user)?;
        Some(stream.counted_to?.max(stream.told.iter().map(|told| told.seq).max().unwrap_or_default()))
    }

    /// Who was told how much. To be asked when everybody was counted.
    #[must_use]
    pub fn receptions(&self) -> Receptions {
        let mut all = Receptions::default();
        let (mut each, mut incomplete) = (Vec::new(), Vec::new());
        for (user, stream) in &self.streams {
            let Some((expected, told)) = stream.counted() else {
                all.unknown += 1;
                continue;
            };
            let received = told.saturating_sub(stream.late().count() as u64);
            all.clients += 1;
            all.expected += expected;
            all.received += received;
            each.push(expected);
            if received < expected {
                incomplete.push(Reception { user: *user, expected, received });
            }
        }
        each.sort_unstable();
        (all.most, all.median) =
            (each.last().copied().unwrap_or(0), each.get(each.len() / 2).copied().unwrap_or(0));
        all.incomplete_clients = incomplete.len();
        incomplete.sort_by_key(|one| (std::cmp::Reverse(one.expected - one.received), one.user));
        incomplete.truncate(SHOWN);
        all.incomplete = incomplete;
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Play;
    use super::*;

    fn counted(play: &mut Play, user: u8, more: u64) -> Receptions {
        let user = play.user(user);
        let (_, last) = play.history.counting(user, Time::from_ms(2_000_000)).unwrap();
        play.history.counted(user, Some(last + more));
        play.history.receptions()
    }

    #[test]
    fn a_user_who_was_told_everything_is_whole() {
        let mut play = Play::new();
        play.offer(1, 1);
        let all = counted(&mut play, 1, 0);
        assert_eq!((all.clients, all.unknown, all.expected, all.received), (1, 2, 2, 2));
        assert_eq!((all.share(), all.incomplete_clients), (1.0, 0));
    }

    #[test]
    fn events_at_the_end_that_never_came_are_missed() {
        let mut play = Play::new();
        play.offer(1, 1);
        let all = counted(&mut play, 1, 2);
        assert_eq!((all.expected, all.received), (4, 2));
        assert_eq!(all.incomplete, [Reception { user: play.user(1), expected: 4, received: 2 }]);
    }

    #[test]
    fn an_old_event_that_came_only_on_asking_was_not_received() {
        let mut play = Play::new();
        play.offer(1, 1);
        let user = play.user(1);
        play.history.counting(user, Time::from_ms(900_000));
        play.history.counted(user, Some(2));
        assert_eq!(play.history.receptions().received, 2, "it happened later");
        play.history.counting(user, Time::from_ms(1_000_001));
        assert_eq!(play.history.receptions().received, 2, "it was received before");
        for told in &mut play.history.streams.get_mut(&user).unwrap().told {
            (told.at, told.received_at) = (Time::from_ms(900_000), Time::from_ms(1_000_002));
        }
        assert_eq!(play.history.receptions().received, 0);
    }
}
