//! Escrows, the books, and the wallets beside them.
//!
//! Only people have wallets. The platform's fees and the payment provider would each be one row that every
//! claim in the world waits for; their balances are sums over the transfers, taken when somebody asks.

use std::collections::BTreeMap;

use peerpack_actors::ids::UserId;
use peerpack_actors::ledger::{Account, Escrow, EscrowEvent, EscrowState, Transfer};
use peerpack_actors::money::Currency;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::Time;
use serde_json::json;

use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, hex, over_rows, rows, sql};

/// What a unit adds to each wallet or takes from it, in all.
pub(super) type Net = BTreeMap<(UserId, &'static str, Currency), i64>;

const ADD_ESCROW: Sql = sql("\
    INSERT INTO escrows (request_id, sender, courier, amount_minor, currency, state, updated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)");

const MOVE_ESCROW: Sql =
    sql("UPDATE escrows SET state = $3, updated_at = $4 WHERE request_id = $1 AND state = $2");

const ADD_TRANSFERS: Sql = over_rows!(
    "INSERT INTO transfers \
     (key, request_id, from_kind, from_user, to_kind, to_user, amount_minor, currency, at) \
     SELECT r.key, r.request_id, r.from_kind, r.from_user, r.to_kind, r.to_user, r.amount_minor, \
     r.currency, $2 FROM",
    [
        key text, request_id uuid, from_kind text, from_user uuid, to_kind text, to_user uuid,
        amount_minor int, currency text,
    ],
    ""
);

const ADD_TO_WALLET: Sql = sql("\
    INSERT INTO wallets (user_id, kind, currency, balance, updated_at) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (user_id, kind, currency) \
    DO UPDATE SET balance = wallets.balance + excluded.balance, updated_at = excluded.updated_at");

// Not the same statement as above: Postgres checks the balance of the row that would be inserted before it
// looks whether there is one already, and a negative one would always be refused.
const TAKE_FROM_WALLET: Sql = sql("\
    UPDATE wallets SET balance = balance - $4, updated_at = $5 \
    WHERE user_id = $1 AND kind = $2 AND currency = $3 AND balance >= $4");

/// What all steps together mean for each wallet. A wallet that only passes money on is left alone, so a hold
/// that the demo provider pays for never looks at the sender's wallet.
pub(super) fn net(steps: &[(Escrow, EscrowEvent)]) -> Result<Net, Failure> {
    let mut net = Net::new();
    for transfer in steps.iter().flat_map(|(_, event)| &event.transfers) {
        let amount = transfer.amount.minor;
        for (account, change) in [(transfer.from, -amount), (transfer.to, amount)] {
            let Some(owner) = account.owner() else { continue };
            let sum = net.entry((owner, account.kind(), transfer.amount.currency)).or_insert(0);
            *sum = sum
                .checked_add(change)
                .ok_or_else(|| Failure::Broken("a sum of money overflows".to_owned()))?;
        }
    }
    net.retain(|_, change| *change != 0);
    Ok(net)
}

/// Moves the escrows on, writes the books, changes the wallets.
pub(super) async fn apply(
    conn: &mut Conn,
    steps: &[(Escrow, EscrowEvent)],
    net: &Net,
    at: Time,
) -> Result<(), Failure> {
    for (escrow, event) in steps {
        move_escrow(conn, escrow, event.next, at).await?;
    }
    let transfers: Vec<&Transfer> = steps.iter().flat_map(|(_, event)| &event.transfers).collect();
    if !transfers.is_empty() {
        let items = rows(transfers.into_iter().map(document));
        conn.execute(ADD_TRANSFERS, vec![items, at.ms().into()]).await?;
    }
    for ((owner, kind, currency), change) in net {
        let values = args![owner.uuid(), *kind, currency.code(), change.abs(), at.ms()];
        if *change > 0 {
            conn.execute(ADD_TO_WALLET, values).await?;
        } else if conn.execute(TAKE_FROM_WALLET, values).await? != 1 {
            return Err(Failure::Refused(Rejection::InsufficientFunds));
        }
    }
    Ok(())
}

async fn move_escrow(conn: &mut Conn, escrow: &Escrow, next: EscrowState, at: Time) -> Result<(), Failure> {
    let id = escrow.request.uuid();
    if escrow.state == EscrowState::None {
        let (sender, courier) = (escrow.sender.uuid(), escrow.courier.uuid());
        let (minor, currency) = (escrow.amount.minor, escrow.amount.currency.code());
        conn.execute(ADD_ESCROW, args![id, sender, courier, minor, currency, next.word(), at.ms()]).await?;
        return Ok(());
    }
    let values = args![id, escrow.state.word(), next.word(), at.ms()];
    if conn.execute(MOVE_ESCROW, values).await? == 1 { Ok(()) } else { Err(Failure::Conflict) }
}

fn document(transfer: &Transfer) -> serde_json::Value {
    let owner = |account: Account| account.owner().map(|user| hex(user.uuid()));
    json!({
        "key": transfer.key,
        "request_id": hex(transfer.request.uuid()),
        "from_kind": transfer.from.kind(),
        "from_user": owner(transfer.from),
        "to_kind": transfer.to.kind(),
        "to_user": owner(transfer.to),
        "amount_minor": transfer.amount.minor,
        "currency": transfer.amount.currency.code(),
    })
}
