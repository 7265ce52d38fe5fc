//! After the run: a sample of users asks for the last part of their stream again, and gets what they were
//! told.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use peerpack::ws::wire::{Event, ServerMessage};
use rand::seq::IndexedRandom;

use crate::chance::{Purpose, generator};
use crate::population::Population;
use crate::shared::{Account, Shared};
use peerpack::client::Refused;

use crate::socket::resume;

/// The most events asked for: the server promises 300.
const EVENTS: u64 = 300;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How many ask at once.
const AT_ONCE: usize = 16;

/// Compares the streams of some users with the store. How many.
pub(super) async fn sample(shared: &Arc<Shared>, people: &Population, users: usize) -> usize {
    let mut random = generator(shared.seed, Purpose::Sample);
    let accounts = people.accounts.sample(&mut random, users.min(people.accounts.len()));
    let replays: Vec<bool> = stream::iter(accounts.map(|account| replay(shared, account)))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    replays.into_iter().filter(|compared| *compared).count()
}

async fn replay(shared: &Shared, account: &Account) -> bool {
    let position =
        shared.history.lock().streams.get(&account.id).map(|stream| (stream.epoch, stream.last_seq));
    let Some((epoch, last)) = position else { return false };
    let from = last.saturating_sub(EVENTS - 10);
    let fetched = tokio::time::timeout(PATIENCE, fetch(shared, account, epoch, from)).await;
    match fetched.unwrap_or_else(|_| Err("no answer to resume".to_owned())) {
        Ok(events) => {
            // What happened a moment ago may still be on its way to the user's own socket.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let top = events.iter().map(|event| event.seq).max().unwrap_or(from);
            shared.history.lock().compare(account.id, from, top, &events);
            true
        }
        Err(fault) => {
            shared.history.lock().fault(account.id, format!("resume after {from}: {fault}"));
            false
        }
    }
}

/// The stored events after a position.
async fn fetch(shared: &Shared, account: &Account, epoch: u64, from: u64) -> Result<Vec<Event>, String> {
    let target = &shared.targets[account.node];
    let mut connected = target.connect(account.index, &account.token()).await;
    if matches!(connected, Err(Refused::Token)) && account.renew(shared).await.is_ok() {
        connected = target.connect(account.index, &account.token()).await;
    }
    let mut socket = connected.map_err(|refused| format!("cannot connect: {refused:?}"))?;
    socket.say(None, &resume(epoch, from)).await.map_err(|closed| closed.to_string())?;
    let mut events = Vec::new();
    let mut top = None;
    while top.is_none_or(|top| events.len() as u64 + from < top) {
        match socket.hear().await.map_err(|closed| closed.to_string())? {
            ServerMessage::Event(event) => events.push(event),
            ServerMessage::Resumed(resumed) if resumed.recovered => top = Some(resumed.top),
            ServerMessage::Resumed(resumed) => return Err(format!("not recovered: {:?}", resumed.reason)),
            _ => {}
        }
    }
    socket.hang_up().await;
    Ok(events)
}
