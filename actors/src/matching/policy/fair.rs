//! A fair window for claims: who answered sooner after seeing the offer, and not whose network is faster.
//!
//! The first acceptance of a package opens a window ([`Settings::fair_window_ms`]), and those that come in
//! while it is open are carried out at its end, the quickest reaction first. Each is a claim like any other:
//! the first that goes through wins, the others are refused. So the window decides about an order and about
//! nothing else.

use crate::market::package::{Mode, Package, PackageCommand, PackageState};
use crate::market::request::{Party, Request, RequestCommand, RequestState};
use crate::matching::Settings;
use crate::time::{Span, Time};

/// The most acceptances in one window.
pub const MAX_WAITING: usize = 64;

/// An acceptance is carried out at least this long before its offer ends.
const IN_TIME: Span = Span::seconds(1);

/// The request whose acceptance should wait in a window: a courier's who would have the package at once.
#[must_use]
pub fn contested<'a>(
    package: &'a Package,
    command: &PackageCommand,
    now: Time,
    settings: &Settings,
) -> Option<&'a Request> {
    let PackageCommand::Request { id, command: accept @ RequestCommand::Accept { .. } } = command else {
        return None;
    };
    let request = package.request(*id)?;
    let contested = settings.fair_window_ms > 0
        && package.state == PackageState::Open
        && package.draft.mode == Mode::Instant
        && request.answerer() == Party::Courier
        && !package.defers(request, now)
        && matches!(request.decide(accept, now), Ok(RequestState::Accepted { .. }));
    contested.then_some(request)
}

/// Acceptances of one package that wait for the end of their window.
#[derive(Debug)]
pub struct Window<T> {
    ends_at: Time,
    waiting: Vec<(Span, T)>,
}

impl<T> Window<T> {
    /// A window that opens now.
    #[must_use]
    pub fn open(now: Time, settings: &Settings) -> Self {
        let ends_at = now + Span::from_ms(i64::from(settings.fair_window_ms));
        Self { ends_at, waiting: Vec::new() }
    }

    /// When the acceptances should be carried out: no offer ends while its acceptance waits.
    #[must_use]
    pub const fn ends_at(&self) -> Time {
        self.ends_at
    }

    /// Takes an acceptance of the request in. The reaction counts from when the courier's screen showed the
    /// offer, or from the offer's creation where it has not said so.
    ///
    /// # Errors
    /// The acceptance, when there are [`MAX_WAITING`] already.
    pub fn add(&mut self, request: &Request, now: Time, acceptance: T) -> Result<(), T> {
        if self.waiting.len() == MAX_WAITING {
            return Err(acceptance);
        }
        let reaction = now.since(request.rendered_at.unwrap_or(request.created_at));
        self.waiting.push((reaction, acceptance));
        self.ends_at = self.ends_at.min((request.deadline() - IN_TIME).max(now));
        Ok(())
    }

    /// The acceptances, the quickest reaction first; of equally quick ones, whichever came first.
    #[must_use]
    pub fn in_order(mut self) -> Vec<T> {
        self.waiting.sort_by_key(|(reaction, _)| *reaction);
        self.waiting.into_iter().map(|(_, acceptance)| acceptance).collect()
    }
}
