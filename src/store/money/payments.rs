//! Money on its way in. The core decides with the payment's row in hand; rows, books, wallet and events
//! change together.

use std::collections::BTreeMap;
use std::sync::Arc;

use peerpack_actors::ids::{ChargeId, PackageId, PaymentId, RefundId, TripId, UserId};
use peerpack_actors::money::highlight::{Highlight, Subject};
use peerpack_actors::money::ledger::{Account, Transfer};
use peerpack_actors::money::payment::{
    Charge, Cost, Decided, MAX_OPEN, Method, Payment, PaymentCommand, PaymentFile, PaymentState, Purpose,
    Refund, RefundState,
};
use peerpack_actors::ports::{CommitError, Committed, Unavailable};
use peerpack_actors::receipt::Receipt;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use serde_json::json;
use uuid::Uuid;

use super::highlights;
use crate::store::Database;
use crate::store::engine::commit::{self, money};
use crate::store::engine::prepared::Prepared;
use crate::store::engine::receipts;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, Value, args, each, hex, locking, over_rows, rows, sql};

/// How long after a change the provider is asked for the first time what became of it.
const FIRST_LOOK: Span = Span::minutes(1);

/// How often at least it is asked.
const LAST_LOOK: Span = Span::hours(1);

const ADD: Sql = sql("\
    INSERT INTO payments (id, user_id, purpose, package_id, method, amount_minor, currency, state, state_at, \
    reference, invoice_url, created_at, expires_at, look_at, trip_id, lasts_ms) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)");

// One person's payments are added one after the other, so that they are counted right.
const PAYER: Sql = locking!("SELECT id FROM users WHERE id = $1", "FOR NO KEY UPDATE");
const OPEN: Sql = sql("\
    SELECT count(*) AS open FROM payments WHERE user_id = $1 AND state IN ('created', 'pending')");

macro_rules! columns {
    () => {
        "SELECT p.id, p.user_id, p.purpose, p.package_id, p.method, p.amount_minor, p.currency, p.state, \
         p.state_at, p.reference, p.invoice_url, p.created_at, p.expires_at, p.looks, p.trip_id, p.lasts_ms "
    };
}

// Below its columns, which it reads, too.
mod sought;
pub use sought::PaymentsOf;

const ONE: Sql = sql(concat!(columns!(), "FROM payments AS p WHERE p.id = $1"));
const LOCKED: Sql = Sql::in_each(
    concat!(columns!(), "FROM payments AS p WHERE p.id = $1 FOR NO KEY UPDATE"),
    concat!(columns!(), "FROM payments AS p WHERE p.id = $1"),
);
// Ids begin with the time.
const OF_USER: Sql = sql(concat!(
    columns!(),
    "FROM payments AS p WHERE p.user_id = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3"
));

const DUE: Sql =
    sql(concat!(columns!(), "FROM payments AS p WHERE p.look_at <= $1 ORDER BY p.look_at LIMIT $2"));
const OF_CHARGES: Sql = sql(concat!(
    columns!(),
    "FROM payments AS p WHERE p.id IN (SELECT c.payment_id FROM payment_charges AS c \
     WHERE c.method = $1 AND c.at >= $2 AND c.at < $3) AND p.id > $4 ORDER BY p.id LIMIT $5"
));
const OF_NUMBERS: Sql = over_rows!(
    concat!(columns!(), "FROM payments AS p WHERE p.id IN (SELECT c.payment_id FROM"),
    [method text, number text],
    "CROSS JOIN payment_charges AS c \
     WHERE c.method = r.method AND (c.reference = r.number OR c.provider_reference = r.number))"
);

const CHARGES: Sql = over_rows!(
    "SELECT c.id, c.payment_id, c.reference, c.provider_reference, c.amount_minor, c.currency, \
     c.charged_back_minor, c.evidence, c.booked_by, c.at FROM",
    [id uuid],
    "CROSS JOIN payment_charges AS c WHERE c.payment_id = r.id ORDER BY c.at, c.id"
);
const REFUNDS: Sql = over_rows!(
    "SELECT f.id, f.payment_id, f.charge_id, f.reference, f.amount_minor, f.currency, f.cost, f.state, \
     f.reason, f.asked_by, f.at FROM",
    [id uuid],
    "CROSS JOIN payment_refunds AS f WHERE f.payment_id = r.id ORDER BY f.id"
);

const WALLET: Sql = locking!(
    "SELECT balance FROM wallets WHERE user_id = $1 AND kind = 'available' AND currency = $2",
    "FOR NO KEY UPDATE"
);
const PACKAGE_STATE: Sql = sql("SELECT state FROM packages WHERE id = $1");

const MOVE: Sql = sql("\
    UPDATE payments SET state = $2, state_at = $3, invoice_url = $4, look_at = $5, looks = 0 WHERE id = $1");
const PUT_CHARGE: Sql = sql("\
    INSERT INTO payment_charges (id, payment_id, method, reference, amount_minor, currency, \
    charged_back_minor, evidence, booked_by, at, provider_reference) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (id) DO UPDATE SET charged_back_minor = excluded.charged_back_minor, \
    provider_reference = excluded.provider_reference");
const PUT_REFUND: Sql = sql("\
    INSERT INTO payment_refunds (id, payment_id, charge_id, method, reference, amount_minor, currency, cost, \
    state, reason, asked_by, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, at = excluded.at");
const LOOK_LATER: Sql =
    sql("UPDATE payments SET look_at = $2, looks = looks + 1 WHERE id = $1 AND look_at IS NOT NULL");

impl Database {
    /// Keeps a payment that is about to be asked for at its provider, with the receipt of the call that wants
    /// it.
    ///
    /// # Errors
    /// `TooManyPayments`, `AnsweredBefore`, or when the database does not answer.
    pub async fn add_payment(&self, payment: Payment, receipt: Option<Receipt>) -> Result<(), CommitError> {
        let work = self.write(move |conn| {
            let (payment, receipt) = (payment.clone(), receipt.clone());
            Box::pin(async move {
                let kept = receipt.as_ref().map(|receipt| (receipt, payment.created_at));
                receipts::keep(conn, kept.into_iter()).await?;
                conn.optional(PAYER, args![payment.user.uuid()]).await?;
                let open = conn.one(OPEN, args![payment.user.uuid()]).await?;
                if open.number::<u64>("open")? >= MAX_OPEN {
                    return Err(Failure::Refused(Rejection::TooManyPayments));
                }
                let highlight = payment.purpose.highlight();
                let about = highlight.and_then(|highlight| highlight.of.package());
                let package = payment.purpose.package().or(about);
                let values = args![
                    payment.id.uuid(),
                    payment.user.uuid(),
                    payment.purpose.word(),
                    package.map(PackageId::uuid),
                    payment.method.word(),
                    payment.amount.minor,
                    payment.amount.currency.code(),
                    payment.state.word(),
                    payment.state_at.ms(),
                    payment.reference.as_str(),
                    payment.invoice_url.clone(),
                    payment.created_at.ms(),
                    payment.expires_at.ms(),
                    (payment.created_at + FIRST_LOOK).ms(),
                    highlight.and_then(|highlight| highlight.of.trip()).map(TripId::uuid),
                    highlight.map(|highlight| highlight.lasts.ms()),
                ];
                conn.execute(ADD, values).await?;
                Ok(())
            })
        });
        Ok(work.await?)
    }

    /// Carries a command out on a payment: the core decides upon it as it is now, nobody else changes it
    /// meanwhile, and its owner is told. `None` if there is no such payment.
    ///
    /// # Errors
    /// What the core refuses; `InsufficientFunds`; `Conflict` for a charge that belongs to another payment;
    /// `AnsweredBefore`; or when the database does not answer.
    pub async fn move_payment(
        &self,
        id: PaymentId,
        command: PaymentCommand,
        at: Time,
        receipt: Option<Receipt>,
    ) -> Result<Option<(PaymentFile, Committed)>, CommitError> {
        let sends = self.inner.sends_messages;
        let work = self.write(move |conn| {
            let (command, receipt) = (command.clone(), receipt.clone());
            Box::pin(async move {
                receipts::keep(conn, receipt.as_ref().map(|receipt| (receipt, at)).into_iter()).await?;
                let Some(row) = conn.optional(LOCKED, args![id.uuid()]).await? else { return Ok(None) };
                let mut files = with_money(conn, vec![payment(&row)?]).await?;
                let Some(before) = files.pop() else { return Ok(None) };
                let owner = &before.payment;
                let wallet = args![owner.user.uuid(), owner.amount.currency.code()];
                let free = conn.optional(WALLET, wallet).await?.map(|row| row.get("balance")).transpose()?;
                let decided = before
                    .decide(&command, free.unwrap_or(0), at, &mut rand::random)
                    .map_err(Failure::Refused)?;
                let decided = highlights::give_back(conn, &before, decided, at, rand::random).await?;
                let committed = write_down(conn, &before, &decided, at, sends).await?;
                Ok(Some((decided.after, committed)))
            })
        });
        Ok(work.await?)
    }

    /// A payment with everything that has become of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<PaymentFile>, Unavailable> {
        Ok(self.payments(ONE, args![id.uuid()]).await?.pop())
    }

    /// Somebody's payments, newest first, from before `before`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn payments_of(
        &self,
        user: UserId,
        before: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<PaymentFile>, Unavailable> {
        self.payments(OF_USER, args![user.uuid(), before.map_or(Uuid::max(), PaymentId::uuid), limit]).await
    }

    /// Payments whose providers are to be asked by now what became of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn payments_to_look_at(&self, now: Time, limit: u32) -> Result<Vec<PaymentFile>, Unavailable> {
        self.payments(DUE, args![now.ms(), limit]).await
    }

    /// Payments of a method that were charged from `since` on and before `until`, in order of their ids, from
    /// behind `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn payments_charged(
        &self,
        method: Method,
        (since, until): (Time, Time),
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<PaymentFile>, Unavailable> {
        let after = after.map_or(Uuid::nil(), PaymentId::uuid);
        self.payments(OF_CHARGES, args![method.word(), since.ms(), until.ms(), after, limit]).await
    }

    /// Payments of a method that have a charge of one of these numbers: the provider's number, or that of the
    /// company behind the provider.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn payments_of_charges(
        &self,
        method: Method,
        numbers: &[&str],
    ) -> Result<Vec<PaymentFile>, Unavailable> {
        let numbers = numbers.iter().map(|number| json!({ "method": method.word(), "number": number }));
        self.payments(OF_NUMBERS, vec![rows(numbers)]).await
    }

    /// Nothing new is known of a payment: its provider is asked again, after a pause that grows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_later(&self, id: PaymentId, now: Time) -> Result<(), Unavailable> {
        let row = self.row(ONE, args![id.uuid()]).await?;
        let looks = row.map(|row| row.number::<u32>("looks")).transpose()?.unwrap_or(0);
        self.execute(LOOK_LATER, args![id.uuid(), (now + pause(looks + 1)).ms()]).await?;
        Ok(())
    }

    async fn payments(&self, query: Sql, values: Vec<Value>) -> Result<Vec<PaymentFile>, Unavailable> {
        let work = self.snapshot(move |conn| {
            Box::pin(async move {
                let found = each(&conn.all(query, values).await?, payment)?;
                with_money(conn, found).await
            })
        });
        Ok(work.await?)
    }
}

/// How long until the next look after so many.
fn pause(looks: u32) -> Span {
    let minutes = 1_i64.checked_shl(looks.min(6)).unwrap_or(64);
    Span::minutes(minutes).min(LAST_LOOK)
}

async fn write_down(
    conn: &mut Conn,
    before: &PaymentFile,
    decided: &Decided,
    at: Time,
    sends_messages: bool,
) -> Result<Committed, Failure> {
    let Decided { after, transfers } = decided;
    if after == before {
        return Ok(Committed::default());
    }
    let Payment { id, method, .. } = after.payment;
    let is_unsettled = after.payment.state.is_open() || after.asked().next().is_some();
    let values = args![
        id.uuid(),
        after.payment.state.word(),
        after.payment.state_at.ms(),
        after.payment.invoice_url.clone(),
        is_unsettled.then(|| (at + FIRST_LOOK).ms()),
    ];
    conn.execute(MOVE, values).await?;
    for charge in after.charges.iter().filter(|charge| !before.charges.contains(charge)) {
        let values = args![
            charge.id.uuid(),
            id.uuid(),
            method.word(),
            charge.reference.as_str(),
            charge.amount.minor,
            charge.amount.currency.code(),
            charge.charged_back_minor,
            charge.evidence.clone(),
            charge.booked_by.map(UserId::uuid),
            charge.at.ms(),
            charge.provider_reference.clone(),
        ];
        conn.execute(PUT_CHARGE, values).await?;
    }
    for refund in after.refunds.iter().filter(|refund| !before.refunds.contains(refund)) {
        let values = args![
            refund.id.uuid(),
            id.uuid(),
            refund.charge.uuid(),
            method.word(),
            refund.reference.as_str(),
            refund.amount.minor,
            refund.amount.currency.code(),
            refund.cost.word(),
            refund.state.word(),
            refund.reason.as_str(),
            refund.by.map(UserId::uuid),
            refund.at.ms(),
        ];
        conn.execute(PUT_REFUND, values).await?;
    }
    highlights::write_down(conn, before, after, at).await?;
    money::transfer(conn, transfers, at).await?;
    let is_gone = match after.payment.purpose.package() {
        Some(package) if after.new_charges(before).next().is_some() => {
            let row = conn.optional(PACKAGE_STATE, args![package.uuid()]).await?;
            row.map(|row| row.text("state")).transpose()?.is_none_or(|state| state != "open")
        }
        _ => false,
    };
    let change = wallet_change(transfers, after.payment.user);
    let told =
        Arc::new(Prepared::new(Unit::payment_moved(before, after, change, is_gone, at), sends_messages)?);
    Ok(commit::apply(conn, &[told]).await?.pop().unwrap_or_default())
}

fn wallet_change(transfers: &[Transfer], user: UserId) -> i64 {
    let wallet = Account::Available(user);
    let change = |transfer: &Transfer| {
        let minor = transfer.amount.minor;
        i64::from(transfer.to == wallet) * minor - i64::from(transfer.from == wallet) * minor
    };
    transfers.iter().map(change).sum()
}

/// Payments with their charges and refunds.
async fn with_money(conn: &mut Conn, payments: Vec<Payment>) -> Result<Vec<PaymentFile>, Failure> {
    if payments.is_empty() {
        return Ok(Vec::new());
    }
    let ids = || rows(payments.iter().map(|payment| json!({ "id": hex(payment.id.uuid()) })));
    let mut charges: BTreeMap<Uuid, Vec<Charge>> = BTreeMap::new();
    for row in conn.all(CHARGES, vec![ids()]).await? {
        charges.entry(row.get("payment_id")?).or_default().push(charge(&row)?);
    }
    let mut refunds: BTreeMap<Uuid, Vec<Refund>> = BTreeMap::new();
    for row in conn.all(REFUNDS, vec![ids()]).await? {
        refunds.entry(row.get("payment_id")?).or_default().push(refund(&row)?);
    }
    let file = |payment: Payment| {
        let id = payment.id.uuid();
        let (charges, refunds) = (charges.remove(&id), refunds.remove(&id));
        PaymentFile { payment, charges: charges.unwrap_or_default(), refunds: refunds.unwrap_or_default() }
    };
    Ok(payments.into_iter().map(file).collect())
}

fn unknown(what: &str, word: &str) -> Failure {
    Failure::Broken(format!("unknown {what}: {word:?}"))
}

fn payment(row: &Row) -> Result<Payment, Failure> {
    let (purpose, method, state) = (row.text("purpose")?, row.text("method")?, row.text("state")?);
    let package = row.get::<Option<Uuid>>("package_id")?.map(PackageId::from);
    let trip = row.get::<Option<Uuid>>("trip_id")?.map(TripId::from);
    let lasts = row.get::<Option<i64>>("lasts_ms")?.map(Span::from_ms);
    let about = trip.map(Subject::Trip).or(package.map(Subject::Package));
    Ok(Payment {
        id: PaymentId::from(row.get::<Uuid>("id")?),
        user: row.user("user_id")?,
        purpose: match (purpose.as_str(), package, about.zip(lasts)) {
            ("top_up", None, None) => Purpose::TopUp,
            ("package", Some(package), None) => Purpose::Package(package),
            ("highlight", _, Some((of, lasts))) => Purpose::Highlight(Highlight { of, lasts }),
            _ => return Err(unknown("purpose of a payment", &purpose)),
        },
        method: Method::from_word(&method).ok_or_else(|| unknown("method of payment", &method))?,
        amount: row.amount("amount_minor", "currency")?,
        state: PaymentState::from_word(&state).ok_or_else(|| unknown("state of a payment", &state))?,
        state_at: row.time("state_at")?,
        reference: row.text("reference")?,
        invoice_url: row.get("invoice_url")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn charge(row: &Row) -> Result<Charge, Failure> {
    Ok(Charge {
        id: ChargeId::from(row.get::<Uuid>("id")?),
        reference: row.text("reference")?,
        provider_reference: row.get("provider_reference")?,
        amount: row.amount("amount_minor", "currency")?,
        charged_back_minor: row.get("charged_back_minor")?,
        evidence: row.get("evidence")?,
        booked_by: row.get::<Option<Uuid>>("booked_by")?.map(UserId::from),
        at: row.time("at")?,
    })
}

fn refund(row: &Row) -> Result<Refund, Failure> {
    let (cost, state) = (row.text("cost")?, row.text("state")?);
    Ok(Refund {
        id: RefundId::from(row.get::<Uuid>("id")?),
        charge: ChargeId::from(row.get::<Uuid>("charge_id")?),
        reference: row.text("reference")?,
        amount: row.amount("amount_minor", "currency")?,
        cost: Cost::from_word(&cost).ok_or_else(|| unknown("cost of a refund", &cost))?,
        state: RefundState::from_word(&state).ok_or_else(|| unknown("state of a refund", &state))?,
        reason: row.text("reason")?,
        by: row.get::<Option<Uuid>>("asked_by")?.map(UserId::from),
        at: row.time("at")?,
    })
}
