//! A sound run has no fault, and each loss that is planted into it is found.

use super::*;

const NOW: Time = Time::from_ms(1_800_000_000_000);

fn order(n: u8) -> OrderId {
    OrderId::new(NOW, [n; 10])
}

fn offer(n: u8) -> OfferId {
    OfferId::new(NOW, [n; 10])
}

fn courier(n: u8) -> UserId {
    UserId::new(NOW, [n; 10])
}

fn shown(ms: i64, metres: f64) -> Fact {
    let position = Position { lat: 55.75 + metres / 111_195.0, lon: 37.61 };
    let at = NOW + Span::from_ms(ms);
    Fact::Shown { number: 7, at, position, seen: at + Span::from_ms(20) }
}

/// The first courier lets an offer run out; the second one drives both orders, one after the other.
fn sound() -> (Vec<Fact>, Kept) {
    let [one, two] = [order(1), order(2)];
    let [anna, boris] = [courier(1), courier(2)];
    let facts = vec![
        Fact::Placed { order: one },
        Fact::Created { order: one },
        shown(0, 0.0),
        Fact::Asked { order: one, offer: offer(1), courier: anna },
        Fact::Asked { order: one, offer: offer(2), courier: boris },
        shown(500, 10.0),
        Fact::Accepted { order: one, courier: boris },
        Fact::Refused { order: one, courier: anna },
        Fact::Placed { order: two },
        Fact::Created { order: two },
        shown(1_500, 25.0),
        Fact::Ending { order: one, courier: boris },
        Fact::Asked { order: two, offer: offer(3), courier: boris },
        Fact::Done { order: one, courier: boris },
        Fact::Accepted { order: two, courier: boris },
        Fact::Ending { order: two, courier: boris },
        Fact::Done { order: two, courier: boris },
    ];
    let done = |offers: &[(OfferId, UserId)]| KeptOrder {
        phase: OrderPhase::Completed,
        courier: Some(boris),
        offers: offers.to_vec(),
    };
    let orders = BTreeMap::from([
        (one, done(&[(offer(1), anna), (offer(2), boris)])),
        (two, done(&[(offer(3), boris)])),
    ]);
    let duties = BTreeMap::from([(anna, DutyPhase::OnlineIdle), (boris, DutyPhase::OnlineIdle)]);
    (facts, Kept { orders, duties })
}

#[test]
fn a_sound_run_has_no_fault() {
    let (facts, kept) = sound();
    assert_eq!(check(&facts, &kept), Vec::<String>::new());
    assert!(kept.is_quiet() && kept.done() == 2);
}

/// A run with something planted into it.
type Planted = (&'static str, fn(&mut Vec<Fact>, &mut Kept));

/// The oracle finds each fault that is planted, and says what it is.
#[test]
fn whatever_is_planted_is_found() {
    let planted: [Planted; 16] = [
        ("was won by", |facts, _| facts.insert(7, Fact::Accepted { order: order(1), courier: courier(1) })),
        ("while busy with", |facts, _| {
            facts.remove(11);
        }),
        ("was asked about", |facts, _| {
            facts.insert(7, Fact::Asked { order: order(2), offer: offer(3), courier: courier(2) });
            facts.remove(13);
        }),
        ("did not hear it", |facts, _| {
            facts.remove(3);
        }),
        ("did not hear it", |_, kept| {
            kept.orders.get_mut(&order(2)).unwrap().offers.push((offer(9), courier(1)));
        }),
        ("twice", |facts, _| {
            let again = facts[3].clone();
            facts.insert(4, again);
        }),
        ("which was for", |facts, _| {
            facts.insert(4, Fact::Asked { order: order(1), offer: offer(2), courier: courier(1) });
        }),
        ("the store does not have", |facts, _| {
            facts.insert(4, Fact::Asked { order: order(1), offer: offer(8), courier: courier(1) });
        }),
        ("was not told that", |facts, _| {
            facts.remove(1);
        }),
        ("was answered, and the store has", |_, kept| drop(kept.orders.remove(&order(2)))),
        ("was answered, and the store has", |_, kept| {
            kept.orders.get_mut(&order(2)).unwrap().phase = OrderPhase::Cancelled;
        }),
        ("when all is quiet", |facts, kept| {
            facts.truncate(15);
            kept.orders.get_mut(&order(2)).unwrap().phase = OrderPhase::RideOngoing;
        }),
        ("when all is quiet", |_, kept| {
            kept.duties.insert(courier(2), DutyPhase::OnTrip);
        }),
        ("was shown where they were at", |facts, _| {
            if let Fact::Shown { seen, .. } = &mut facts[2] {
                *seen = NOW + Span::seconds(303);
            }
        }),
        ("after the last time", |facts, _| facts.insert(3, shown(499, 10.0))),
        ("after the last time", |facts, _| facts.insert(3, shown(499, 5.0))),
    ];
    for (n, (fault, plant)) in planted.into_iter().enumerate() {
        let (mut facts, mut kept) = sound();
        plant(&mut facts, &mut kept);
        let found = check(&facts, &kept);
        assert!(found.iter().any(|found| found.contains(fault)), "{n}, {fault}: {found:?}");
    }
}

#[test]
fn a_socket_that_was_lost_is_a_fault_and_what_it_did_not_hear_is_not_another_one() {
    let (mut facts, kept) = sound();
    facts.remove(3);
    facts.push(Fact::Lost { courier: courier(1) });
    facts.push(Fact::MapLost);
    let found = check(&facts, &kept);
    assert_eq!(found.len(), 2, "{found:?}");
}
