//! What happens in the market when somebody has gone: a deleted account, a ban.

use peerpack_actors::ids::UserId;
use peerpack_actors::package::PackageState;
use peerpack_actors::runtime::Refusal;

use crate::app::App;

/// Calls off the trips and the waiting packages of somebody who has gone: nobody should wait for them. What is under
/// way by now stays as it is.
///
/// # Errors
/// When the store does not answer, or there is too much going on.
pub async fn call_everything_off(app: &App, user: UserId) -> Result<(), Refusal> {
    for trip in app.engine.live_trips_of(user).await? {
        settled(app.engine.cancel_trip(trip, user).await.map(drop))?;
    }
    let mut before = None;
    loop {
        let page = app.database.packages_of(user, before, 100).await?.packages;
        let Some(last) = page.last() else { return Ok(()) };
        before = Some(last.id);
        for package in page.iter().filter(|package| package.state == PackageState::Open) {
            settled(app.engine.cancel_package(package.id, user).await.map(drop))?;
        }
    }
}

/// What is refused has gone on meanwhile, and that is well.
pub(crate) fn settled(outcome: Result<(), Refusal>) -> Result<(), Refusal> {
    match outcome {
        Err(Refusal::Rejected(_) | Refusal::NotFound) => Ok(()),
        other => other,
    }
}
