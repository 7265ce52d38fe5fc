//! After the run: every chat is read as the store has it, by one of the two, so that what is stored can be
//! compared with what was told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use peerpack_actors::ids::{ChatId, UserId};

use crate::api::{Failure, PAGE};
use crate::oracle::{Kept, Line};
use crate::population::Population;
use crate::shared::{Account, Shared};

/// How many chats are read at once.
const AT_ONCE: usize = 16;

/// How often a call is tried.
const ATTEMPTS: usize = 5;

/// Reads all chats. How many were read.
pub(super) async fn read(shared: &Arc<Shared>, people: &Population) -> usize {
    let accounts: HashMap<UserId, &Arc<Account>> =
        people.accounts.iter().map(|account| (account.id, account)).collect();
    let chats: Vec<(ChatId, [UserId; 2])> =
        shared.history.lock().talk.chats.iter().map(|(chat, members)| (*chat, *members)).collect();
    let reading = chats.into_iter().map(|(chat, members)| {
        let members = members.map(|member| accounts.get(&member).copied());
        async move {
            let [Some(one), Some(other)] = members else { return false };
            match kept(shared, chat, one, other).await {
                Ok(kept) => {
                    shared.history.lock().talk.kept.insert(chat, kept);
                    true
                }
                Err(failure) => {
                    shared.failed(&format!("chat not read: {}", failure.label()));
                    false
                }
            }
        }
    });
    let read: Vec<bool> = stream::iter(reading).buffer_unordered(AT_ONCE).collect().await;
    read.into_iter().filter(|read| *read).count()
}

/// A chat as the store has it.
async fn kept(shared: &Shared, chat: ChatId, one: &Account, other: &Account) -> Result<Kept, Failure> {
    let mut kept = Kept::default();
    for account in [one, other] {
        kept.unread.insert(account.id, unread(shared, chat, account).await?);
    }
    loop {
        let after = kept.lines.last().map_or(0, |(number, _)| *number);
        let page = page(shared, chat, after, one).await?;
        let is_last = page.len() < PAGE;
        kept.lines.extend(page);
        if is_last {
            return Ok(kept);
        }
    }
}

async fn page(
    shared: &Shared,
    chat: ChatId,
    after: u64,
    reader: &Account,
) -> Result<Vec<(u64, Line)>, Failure> {
    let base = &shared.targets[reader.node].http;
    let mut answer = shared.api.messages(base, &reader.token(), (chat, after)).await;
    for _ in 1..ATTEMPTS {
        let Err(failure) = &answer else { break };
        prepare(shared, reader, failure).await;
        answer = shared.api.messages(base, &reader.token(), (chat, after)).await;
    }
    answer
}

async fn unread(shared: &Shared, chat: ChatId, reader: &Account) -> Result<u64, Failure> {
    let base = &shared.targets[reader.node].http;
    let mut answer = shared.api.unread(base, &reader.token(), chat).await;
    for _ in 1..ATTEMPTS {
        let Err(failure) = &answer else { break };
        prepare(shared, reader, failure).await;
        answer = shared.api.unread(base, &reader.token(), chat).await;
    }
    answer
}

/// Sees to it that the next attempt may succeed: with another token, or a little later.
async fn prepare(shared: &Shared, reader: &Account, failure: &Failure) {
    if matches!(failure, Failure::Refused(401, _)) {
        drop(reader.renew(shared).await);
    } else {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
