//! The answer to a command, promised before it is known: it follows from what the command makes of its
//! subject, and is stored together with that.

use std::fmt;
use std::sync::Arc;

use crate::market::package::Package;
use crate::market::trip::Trip;
use crate::receipt::{Call, Receipt};

/// What a command was about, as it is afterwards.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A package with its requests; one that was opened is the last.
    Package(&'a Package),
    /// A trip.
    Trip(&'a Trip),
}

type Render = dyn Fn(Subject<'_>) -> Option<(u16, String)> + Send + Sync;

/// A call that may be repeated, and how its answer follows from its effect.
#[derive(Clone)]
pub struct Promise {
    call: Call,
    render: Arc<Render>,
}

impl Promise {
    /// A promise; `render` gives status and body.
    #[must_use]
    pub fn new(
        call: Call,
        render: impl Fn(Subject<'_>) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Self {
        Self { call, render: Arc::new(render) }
    }

    pub(super) fn receipt(&self, subject: Subject<'_>) -> Option<Receipt> {
        let (status, answer) = (self.render)(subject)?;
        Some(Receipt { call: self.call.clone(), status, answer })
    }
}

impl fmt::Debug for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").field("call", &self.call).finish_non_exhaustive()
    }
}
