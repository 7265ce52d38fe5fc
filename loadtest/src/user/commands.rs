//! Commands of the parties of a deal, over the socket and over HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack::ws::wire::{ClientMessage, Decline, OfRequest};
use peerpack_actors::ids::RequestId;
use uuid::Uuid;

use super::{ATTEMPTS, PAUSE_US};
use crate::api::Failure;
use crate::measure::Metric;
use crate::oracle::{Outcome, What};
use crate::series::Rate;
use crate::shared::{Account, Shared};

/// What goes over the socket.
pub(super) const fn message(what: What, request_id: RequestId) -> ClientMessage {
    let of = OfRequest { request_id };
    match what {
        What::Accept => ClientMessage::OfferAccept(of),
        What::Decline => ClientMessage::OfferDecline(Decline { request_id, reason: None }),
        What::PickUp => ClientMessage::RequestPickUp(of),
        What::Deliver => ClientMessage::RequestDeliver(of),
        What::Confirm => ClientMessage::RequestConfirm(of),
        What::Cancel => ClientMessage::RequestCancel(of),
    }
}

/// Counts and measures the answer to a command.
pub(super) fn note(shared: &Shared, what: What, outcome: &Outcome, due_us: u64, sent_us: u64, now: u64) {
    match outcome {
        Outcome::Ok => shared.counts.add(&format!("{what:?}: ok")),
        Outcome::Refused(code) => shared.failed(&format!("{what:?}: {code}")),
        Outcome::Unknown => shared.failed(&format!("{what:?}: unknown")),
    }
    if (what, outcome) == (What::Accept, &Outcome::Ok) {
        shared.series.count(Rate::Accepted, now);
    }
    if !shared.is_measured(due_us) {
        return;
    }
    match (what, outcome) {
        (What::Accept, Outcome::Ok) => {
            shared.record(Metric::Accept, due_us, now);
            shared.measures.record_between(Metric::AcceptNaive, sent_us, now);
        }
        (What::Accept, Outcome::Refused(_)) => {
            shared.measures.record_between(Metric::AcceptRefused, due_us, now);
        }
        (_, Outcome::Ok) => shared.measures.record_between(Metric::Step, due_us, now),
        _ => {}
    }
}

/// Takes a step over HTTP, and repeats it until its outcome is known.
pub(super) async fn call(
    shared: Arc<Shared>,
    account: Arc<Account>,
    what: What,
    request: RequestId,
    cmd: Uuid,
    due_us: u64,
) {
    let path = match what {
        What::Accept => "accept",
        What::Decline => "decline",
        What::PickUp => "pickup",
        What::Deliver => "mark-delivered",
        What::Confirm => "confirm-delivery",
        What::Cancel => "cancel",
    };
    shared.outstanding.fetch_add(1, Ordering::Relaxed);
    for _ in 0..ATTEMPTS {
        let sent = shared.clock.now_us();
        shared.touch(sent);
        let when = (shared.clock.wall_at(sent), sent);
        shared.history.lock().sent(cmd, account.id, what, request, when);
        let base = &shared.targets[account.node].http;
        let outcome = match shared.api.step(base, &account.token(), request, path, cmd).await {
            Ok(()) => Outcome::Ok,
            Err(Failure::Refused(401, _)) => {
                drop(account.renew(&shared).await);
                Outcome::Unknown
            }
            Err(Failure::Refused(_, code)) => Outcome::Refused(code),
            Err(Failure::Unknown(why)) => {
                shared.failed(&format!("{what:?} over HTTP: {why}"));
                Outcome::Unknown
            }
        };
        let now = shared.clock.now_us();
        shared.touch(now);
        shared.history.lock().answered(cmd, now, outcome.clone());
        note(&shared, what, &outcome, due_us, sent, now);
        if outcome != Outcome::Unknown {
            break;
        }
        tokio::time::sleep(Duration::from_micros(PAUSE_US)).await;
    }
    shared.outstanding.fetch_sub(1, Ordering::Relaxed);
}
