//! Every socket of this node: whose it is, from where it comes, how many there may be, and the way to end it
//! from outside.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use peerpack_actors::ids::{ChatId, TripId, UserId};
use smallvec::SmallVec;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::bucket::Bucket;
use super::close;
use super::outbox::{Ending, Outbox, WhisperKind};
use super::viewers::{Viewer, Viewers};
use crate::auth::revocations::Ended;
use crate::bus::{LastPosition, Signal};

/// The close code of a restart.
const RESTART: u16 = 1012;

/// How far apart clients are sent away when all are.
const SPREAD_MS: u32 = 10_000;

/// Handshakes in a second, and at once.
const HANDSHAKES: Bucket = Bucket::new(500, 1_000);

/// Resumes in a second, and at once.
const RESUMES: Bucket = Bucket::new(500, 1_000);

/// How often in a row a user's newest socket takes the place of the oldest, and then how often. Devices that
/// all want to be here at once would otherwise send each other away for ever.
const REPLACEMENTS: Bucket = Bucket::every(Duration::from_secs(3), 20);

/// The sockets of a node.
pub struct Sockets {
    open: Mutex<Open>,
    handshakes: Mutex<Bucket>,
    resumes: Mutex<Bucket>,
    emptied: Notify,
    /// Those that show a part of the town; they are told of no events.
    viewers: Viewers,
}

#[derive(Default)]
struct Open {
    /// The connections of each user, oldest first.
    users: HashMap<UserId, SmallVec<[Arc<Outbox>; 1]>>,
    addresses: HashMap<IpAddr, usize>,
    /// Who is shown where a courier is, and for which trip.
    watchers: HashMap<UserId, Vec<(TripId, Arc<Outbox>)>>,
    /// Who is shown whether somebody is there, and for which chat.
    lookouts: HashMap<UserId, Vec<(ChatId, Arc<Outbox>)>>,
    /// Of users who had more than they may, while they have any.
    replacements: HashMap<UserId, Bucket>,
    count: usize,
    /// Whether all were sent away; who comes after that is sent after them.
    is_over: bool,
}

/// What a socket is told that makes room.
const REPLACED: Ending = Ending::new(close::REPLACED, "replaced by a newer connection");

impl Default for Sockets {
    fn default() -> Self {
        let bucket = Mutex::new;
        Self {
            open: Mutex::default(),
            handshakes: bucket(HANDSHAKES),
            resumes: bucket(RESUMES),
            emptied: Notify::new(),
            viewers: Viewers::default(),
        }
    }
}

impl Sockets {
    /// Those that show a part of the town.
    pub(crate) const fn viewers(&self) -> &Viewers {
        &self.viewers
    }

    /// Takes a socket in that shows a part of the town.
    pub(crate) fn view(&self, viewer: &Arc<Viewer>) {
        self.viewers.enter(viewer, away);
    }

    /// How many there are, beside those that show a part of the town.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.lock().count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one more handshake may be answered now.
    pub(crate) fn admits_handshake(&self) -> bool {
        self.handshakes.lock().spend(Instant::now())
    }

    /// Whether one more resume may be answered now.
    pub(crate) fn admits_resume(&self) -> bool {
        self.resumes.lock().spend(Instant::now())
    }

    /// A courier is here now: anybody who watches one of their trips on this node is told.
    pub fn located(&self, courier: UserId, position: LastPosition) {
        let watchers = self.open.lock().watchers.get(&courier).cloned().unwrap_or_default();
        for (trip, outbox) in watchers {
            outbox.locate(trip, position);
        }
    }

    /// Shows a connection where the courier of a trip is, from now on.
    pub(crate) fn watch(&self, courier: UserId, trip: TripId, outbox: &Arc<Outbox>) {
        self.unwatch(courier, trip, outbox);
        self.open.lock().watchers.entry(courier).or_default().push((trip, Arc::clone(outbox)));
    }

    /// Stops showing a connection where the courier of a trip is.
    pub(crate) fn unwatch(&self, courier: UserId, trip: TripId, outbox: &Arc<Outbox>) {
        let mut open = self.open.lock();
        if let Some(watchers) = open.watchers.get_mut(&courier) {
            watchers.retain(|(of, watcher)| *of != trip || !Arc::ptr_eq(watcher, outbox));
            if watchers.is_empty() {
                open.watchers.remove(&courier);
            }
        }
    }

    /// Tells the people on this node whom it concerns what is worth a word only now.
    pub fn signal(&self, signal: Signal) {
        match signal {
            Signal::Typing { to, chat, by } => {
                for outbox in self.of(to) {
                    outbox.whisper(chat, WhisperKind::Typing, by, true);
                }
            }
            Signal::Presence { user, is_here } => {
                let lookouts = self.open.lock().lookouts.get(&user).cloned().unwrap_or_default();
                // A person who has left another node may still be here.
                let is_here = is_here || !self.of(user).is_empty();
                for (chat, outbox) in lookouts {
                    outbox.whisper(chat, WhisperKind::Presence, user, is_here);
                }
            }
        }
    }

    /// Shows a connection whether the other one of a chat is there, from now on.
    pub(crate) fn look_out(&self, user: UserId, chat: ChatId, outbox: &Arc<Outbox>) {
        self.look_away(user, chat, outbox);
        self.open.lock().lookouts.entry(user).or_default().push((chat, Arc::clone(outbox)));
    }

    /// Stops showing a connection whether the other one of a chat is there.
    pub(crate) fn look_away(&self, user: UserId, chat: ChatId, outbox: &Arc<Outbox>) {
        let mut open = self.open.lock();
        if let Some(lookouts) = open.lookouts.get_mut(&user) {
            lookouts.retain(|(of, other)| *of != chat || !Arc::ptr_eq(other, outbox));
            if lookouts.is_empty() {
                open.lookouts.remove(&user);
            }
        }
    }

    /// Closes every socket on this node of users whose sessions were ended: a ban is final, and so is the end
    /// of the socket's own session; other devices come back with a token of now.
    pub fn close_ended(&self, ended: &[Ended]) {
        self.viewers.close_ended(ended);
        for Ended { session, user, is_banned, .. } in ended {
            let own = self.of(*user).into_iter().filter(|outbox| outbox.signed_in() == *session);
            own.for_each(|outbox| {
                outbox.end(if *is_banned {
                    Ending::new(close::BANNED, "banned")
                } else {
                    Ending::new(close::INVALID_TOKEN, "the session was ended")
                });
            });
        }
        for Ended { user, .. } in ended {
            for outbox in self.of(*user) {
                outbox.end(Ending::new(close::TOKEN_EXPIRED, "a session of yours was ended"));
            }
        }
    }

    /// Sends every client of this node away, as before a restart: each is told when to come back. Waits until
    /// all are gone, at most `patience`.
    pub async fn close_all(&self, patience: Duration) {
        let all: Vec<_> = {
            let mut open = self.open.lock();
            open.is_over = true;
            open.users.values().flatten().cloned().collect()
        };
        for outbox in all {
            outbox.end(restart());
        }
        let gone = async {
            loop {
                let emptied = self.emptied.notified();
                if self.is_empty() {
                    return;
                }
                emptied.await;
            }
        };
        let all_gone = async { tokio::join!(gone, self.viewers.close_all(away)) };
        if tokio::time::timeout(patience, all_gone).await.is_err() {
            tracing::warn!(left = self.len() + self.viewers.len(), "some sockets did not close in time");
        }
    }

    /// Whether a user has a socket open.
    #[must_use]
    pub fn has(&self, user: UserId) -> bool {
        self.open.lock().users.contains_key(&user)
    }

    /// The sockets of a user.
    pub(crate) fn of(&self, user: UserId) -> SmallVec<[Arc<Outbox>; 1]> {
        self.open.lock().users.get(&user).cloned().unwrap_or_default()
    }

    /// Adds a socket; answers with those that have to go, and with what code.
    pub(crate) fn enter(
        &self,
        user: UserId,
        outbox: &Arc<Outbox>,
        most: usize,
    ) -> Vec<(Arc<Outbox>, Ending)> {
        let mut open = self.open.lock();
        let Open { users, replacements, count, is_over, .. } = &mut *open;
        *count += 1;
        let of_user = users.entry(user).or_default();
        of_user.push(Arc::clone(outbox));
        if *is_over {
            return vec![(Arc::clone(outbox), restart())];
        }
        let surplus = of_user.len().saturating_sub(most.max(1));
        if surplus == 0 {
            return Vec::new();
        }
        if !replacements.entry(user).or_insert(REPLACEMENTS).spend(Instant::now()) {
            return vec![(Arc::clone(outbox), Ending::new(close::TOO_MANY, "too many sockets"))];
        }
        of_user[..surplus].iter().map(|oldest| (Arc::clone(oldest), REPLACED)).collect()
    }

    /// Ends a socket that has to make room for one on another node, if it is here.
    pub fn make_room(&self, user: UserId, socket: Uuid) {
        let here = self.of(user).into_iter().find(|outbox| outbox.name() == socket);
        if let Some(outbox) = here {
            outbox.end(REPLACED);
        }
    }

    /// Counts a socket of an address; `false` if there are enough of them already.
    pub(crate) fn take_place(&self, address: IpAddr, most: usize) -> bool {
        let mut open = self.open.lock();
        let of_address = open.addresses.entry(address).or_default();
        let is_free = *of_address < most.max(1);
        if is_free {
            *of_address += 1;
        }
        is_free
    }

    /// Counts a socket of an address no longer.
    pub(crate) fn free_place(&self, address: IpAddr) {
        let mut open = self.open.lock();
        if let Some(of_address) = open.addresses.get_mut(&address) {
            *of_address -= 1;
            if *of_address == 0 {
                open.addresses.remove(&address);
            }
        }
    }

    /// Whether one more socket of a user may take the place of another.
    pub(crate) fn may_replace(&self, user: UserId) -> bool {
        self.open.lock().replacements.entry(user).or_insert(REPLACEMENTS).spend(Instant::now())
    }

    /// Takes a socket out.
    pub(crate) fn leave(&self, user: UserId, outbox: &Arc<Outbox>) {
        let mut open = self.open.lock();
        let Some(of_user) = open.users.get_mut(&user) else { return };
        let before = of_user.len();
        of_user.retain(|other| !Arc::ptr_eq(other, outbox));
        let gone = before - of_user.len();
        if of_user.is_empty() {
            open.users.remove(&user);
            open.replacements.remove(&user);
        }
        open.count -= gone;
        if open.count == 0 {
            self.emptied.notify_waiters();
        }
    }
}

/// The end of one client's connection before a restart.
fn restart() -> Ending {
    let retry_after_ms = Some(rand::random_range(0..SPREAD_MS));
    Ending { code: RESTART, reason: "restart", retry_after_ms }
}

/// The same of a socket that shows a part of the town.
fn away() -> Ending {
    Ending { code: close::GOING_AWAY, ..restart() }
}

#[cfg(test)]
mod tests {
    use peerpack_actors::time::Time;
    use uuid::Uuid;

    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn user(n: u8) -> UserId {
        UserId::new(NOW, [n; 10])
    }

    fn outboxes(count: usize) -> Vec<Arc<Outbox>> {
        (0..count).map(|_| Outbox::new(Uuid::nil())).collect()
    }

    #[test]
    fn the_oldest_socket_goes_first_and_counts_until_it_is_gone() {
        let (sockets, user, outboxes) = (Sockets::default(), user(1), outboxes(4));
        for outbox in &outboxes[..3] {
            assert!(sockets.enter(user, outbox, 3).is_empty());
        }
        let [(replaced, ending)] = &sockets.enter(user, &outboxes[3], 3)[..] else { panic!("not one") };
        assert!(Arc::ptr_eq(replaced, &outboxes[0]) && ending.code == close::REPLACED);
        assert_eq!(sockets.len(), 4);
        for outbox in &outboxes {
            sockets.leave(user, outbox);
            sockets.leave(user, outbox);
        }
        assert!(sockets.is_empty());
    }

    #[tokio::test]
    async fn who_comes_after_all_were_sent_away_is_sent_after_them() {
        let sockets = Sockets::default();
        let [early, late] = [Outbox::new(Uuid::nil()), Outbox::new(Uuid::nil())];
        assert!(sockets.enter(user(1), &early, 5).is_empty());
        sockets.close_all(Duration::ZERO).await;
        assert_eq!(early.ending().map(|ending| ending.code), Some(RESTART));
        let [(gone, ending)] = &sockets.enter(user(2), &late, 5)[..] else { panic!("not one") };
        assert!(Arc::ptr_eq(gone, &late) && ending.code == RESTART && ending.retry_after_ms.is_some());
    }

    #[test]
    fn devices_that_send_each_other_away_for_ever_are_stopped() {
        let (sockets, user) = (Sockets::default(), user(1));
        let mut here: Vec<_> = outboxes(2);
        for outbox in &here {
            sockets.enter(user, outbox, 2);
        }
        let turned_away = (0..60).position(|_| {
            let newest = Outbox::new(Uuid::nil());
            let leaving = sockets.enter(user, &newest, 2);
            here.push(newest);
            let [(gone, ending)] = &leaving[..] else { panic!("not one") };
            sockets.leave(user, gone);
            here.retain(|outbox| !Arc::ptr_eq(outbox, gone));
            assert_eq!(here.len(), 2);
            ending.code == close::TOO_MANY
        });
        assert_eq!(turned_away, Some(20));
        for outbox in &here {
            sockets.leave(user, outbox);
        }
        assert!(sockets.open.lock().replacements.is_empty());
    }

    #[test]
    fn rt_13_a_session_ends_its_own_sockets_for_good_and_sends_the_others_back() {
        let sockets = Sockets::default();
        let (anna, boris, vera) = (user(1), user(2), user(3));
        let sessions = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let of = |user: UserId| {
            let outboxes = sessions.map(Outbox::new);
            for outbox in &outboxes {
                sockets.enter(user, outbox, 5);
            }
            outboxes
        };
        let (annas, boriss, veras) = (of(anna), of(boris), of(vera));
        let ended = |user, session, is_banned| Ended { session, user, at: NOW, is_banned };
        let all = [
            ended(anna, sessions[0], false),
            ended(boris, sessions[0], true),
            ended(boris, sessions[1], true),
        ];
        sockets.close_ended(&all);
        let codes = |outboxes: [Arc<Outbox>; 2]| outboxes.map(|one| one.ending().map(|ending| ending.code));
        assert_eq!(codes(annas), [Some(close::INVALID_TOKEN), Some(close::TOKEN_EXPIRED)]);
        assert_eq!(codes(boriss), [Some(close::BANNED), Some(close::BANNED)]);
        assert_eq!(codes(veras), [None, None]);
    }
}
