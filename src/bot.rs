//! The bot: it writes to people who are not looking, and carries out what they tell it.
//!
//! What it sends comes from the outbox, what it hears goes into a table first. Every node does both; which of
//! them does a thing is settled in the store.

mod judgement;
mod letter;
mod polling;
mod sender;
mod setup;
mod talk;
mod updates;

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use crate::app::App;
use crate::config::BotMode;

pub use setup::{Trouble, prepare, webhook_url};

/// How long messages that are under way may take when the server ends.
const LAST_WORDS: Duration = Duration::from_secs(9);

/// The bot of a node, which goes on as long as this lives.
pub struct Bot {
    end: watch::Sender<bool>,
    sender: JoinHandle<()>,
    others: Vec<AbortHandle>,
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.sender.abort();
        self.others.iter().for_each(AbortHandle::abort);
    }
}

impl Bot {
    /// Starts it, if there is to be one.
    #[must_use]
    pub fn start(app: &App) -> Option<Self> {
        let telegram = app.telegram.clone()?;
        let (end, is_over) = watch::channel(false);
        let sender = tokio::spawn(sender::run(app.clone(), telegram.clone(), is_over));
        let mut others = vec![
            tokio::spawn(updates::run(app.clone(), telegram.clone())),
            tokio::spawn(setup::run(app.clone(), telegram.clone())),
        ];
        if app.config.bot.mode == BotMode::Polling {
            others.push(tokio::spawn(polling::run(app.clone(), telegram)));
        }
        let others = others.iter().map(JoinHandle::abort_handle).collect();
        Some(Self { end, sender, others })
    }

    /// Sends what is under way, and nothing more.
    pub async fn finish(mut self) {
        self.end.send_replace(true);
        self.others.iter().for_each(AbortHandle::abort);
        if tokio::time::timeout(LAST_WORDS, &mut self.sender).await.is_err() {
            tracing::warn!("some messages were under way too long");
        }
    }
}
