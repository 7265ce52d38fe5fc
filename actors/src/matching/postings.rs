//! What passes a cell, and when: for each cell and stretch of eight hours, a list in order of time.
//!
//! A posting is one number: the minute, so that a list in order of numbers is one in order of time; two signatures,
//! of the country the trip sees from here on and of that which it has seen so far; and the slot. Eight bytes, read
//! in a row, decide for most trips that they do not come into question, before anything of theirs is touched.
//!
//! A stay longer than [`STRIDE_MIN`] is posted again every so often. So whatever is in a cell at some time has a
//! posting at that time or at most that much before.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use hashbrown::HashMap;

use crate::place::CellIndex;
use crate::time::{Span, Time};

/// How often a stay in a cell is posted, in minutes.
const STRIDE_MIN: i64 = 120;

/// The longest time between a posting and what it stands for.
pub(super) const STRIDE: Span = Span::minutes(STRIDE_MIN + 1);

const BUCKET_MIN: i64 = 8 * 60;
const MINUTE_MS: i64 = 60_000;

const SLOT_BITS: u32 = 25;
const SIGNATURE_BITS: u32 = 15;
const BEFORE_SHIFT: u32 = SLOT_BITS;
const AFTER_SHIFT: u32 = SLOT_BITS + SIGNATURE_BITS;
const MINUTE_SHIFT: u32 = SLOT_BITS + 2 * SIGNATURE_BITS;

/// How many slots can be posted.
pub(super) const MOST_SLOTS: usize = 1 << SLOT_BITS;

/// A set of blocks of country, in few bits: blocks that share a bit are not told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Signature(u64);

impl Signature {
    /// The set of one block.
    pub(super) const fn of(block: u32) -> Self {
        let mixed = (block as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        Self(1 << ((mixed * SIGNATURE_BITS as u64) >> 32))
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The time in a cell.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Stay {
    pub(super) cell: CellIndex,
    pub(super) first: Time,
    pub(super) last: Time,
    /// Where the trip goes from here on, this cell included.
    pub(super) after: Signature,
    /// Where it has been, this cell included.
    pub(super) before: Signature,
}

/// Which way a search looks along the trips it finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Look {
    /// Trips that come to one of the blocks later.
    After(Signature),
    /// Trips that have been in one of the blocks.
    Before(Signature),
}

impl Look {
    /// The bits of a posting, of which one must be set.
    const fn mask(self) -> u64 {
        match self {
            Self::After(Signature(blocks)) => blocks << AFTER_SHIFT,
            Self::Before(Signature(blocks)) => blocks << BEFORE_SHIFT,
        }
    }
}

/// Postings by stretch of time, cell and minute.
#[derive(Debug, Default)]
pub(super) struct Postings {
    buckets: BTreeMap<i64, HashMap<CellIndex, Vec<u64>>>,
}

/// Bucket and posting of every stride of a stay.
fn strides(stay: &Stay, slot: u32) -> impl Iterator<Item = (i64, u64)> {
    let constant = stay.after.0 << AFTER_SHIFT | stay.before.0 << BEFORE_SHIFT | u64::from(slot);
    let (first, last) = (minute(stay.first), minute(stay.last));
    (first..=last).step_by(STRIDE_MIN as usize).map(move |minute| {
        let offset = minute.rem_euclid(BUCKET_MIN).cast_unsigned();
        (minute.div_euclid(BUCKET_MIN), offset << MINUTE_SHIFT | constant)
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
                    list.reserve_exact(4.max(list.len() / 8));
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

    /// What may be in one of the cells at a time of the window, both ends included.
    pub(super) fn walk(&self, cells: &[CellIndex], window: RangeInclusive<Time>, look: Look) -> Walk<'_> {
        let (from, to) = (minute(*window.start() - STRIDE), minute(*window.end()));
        let mut runs: Vec<Run<'_>> = Vec::new();
        if from > to {
            return Walk { runs, mask: look.mask(), next: 0 };
        }
        for (bucket, lists) in self.buckets.range(from.div_euclid(BUCKET_MIN)..=to.div_euclid(BUCKET_MIN)) {
            let start = bucket * BUCKET_MIN;
            for list in cells.iter().filter_map(|cell| lists.get(cell)) {
                let after = list.partition_point(|posting| start + offset(*posting) < from);
                let until = list.partition_point(|posting| start + offset(*posting) <= to);
                if after < until {
                    runs.push(Run { start, rest: &list[after..until] });
                }
            }
        }
        Walk { runs, mask: look.mask(), next: 0 }
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
        list.into_iter().flatten().skip(from).take(most).map(|posting| slot(*posting))
    }
}

/// Every posting of a slot, with its bucket and cell.
fn postings(slot: u32, stays: &[Stay]) -> impl Iterator<Item = (i64, u64, CellIndex)> {
    stays
        .iter()
        .flat_map(move |stay| strides(stay, slot).map(|(bucket, posting)| (bucket, posting, stay.cell)))
}

/// A list of postings: one cell, eight hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Page {
    bucket: i64,
    cell: CellIndex,
}

const fn offset(posting: u64) -> i64 {
    (posting >> MINUTE_SHIFT).cast_signed()
}

#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are the slot")]
const fn slot(posting: u64) -> u32 {
    (posting as u32) & ((1 << SLOT_BITS) - 1)
}

#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    /// The minute at which the bucket starts.
    start: i64,
    rest: &'a [u64],
}

/// A walk along the postings of some cells, in order of time.
#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    /// By bucket; those of one bucket run in parallel.
    runs: Vec<Run<'a>>,
    mask: u64,
    next: usize,
}

impl Walk<'_> {
    /// How many postings are left.
    pub(super) fn len(&self) -> usize {
        self.runs[self.next..].iter().map(|run| run.rest.len()).sum()
    }

    /// Appends the slots of the next ten minutes, as far as the signature does not exclude them. Answers the time up
    /// to which everything has been seen then; nothing when there is no more.
    pub(super) fn step(&mut self, slots: &mut Vec<u32>) -> Option<Time> {
        while self.runs.get(self.next).is_some_and(|run| run.rest.is_empty()) {
            self.next += 1;
        }
        let bucket = self.runs.get(self.next)?.start;
        let parallel = self.runs[self.next..].iter().take_while(|run| run.start == bucket).count();
        let runs = &mut self.runs[self.next..self.next + parallel];
        let earliest =
            runs.iter().filter_map(|run| run.rest.first()).map(|posting| offset(*posting)).min()?;
        let until = earliest + STEP_MIN;
        for run in runs {
            let mut seen = run.rest.len();
            for (n, posting) in run.rest.iter().enumerate() {
                if offset(*posting) >= until {
                    seen = n;
                    break;
                }
                if posting & self.mask != 0 {
                    slots.push(slot(*posting));
                }
            }
            run.rest = &run.rest[seen..];
        }
        Some(Time::from_ms((bucket + until) * MINUTE_MS))
    }

    /// Appends all slots, as far as the signature does not exclude them.
    pub(super) fn all(&self, slots: &mut Vec<u32>) {
        for run in &self.runs[self.next..] {
            slots.extend(run.rest.iter().filter(|posting| **posting & self.mask != 0).map(|one| slot(*one)));
        }
    }
}

/// How far one step of a walk goes at most, in minutes.
const STEP_MIN: i64 = 10;
