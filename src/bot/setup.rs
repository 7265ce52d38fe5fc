//! What the bot tells Telegram about itself when a server starts, and on demand.

use std::time::Duration;

use crate::app::App;
use crate::config::{BotMode, Config};
use crate::telegram::{Answer, Telegram};
use crate::texts::bot::commands;
use crate::texts::language::Language;

/// How often it is tried.
const TRIES: u32 = 8;

/// Telegram did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Trouble {
    /// What was asked for.
    pub what: &'static str,
    /// Why it was not done, for people.
    pub why: String,
}

/// Where Telegram is to send updates.
#[must_use]
pub fn webhook_url(config: &Config) -> String {
    format!("{}/api/bot/webhook", config.public_url)
}

/// Prepares the bot when a server starts; again and again until it is done.
pub(super) async fn run(app: App, telegram: Telegram) {
    for tried in 0..TRIES {
        match prepare(&app.config, &telegram).await {
            Ok(()) => return,
            Err(trouble) => tracing::warn!(%trouble, "the bot could not be prepared"),
        }
        tokio::time::sleep(Duration::from_secs(1 << tried)).await;
    }
}

/// Tells Telegram the bot's commands, its menu button, and how it hears of updates.
///
/// # Errors
/// What Telegram did not do.
pub async fn prepare(config: &Config, telegram: &Telegram) -> Result<(), Trouble> {
    let english = telegram.set_commands(None, &commands(Language::English)).await;
    done("commands", english)?;
    let russian = telegram.set_commands(Some("ru"), &commands(Language::Russian)).await;
    done("commands in Russian", russian)?;
    if config.public_url.starts_with("https://") {
        done("menu button", telegram.set_menu_button("PeerPack", &config.public_url).await)?;
    }
    match config.bot.mode {
        BotMode::Off => Ok(()),
        BotMode::Polling => done("webhook", telegram.delete_webhook().await),
        BotMode::Webhook => {
            let secret = config.bot.webhook_secret.reveal();
            done("webhook", telegram.set_webhook(&webhook_url(config), secret).await)
        }
    }
}

fn done(what: &'static str, answer: Answer<()>) -> Result<(), Trouble> {
    match answer {
        Answer::Done(()) => Ok(()),
        Answer::Refused(refusal) => Err(Trouble { what, why: refusal.to_string() }),
        Answer::Unsent(why) | Answer::Unknown(why) => Err(Trouble { what, why }),
    }
}
