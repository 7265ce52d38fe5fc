//! Asks Telegram for updates, from one node at a time. How far they go is stored together with them.

use std::time::Duration;

use futures_util::future::join_all;
use peerpack_actors::time::{Span, Time};
use serde_json::Value;
use tokio::sync::watch;

use crate::app::App;
use crate::maintenance::checkout;
use crate::store::Polling;
use crate::telegram::{Answer, CHECKOUT, Telegram};

/// How long the right to ask is one's own: longer than Telegram lets one wait.
const HELD_FOR: Span = Span::seconds(45);

/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// How long Telegram may wait for updates before it says that there are none.
const LONG_POLL: Duration = Duration::from_secs(25);

/// How long after that its answer may come.
const ANSWERED_WITHIN: Span = Span::seconds(9);

/// How often a node that does not have it looks whether it is free.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long after a failure.
const PAUSE: Duration = Duration::from_secs(3);

/// How long after updates could not be kept.
const SHORT_PAUSE: Duration = Duration::from_secs(1);

/// After a week without updates Telegram may begin to count anywhere.
const COUNTED_FOR: Span = Span::days(6);

/// Asks for ever.
pub(super) async fn run(app: App, telegram: Telegram) {
    loop {
        let now = app.clock.now();
        let until = now + HELD_FOR;
        match app.database.hold_polling(now, until).await {
            Ok(Some(held)) => ask(&app, &telegram, held, until).await,
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "cannot ask for updates"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Asks for updates as long as this node has the right to. The right is renewed beside that, so that a person
/// who is about to pay does not wait for a slow database.
async fn ask(app: &App, telegram: &Telegram, held: Polling, until: Time) {
    let (renewed, until) = watch::channel(until);
    tokio::select! {
        () = renew(app, held, renewed) => {}
        () = listen(app, telegram, held, until) => {}
    }
}

/// Keeps the right until somebody else has it.
async fn renew(app: &App, held: Polling, until: watch::Sender<Time>) {
    loop {
        let next = app.clock.now() + HELD_FOR;
        match app.database.renew_polling(&held, next).await {
            Ok(true) => {
                until.send_replace(next);
                tokio::time::sleep(RENEW_EVERY).await;
            }
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "the right to ask for updates cannot be renewed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Asks until somebody else has the right, and never for longer than it is one's own.
async fn listen(app: &App, telegram: &Telegram, mut held: Polling, mut until: watch::Receiver<Time>) {
    loop {
        let left = (*until.borrow_and_update() - ANSWERED_WITHIN).since(app.clock.now());
        let Ok(left) = u64::try_from(left.ms()) else {
            if until.changed().await.is_err() {
                return;
            }
            continue;
        };
        let patience = LONG_POLL.min(Duration::from_millis(left));
        let is_counted = held.next_update > 0 && app.clock.now().since(held.at) < COUNTED_FOR;
        let first = is_counted.then_some(held.next_update);
        let updates = match telegram.updates(first, patience).await {
            Answer::Done(updates) => updates,
            Answer::Refused(refusal) if refusal.description.contains("webhook") => {
                telegram.delete_webhook().await;
                Vec::new()
            }
            Answer::Refused(refusal) => {
                tracing::warn!(%refusal, "Telegram gives no updates");
                let pause = refusal.retry_after.map_or(0, Span::ms);
                tokio::time::sleep(PAUSE.max(Duration::from_millis(u64::try_from(pause).unwrap_or(0)))).await;
                continue;
            }
            Answer::Unsent(why) | Answer::Unknown(why) => {
                tracing::warn!(why, "no updates");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let last = updates.iter().filter_map(number).max();
        let (asked, updates): (Vec<_>, Vec<_>) =
            updates.into_iter().partition(|update| update.get(CHECKOUT).is_some());
        // Who is about to pay waits behind nothing; that it was asked has not to be kept.
        join_all(asked.iter().map(|update| checkout::answer(app, telegram, &update[CHECKOUT]))).await;
        let numbered = |update: Value| Some((number(&update)?, update.to_string()));
        let updates: Vec<_> = updates.into_iter().filter_map(numbered).collect();
        let Some(last) = last else { continue };
        let now = app.clock.now();
        match app.database.keep_updates(&held, updates, last + 1, now).await {
            Ok(true) => (held.next_update, held.at) = (last + 1, now),
            Ok(false) => return,
            Err(error) => {
                // Telegram gives them again, with those who are about to pay meanwhile.
                tracing::warn!(%error, "updates cannot be kept");
                tokio::time::sleep(SHORT_PAUSE).await;
            }
        }
    }
}

/// Telegram's number of an update.
fn number(update: &Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}
