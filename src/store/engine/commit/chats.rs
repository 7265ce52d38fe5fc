//! The chat of two people opens with the first request that one of them makes to the other.

use peerpack_actors::market::request::{Origin, Request};
use peerpack_actors::unit::PackageChange;
use serde_json::json;

use super::Units;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, hex, over_rows, rows};

// There is one for each pair, and it stays. A person who is not there has nobody to talk to.
const OPEN: Sql = over_rows!(
    "INSERT INTO chats (id, user_a, user_b, created_at, updated_at) \
     SELECT r.id, a.id, b.id, r.at, r.at FROM",
    [id uuid, one uuid, other uuid, at int],
    "JOIN users AS a ON a.id = r.one JOIN users AS b ON b.id = r.other WHERE true ORDER BY r.n \
     ON CONFLICT (user_a, user_b) DO NOTHING"
);

/// Opens the chats of new requests, under the ids of these.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<(), Failure> {
    let mut opened = Vec::new();
    for unit in units {
        for change in &unit.packages {
            let requests: &[Request] = match change {
                PackageChange::New(package) => &package.requests,
                PackageChange::Update { opened, .. } => opened,
            };
            for request in requests.iter().filter(|request| request.origin != Origin::Engine) {
                let (one, other) = (request.sender.min(request.courier), request.sender.max(request.courier));
                opened.push(json!({
                    "id": hex(request.id.uuid()), "one": hex(one.uuid()), "other": hex(other.uuid()),
                    "at": unit.at.ms(),
                }));
            }
        }
    }
    if opened.is_empty() {
        return Ok(());
    }
    conn.execute(OPEN, vec![rows(opened)]).await?;
    Ok(())
}
