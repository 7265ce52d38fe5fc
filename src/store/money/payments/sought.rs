//! Payments that operators look for, in whatever state they are.

use peerpack_actors::ids::{PackageId, PaymentId, UserId};
use peerpack_actors::money::payment::{Method, PaymentFile, PaymentState};
use peerpack_actors::ports::Unavailable;
use uuid::Uuid;

use crate::store::Database;
use crate::store::sql::{Sql, Value, sql};

// What `$1` names, of a method and in a state if these are said.
macro_rules! sought {
    ($which:expr) => {
        sql(concat!(
            columns!(),
            "FROM payments AS p WHERE ",
            $which,
            " AND ($2 = '' OR p.method = $2) AND ($3 = '' OR p.state = $3) AND p.id < $4 \
             ORDER BY p.id DESC LIMIT $5"
        ))
    };
}

const SOUGHT: Sql = sought!("$1 = ''");
// States that are rare are found by their index, where one condition says which they are.
const SOUGHT_BY_STATE: Sql = sought!("p.state = $1");
const SOUGHT_WAITING: Sql = sought!("$1 = '' AND p.state IN ('created', 'pending', 'expired')");
const SOUGHT_BY_ID: Sql = sought!("p.id = $1");
const SOUGHT_BY_USER: Sql = sought!("p.user_id = $1");
const SOUGHT_BY_PACKAGE: Sql = sought!("p.package_id = $1");
// Each charge is found by an index, which begins with the method.
macro_rules! of_any_method {
    () => {
        "c.method IN ('manual', 'webhook', 'telegram', 'stars')"
    };
}
const SOUGHT_BY_NUMBER: Sql = sought!(concat!(
    "p.id IN (SELECT q.id FROM payments AS q WHERE q.reference = upper(CAST($1 AS TEXT)) \
     UNION SELECT c.payment_id FROM payment_charges AS c WHERE ",
    of_any_method!(),
    " AND c.reference = $1 UNION SELECT c.payment_id FROM payment_charges AS c WHERE ",
    of_any_method!(),
    " AND c.provider_reference = $1)"
));

/// What operators know of a payment that they look for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PaymentsOf {
    /// That its money has not come yet.
    Waiting,
    /// Nothing.
    Anybody,
    /// The payment itself.
    Payment(PaymentId),
    /// A number that they have read somewhere: what stands on a transfer, however it is written, or what a
    /// charge is called at its provider or behind it.
    Number(String),
    /// Whose it is.
    User(UserId),
    /// Which package it pays for, or highlights.
    Package(PackageId),
}

impl Database {
    /// Payments that operators look for, newest first, from before `before`; of a method and in a state if
    /// these are said.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn payments_sought(
        &self,
        of: PaymentsOf,
        (method, state): (Option<Method>, Option<PaymentState>),
        before: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<PaymentFile>, Unavailable> {
        let (query, what): (Sql, Value) = match of {
            PaymentsOf::Waiting => (SOUGHT_WAITING, "".into()),
            PaymentsOf::Anybody => match state {
                Some(state) => (SOUGHT_BY_STATE, state.word().into()),
                None => (SOUGHT, "".into()),
            },
            PaymentsOf::Payment(id) => (SOUGHT_BY_ID, id.uuid().into()),
            PaymentsOf::Number(number) => (SOUGHT_BY_NUMBER, number.into()),
            PaymentsOf::User(user) => (SOUGHT_BY_USER, user.uuid().into()),
            PaymentsOf::Package(package) => (SOUGHT_BY_PACKAGE, package.uuid().into()),
        };
        let (method, state) = (method.map_or("", Method::word), state.map_or("", PaymentState::word));
        let before = before.map_or(Uuid::max(), PaymentId::uuid);
        let values = vec![what, method.into(), state.into(), before.into(), limit.into()];
        self.payments(query, values).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_looked_for_in_charges_of_every_method() {
        for method in Method::ALL {
            assert!(of_any_method!().contains(&format!("'{}'", method.word())), "{method:?}");
        }
    }
}
