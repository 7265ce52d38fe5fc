//! The answer to "why did Ivan not get this?", in words: what came of asking a courier, or why nobody asked.

use peerpack_actors::market::package::{Mode, Package};
use peerpack_actors::market::request::{Origin, Request, RequestState};
use peerpack_actors::matching::Verdict;

use super::Both;

fn words(english: &str, russian: &str) -> Both {
    Both { english: english.to_owned(), russian: russian.to_owned() }
}

/// Why the courier of a verdict has, or has not, the package.
pub(crate) fn answer(package: &Package, verdict: &Verdict) -> Both {
    let asked = package.requests.iter().rev().find(|request| request.trip == verdict.trip);
    match (asked.and_then(|request| of_request(package, request)), verdict.outcome) {
        (Some(told), _) => told,
        (None, Err(reason)) => Both { english: reason.text_en(), russian: reason.text_ru() },
        (None, Ok(found)) => not_asked(package, found.rank),
    }
}

/// What came of a request; `None` where the verdict on the trip says more.
fn of_request(package: &Package, request: &Request) -> Option<Both> {
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
        RequestState::Accepted { .. }
        | RequestState::PickedUp { .. }
        | RequestState::Delivered { .. }
        | RequestState::Confirmed { .. }
        | RequestState::Disputed { .. } => words("Carries the package.", "Везёт посылку."),
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
        RequestState::Taken { .. } => return None,
    })
}

fn not_asked(package: &Package, rank: usize) -> Both {
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
    Both {
        english: format!("Suits, number {rank} in order; is asked when it is this courier's turn."),
        russian: format!("Подходит, по порядку {rank}-й; спросим, когда дойдёт очередь."),
    }
}
