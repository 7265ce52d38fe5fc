//! Which standing acceptances to count on: the set that is worth most and fits the room.
//!
//! While a package need not be committed yet, couriers' acceptances stand side by side, and several packages
//! may stand on the same room. [`assign`] picks one acceptance for each package, as many as fit. It is a
//! heuristic for a packing problem: prices of the room by dual ascent, the holds by what they are worth for
//! the priced room they take (and by two plainer orders), then exchanges as long as one makes the whole
//! better, and the best of the three. The same holds and room always give the same set.

use smallvec::SmallVec;

use crate::leg::LegSpan;
use crate::market::load::Load;

/// Rounds of the dual ascent.
const ASCENT: usize = 60;

/// Passes of exchanges at most; one that changes nothing is the last.
const EXCHANGES: usize = 6;

/// A courier's acceptance that can be counted on, as far as there is room.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hold {
    /// The number of the package: one of its holds at most is picked.
    pub package: usize,
    /// The number of the trip in the list of rooms.
    pub trip: usize,
    /// The legs it uses.
    pub legs: LegSpan,
    /// The room it takes on each of them.
    pub load: Load,
    /// The part of the detour budget it takes, in minutes.
    pub detour_min: u32,
    /// What it is worth to pick it, in roubles. Holds that are worth nothing are never picked.
    pub worth_rub: f64,
}

/// The room of a trip.
#[derive(Clone, PartialEq, Debug)]
pub struct Room {
    /// Left on each leg.
    pub left: SmallVec<[Load; 4]>,
    /// Left of the detour budget, in minutes.
    pub detour_left_min: u32,
}

impl Room {
    fn fits(&self, hold: &Hold) -> bool {
        hold.detour_min <= self.detour_left_min
            && self.left[hold.legs.range()].iter().all(|left| hold.load.fits(*left))
    }

    fn take(&mut self, hold: &Hold) {
        for left in &mut self.left[hold.legs.range()] {
            *left = left.minus(hold.load).expect("it was checked to fit");
        }
        self.detour_left_min -= hold.detour_min;
    }

    fn give_back(&mut self, hold: &Hold) {
        for left in &mut self.left[hold.legs.range()] {
            *left = left.plus(hold.load).expect("it was taken before");
        }
        self.detour_left_min += hold.detour_min;
    }
}

/// Picks at most one hold for each package, so that all picked ones fit the rooms together. Returns their
/// numbers in ascending order.
#[must_use]
pub fn assign(holds: &[Hold], rooms: &[Room]) -> Vec<usize> {
    let packages = holds.iter().map(|hold| hold.package + 1).max().unwrap_or(0);
    let mut of_package = vec![SmallVec::<[usize; 8]>::new(); packages];
    let mut of_trip = vec![Vec::new(); rooms.len()];
    for (n, hold) in holds.iter().enumerate().filter(|(_, hold)| hold.worth_rub > 0.0) {
        if rooms[hold.trip].fits(hold) {
            of_package[hold.package].push(n);
            of_trip[hold.trip].push(n);
        }
    }
    let prices = Prices::ascend(holds, rooms, &of_package);
    let size = |hold: &Hold| f64::from(hold.load.weight_g) * hold.legs.range().len() as f64 + 1.0;
    let orders: [&dyn Fn(&Hold) -> f64; 3] =
        [&|hold| hold.worth_rub / (prices.of(hold) + 1.0), &|hold| hold.worth_rub, &|hold| {
            hold.worth_rub / size(hold)
        }];
    let mut best: (f64, Vec<usize>) = (0.0, Vec::new());
    for value in orders {
        let mut order: Vec<usize> = of_package.iter().flatten().copied().collect();
        let values: Vec<f64> = holds.iter().map(value).collect();
        order.sort_unstable_by(|a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b)));
        let picked = Packing::fill(holds, rooms, &of_package, &of_trip, order);
        let worth = picked.iter().map(|n| holds[*n].worth_rub).sum();
        if worth > best.0 {
            best = (worth, picked);
        }
    }
    best.1.sort_unstable();
    best.1
}

/// What room would cost if it were sold to the package that gains most by it.
#[derive(Clone, Debug, Default)]
pub(super) struct Prices {
    /// By trip and leg, roubles per gram.
    legs: Vec<SmallVec<[f64; 4]>>,
    /// By trip, roubles per minute of detour.
    detours: Vec<f64>,
}

impl Prices {
    /// Raises prices where more is asked for than there is room, and lowers them where there is less.
    pub(super) fn ascend(holds: &[Hold], rooms: &[Room], of_package: &[SmallVec<[usize; 8]>]) -> Self {
        let mut prices = Self {
            legs: rooms.iter().map(|room| SmallVec::from_elem(0.0, room.left.len())).collect(),
            detours: vec![0.0; rooms.len()],
        };
        let (mut worth, mut grams, mut minutes) = (0.0, 1.0, 1.0);
        for hold in holds {
            worth += hold.worth_rub.max(0.0);
            grams += f64::from(hold.load.weight_g) * hold.legs.range().len() as f64;
            minutes += f64::from(hold.detour_min);
        }
        let (per_gram, per_minute) = (worth / grams, 0.3 * worth / minutes);
        let mut used: Vec<SmallVec<[f64; 4]>> = prices.legs.clone();
        for round in 0..ASCENT {
            used.iter_mut().for_each(|legs| legs.fill(0.0));
            let mut detours = vec![0.0; rooms.len()];
            for options in of_package {
                let net = |n: &usize| holds[*n].worth_rub - prices.of(&holds[*n]);
                let best = options.iter().map(|n| (net(n), *n)).max_by(|a, b| a.0.total_cmp(&b.0));
                let Some((_, n)) = best.filter(|(net, _)| *net > 0.0) else { continue };
                for leg in &mut used[holds[n].trip][holds[n].legs.range()] {
                    *leg += f64::from(holds[n].load.weight_g);
                }
                detours[holds[n].trip] += f64::from(holds[n].detour_min);
            }
            let step = 0.5 / (1.0 + round as f64 / 8.0);
            for (trip, room) in rooms.iter().enumerate() {
                for (leg, left) in room.left.iter().enumerate() {
                    let left = f64::from(left.weight_g.max(100));
                    let over = ((used[trip][leg] - left) / left).clamp(-1.0, 2.0);
                    prices.legs[trip][leg] = (prices.legs[trip][leg] + step * per_gram * over).max(0.0);
                }
                let left = f64::from(room.detour_left_min.max(1));
                let over = ((detours[trip] - left) / left).clamp(-1.0, 2.0);
                prices.detours[trip] = (prices.detours[trip] + step * per_minute * over).max(0.0);
            }
        }
        prices
    }

    /// What the room of a hold costs.
    pub(super) fn of(&self, hold: &Hold) -> f64 {
        let legs: f64 = self.legs[hold.trip][hold.legs.range()].iter().sum();
        legs * f64::from(hold.load.weight_g) + self.detours[hold.trip] * f64::from(hold.detour_min)
    }
}

struct Packing<'a> {
    holds: &'a [Hold],
    of_package: &'a [SmallVec<[usize; 8]>],
    of_trip: &'a [Vec<usize>],
    rooms: Vec<Room>,
    /// The hold picked for each package.
    picked: Vec<Option<usize>>,
}

impl<'a> Packing<'a> {
    /// Picks in this order whatever fits, and then exchanges.
    fn fill(
        holds: &'a [Hold],
        rooms: &[Room],
        of_package: &'a [SmallVec<[usize; 8]>],
        of_trip: &'a [Vec<usize>],
        order: Vec<usize>,
    ) -> Vec<usize> {
        let picked = vec![None; of_package.len()];
        let mut packing = Self { holds, of_package, of_trip, rooms: rooms.to_vec(), picked };
        for n in order {
            packing.pick_if_free(n);
        }
        for _ in 0..EXCHANGES {
            if !packing.exchange() {
                break;
            }
        }
        packing.picked.into_iter().flatten().collect()
    }

    fn pick(&mut self, n: usize) {
        let hold = &self.holds[n];
        self.rooms[hold.trip].take(hold);
        self.picked[hold.package] = Some(n);
    }

    fn drop(&mut self, n: usize) {
        let hold = &self.holds[n];
        self.rooms[hold.trip].give_back(hold);
        self.picked[hold.package] = None;
    }

    fn pick_if_free(&mut self, n: usize) {
        let hold = &self.holds[n];
        if self.picked[hold.package].is_none() && self.rooms[hold.trip].fits(hold) {
            self.pick(n);
        }
    }

    /// The best other hold of a package that has room as things are.
    fn elsewhere(&self, package: usize, but: usize) -> Option<usize> {
        let trip = self.holds[but].trip;
        let free = |n: &&usize| {
            self.holds[**n].trip != trip && self.rooms[self.holds[**n].trip].fits(&self.holds[**n])
        };
        let worth = |a: &&usize, b: &&usize| self.holds[**a].worth_rub.total_cmp(&self.holds[**b].worth_rub);
        self.of_package[package].iter().filter(free).max_by(worth).copied()
    }

    /// Tries for every hold to make room for it by moving or dropping others. Whether anything got better.
    fn exchange(&mut self) -> bool {
        let mut better = false;
        for package in 0..self.of_package.len() {
            for &n in &self.of_package[package] {
                if self.picked[package] != Some(n) {
                    better |= self.try_instead(n);
                }
            }
        }
        better
    }

    /// Picks a hold instead of what its package has now and of what stands in its way, if that is worth more.
    fn try_instead(&mut self, n: usize) -> bool {
        let hold = self.holds[n];
        let had = self.picked[hold.package];
        let mut budget = hold.worth_rub - had.map_or(0.0, |had| self.holds[had].worth_rub);
        if budget <= 1e-6 {
            return false;
        }
        if let Some(had) = had {
            self.drop(had);
        }
        let mut moved: SmallVec<[(usize, Option<usize>); 4]> = SmallVec::new();
        while !self.rooms[hold.trip].fits(&hold) {
            let Some((loss, other, instead)) = self.cheapest_to_move(&hold) else { break };
            if loss >= budget - 1e-6 {
                break;
            }
            budget -= loss;
            self.drop(other);
            if let Some(instead) = instead {
                self.pick(instead);
            }
            moved.push((other, instead));
        }
        if self.rooms[hold.trip].fits(&hold) {
            self.pick(n);
            return true;
        }
        for (other, instead) in moved.into_iter().rev() {
            if let Some(instead) = instead {
                self.drop(instead);
            }
            self.pick(other);
        }
        if let Some(had) = had {
            self.pick(had);
        }
        false
    }

    /// Of the picked holds that stand in the way: the one that costs least to move elsewhere or to drop.
    fn cheapest_to_move(&self, hold: &Hold) -> Option<(f64, usize, Option<usize>)> {
        let room = &self.rooms[hold.trip];
        let short_of_detour = hold.detour_min > room.detour_left_min;
        let short: SmallVec<[usize; 8]> =
            hold.legs.range().filter(|leg| !hold.load.fits(room.left[*leg])).collect();
        let in_the_way = |n: &&usize| {
            let other = &self.holds[**n];
            self.picked[other.package] == Some(**n)
                && (short.iter().any(|leg| other.legs.range().contains(leg))
                    || (short_of_detour && other.detour_min > 0))
        };
        let cost = |n: &usize| {
            let instead = self.elsewhere(self.holds[*n].package, *n);
            let kept = instead.map_or(0.0, |instead| self.holds[instead].worth_rub);
            (self.holds[*n].worth_rub - kept, *n, instead)
        };
        let costs = self.of_trip[hold.trip].iter().filter(in_the_way).map(cost);
        costs.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
    }
}

#[cfg(test)]
mod tests;
