//! After the run: what was published is called off, so that another run finds nobody's trips and packages.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use peerpack_actors::ids::UserId;

use crate::oracle::History;
use crate::population::Population;
use crate::shared::{Account, Shared};

/// How many calls at once.
const AT_ONCE: usize = 32;

/// Calls off whatever can be: what is a deal or over stays.
pub(super) async fn leave(shared: &Arc<Shared>, people: &Population, history: &History) {
    let accounts: HashMap<UserId, &Arc<Account>> =
        people.accounts.iter().map(|account| (account.id, account)).collect();
    let trips = history.trips.iter().map(|(trip, facts)| (facts.courier, format!("trips/{trip}")));
    let packages = history.packages.iter().map(|(id, facts)| (facts.sender, format!("packages/{id}")));
    let calls = trips.chain(packages).filter_map(|(user, what)| Some((accounts.get(&user)?, what)));
    let calls = calls.map(|(account, what)| async move {
        let base = &shared.targets[account.node].http;
        if shared.api.call_off(base, &account.token(), &what).await.is_ok() {
            shared.counts.add("called off after the run");
        }
    });
    stream::iter(calls).buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
}
