//! The answer to "why did Ivan not get this?", in words: what came of asking a courier, or why nobody asked.

use crate::market::package::{Mode, Package};
use crate::market::request::{Origin, Request, RequestState};
use crate::matching::Verdict;

/// A sentence in both languages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// English.
    pub en: String,
    /// Russian.
    pub ru: String,
}

fn words(en: &str, ru: &str) -> Words {
    Words { en: en.to_owned(), ru: ru.to_owned() }
}

/// Why the courier of a verdict has, or has not, the package.
#[must_use]
pub fn answer(package: &Package, verdict: &Verdict) -> Words {
    let asked = package.requests.iter().rev().find(|request| request.trip == verdict.trip);
    match (asked.and_then(|request| of_request(package, request)), verdict.outcome) {
        (Some(told), _) => told,
        (None, Err(reason)) => Words { en: reason.text_en(), ru: reason.text_ru() },
        (None, Ok(found)) => not_asked(package, found.rank),
    }
}

/// What came of a request; `None` where the verdict on the trip says more.
fn of_request(package: &Package, request: &Request) -> Option<Words> {
    Some(match &request.state {
        RequestState::Pending if request.origin == Origin::Engine => words(
            "Has been offered the package and has not answered yet.",
            "Получил предложение и пока не ответил.",
        ),
        RequestState::Pending => words(
            "A request between you and this courier is waiting for an answer.",
            "Запрос между вами и этим курьером ждёт ответа.",
        ),
        RequestState::Agreed { .. } => words(
            "Has agreed; the best of those who have is chosen by the time you asked for.",
            "Согласен; лучшего из согласных выберем к указанному вами времени.",
        ),
        state if state.is_deal() => words("Carries the package.", "Везёт посылку."),
        RequestState::Taken { .. } if package.state.deal().is_some() => words(
            "Was asked; the package went to another courier.",
            "Получил предложение, но посылку взял другой курьер.",
        ),
        RequestState::Declined { .. } if request.origin == Origin::Courier => {
            words("Responded, and you declined.", "Откликнулся, вы отказали.")
        }
        RequestState::Declined { .. } => words("Was asked and declined.", "Получил предложение и отказался."),
        RequestState::Expired { .. } => {
            words("Was asked and did not answer in time.", "Получил предложение и не ответил вовремя.")
        }
        RequestState::Cancelled { .. } => {
            words("Had the package; the deal was called off.", "Взял посылку, но сделка была отменена.")
        }
        RequestState::Withdrawn { .. } => words("The request was taken back.", "Запрос был отозван."),
        _ => return None,
    })
}

fn not_asked(package: &Package, rank: usize) -> Words {
    if package.state.deal().is_some() {
        return words(
            "Suits, and was not asked before another courier took the package.",
            "Подходит, но посылку взял другой курьер раньше, чем до него дошла очередь.",
        );
    }
    if package.draft.mode == Mode::Choose {
        return words(
            "Suits, and has not responded; you can send the package to this courier.",
            "Подходит, но не откликнулся; вы можете отправить ему посылку.",
        );
    }
    Words {
        en: format!("Suits, number {rank} in order; is asked when it is this courier's turn."),
        ru: format!("Подходит, по порядку {rank}-й; спросим, когда дойдёт очередь."),
    }
}
