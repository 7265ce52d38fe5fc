//! Whether there is a bot, and how it hears from Telegram.

use clap::ValueEnum;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{PUBLIC_TEST_TOKEN, Secret, Settings};

/// Where Telegram's own Bot API is.
const TELEGRAM: &str = "https://api.telegram.org";

/// The fewest characters of the secret that the bot's own calls are made with.
const MIN_ADMIN_SECRET: usize = 16;

/// The most characters of a webhook's secret, as Telegram says.
const MAX_WEBHOOK_SECRET: usize = 256;

/// The most messages that a person may want in an hour.
const MAX_MESSAGES: u32 = 1_000;

/// How the bot hears from Telegram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum BotMode {
    /// There is no bot: nothing is sent, and nothing heard.
    Off,
    /// One node at a time asks for updates.
    Polling,
    /// Telegram calls.
    Webhook,
}

impl BotMode {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Polling => "polling",
            Self::Webhook => "webhook",
        }
    }
}

/// The bot, complete.
#[derive(Debug, Clone)]
pub struct BotConfig {
    /// How it hears from Telegram.
    pub mode: BotMode,
    /// Where the Bot API is, without a slash at the end.
    pub api_url: String,
    /// What shows that a call of the webhook comes from Telegram.
    pub webhook_secret: Secret,
    /// What shows that a call about the bot comes from those who run the server.
    pub admin_secret: Option<Secret>,
    /// How many messages a person gets in an hour; the rest is told together.
    pub messages_per_h: u32,
}

impl BotConfig {
    pub(super) fn of(settings: &Settings) -> Self {
        let token = settings.bot_token.as_ref().map_or(PUBLIC_TEST_TOKEN, Secret::reveal);
        let usual = match &settings.public_url {
            _ if token == PUBLIC_TEST_TOKEN => BotMode::Off,
            Some(url) if url.starts_with("https://") => BotMode::Webhook,
            _ => BotMode::Polling,
        };
        // Who knows the token may do anything in the bot's name already.
        let derived = || hex::encode(Sha256::digest(format!("peerpack webhook {token}"))).as_str().into();
        let url = settings.bot_api_url.as_deref().unwrap_or(TELEGRAM);
        Self {
            mode: settings.bot_mode.unwrap_or(usual),
            api_url: url.trim_end_matches('/').to_owned(),
            webhook_secret: settings.bot_webhook_secret.clone().unwrap_or_else(derived),
            admin_secret: settings.bot_admin_secret.clone(),
            messages_per_h: settings.bot_messages_per_h.unwrap_or(20),
        }
    }

    /// Whether there is a bot.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.mode != BotMode::Off
    }

    pub(super) fn check(&self, public_url: &str, token: &Secret, no: &mut dyn FnMut(bool, &str)) {
        let is_url = reqwest::Url::parse(&self.api_url).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
        });
        no(!is_url, "bot_api_url is not of the form https://host");
        let secret = self.webhook_secret.reveal();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        no(
            secret.is_empty() || secret.len() > MAX_WEBHOOK_SECRET || !secret.bytes().all(plain),
            "bot_webhook_secret is not 1 to 256 letters, digits, _ and -",
        );
        let weak = |secret: &Secret| secret.reveal().len() < MIN_ADMIN_SECRET;
        no(self.admin_secret.as_ref().is_some_and(weak), "bot_admin_secret has fewer than 16 characters");
        no(
            self.admin_secret.as_ref().is_some_and(|secret| secret == token),
            "bot_admin_secret is the bot_token",
        );
        no(
            self.mode == BotMode::Webhook && public_url.is_empty(),
            "bot_mode is webhook, and needs public_url",
        );
        no(!(1..=MAX_MESSAGES).contains(&self.messages_per_h), "bot_messages_per_h is not in 1 to 1000");
    }
}
