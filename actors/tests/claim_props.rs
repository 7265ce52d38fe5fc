//! One package, many requests, everybody at once: whatever the order, nobody is robbed and nobody is left in
//! the dark.

mod fixture;

use std::collections::BTreeMap;

use fixture::{NOW, grams, id, package, proposal, roubles, trip};
use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::invariants::{self, Books, Verdict};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::package::{
    Outcome, Package, PackageCommand, PackageEvent, PackageState, Proposal,
};
use peerpack_actors::market::request::{Party, RequestCommand, RequestState};
use peerpack_actors::market::trip::Trip;
use peerpack_actors::money::ledger::{Account, EscrowState, Funding};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::stream::{self, OfferEndReason, StreamEvent};
use peerpack_actors::time::{Span, Time};
use proptest::prelude::*;
use proptest::sample::Index;

const TRIPS: usize = 50;
const COURIERS: u128 = 8;

/// Who started a request.
#[derive(Clone, Copy, Debug)]
enum Start {
    Ask,
    Respond,
    Offer,
}

/// Who takes a step, right or wrong.
#[derive(Clone, Copy, Debug)]
enum Caller {
    Sender,
    Courier,
    OtherCourier,
    Stranger,
}

/// A step of a request.
#[derive(Clone, Copy, Debug)]
enum Step {
    Accept,
    Decline,
    Withdraw,
    Expire,
    PickUp,
    Deliver,
    Confirm,
    Dispute,
    Settle,
    PayCourier,
    RefundSender,
    Cancel,
    Select,
}

/// Everything the world can do.
#[derive(Clone, Debug)]
enum Happening {
    Open(Start, Index),
    Wave(usize, Index),
    Take(Step, Caller, Index),
    /// The party that may take the step takes it on a request that waits or is the deal.
    TakeRightly(Step, Index),
    ExpireOverdue,
    TripGone(Index),
    CancelPackage(Caller),
    /// Seconds; a clock can be set back.
    PassTime(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Accept),
        2 => Just(Step::Decline),
        2 => Just(Step::Withdraw),
        2 => Just(Step::Expire),
        2 => Just(Step::PickUp),
        1 => Just(Step::Deliver),
        1 => Just(Step::Confirm),
        1 => Just(Step::Dispute),
        1 => Just(Step::Settle),
        1 => Just(Step::PayCourier),
        1 => Just(Step::RefundSender),
        3 => Just(Step::Cancel),
        2 => Just(Step::Select),
    ]
}

fn caller() -> impl Strategy<Value = Caller> {
    use Caller as C;
    prop_oneof![Just(C::Sender), Just(C::Courier), Just(C::OtherCourier), Just(C::Stranger)]
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let start = prop_oneof![Just(Start::Ask), Just(Start::Respond), Just(Start::Offer)];
    prop_oneof![
        4 => (start, any::<Index>()).prop_map(|(start, trip)| H::Open(start, trip)),
        1 => (1..=12_usize, any::<Index>()).prop_map(|(size, first)| H::Wave(size, first)),
        5 => (step(), caller(), any::<Index>()).prop_map(|(step, caller, which)| H::Take(step, caller, which)),
        6 => (step(), any::<Index>()).prop_map(|(step, which)| H::TakeRightly(step, which)),
        1 => Just(H::ExpireOverdue),
        1 => any::<Index>().prop_map(H::TripGone),
        1 => caller().prop_map(H::CancelPackage),
        2 => (-5..30_i64).prop_map(H::PassTime),
    ]
}

/// The core's values with what has to follow them.
struct World {
    now: Time,
    package: Package,
    trips: Vec<Trip>,
    books: Books,
    funding: Funding,
    escrow: BTreeMap<RequestId, EscrowState>,
    paths: BTreeMap<RequestId, Vec<RequestState>>,
    /// The request that was told it has the package.
    winner: Option<RequestId>,
    next_id: u128,
}

impl World {
    fn new(funding: Funding) -> Self {
        let trips = (0..TRIPS).map(|n| trip(100 + n as u128, courier(n as u128 % COURIERS), 3));
        let mut books = Books::default();
        if funding == Funding::Wallet {
            books.fund(sender(), roubles(500));
        }
        Self {
            now: NOW,
            package: package(20, sender(), grams(1_000)),
            trips: trips.collect(),
            books,
            funding,
            escrow: BTreeMap::new(),
            paths: BTreeMap::new(),
            winner: None,
            next_id: 1_000,
        }
    }

    fn run(&mut self, happening: &Happening) -> Verdict {
        let command = match happening {
            Happening::PassTime(seconds) => {
                self.now = self.now + Span::seconds(*seconds);
                return Ok(());
            }
            Happening::Open(start, trip) => self.open(*start, trip.index(TRIPS)),
            Happening::Wave(size, first) => {
                let first = first.index(TRIPS);
                PackageCommand::Offer((0..*size).map(|n| self.propose((first + n) % TRIPS, true)).collect())
            }
            Happening::ExpireOverdue => PackageCommand::ExpireOverdue,
            Happening::TripGone(trip) => PackageCommand::TripGone(self.trips[trip.index(TRIPS)].id),
            Happening::CancelPackage(caller) => {
                PackageCommand::Cancel { by: self.who(*caller, self.trips[0].courier) }
            }
            Happening::Take(step, caller, which) => {
                let Some(request) = self.pick(which, |_| true) else { return Ok(()) };
                self.step(*step, request, Some(*caller))
            }
            Happening::TakeRightly(step, which) => {
                let live = |state: &RequestState| state.is_pending() || state.is_deal();
                let Some(request) = self.pick(which, live) else { return Ok(()) };
                self.step(*step, request, None)
            }
        };
        self.carry_out(&command).map(|_| ())
    }

    fn carry_out(
        &mut self,
        command: &PackageCommand,
    ) -> Result<Result<Outcome, Rejection>, invariants::Violation> {
        let trip = self.trip_of(command);
        let answer = self.package.decide(command, trip.as_ref(), self.funding, self.now);
        self.check_answer_to_accept(command, &answer);
        if let Ok(outcome) = &answer {
            invariants::of_outcome(&self.package, outcome)?;
            self.check_claim(outcome);
            self.apply(outcome)?;
        }
        self.check()?;
        Ok(answer)
    }

    fn apply(&mut self, outcome: &Outcome) -> Verdict {
        let was_deal = self.package.state.deal();
        for (id, event) in &outcome.trips {
            let trip = self.trips.iter_mut().find(|trip| trip.id == *id).expect("a trip of this world");
            trip.apply(event);
        }
        for (escrow, event) in &outcome.escrow {
            let known = self.escrow.entry(escrow.request).or_insert(EscrowState::None);
            assert_eq!(*known, escrow.state, "the decision starts where the money is");
            *known = event.next;
            self.books.post(event)?;
        }
        for event in &outcome.events {
            match event {
                PackageEvent::RequestOpened(request) => {
                    self.paths.insert(request.id, Vec::new());
                }
                PackageEvent::RequestMoved { id, to, .. } => {
                    self.paths.get_mut(id).expect("a request that was opened").push(to.clone());
                }
                PackageEvent::OfferAdopted { .. } | PackageEvent::Moved(_) => {}
            }
        }
        if !outcome.is_empty() {
            self.package.apply(&outcome.events);
        }
        if was_deal != self.package.state.deal() {
            assert!(
                was_deal.is_none() || self.package.state.deal().is_none(),
                "a deal does not change hands"
            );
        }
        Ok(())
    }

    /// The predicates, over everything there is.
    fn check(&mut self) -> Verdict {
        let package = &self.package;
        if let Some(violation) = invariants::of_package(package).into_iter().next() {
            return Err(violation);
        }
        for trip in &self.trips {
            let rides = invariants::rides_on(package, trip.id);
            if let Some(violation) = invariants::of_trip(trip, rides).into_iter().next() {
                return Err(violation);
            }
        }
        for request in &package.requests {
            let escrow = self.escrow.get(&request.id).copied().unwrap_or(EscrowState::None);
            invariants::escrow_agrees(request, escrow)?;
            invariants::path_forward(request.id, request.created_at, &self.paths[&request.id])?;
        }
        invariants::one_winner(package.id, self.winner.into_iter().chain(package.state.deal()))?;
        self.winner = package.state.deal();
        self.check_money();
        Ok(())
    }

    /// All of the reward is in exactly one place.
    fn check_money(&self) {
        let deal = self.package.deal();
        let courier = deal.map_or(sender(), |deal| deal.courier);
        let balance = |account| self.books.balance(account, roubles(0).currency);
        let paid_in: i64 = -balance(Account::DemoProvider);
        let (available, frozen, pending, earned, fees) = match deal.map(|deal| deal.state.escrow()) {
            Some(EscrowState::Held) => (paid_in - 50_000, 50_000, 0, 0, 0),
            Some(EscrowState::Pending) => (paid_in - 50_000, 0, 50_000, 0, 0),
            Some(EscrowState::Released) => (paid_in - 50_000, 0, 0, 45_000, 5_000),
            _ => (paid_in, 0, 0, 0, 0),
        };
        assert_eq!(balance(Account::Available(sender())), available);
        assert_eq!(balance(Account::Frozen(courier)), frozen);
        assert_eq!(balance(Account::Pending(courier)), pending);
        if deal.is_some() {
            assert_eq!(balance(Account::Available(courier)), earned);
        }
        assert_eq!(balance(Account::Fees), fees);
    }

    /// An accept is refused for a reason, and only then.
    fn check_answer_to_accept(&self, command: &PackageCommand, answer: &Result<Outcome, Rejection>) {
        let PackageCommand::Request { id, command: RequestCommand::Accept { by } } = command else { return };
        let request = self.package.request(*id).expect("a request that was opened");
        let late = request.deadline() <= self.latest();
        let expected = match &request.state {
            _ if *by != sender() && *by != request.courier => Some("not_a_party"),
            _ if request.party(*by) != Some(request.answerer()) => Some("wrong_party"),
            RequestState::Accepted { .. } => None,
            RequestState::Pending if late => Some("expired"),
            RequestState::Pending => None,
            RequestState::Taken { .. } => Some("already_taken"),
            RequestState::Expired { .. } => Some("expired"),
            _ => Some("illegal_transition"),
        };
        assert_eq!(answer.as_ref().err().map(Rejection::code), expected, "{:?}", request.state);
    }

    /// The clock, or the last thing that happened if the clock is behind it.
    fn latest(&self) -> Time {
        let made = self.package.requests.iter().map(|request| request.created_at);
        let moved = self.paths.values().flatten().filter_map(RequestState::at);
        made.chain(moved).chain(self.package.state.at()).fold(self.now, Time::max)
    }

    /// A claim decides the winner and all losers at once, and tells each of them once.
    fn check_claim(&self, outcome: &Outcome) {
        let claimed = outcome.events.iter().find_map(|event| match event {
            PackageEvent::Moved(PackageState::Assigned { request, .. }) => Some(*request),
            _ => None,
        });
        let Some(winner) = claimed else { return };
        assert_eq!(self.winner, None, "the package was free");
        let mut after = self.package.clone();
        after.apply(&outcome.events);
        assert_eq!(after.request(winner).map(|request| request.state.word()), Some("accepted"));
        let notices = stream::notices(&self.package, &outcome.events);
        let told = |user: UserId, id: RequestId| {
            let mine = |n: &&stream::Notice| n.to == user && invariants::subject(&n.event) == of(id);
            notices.iter().filter(mine).map(|notice| kind(&notice.event)).collect::<Vec<_>>()
        };
        let mut losers = 0;
        for loser in self.package.pending().filter(|request| request.id != winner) {
            losers += 1;
            assert_eq!(after.request(loser.id).map(|request| request.state.word()), Some("taken"));
            let heard = told(loser.courier, loser.id);
            assert!(heard == ["offer.revoked: taken"] || heard == ["request.taken"], "{heard:?}");
        }
        let deal = self.package.request(winner).expect("the winner");
        assert_eq!(told(deal.courier, winner), ["request.accepted"]);
        assert_eq!(told(sender(), winner), ["request.accepted"]);
        assert_eq!(
            notices.len(),
            losers + 2,
            "one notice for each loser, the winner and the sender: {notices:?}"
        );
        assert_eq!(notices.iter().filter(|notice| notice.to == sender()).count(), 1);
    }

    fn open(&mut self, start: Start, trip: usize) -> PackageCommand {
        match start {
            Start::Ask => PackageCommand::Ask { by: sender(), proposal: self.propose(trip, false) },
            Start::Respond => PackageCommand::Respond { proposal: self.propose(trip, false) },
            Start::Offer => PackageCommand::Offer(vec![self.propose(trip, true)]),
        }
    }

    fn propose(&mut self, trip: usize, offer: bool) -> Proposal {
        self.next_id += 1;
        let legs = LegSpan { from: 0, to: 1 + (trip % 3) as u16 };
        let mut proposal = proposal(self.next_id, &self.trips[trip], legs, 5);
        proposal.time_limit = offer.then(|| (Span::seconds(15), self.now + Span::seconds(60)));
        proposal
    }

    fn pick(&self, which: &Index, suits: impl Fn(&RequestState) -> bool) -> Option<RequestId> {
        let all: Vec<RequestId> = self
            .package
            .requests
            .iter()
            .filter(|request| suits(&request.state))
            .map(|request| request.id)
            .collect();
        (!all.is_empty()).then(|| all[which.index(all.len())])
    }

    /// The step as a command; without a caller it is the party that may take the step.
    fn step(&self, step: Step, id: RequestId, caller: Option<Caller>) -> PackageCommand {
        let request = self.package.request(id).expect("a request that was opened");
        let courier_answers = request.answerer() == Party::Courier;
        let rightly = match step {
            Step::Accept | Step::Decline if courier_answers => Caller::Courier,
            Step::Withdraw if !courier_answers => Caller::Courier,
            Step::PickUp | Step::Deliver | Step::Cancel => Caller::Courier,
            Step::PayCourier | Step::RefundSender => Caller::Stranger,
            _ => Caller::Sender,
        };
        let by = self.who(caller.unwrap_or(rightly), request.courier);
        let command = match step {
            Step::Accept => RequestCommand::Accept { by },
            Step::Decline => RequestCommand::Decline { by, reason: None },
            Step::Withdraw => RequestCommand::Withdraw { by },
            Step::Expire => RequestCommand::Expire,
            Step::PickUp => RequestCommand::PickUp { by },
            Step::Deliver => RequestCommand::Deliver { by },
            Step::Confirm => RequestCommand::Confirm { by },
            Step::Dispute => RequestCommand::Dispute { by, reason: "wet".to_owned() },
            Step::Settle => RequestCommand::Settle { delivered_by: self.now },
            Step::PayCourier => RequestCommand::Resolve { in_favour_of: Party::Courier, by },
            Step::RefundSender => RequestCommand::Resolve { in_favour_of: Party::Sender, by },
            Step::Cancel => RequestCommand::Cancel { by },
            Step::Select => RequestCommand::Select { by },
        };
        PackageCommand::Request { id, command }
    }

    fn who(&self, caller: Caller, of_request: UserId) -> UserId {
        match caller {
            Caller::Sender => sender(),
            Caller::Courier => of_request,
            Caller::OtherCourier => self
                .trips
                .iter()
                .map(|trip| trip.courier)
                .find(|other| *other != of_request)
                .expect("another"),
            Caller::Stranger => id(3),
        }
    }

    fn trip_of(&self, command: &PackageCommand) -> Option<Trip> {
        let PackageCommand::Request { id, .. } = command else { return None };
        let wanted = self.package.request(*id)?.trip;
        self.trips.iter().find(|trip| trip.id == wanted).cloned()
    }
}

fn sender() -> UserId {
    id(1)
}

fn courier(n: u128) -> UserId {
    id(50 + n)
}

const fn of(id: RequestId) -> invariants::Subject {
    invariants::Subject::Request(id)
}

fn kind(event: &StreamEvent) -> &'static str {
    match event {
        StreamEvent::OfferRevoked(end) if end.reason == OfferEndReason::Taken => "offer.revoked: taken",
        StreamEvent::RequestTaken(_) => "request.taken",
        StreamEvent::RequestAccepted(_) => "request.accepted",
        _ => "something else",
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_a_package_every_invariant_holds_after_it(
        demo_funds: bool,
        happenings in prop::collection::vec(happening(), 1..120),
    ) {
        let mut world = World::new(if demo_funds { Funding::Demo } else { Funding::Wallet });
        for happening in &happenings {
            if let Err(violation) = world.run(happening) {
                prop_assert!(false, "after {happening:?}: {violation}");
            }
        }
    }

    #[test]
    fn of_many_who_accept_at_once_the_first_wins_and_the_others_hear_it_is_taken(
        starts in prop::collection::vec(prop_oneof![Just(Start::Ask), Just(Start::Respond), Just(Start::Offer)], 2..=TRIPS),
        order in prop::collection::vec(any::<Index>(), 1..150),
    ) {
        let mut world = World::new(Funding::Demo);
        for (trip, start) in starts.iter().enumerate() {
            let command = world.open(*start, trip);
            prop_assert!(world.carry_out(&command).expect("the rules hold").is_ok());
        }
        let mut winner = None;
        for which in &order {
            let request = world.pick(which, |_| true).expect("there are requests");
            let command = world.step(Step::Accept, request, None);
            let answer = world.carry_out(&command).expect("the rules hold");
            match winner {
                None => {
                    prop_assert!(!answer.expect("the first wins").is_empty());
                    winner = Some(request);
                }
                Some(first) if first == request => prop_assert_eq!(answer, Ok(Outcome::default())),
                Some(_) => prop_assert_eq!(answer, Err(Rejection::AlreadyTaken)),
            }
        }
        let taken = world.package.requests.iter().filter(|request| request.state.word() == "taken").count();
        prop_assert_eq!(taken, starts.len() - 1);
    }
}

#[test]
fn a_package_that_was_given_back_can_be_claimed_again_by_another() {
    let mut world = World::new(Funding::Wallet);
    let run = |world: &mut World, command: PackageCommand| {
        world.carry_out(&command).expect("the rules hold").expect("a legal step");
    };
    for trip in 0..3 {
        let command = world.open(Start::Respond, trip);
        run(&mut world, command);
        let request = world.package.requests[trip].id;
        let command = world.step(Step::Accept, request, None);
        run(&mut world, command);
        assert_eq!(world.winner, Some(request));
        if trip < 2 {
            let command = world.step(Step::Cancel, request, None);
            run(&mut world, command);
            assert_eq!(world.winner, None);
        }
    }
    for step in [Step::PickUp, Step::Deliver, Step::Confirm] {
        let command = world.step(step, world.package.requests[2].id, None);
        run(&mut world, command);
    }
    assert_eq!(world.package.state.word(), "confirmed");
}
