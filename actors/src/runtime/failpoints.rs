//! What only tests do to the engine: its actors die on demand, as a bug would have it.

use actix::Handler;

use super::context::Directories;
use super::envelope::Envelope;
use super::messages::Crash;
use super::package_actor::PackageActor;
use super::trip_actor::TripActor;
use super::user_actor::UserActor;
use crate::ids::{PackageId, TripId, UserId};

/// The kind of actor that dies.
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
        // A message that is not delivered found nobody alive.
        let _ = match self {
            Self::Trip(id) => directories.trips.get(id).tell(Crash),
            Self::Package(id) => directories.packages.get(id).tell(Crash),
            Self::User(id) => directories.users.get(id).tell(Crash),
        };
    }
}

fn die() {
    panic!("a test asked the actor to die");
}

impl Handler<Envelope<Crash>> for TripActor {
    type Result = ();

    fn handle(&mut self, _: Envelope<Crash>, _: &mut Self::Context) {
        die();
    }
}

impl Handler<Envelope<Crash>> for PackageActor {
    type Result = ();

    fn handle(&mut self, _: Envelope<Crash>, _: &mut Self::Context) {
        die();
    }
}

impl Handler<Envelope<Crash>> for UserActor {
    type Result = ();

    fn handle(&mut self, _: Envelope<Crash>, _: &mut Self::Context) {
        die();
    }
}
