//! Reads the dates and clock times that people write and tickets print.

use jiff::civil::{Date, Time as ClockTime};

/// What people write after the number of days.
const DAYS: [&str; 13] =
    ["", "d", "day", "days", "д", "дн", "день", "дня", "дней", "сут", "сутки", "суток", "дни"];

/// No ticket says more.
const MAX_DAYS_LATER: i64 = 30;

/// What a person wrote for the time of a trip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::http) struct Clocks {
    /// The time at the origin, by its clocks.
    pub(in crate::http) departs: ClockTime,
    /// The time at the destination, by its clocks.
    pub(in crate::http) arrives: Option<Arrival>,
}

/// An arrival as a ticket prints it: `11:40` or `11:40 (+1)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::http) struct Arrival {
    /// What the clocks show there.
    pub(in crate::http) clock: ClockTime,
    /// So many local dates after the one of the departure, where it is said; -1 over the date line.
    pub(in crate::http) days_later: Option<i64>,
}

/// Reads `HH:MM`, `HH:MM → HH:MM` or `HH:MM → HH:MM (+1)`, with any arrow or dash, with points or nothing for
/// the colons, with or without spaces.
pub(in crate::http) fn clocks(text: &str) -> Option<Clocks> {
    let text = plain(text);
    let Some((departs, arrives)) = text.split_once('-') else {
        return Some(Clocks { departs: clock(&text)?, arrives: None });
    };
    Some(Clocks { departs: clock(departs)?, arrives: Some(arrival(arrives.trim_start_matches('-'))?) })
}

/// Reads `YYYY-MM-DD` or `DD.MM.YYYY`.
pub(in crate::http) fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    let (year, month, day) = match text.split_once('.') {
        None => {
            let mut parts = text.splitn(3, '-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            ((month.len(), day.len()) == (2, 2)).then_some((year, month, day))?
        }
        Some((day, rest)) => {
            let (month, year) = rest.split_once('.')?;
            (year, month, day)
        }
    };
    let (month, day) = (number(month, 2)?, number(day, 2)?);
    let year = Some(year).filter(|year| year.len() == 4).and_then(|year| number(year, 4))?;
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The same without spaces and marks that are not seen, with `-` for every arrow and dash.
fn plain(text: &str) -> String {
    let sign = |letter: char| match letter {
        '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => None,
        letter if letter.is_whitespace() => None,
        '\u{2010}'..='\u{2015}'
        | '\u{2212}'
        | '\u{fe63}'
        | '\u{ff0d}'
        | '>'
        | '='
        | '\u{2190}'..='\u{21ff}'
        | '\u{27f0}'..='\u{27ff}'
        | '\u{2794}'..='\u{27be}' => Some('-'),
        '\u{ff1a}' | '\u{2236}' => Some(':'),
        '\u{207a}' => Some('+'),
        '\u{207b}' => Some('-'),
        '\u{b9}' => Some('1'),
        '\u{b2}' => Some('2'),
        '\u{b3}' => Some('3'),
        letter => Some(letter),
    };
    text.chars().filter_map(sign).flat_map(char::to_lowercase).collect()
}

/// `11:40`, `11:40(+1)`, `11:40+1`, `11:40(+1день)`.
fn arrival(text: &str) -> Option<Arrival> {
    let Some(at) = text.find(['(', '+']) else {
        return Some(Arrival { clock: clock(text)?, days_later: None });
    };
    let (shown, days) = text.split_at(at);
    let days = match days.strip_prefix('(') {
        Some(inside) => inside.strip_suffix(')')?,
        None => days,
    };
    let (sign, days) = match days.strip_prefix('-') {
        Some(days) => (-1, days),
        None => (1, days.strip_prefix('+')?),
    };
    let end = days.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(days.len());
    let (count, word) = days.split_at(end);
    // `+03` is not a number of days but the zone of somebody who says too much.
    if !DAYS.contains(&word.trim_end_matches('.')) || (count.len() > 1 && count.starts_with('0')) {
        return None;
    }
    let count = i64::from(number(count, 2)?);
    let days_later = sign * count;
    let is_printed = (-1..=MAX_DAYS_LATER).contains(&days_later);
    is_printed.then_some(Arrival { clock: clock(shown)?, days_later: Some(days_later) })
}

/// `8:00`, `08:00`, `08.00`, `0800`, `08:00:00`, `8:00 pm`.
fn clock(text: &str) -> Option<ClockTime> {
    let twelve = |marks: [&str; 2]| marks.iter().find_map(|mark| text.strip_suffix(mark));
    let (text, noon) = match (twelve(["am", "a.m."]), twelve(["pm", "p.m."])) {
        (Some(text), _) => (text, Some(false)),
        (_, Some(text)) => (text, Some(true)),
        _ => (text, None),
    };
    let (hours, minutes) = match text.split_once([':', '.']) {
        Some((hours, rest)) => (hours, rest.split_once([':', '.']).map_or(Some(rest), whole_minute)?),
        None if (3..=4).contains(&text.len()) => text.split_at_checked(text.len() - 2)?,
        None => return None,
    };
    if minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let hours = match noon {
        None => hours,
        Some(is_later) if (1..=12).contains(&hours) => hours % 12 + if is_later { 12 } else { 0 },
        Some(_) => return None,
    };
    ClockTime::new(i8::try_from(hours).ok()?, i8::try_from(minutes).ok()?, 0, 0).ok()
}

/// The minutes of `MM:SS`, where the seconds say nothing.
fn whole_minute<'a>((minutes, seconds): (&'a str, &'a str)) -> Option<&'a str> {
    (seconds == "00").then_some(minutes)
}

fn number(text: &str, most_digits: usize) -> Option<u16> {
    let is_number = (1..=most_digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(hours: i8, minutes: i8) -> ClockTime {
        ClockTime::constant(hours, minutes, 0, 0)
    }

    #[test]
    fn a_departure_is_read_as_people_write_it() {
        for text in
            ["08:00", "8:00", "08.00", "8.00", "0800", "800", "08:00:00", " 08 : 00 ", "8:00 am", "08：00"]
        {
            assert_eq!(clocks(text), Some(Clocks { departs: time(8, 0), arrives: None }), "{text}");
        }
        assert_eq!(clocks("12:05 AM").unwrap().departs, time(0, 5));
        assert_eq!(clocks("12:05 p.m.").unwrap().departs, time(12, 5));
        for wrong in [
            "",
            "noon",
            "25:00",
            "24:00",
            "08:60",
            "8",
            "08",
            "80000",
            "+8:00",
            "08:0a",
            "13:00 pm",
            "08:00:30",
            "٠٨:٠٠",
        ] {
            assert_eq!(clocks(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_arrival_may_follow_any_arrow_or_dash() {
        let both = Some(Clocks {
            departs: time(8, 5),
            arrives: Some(Arrival { clock: time(20, 30), days_later: None }),
        });
        for text in [
            "08:05 → 20:30",
            "8:05-20:30",
            "08:05->20:30",
            "08:05 –> 20:30",
            "08:05—20:30",
            "08:05 − 20:30",
            "0805-2030",
            "08.05 – 20.30",
            "08:05=>20:30",
            "08:05 ⟶ 20:30",
            "08:05 ➔ 20:30",
            "08:05\u{a0}→\u{202f}20:30",
            "08:05 --> 20:30",
            "8:05 AM - 8:30 PM",
            "08:05 ‑ 20:30",
        ] {
            assert_eq!(clocks(text), both, "{text}");
        }
        for wrong in
            ["08:00 → ", "08:00 → soon", "→ 08:00", "08:00 20:00", "08:00 → 20:00 → 21:00", "08:00/20:00"]
        {
            assert_eq!(clocks(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_arrival_may_say_how_many_days_later_it_is() {
        let days = |text: &str| clocks(text).and_then(|clocks| clocks.arrives?.days_later);
        for (text, expected) in [
            ("23:00 → 06:10 (+1)", 1),
            ("23:00 → 06:10 +1", 1),
            ("23:00-06:10(+1)", 1),
            ("23:00 → 06:10⁺¹", 1),
            ("13:20 → 18:05 (+6)", 6),
            ("13:20 → 18:05 (+6 дней)", 6),
            ("13:20 → 18:05 (+6 сут.)", 6),
            ("23:00 → 06:10 (+1 day)", 1),
            ("23:00 → 06:10 (+ 1)", 1),
            ("12:00 → 15:00 (-1)", -1),
            ("12:00 → 15:00 (−1)", -1),
            ("10:00 → 12:00 (+0)", 0),
            ("10:00 → 12:00 (+12)", 12),
        ] {
            assert_eq!(days(text), Some(expected), "{text}");
        }
        for wrong in [
            "23:00 → 06:10 (1)",
            "23:00 → 06:10 (+1",
            "23:00 → 06:10 +",
            "23:00 (+1) → 06:10",
            "10:00 → 12:00 (+99)",
            "10:00 → 12:00 +03",
            "10:00 → 12:00 +03:00",
            "10:00 → 12:00 (+3 ч)",
            "10:00 → 12:00 (-2)",
        ] {
            assert_eq!(clocks(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_have_two_forms() {
        let expected = Some(Date::constant(2026, 2, 8));
        for text in ["2026-02-08", "08.02.2026", "8.2.2026", " 2026-02-08 "] {
            assert_eq!(date(text), expected, "{text}");
        }
        for wrong in [
            "2026-02-30",
            "30.02.2026",
            "2026-2-8",
            "20260208",
            "tomorrow",
            "08.02.26",
            "02/08/2026",
            "",
            "2026-02-08T10:00",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }
}
