//! Looking for what may never happen: every rule of the stored data, each as one query over one moment.
//!
//! Used by the tests and the hourly audit (`src/audit.rs`). It reports; it repairs nothing.

mod money;

use std::time::Duration;

use peerpack_actors::invariants::Invariant;
use peerpack_actors::ports::Unavailable;
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, args, sql};

/// How long an audit may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// States of a request that holds its package, its room and money.
macro_rules! deal {
    ($alias:literal) => {
        concat!($alias, ".state IN ('accepted', 'picked_up', 'delivered', 'confirmed', 'disputed')")
    };
}

/// A rule: the invariant, what is broken, and a query for the rows that break it, with an `id` and a
/// `detail`.
type Rule = (Invariant, &'static str, &'static str);

/// The rules, without those of money.
const RULES: &[Rule] = &[
    (
        Invariant::OneDeal,
        "a package has two deals",
        concat!(
            "SELECT q.package_id AS id, CAST(count(*) AS TEXT) AS detail FROM requests AS q WHERE ",
            deal!("q"),
            " GROUP BY q.package_id HAVING count(*) > 1"
        ),
    ),
    (
        Invariant::PackageAgrees,
        "a package and its deal are in different states",
        "SELECT p.id, p.state || ' but ' || COALESCE(q.state, 'no deal') AS detail \
         FROM packages AS p LEFT JOIN requests AS q ON q.id = p.deal AND q.package_id = p.id \
         WHERE p.state IN ('assigned', 'in_transit', 'delivered', 'confirmed') AND COALESCE(NOT ( \
             (p.state = 'assigned' AND q.state = 'accepted') \
             OR (p.state = 'in_transit' AND q.state IN ('picked_up', 'disputed')) \
             OR (p.state = 'delivered' AND q.state IN ('delivered', 'disputed')) \
             OR (p.state = 'confirmed' AND q.state = 'confirmed')), true)",
    ),
    (
        Invariant::PackageAgrees,
        "a deal holds a package that does not know it",
        concat!(
            "SELECT q.id, q.state || ' while ' || p.state AS detail \
             FROM requests AS q JOIN packages AS p ON p.id = q.package_id WHERE ",
            deal!("q"),
            " AND (p.deal IS NULL OR p.deal <> q.id)"
        ),
    ),
    (
        Invariant::PackageAgrees,
        "a request waits for a package that is not open",
        "SELECT q.id, p.state AS detail FROM requests AS q JOIN packages AS p ON p.id = q.package_id \
         WHERE q.state = 'pending' AND p.state <> 'open'",
    ),
    (
        Invariant::PackageAgrees,
        "a request names other people than its package and trip",
        "SELECT q.id, q.state AS detail FROM requests AS q JOIN packages AS p ON p.id = q.package_id \
         JOIN trips AS t ON t.id = q.trip_id WHERE q.sender <> p.sender OR q.courier <> t.courier",
    ),
    (
        Invariant::PackageAgrees,
        "a parcel is promised or on board of a cancelled trip",
        "SELECT q.id, q.state AS detail FROM requests AS q JOIN trips AS t ON t.id = q.trip_id \
         WHERE t.state = 'cancelled' AND q.state IN ('accepted', 'picked_up')",
    ),
    (
        Invariant::WithinCapacity,
        "a trip's legs have gaps",
        "SELECT t.id, CAST(count(l.leg) AS TEXT) || ' legs' AS detail \
         FROM trips AS t LEFT JOIN trip_legs AS l ON l.trip_id = t.id \
         GROUP BY t.id HAVING count(l.leg) = 0 OR min(l.leg) <> 0 OR max(l.leg) <> count(l.leg) - 1",
    ),
    (
        Invariant::WithinCapacity,
        "a leg holds more than its capacity or less than nothing",
        "SELECT l.trip_id AS id, 'leg ' || CAST(l.leg AS TEXT) AS detail FROM trip_legs AS l \
         WHERE l.used_g < 0 OR l.used_g > l.capacity_g OR l.used_ml < 0 OR l.used_ml > l.capacity_ml \
         OR l.used_n < 0 OR l.used_n > l.capacity_n",
    ),
    (
        Invariant::UsedIsDeals,
        "the room used on a leg is not the sum of its deals",
        concat!(
            "SELECT l.trip_id AS id, 'leg ' || CAST(l.leg AS TEXT) AS detail FROM trip_legs AS l \
             LEFT JOIN requests AS q ON q.trip_id = l.trip_id \
             AND q.leg_from <= l.leg AND q.leg_to > l.leg AND ",
            deal!("q"),
            " LEFT JOIN packages AS p ON p.id = q.package_id \
             GROUP BY l.trip_id, l.leg, l.used_g, l.used_ml, l.used_n \
             HAVING l.used_g <> COALESCE(sum(p.weight_g), 0) OR l.used_ml <> COALESCE(sum(p.volume_ml), 0) \
             OR l.used_n <> COALESCE(sum(p.slots), 0)"
        ),
    ),
    (
        Invariant::UsedIsDeals,
        "a deal rides on a leg that is not there",
        concat!(
            "SELECT q.id, 'leg ' || CAST(q.leg_to - 1 AS TEXT) AS detail FROM requests AS q \
             LEFT JOIN trip_legs AS l ON l.trip_id = q.trip_id AND l.leg = q.leg_to - 1 \
             WHERE l.leg IS NULL AND ",
            deal!("q")
        ),
    ),
    (
        Invariant::UsedIsDeals,
        "the detour used by a trip is not the sum of its deals",
        concat!(
            "SELECT t.id, CAST(t.detour_used_min AS TEXT) || ' min' AS detail FROM trips AS t \
             LEFT JOIN requests AS q ON q.trip_id = t.id AND ",
            deal!("q"),
            " GROUP BY t.id, t.detour_used_min HAVING t.detour_used_min <> COALESCE(sum(q.detour_min), 0)"
        ),
    ),
    (
        Invariant::TimesForward,
        "a step is dated before what it is a step of",
        "SELECT q.id, q.state AS detail FROM requests AS q JOIN packages AS p ON p.id = q.package_id \
         WHERE q.state_at < q.created_at OR q.created_at < p.created_at OR p.state_at < p.created_at",
    ),
    (
        Invariant::SeqsContiguous,
        "a stream has gaps",
        "SELECT s.user_id AS id, \
         'top ' || CAST(s.top AS TEXT) || ', events ' || CAST(count(e.seq) AS TEXT) AS detail \
         FROM streams AS s LEFT JOIN events AS e ON e.user_id = s.user_id \
         GROUP BY s.user_id, s.top, s.floor HAVING count(e.seq) <> s.top - s.floor \
         OR COALESCE(min(e.seq), s.floor + 1) <> s.floor + 1 OR COALESCE(max(e.seq), s.floor) <> s.top",
    ),
    (
        Invariant::SeqsContiguous,
        "an event belongs to no stream",
        "SELECT e.user_id AS id, CAST(count(*) AS TEXT) AS detail FROM events AS e \
         LEFT JOIN streams AS s ON s.user_id = e.user_id WHERE s.user_id IS NULL GROUP BY e.user_id",
    ),
];

impl Database {
    /// Every violation of the rules, as `INV-n: what: which (detail)`; empty when all is well. Reads
    /// everything: not for every minute.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit(&self) -> Result<Vec<String>, Unavailable> {
        Ok(self.long_snapshot(DEADLINE, |conn| Box::pin(audit(conn))).await?)
    }
}

async fn audit(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    if matches!(conn, Conn::Postgres(_)) {
        // The one reader of whole tables.
        conn.control("SET LOCAL statement_timeout = '120s'; SET LOCAL enable_seqscan = on").await?;
        conn.control("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on").await?;
    }
    let mut violations = Vec::new();
    for (invariant, rule, query) in RULES.iter().chain(money::RULES) {
        for row in conn.all(sql(query), args![]).await? {
            violations.push(describe(*invariant, rule, &row)?);
        }
    }
    Ok(violations)
}

fn describe(invariant: Invariant, rule: &str, row: &Row) -> Result<String, Failure> {
    let (id, detail): (Uuid, String) = (row.get("id")?, row.get("detail")?);
    Ok(format!("INV-{}: {rule}: {id} ({detail})", invariant.number()))
}
