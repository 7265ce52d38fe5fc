//! Follows the numbers of events on one connection.

use std::collections::BTreeSet;

/// Which number has to come next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follower {
    /// Not known between `hello` and the answer to `resume`.
    next: Option<u64>,
    /// Live events that overtook the answer to `resume`.
    early: BTreeSet<u64>,
}

impl Follower {
    /// A new connection whose stream stands at `top`. One that resumes learns from the answer what comes
    /// first.
    pub(crate) fn hello(&mut self, top: u64, resumes: bool) {
        *self = Self { next: (!resumes).then_some(top + 1), early: BTreeSet::new() };
    }

    /// The answer to `resume`: the events after this one come next.
    pub(crate) const fn resumed_after(&mut self, seq: u64) {
        self.next = Some(seq + 1);
    }

    /// An event.
    ///
    /// # Errors
    /// What is wrong with its number.
    pub(crate) fn event(&mut self, seq: u64) -> Result<(), String> {
        let Some(mut next) = self.next else {
            return if self.early.insert(seq) {
                Ok(())
            } else {
                Err(format!("event {seq} came twice on one connection"))
            };
        };
        while self.early.remove(&next) {
            next += 1;
        }
        let verdict = if seq > next {
            Err(format!("event {next} is missing: {seq} came"))
        } else if seq < next || self.early.contains(&seq) {
            Err(format!("event {seq} came again: {next} was next"))
        } else {
            Ok(())
        };
        self.next = Some(next.max(seq + 1));
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(top: u64, seqs: &[u64]) -> Vec<String> {
        let mut follower = Follower::default();
        follower.hello(top, false);
        seqs.iter().filter_map(|seq| follower.event(*seq).err()).collect()
    }

    #[test]
    fn consecutive_numbers_are_right() {
        assert_eq!(follow(5, &[6, 7, 8]), [""; 0]);
    }

    #[test]
    fn a_missing_number_is_seen_once() {
        assert_eq!(follow(0, &[1, 3, 4]), ["event 2 is missing: 3 came"]);
        assert_eq!(follow(3, &[5]), ["event 4 is missing: 5 came"]);
    }

    #[test]
    fn a_repeated_number_is_seen() {
        assert_eq!(follow(0, &[1, 2, 2, 3]), ["event 2 came again: 3 was next"]);
    }

    #[test]
    fn a_resumed_connection_goes_on_after_the_position_it_named() {
        let mut follower = Follower::default();
        follower.hello(9, true);
        follower.resumed_after(4);
        assert!((5..=12).all(|seq| follower.event(seq).is_ok()));
        assert!(follower.event(14).is_err());
    }

    #[test]
    fn a_live_event_before_the_answer_to_resume_may_not_come_again() {
        let mut follower = Follower::default();
        follower.hello(2, true);
        assert_eq!(follower.event(3), Ok(()));
        follower.resumed_after(0);
        assert_eq!((follower.event(1), follower.event(2)), (Ok(()), Ok(())));
        assert_eq!(follower.event(4), Ok(()));
        follower.hello(2, true);
        assert_eq!(follower.event(3), Ok(()));
        follower.resumed_after(1);
        assert!(follower.event(2).is_ok());
        assert!(follower.event(3).is_err());
    }
}
