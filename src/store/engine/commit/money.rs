//! Escrows, the books, and the wallets beside them.
//!
//! Only people have wallets. The platform's fees and the payment provider would each be one row that every
//! claim in the world waits for; their balances are sums over the transfers, taken when somebody asks.

use std::collections::BTreeMap;

use peerpack_actors::ids::UserId;
use peerpack_actors::money::Currency;
use peerpack_actors::money::ledger::{Account, EscrowState, Transfer};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::Time;
use serde_json::{Value as Json, json};

use super::Units;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, hex, over_rows, rows};

/// What units add to each wallet or take from it, in all, and when.
type Net = BTreeMap<(UserId, &'static str, Currency), (i64, Time)>;

const ADD_ESCROWS: Sql = over_rows!(
    "INSERT INTO escrows (request_id, sender, courier, amount_minor, currency, state, updated_at) \
     SELECT r.request_id, r.sender, r.courier, r.amount_minor, r.currency, r.state, r.at FROM",
    [request_id uuid, sender uuid, courier uuid, amount_minor int, currency text, state text, at int],
    ""
);

const MOVE_ESCROWS: Sql = over_rows!(
    "UPDATE escrows SET state = r.state, updated_at = r.at FROM",
    [request_id uuid, from_state text, state text, at int],
    "WHERE escrows.request_id = r.request_id AND escrows.state = r.from_state"
);

const ADD_TRANSFERS: Sql = over_rows!(
    "INSERT INTO transfers \
     (key, request_id, subject, from_kind, from_user, to_kind, to_user, amount_minor, currency, at) \
     SELECT r.key, r.request_id, r.subject, r.from_kind, r.from_user, r.to_kind, r.to_user, \
     r.amount_minor, r.currency, r.at FROM",
    [
        key text, request_id uuid, subject uuid, from_kind text, from_user uuid, to_kind text, to_user uuid,
        amount_minor int, currency text, at int,
    ],
    ""
);

const LOCK_WALLETS: Sql = over_rows!(
    "SELECT w.user_id FROM",
    [user_id uuid, kind text, currency text],
    "CROSS JOIN wallets AS w WHERE w.user_id = r.user_id AND w.kind = r.kind AND w.currency = r.currency \
     ORDER BY w.user_id, w.kind, w.currency FOR NO KEY UPDATE OF w"
);

// Not the same statement as below: Postgres checks the balance of the row that would be inserted before it
// looks whether there is one already, and a negative one would always be refused.
const TAKE_FROM_WALLETS: Sql = over_rows!(
    "UPDATE wallets SET balance = wallets.balance + r.change, updated_at = r.at FROM",
    [user_id uuid, kind text, currency text, change int, at int],
    "WHERE wallets.user_id = r.user_id AND wallets.kind = r.kind AND wallets.currency = r.currency \
     AND wallets.balance + r.change >= 0"
);

const ADD_TO_WALLETS: Sql = over_rows!(
    "INSERT INTO wallets (user_id, kind, currency, balance, updated_at) \
     SELECT r.user_id, r.kind, r.currency, r.change, r.at FROM",
    [user_id uuid, kind text, currency text, change int, at int],
    "WHERE true ORDER BY r.n ON CONFLICT (user_id, kind, currency) \
     DO UPDATE SET balance = wallets.balance + excluded.balance, updated_at = excluded.updated_at"
);

/// The escrows, the books and the wallets.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<(), Failure> {
    let (mut added, mut moved, mut transfers) = (Vec::new(), Vec::new(), Vec::new());
    let mut net = Net::new();
    for unit in units {
        for (escrow, event) in &unit.escrow {
            let at = unit.at.ms();
            if escrow.state == EscrowState::None {
                added.push(json!({
                    "request_id": hex(escrow.request.uuid()),
                    "sender": hex(escrow.sender.uuid()),
                    "courier": hex(escrow.courier.uuid()),
                    "amount_minor": escrow.amount.minor,
                    "currency": escrow.amount.currency.code(),
                    "state": event.next.word(),
                    "at": at,
                }));
            } else {
                let (from, to) = (escrow.state.word(), event.next.word());
                let request = hex(escrow.request.uuid());
                moved.push(json!({ "request_id": request, "from_state": from, "state": to, "at": at }));
            }
        }
        let of_deals = unit.escrow.iter().flat_map(|(_, event)| &event.transfers);
        for transfer in of_deals.chain(&unit.transfers) {
            transfers.push(document(transfer, unit.at));
            count(&mut net, transfer, unit.at)?;
        }
    }
    if !added.is_empty() {
        conn.execute(ADD_ESCROWS, vec![rows(added)]).await?;
    }
    let expected = moved.len() as u64;
    if expected > 0 && conn.execute(MOVE_ESCROWS, vec![rows(moved)]).await? != expected {
        return Err(Failure::Conflict);
    }
    if !transfers.is_empty() {
        conn.execute(ADD_TRANSFERS, vec![rows(transfers)]).await?;
    }
    change_wallets(conn, net).await
}

/// Transfers that belong to no escrow, with what they mean for wallets.
pub(in crate::store) async fn transfer(
    conn: &mut Conn,
    transfers: &[Transfer],
    at: Time,
) -> Result<(), Failure> {
    let mut net = Net::new();
    for transfer in transfers {
        count(&mut net, transfer, at)?;
    }
    if !transfers.is_empty() {
        let items = transfers.iter().map(|transfer| document(transfer, at));
        conn.execute(ADD_TRANSFERS, vec![rows(items)]).await?;
    }
    change_wallets(conn, net).await
}

/// What a transfer means for the wallets of people.
fn count(net: &mut Net, transfer: &Transfer, at: Time) -> Result<(), Failure> {
    let amount = transfer.amount.minor;
    for (account, change) in [(transfer.from, -amount), (transfer.to, amount)] {
        let Some(owner) = account.owner() else { continue };
        let (sum, latest) = net.entry((owner, account.kind(), transfer.amount.currency)).or_insert((0, at));
        *sum =
            sum.checked_add(change).ok_or_else(|| Failure::Broken("a sum of money overflows".to_owned()))?;
        *latest = at.max(*latest);
    }
    Ok(())
}

async fn change_wallets(conn: &mut Conn, mut net: Net) -> Result<(), Failure> {
    // A wallet that only passes money on is left alone, so a hold that the demo provider pays for never looks
    // at the sender's wallet.
    net.retain(|_, (change, _)| *change != 0);
    let (less, more): (Vec<_>, Vec<_>) = net.iter().partition(|(_, (change, _))| *change < 0);
    if !less.is_empty() {
        if matches!(conn, Conn::Postgres(_)) {
            // First less and then more is no order among wallets, so all of them are taken beforehand.
            conn.all(LOCK_WALLETS, vec![rows(net.iter().map(wallet))]).await?;
        }
        let expected = less.len() as u64;
        if conn.execute(TAKE_FROM_WALLETS, vec![rows(less.into_iter().map(wallet))]).await? != expected {
            return Err(Failure::Refused(Rejection::InsufficientFunds));
        }
    }
    if !more.is_empty() {
        conn.execute(ADD_TO_WALLETS, vec![rows(more.into_iter().map(wallet))]).await?;
    }
    Ok(())
}

fn wallet(((user, kind, currency), (change, at)): (&(UserId, &'static str, Currency), &(i64, Time))) -> Json {
    json!({
        "user_id": hex(user.uuid()),
        "kind": kind,
        "currency": currency.code(),
        "change": change,
        "at": at.ms(),
    })
}

fn document(transfer: &Transfer, at: Time) -> Json {
    let owner = |account: Account| account.owner().map(|user| hex(user.uuid()));
    json!({
        "key": transfer.key,
        "request_id": transfer.request.map(|request| hex(request.uuid())),
        "subject": transfer.subject.map(hex),
        "from_kind": transfer.from.kind(),
        "from_user": owner(transfer.from),
        "to_kind": transfer.to.kind(),
        "to_user": owner(transfer.to),
        "amount_minor": transfer.amount.minor,
        "currency": transfer.amount.currency.code(),
        "at": at.ms(),
    })
}
