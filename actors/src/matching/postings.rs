//! What passes a cell, and when: for each cell and stretch of four hours, a list in order of time.
//!
//! A posting is twelve bytes: the minute, so that a list in order of numbers is one in order of time; how
//! long the trip is there; the sectors of country ([`Sectors`]) it sees from here on, and those it has seen
//! so far; and the slot. Read in a row, they decide for most trips that they do not come into question,
//! before anything of theirs is touched.
//!
//! A stay longer than [`STRIDE_MIN`] is posted again every so often. So whatever is in a cell at some time
//! has a posting at that time or at most that much before.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::place::{CellIndex, Parts, SECTORS, Sectors};
use crate::time::{Span, Time};

/// How often a stay in a cell is posted, in minutes.
const STRIDE_MIN: i64 = 120;

/// The longest time between a posting and what it stands for.
const STRIDE: Span = Span::minutes(STRIDE_MIN + 1);

const MINUTES_OF_BUCKET: u32 = 4 * 60;
const BUCKET_MIN: i64 = MINUTES_OF_BUCKET as i64;
const MINUTE_MS: i64 = 60_000;

/// How many slots can be posted.
pub(super) const MAX_SLOTS: usize = 1 << (SLOT_HIGH_BITS + 2 * SLOT_LOW_BITS);

/// The slot is in three pieces, wherever there is room.
const SLOT_LOW_BITS: u32 = 32 - SECTORS;
const SLOT_HIGH_BITS: u32 = 11;
const PARTS_SHIFT: u32 = SLOT_HIGH_BITS;
/// The length of a stay is counted in so many minutes.
const STAY_UNIT_MIN: i64 = 8;
const STAY_BITS: u32 = 4;
const STAY_SHIFT: u32 = PARTS_SHIFT + Parts::COUNT;
const MINUTE_SHIFT: u32 = STAY_SHIFT + STAY_BITS;

/// The time in a cell.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Stay {
    pub(super) cell: CellIndex,
    pub(super) first: Time,
    pub(super) last: Time,
    /// Where in the cell.
    pub(super) parts: Parts,
    /// Where the trip goes from here on, this cell included, as seen from here.
    pub(super) after: Sectors,
    /// Where it has been, this cell included, as seen from here.
    pub(super) before: Sectors,
}

/// What a search looks for in a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) cell: CellIndex,
    /// Where in the cell.
    pub(super) parts: Parts,
    /// Where these trips are at another time.
    pub(super) way: Way,
}

/// Which way a search looks along the trips it finds, from a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// Trips that come to one of the sectors later.
    After(Sectors),
    /// Trips that have been in one of the sectors.
    Before(Sectors),
}

/// See the module. From the high bits to the low ones: minute of the bucket, length of the stay, parts of the
/// cell, slot; sectors after, slot; sectors before, slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Posting([u32; 3]);

impl Posting {
    fn new(minute: u32, stay_min: i64, stay: &Stay, slot: u32) -> Self {
        let length = u32::try_from((stay_min + STAY_UNIT_MIN - 1) / STAY_UNIT_MIN).expect("not negative");
        let low = |shift: u32| (slot >> shift) & ((1 << SLOT_LOW_BITS) - 1);
        Self([
            minute << MINUTE_SHIFT
                | length << STAY_SHIFT
                | stay.parts.bits() << PARTS_SHIFT
                | slot >> (2 * SLOT_LOW_BITS),
            stay.after.bits() << SLOT_LOW_BITS | low(SLOT_LOW_BITS),
            stay.before.bits() << SLOT_LOW_BITS | low(0),
        ])
    }

    /// When the trip gets here, in minutes from the start of the bucket.
    const fn minute(self) -> u32 {
        self.0[0] >> MINUTE_SHIFT
    }

    /// When it leaves, or somewhat later.
    const fn until(self) -> u32 {
        let length = (self.0[0] >> STAY_SHIFT) & ((1 << STAY_BITS) - 1);
        self.minute() + STAY_UNIT_MIN as u32 * length
    }

    const fn slot(self) -> u32 {
        let low = (1 << SLOT_LOW_BITS) - 1;
        let high = self.0[0] & ((1 << SLOT_HIGH_BITS) - 1);
        (high << SLOT_LOW_BITS | self.0[1] & low) << SLOT_LOW_BITS | self.0[2] & low
    }
}

/// Postings by stretch of time, cell and minute.
#[derive(Debug, Default)]
pub(super) struct Postings {
    buckets: BTreeMap<i64, HashMap<CellIndex, Vec<Posting>>>,
}

/// Bucket and posting of every stride of a stay.
fn strides(stay: &Stay, slot: u32) -> impl Iterator<Item = (i64, Posting)> {
    let (first, last) = (minute(stay.first), minute(stay.last));
    (first..=last).step_by(STRIDE_MIN as usize).map(move |minute| {
        let offset = u32::try_from(minute.rem_euclid(BUCKET_MIN)).expect("within a bucket");
        let posting = Posting::new(offset, (last - minute).min(STRIDE_MIN), stay, slot);
        (minute.div_euclid(BUCKET_MIN), posting)
    })
}

const fn minute(at: Time) -> i64 {
    at.ms().div_euclid(MINUTE_MS)
}

impl Postings {
    /// Adds all stays of a slot that has none.
    pub(super) fn add(&mut self, slot: u32, stays: &[Stay]) {
        for (bucket, posting, cell) in postings(slot, stays) {
            let list = self.buckets.entry(bucket).or_default().entry(cell).or_default();
            if let Err(at) = list.binary_search(&posting) {
                // Lists are many and grow slowly: doubling them would waste a third of the index.
                if list.len() == list.capacity() {
                    list.reserve_exact(4.max(list.len() / 16));
                }
                list.insert(at, posting);
            }
        }
    }

    /// Removes all stays of a slot; they must be those it was added with.
    pub(super) fn remove(&mut self, slot: u32, stays: &[Stay]) {
        for (bucket, posting, cell) in postings(slot, stays) {
            let Some(lists) = self.buckets.get_mut(&bucket) else { continue };
            let Some(list) = lists.get_mut(&cell) else { continue };
            if let Ok(at) = list.binary_search(&posting) {
                list.remove(at);
            }
            if list.is_empty() {
                lists.remove(&cell);
            } else if list.len() < list.capacity() / 2 {
                list.shrink_to(list.len() + list.len() / 8);
            }
            if lists.is_empty() {
                self.buckets.remove(&bucket);
            }
        }
    }

    /// How many postings there are.
    pub(super) fn len(&self) -> usize {
        self.buckets.values().flat_map(HashMap::values).map(Vec::len).sum()
    }

    /// What may be in one of the cells at a time of the window, both ends included, and goes where one looks
    /// from there.
    pub(super) fn walk(&self, looks: impl Iterator<Item = Look>, window: RangeInclusive<Time>) -> Walk<'_> {
        let looks: SmallVec<[Look; 4]> = looks.collect();
        let (from, to) = (minute(*window.start() - STRIDE), minute(*window.end()));
        let mut runs: Vec<Run<'_>> = Vec::new();
        if from > to {
            return Walk { runs, next: 0 };
        }
        for (bucket, lists) in self.buckets.range(from.div_euclid(BUCKET_MIN)..=to.div_euclid(BUCKET_MIN)) {
            let start = bucket * BUCKET_MIN;
            let within =
                |minute: i64| u32::try_from((minute - start).max(0)).expect("a window is not endless");
            let (earliest, present) = (within(from), within(minute(*window.start())));
            for look in &looks {
                let Some(list) = lists.get(&look.cell) else { continue };
                let mut rest = &list[..];
                // Most buckets lie in the window with all they have: no need to look for the ends, far apart
                // in memory.
                if earliest > 0 {
                    rest = &rest[rest.partition_point(|posting| posting.minute() < earliest)..];
                }
                if to < start + BUCKET_MIN {
                    rest = &rest[..rest.partition_point(|posting| start + i64::from(posting.minute()) <= to)];
                }
                if !rest.is_empty() {
                    runs.push(Run { start, rest, present, mask: Mask::of(*look) });
                }
            }
        }
        Walk { runs, next: 0 }
    }

    /// The slots posted in the cell of a mark after it, at most so many, in order of time; the mark moves on.
    /// Fewer mean that there are no more.
    pub(super) fn after(&self, mark: &mut Mark, most: usize) -> Vec<u32> {
        let mut slots = Vec::new();
        for (bucket, lists) in self.buckets.range(mark.bucket..) {
            let Some(list) = lists.get(&mark.cell) else { continue };
            if *bucket != mark.bucket {
                (mark.bucket, mark.last) = (*bucket, None);
            }
            let start = mark.last.map_or(0, |last| list.partition_point(|posting| *posting <= last));
            let some = list[start..].iter().take(most - slots.len());
            slots.extend(some.inspect(|posting| mark.last = Some(**posting)).map(|posting| posting.slot()));
            if slots.len() == most {
                break;
            }
        }
        slots
    }

    /// The lists of the cells, whatever the time.
    pub(super) fn pages(&self, cells: &[CellIndex]) -> Vec<Page> {
        let lists = self.buckets.iter().flat_map(|(bucket, lists)| {
            cells.iter().filter(|cell| lists.contains_key(*cell)).map(|cell| (*bucket, *cell))
        });
        lists.map(|(bucket, cell)| Page { bucket, cell }).collect()
    }

    /// The slots on a page from a place in it on, at most so many.
    pub(super) fn page(&self, page: Page, from: usize, most: usize) -> impl Iterator<Item = u32> {
        let list = self.buckets.get(&page.bucket).and_then(|lists| lists.get(&page.cell));
        list.into_iter().flatten().skip(from).take(most).map(|posting| posting.slot())
    }
}

/// Every posting of a slot, with its bucket and cell.
fn postings(slot: u32, stays: &[Stay]) -> impl Iterator<Item = (i64, Posting, CellIndex)> {
    stays
        .iter()
        .flat_map(move |stay| strides(stay, slot).map(|(bucket, posting)| (bucket, posting, stay.cell)))
}

/// A list of postings: one cell, four hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Page {
    bucket: i64,
    cell: CellIndex,
}

/// How far somebody has read along a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    cell: CellIndex,
    bucket: i64,
    last: Option<Posting>,
}

impl Mark {
    /// Before everything that is in the cell at this time or later.
    pub(super) fn before(cell: CellIndex, since: Time) -> Self {
        Self { cell, bucket: minute(since - STRIDE).div_euclid(BUCKET_MIN), last: None }
    }

    /// Whatever is in the cell before this time has been read.
    pub(super) const fn starts(&self) -> Time {
        Time::from_ms(self.bucket * BUCKET_MIN * MINUTE_MS)
    }
}

/// The bits of a posting that a search looks at.
#[derive(Clone, Copy, Debug)]
struct Mask {
    /// One of these must be set.
    parts: u32,
    /// And one of these in either number.
    after: u32,
    before: u32,
}

impl Mask {
    const fn of(look: Look) -> Self {
        let (after, before) = match look.way {
            Way::After(sectors) => (sectors.bits() << SLOT_LOW_BITS, 0),
            Way::Before(sectors) => (0, sectors.bits() << SLOT_LOW_BITS),
        };
        Self { parts: look.parts.bits() << PARTS_SHIFT, after, before }
    }
}

#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    /// The minute at which the bucket starts.
    start: i64,
    rest: &'a [Posting],
    /// Who has left by this minute of the bucket is too early.
    present: u32,
    mask: Mask,
}

impl Run<'_> {
    fn may_suit(&self, posting: Posting) -> bool {
        let [here, after, before] = posting.0;
        let is_here = (here & self.mask.parts != 0) & (posting.until() >= self.present);
        is_here & ((after & self.mask.after) | (before & self.mask.before) != 0)
    }

    /// Takes the next so many postings off, and appends the slots of those that may suit.
    fn sift(&mut self, count: usize, slots: &mut Vec<u32>) {
        let (some, rest) = self.rest.split_at(count);
        self.rest = rest;
        let start = slots.len();
        slots.resize(start + count, 0);
        let target = &mut slots[start..];
        let mut kept = 0;
        // Written in any case and counted by arithmetic: a branch here would be a coin toss.
        for posting in some {
            target[kept] = posting.slot();
            kept += usize::from(self.may_suit(*posting));
        }
        slots.truncate(start + kept);
    }
}

/// A walk along the postings of some cells, in order of time.
#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    /// By bucket; those of one bucket run in parallel.
    runs: Vec<Run<'a>>,
    next: usize,
}

impl Walk<'_> {
    /// How many postings are left.
    pub(super) fn len(&self) -> usize {
        self.runs[self.next..].iter().map(|run| run.rest.len()).sum()
    }

    /// Appends the slots of the next postings, about [`STEP`] of each cell, as far as these do not exclude
    /// them. Answers the time up to which everything has been seen then; nothing when there is no more.
    pub(super) fn step(&mut self, slots: &mut Vec<u32>) -> Option<Time> {
        while self.runs.get(self.next).is_some_and(|run| run.rest.is_empty()) {
            self.next += 1;
        }
        let start = self.runs.get(self.next)?.start;
        let parallel = self.runs[self.next..].iter().take_while(|run| run.start == start).count();
        let runs = &mut self.runs[self.next..self.next + parallel];
        let step_ends = runs.iter().filter_map(|run| run.rest.get(STEP)).map(|posting| posting.minute() + 1);
        let until = step_ends.min().unwrap_or(MINUTES_OF_BUCKET);
        for run in runs {
            let seen = run.rest.partition_point(|posting| posting.minute() < until);
            run.sift(seen, slots);
        }
        Some(Time::from_ms((start + i64::from(until)) * MINUTE_MS))
    }

    /// Appends all slots, as far as their postings do not exclude them.
    pub(super) fn all(&mut self, slots: &mut Vec<u32>) {
        for run in &mut self.runs[self.next..] {
            run.sift(run.rest.len(), slots);
        }
    }
}

/// How many postings of a cell a step of a walk reads, besides those of the same minute.
const STEP: usize = 64;
