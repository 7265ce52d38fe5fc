//! Works through what Telegram has said: each update once, in no order that counts.

use std::time::Duration;

use peerpack_actors::time::Span;

use super::judgement::pause;
use super::talk::{self, Trouble};
use crate::app::App;
use crate::store::TakenUpdate;
use crate::telegram::Telegram;

/// How long an update is one's own.
const LEASE: Span = Span::seconds(30);

/// How many are worked through at once.
const AT_ONCE: u32 = 16;

/// How often other nodes' updates are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// How often an update is tried.
const MAX_ATTEMPTS: u32 = 5;

/// Works for ever.
pub(super) async fn run(app: App, telegram: Telegram) {
    loop {
        let now = app.clock.now();
        let taken = app.database.take_updates(now, now + LEASE, AT_ONCE).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot look for updates");
            Vec::new()
        });
        if taken.is_empty() {
            app.database.updates_may_wait(EVERY).await;
            continue;
        }
        let work = taken.iter().map(|update| see_to(&app, &telegram, update));
        futures_util::future::join_all(work).await;
    }
}

async fn see_to(app: &App, telegram: &Telegram, update: &TakenUpdate) {
    let (outcome, settled) = match talk::listen(app, telegram, update).await {
        Ok(()) => ("done", app.database.finish_update(update, app.clock.now()).await.map(drop)),
        Err(Trouble(why)) => {
            let now = app.clock.now();
            let again = (update.attempts < MAX_ATTEMPTS).then(|| now + pause(update.attempts));
            tracing::warn!(update = update.update_id, why, "an update was not worked through");
            let word = if again.is_some() { "later" } else { "dead" };
            (word, app.database.fail_update(update, why, again, now).await)
        }
    };
    metrics::counter!("peerpack_bot_updates_total", "outcome" => outcome).increment(1);
    if let Err(error) = settled {
        tracing::warn!(%error, update = update.update_id, "what became of an update is not noted");
    }
}
