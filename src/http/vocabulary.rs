//! The words of closed sets that only the API knows, for its description: the words of the Mini App, and
//! those for people who run the server. Words of the engine (states, transports, …) are described where they
//! are.

use utoipa::ToSchema;

/// Where a package stands, in the Mini App's words.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PackageStatus {
    /// Under way, or couriers have responded.
    Active,
    /// Waiting for couriers.
    Waiting,
    /// A pattern to publish from.
    Template,
    /// The journey is over.
    Completed,
}

/// Where a courier's part in a package stands, in the Mini App's words.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ResponseStatus {
    /// Waiting for an answer.
    Pending,
    /// The courier accepted.
    Accepted,
    /// The sender chose the courier.
    Selected,
    /// Nothing came of it.
    Declined,
}

/// Where a request stands, in the Mini App's words.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum RequestStatus {
    /// Waiting for an answer.
    Pending,
    /// A deal, until the hand-over.
    Accepted,
    /// The courier says that it was handed over.
    Delivered,
    /// Over, as agreed.
    Confirmed,
    /// Nothing came of it.
    Declined,
}

/// Where a post stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PostStatus {
    /// Everybody sees it.
    Shown,
    /// An operator has taken it down.
    Hidden,
    /// Its author has taken it away.
    Deleted,
}

/// Where a document stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Waits for a reviewer.
    Pending,
    /// Shows who its owner is.
    Approved,
    /// Does not show it.
    Declined,
}

/// What was decided about a document.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DocumentDecision {
    /// It shows who its owner is.
    Approved,
    /// It does not.
    Declined,
}

/// What kind of file a document is.
#[derive(ToSchema)]
pub enum DocumentMediaType {
    /// A picture.
    #[schema(rename = "image/jpeg")]
    Jpeg,
    /// A PDF file.
    #[schema(rename = "application/pdf")]
    Pdf,
}

/// What was decided about a withdrawal.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum WithdrawalDecision {
    /// The money was sent.
    Paid,
    /// One operator has agreed; another one has to.
    Approved,
    /// The money came back.
    Rejected,
}

/// How the money of a deal is kept.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// Set aside until the delivery is confirmed.
    Escrow,
    /// Paid at the hand-over.
    Cash,
}

/// What kind of movement of money.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum TransactionType {
    /// Put into the wallet by the demo's provider.
    Fund,
    /// Set aside for a deal.
    Hold,
    /// Handed over, not confirmed.
    Deliver,
    /// The two do not agree, and an operator decides.
    Dispute,
    /// Paid to the courier.
    Release,
    /// The platform's share.
    Fee,
    /// Given back to the sender.
    Refund,
    /// The courier's part of a reward that was divided.
    SplitCourier,
    /// The sender's part of it.
    SplitSender,
    /// Paid for a package that waits.
    Reserve,
    /// The same, come back.
    Unreserve,
    /// Set aside for a deal, of what was paid before.
    HoldReserved,
    /// Paid into the wallet through a provider.
    Payment,
    /// Given back to where it came from.
    PaymentRefund,
    /// Taken back by a bank.
    ChargeBack,
    /// Taken out of the wallet.
    Withdrawal,
}

/// Where a movement of money stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum TransactionStatus {
    /// The money has moved.
    Completed,
    /// On its way out; no operator has sent it yet.
    Pending,
    /// Was to go out, and came back.
    Rejected,
}

/// Of what a statement is made.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum StatementFormat {
    /// Text, separated by commas.
    Csv,
    /// A spreadsheet.
    Xlsx,
}

/// How the server is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum HealthStatus {
    /// All is well.
    Ok,
    /// Something that it needs is not.
    Degraded,
}

/// How the database is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DatabaseStatus {
    /// It answers.
    Ok,
    /// It does not.
    Down,
    /// It answers, and takes no writes.
    ReadOnly,
}

/// How the clock of the machine is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ClockStatus {
    /// It goes with the database's.
    Ok,
    /// Far from it.
    Far,
    /// Set while the server runs.
    Jumped,
}

/// Which database it is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DatabaseKind {
    /// The embedded store, a file of SQLite.
    Sqlite,
    /// A service.
    Postgres,
}

/// How Redis is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum RedisStatus {
    /// It answers.
    Ok,
    /// It does not.
    Down,
    /// There is none.
    NotConfigured,
}
