//! Has people say something in their chats when the plan says so, whatever the server does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use peerpack_actors::ids::ChatId;
use rand::RngExt;
use rand::seq::SliceRandom;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use crate::arrival::poisson;
use crate::chance::{Purpose, generator};
use crate::cue::Cue;
use crate::measure::Metric;
use crate::scenario::{Load, Talk};
use crate::shared::Shared;

/// Letters in place of digits: numbers might be kept back from their readers as somebody's telephone.
const LETTERS: [char; 10] = ['б', 'в', 'г', 'д', 'ж', 'к', 'л', 'м', 'н', 'п'];

/// What stands before the number in every text.
const OPENING: &str = "Здравствуйте! Всё по плану, сообщение ";

/// Something that is to be said now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    /// Its place in the plan.
    pub(crate) number: usize,
    /// In which chat.
    pub(crate) chat: ChatId,
    /// When it was to be said; a busy client may be late.
    pub(crate) due_us: u64,
    /// Whether it goes over HTTP, and not over the socket.
    pub(crate) is_over_http: bool,
}

/// What is said when and by whom: made before the run, so that the server cannot slow it down.
pub(crate) struct TalkPlan {
    /// When, microseconds after the first package, ascending.
    moments_us: Vec<u64>,
    /// The pairs, in the order in which they speak: each once, and then again from the beginning. So nobody
    /// says more than the others, and a stranger always has an answer before the next word.
    pairs: Vec<usize>,
    /// Which of them go over HTTP.
    over_http: Vec<bool>,
}

impl TalkPlan {
    /// A plan for warm-up and duration.
    pub(crate) fn new(talk: Talk, load: &Load, seed: u64) -> Self {
        let mut random = generator(seed, Purpose::Talk);
        let length_us = (load.warmup_s + load.duration_s) * 1_000_000;
        let moments_us =
            if talk.is_said() { poisson(talk.messages_per_s, 0, length_us, &mut random) } else { Vec::new() };
        let mut pairs: Vec<usize> = (0..talk.pairs).collect();
        pairs.shuffle(&mut random);
        let over_http = moments_us.iter().map(|_| random.random_bool(talk.over_http)).collect();
        Self { moments_us, pairs, over_http }
    }

    /// How much is said.
    pub(crate) const fn words(&self) -> usize {
        self.moments_us.len()
    }

    /// Which pair says the word of a place in the plan, and which of the two.
    fn speaker(&self, number: usize) -> (usize, usize) {
        (self.pairs[number % self.pairs.len()], number / self.pairs.len() % 2)
    }
}

/// The text of a place in the plan.
pub(crate) fn text(number: usize) -> String {
    let digits =
        number.to_string().bytes().map(|digit| LETTERS[usize::from(digit - b'0')]).collect::<String>();
    format!("{OPENING}{digits}")
}

/// The place in the plan that a text says.
pub(crate) fn number(text: &str) -> Option<usize> {
    let letters = text.strip_prefix(OPENING)?.chars();
    let digits = letters.map(|letter| LETTERS.iter().position(|known| *known == letter));
    digits.reduce(|number, digit| number?.checked_mul(10)?.checked_add(digit?)).flatten()
}

/// Has everything said from a moment on, in the chats of all pairs, by the two of each. Ends when the last
/// word was begun.
pub(crate) fn start(
    shared: &Arc<Shared>,
    plan: TalkPlan,
    (chats, voices): (Vec<ChatId>, Vec<UnboundedSender<Word>>),
    start_us: u64,
    cue: &Arc<Cue>,
) -> JoinHandle<()> {
    let (shared, cue) = (Arc::clone(shared), Arc::clone(cue));
    let due_us = plan.moments_us.iter().map(|at| start_us + at).collect();
    drop(shared.words_due_us.set(due_us));
    // A thread of its own: timers of the runtime are a millisecond coarse and wait for other tasks.
    tokio::task::spawn_blocking(move || {
        for (number, at_us) in plan.moments_us.iter().enumerate() {
            let due_us = start_us + at_us;
            shared.clock.block_until(due_us);
            if cue.enough.load(Ordering::Relaxed) {
                return;
            }
            let (pair, which) = plan.speaker(number);
            let word = Word { number, chat: chats[pair], due_us, is_over_http: plan.over_http[number] };
            let now = shared.clock.now_us();
            shared.touch(now);
            if shared.is_measured(due_us) {
                shared.measures.record_between(Metric::Lateness, due_us, now);
            }
            shared.outstanding.fetch_add(1, Ordering::Relaxed);
            if voices[2 * pair + which].send(word).is_err() {
                shared.outstanding.fetch_sub(1, Ordering::Relaxed);
                shared.failed("nobody is there to say it");
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pairs: usize) -> TalkPlan {
        let talk = Talk { pairs, messages_per_s: 100.0, over_http: 0.25, read: 0.0 };
        let load = Load { packages_per_s: 1.0, duration_s: 50, warmup_s: 10, curve: Vec::new() };
        TalkPlan::new(talk, &load, 1)
    }

    #[test]
    fn texts_say_their_numbers_in_letters() {
        for number in [0, 7, 10, 60_123] {
            assert_eq!(super::number(&text(number)), Some(number));
            assert!(!text(number).contains(|c: char| c.is_ascii_digit()));
        }
        for other in ["", "Здравствуйте!", &format!("{OPENING}x"), OPENING] {
            assert_eq!(super::number(other), None, "{other}");
        }
    }

    #[test]
    fn no_text_looks_like_somebodys_telephone() {
        for number in [0, 1, 999, 60_123, 12_345_678] {
            assert!(peerpack_actors::talk::masking::find(&text(number)).is_empty(), "{}", text(number));
        }
    }

    #[test]
    fn everybody_speaks_in_turn_and_is_answered_before_the_next_word() {
        let plan = plan(7);
        assert!((5_600..6_400).contains(&plan.words()), "{}", plan.words());
        let of_pair = |wanted: usize| {
            let speakers = (0..140).map(|number| plan.speaker(number));
            speakers.filter(|(pair, _)| *pair == wanted).map(|(_, which)| which).collect::<Vec<_>>()
        };
        for pair in 0..7 {
            assert!(
                of_pair(pair).iter().enumerate().all(|(n, which)| *which == n % 2),
                "{:?}",
                of_pair(pair)
            );
            assert_eq!(of_pair(pair).len(), 20);
        }
        let over_http = plan.over_http.iter().filter(|is| **is).count();
        assert!((1_300..1_700).contains(&over_http), "{over_http}");
    }

    #[test]
    fn in_silence_nothing_is_planned() {
        let load = Load { packages_per_s: 1.0, duration_s: 50, warmup_s: 10, curve: Vec::new() };
        assert_eq!(TalkPlan::new(Talk { pairs: 5, ..Talk::default() }, &load, 1).words(), 0);
        assert_eq!(TalkPlan::new(Talk::default(), &load, 1).words(), 0);
    }
}
