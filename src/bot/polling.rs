//! Asks Telegram for updates, from one node at a time. How far they go is stored together with them.

use std::time::Duration;

use futures_util::future::join_all;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Span;
use serde_json::Value;

use crate::app::App;
use crate::maintenance::checkout;
use crate::store::Polling;
use crate::telegram::{Answer, CHECKOUT, Telegram};

/// How long the right to ask is one's own: longer than Telegram lets one wait.
const HELD_FOR: Span = Span::seconds(45);

/// How often a node that does not have it looks whether it is free.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long after a failure.
const PAUSE: Duration = Duration::from_secs(3);

/// After a week without updates Telegram may begin to count anywhere.
const COUNTED_FOR: Span = Span::days(6);

/// Asks for ever.
pub(super) async fn run(app: App, telegram: Telegram) {
    loop {
        let now = app.clock.now();
        match app.database.hold_polling(now, now + HELD_FOR).await {
            Ok(Some(held)) => {
                if let Err(error) = ask(&app, &telegram, held).await {
                    tracing::warn!(%error, "updates cannot be kept");
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "cannot ask for updates"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Asks as long as the right is one's own.
async fn ask(app: &App, telegram: &Telegram, mut held: Polling) -> Result<(), Unavailable> {
    while app.database.renew_polling(&held, app.clock.now() + HELD_FOR).await? {
        let is_counted = held.next_update > 0 && app.clock.now().since(held.at) < COUNTED_FOR;
        let updates = match telegram.updates(is_counted.then_some(held.next_update)).await {
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
        if !app.database.keep_updates(&held, updates, last + 1, now).await? {
            return Ok(());
        }
        (held.next_update, held.at) = (last + 1, now);
    }
    Ok(())
}

/// Telegram's number of an update.
fn number(update: &Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}
