//! A user's money: balances and movements.

use std::collections::BTreeMap;

use peerpack_actors::ids::{PackageId, PaymentId, RequestId, UserId};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, codec, each, sql};

const BALANCES: Sql =
    sql("SELECT kind, currency, balance FROM wallets WHERE user_id = $1 ORDER BY currency, kind");

const TRANSFERS: Sql = sql("\
    SELECT t.key, t.request_id, t.subject, t.from_kind, t.from_user, t.to_kind, t.to_user, t.amount_minor, t.currency, \
    t.at, COALESCE(p.description, '') AS description \
    FROM transfers AS t LEFT JOIN requests AS q ON q.id = t.request_id \
    LEFT JOIN packages AS p ON p.id = q.package_id \
    WHERE (t.from_user = $1 OR t.to_user = $1) AND (t.at < $2 OR (t.at = $2 AND t.key < $3)) \
    ORDER BY t.at DESC, t.key DESC LIMIT $4");

macro_rules! entries {
    () => {
        "SELECT t.key, t.request_id, t.subject, t.from_kind, t.from_user, t.to_kind, t.to_user, t.amount_minor, \
         t.currency, t.at, COALESCE(p.description, '') AS description \
         FROM transfers AS t LEFT JOIN requests AS q ON q.id = t.request_id \
         LEFT JOIN packages AS p ON p.id = q.package_id "
    };
}

const OF_SUBJECT: Sql = sql(concat!(
    entries!(),
    "WHERE t.subject = $1 AND (t.at > $2 OR (t.at = $2 AND t.key > $3)) ORDER BY t.at, t.key LIMIT $4"
));
const OF_PACKAGE: Sql = sql(concat!(
    entries!(),
    "WHERE (t.subject = $1 OR t.request_id IN (SELECT r.id FROM requests AS r WHERE r.package_id = $1)) \
     AND (t.at > $2 OR (t.at = $2 AND t.key > $3)) ORDER BY t.at, t.key LIMIT $4"
));
const OF_USER: Sql = sql(concat!(
    entries!(),
    "WHERE (t.from_user = $1 OR t.to_user = $1) AND (t.at > $2 OR (t.at = $2 AND t.key > $3)) \
     ORDER BY t.at, t.key LIMIT $4"
));

const BALANCE_BEFORE: Sql = sql("\
    SELECT CAST(COALESCE((SELECT sum(amount_minor) FROM transfers \
        WHERE to_user = $1 AND currency = $2 AND at < $3), 0) \
    - COALESCE((SELECT sum(amount_minor) FROM transfers \
        WHERE from_user = $1 AND currency = $2 AND at < $3), 0) AS BIGINT) AS balance");

/// Which entries of the books.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LedgerOf {
    /// Those of a payment.
    Payment(PaymentId),
    /// Those of a package and its deals.
    Package(PackageId),
    /// Those that touch somebody's money.
    User(UserId),
}

/// A user's money in one currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Balance {
    /// The currency of all amounts.
    pub currency: Currency,
    /// Money that the user may spend or take out.
    pub available_minor: i64,
    /// The escrow of deals they have accepted as courier.
    pub frozen_minor: i64,
    /// Delivered, not yet confirmed.
    pub pending_minor: i64,
    /// Paid for packages that wait.
    pub reserved_minor: i64,
}

/// A movement of a user's money.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransferRecord {
    /// Its unique business key, `<request or withdrawal>:<step>`.
    pub key: String,
    /// The request it is about, if it is about one.
    pub request: Option<RequestId>,
    /// The package, payment or withdrawal it is about, if it is about no request.
    pub subject: Option<Uuid>,
    /// The kind of account it came from.
    pub from_kind: String,
    /// The owner of that account, if it is a person's.
    pub from_user: Option<UserId>,
    /// The kind of account it went to.
    pub to_kind: String,
    /// The owner of that account, if it is a person's.
    pub to_user: Option<UserId>,
    /// How much moved.
    pub amount: Amount,
    /// When it moved.
    pub at: Time,
    /// What the package is; empty when it is about none.
    pub description: String,
}

impl Database {
    /// A user's money, one item for each currency they have had.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn balances(&self, user: UserId) -> Result<Vec<Balance>, Unavailable> {
        let mut balances: BTreeMap<Currency, Balance> = BTreeMap::new();
        for row in self.rows(BALANCES, args![user.uuid()]).await? {
            let currency = codec::currency_of(&row.text("currency")?)?;
            let balance = balances.entry(currency).or_insert(Balance { currency, ..Balance::default() });
            let minor = row.get("balance")?;
            match row.text("kind")?.as_str() {
                "available" => balance.available_minor = minor,
                "frozen" => balance.frozen_minor = minor,
                "pending" => balance.pending_minor = minor,
                _ => balance.reserved_minor = minor,
            }
        }
        Ok(balances.into_values().collect())
    }

    /// The movements of a user's money, newest first, after the one whose time and key are given.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn transfers_of(
        &self,
        user: UserId,
        before: Option<(Time, String)>,
        limit: u32,
    ) -> Result<Vec<TransferRecord>, Unavailable> {
        let (at, key) = before.map_or((i64::MAX, String::new()), |(at, key)| (at.ms(), key));
        Ok(each(&self.rows(TRANSFERS, args![user.uuid(), at, key, limit]).await?, transfer)?)
    }

    /// Entries of the books, oldest first, behind the one whose time and key are given.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ledger(
        &self,
        of: LedgerOf,
        (at, key): (Time, String),
        limit: u32,
    ) -> Result<Vec<TransferRecord>, Unavailable> {
        let (query, id) = match of {
            LedgerOf::Payment(payment) => (OF_SUBJECT, payment.uuid()),
            LedgerOf::Package(package) => (OF_PACKAGE, package.uuid()),
            LedgerOf::User(user) => (OF_USER, user.uuid()),
        };
        Ok(each(&self.rows(query, args![id, at.ms(), key, limit]).await?, transfer)?)
    }

    /// How much money somebody had in all before a moment, in minor units.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn balance_before(
        &self,
        user: UserId,
        currency: Currency,
        at: Time,
    ) -> Result<i64, Unavailable> {
        let row = self.row(BALANCE_BEFORE, args![user.uuid(), currency.code(), at.ms()]).await?;
        Ok(row.map(|row| row.get("balance")).transpose()?.unwrap_or(0))
    }
}

fn transfer(row: &Row) -> Result<TransferRecord, Failure> {
    Ok(TransferRecord {
        key: row.text("key")?,
        request: row.get::<Option<Uuid>>("request_id")?.map(RequestId::from),
        subject: row.get("subject")?,
        from_kind: row.text("from_kind")?,
        from_user: row.get::<Option<Uuid>>("from_user")?.map(UserId::from),
        to_kind: row.text("to_kind")?,
        to_user: row.get::<Option<Uuid>>("to_user")?.map(UserId::from),
        amount: row.amount("amount_minor", "currency")?,
        at: row.time("at")?,
        description: row.text("description")?,
    })
}
