//! Drawing up the plan of a day, on a thread of its own.
//!
//! The rules are the core's ([`peerpack_actors::dispatch::plan`]); what is here is the library that is better
//! at it than they are, and everything that keeps it in its place: one plan at a time, one core, a bound on
//! the time, a way to stop it. Whatever the library does, there is a plan in the end, and it breaks no rule.

mod vrp;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use peerpack_actors::dispatch::Settings;
use peerpack_actors::dispatch::plan::{Aim, Calls, Plan, Problem, Solver, draw_up};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

/// The longest that a plan may be drawn up.
pub const LONGEST: Duration = Duration::from_secs(300);

/// Draws up plans, one at a time.
#[derive(Clone, Debug)]
pub struct Planner {
    turn: Arc<Semaphore>,
}

/// Why a plan is not drawn up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another one is.
    #[error("another plan is being drawn up")]
    Busy,
    /// There is no thread for it, or it has died.
    #[error("the plan could not be drawn up: {0}")]
    Failed(String),
}

/// A plan that is being drawn up. It goes on if this is dropped, until its time is over.
#[derive(Debug)]
pub struct Drafting {
    hold: Hold,
    answer: oneshot::Receiver<Draft>,
}

/// A plan that was drawn up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// The plan: the best there was when it ended.
    pub plan: Plan,
    /// Why the library has nothing, if it has not.
    pub without: Option<String>,
    /// Whether it was called off before its time was over.
    pub called_off: bool,
}

/// How far a plan is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    /// How long it has been drawn up.
    pub spent: Duration,
    /// How long it may be at most.
    pub within: Duration,
}

impl Progress {
    /// The share of its time that is over, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.spent.as_secs_f64() / self.within.as_secs_f64().max(f64::EPSILON)).min(1.0)
    }
}

/// When it is to end. Clones are about the same plan.
#[derive(Clone, Debug)]
pub struct Hold {
    began: Instant,
    within: Duration,
    called_off: Arc<AtomicBool>,
}

impl Hold {
    /// So long from now on.
    #[must_use]
    pub fn new(within: Duration) -> Self {
        Self { began: Instant::now(), within, called_off: Arc::default() }
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { spent: self.began.elapsed(), within: self.within }
    }

    /// How long it may still take.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        if self.is_called_off() { Duration::ZERO } else { self.within.saturating_sub(self.began.elapsed()) }
    }

    /// Ends it soon.
    pub fn call_off(&self) {
        self.called_off.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has ended it.
    #[must_use]
    pub fn is_called_off(&self) -> bool {
        self.called_off.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.is_called_off() || self.began.elapsed() >= self.within
    }
}

impl Default for Planner {
    fn default() -> Self {
        Self::new()
    }
}

impl Planner {
    /// Nothing is being drawn up.
    #[must_use]
    pub fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)) }
    }

    /// Begins to draw up a plan, and searches for a better one for `within`, [`LONGEST`] at most. The problem
    /// has to have passed its [`check`](Problem::check).
    ///
    /// # Errors
    /// Another plan is being drawn up, or there is no thread for it.
    pub fn begin(
        &self,
        problem: Problem,
        settings: Settings,
        aim: Aim,
        within: Duration,
    ) -> Result<Drafting, Refused> {
        let turn = Arc::clone(&self.turn).try_acquire_owned().map_err(|_| Refused::Busy)?;
        let hold = Hold::new(within.min(LONGEST));
        let (reply, answer) = oneshot::channel();
        let work = draft(problem, settings, aim, hold.clone(), turn, reply);
        let thread = std::thread::Builder::new().name("planner".to_owned()).spawn(work);
        thread.map_err(|error| Refused::Failed(error.to_string()))?;
        Ok(Drafting { hold, answer })
    }
}

impl Drafting {
    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.hold.progress()
    }

    /// Ends it soon: the best plan there is by then is the answer.
    pub fn call_off(&self) {
        self.hold.call_off();
    }

    /// A hold of it, for others than who waits for it.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.hold.clone()
    }

    /// Waits for the plan.
    ///
    /// # Errors
    /// Its thread has died.
    pub async fn finished(self) -> Result<Draft, Refused> {
        self.answer.await.map_err(|_| Refused::Failed("its thread has died".to_owned()))
    }
}

fn draft(
    problem: Problem,
    settings: Settings,
    aim: Aim,
    hold: Hold,
    turn: OwnedSemaphorePermit,
    reply: oneshot::Sender<Draft>,
) -> impl FnOnce() + Send + 'static {
    move || {
        let (plan, without) = draw_up(&problem, &settings, aim, Some(&Library { hold: &hold }));
        let called_off = hold.is_called_off();
        drop(turn);
        // Nobody may wait for it any more.
        reply.send(Draft { plan, without, called_off }).ok();
    }
}

/// Draws up a plan on this thread, for tools without a runtime.
#[must_use]
pub fn draw_up_here(problem: &Problem, settings: &Settings, aim: Aim, within: Duration) -> Draft {
    let hold = Hold::new(within);
    let (plan, without) = draw_up(problem, settings, aim, Some(&Library { hold: &hold }));
    Draft { plan, without, called_off: false }
}

/// The library, as the core's solver.
struct Library<'a> {
    hold: &'a Hold,
}

impl Solver for Library<'_> {
    fn solve(&self, problem: &Problem, aim: Aim) -> Result<Calls, String> {
        if self.hold.is_over() {
            return Err("there is no time left for it".to_owned());
        }
        let solved = catch_unwind(AssertUnwindSafe(|| vrp::solve(problem, aim, self.hold)));
        solved.unwrap_or_else(|_| Err("the solver has panicked".to_owned()))
    }
}

#[cfg(test)]
mod tests;
