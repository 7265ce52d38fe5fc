//! What only tests do to the engine: its actors die on demand, as a bug would have it.

use actix::{Handler, Message};

use super::context::Directories;
use super::mailbox::Letter;
use super::package_actor::PackageActor;
use super::trip_actor::TripActor;
use super::user_actor::UserActor;
use crate::ids::{PackageId, TripId, UserId};

/// Whose actor dies.
#[derive(Clone, Copy, Debug)]
pub enum Victim {
    /// That of a trip.
    Trip(TripId),
    /// That of a package.
    Package(PackageId),
    /// That of a user.
    User(UserId),
}

impl Victim {
    pub(super) fn dies_in(self, directories: &Directories) {
        // A letter that is not delivered found nobody alive.
        let _ = match self {
            Self::Trip(id) => directories.trips.get(id).tell(Crash),
            Self::Package(id) => directories.packages.get(id).tell(Crash),
            Self::User(id) => directories.users.get(id).tell(Crash),
        };
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Crash;

fn die() {
    panic!("a test asked the actor to die");
}

impl Handler<Letter<Crash>> for TripActor {
    type Result = ();

    fn handle(&mut self, _: Letter<Crash>, _: &mut Self::Context) {
        die();
    }
}

impl Handler<Letter<Crash>> for PackageActor {
    type Result = ();

    fn handle(&mut self, _: Letter<Crash>, _: &mut Self::Context) {
        die();
    }
}

impl Handler<Letter<Crash>> for UserActor {
    type Result = ();

    fn handle(&mut self, _: Letter<Crash>, _: &mut Self::Context) {
        die();
    }
}
