//! Which events a connection has been given: each at most once, in order, none left out.
//!
//! Knows numbers only. What has been written is always one unbroken run, from a start to the last one.

/// Where an event stands to what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The next one.
    Next,
    /// Written already, or known to the client.
    Known,
    /// Something before it is missing.
    Ahead,
}

/// What was asked for comes before something that is written already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLate;

/// The run of written events: after `start`, up to and with `sent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    start: u64,
    sent: u64,
}

impl Cursor {
    /// Nothing is written; events after `top` are to come.
    pub(super) const fn new(top: u64) -> Self {
        Self { start: top, sent: top }
    }

    /// Takes note of a live event; only [`Turn::Next`] is to be written.
    pub(super) const fn admit(&mut self, seq: u64) -> Turn {
        if seq <= self.sent {
            Turn::Known
        } else if seq == self.sent + 1 {
            self.sent = seq;
            Turn::Next
        } else {
            Turn::Ahead
        }
    }

    /// Takes note of an answered resume: all of what lies after the number it answers with, up to `top`, is
    /// to be written now, before any live event.
    ///
    /// # Errors
    /// The client asks for events from before this connection, and later ones are written already.
    pub(super) const fn resume(&mut self, last_seq: u64, top: u64) -> Result<u64, TooLate> {
        if last_seq < self.start {
            if self.sent != self.start {
                return Err(TooLate);
            }
            self.start = last_seq;
            self.sent = if top > self.sent { top } else { self.sent };
            return Ok(last_seq);
        }
        // What was written on this connection arrives, or the connection ends: it is not missing.
        let after = if last_seq > self.sent { last_seq } else { self.sent };
        if top > self.sent {
            self.sent = top;
        }
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn live_events_are_written_once_and_a_gap_is_seen() {
        let mut cursor = Cursor::new(7);
        assert_eq!(cursor.admit(7), Turn::Known);
        assert_eq!(cursor.admit(8), Turn::Next);
        assert_eq!(cursor.admit(8), Turn::Known);
        assert_eq!(cursor.admit(10), Turn::Ahead);
        assert_eq!(cursor.admit(9), Turn::Next);
    }

    #[test]
    fn a_resume_comes_before_live_events_or_not_at_all() {
        let mut cursor = Cursor::new(7);
        assert_eq!(cursor.resume(4, 9), Ok(4));
        assert_eq!(cursor.admit(9), Turn::Known);
        assert_eq!(cursor.admit(10), Turn::Next);
        assert_eq!(cursor.resume(4, 12), Ok(10), "what was written is not written again");
        assert_eq!(cursor.resume(3, 12), Err(TooLate));
    }

    #[test]
    fn a_client_that_knows_more_is_not_told_it_again() {
        let mut cursor = Cursor::new(7);
        assert_eq!(cursor.resume(9, 11), Ok(9));
        assert_eq!(cursor.admit(11), Turn::Known);
        assert_eq!(cursor.admit(12), Turn::Next);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Commit,
        Live,
        Resume(u64),
    }

    proptest! {
        #[test]
        fn whatever_happens_events_are_written_in_order_once_and_without_gaps(
            top in 0_u64..20,
            steps in prop::collection::vec(
                prop_oneof![
                    Just(Step::Commit),
                    Just(Step::Live),
                    (0_u64..40).prop_map(Step::Resume),
                ],
                0..60,
            ),
        ) {
            let mut cursor = Cursor::new(top);
            let (mut store, mut pushed) = (top, top);
            let mut written: Vec<u64> = Vec::new();
            let mut claimed = None;
            for step in steps {
                match step {
                    Step::Commit => store += 1,
                    Step::Live if pushed < store => {
                        pushed += 1;
                        match cursor.admit(pushed) {
                            Turn::Next => written.push(pushed),
                            Turn::Known => {}
                            Turn::Ahead => prop_assert!(false, "a gap out of nothing"),
                        }
                    }
                    Step::Live => {}
                    Step::Resume(last_seq) => {
                        let last_seq = last_seq.min(store);
                        if let Ok(after) = cursor.resume(last_seq, store) {
                            if after == last_seq && written.last().is_none_or(|last| after > *last) {
                                claimed = Some(after);
                            }
                            written.extend(after + 1..=store);
                        }
                    }
                }
            }
            for pair in written.windows(2) {
                prop_assert!(pair[0] < pair[1], "{written:?}");
                let claimed_between = claimed.is_some_and(|seq| seq + 1 >= pair[1]);
                prop_assert!(pair[0] + 1 == pair[1] || claimed_between, "{written:?}");
            }
        }
    }
}
