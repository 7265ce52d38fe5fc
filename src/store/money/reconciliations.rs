//! How the books agreed with the lists of providers. Kept, so that every node knows of what does not agree.

use peerpack_actors::money::payment::Method;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::codec::{document, to_document};
use crate::store::sql::{Row, Sql, args, each, sql};

const KEEP: Sql = sql("\
    INSERT INTO reconciliations (method, at, since, until, compared, differences, examples) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (method) DO UPDATE SET at = excluded.at, \
    since = excluded.since, until = excluded.until, compared = excluded.compared, \
    differences = excluded.differences, examples = excluded.examples");

const ALL: Sql = sql("\
    SELECT method, at, since, until, compared, differences, examples FROM reconciliations ORDER BY method");

/// How the books agreed with a provider's list when that was last looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reconciliation {
    /// Whose list.
    pub method: Method,
    /// When it was looked at.
    pub at: Time,
    /// What was charged from then on.
    pub since: Time,
    /// What was charged before.
    pub until: Time,
    /// How many payments were compared.
    pub compared: u64,
    /// How many of them do not agree.
    pub differences: u64,
    /// The first of those, one sentence each.
    pub examples: Vec<String>,
}

impl Database {
    /// Keeps what was found, instead of what was found before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_reconciliation(&self, found: &Reconciliation) -> Result<(), Unavailable> {
        let (compared, differences) = (signed(found.compared), signed(found.differences));
        let examples = to_document(&found.examples)?;
        let (at, since, until) = (found.at.ms(), found.since.ms(), found.until.ms());
        self.execute(KEEP, args![found.method.word(), at, since, until, compared, differences, examples])
            .await?;
        Ok(())
    }

    /// How the books agreed with each provider.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reconciliations(&self) -> Result<Vec<Reconciliation>, Unavailable> {
        Ok(each(&self.rows(ALL, args![]).await?, reconciliation)?)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn reconciliation(row: &Row) -> Result<Reconciliation, Failure> {
    let word = row.text("method")?;
    let unknown = || Failure::Broken(format!("unknown method of payment: {word:?}"));
    Ok(Reconciliation {
        method: Method::from_word(&word).ok_or_else(unknown)?,
        at: row.time("at")?,
        since: row.time("since")?,
        until: row.time("until")?,
        compared: row.number("compared")?,
        differences: row.number("differences")?,
        examples: document(&row.text("examples")?)?,
    })
}
