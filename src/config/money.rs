//! How a marketplace pays: which ways there are, when a sender pays, what the platform takes, how money goes
//! out.

use std::path::PathBuf;

use clap::ValueEnum;
use peerpack_actors::money::fees::{ALL_BPS, Fee, FeeKind, Fees, Paid, Tariff};
use peerpack_actors::money::withdrawal::PayoutRules;
use peerpack_actors::time::Span;
use serde::Deserialize;

use super::{Mode, Secret, Settings};

/// The fewest bytes that both sides of an acquirer's connection may sign with.
const MIN_KEY_BYTES: usize = 32;

/// What a highlight costs, in Telegram Stars, if nothing else is said.
const HIGHLIGHT_STARS: u32 = 50;

/// How many hours a highlight lasts, if nothing else is said.
const HIGHLIGHT_H: u16 = 72;

/// The most stars that Telegram takes for one invoice.
const MAX_STARS: u32 = 10_000;

/// The most hours that a highlight may last: 30 days.
const MAX_HIGHLIGHT_H: i64 = 720;

/// A way to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMode {
    /// The courier is paid in cash at the hand-over; nothing is held, and no fee is taken.
    Off,
    /// Money comes from nowhere, when a courier accepts. For development only.
    Demo,
    /// People transfer money to the operator's account, and an operator books it.
    Manual,
    /// An acquirer that is connected by signed calls.
    Webhook,
    /// Invoices of the bot, through a provider of Telegram's.
    Telegram,
    /// Telegram Stars, for digital extras alone: beside any other way.
    Stars,
}

impl PaymentMode {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Demo => "demo",
            Self::Manual => "manual",
            Self::Webhook => "webhook",
            Self::Telegram => "telegram",
            Self::Stars => "stars",
        }
    }
}

/// When a sender pays who does not pay in cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum PaymentTime {
    /// When a courier has accepted.
    #[default]
    AtClaim,
    /// When the package is published.
    OnPublish,
}

/// How the marketplace pays, complete.
#[derive(Debug, Clone)]
pub struct MoneyConfig {
    /// The ways to pay that are on.
    pub modes: Vec<PaymentMode>,
    /// When a sender pays.
    pub time: PaymentTime,
    /// What the platform takes of a reward.
    pub fees: Fees,
    /// The number of these fees, once the store was asked for it.
    pub fee_version: u32,
    /// What people are told who transfer money to the operator's account.
    pub instructions: String,
    /// Where the acquirer's server is.
    pub webhook_url: Option<String>,
    /// Root certificates that it may have besides the public ones.
    pub webhook_ca_file: Option<PathBuf>,
    /// What both sides sign with.
    pub webhook_secret: Option<Secret>,
    /// What the bot shows Telegram's provider.
    pub telegram_token: Option<Secret>,
    /// What a highlight costs, in Telegram Stars.
    pub highlight_stars: u32,
    /// How long a highlight lasts.
    pub highlight_lasts: Span,
    /// How money goes out.
    pub payouts: PayoutRules,
}

impl MoneyConfig {
    pub(super) fn of(settings: &Settings, mode: Mode) -> Self {
        let usual = if mode == Mode::Production { PaymentMode::Off } else { PaymentMode::Demo };
        let payouts = PayoutRules::default();
        Self {
            modes: settings.payments.clone().unwrap_or_else(|| vec![usual]),
            time: settings.payment_time.unwrap_or_default(),
            fees: fees(settings),
            fee_version: 0,
            instructions: settings.payment_instructions.clone().unwrap_or_default(),
            webhook_url: settings.payment_webhook_url.clone(),
            webhook_ca_file: settings.payment_webhook_ca_file.clone(),
            webhook_secret: settings.payment_webhook_secret.clone(),
            telegram_token: settings.payment_telegram_token.clone(),
            highlight_stars: settings.highlight_stars.unwrap_or(HIGHLIGHT_STARS),
            highlight_lasts: Span::hours(settings.highlight_h.unwrap_or(HIGHLIGHT_H).into()),
            payouts: PayoutRules {
                daily_minor: settings.payout_daily_minor.map_or(payouts.daily_minor, i64::from),
                second_above_minor: settings
                    .payout_second_above_minor
                    .map_or(payouts.second_above_minor, i64::from),
                wait: settings.payout_wait_h.map_or(payouts.wait, |hours| Span::hours(hours.into())),
            },
        }
    }

    /// Whether a way to pay is on.
    #[must_use]
    pub fn has(&self, mode: PaymentMode) -> bool {
        self.modes.contains(&mode)
    }

    /// Whether the courier is paid in cash.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.has(PaymentMode::Off)
    }

    /// How packages that are published from now on are paid for.
    #[must_use]
    pub fn terms(&self) -> Tariff {
        let paid = match self.time {
            _ if self.is_off() => Paid::Cash,
            PaymentTime::AtClaim => Paid::AtClaim,
            PaymentTime::OnPublish => Paid::OnPublish,
        };
        Tariff { paid, fees: self.fees, version: self.fee_version }
    }

    pub(super) fn check(&self, production: bool, has_bot: bool, no: &mut dyn FnMut(bool, &str)) {
        no(self.modes.is_empty(), "payments names no way to pay: off is one, too");
        let for_rewards = self.modes.iter().filter(|mode| **mode != PaymentMode::Stars).count();
        no(
            self.has(PaymentMode::Stars) && for_rewards == 0,
            "payments is stars alone, which pay no courier: off is a way, too",
        );
        no(self.is_off() && for_rewards > 1, "payments is off and something else at once");
        no(self.has(PaymentMode::Stars) && !has_bot, "payments is stars, and needs a bot (bot_mode)");
        no(!(1..=MAX_STARS).contains(&self.highlight_stars), "highlight_stars is not in 1 to 10000");
        no(
            !(Span::hours(1)..=Span::hours(MAX_HIGHLIGHT_H)).contains(&self.highlight_lasts),
            "highlight_h is not in 1 to 720",
        );
        no(
            production && self.has(PaymentMode::Demo),
            "payments is demo in production: money would come from nowhere",
        );
        no(
            self.has(PaymentMode::Manual) && self.instructions.trim().is_empty(),
            "payments is manual, and payment_instructions do not say where to",
        );
        let [instant, choose] = [FeeKind::Instant, FeeKind::Choose].map(|kind| self.fees.of(kind).bps);
        no(instant > ALL_BPS, "fee_bps is more than 10000, which is all of it");
        no(
            // Where it is not given it is the other one.
            choose > ALL_BPS && choose != instant,
            "fee_choose_bps is more than 10000, which is all of it",
        );
        let (url, key) = (self.webhook_url.as_ref(), self.webhook_secret.as_ref());
        no(
            self.has(PaymentMode::Webhook) && (url.is_none() || key.is_none()),
            "payments is webhook, and needs payment_webhook_url and payment_webhook_secret",
        );
        no(
            self.has(PaymentMode::Telegram) && (self.telegram_token.is_none() || !has_bot),
            "payments is telegram, and needs payment_telegram_token and a bot (bot_mode)",
        );
        no(
            url.is_some_and(|url| !super::checks::is_http_or_https(url)),
            "payment_webhook_url is not of the form https://host or http://host",
        );
        no(
            key.is_some_and(|key| key.reveal().len() < MIN_KEY_BYTES),
            "payment_webhook_secret has fewer than 32 bytes",
        );
    }
}

/// What somebody has said of fees. Where people choose each other it is the same as elsewhere, unless that is
/// said, too.
fn fees(settings: &Settings) -> Fees {
    let instant = Fee {
        bps: settings.fee_bps.unwrap_or(Fee::USUAL.bps),
        minimum_minor: settings.fee_minimum_minor.map_or(Fee::USUAL.minimum_minor, i64::from),
    };
    let choose = Fee {
        bps: settings.fee_choose_bps.unwrap_or(instant.bps),
        minimum_minor: settings.fee_choose_minimum_minor.map_or(instant.minimum_minor, i64::from),
    };
    Fees { instant, choose }
}
