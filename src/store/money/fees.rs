//! The versions of the platform's fees. A version that is there is never changed: packages name it.

use peerpack_actors::money::fees::{Fee, FeeKind, Fees};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, each, sql};

/// How often a version is tried for, while other nodes take it for other fees.
const ATTEMPTS: usize = 8;

const NEWEST: Sql = sql("\
    SELECT version, kind, bps, minimum_minor FROM fees \
    WHERE version = (SELECT max(version) FROM fees) ORDER BY kind");

// Each version has a row for each kind.
const LIST: Sql = sql("\
    SELECT version, kind, bps, minimum_minor, since FROM fees WHERE version < $1 \
    ORDER BY version DESC, kind LIMIT 2 * $2");

// Of two nodes that want the same version, the second finds both kinds taken, and looks again.
const ADD: Sql = sql("\
    INSERT INTO fees (version, kind, bps, minimum_minor, since) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (version, kind) DO NOTHING");

/// A version of the fees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeeVersion {
    /// The number of the version; the newest one has the largest.
    pub number: u32,
    /// What the platform takes.
    pub fees: Fees,
    /// When a server first used it.
    pub since: Time,
}

impl Database {
    /// The version of these fees: the newest one if it is of them, otherwise a new one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_fees(&self, fees: Fees, now: Time) -> Result<u32, Unavailable> {
        for _ in 0..ATTEMPTS {
            let (version, newest) = self.newest_fees().await?;
            if newest == Some(fees) {
                return Ok(version);
            }
            let add = self.write(move |conn| {
                Box::pin(async move {
                    for kind in FeeKind::ALL {
                        let Fee { bps, minimum_minor } = fees.of(kind);
                        let values = args![version + 1, kind.word(), bps, minimum_minor, now.ms()];
                        conn.execute(ADD, values).await?;
                    }
                    Ok(())
                })
            });
            add.await?;
        }
        Err(Failure::Broken("other nodes change the fees again and again".to_owned()).into())
    }

    /// Versions from before `before`, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fee_versions(
        &self,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<FeeVersion>, Unavailable> {
        let before = before.map_or(i64::MAX, i64::from);
        let found = self.rows(LIST, args![before, limit]).await?;
        let mut versions: Vec<FeeVersion> = Vec::new();
        for row in &found {
            let ((number, kind, fee), since) = (fee(row)?, row.time("since")?);
            if versions.last().is_none_or(|last| last.number != number) {
                let fees = Fees { instant: Fee::NONE, choose: Fee::NONE };
                versions.push(FeeVersion { number, fees, since });
            }
            let Some(FeeVersion { fees, .. }) = versions.last_mut() else { continue };
            match kind {
                FeeKind::Instant => fees.instant = fee,
                FeeKind::Choose => fees.choose = fee,
            }
        }
        Ok(versions)
    }

    /// The newest version and its fees; 0 and nothing where there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest_fees(&self) -> Result<(u32, Option<Fees>), Unavailable> {
        let found = self.rows(NEWEST, Vec::new()).await?;
        let fees = each(&found, fee)?;
        let of = |wanted: FeeKind| fees.iter().find(|(_, kind, _)| *kind == wanted).map(|(.., fee)| *fee);
        let version = fees.first().map_or(0, |(version, ..)| *version);
        let both = of(FeeKind::Instant).zip(of(FeeKind::Choose));
        Ok((version, both.map(|(instant, choose)| Fees { instant, choose })))
    }
}

fn fee(row: &Row) -> Result<(u32, FeeKind, Fee), Failure> {
    let word = row.text("kind")?;
    let kind =
        FeeKind::from_word(&word).ok_or_else(|| Failure::Broken(format!("unknown kind of fee: {word:?}")))?;
    Ok((
        row.number("version")?,
        kind,
        Fee { bps: row.number("bps")?, minimum_minor: row.get("minimum_minor")? },
    ))
}
