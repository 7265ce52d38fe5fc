//! Accounts beyond their profile: phones, being deleted.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

use super::files;
use super::sessions::revoke_all;
use super::users::{User, returned_columns, user, user_columns};
use crate::auth::Role;
use crate::files::FileName;
use crate::store::Database;
use crate::store::engine::jobs;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, each, locking, sql};
use crate::store::talk::{posts, reports};

const UPSERT_PHONE: Sql = sql(concat!(
    "INSERT INTO users AS u (id, phone, name, role, created_at, updated_at) \
     VALUES ($1, $2, $3, 'user', $4, $4) \
     ON CONFLICT (phone) WHERE phone IS NOT NULL DO UPDATE SET deleted_at = NULL RETURNING ",
    returned_columns!()
));

const OF_PHONE: Sql = sql(concat!("SELECT ", user_columns!(), " FROM users AS u WHERE u.phone = $1"));

/// Deals that are under way with that person. A package and a trip name the same people as their requests,
/// and have them by key.
macro_rules! has_deals {
    ($who:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM packages AS p WHERE p.sender = ",
            $who,
            " AND p.state IN ('assigned', 'in_transit', 'delivered')) \
             OR EXISTS (SELECT 1 FROM trips AS t JOIN requests AS q ON q.trip_id = t.id WHERE t.courier = ",
            $who,
            " AND q.state IN ('accepted', 'picked_up', 'delivered', 'disputed')) \
             OR EXISTS (SELECT 1 FROM orders AS r WHERE (r.passenger = ",
            $who,
            " OR r.courier = ",
            $who,
            ") AND r.state IN ('assigned', 'driver_en_route', 'arrived_waiting', 'ride_ongoing', 'incident')))"
        )
    };
}

/// Orders in town that still wait for a courier, and couriers on duty: a job sees to them.
macro_rules! has_orders {
    ($who:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM orders AS r WHERE r.passenger = ",
            $who,
            " AND r.state IN ('submitted', 'awaiting_dispatcher_decision', 'created', 'matching', 'active_queue', \
             'offered')) OR EXISTS (SELECT 1 FROM duties AS y WHERE y.courier = ",
            $who,
            " AND y.state IN ('online_idle', 'paused', 'offered')))"
        )
    };
}

/// Money of that person's. What is on its way out may come back.
macro_rules! has_money {
    ($who:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM wallets AS w WHERE w.user_id = ",
            $who,
            " AND w.balance > 0) \
             OR EXISTS (SELECT 1 FROM withdrawals AS o WHERE o.user_id = ",
            $who,
            " AND o.state = 'queued'))"
        )
    };
}

const OBSTACLE: Sql = sql(concat!(
    "SELECT CASE WHEN ",
    has_deals!("$1"),
    " THEN 'deals' WHEN ",
    has_money!("$1"),
    " THEN 'money' END AS obstacle"
));
// See `commit/parties.rs`: a deal that is being made now is there, or hears of the deletion.
const LEAVE: Sql = locking!("SELECT role FROM users WHERE id = $1", "FOR UPDATE");
const DELETE: Sql = sql("UPDATE users SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL");

const LEFT_BEHIND: Sql = sql(concat!(
    "SELECT u.id FROM users AS u \
    WHERE (u.deleted_at IS NOT NULL AND u.erased_at IS NULL OR u.blocked_at IS NOT NULL) AND ( \
        EXISTS (SELECT 1 FROM trips AS t WHERE t.courier = u.id AND t.state IN ('active', 'in_progress') \
            AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.trip_id = t.id AND q.state = 'picked_up')) \
        OR EXISTS (SELECT 1 FROM packages AS p WHERE p.sender = u.id AND p.state = 'open') OR ",
    has_orders!("u.id"),
    ") ORDER BY COALESCE(u.deleted_at, u.blocked_at), u.id LIMIT $1"
));

/// Accounts that are to be erased: deleted long enough ago, and nothing keeps them.
macro_rules! to_erase {
    ($before:literal) => {
        concat!(
            "u.deleted_at <= ",
            $before,
            " AND u.erased_at IS NULL AND NOT ",
            has_deals!("u.id"),
            " AND NOT ",
            has_orders!("u.id"),
            " AND NOT ",
            has_money!("u.id")
        )
    };
}

/// Takes out of the orders of somebody what tells of them. Their ends go to the region's centre, or to whole
/// degrees where there is no region.
macro_rules! erase_orders {
    ($extras:literal, $quote:literal) => {
        concat!(
            "UPDATE orders SET pickup_title = '', pickup_object = '', dropoff_title = '', dropoff_object = '', \
             note = '', assignment_reason = '', rejection_reason = '', extras = ",
            $extras,
            ", quote = ",
            $quote,
            ", pickup_lat = COALESCE((SELECT g.center_lat FROM regions AS g WHERE g.id = orders.region), round(pickup_lat)), \
             pickup_lon = COALESCE((SELECT g.center_lon FROM regions AS g WHERE g.id = orders.region), round(pickup_lon)), \
             dropoff_lat = COALESCE((SELECT g.center_lat FROM regions AS g WHERE g.id = orders.region), round(dropoff_lat)), \
             dropoff_lon = COALESCE((SELECT g.center_lon FROM regions AS g WHERE g.id = orders.region), round(dropoff_lon)) \
             WHERE passenger = $1"
        )
    };
}

const TO_ERASE: Sql = sql(concat!(
    "SELECT u.id FROM users AS u WHERE ",
    to_erase!("$1"),
    " ORDER BY u.deleted_at, u.id LIMIT $2"
));

// The books and the other party's memory stay; what names the person goes. Anybody who has come back since
// they were found stays.
const ERASE: Sql = sql(concat!(
    "UPDATE users AS u SET name = 'Удалённый пользователь', username = NULL, avatar = NULL, phone = NULL, \
     telegram_id = NULL, language = NULL, login = NULL, password_hash = NULL, verified_at = NULL, \
     desk_phone = '', erased_at = $2, updated_at = $2 WHERE u.id = $1 AND ",
    to_erase!("$3")
));
const ERASE_METHODS: Sql = sql("\
    UPDATE withdrawals SET method = '', details = NULL WHERE user_id = $1 AND method <> ''");
const ERASE_BOT_SETTINGS: Sql = sql("DELETE FROM bot_settings WHERE user_id = $1");
const ERASE_SUBSCRIPTIONS: Sql = sql("DELETE FROM subscriptions WHERE user_id = $1");
const ERASE_OUTBOX: Sql = sql("DELETE FROM outbox WHERE user_id = $1");
const ERASE_BOT_MESSAGES: Sql = sql("DELETE FROM bot_messages WHERE user_id = $1");
const ERASE_DRIVER: Sql = sql("\
    UPDATE drivers SET name = 'Удалённый пользователь', email = '', plate_number = '', \
    left_at = COALESCE(left_at, updated_at) WHERE person = $1");
const ERASE_PASSENGER: Sql = sql("\
    UPDATE passengers SET full_name = 'Удалённый пользователь', email = '', category = '' WHERE person = $1");
// Figures and prices stay, the way as far as the region; what tells of the person goes: addresses, words, and
// what they need.
const ERASE_ORDERS: Sql = Sql::in_each(
    erase_orders!(
        "jsonb_set(extras::jsonb, '{category}', '\"\"')::text",
        "jsonb_set(quote::jsonb, '{extras,category}', '\"\"')::text"
    ),
    erase_orders!("json_set(extras, '$.category', '')", "json_set(quote, '$.extras.category', '')"),
);
const ERASE_ORDER_STEPS: Sql = sql("\
    UPDATE order_steps SET description = '' WHERE description <> '' \
    AND (person = $1 OR order_id IN (SELECT o.id FROM orders AS o WHERE o.passenger = $1))");
const ERASE_ORDER_OFFERS: Sql =
    sql("UPDATE order_offers SET reason = '' WHERE courier = $1 AND reason <> ''");
const ERASE_DUTY: Sql = sql("DELETE FROM duties WHERE courier = $1 AND state = 'offline'");
const ERASE_PAYOUT_DETAILS: Sql = sql("DELETE FROM payout_details WHERE user_id = $1");
const ERASE_PAYOUT_PLACES: Sql = sql("DELETE FROM payout_places WHERE user_id = $1");

/// What became of a wish to be deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deletion {
    /// In a week what names the person is gone.
    Begun,
    /// A deal is under way.
    OpenDeals,
    /// There is money in the wallet, or on its way out.
    MoneyLeft,
    /// Operators do not leave by this door.
    Operator,
}

impl Database {
    /// Signs a phone in: makes the user under the id `fresh` if the number is new. The flag says so.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn upsert_phone_user(
        &self,
        phone: String,
        name: String,
        fresh: UserId,
        now: Time,
    ) -> Result<(User, bool), Unavailable> {
        let work = self.write(move |conn| {
            let (phone, name) = (phone.clone(), name.clone());
            Box::pin(async move {
                user(&conn.one(UPSERT_PHONE, args![fresh.uuid(), phone, name, now.ms()]).await?)
            })
        });
        let user = work.await?;
        let is_new = user.id == fresh;
        Ok((user, is_new))
    }

    /// Whose a phone is, if it has signed in before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn user_of_phone(&self, phone: &str) -> Result<Option<User>, Unavailable> {
        let row = self.row(OF_PHONE, args![phone]).await?;
        Ok(row.as_ref().map(user).transpose()?)
    }

    /// Begins to delete an account, unless somebody else's goods or money hang on it. Signing in again
    /// restores it until it is erased.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_account(&self, id: UserId, now: Time) -> Result<Deletion, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                let row = conn.optional(LEAVE, args![id.uuid()]).await?;
                let role = row.map(|row| row.text("role")).transpose()?;
                if role.is_some_and(|word| word != Role::User.word()) {
                    return Ok(Deletion::Operator);
                }
                // Only now: what is seen before the row is ours may be changed a moment later.
                if let Some(obstacle) = obstacle(conn, id).await? {
                    return Ok(obstacle);
                }
                begin_deletion(conn, id, now).await?;
                Ok(Deletion::Begun)
            })
        });
        Ok(work.await?)
    }

    /// People who are to be deleted, or are shut out, and whose trips or packages still wait for somebody, at
    /// most `limit`. A trip with a parcel on board cannot be called off.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn left_behind(&self, limit: u32) -> Result<Vec<UserId>, Unavailable> {
        Ok(each(&self.rows(LEFT_BEHIND, args![limit]).await?, |row| row.user("id"))?)
    }

    /// Erases what names the people whose accounts were deleted before `before`, at most `limit` of them,
    /// unless a deal that came at the last moment, or money, still needs to find them; answers how many they
    /// are, and with the files that are to be removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_accounts(
        &self,
        before: Time,
        now: Time,
        limit: u32,
    ) -> Result<(usize, Vec<FileName>), Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                let (mut erased, mut gone) = (0, Vec::new());
                let found = conn.all(TO_ERASE, args![before.ms(), limit]).await?;
                for user in each(&found, |row| row.user("id"))? {
                    if conn.execute(ERASE, args![user.uuid(), now.ms(), before.ms()]).await? == 0 {
                        continue;
                    }
                    conn.execute(ERASE_METHODS, args![user.uuid()]).await?;
                    for erase in [
                        ERASE_PAYOUT_DETAILS,
                        ERASE_PAYOUT_PLACES,
                        ERASE_BOT_SETTINGS,
                        ERASE_OUTBOX,
                        ERASE_SUBSCRIPTIONS,
                        ERASE_BOT_MESSAGES,
                        ERASE_DRIVER,
                        ERASE_DUTY,
                        ERASE_PASSENGER,
                        ERASE_ORDERS,
                        ERASE_ORDER_STEPS,
                        ERASE_ORDER_OFFERS,
                    ] {
                        conn.execute(erase, args![user.uuid()]).await?;
                    }
                    reports::erase_of(conn, user, now).await?;
                    posts::delete_of(conn, user, now).await?;
                    gone.extend(files::remove_of(conn, user).await?);
                    erased += 1;
                }
                Ok((erased, gone))
            })
        });
        Ok(work.await?)
    }
}

/// What keeps an account from going, if anything does; its row is ours from then on, so nothing else will.
pub(super) async fn obstacle_of(conn: &mut Conn, id: UserId) -> Result<Option<Deletion>, Failure> {
    conn.optional(LEAVE, args![id.uuid()]).await?;
    obstacle(conn, id).await
}

/// Begins to delete an account that nothing keeps.
pub(super) async fn begin_deletion(conn: &mut Conn, id: UserId, now: Time) -> Result<(), Failure> {
    conn.execute(DELETE, args![id.uuid(), now.ms()]).await?;
    revoke_all(conn, id, now).await?;
    posts::delete_of(conn, id, now).await?;
    jobs::add_for_account(conn, id, now).await
}

/// What keeps an account from going, if anything does.
async fn obstacle(conn: &mut Conn, id: UserId) -> Result<Option<Deletion>, Failure> {
    let word: Option<String> = conn.one(OBSTACLE, args![id.uuid()]).await?.get("obstacle")?;
    match word.as_deref() {
        None => Ok(None),
        Some("deals") => Ok(Some(Deletion::OpenDeals)),
        Some(_) => Ok(Some(Deletion::MoneyLeft)),
    }
}
