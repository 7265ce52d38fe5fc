//! What codes may cost in an hour, and how it is shared: the more a network or a country has had, the less it
//! gets of what is left, so that no number of addresses that one person has uses it up.

use peerpack_actors::time::{Span, Time};

use super::Asking;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, sql};

const SPENT: Sql = sql("\
    SELECT count(CASE WHEN reserve = 0 THEN 1 END) AS open_all, \
    count(CASE WHEN reserve = 0 AND network = $2 THEN 1 END) AS open_network, \
    count(CASE WHEN reserve = 0 AND country = $3 THEN 1 END) AS open_country, \
    count(CASE WHEN reserve = 1 THEN 1 END) AS reserve_all, \
    count(CASE WHEN reserve = 1 AND network = $2 THEN 1 END) AS reserve_network, \
    count(CASE WHEN address = $4 THEN 1 END) AS address, \
    COALESCE(min(CASE WHEN network = $2 THEN created_at END), min(created_at), 0) AS first \
    FROM phone_codes WHERE created_at > $1 AND sent = 1");

const IS_KNOWN: Sql = sql("SELECT 1 AS one FROM users WHERE phone = $1");

/// The span that is counted.
const HOUR: Span = Span::hours(1);

/// The most codes of one address in an hour.
const OF_ADDRESS: u64 = 20;

/// The most codes of one network (/24, /48) in an hour, while nothing else was spent; with half of it spent,
/// half as many.
const OF_NETWORK: u64 = 20;

/// A country has at most so many times of what it leaves to all others.
const OF_COUNTRY: u64 = 4;

/// Of the codes of an hour, so many in ten are for numbers that have signed in before.
const RESERVED_TENTHS: u64 = 3;

/// Of those, so many for devices that have: anybody may know a number.
const OF_DEVICES_TENTHS: u64 = 1;

/// How many codes may be sent in an hour, no matter who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeBudget(pub u32);

impl CodeBudget {
    /// What is open to all, and the reserve that a device finds which is known, or is not.
    fn shares(self, is_known_device: bool) -> (u64, u64) {
        let all = u64::from(self.0);
        let reserve = all * RESERVED_TENTHS / 10;
        let of_devices = if is_known_device { 0 } else { all * OF_DEVICES_TENTHS / 10 };
        (all - reserve, reserve - of_devices)
    }
}

/// Whether one more code may be sent, and whether the reserve pays for it; or how long to wait.
pub(super) async fn spend(
    conn: &mut Conn,
    asking: &Asking,
    budget: CodeBudget,
    now: Time,
) -> Result<Result<bool, Span>, Failure> {
    let since = (now - HOUR).ms();
    let (network, country, address) =
        (asking.network.as_str(), asking.country.as_str(), asking.address.as_str());
    let spent = conn.one(SPENT, args![since, network, country, address]).await?;
    let (open, reserve) = budget.shares(asking.is_known_device);
    let left = open.saturating_sub(spent.number("open_all")?);
    let open_to_them = spent.number::<u64>("address")? < OF_ADDRESS
        && is_within_share(spent.number("open_network")?, left, open)
        && spent.number::<u64>("open_country")? < OF_COUNTRY * left;
    if open_to_them {
        return Ok(Ok(false));
    }
    let left = reserve.saturating_sub(spent.number("reserve_all")?);
    if is_within_share(spent.number("reserve_network")?, left, reserve)
        && conn.optional(IS_KNOWN, args![asking.phone.as_str()]).await?.is_some()
    {
        return Ok(Ok(true));
    }
    let free = (spent.time("first")? + HOUR).since(now);
    Ok(Err(free.max(Span::seconds(60))))
}

/// Whether a network that has had so many gets one more, while so much is left of so much.
const fn is_within_share(had: u64, left: u64, all: u64) -> bool {
    (had + 1) * all <= OF_NETWORK * left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each network asks for as much as it gets.
    fn used_up_by(networks: usize, all: u64) -> u64 {
        let mut had = vec![0_u64; networks];
        loop {
            let left = all - had.iter().sum::<u64>();
            let Some(next) = had.iter_mut().find(|had| is_within_share(**had, left, all)) else {
                return all - left;
            };
            *next += 1;
        }
    }

    #[test]
    fn x_101_no_number_of_networks_that_one_person_has_uses_the_budget_up() {
        for networks in [1, 50, 90] {
            let left = 700 - used_up_by(networks, 700);
            assert!(is_within_share(0, left, 700), "{networks}: {left} left");
        }
    }
}
