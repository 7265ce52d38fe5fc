//! Which of the trips and packages of an answer bear a mark: what is highlighted.

use std::collections::BTreeMap;

use peerpack_actors::time::Time;
use uuid::Uuid;

use crate::app::App;
use crate::config::PaymentMode;
use crate::error::ApiError;

/// Until when things are highlighted, by their ids.
#[derive(Default)]
pub(super) struct Marks(BTreeMap<Uuid, Time>);

impl Marks {
    /// The marks of these. Where nothing can be highlighted, nobody is asked.
    pub(super) async fn of(app: &App, ids: impl IntoIterator<Item = Uuid>) -> Result<Self, ApiError> {
        if !app.config.money.has(PaymentMode::Stars) {
            return Ok(Self::default());
        }
        let ids: Vec<Uuid> = ids.into_iter().collect();
        Ok(Self(app.database.highlights(&ids, app.clock.now()).await?))
    }

    /// Until when one is highlighted, if it is.
    pub(super) fn until(&self, id: Uuid) -> Option<String> {
        self.0.get(&id).map(Time::to_string)
    }
}
