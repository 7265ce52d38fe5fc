//! Whether a message is sent now, later or not at all, and what follows from what became of it. Decides from
//! what it is given, and does nothing.

use jiff::civil::Time as ClockTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use peerpack_actors::stream::message::Class;
use peerpack_actors::time::{Span, Time};

use crate::store::{Arrived, QuietHours, Settled};
use crate::telegram::{Answer, Refusal};

/// What ends sooner than this could not be read in time.
const TOO_LATE: Span = Span::seconds(3);

/// When it is looked again whether somebody who is offered something still looks.
const LOOK_AGAIN: Span = Span::seconds(5);

/// A connection that is dead is found out to be so within this time: who still has one then looks, or has
/// looked.
const SURELY_LOOKING: Span = Span::seconds(40);

/// How often a message is tried.
pub(super) const MAX_ATTEMPTS: u32 = 12;

/// The longest pause between two attempts.
const LONGEST_PAUSE: Span = Span::minutes(5);

/// How long it takes somebody to give the bot another token.
const WITHOUT_TOKEN: Span = Span::minutes(1);

/// What is to be known of a message before it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) class: Class,
    /// When its event was.
    pub(super) at: Time,
    pub(super) ends_at: Option<Time>,
    /// Whether the node that had it before has never said what became of it.
    pub(super) is_lost: bool,
    pub(super) attempts: u32,
    /// Whether it is told together with others anyway.
    pub(super) is_digest: bool,
    /// Whether the person has a socket open.
    pub(super) is_looking: bool,
    /// Until when they do not want to be disturbed.
    pub(super) quiet_until: Option<Time>,
    /// Until when they have had enough for an hour.
    pub(super) full_until: Option<Time>,
}

/// What is done with a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It is sent.
    Send,
    /// It only brings up to date what is there.
    Edit,
    /// Nobody needs it, for this reason.
    Drop(&'static str),
    /// It is looked at again then, with others if it comes to that.
    Wait { until: Time, digest: bool },
    /// It may have arrived.
    Unknown,
    /// It was tried often enough.
    Give,
}

/// What is done with a message now.
pub(super) fn judge(facts: &Facts, now: Time) -> Verdict {
    let class = facts.class;
    if facts.is_lost && !class.is_repeated() {
        return Verdict::Unknown;
    }
    if facts.attempts > MAX_ATTEMPTS {
        return Verdict::Give;
    }
    let is_over = |at: Time| facts.ends_at.is_some_and(|ends| ends < at + TOO_LATE);
    if is_over(now) {
        return Verdict::Drop("late");
    }
    if class == Class::Follow {
        return Verdict::Edit;
    }
    if facts.is_looking {
        let until = if class == Class::Offer { now + LOOK_AGAIN } else { facts.at + SURELY_LOOKING };
        return if until <= now || is_over(until) {
            Verdict::Drop("looking")
        } else {
            Verdict::Wait { until, digest: false }
        };
    }
    let full_until = facts.full_until.filter(|_| class != Class::Money && !facts.is_digest);
    match facts.quiet_until.max(full_until) {
        Some(until) if is_over(until) || class == Class::Offer && full_until.is_some() => {
            Verdict::Drop("undisturbed")
        }
        Some(until) => Verdict::Wait { until, digest: !matches!(class, Class::Money | Class::Offer) },
        None => Verdict::Send,
    }
}

/// What follows from an answer, besides what becomes of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Also {
    /// The update asks for nothing.
    Nothing,
    /// The chat is left alone until then.
    Mute(Time),
    /// The person does not want to hear from the bot.
    Blocked,
    /// Nothing can be sent until somebody gives the bot another token.
    Pause(Time),
}

/// What becomes of a message, and what else follows.
pub(super) fn follow(class: Class, attempts: u32, answer: Answer<Arrived>, now: Time) -> (Settled, Also) {
    let again = |error: String| Settled::Later {
        due_at: now + pause(attempts),
        error: Some(error),
        counts: true,
        digest: false,
    };
    match answer {
        Answer::Done(arrived) => (Settled::Sent(arrived), Also::Nothing),
        Answer::Unsent(why) => (again(why), Also::Nothing),
        Answer::Unknown(why) if class.is_repeated() => (again(why), Also::Nothing),
        Answer::Unknown(why) => (Settled::Unknown(why), Also::Nothing),
        Answer::Refused(refusal) => refused(&refusal, now),
    }
}

fn refused(refusal: &Refusal, now: Time) -> (Settled, Also) {
    let error = refusal.to_string();
    let back = |due_at| Settled::Later { due_at, error: Some(error.clone()), counts: false, digest: false };
    match refusal.retry_after {
        Some(pause) => (back(now), Also::Mute(now + pause)),
        None if refusal.is_from_person() => (Settled::Dropped, Also::Blocked),
        None if refusal.is_about_token() => (back(now + WITHOUT_TOKEN), Also::Pause(now + WITHOUT_TOKEN)),
        None => (Settled::Dead(error), Also::Nothing),
    }
}

/// The pause after so many attempts.
pub(super) fn pause(attempts: u32) -> Span {
    let seconds = 1_i64.checked_shl(attempts.saturating_sub(1).min(16)).unwrap_or(1 << 16);
    Span::seconds(seconds).min(LONGEST_PAUSE)
}

/// Until when somebody does not want to be disturbed, if that is so now.
pub(super) fn quiet_until(quiet: &QuietHours, now: Time) -> Option<Time> {
    let zone = TimeZone::get(&quiet.zone).ok()?;
    let here = Timestamp::from_millisecond(now.ms()).ok()?.to_zoned(zone);
    let minute = u16::try_from(here.hour()).ok()? * 60 + u16::try_from(here.minute()).ok()?;
    let (from, to) = (quiet.from_min, quiet.to_min);
    let is_quiet = if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to };
    if !is_quiet {
        return None;
    }
    let day = if minute < to { here.date() } else { here.date().checked_add(1.day()).ok()? };
    let (hour, left) = (i8::try_from(to / 60).ok()?, i8::try_from(to % 60).ok()?);
    let end = day.to_datetime(ClockTime::new(hour, left, 0, 0).ok()?);
    let end = here.time_zone().to_ambiguous_zoned(end).compatible().ok()?;
    Some(Time::from_ms(end.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn facts(class: Class) -> Facts {
        Facts {
            class,
            at: NOW,
            ends_at: (class == Class::Offer).then(|| NOW + Span::minutes(2)),
            is_lost: false,
            attempts: 1,
            is_digest: false,
            is_looking: false,
            quiet_until: None,
            full_until: None,
        }
    }

    const ALL: [Class; 5] = [Class::Offer, Class::Money, Class::State, Class::Follow, Class::Bulk];

    #[test]
    fn who_is_not_looking_gets_a_message_at_once() {
        for class in ALL {
            let expected = if class == Class::Follow { Verdict::Edit } else { Verdict::Send };
            assert_eq!(judge(&facts(class), NOW), expected, "{class:?}");
        }
    }

    #[test]
    fn an_offer_that_could_not_arrive_before_its_end_is_not_sent() {
        let offer = facts(Class::Offer);
        let end = NOW + Span::minutes(2);
        assert_eq!(judge(&offer, end - Span::seconds(4)), Verdict::Send);
        assert_eq!(judge(&offer, end - Span::seconds(2)), Verdict::Drop("late"));
        let quiet = Facts { quiet_until: Some(NOW + Span::hours(1)), ..offer };
        assert_eq!(judge(&quiet, NOW), Verdict::Drop("undisturbed"));
        let short = Facts { quiet_until: Some(NOW + Span::minutes(1)), ..offer };
        assert_eq!(judge(&short, NOW), Verdict::Wait { until: NOW + Span::minutes(1), digest: false });
    }

    #[test]
    fn who_is_looking_is_left_alone_unless_the_connection_turns_out_to_be_dead() {
        let state = Facts { is_looking: true, ..facts(Class::State) };
        let Verdict::Wait { until, .. } = judge(&state, NOW) else { panic!("waits") };
        assert_eq!(judge(&state, until), Verdict::Drop("looking"));
        assert_eq!(judge(&Facts { is_looking: false, ..state }, until), Verdict::Send);
        let offer = Facts { is_looking: true, ..facts(Class::Offer) };
        assert_eq!(judge(&offer, NOW), Verdict::Wait { until: NOW + LOOK_AGAIN, digest: false });
        assert_eq!(judge(&offer, NOW + Span::minutes(2) - Span::seconds(6)), Verdict::Drop("looking"));
        let follow = Facts { is_looking: true, ..facts(Class::Follow) };
        assert_eq!(judge(&follow, NOW), Verdict::Edit);
    }

    #[test]
    fn beyond_the_bound_of_an_hour_news_is_told_together_money_at_once_and_offers_not() {
        let until = NOW + Span::minutes(20);
        for (class, expected) in [
            (Class::State, Verdict::Wait { until, digest: true }),
            (Class::Bulk, Verdict::Wait { until, digest: true }),
            (Class::Money, Verdict::Send),
            (Class::Offer, Verdict::Drop("undisturbed")),
        ] {
            let full = Facts { full_until: Some(until), ..facts(class) };
            assert_eq!(judge(&full, NOW), expected, "{class:?}");
        }
        let digest = Facts { full_until: Some(until), is_digest: true, ..facts(Class::Bulk) };
        assert_eq!(judge(&digest, NOW), Verdict::Send);
        let night = Facts { quiet_until: Some(until), ..facts(Class::Money) };
        assert_eq!(judge(&night, NOW), Verdict::Wait { until, digest: false }, "money waits for the morning");
    }

    #[test]
    fn f48_what_may_have_arrived_is_sent_again_only_where_that_is_harmless() {
        for class in ALL {
            let lost = Facts { is_lost: true, ..facts(class) };
            assert_eq!(judge(&lost, NOW) == Verdict::Unknown, !class.is_repeated(), "{class:?}");
            let (settled, _) = follow(class, 1, Answer::Unknown("cut".to_owned()), NOW);
            assert_eq!(matches!(settled, Settled::Later { .. }), class.is_repeated(), "{class:?}");
            let (settled, _) = follow(class, 1, Answer::Unsent("no route".to_owned()), NOW);
            assert!(matches!(settled, Settled::Later { counts: true, .. }), "{class:?}");
        }
        let often = Facts { attempts: MAX_ATTEMPTS + 1, ..facts(Class::Money) };
        assert_eq!(judge(&often, NOW), Verdict::Give);
    }

    #[test]
    fn f48_a_pause_that_is_asked_for_is_kept_to_the_second_and_counts_as_no_attempt() {
        let flood =
            Refusal { code: 429, description: "flood".into(), retry_after: Some(Span::seconds(8_288)) };
        let (settled, also) = follow(Class::Offer, 1, Answer::Refused(flood), NOW);
        assert_eq!(also, Also::Mute(NOW + Span::seconds(8_288)));
        assert!(matches!(settled, Settled::Later { counts: false, .. }));
        let refusal = |code| Refusal { code, description: String::new(), retry_after: None };
        let also = |code| follow(Class::State, 1, Answer::Refused(refusal(code)), NOW);
        assert_eq!(also(403), (Settled::Dropped, Also::Blocked));
        assert!(matches!(also(401).1, Also::Pause(_)));
        assert!(matches!(also(400).0, Settled::Dead(_)));
    }

    #[test]
    fn quiet_hours_are_those_of_the_persons_zone() {
        let at = |text: &str| -> Time { text.parse().expect("an instant") };
        let night = QuietHours { from_min: 23 * 60, to_min: 8 * 60, zone: "Asia/Yekaterinburg".into() };
        let until = |text| quiet_until(&night, at(text)).map(|until| until.to_string());
        assert_eq!(until("2026-12-01T17:59:00Z"), None);
        assert_eq!(until("2026-12-01T18:00:00Z").as_deref(), Some("2026-12-02T03:00:00.000Z"));
        assert_eq!(until("2026-12-02T02:59:00Z").as_deref(), Some("2026-12-02T03:00:00.000Z"));
        assert_eq!(until("2026-12-02T03:00:00Z"), None);
        let noon = QuietHours { from_min: 12 * 60, to_min: 13 * 60, zone: "UTC".into() };
        let until = |text| quiet_until(&noon, at(text)).map(|until| until.to_string());
        assert_eq!(until("2026-12-01T12:30:00Z").as_deref(), Some("2026-12-01T13:00:00.000Z"));
        assert_eq!(until("2026-12-01T13:00:00Z"), None);
    }

    #[test]
    fn pauses_grow_up_to_a_bound() {
        assert_eq!([1, 2, 3, 20].map(pause), [1, 2, 4, 300].map(Span::seconds));
    }
}
