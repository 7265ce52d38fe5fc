//! Asks providers: for money, for refunds, and what became of whatever nobody knows. Compares their lists
//! with the books.
//!
//! Nothing is guessed: what a provider does not answer stays as it is, under the same key, and is asked for
//! again.

use std::collections::BTreeSet;

use peerpack_actors::money::payment::{Method, PaymentCommand, PaymentFile, PaymentState, Report};
use peerpack_actors::money::reconcile::{Listed, differences, unknown};
use peerpack_actors::ports::{CommitError, Unavailable};
use peerpack_actors::time::{Span, Time};

use crate::app::App;
use crate::payments::{Answer, GoesBack, Page, PaymentProvider};
use crate::store::{Database, Reconciliation};

/// How many payments are looked at in one round.
const A_ROUND: u32 = 50;

/// How far back the books are compared with a list.
pub const COMPARED: Span = Span::days(4);

/// How often.
const COMPARE_EVERY: Span = Span::hours(1);

/// How many charges of a list are read at most.
const MAX_LISTED: usize = 100_000;

/// How many payments are read from the books at a time.
const A_PAGE: u32 = 500;

/// What was charged at the provider a moment before may have been booked a moment later, and the other way
/// round.
const AROUND: Span = Span::hours(1);

/// How many differences are kept in words.
const SHOWN: usize = 20;

/// Looks at payments of which nobody knows what became of them.
///
/// # Errors
/// When the database does not answer.
pub async fn look(app: &App, now: Time) -> Result<(), Unavailable> {
    for file in app.database.payments_to_look_at(now, A_ROUND).await? {
        let id = file.payment.id;
        match look_up(app, &file).await {
            Ok(after) if after == file => app.database.look_later(id, now).await?,
            Ok(_) => {}
            Err(CommitError::Unavailable(unavailable)) => return Err(unavailable),
            Err(error) => {
                disagrees(&file, &error);
                app.database.look_later(id, now).await?;
            }
        }
    }
    Ok(())
}

/// A provider says of a payment what cannot be: somebody has to look.
pub(crate) fn disagrees(file: &PaymentFile, error: &CommitError) {
    metrics::counter!("peerpack_payments_disagree_total").increment(1);
    tracing::error!(payment = %file.payment.id, %error, "a provider says of a payment what does not agree with it");
}

/// Asks the provider what became of a payment and its refunds, and asks again for what it does not know of.
/// Answers with the payment as it is then.
///
/// # Errors
/// When the provider says what does not agree, or the database does not answer.
pub async fn look_up(app: &App, file: &PaymentFile) -> Result<PaymentFile, CommitError> {
    let Some(provider) = app.providers.get(file.payment.method) else { return Ok(file.clone()) };
    let now = app.clock.now();
    match provider.look_up(file.payment.id, now).await {
        Answer::Done(Some(report)) => {
            let known: BTreeSet<_> = report
                .charges
                .iter()
                .flat_map(|charge| &charge.refunds)
                .map(|refund| refund.refund_id.clone())
                .collect();
            let after = carry_out(app, file, PaymentCommand::Learn(report)).await?;
            for refund in after.asked().filter(|refund| !known.contains(&refund.reference)) {
                ask_for_refund(app, provider, &after, refund.reference.as_str()).await?;
            }
            expire(app, &after).await
        }
        Answer::Done(None) if file.payment.state == PaymentState::Created => {
            let after = create(app, provider, file).await?;
            expire(app, &after).await
        }
        Answer::Done(None) => expire(app, file).await,
        Answer::Refused(why) | Answer::Unknown(why) => {
            tracing::warn!(payment = %file.payment.id, why, "nobody knows what became of a payment");
            Ok(file.clone())
        }
    }
}

/// Asks a provider for money. Of what is unknown nothing is changed: it is looked up later.
///
/// # Errors
/// When the database does not answer.
pub async fn create(
    app: &App,
    provider: &dyn PaymentProvider,
    file: &PaymentFile,
) -> Result<PaymentFile, CommitError> {
    let command = match provider.create(&file.payment, app.clock.now()).await {
        Answer::Done(invoice) => PaymentCommand::Open { invoice_url: invoice.url },
        Answer::Refused(why) => {
            tracing::warn!(payment = %file.payment.id, why, "a provider refuses a payment");
            PaymentCommand::Fail
        }
        Answer::Unknown(why) => {
            tracing::warn!(payment = %file.payment.id, why, "nobody knows whether a payment was asked for");
            return Ok(file.clone());
        }
    };
    carry_out(app, file, command).await
}

/// Asks for a refund that stands in the books. What comes of it, the next look-up says.
///
/// # Errors
/// When the database does not answer.
pub async fn ask_for_refund(
    app: &App,
    provider: &dyn PaymentProvider,
    file: &PaymentFile,
    reference: &str,
) -> Result<(), Unavailable> {
    let Some(refund) = file.refunds.iter().find(|refund| refund.reference == reference) else {
        return Ok(());
    };
    let Some(charge) = file.charges.iter().find(|charge| charge.id == refund.charge) else { return Ok(()) };
    let payer = app.database.user(file.payment.user).await?.and_then(|payer| payer.telegram_id);
    let money = GoesBack { payment: file.payment.id, charge: &charge.reference, refund, payer };
    if let Answer::Refused(why) | Answer::Unknown(why) = provider.refund(money, app.clock.now()).await {
        tracing::warn!(refund = reference, why, "nobody knows what becomes of a refund");
    }
    Ok(())
}

async fn expire(app: &App, file: &PaymentFile) -> Result<PaymentFile, CommitError> {
    let is_over = file.payment.state.is_open() && file.payment.expires_at <= app.clock.now();
    if is_over { carry_out(app, file, PaymentCommand::Expire).await } else { Ok(file.clone()) }
}

pub(super) async fn carry_out(
    app: &App,
    file: &PaymentFile,
    command: PaymentCommand,
) -> Result<PaymentFile, CommitError> {
    let moved = app.database.move_payment(file.payment.id, command, app.clock.now(), None).await?;
    let Some((after, committed)) = moved else { return Ok(file.clone()) };
    app.engine.told(committed);
    Ok(after)
}

/// Compares the books with the lists of those who have one, if it is time to, and says in metrics what is
/// known of that on any node.
///
/// # Errors
/// When the database does not answer.
pub async fn compare(app: &App, now: Time) -> Result<(), Unavailable> {
    let known = app.database.reconciliations().await?;
    let last_of = |method| known.iter().find(move |one| one.method == method);
    for provider in [Method::Webhook, Method::Stars].into_iter().filter_map(|one| app.providers.get(one)) {
        let last = last_of(provider.method());
        if last.is_none_or(|last| now >= last.at + COMPARE_EVERY) {
            compare_with(app, provider, window(last, COMPARED, now)).await?;
        }
    }
    for found in app.database.reconciliations().await? {
        let (method, age) = (found.method.word(), now.since(found.at));
        metrics::gauge!("peerpack_reconciliation_differences", "method" => method)
            .set(found.differences as f64);
        metrics::gauge!("peerpack_reconciliation_age_seconds", "method" => method)
            .set(age.ms() as f64 / 1_000.0);
    }
    Ok(())
}

/// What is compared: what was charged in so long until now, and since differences that are open began.
#[must_use]
pub fn window(last: Option<&Reconciliation>, usually: Span, now: Time) -> (Time, Time) {
    let since = now - usually;
    (last.map_or(since, |last| last.begins(since)), now)
}

/// What a file covers: so long until now, or `again` the time in which differences are open. The operator has
/// to say so: if it were assumed, a file that begins later would clear what it does not have.
#[must_use]
pub fn window_of_file(last: Option<&Reconciliation>, long: Span, again: bool, now: Time) -> (Time, Time) {
    match last.filter(|last| again && last.differences > 0) {
        Some(last) => (last.since, last.until),
        None => (now - long, now),
    }
}

async fn compare_with(
    app: &App,
    provider: &dyn PaymentProvider,
    of: (Time, Time),
) -> Result<(), Unavailable> {
    let now = of.1;
    let reports = match list_reports(provider, of, app.clock.now()).await {
        Ok(reports) => reports,
        Err(why) => {
            tracing::warn!(why, "the books cannot be compared with the provider's list");
            return Ok(());
        }
    };
    if provider.method().is_for_extras() {
        take_in(app, provider.method(), &reports, of).await?;
    }
    let listed: Vec<Listed> = reports.iter().flat_map(Listed::of).collect();
    reconcile(&app.database, provider.method(), &listed, of, now).await.map(drop)
}

/// Takes in what a list says that the books do not know: Telegram tells of a charge in one update, and an
/// update can be lost. It is a report like any other.
async fn take_in(app: &App, method: Method, reports: &[Report], of: (Time, Time)) -> Result<(), Unavailable> {
    let books = books(&app.database, method, of.0 - AROUND).await?;
    let known: BTreeSet<&str> =
        books.iter().flat_map(|file| &file.charges).map(|charge| charge.reference.as_str()).collect();
    let is_news =
        |report: &&Report| report.charges.iter().any(|charge| !known.contains(charge.charge_id.as_str()));
    for report in reports.iter().filter(is_news) {
        let file = app.database.payment(report.payment_id).await?;
        let Some(file) = file.filter(|file| file.payment.method == method) else { continue };
        match carry_out(app, &file, PaymentCommand::Learn(report.clone())).await {
            Ok(_) => {}
            Err(CommitError::Unavailable(unavailable)) => return Err(unavailable),
            Err(error) => disagrees(&file, &error),
        }
    }
    Ok(())
}

/// Everything that a provider lists of a time.
///
/// # Errors
/// Why it cannot be had, for people.
pub async fn list(
    provider: &dyn PaymentProvider,
    of: (Time, Time),
    now: Time,
) -> Result<Vec<Listed>, String> {
    Ok(list_reports(provider, of, now).await?.iter().flat_map(Listed::of).collect())
}

async fn list_reports(
    provider: &dyn PaymentProvider,
    of: (Time, Time),
    now: Time,
) -> Result<Vec<Report>, String> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let Page { reports, next } = match provider.list(of, after, now).await {
            Answer::Done(page) => page,
            Answer::Refused(why) | Answer::Unknown(why) => return Err(why),
        };
        let is_empty = reports.is_empty();
        listed.extend(reports);
        if listed.iter().map(|report: &Report| report.charges.len()).sum::<usize>() > MAX_LISTED {
            return Err(format!("the list has more than {MAX_LISTED} charges"));
        }
        match next.filter(|_| !is_empty) {
            Some(next) => after = Some(next),
            None => return Ok(listed),
        }
    }
}

/// The payments of a method that were charged from a time on.
async fn books(database: &Database, method: Method, since: Time) -> Result<Vec<PaymentFile>, Unavailable> {
    let (mut books, mut after) = (Vec::new(), None);
    let around = (since, Time::from_ms(i64::MAX));
    loop {
        let page = database.payments_charged(method, around, after, A_PAGE).await?;
        after = page.last().map(|file| file.payment.id);
        let is_last = page.len() < A_PAGE as usize;
        books.extend(page);
        if is_last {
            return Ok(books);
        }
    }
}

/// Compares the books with a list, and answers with what is known by then: a difference keeps money from
/// going out, on every node, until a comparison that covers it does not find it.
///
/// # Errors
/// When the database does not answer.
pub async fn reconcile(
    database: &Database,
    method: Method,
    listed: &[Listed],
    of: (Time, Time),
    now: Time,
) -> Result<Reconciliation, Unavailable> {
    let mut books = books(database, method, of.0 - AROUND).await?;
    // The list may have other bounds than ours: what is older is in the books all the same.
    let older: Vec<&str> = unknown(&books, listed).collect();
    let mut found_by_number = Vec::new();
    for numbers in older.chunks(A_PAGE as usize) {
        found_by_number.extend(database.payments_of_charges(method, numbers).await?);
    }
    // A payment that was charged again since the books were read is in both.
    books.extend(found_by_number);
    let found = differences(&books, listed, of);
    for difference in found.iter().take(SHOWN) {
        tracing::error!(method = method.word(), difference, "the books do not agree: no money goes out");
    }
    let reconciliation = Reconciliation {
        method,
        at: now,
        since: of.0,
        until: of.1,
        compared: listed.len() as u64,
        differences: found.len() as u64,
        examples: found.into_iter().take(SHOWN).collect(),
    };
    database.keep_reconciliation(reconciliation).await
}

/// Whether the books agree with every list they were compared with.
///
/// # Errors
/// When the database does not answer.
pub async fn agree(database: &Database) -> Result<bool, Unavailable> {
    Ok(database.reconciliations().await?.iter().all(|found| found.differences == 0))
}
