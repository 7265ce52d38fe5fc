//! Sends what is in the outbox. Several at once, one of a chat at a time, and what is for many at a pace.

use std::time::Duration;

use peerpack_actors::ports::Unavailable;
use peerpack_actors::stream::message::Class;
use peerpack_actors::time::{Span, Time};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::judgement::{self, Also, Facts, Verdict, judge, quiet_until};
use super::letter;
use crate::app::App;
use crate::store::{Arrived, BotSettings, LiveMessage, Outgoing, Settled, User};
use crate::telegram::{Answer, Telegram};
use crate::texts::language::Language;

/// How long a message is one's own: longer than two calls take.
const LEASE: Span = Span::seconds(30);

/// How many are sent at once.
const AT_ONCE: usize = 16;

/// How often other nodes' messages are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// How long after a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

/// One message for many in this time, so that there is always room for the others.
const BULK_EVERY: Span = Span::from_ms(50);

/// How many of those at once, after a quiet while.
const BULK_BURST: i64 = 10;

/// How often the outbox is measured.
const MEASURED_EVERY: Span = Span::seconds(10);

/// Sends until it is over, and then what is under way.
pub(super) async fn run(app: App, telegram: Telegram, mut is_over: watch::Receiver<bool>) {
    let mut sender = Sender {
        under_way: JoinSet::new(),
        bulk_from: app.clock.now(),
        paused_until: app.clock.now(),
        measured_at: Time::from_ms(0),
        app,
        telegram,
    };
    while !*is_over.borrow() {
        let taken = sender.round().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot look into the outbox");
            None
        });
        match taken {
            Some(0) => {
                let more = sender.app.database.messages_may_wait(EVERY);
                tokio::select! {
                    () = more => {}
                    _ = is_over.changed() => {}
                }
            }
            Some(_) => {}
            None => tokio::time::sleep(PAUSE).await,
        }
    }
    while let Some(ended) = sender.under_way.join_next().await {
        sender.note(ended.ok());
    }
}

struct Sender {
    app: App,
    telegram: Telegram,
    /// Each says until when nothing can be sent, if that is so.
    under_way: JoinSet<Option<Time>>,
    /// From when on the next message for many may go.
    bulk_from: Time,
    paused_until: Time,
    measured_at: Time,
}

impl Sender {
    /// Takes what there is room for; answers how many, or `None` when it is not to be asked again at once.
    async fn round(&mut self) -> Result<Option<usize>, Unavailable> {
        while let Some(ended) = self.under_way.try_join_next() {
            self.note(ended.ok());
        }
        if self.under_way.len() >= AT_ONCE
            && let Some(ended) = self.under_way.join_next().await
        {
            self.note(ended.ok());
        }
        let now = self.app.clock.now();
        if now.since(self.measured_at) >= MEASURED_EVERY {
            self.measured_at = now;
            measure(&self.app, now).await?;
        }
        if now < self.paused_until {
            return Ok(None);
        }
        let room = AT_ONCE.saturating_sub(self.under_way.len());
        let room = u32::try_from(room).unwrap_or(0);
        let (database, until) = (&self.app.database, now + LEASE);
        let mut taken = database.take_messages((0, 1), now, until, room).await?;
        let left = i64::from(room) - i64::try_from(taken.len()).unwrap_or(0);
        let earned = now.since(self.bulk_from).ms() / BULK_EVERY.ms() + 1;
        let bulk = u32::try_from(earned.min(BULK_BURST).min(left).max(0)).unwrap_or(0);
        if bulk > 0 {
            let rank = Class::Bulk.rank();
            let paced = database.take_messages((rank, rank), now, until, bulk).await?;
            let used = BULK_EVERY.ms() * i64::try_from(paced.len()).unwrap_or(0);
            let from = self.bulk_from.max(now - Span::from_ms(BULK_EVERY.ms() * BULK_BURST));
            self.bulk_from = from + Span::from_ms(used);
            taken.extend(paced);
        }
        let count = taken.len();
        for message in taken {
            let (app, telegram) = (self.app.clone(), self.telegram.clone());
            self.under_way.spawn(async move { see_to(&app, &telegram, &message).await });
        }
        Ok(Some(count))
    }

    fn note(&mut self, pause: Option<Option<Time>>) {
        if let Some(until) = pause.flatten() {
            tracing::error!("Telegram does not know the bot: is bot_token right?");
            self.paused_until = self.paused_until.max(until);
        }
    }
}

/// Sends a message or does not, and notes what became of it.
async fn see_to(app: &App, telegram: &Telegram, message: &Outgoing) -> Option<Time> {
    match handle(app, telegram, message).await {
        Ok(pause) => pause,
        Err(error) => {
            // Its lease runs out, and then somebody looks at it again.
            tracing::warn!(%error, user = %message.user, seq = message.seq, "a message is held up");
            None
        }
    }
}

async fn handle(app: &App, telegram: &Telegram, message: &Outgoing) -> Result<Option<Time>, Unavailable> {
    let Some((user, settings, chat)) = recipient(app, message).await? else {
        settle(app, message, Settled::Dropped, "dropped").await?;
        return Ok(None);
    };
    let now = app.clock.now();
    let facts = Facts {
        class: message.class,
        at: message.at,
        ends_at: message.ends_at,
        is_lost: message.is_lost,
        attempts: message.attempts,
        is_digest: message.is_digest,
        is_looking: is_looking(app, &user, now).await,
        quiet_until: settings.quiet.as_ref().and_then(|quiet| quiet_until(quiet, now)),
        full_until: full_until(app, &settings, now),
    };
    match judge(&facts, now) {
        Verdict::Drop(why) => settle(app, message, Settled::Dropped, why).await?,
        Verdict::Unknown => {
            let why = "the node that sent it has never said what became of it".to_owned();
            settle(app, message, Settled::Unknown(why), "unknown").await?;
        }
        Verdict::Give => {
            let why = message.error.clone().unwrap_or_else(|| "tried too often".to_owned());
            settle(app, message, Settled::Dead(why), "dead").await?;
        }
        Verdict::Wait { until, digest } => {
            let later = Settled::Later { due_at: until, error: None, counts: false, digest };
            settle(app, message, later, "waits").await?;
        }
        Verdict::Send | Verdict::Edit => {
            return deliver(app, telegram, message, &user, chat).await;
        }
    }
    Ok(None)
}

async fn deliver(
    app: &App,
    telegram: &Telegram,
    message: &Outgoing,
    user: &User,
    chat: i64,
) -> Result<Option<Time>, Unavailable> {
    if message.is_digest {
        let now = app.clock.now();
        let (count, last) = app.database.digest_of(user.id, now).await?;
        if count > 1 {
            let language = Language::of(user.language.as_deref());
            let answer = telegram.send(chat, &letter::digest(app, count, language)).await;
            if matches!(answer, Answer::Done(_)) {
                note(message.class, "digest");
                app.database.end_digest(user.id, last, now).await?;
                return Ok(None);
            }
            let arrived = Arrived { message_id: None, is_new: true };
            return conclude(app, message, answer.map(|_| arrived)).await;
        }
    }
    if message.class == Class::Money {
        bring_up_to_date(app, telegram, message, user, chat).await?;
    }
    let live = match (message.class, message.topic) {
        (Class::State | Class::Follow, Some(topic)) => app.database.live_message(user.id, topic).await?,
        _ => None,
    };
    let is_stale = live.is_some_and(|live| live.seq > message.seq);
    if is_stale || (message.class == Class::Follow && live.is_none()) {
        settle(app, message, Settled::Dropped, "dropped").await?;
        return Ok(None);
    }
    let Some(letter) = letter::write(app, user, message).await? else {
        settle(app, message, Settled::Dropped, "over").await?;
        return Ok(None);
    };
    let keeps = message.class != Class::Money;
    if let Some(LiveMessage { message_id, .. }) = live {
        let kept = Arrived { message_id: Some(message_id), is_new: false };
        match telegram.edit(chat, message_id, &letter).await {
            Answer::Done(()) => return conclude(app, message, Answer::Done(kept)).await,
            Answer::Refused(refusal) if refusal.is_unchanged() => {
                return conclude(app, message, Answer::Done(kept)).await;
            }
            // They have removed it: what follows it follows nothing, and news is told anew.
            Answer::Refused(refusal) if refusal.is_without_message() => {
                if message.class == Class::Follow {
                    settle(app, message, Settled::Dropped, "dropped").await?;
                    return Ok(None);
                }
            }
            other => return conclude(app, message, other.map(|()| kept)).await,
        }
    }
    let answer = telegram.send(chat, &letter).await;
    let arrived = |message_id: i64| Arrived { message_id: keeps.then_some(message_id), is_new: true };
    conclude(app, message, answer.map(|sent| arrived(sent.message_id))).await
}

/// Money is told of in a message of its own; the one that stands for the deal follows, as far as it can.
async fn bring_up_to_date(
    app: &App,
    telegram: &Telegram,
    message: &Outgoing,
    user: &User,
    chat: i64,
) -> Result<(), Unavailable> {
    let Some(topic) = message.topic else { return Ok(()) };
    let Some(live) = app.database.live_message(user.id, topic).await? else { return Ok(()) };
    let follow = Outgoing { class: Class::Follow, ..message.clone() };
    if let Some(letter) = letter::write(app, user, &follow).await? {
        telegram.edit(chat, live.message_id, &letter).await;
    }
    Ok(())
}

/// Notes what became of a call.
async fn conclude(
    app: &App,
    message: &Outgoing,
    answer: Answer<Arrived>,
) -> Result<Option<Time>, Unavailable> {
    let now = app.clock.now();
    let word = answer.word();
    let (settled, also) = judgement::follow(message.class, message.attempts, answer, now);
    match also {
        Also::Nothing | Also::Pause(_) => {}
        Also::Mute(until) => app.database.mute_chat(message.user, until).await?,
        Also::Blocked => app.database.bot_was_blocked(message.user, now).await?,
    }
    let outcome = match also {
        Also::Mute(_) => "muted",
        Also::Blocked => "blocked",
        Also::Pause(_) => "paused",
        Also::Nothing => word,
    };
    settle(app, message, settled, outcome).await?;
    Ok(if let Also::Pause(until) = also { Some(until) } else { None })
}

async fn settle(
    app: &App,
    message: &Outgoing,
    settled: Settled,
    outcome: &'static str,
) -> Result<(), Unavailable> {
    note(message.class, outcome);
    app.database.settle_message(message, settled, app.clock.now()).await?;
    Ok(())
}

fn note(class: Class, outcome: &'static str) {
    metrics::counter!("peerpack_outbox_messages_total", "class" => class.word(), "outcome" => outcome)
        .increment(1);
}

/// Who gets it, if they still want it.
async fn recipient(app: &App, message: &Outgoing) -> Result<Option<(User, BotSettings, i64)>, Unavailable> {
    let Some(user) = app.database.user(message.user).await? else { return Ok(None) };
    let settings = app.database.bot_settings(message.user).await?;
    let is_here = user.deleted_at.is_none() && user.blocked_at.is_none();
    let may = settings.is_enabled && settings.blocked_at.is_none();
    Ok(user.telegram_id.filter(|_| is_here && may).map(|chat| (user, settings, chat)))
}

/// Whether somebody has a socket open, here or elsewhere. If nobody answers they have none.
async fn is_looking(app: &App, user: &User, now: Time) -> bool {
    app.sockets.has(user.id) || app.presence.is_present(user.id, now).await.unwrap_or(false)
}

/// Until when somebody has had enough for an hour, if they have.
fn full_until(app: &App, settings: &BotSettings, now: Time) -> Option<Time> {
    let (from, count) = settings.hour;
    let until = from + Span::hours(1);
    (count >= app.config.bot.messages_per_h && until > now).then_some(until)
}

async fn measure(app: &App, now: Time) -> Result<(), Unavailable> {
    let figures = app.database.outbox_figures(now).await?;
    metrics::gauge!("peerpack_outbox_waiting").set(figures.waiting as f64);
    metrics::gauge!("peerpack_outbox_unknown").set(figures.unknown as f64);
    metrics::gauge!("peerpack_outbox_dead").set(figures.dead as f64);
    let age_ms = figures.oldest.map_or(0, |oldest| now.since(oldest).ms().max(0));
    metrics::gauge!("peerpack_outbox_age_seconds").set(age_ms as f64 / 1_000.0);
    Ok(())
}
