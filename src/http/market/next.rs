//! What happens to a package now, in words: the same answer before it is published and after.

use peerpack_actors::matching::Next;
use peerpack_actors::money::Amount;
use peerpack_actors::place::Place;
use peerpack_actors::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::input::local_time;

/// What happens to a package now. The engine goes by the same judgement, so this is what it does, unless the market
/// changes meanwhile.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextView {
    step: NextStep,
    /// How many couriers are asked, or have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    couriers: Option<usize>,
    /// With `kept`: until when room is kept from the package at the latest. Then it is offered to whoever suits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    kept_until: Option<String>,
    /// With `kept`: the least reward, in whole units of the package's currency, for which it would be offered at once.
    /// Left out if none would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    reward_at_once: Option<f64>,
    /// In words, English.
    text_en: String,
    /// In words, Russian.
    text_ru: String,
}

/// What happens to a package now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// It is offered to couriers at once.
    Offered,
    /// It was offered, and answers are waited for.
    Asked,
    /// Couriers suit, and their room is kept for a while for packages that pay more.
    Kept,
    /// No courier can be asked now.
    Waits,
    /// The engine asks nobody: the sender chooses, or the package waits for nobody.
    Nothing,
}

/// What happens now, told to people who read clocks at the pickup.
pub(in crate::http) fn next_view(next: Next, pickup: Option<&Place>) -> NextView {
    let (step, (text_en, text_ru)) = match next {
        Next::Offered { couriers } => (NextStep::Offered, offered(couriers)),
        Next::Asked { couriers } => (NextStep::Asked, asked(couriers)),
        Next::Kept { until, reward_at_once } => (NextStep::Kept, kept(until, reward_at_once, pickup)),
        Next::Waits => (NextStep::Waits, waits()),
        Next::Nothing => (NextStep::Nothing, nothing()),
    };
    let (couriers, kept_until, reward_at_once) = match next {
        Next::Offered { couriers } | Next::Asked { couriers } => (Some(couriers), None, None),
        Next::Kept { until, reward_at_once } => {
            (None, Some(until.to_string()), reward_at_once.map(Amount::major))
        }
        Next::Waits | Next::Nothing => (None, None, None),
    };
    NextView { step, couriers, kept_until, reward_at_once, text_en, text_ru }
}

impl NextView {
    pub(in crate::http) fn is_kept(&self) -> bool {
        self.step == NextStep::Kept
    }

    pub(in crate::http) fn texts(&self) -> (String, String) {
        (self.text_en.clone(), self.text_ru.clone())
    }
}

fn offered(couriers: usize) -> (String, String) {
    (
        format!("It is offered at once. Couriers who are asked first: {couriers}."),
        format!("Посылка предлагается сразу. Сначала спросим курьеров: {couriers}."),
    )
}

fn asked(couriers: usize) -> (String, String) {
    (
        format!("Couriers who have been asked: {couriers}. Their answers are awaited."),
        format!("Уже спросили курьеров: {couriers}. Ждём ответов."),
    )
}

fn kept(until: Time, reward_at_once: Option<Amount>, pickup: Option<&Place>) -> (String, String) {
    let at = format!("{} {}", local_time::date_at(until, pickup), local_time::clock_at(until, pickup));
    let (mut en, mut ru) = (
        format!(
            "Couriers suit, but packages that pay more usually need their room: it is kept for them until {at} (time \
             at the pickup) at the latest. Then this package is offered to whoever suits."
        ),
        format!(
            "Подходящие курьеры есть, но место у них обычно нужно посылкам, за которые платят больше: оно придержано \
             самое позднее до {at} (время места отправления). Потом посылка будет предложена всем, кому подходит."
        ),
    );
    if let Some(reward) = reward_at_once {
        let reward = format!("{} {}", reward.major(), reward.currency.code());
        en.push_str(&format!(" For a reward of {reward} it would be offered at once."));
        ru.push_str(&format!(" С вознаграждением {reward} она была бы предложена сразу."));
    }
    (en, ru)
}

fn waits() -> (String, String) {
    (
        "No courier can be asked now; it waits for trips that suit.".to_owned(),
        "Сейчас спросить некого; посылка ждёт подходящих поездок.".to_owned(),
    )
}

fn nothing() -> (String, String) {
    ("Nobody is asked automatically.".to_owned(), "Автоматически никого не спрашиваем.".to_owned())
}
