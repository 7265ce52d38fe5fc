//! What people bring to the market: trips, packages, and what they ask and answer each other.

use super::Engine;
use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::market::package::{MEANT_WITHIN, Package, PackageCommand, PackageDraft, Proposal, Terms};
use crate::market::trip::{Trip, TripDraft};
use crate::matching::{self, Reason, TripEntry};
use crate::money::Amount;
use crate::money::fees::reserve;
use crate::place::Gazetteer;
use crate::ports::CommitError;
use crate::rejection::Rejection;
use crate::runtime::claim::ATTEMPTS;
use crate::runtime::measured;
use crate::runtime::messages::Consider;
use crate::runtime::promise::Subject;
use crate::runtime::refusal::Refusal;
use crate::stream;
use crate::unit::{Publications, Unit};

/// How many of a sender's latest publications are looked at. A person who publishes more within a minute does
/// not do so by hand.
const MAX_PUBLISHED: u32 = 64;

/// A courier's answer to a package: which trip, for how much.
#[derive(Clone, Debug)]
pub struct Response {
    /// The trip that would carry it.
    pub trip: TripId,
    /// What the courier asks for it.
    pub price: Amount,
    /// Free words to the sender; may be empty.
    pub comment: String,
    /// The airport or station that the courier names; empty where the trip's counts.
    pub airport: String,
}

/// A parcel as a sender describes it to a courier, without naming a package.
#[derive(Clone, Debug)]
pub struct Described {
    /// What is published, unless it was published a moment ago.
    pub draft: PackageDraft,
    /// Whether a reward was named. If none was, any will do.
    pub says_reward: bool,
}

impl Engine {
    /// Publishes a trip; waiting packages that it could carry are offered at once.
    ///
    /// # Errors
    /// The refusal.
    pub async fn publish_trip(&self, courier: UserId, draft: TripDraft) -> Result<Trip, Refusal> {
        let now = self.context.clock.now();
        let trip = Trip::publish(TripId::new(now, self.context.clock.random()), courier, draft, now)?;
        let asked = self.context.asked_for_trip(&trip);
        let mut unit = Unit::publish_trip(trip.clone(), &self.context.senders_waiting_for(&trip))
            .within(self.context.settings.bounds);
        unit.notices.extend(asked.iter().map(|one| stream::trip_matched(one, &trip)));
        unit.receipt =
            self.conditions.answering.as_ref().and_then(|promise| promise.receipt(Subject::Trip(&trip)));
        self.context.commit(unit, [trip.id.into()]).await?;
        self.context.have_answered(&asked);
        self.context.follow_trip(&trip, true);
        Ok(trip)
    }

    /// Publishes a package; couriers whose trips suit it get offers at once, or hear of it if the sender
    /// chooses.
    ///
    /// # Errors
    /// The refusal.
    pub async fn publish_package(&self, sender: UserId, draft: PackageDraft) -> Result<Package, Refusal> {
        let now = self.context.clock.now();
        let mut package =
            Package::publish(PackageId::new(now, self.context.clock.random()), sender, draft, now)?;
        package.terms = self.terms(&package);
        let suits = self.context.couriers_for(&package);
        let unit = Unit::publish_package_telling(package.clone(), &suits);
        self.publish(&package, unit).await.map_err(Refusal::from)?;
        self.context.have_heard(&suits);
        Ok(package)
    }

    /// Publishes a package and asks the courier of a trip to carry it, both or neither.
    ///
    /// # Errors
    /// `does_not_suit` when the trip cannot carry it; any other refusal.
    pub async fn publish_and_ask(
        &self,
        sender: UserId,
        draft: PackageDraft,
        trip: TripId,
        message: String,
    ) -> Result<(Package, RequestId), Refusal> {
        Ok(self.publish_asking(sender, draft, trip, message, None).await?)
    }

    /// The sender describes a parcel, names no package, and asks a courier to carry it on one of these trips.
    /// A parcel that was published a moment ago in these words is the one that is meant, and asked for on the
    /// first trip that it suits; otherwise it is published and asked for, both or neither. Says on which
    /// trip.
    ///
    /// # Errors
    /// The first refusal, when no trip can carry it.
    pub async fn describe_and_ask(
        &self,
        sender: UserId,
        described: Described,
        trips: &[TripId],
        message: String,
    ) -> Result<(Package, TripId), Refusal> {
        let Described { draft, says_reward } = described;
        let reward = says_reward.then_some(draft.reward);
        for _ in 0..ATTEMPTS {
            let now = self.context.clock.now();
            let since = now - MEANT_WITHIN;
            let published = self.context.store.published_by(sender, since, MAX_PUBLISHED).await?;
            let is_meant = |package: &&Package| package.is_meant_by(sender, &draft.description, reward, now);
            if let Some(package) = published.iter().find(is_meant) {
                match self.ask_on_one_of(package, trips, sender, &message).await {
                    // It goes another way than the courier, so this is another parcel.
                    Err(Refusal::Rejected(Rejection::DoesNotSuit(_))) => {}
                    answer => return answer,
                }
            }
            let count = published.len();
            let seen = (count < MAX_PUBLISHED as usize).then_some(Publications { sender, since, count });
            let mut refused = Refusal::NotFound;
            for trip in trips {
                match self.publish_asking(sender, draft.clone(), *trip, message.clone(), seen).await {
                    Ok((package, _)) => return Ok((package, *trip)),
                    // Something else was published meanwhile; it may be this parcel.
                    Err(Unpublished::Conflict) => {
                        refused = Refusal::Busy;
                        break;
                    }
                    Err(Unpublished::Refused(refusal)) => refused = earlier(refused, refusal)?,
                }
            }
            if !matches!(refused, Refusal::Busy) {
                return Err(refused);
            }
        }
        Err(Refusal::Busy)
    }

    /// Asks for a package on the first of these trips that it suits. Trips that the package has an open
    /// request or a deal for are tried first.
    async fn ask_on_one_of(
        &self,
        package: &Package,
        trips: &[TripId],
        by: UserId,
        message: &str,
    ) -> Result<(Package, TripId), Refusal> {
        let mut trips = trips.to_vec();
        trips.sort_by_key(|trip| package.request_on(*trip).is_none());
        let mut refused = Refusal::NotFound;
        for trip in trips {
            match self.ask(package.id, trip, by, message.to_owned()).await {
                Ok((package, _)) => return Ok((package, trip)),
                Err(refusal) => refused = earlier(refused, refusal)?,
            }
        }
        Err(refused)
    }

    async fn publish_asking(
        &self,
        sender: UserId,
        draft: PackageDraft,
        trip: TripId,
        message: String,
        seen: Option<Publications>,
    ) -> Result<(Package, RequestId), Unpublished> {
        let now = self.context.clock.now();
        let mut package =
            Package::publish(PackageId::new(now, self.context.clock.random()), sender, draft, now)
                .map_err(Refusal::from)?;
        package.made_from = self.conditions.made_from;
        package.terms = self.terms(&package);
        let proposal = self.proposal(&package, trip, package.draft.reward, message).await?;
        let id = proposal.id;
        let ask = PackageCommand::Ask { by: sender, proposal };
        let outcome =
            package.decide(&ask, None, self.context.settings.funding, now).map_err(Refusal::from)?;
        let mut unit = Unit::publish_package_with(&package, &outcome);
        unit.seen = seen;
        package.apply(&outcome.events);
        self.publish(&package, unit).await?;
        Ok((package, id))
    }

    /// The sender asks the courier of a trip to carry a package.
    ///
    /// # Errors
    /// `does_not_suit` when the trip cannot carry it; any other refusal.
    pub async fn ask(
        &self,
        package: PackageId,
        trip: TripId,
        by: UserId,
        message: String,
    ) -> Result<(Package, RequestId), Refusal> {
        let held = self.context.store.package(package).await?.ok_or(Refusal::NotFound)?;
        if held.sender != by {
            return Err(Refusal::NotFound);
        }
        let proposal = self.proposal(&held, trip, held.draft.reward, message).await?;
        let done = self.package(package, PackageCommand::Ask { by, proposal }).await?;
        // What stood already keeps its id.
        let id = done.package.request_on(trip).ok_or(Refusal::NotFound)?.id;
        Ok((done.package, id))
    }

    /// A courier responds to a package with one of their trips.
    ///
    /// # Errors
    /// `does_not_suit` when the trip cannot carry it; any other refusal.
    pub async fn respond(
        &self,
        package: PackageId,
        by: UserId,
        response: Response,
    ) -> Result<(Package, RequestId), Refusal> {
        let held = self.context.store.package(package).await?.ok_or(Refusal::NotFound)?;
        let mut proposal = self.proposal(&held, response.trip, response.price, response.comment).await?;
        proposal.airport = response.airport;
        if proposal.courier != by {
            return Err(Refusal::NotFound);
        }
        let id = proposal.id;
        let done = self.package(package, PackageCommand::Respond { proposal }).await?;
        Ok((done.package, id))
    }

    /// What is agreed about a package that is published now.
    fn terms(&self, package: &Package) -> Terms {
        let payment = self.context.settings.payment.of(package.draft.mode.fee_kind());
        Terms { payment, ..self.conditions.terms }
    }

    #[tracing::instrument(
        name = "command", level = "debug", skip_all, fields(package = %package.id, command = "publish")
    )]
    async fn publish(&self, package: &Package, unit: Unit) -> Result<(), CommitError> {
        let mut unit = unit.within(self.context.settings.bounds);
        let asked = self.context.asked_for_package(package);
        unit.notices.extend(asked.iter().map(|one| stream::package_matched(one, package)));
        if let Some(reward) = package.reserved() {
            unit.transfers = reserve(package.id, package.sender, reward, self.context.settings.funding);
        }
        unit.receipt =
            self.conditions.answering.as_ref().and_then(|promise| promise.receipt(Subject::Package(package)));
        self.context.commit(unit, [package.id.into()]).await?;
        self.context.have_answered(&asked);
        self.context.follow_package(package);
        if package.is_waiting(package.created_at) && !self.context.settings.bypass_actors {
            let _ = self.context.directories().packages.get(package.id).tell(Consider);
        }
        Ok(())
    }

    async fn proposal(
        &self,
        package: &Package,
        trip: TripId,
        reward: Amount,
        message: String,
    ) -> Result<Proposal, Refusal> {
        let settings = &self.context.settings.matching;
        let trip = self.context.store.trip(trip).await?.ok_or(Refusal::NotFound)?;
        if trip.courier == package.sender {
            return Err(Rejection::OwnPackage.into());
        }
        let entry = TripEntry::of(&trip, Gazetteer::bundled(), settings);
        let now = self.context.clock.now();
        let needs = self.context.package_entry(package);
        let mut plan = matching::fit(&entry, &needs.need(), now).map_err(unsuitable)?;
        if let Some(question) = measured::question(&self.context, &needs, &entry, plan) {
            let measured = measured::measure(&self.context, vec![question]).await;
            plan = measured.of(trip.id, &plan).unwrap_or(Ok(plan)).map_err(unsuitable)?;
        }
        let id = RequestId::new(now, self.context.clock.random());
        let (trip, courier, airport) = (trip.id, trip.courier, String::new());
        Ok(Proposal { id, trip, courier, plan, reward, message, airport, time_limit: None })
    }
}

/// Of two refusals of trips that were tried one after the other the first counts, unless it says only that
/// the trip does not suit.
///
/// # Errors
/// The second one, if no other trip has to be tried: nobody knows what became of it, or the courier is asked
/// already.
fn earlier(first: Refusal, second: Refusal) -> Result<Refusal, Refusal> {
    match (&first, &second) {
        (_, Refusal::Rejected(Rejection::AlreadyRequested)) => Err(second),
        (Refusal::NotFound | Refusal::Rejected(Rejection::DoesNotSuit(_)), Refusal::Rejected(_)) => {
            Ok(second)
        }
        (_, Refusal::Rejected(_) | Refusal::NotFound) => Ok(first),
        _ => Err(second),
    }
}

/// Why a package was not published.
enum Unpublished {
    /// It was decided upon a view of what the sender has published that is no longer true.
    Conflict,
    /// It was refused for any other reason.
    Refused(Refusal),
}

impl From<Refusal> for Unpublished {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<CommitError> for Unpublished {
    fn from(error: CommitError) -> Self {
        if error == CommitError::Conflict { Self::Conflict } else { Self::Refused(error.into()) }
    }
}

impl From<Unpublished> for Refusal {
    fn from(unpublished: Unpublished) -> Self {
        match unpublished {
            Unpublished::Conflict => Self::Busy,
            Unpublished::Refused(refusal) => refusal,
        }
    }
}

fn unsuitable(reason: Reason) -> Rejection {
    match reason {
        Reason::Capacity { leg } => Rejection::NoRoom(leg),
        Reason::NotLive => Rejection::TripNotLive,
        Reason::OwnPackage => Rejection::OwnPackage,
        other => Rejection::DoesNotSuit(other.kind()),
    }
}
