//! What a node does about what it hears from the others.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Hint;
use peerpack_actors::runtime::Engine;

use crate::bus::redis::{RedisBus, Running};
use crate::bus::{Heard, LastPosition};
use crate::edge::sockets::Sockets;
use crate::town::Town;
use crate::town::live::fix_of;

/// Hints that wait to be followed; more are dropped, and the comparison with the store makes up for them.
const HINTS_WAITING: usize = 1_024;

/// Positions of couriers on duty that wait to be taken in.
const FIXES_WAITING: usize = 8_192;

/// Hints that are followed side by side.
const HINTS_AT_ONCE: usize = 8;

/// Listens to the other nodes until the answer is dropped.
pub(super) fn subscribe(
    redis: &RedisBus,
    engine: Engine,
    sockets: Arc<Sockets>,
    town: Option<Arc<Town>>,
) -> Running {
    let (hints, mut heard_hints) = tokio::sync::mpsc::channel::<Hint>(HINTS_WAITING);
    let refreshed = engine.clone();
    // On this thread: what is found there may begin a search, which is a task of this thread.
    actix_web::rt::spawn(async move {
        let hints = stream::poll_fn(move |cx| heard_hints.poll_recv(cx));
        let refresh = |hint: Hint| refreshed.refresh(hint.changed);
        hints.for_each_concurrent(HINTS_AT_ONCE, refresh).await;
    });
    let (fixes, mut heard_fixes) = tokio::sync::mpsc::channel::<(UserId, LastPosition)>(FIXES_WAITING);
    if let Some(town) = town {
        let context = Arc::clone(engine.context());
        actix_web::rt::spawn(async move {
            while let Some((courier, fix)) = heard_fixes.recv().await {
                if let Some(fix) = fix_of(fix) {
                    town.dispatch().heard(&context, courier, fix);
                }
            }
        });
    }
    redis.subscribe(move |heard| {
        match heard {
            Heard::Hint(hint) => {
                // People first: looking at what has changed may take a while.
                engine.catch_up(&hint.users);
                if hints.try_send(hint).is_err() {
                    metrics::counter!("peerpack_hints_dropped_total").increment(1);
                }
            }
            Heard::Position(courier, position) => sockets.located(courier, position),
            // A lost one costs nothing: the courier says it again.
            Heard::Fix(courier, fix) => drop(fixes.try_send((courier, fix))),
            Heard::Replaced(user, socket) => sockets.make_room(user, socket),
            Heard::Signal(signal) => sockets.signal(signal),
            // The supervisor compares every position with the store within seconds anyway.
            Heard::Gap => tracing::info!("listening to the other nodes; hints may have been missed"),
        }
    })
}
