use proptest::prelude::*;

use super::*;

const fn kg(n: u32) -> Load {
    Load { weight_g: n * 1_000, volume_ml: 0, slots: 0 }
}

fn hold(package: usize, trip: usize, legs: (u16, u16), weight: u32, worth_rub: f64) -> Hold {
    let legs = LegSpan { from: legs.0, to: legs.1 };
    Hold { package, trip, legs, load: kg(weight), detour_min: 0, worth_rub }
}

fn room(legs: &[u32]) -> Room {
    Room { left: legs.iter().map(|left| kg(*left)).collect(), detour_left_min: 30 }
}

fn worth(holds: &[Hold], picked: &[usize]) -> f64 {
    picked.iter().map(|n| holds[*n].worth_rub).sum()
}

#[test]
fn one_hold_is_picked_for_each_package_as_far_as_there_is_room() {
    let holds = [hold(0, 0, (0, 1), 3, 100.0), hold(0, 1, (0, 1), 3, 90.0), hold(1, 0, (0, 1), 3, 80.0)];
    let picked = assign(&holds, &[room(&[5]), room(&[5])]);
    assert_eq!(picked, [1, 2], "the first package moves over, and both ride");
    assert_eq!(assign(&holds, &[room(&[5]), room(&[2])]), [0]);
    assert_eq!(assign(&holds, &[room(&[1]), room(&[1])]), [0_usize; 0]);
}

#[test]
fn two_short_rides_may_be_worth_more_than_a_long_one() {
    let holds = [hold(0, 0, (0, 2), 5, 100.0), hold(1, 0, (0, 1), 5, 60.0), hold(2, 0, (1, 2), 5, 60.0)];
    assert_eq!(assign(&holds, &[room(&[5, 5])]), [1, 2]);
}

#[test]
fn the_detour_budget_is_shared_and_what_is_worth_nothing_is_left() {
    let mut holds = [hold(0, 0, (0, 1), 1, 50.0), hold(1, 0, (0, 1), 1, 40.0), hold(2, 0, (0, 1), 1, 0.0)];
    holds[0].detour_min = 20;
    holds[1].detour_min = 20;
    assert_eq!(assign(&holds, &[room(&[9])]), [0]);
}

/// The most that can be had, by trying everything.
fn best(holds: &[Hold], rooms: &[Room], package: usize) -> f64 {
    let Some(last) = holds.iter().map(|hold| hold.package).max().filter(|last| package <= *last) else {
        return 0.0;
    };
    let mut most = best(holds, rooms, package + 1);
    for hold in holds.iter().filter(|hold| hold.package == package && hold.worth_rub > 0.0) {
        if package <= last && rooms[hold.trip].fits(hold) {
            let mut after = rooms.to_vec();
            after[hold.trip].take(hold);
            most = most.max(hold.worth_rub + best(holds, &after, package + 1));
        }
    }
    most
}

fn some_holds() -> impl Strategy<Value = Vec<Hold>> {
    let one = (0..7_usize, 0..3_usize, 0..3_u16, 1..=3_u16, 1..=6_u32, 0..20_u32, 1..200_u32);
    let hold = one.prop_map(|(package, trip, from, length, weight, detour_min, worth)| {
        let to = (from + length).min(3);
        Hold { detour_min, ..hold(package, trip, (from, to), weight, f64::from(worth)) }
    });
    prop::collection::vec(hold, 0..14)
}

proptest! {
    #[test]
    fn what_is_picked_fits_and_comes_close_to_the_best(holds in some_holds(), left in 3..10_u32) {
        let rooms: Vec<Room> = vec![room(&[left, left, left]); 3];
        let picked = assign(&holds, &rooms);
        let mut after = rooms.clone();
        let mut packages = Vec::new();
        for n in &picked {
            prop_assert!(after[holds[*n].trip].fits(&holds[*n]));
            after[holds[*n].trip].take(&holds[*n]);
            packages.push(holds[*n].package);
        }
        packages.sort_unstable();
        let count = packages.len();
        packages.dedup();
        prop_assert_eq!(packages.len(), count, "one hold for each package");
        let most = best(&holds, &rooms, 0);
        prop_assert!(worth(&holds, &picked) >= 0.7 * most - 1e-6, "{} of {most}", worth(&holds, &picked));
        prop_assert_eq!(assign(&holds, &rooms), picked, "the same again");
    }
}

#[test]
fn no_holds_need_no_rooms() {
    assert!(assign(&[], &[]).is_empty());
}
