//! What has to be done from time to time, by any node: reminders, reviews that come to light, forgetting.
//!
//! Everything here is guarded in the store, so it does not matter how many nodes do it, or whether one dies
//! over it.

use std::fmt::Display;
use std::time::Duration;

use peerpack_actors::market::request::RequestCommand;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::runtime::Refusal;
use peerpack_actors::time::{Span, Time};
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::jobs::{self, settled};
use super::{payments, retention};
use crate::app::App;
use crate::store::JobKind;

/// How long after one round the next one begins.
const EVERY: Duration = Duration::from_secs(30);

/// How many trips are reminded of in one round.
const REMINDERS: u32 = 500;

/// How many deliveries are settled in one round.
const SETTLEMENTS: u32 = 100;

/// How many people who have gone are seen to in one round.
const GONE: u32 = 100;

/// How many pictures are forgotten in one round.
const PICTURES: u32 = 500;

/// So many files, and not one of them with a row, are no leftovers.
const FOREIGN: usize = 100;

/// The maintenance of a node, which goes on as long as this lives.
#[derive(Debug)]
pub struct Maintenance(AbortHandle);

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Maintenance {
    /// Starts the rounds of a node, one every half minute.
    #[must_use]
    pub fn start(app: App) -> Self {
        let running = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                run_all(&app).await;
            }
        });
        Self(running.abort_handle())
    }
}

/// Does everything that is due. A task that fails keeps no other one from being done, and is tried the next
/// time.
pub async fn run_all(app: &App) {
    let (database, now) = (&app.database, app.clock.now());
    done("remind couriers", remind(app, now)).await;
    done("settle deliveries", settle_deliveries(app, now)).await;
    done("look at payments", payments::look(app, now)).await;
    done("compare the books with the provider's list", payments::compare(app, now)).await;
    done("show reviews", database.show_reviews(now - retention::REVIEW_WAITS)).await;
    done("forget answers", database.prune_answers(now - retention::ANSWERS)).await;
    done("forget notifications", database.prune_notifications(now - retention::NOTIFICATIONS)).await;
    done("forget subscriptions", database.prune_subscriptions(now - retention::BOT_MESSAGES)).await;
    done("forget the bot's updates", database.prune_bot_updates(now - retention::BOT_UPDATES)).await;
    done("forget the bot's messages", database.prune_bot_messages(now - retention::BOT_MESSAGES)).await;
    done("forget refresh tokens", database.prune_refresh_tokens(now)).await;
    done("forget sessions", database.prune_sessions(now - retention::SESSIONS)).await;
    done("forget events", database.prune_events(now - retention::EVENTS)).await;
    done("call off what the gone have left", call_off_the_rest(app, now)).await;
    done("forget what was done to accounts", database.prune_deeds(now - retention::DEEDS)).await;
    done("forget jobs", database.prune_jobs(now - retention::JOBS)).await;
    done("forget codes", database.prune_codes(now - retention::CODES)).await;
    done("forget guesses", database.prune_attempts(now)).await;
    done("forget init data", database.prune_init_data(now)).await;
    done("forget counts of uploads", database.prune_upload_counts(now - retention::UPLOADS_COUNTED)).await;
    done("forget documents", forget_documents(app, now)).await;
    done("forget photographs", forget_photos(app, now)).await;
    done("forget messages", database.prune_messages(now - retention::MESSAGES)).await;
    done("forget reports", database.prune_chat_reports(now - retention::REPORTS)).await;
    done("forget registrations", database.prune_registrations(now - retention::REGISTRATIONS)).await;
    done("erase what the gone have said", database.erase_messages()).await;
    done("forget pictures", forget_pictures(app, now)).await;
    done("write down names", database.index_people()).await;
    done("erase accounts", erase(app, now)).await;
    done("remove files without a row", remove_files(app, now)).await;
    // The last: it takes a while.
    done("audit the stored data", app.audit.look(database, now)).await;
}

async fn erase(app: &App, now: Time) -> Result<(), Unavailable> {
    let (_, files) = app.database.erase_accounts(now - retention::RESTORABLE, now, GONE).await?;
    for file in files {
        app.files.remove(file).await;
    }
    Ok(())
}

async fn forget_documents(app: &App, now: Time) -> Result<(), Unavailable> {
    for file in app.database.forget_documents(now - retention::DOCUMENTS).await? {
        app.files.remove(file).await;
    }
    Ok(())
}

async fn forget_photos(app: &App, now: Time) -> Result<(), Unavailable> {
    for file in app.database.forget_photos(now - retention::PHOTOS).await? {
        app.files.remove(file).await;
    }
    Ok(())
}

async fn forget_pictures(app: &App, now: Time) -> Result<(), Unavailable> {
    for file in app.database.forget_pictures(now - retention::UNSHOWN, PICTURES).await? {
        app.files.remove(file).await;
    }
    Ok(())
}

/// A file whose row was never written, or is gone: somebody went away or died in between.
async fn remove_files(app: &App, now: Time) -> Result<(), Unavailable> {
    let files = app.files.next_older_than(now - retention::UNCLAIMED).await?;
    let known = app.database.known_files(&files).await?;
    if known.is_empty() && files.len() >= FOREIGN {
        return Err(Unavailable("none of many files has a row: they may belong to another database".into()));
    }
    for file in files.into_iter().filter(|file| !known.contains(&file.id)) {
        app.files.remove(file).await;
    }
    Ok(())
}

async fn remind(app: &App, now: Time) -> Result<(), Refusal> {
    for trip in app.database.trips_to_remind(now, REMINDERS).await? {
        app.engine.remind(trip).await?;
    }
    Ok(())
}

/// A sender who says nothing keeps the courier's money waiting so long and no longer. Both hear of it as of
/// any confirmation.
async fn settle_deliveries(app: &App, now: Time) -> Result<(), Refusal> {
    let delivered_by = now - Span::days(app.config.confirm_after_days.into());
    for request in app.database.unanswered_deliveries(delivered_by, SETTLEMENTS).await? {
        settled(app.engine.request(request, RequestCommand::Settle { delivered_by }).await.map(drop))?;
    }
    Ok(())
}

/// What has come to somebody after they had gone, and what a version before jobs has left undone.
async fn call_off_the_rest(app: &App, now: Time) -> Result<(), Refusal> {
    for user in app.database.left_behind(GONE).await? {
        app.database.add_account_job(user, now).await?;
        jobs::begin(app, JobKind::Account, user.uuid()).await;
    }
    Ok(())
}

async fn done<T, E: Display>(task: &'static str, work: impl Future<Output = Result<T, E>>) {
    let work = async {
        if let Err(error) = work.await {
            tracing::warn!(%error, "a maintenance task was not done");
        }
    };
    work.instrument(tracing::info_span!("maintenance", task)).await;
}
