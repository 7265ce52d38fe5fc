//! What people are told when the core refuses: the state that things are in, in both languages.

use actix_web::http::StatusCode;
use peerpack_actors::rejection::Rejection;

use super::ApiError;
use crate::texts::language::Language;

/// What a state means, as it is said in English, and in Russian.
const STATES: &[(&str, &str, &str)] = &[
    // Requests.
    ("pending", "the request still waits for an answer", "запрос ещё ждёт ответа"),
    (
        "agreed",
        "the courier has agreed, and the choice is not made yet",
        "курьер согласен, но выбор ещё не сделан",
    ),
    (
        "accepted",
        "the deal is made, and the courier does not have the package yet",
        "сделка заключена, но посылка ещё не у курьера",
    ),
    ("picked_up", "the courier has the package", "посылка у курьера"),
    ("delivered", "the package was delivered", "посылка доставлена"),
    ("confirmed", "the delivery was confirmed", "доставка подтверждена"),
    ("declined", "the request was declined", "запрос отклонён"),
    ("expired", "the time to answer is over", "время на ответ вышло"),
    ("withdrawn", "the request was taken back", "запрос отозван"),
    ("taken", "another courier has the package", "посылку взял другой курьер"),
    ("cancelled", "it was called off", "это уже отменено"),
    ("disputed", "the delivery is disputed", "доставка оспорена"),
    // Packages.
    ("template", "it is a pattern", "это шаблон"),
    ("open", "the package still waits for a courier", "посылка ещё ждёт курьера"),
    ("assigned", "the package has its courier", "у посылки уже есть курьер"),
    ("in_transit", "the package is on its way", "посылка в пути"),
    // Trips.
    ("active", "the trip has not begun", "поездка ещё не началась"),
    ("in_progress", "the trip is under way", "поездка уже идёт"),
    ("completed", "the trip is over", "поездка закончена"),
    // Withdrawals and escrows.
    ("queued", "the withdrawal waits for an operator", "вывод ждёт оператора"),
    ("paid", "the money was sent", "деньги уже отправлены"),
    ("rejected", "the withdrawal was rejected", "вывод уже отклонён"),
    ("none", "no money was set aside", "деньги не отложены"),
    ("held", "the money is set aside", "деньги отложены"),
    ("released", "the money was paid out", "деньги уже выплачены"),
    ("refunded", "the money was given back", "деньги уже возвращены"),
    ("split", "the money was divided", "деньги уже разделены"),
    // Payments.
    ("created", "the payment is being prepared", "платёж ещё готовится"),
    ("succeeded", "the payment was paid", "платёж уже оплачен"),
    ("failed", "the payment has failed", "платёж не прошёл"),
    ("partly_refunded", "a part of the payment was given back", "часть платежа уже возвращена"),
    ("charged_back", "a bank has taken the payment back", "банк отозвал платёж"),
];

/// What was asked, in Russian.
const ACTIONS: &[(&str, &str)] = &[
    ("accept the request", "принять запрос"),
    ("choose the courier", "выбрать курьера"),
    ("decline the request", "отклонить запрос"),
    ("withdraw the request", "отозвать запрос"),
    ("expire the request", "закрыть запрос"),
    ("pick the package up", "забрать посылку"),
    ("deliver the package", "вручить посылку"),
    ("confirm the delivery", "подтвердить доставку"),
    ("settle the delivery", "завершить доставку"),
    ("dispute the delivery", "оспорить доставку"),
    ("resolve the dispute", "решить спор"),
    ("cancel the deal", "отменить сделку"),
    ("propose a trip", "предложить поездку"),
    ("cancel the package", "отменить посылку"),
    ("start the trip", "начать поездку"),
    ("complete the trip", "закончить поездку"),
    ("cancel the trip", "отменить поездку"),
    ("decide the withdrawal", "решить о выводе"),
    ("hold the reward", "отложить вознаграждение"),
    ("set the reward aside", "отложить вознаграждение"),
    ("release the reward", "выплатить вознаграждение"),
    ("refund the reward", "вернуть вознаграждение"),
    ("split the reward", "разделить вознаграждение"),
    ("open the payment", "открыть платёж"),
    ("expire the payment", "закрыть платёж"),
    ("end the payment", "закрыть платёж"),
    ("pay the payment", "зачислить платёж"),
    ("move the payment's money", "провести платёж"),
];

/// The same of orders in town and of couriers on duty, whose states have words of other things, too.
const TOWN_STATES: &[(&str, &str, &str)] = &[
    ("draft", "the order is being written", "заказ ещё составляют"),
    ("submitted", "nobody has looked at the order", "заказ ещё не рассмотрен"),
    ("awaiting_dispatcher_decision", "a dispatcher has to decide", "заказ ждёт решения диспетчера"),
    ("rejected", "the order was refused", "заказ отклонён"),
    ("created", "the order is not searched for yet", "поиск ещё не начат"),
    ("matching", "a courier is looked for", "ищут водителя"),
    ("active_queue", "the order waits for a dispatcher", "заказ ждёт диспетчера"),
    ("offered", "a courier is asked", "ждут ответа водителя"),
    ("assigned", "a courier has the order", "заказ уже у водителя"),
    ("driver_en_route", "the courier is on the way", "водитель уже едет"),
    ("arrived_waiting", "the courier waits at the pickup", "водитель ждёт на месте"),
    ("ride_ongoing", "the ride is under way", "поездка уже идёт"),
    ("no_show", "the passenger did not come", "пассажир не пришёл"),
    ("incident", "something has happened on the way", "в пути что-то случилось"),
    ("completed", "the ride is over", "поездка закончена"),
    ("cancelled", "the order was called off", "заказ отменён"),
    ("offline", "the courier is not on duty", "водитель не на смене"),
    ("online_idle", "the courier is free", "водитель свободен"),
    ("enroute_to_pickup", "the courier has an order", "у водителя есть заказ"),
    ("on_trip", "the courier drives somebody", "водитель в поездке"),
    ("paused", "the courier has paused", "у водителя перерыв"),
];

/// A state of an order in town or of a courier on duty, in words.
#[must_use]
pub(crate) fn town_state(word: &'static str, language: Language) -> &'static str {
    let known = TOWN_STATES.iter().find(|(known, ..)| *known == word);
    known.map_or(word, |(_, english, russian)| match language {
        Language::Russian => russian,
        Language::English => english,
    })
}

/// What was asked of an order or of a courier on duty, in Russian.
const TOWN_ACTIONS: &[(&str, &str)] = &[
    ("move the order", "перевести заказ"),
    ("complete the order", "завершить заказ"),
    ("offer the order", "предложить заказ"),
    ("accept the offer", "принять предложение"),
    ("decline the offer", "отклонить предложение"),
    ("expire the offer", "закрыть предложение"),
    ("assign the order", "назначить заказ"),
    ("reserve the order", "запланировать заказ"),
    ("widen the search", "расширить поиск"),
    ("quote the order", "оценить заказ"),
    ("change the order", "изменить заказ"),
    ("go on duty", "выйти на смену"),
    ("go off duty", "уйти со смены"),
    ("pause the duty", "начать перерыв"),
    ("resume the duty", "закончить перерыв"),
    ("offer the courier the order", "предложить водителю заказ"),
    ("give the courier the order", "отдать водителю заказ"),
    ("begin the ride", "начать поездку"),
    ("free the courier", "освободить водителя"),
];

/// Why a trip does not suit a package, as it is said in English, and in Russian.
const MISFITS: &[(&str, &str, &str)] = &[
    (
        "declined_before",
        "this courier has declined it, or did not answer",
        "курьер уже отказался или не ответил",
    ),
    ("lapsed", "this courier did not answer lately", "курьер недавно не ответил"),
    ("requested", "this courier was asked already", "курьера уже спросили"),
    ("off_route", "the trip does not pass both places", "поездка не проходит через оба места"),
    (
        "order",
        "the trip passes the two places in the wrong order",
        "поездка проходит эти места в обратном порядке",
    ),
    ("time", "the times do not fit", "не подходит время"),
    ("detour", "the detour is too long for the courier", "крюк слишком велик для курьера"),
];

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        use Rejection as R;
        let (status, english, russian) = match rejection {
            // Anybody who has no part in a thing is not told that it exists.
            R::NotAParty | R::UnknownRequest => return Self::not_found(),
            R::TooFast(seconds) => return Self::too_many(seconds),
            R::EmptyMessage => (StatusCode::BAD_REQUEST, rejection.to_string(), None),
            R::NotAMember | R::CannotWrite => (StatusCode::FORBIDDEN, rejection.to_string(), None),
            R::CodeInMessage => (StatusCode::UNPROCESSABLE_ENTITY, rejection.to_string(), None),
            R::Invalid { field, reason } => return Self::unprocessable(field, reason),
            R::WrongParty(who) => (StatusCode::FORBIDDEN, rejection.to_string(), only(who)),
            R::OwnPackage | R::CodeRequired => {
                (StatusCode::UNPROCESSABLE_ENTITY, rejection.to_string(), None)
            }
            R::DoesNotSuit(why) => {
                let (english, russian) = does_not_suit(why);
                (StatusCode::UNPROCESSABLE_ENTITY, english, Some(russian))
            }
            R::Stale => (StatusCode::PRECONDITION_FAILED, rejection.to_string(), None),
            R::IllegalTransition { action, state } => {
                let (english, russian) = illegal(action, state);
                (StatusCode::CONFLICT, english, Some(russian))
            }
            R::AlreadyTaken
            | R::Expired
            | R::NoRoom(_)
            | R::TripNotLive
            | R::PartyGone
            | R::ParcelsOnBoard
            | R::AlreadyRequested
            | R::TooManyRequests
            | R::TooManyPackages(_)
            | R::TooManyTrips(_)
            | R::TooManyPending(_)
            | R::TooManyOnTrip(_)
            | R::TooManyWithdrawals
            | R::DailyLimit
            | R::PayoutWaits
            | R::TooManyPayments
            | R::AnsweredBefore
            | R::BlockedByYou
            | R::AwaitsAnswer(_)
            | R::TooManyStrangers(_)
            | R::TooManyPosts(_)
            | R::InsufficientFunds => (StatusCode::CONFLICT, rejection.to_string(), None),
        };
        let error = Self::new(status, rejection.code(), english).with_limit(rejection.limit());
        match russian {
            Some(russian) => error.in_russian(russian),
            None => error,
        }
    }
}

fn only(who: &str) -> Option<String> {
    let who = match who {
        "courier" => "курьер",
        "sender" => "отправитель",
        "dispatcher" => "диспетчер",
        _ => return Some("Это должен сделать другой оператор".to_owned()),
    };
    Some(format!("Это может сделать только {who}"))
}

fn illegal(action: &str, state: &str) -> (String, String) {
    let in_town = TOWN_ACTIONS.iter().find(|(word, _)| *word == action);
    let (states, asked) = match in_town {
        Some(in_town) => (TOWN_STATES, Some(in_town)),
        None => (STATES, ACTIONS.iter().find(|(word, _)| *word == action)),
    };
    let known = states.iter().find(|(word, ..)| *word == state);
    let (english, russian) = known.map_or((state, state), |(_, english, russian)| (*english, *russian));
    let asked = asked.map_or(action, |(_, russian)| *russian);
    (format!("cannot {action}: {english}"), format!("Нельзя {asked}: {russian}"))
}

fn does_not_suit(why: &str) -> (String, String) {
    let known = MISFITS.iter().find(|(word, ..)| *word == why);
    let (english, russian) = known.map_or((why, why), |(_, english, russian)| (*english, *russian));
    let english = format!("the trip does not suit the package: {english}");
    (english, format!("Поездка не подходит для этой посылки: {russian}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Actions are literals of the core: `"… the …"` in `action()`, and beside `illegal(`.
    #[test]
    fn every_state_and_every_action_of_the_core_has_its_words() {
        let mut states = 0;
        // The words of states stand in functions of that name: all of the phases, and of others those that
        // are states.
        for (file, of_states) in [
            ("market/phase.rs", "Phase {"),
            ("money/withdrawal.rs", "State {"),
            ("money/ledger.rs", "State {"),
            ("money/payment.rs", "PaymentState {"),
        ] {
            let source = std::fs::read_to_string(format!("actors/src/{file}")).unwrap();
            for words in source.split(of_states).skip(1).filter_map(|part| part.split("fn word(").nth(1)) {
                let words = words.split("\n    }\n").next().unwrap_or_default();
                for word in words.split('"').skip(1).step_by(2) {
                    states += 1;
                    assert!(STATES.iter().any(|(known, ..)| *known == word), "{word}");
                }
            }
        }
        assert!(states >= 22, "{states}");
        let mut actions = 0;
        for file in [
            "market/request.rs",
            "market/request/command.rs",
            "market/package/decide.rs",
            "market/trip.rs",
            "money/withdrawal.rs",
            "money/ledger.rs",
            "money/payment/decide.rs",
        ] {
            let source = std::fs::read_to_string(format!("actors/src/{file}")).unwrap();
            let of_match = source.split("fn action(").nth(1).and_then(|part| part.split("\n    }\n").next());
            let others = source.split("illegal(\"").skip(1).filter_map(|part| part.split('"').next());
            let named = source.split("action: \"").skip(1).filter_map(|part| part.split('"').next());
            let matched = of_match.unwrap_or_default().split('"').skip(1).step_by(2);
            for action in matched.chain(others).chain(named) {
                actions += 1;
                assert!(ACTIONS.iter().any(|(known, _)| *known == action), "{action}");
            }
        }
        assert!(actions >= 22, "{actions}");
    }

    /// Words stand in `word()` of both phases, actions in `action()` and beside `illegal(`.
    #[test]
    fn every_state_and_every_action_of_the_dispatch_has_its_words() {
        use peerpack_actors::dispatch::{DutyPhase, OrderPhase};
        let words =
            OrderPhase::ALL.map(OrderPhase::word).into_iter().chain(DutyPhase::ALL.map(DutyPhase::word));
        for word in words {
            assert!(TOWN_STATES.iter().any(|(known, ..)| *known == word), "{word}");
        }
        for file in ["duty.rs", "order/command.rs", "order/decide.rs"] {
            let source = std::fs::read_to_string(format!("actors/src/dispatch/{file}")).unwrap();
            let of_match = source.split("fn action(").nth(1).and_then(|part| part.split("\n    }\n").next());
            let others = source.split("illegal(\"").skip(1).filter_map(|part| part.split('"').next());
            for action in of_match.unwrap_or_default().split('"').skip(1).step_by(2).chain(others) {
                assert!(TOWN_ACTIONS.iter().any(|(known, _)| *known == action), "{action}");
            }
        }
    }

    #[test]
    fn a_conflict_says_what_the_state_is() {
        let error = ApiError::from(Rejection::IllegalTransition {
            action: "confirm the delivery",
            state: "picked_up",
        });
        assert_eq!(error.message(), "cannot confirm the delivery: the courier has the package");
        let russian = error.told_in(crate::texts::language::Language::Russian);
        assert_eq!(russian.message(), "Нельзя подтвердить доставку: посылка у курьера");
    }
}
