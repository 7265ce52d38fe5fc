//! What happens to a package now, in words: the same answer before it is published and after.

use peerpack_actors::matching::Next;
use peerpack_actors::money::Amount;
use peerpack_actors::place::Place;
use peerpack_actors::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::input::local_time;
use crate::texts::{Both, next as sentences};

/// What happens to a package now. The engine goes by the same judgement, so this is what it does, unless the
/// market changes meanwhile.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextView {
    step: NextStep,
    /// How many couriers are asked, or have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    couriers: Option<usize>,
    /// With `kept`: until when room is kept from the package at the latest. Then it is offered to everybody
    /// who suits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    kept_until: Option<String>,
    /// With `kept`: the least reward, in whole units of the package's currency, for which it would be offered
    /// at once. Left out if none would do.
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
    let (step, Both { english: text_en, russian: text_ru }) = match next {
        Next::Offered { couriers } => (NextStep::Offered, sentences::offered(couriers)),
        Next::Asked { couriers } => (NextStep::Asked, sentences::asked(couriers)),
        Next::Kept { until, reward_at_once } => (NextStep::Kept, kept(until, reward_at_once, pickup)),
        Next::Waits => (NextStep::Waits, sentences::waits()),
        Next::Nothing => (NextStep::Nothing, sentences::nothing()),
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

fn kept(until: Time, reward_at_once: Option<Amount>, pickup: Option<&Place>) -> Both {
    let at = format!("{} {}", local_time::date_at(until, pickup), local_time::clock_at(until, pickup));
    let reward = reward_at_once.map(|reward| format!("{} {}", reward.major(), reward.currency.code()));
    sentences::kept(&at, reward.as_deref())
}
