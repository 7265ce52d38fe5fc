//! What people want to hear from the bot, and what is known of their chat with it.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::stream::notification::NotificationKind;
use peerpack_actors::time::Time;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, sql};

const SETTINGS: Sql = sql("\
    SELECT asked_at, enabled, kinds_off, quiet_from, quiet_to, zone, muted_until, blocked_at, hour_from, hour_count \
    FROM bot_settings WHERE user_id = $1");

const ANSWER: Sql = sql("\
    INSERT INTO bot_settings AS b (user_id, asked_at, enabled) VALUES ($1, $3, $2) \
    ON CONFLICT (user_id) DO UPDATE SET asked_at = COALESCE(b.asked_at, excluded.asked_at), \
    enabled = excluded.enabled, blocked_at = CASE WHEN excluded.enabled = 1 THEN NULL ELSE b.blocked_at END");

// A person who starts the bot lets it write, unless they have said no before.
const START: Sql = sql("\
    INSERT INTO bot_settings AS b (user_id, asked_at, enabled) VALUES ($1, $2, 1) \
    ON CONFLICT (user_id) DO UPDATE SET blocked_at = NULL, \
    enabled = CASE WHEN b.asked_at IS NULL THEN 1 ELSE b.enabled END, \
    asked_at = COALESCE(b.asked_at, excluded.asked_at)");

const SWITCH_ON: Sql = sql("\
    INSERT INTO bot_settings AS b (user_id) VALUES ($1) ON CONFLICT (user_id) DO UPDATE SET \
    kinds_off = REPLACE(b.kinds_off, ',' || $2 || ',', ',')");

const SWITCH_OFF: Sql = sql("\
    INSERT INTO bot_settings AS b (user_id, kinds_off) VALUES ($1, ',' || $2 || ',') \
    ON CONFLICT (user_id) DO UPDATE SET kinds_off = CASE \
    WHEN b.kinds_off LIKE '%,' || $2 || ',%' THEN b.kinds_off WHEN b.kinds_off = '' THEN excluded.kinds_off \
    ELSE b.kinds_off || $2 || ',' END");

const SET_QUIET: Sql = sql("\
    INSERT INTO bot_settings AS b (user_id, quiet_from, quiet_to, zone) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (user_id) DO UPDATE SET quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, \
    zone = excluded.zone");

const MUTE: Sql = sql("\
    UPDATE bot_settings SET muted_until = $2 WHERE user_id = $1 AND muted_until < $2");

const BLOCK: Sql = sql("UPDATE bot_settings SET blocked_at = COALESCE(blocked_at, $2) WHERE user_id = $1");
const UNBLOCK: Sql = sql("UPDATE bot_settings SET blocked_at = NULL WHERE user_id = $1");
const EMPTY: Sql = sql("DELETE FROM outbox WHERE user_id = $1 AND state = 'waiting'");

/// When somebody does not want to be disturbed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuietHours {
    /// From this minute of the day.
    pub from_min: u16,
    /// To this one, the next day if it is earlier.
    pub to_min: u16,
    /// In this IANA zone.
    pub zone: String,
}

/// What somebody wants to hear from the bot.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BotSettings {
    /// When they were asked whether it may write.
    pub asked_at: Option<Time>,
    /// Whether it may.
    pub is_enabled: bool,
    /// What they do not want to hear of.
    pub off: Vec<NotificationKind>,
    /// When they do not want to be disturbed.
    pub quiet: Option<QuietHours>,
    /// Until when Telegram wants their chat to be left alone.
    pub muted_until: Option<Time>,
    /// Since when they have blocked the bot.
    pub blocked_at: Option<Time>,
    /// The beginning of the hour that is counted, and the messages in it.
    pub hour: (Time, u32),
}

impl Database {
    /// What somebody wants to hear from the bot.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bot_settings(&self, user: UserId) -> Result<BotSettings, Unavailable> {
        let row = self.row(SETTINGS, args![user.uuid()]).await?;
        Ok(row.as_ref().map(settings).transpose()?.unwrap_or_default())
    }

    /// Somebody says whether the bot may write.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn let_bot_write(&self, user: UserId, may: bool, now: Time) -> Result<(), Unavailable> {
        self.execute(ANSWER, args![user.uuid(), i64::from(may), now.ms()]).await?;
        Ok(())
    }

    /// Somebody has started the bot: it may write, unless they have said no.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn start_bot(&self, user: UserId, now: Time) -> Result<(), Unavailable> {
        self.execute(START, args![user.uuid(), now.ms()]).await?;
        Ok(())
    }

    /// Switches a kind of notification on or off.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn switch_kind(
        &self,
        user: UserId,
        kind: NotificationKind,
        on: bool,
    ) -> Result<(), Unavailable> {
        let switch = if on { SWITCH_ON } else { SWITCH_OFF };
        self.execute(switch, args![user.uuid(), kind.word()]).await?;
        Ok(())
    }

    /// Sets when somebody does not want to be disturbed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_quiet_hours(&self, user: UserId, quiet: Option<QuietHours>) -> Result<(), Unavailable> {
        let minute = |minute: u16| Some(i64::from(minute));
        let (from, to, zone) = quiet.map_or((None, None, None), |quiet| {
            (minute(quiet.from_min), minute(quiet.to_min), Some(quiet.zone))
        });
        self.execute(SET_QUIET, args![user.uuid(), from, to, zone]).await?;
        Ok(())
    }

    /// Leaves a chat alone until then.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mute_chat(&self, user: UserId, until: Time) -> Result<(), Unavailable> {
        self.execute(MUTE, args![user.uuid(), until.ms()]).await?;
        Ok(())
    }

    /// Somebody has blocked the bot: nothing waits for them any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bot_was_blocked(&self, user: UserId, now: Time) -> Result<(), Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                conn.execute(BLOCK, args![user.uuid(), now.ms()]).await?;
                conn.execute(EMPTY, args![user.uuid()]).await?;
                Ok(())
            })
        });
        Ok(work.await?)
    }

    /// Somebody has let the bot in again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bot_was_unblocked(&self, user: UserId) -> Result<(), Unavailable> {
        self.execute(UNBLOCK, args![user.uuid()]).await?;
        Ok(())
    }
}

fn settings(row: &Row) -> Result<BotSettings, Failure> {
    let minute = |column| row.get::<Option<i64>>(column).map(|n| n.and_then(|n| u16::try_from(n).ok()));
    let quiet = minute("quiet_from")?.zip(minute("quiet_to")?).zip(row.get::<Option<String>>("zone")?);
    let off = row.text("kinds_off")?;
    Ok(BotSettings {
        asked_at: row.optional_time("asked_at")?,
        is_enabled: row.get::<i64>("enabled")? == 1,
        off: off.split(',').filter_map(NotificationKind::from_word).collect(),
        quiet: quiet.map(|((from_min, to_min), zone)| QuietHours { from_min, to_min, zone }),
        muted_until: Some(row.time("muted_until")?).filter(|until| until.ms() > 0),
        blocked_at: row.optional_time("blocked_at")?,
        hour: (row.time("hour_from")?, row.number("hour_count")?),
    })
}
