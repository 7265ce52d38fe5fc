//! Whom to ask: positions, the filter, both rules, and a search that looks farther.

use proptest::prelude::*;

use super::fixture::{CENTRE, NOW, after, ask, carry_out, courier, duty, id, north, order_in, passenger};
use crate::dispatch::board::Verdict;
use crate::dispatch::ranking::{Circumstances, Ranked, rank};
use crate::dispatch::search::{Limits, Next, next};
use crate::dispatch::track::{Fix, Sighting, Track};
use crate::dispatch::{
    Board, Crowd, Duty, DutyState, Order, OrderCommand, OrderPhase as P, OrderState, Rule, Settings, Unfit,
};
use crate::ids::UserId;
use crate::place::Position;
use crate::time::{Span, Time};

fn settings() -> Settings {
    Settings::default()
}

/// A board with couriers so many kilometres north of the pickup.
fn board(km: &[f64]) -> Board {
    let mut board = Board::new();
    for (n, km) in km.iter().enumerate() {
        let n = n as u128;
        board.follow(duty(n));
        assert_eq!(board.locate(courier(n), north(*km), NOW, &settings()), Some(Sighting::Believed));
    }
    board
}

fn circumstances(board: &Board, now: Time) -> Circumstances<'static> {
    let crowd = board.crowd(&settings(), now);
    Circumstances { crowd, region: None, day_began: NOW - Span::hours(11), seed: 7, now }
}

fn ranked(board: &Board, order: &Order, settings: &Settings, now: Time) -> Vec<UserId> {
    let limits = Limits::of(order.round(), settings);
    let ranked = rank(board, order, limits, &circumstances(board, now), settings);
    ranked.iter().map(|one| one.candidate.courier).collect()
}

#[test]
fn a_jump_is_doubted_until_a_second_position_agrees() {
    let fix = |km, second| Fix { position: north(km), at: after(second) };
    let take = |fixes: &[(f64, i64)]| {
        let mut track = Track::default();
        let sightings: Vec<Sighting> =
            fixes.iter().map(|(km, second)| track.take(fix(*km, *second), &settings())).collect();
        (sightings, track.last().map(|fix| fix.at.since(NOW).ms() / 1_000))
    };
    use Sighting::{Believed, Doubted, Old};
    // 200 km/h are 3.33 km a minute.
    assert_eq!(take(&[(0.0, 0), (3.0, 60)]), (vec![Believed, Believed], Some(60)));
    assert_eq!(take(&[(0.0, 0), (5.0, 60)]), (vec![Believed, Doubted], Some(0)));
    assert_eq!(take(&[(0.0, 0), (5.0, 60), (5.2, 70)]), (vec![Believed, Doubted, Believed], Some(70)));
    assert_eq!(take(&[(0.0, 0), (5.0, 60), (0.1, 70)]), (vec![Believed, Doubted, Believed], Some(70)));
    assert_eq!(take(&[(0.0, 0), (50.0, 60), (90.0, 61)]), (vec![Believed, Doubted, Doubted], Some(0)));
    assert_eq!(take(&[(0.0, 60), (0.1, 59)]), (vec![Believed, Old], Some(60)));
    assert_eq!(take(&[(0.0, 0), (0.05, 0)]), (vec![Believed, Believed], Some(0)), "a receiver's noise");
}

#[test]
fn who_jumps_is_where_they_were_and_then_nowhere_until_it_is_confirmed() {
    let mut board = board(&[1.0]);
    let order = order_in(10, P::Matching);
    board.locate(courier(0), north(3.0), after(10), &settings());
    let near = board.candidates(&order, Limits::of(0, &settings()), 9, &settings(), after(11));
    assert!((near[0].way_km - 1.3).abs() < 0.01, "{near:?}");
    assert_eq!(ranked(&board, &order, &settings(), after(301)), []);
    board.locate(courier(0), north(3.01), after(301), &settings());
    assert_eq!(ranked(&board, &order, &settings(), after(301)), [courier(0)]);
}

#[test]
fn a_position_counts_for_five_minutes() {
    let (board, order) = (board(&[1.0]), order_in(10, P::Matching));
    assert_eq!(ranked(&board, &order, &settings(), after(300)), [courier(0)]);
    assert_eq!(ranked(&board, &order, &settings(), after(301)), []);
}

/// Why one courier a kilometre away is not asked, after a change.
fn why(change: impl FnOnce(&mut Board, &mut Duty, &mut Order)) -> Option<Unfit> {
    let (mut board, mut duty, mut order) = (board(&[1.0]), duty(0), order_in(10, P::Matching));
    change(&mut board, &mut duty, &mut order);
    duty.version += 1;
    board.follow(duty);
    let limits = Limits::of(order.round(), &settings());
    let candidates = board.candidates(&order, limits, 9, &settings(), NOW);
    let verdicts = board.explain(&order, limits, &settings(), NOW);
    let verdict = verdicts.first().copied();
    // The list, the explanation and the ranking are of one mind.
    assert_eq!(candidates.is_empty(), verdict.is_none_or(|verdict| verdict.unfit.is_some()));
    assert_eq!(candidates.is_empty(), ranked(&board, &order, &settings(), NOW).is_empty());
    verdict.map_or(Some(Unfit::OffDuty), |verdict| verdict.unfit)
}

#[test]
fn every_reason_not_to_ask_somebody_is_found_and_said() {
    let note_offers = |board: &mut Board, times: u32, at| {
        (0..times).for_each(|_| board.record(courier(0)).unwrap().note_offer(at));
    };
    assert_eq!(why(|_, _, _| ()), None);
    assert_eq!(why(|_, duty, _| duty.state = DutyState::Offline), Some(Unfit::OffDuty));
    assert_eq!(why(|_, duty, _| duty.state = DutyState::Paused), Some(Unfit::Paused));
    for state in [
        DutyState::Offered { order: id(11), offer: id(901) },
        DutyState::ToPickup { order: id(11) },
        DutyState::OnTrip { order: id(11) },
    ] {
        assert_eq!(why(|_, duty, _| duty.state = state), Some(Unfit::Busy));
    }
    assert_eq!(why(|_, _, order| order.passenger = courier(0)), Some(Unfit::OwnOrder));
    let no_room = why(|_, duty, order| {
        duty.vehicle.capacity.slots = 1;
        order.draft.extras.companion = true;
    });
    assert_eq!(no_room, Some(Unfit::NoRoom));
    assert_eq!(why(|_, duty, _| duty.region = id(51)), Some(Unfit::OtherRegion));
    assert_eq!(why(|_, duty, order| (duty.region, order.draft.region) = (id(51), None)), None);
    let rate = |rating| why(move |board, _, _| board.record(courier(0)).unwrap().rating = Some(rating));
    assert_eq!((rate(3.99), rate(4.0)), (Some(Unfit::LowRating), None));
    assert_eq!(why(|board, _, _| note_offers(board, 19, NOW)), None);
    assert_eq!(why(|board, _, _| note_offers(board, 20, NOW)), Some(Unfit::AskedTooOften));
    assert_eq!(why(|board, _, _| note_offers(board, 20, after(-3_600))), None, "an hour ago");
    let declined = why(|_, _, order| {
        let mut duties = [duty(0)];
        carry_out(order, &mut duties, &ask(900, 0), NOW).unwrap();
        let decline = OrderCommand::Decline { offer: id(900), by: courier(0), reason: String::new() };
        carry_out(order, &mut duties, &decline, NOW).unwrap();
    });
    assert_eq!(declined, Some(Unfit::DeclinedBefore));
    let far = |km| why(move |_, _, order| order.draft.pickup.position = north(1.0 + km));
    // 720 s at 30 km/h are 6 km of road.
    assert_eq!((far(4.6), far(4.7)), (None, Some(Unfit::TooFar)));
    let unknown = why(|board, duty, _| {
        board.follow(Duty { state: DutyState::Offline, version: 2, ..duty.clone() });
        duty.version = 3;
    });
    assert_eq!(unknown, Some(Unfit::NoPosition), "who comes back has to say where they are");
}

#[test]
fn those_beyond_the_nearest_are_told_apart() {
    let (board, order) = (board(&[1.0, 2.0, 3.0]), order_in(10, P::Matching));
    let settings = Settings { nearest: 2, ..settings() };
    let verdicts = board.explain(&order, Limits::of(0, &settings), &settings, NOW);
    let unfit: Vec<Option<Unfit>> = verdicts.iter().map(|verdict: &Verdict| verdict.unfit).collect();
    assert_eq!(unfit, [None, None, Some(Unfit::BeyondNearest)]);
}

#[test]
fn the_simple_rule_takes_the_fewest_orders_today_then_the_nearest() {
    let mut board = board(&[1.0, 2.0, 3.0]);
    let order = order_in(10, P::Matching);
    let settings = Settings { rule: Rule::Simple, ..settings() };
    assert_eq!(ranked(&board, &order, &settings, NOW), [0, 1, 2].map(courier));
    board.record(courier(0)).unwrap().note_order(after(-7_200));
    board.record(courier(1)).unwrap().note_order(after(-12 * 3_600));
    assert_eq!(ranked(&board, &order, &settings, NOW), [1, 2, 0].map(courier), "yesterday counts no more");
}

/// The scored rule's parts for one courier.
fn cost_of(change: impl FnOnce(&mut Board)) -> Ranked {
    let mut board = board(&[3.0]);
    change(&mut board);
    let order = order_in(10, P::Matching);
    let circumstances = Circumstances { crowd: Crowd { median_orders: 1 }, ..circumstances(&board, NOW) };
    rank(&board, &order, Limits::of(0, &settings()), &circumstances, &settings())[0]
}

#[test]
fn the_scored_rule_weighs_as_it_is_written() {
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-3, "{a} is not {b}");
    let plain = cost_of(|_| ());
    // 3 km of great circle are 3.9 km of road, 468 s.
    near(plain.cost.eta, 0.40 * 468.0 / 720.0);
    near(plain.cost.deadhead, 0.15 * 3.9 / 20.0);
    near(plain.cost.reject, 0.20 * 0.5);
    near(plain.cost.cancel, 0.0);
    near(plain.cost.fairness, 0.0);
    near(plain.cost.zone, 0.0);
    near(plain.cost.quality, 0.0);
    near(plain.cost.total(), 0.26 + 0.02925 + 0.1);
    let with = |change: &dyn Fn(&mut crate::dispatch::record::Record)| {
        cost_of(|board| change(board.record(courier(0)).unwrap())).cost
    };
    near(with(&|record| (0..5).for_each(|_| record.note_answer(true))).reject, 0.20 * 0.25);
    near(with(&|record| (0..5).for_each(|_| record.note_answer(false))).reject, 0.20 * 0.75);
    let calls_off = with(&|record| {
        (0..5).for_each(|_| record.note_order(after(-90_000)));
        (0..5).for_each(|_| record.note_called_off());
    });
    near(calls_off.cancel, 0.15 * 0.5);
    for (orders, fairness) in [(0, 0.0), (1, 0.0), (2, 0.5), (3, 1.0), (9, 1.0)] {
        let busy = with(&|record| (0..orders).for_each(|_| record.note_order(NOW)));
        near(busy.fairness, 0.15 * fairness);
    }
    near(with(&|record| record.rating = Some(4.5)).quality, 0.0);
    near(with(&|record| record.rating = Some(4.2)).quality, 0.02 * 0.2);
}

#[test]
fn the_median_is_that_of_everybody_on_duty() {
    let mut board = board(&[1.0, 1.0, 1.0, 1.0, 1.0]);
    for (n, orders) in [(0, 9), (1, 0), (2, 3), (3, 2), (4, 5)] {
        (0..orders).for_each(|_| board.record(courier(n)).unwrap().note_order(NOW));
    }
    assert_eq!(board.crowd(&settings(), NOW), Crowd { median_orders: 3 });
    assert_eq!(board.crowd(&settings(), after(3_600)), Crowd { median_orders: 0 }, "they decay");
    assert_eq!(Board::new().crowd(&settings(), NOW), Crowd { median_orders: 0 });
}

#[test]
fn equals_are_put_in_order_by_the_seed_alone() {
    let mut board = Board::new();
    for n in 0..8 {
        board.follow(duty(n));
        board.locate(courier(n), north(1.0), NOW, &settings());
    }
    let order = order_in(10, P::Matching);
    let first = |seed| {
        let circumstances = Circumstances { seed, ..circumstances(&board, NOW) };
        rank(&board, &order, Limits::of(0, &settings()), &circumstances, &settings())[0].candidate.courier
    };
    assert_eq!(first(1), first(1));
    let firsts: std::collections::BTreeSet<UserId> = (0..64).map(first).collect();
    assert_eq!(firsts.len(), 8, "everybody is first for some seed");
}

#[test]
fn the_limits_really_grow_and_then_a_dispatcher_is_told() {
    let limits = |round| {
        let limits = Limits::of(round, &settings());
        (limits.eta_s, limits.km)
    };
    assert_eq!((limits(0), limits(1), limits(2)), ((720.0, 20.0), (1_080.0, 30.0), (1_620.0, 45.0)));
    assert_eq!(limits(99), limits(3), "there is an end to it");

    // One courier, 8 km of road away: found after the first widening and not before.
    let board = board(&[8.0 / 1.3]);
    let mut order = order_in(10, P::Matching);
    let next_at = |order: &Order, second| {
        let circumstances = circumstances(&board, after(second));
        next(order, &settings(), after(second), |limits| {
            rank(&board, order, limits, &circumstances, &settings()).first().copied()
        })
    };
    assert_eq!(next_at(&order, 0), Next::Wait(after(30)));
    assert_eq!(next_at(&order, 29), Next::Wait(after(30)));
    assert_eq!(next_at(&order, 30), Next::Widen { from: 0 });
    let widen = OrderCommand::Widen { from: 0 };
    carry_out(&mut order, &mut [], &widen, after(30)).unwrap();
    let before = order.clone();
    carry_out(&mut order, &mut [], &widen, after(31)).unwrap();
    assert_eq!(order, before, "another node has seen the same, and one of them widens it");
    assert!(matches!(next_at(&order, 30), Next::Ask(one) if one.candidate.courier == courier(0)));

    // With nobody at all it comes to its end.
    let nobody = |order: &Order, second| next(order, &settings(), after(second), |_| None);
    let mut order = order_in(10, P::Matching);
    for second in [30, 60, 90] {
        let from = order.round();
        assert_eq!(nobody(&order, second), Next::Widen { from });
        carry_out(&mut order, &mut [], &OrderCommand::Widen { from }, after(second)).unwrap();
    }
    assert_eq!(nobody(&order, 119), Next::Wait(after(120)));
    assert_eq!(nobody(&order, 120), Next::TellDispatcher);
    let told =
        OrderCommand::Move { to: P::ActiveQueue, by: crate::dispatch::By::Engine, reason: String::new() };
    carry_out(&mut order, &mut [], &told, after(120)).unwrap();
    assert_eq!((order.state, nobody(&order, 500)), (OrderState::ActiveQueue, Next::Nothing));
}

#[test]
fn an_order_for_later_is_not_searched_for_before_its_time() {
    let mut order = order_in(10, P::Matching);
    order.draft.pickup_at = Some(after(7_200));
    let board = board(&[1.0]);
    let next_at = |second| {
        next(&order, &settings(), after(second), |limits| {
            rank(&board, &order, limits, &circumstances(&board, NOW), &settings()).first().copied()
        })
    };
    assert_eq!(next_at(0), Next::Wait(after(6_000)));
    assert!(matches!(next_at(6_000), Next::Ask(_)));
    let nobody = |second| next(&order, &settings(), after(second), |_| None);
    assert_eq!(nobody(6_010), Next::Wait(after(6_030)), "the time before the search does not count");
}

#[test]
fn who_is_silent_goes_off_duty_unless_they_have_an_order() {
    let mut board = board(&[1.0, 2.0, 3.0]);
    board.follow(Duty { state: DutyState::OnTrip { order: id(10) }, version: 2, ..duty(2) });
    board.locate(courier(1), north(2.0), after(60), &settings());
    assert_eq!(board.silent(&settings(), after(900)), []);
    assert_eq!(board.silent(&settings(), after(901)), [courier(0)]);
    assert_eq!(board.silent(&settings(), after(961)), [0, 1].map(courier));
}

#[test]
fn an_old_duty_does_not_replace_a_newer_one() {
    let mut board = board(&[1.0]);
    board.follow(Duty { state: DutyState::Paused, version: 5, ..duty(0) });
    board.follow(Duty { version: 4, ..duty(0) });
    assert_eq!(board.get(courier(0)).unwrap().duty.state, DutyState::Paused);
}

#[test]
fn an_order_that_is_placed_is_within_its_bounds() {
    let place = |change: &dyn Fn(&mut crate::dispatch::OrderDraft)| {
        let mut draft = super::fixture::draft();
        change(&mut draft);
        match Order::place(id(10), passenger(), draft, super::fixture::quote(), NOW) {
            Ok(_) => "",
            Err(crate::rejection::Rejection::Invalid { field, .. }) => field,
            Err(other) => panic!("{other:?}"),
        }
    };
    let pickup_in = |span: Span| place(&move |draft| draft.pickup_at = Some(NOW + span));
    assert_eq!(place(&|_| ()), "");
    assert_eq!(pickup_in(Span::minutes(60)), "");
    assert_eq!(pickup_in(Span::minutes(59)), "desired_pickup_time");
    assert_eq!(pickup_in(Span::days(30)), "");
    assert_eq!(pickup_in(Span::days(30) + Span::from_ms(1)), "desired_pickup_time");
    assert_eq!(place(&|draft| draft.pickup.title = "  ".to_owned()), "pickup_title");
    assert_eq!(place(&|draft| draft.dropoff.title.clear()), "dropoff_title");
    assert_eq!(place(&|draft| draft.dropoff.object_name = "x".repeat(501)), "dropoff_object_name");
    assert_eq!(place(&|draft| draft.note = "x".repeat(2_001)), "note");
    let parcel = crate::dispatch::order::Cargo::Parcel(crate::market::load::Load::NONE);
    assert_eq!(place(&move |draft| draft.cargo = parcel), "seats_needed");
    let mut draft = super::fixture::draft();
    assert_eq!(draft.load().slots, 1);
    draft.extras.companion = true;
    assert_eq!(draft.load().slots, 2);
}

proptest! {
    #[test]
    fn rings_find_the_nearest_of_all_who_are_fit(
        couriers in prop::collection::vec((-8.0..8.0_f64, -8.0..8.0_f64, any::<bool>()), 0..80),
        most in 1..12_usize,
        round in 0..4_u32,
    ) {
        let mut board = Board::new();
        let mut fit = Vec::new();
        let limits = Limits::of(round, &settings());
        for (n, (km_north, km_east, is_free)) in couriers.into_iter().enumerate() {
            let n = n as u128;
            let lon = CENTRE.lon + km_east / (111.195 * CENTRE.lat.to_radians().cos());
            let position = Position { lat: CENTRE.lat + km_north / 111.195, lon };
            let state = if is_free { DutyState::Idle } else { DutyState::OnTrip { order: id(99) } };
            board.follow(Duty { state, ..duty(n) });
            board.locate(courier(n), position, NOW, &settings());
            let km = CENTRE.distance_km(position);
            if is_free && km <= limits.reach_km(&settings()) {
                fit.push((km, courier(n)));
            }
        }
        fit.sort_by(|a, b| a.0.total_cmp(&b.0));
        fit.truncate(most);
        let found = board.candidates(&order_in(10, P::Matching), limits, most, &settings(), NOW);
        let found: Vec<UserId> = found.into_iter().map(|one| one.courier).collect();
        prop_assert_eq!(found, fit.into_iter().map(|(_, courier)| courier).collect::<Vec<_>>());
    }
}
