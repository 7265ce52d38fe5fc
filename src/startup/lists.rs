//! A provider's list of charges as a file: what a bank or an acquirer lets one download, brought into these
//! columns.

use std::path::Path;

use anyhow::Context;
use peerpack_actors::money::reconcile::Listed;
use peerpack_actors::money::{Amount, Currency};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    charge_id: String,
    amount_minor: i64,
    currency: Currency,
    #[serde(default)]
    refunded_minor: i64,
    #[serde(default)]
    charged_back_minor: i64,
}

/// Reads a file of comma-separated values: `charge_id`, `amount_minor`, `currency`, and where there is
/// something `refunded_minor` and `charged_back_minor`.
///
/// # Errors
/// What cannot be read, with its line.
pub fn read(path: &Path) -> anyhow::Result<Vec<Listed>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path)?;
    let lines = reader.deserialize::<Line>().enumerate();
    lines.map(|(n, line)| line.map(listed).with_context(|| format!("line {}", n + 2))).collect()
}

fn listed(line: Line) -> Listed {
    let Line { charge_id, amount_minor, currency, refunded_minor, charged_back_minor } = line;
    Listed { charge_id, amount: Amount::new(amount_minor, currency), refunded_minor, charged_back_minor }
}
