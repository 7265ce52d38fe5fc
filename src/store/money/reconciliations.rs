//! How the books agreed with the lists of providers. Kept, so that every node knows of what does not agree.

use peerpack_actors::money::payment::Method;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::codec::{document, to_document};
use crate::store::sql::{Row, Sql, args, each, locking, sql};

const ONE: Sql = locking!(
    "SELECT method, at, since, until, compared, differences, examples FROM reconciliations WHERE method = $1",
    "FOR UPDATE"
);

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
    /// The provider whose list it was.
    pub method: Method,
    /// When it was looked at.
    pub at: Time,
    /// What was charged from then on; with what is open from before.
    pub since: Time,
    /// What was charged before.
    pub until: Time,
    /// How many charges the list had.
    pub compared: u64,
    /// How many of them do not agree.
    pub differences: u64,
    /// The first of those that a comparison has found, one sentence each.
    pub examples: Vec<String>,
}

impl Reconciliation {
    /// Since when the books have to be compared, `usually` since a time: differences that are open are looked
    /// at again, however long ago they were.
    #[must_use]
    pub fn begins(&self, usually: Time) -> Time {
        if self.differences == 0 { usually } else { usually.min(self.since) }
    }

    /// What is known after this comparison, where `open` was known before.
    fn after(self, open: Self) -> Self {
        let covers = self.since <= open.since && self.until >= open.until;
        if open.differences == 0 || covers {
            return self;
        }
        let mut examples = open.examples;
        let news: Vec<_> = self.examples.into_iter().filter(|one| !examples.contains(one)).collect();
        let differences = self.differences.max(open.differences + news.len() as u64);
        examples.extend(news);
        Self {
            since: self.since.min(open.since),
            until: self.until.max(open.until),
            differences,
            examples,
            ..self
        }
    }
}

impl Database {
    /// Keeps what was found, and answers with what is known by then: a difference that was found before stays
    /// until a comparison of all the time that it was found in does not find it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_reconciliation(&self, found: Reconciliation) -> Result<Reconciliation, Unavailable> {
        let work = self.write(move |conn| {
            let found = found.clone();
            Box::pin(async move {
                let row = conn.optional(ONE, args![found.method.word()]).await?;
                let found = match row.as_ref().map(reconciliation).transpose()? {
                    Some(open) => found.after(open),
                    None => found,
                };
                let values = args![
                    found.method.word(),
                    found.at.ms(),
                    found.since.ms(),
                    found.until.ms(),
                    signed(found.compared),
                    signed(found.differences),
                    to_document(&found.examples)?,
                ];
                conn.execute(KEEP, values).await?;
                Ok(found)
            })
        });
        Ok(work.await?)
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
