//! The demo: a world of real towns where couriers travel, senders publish and deals are made without end.
//!
//! Everything goes through the engine like anybody's command, so the real checks and the real matching run.
//! Nothing here may touch the store past it, apart from signing the people in and drawing the regions of the
//! town, or be needed by a server that serves.

mod bots;
mod journeys;
mod live;
mod parcels;
mod people;
mod routes;
mod town;
mod walk;

use anyhow::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::app::App;
use crate::config::{Config, Mode};
use crate::startup;

pub use live::live;
pub use people::World;
pub use walk::walk;

use people::Pace;
use routes::Routes;
use town::Townspeople;

/// Trips of a fresh world.
const TRIPS: usize = 150;

/// Packages of a fresh world.
const PACKAGES: usize = 80;

/// Whether a demo may live here: not in production, and in no store but its own. It would make deals with
/// real people.
///
/// # Errors
/// Why not, for people.
pub async fn check(config: &Config) -> anyhow::Result<()> {
    if config.mode == Mode::Production {
        anyhow::bail!("the demo is not for production: its couriers and senders are made up");
    }
    let database = startup::connect(config).await?;
    if config.database_url.is_none() {
        database.migrate().await.context("cannot bring the embedded store up to date")?;
    }
    let is_ours = database.is_unused_or_has(people::FIRST_TELEGRAM_ID).await;
    database.close().await;
    if is_ours.context("cannot read the store; has `peerpack migrate` been run?")? {
        return Ok(());
    }
    anyhow::bail!(
        "this store has people in it who are not the demo's: give the demo one of its own, with --data-dir or --database-url"
    )
}

/// Fills the store with people, trips and packages, as far as they are not there yet: a world that was left
/// alone for a week gets new trips.
///
/// # Errors
/// When the store does not answer, or the engine refuses what is published.
pub async fn populate(app: &App, seed: u64) -> anyhow::Result<World> {
    let mut rng = StdRng::seed_from_u64(seed);
    let routes = Routes::load().context("a town of the demo is not in the gazetteer")?;
    let mut world = World::sign_up(app, seed, Pace::HUMAN, &mut rng).await?;
    for _ in app.engine.stats().trips..TRIPS {
        let draft = journeys::trip(&routes, app.clock.now(), &mut rng);
        let courier = world.free_courier(&draft, app.clock.now(), &mut rng);
        app.engine.publish_trip(courier, draft).await.context("a demo trip was not published")?;
    }
    for _ in app.engine.stats().waiting_packages..PACKAGES {
        let draft = parcels::package(&routes, app.clock.now(), &mut rng);
        let sender = world.sender(&mut rng);
        app.engine.publish_package(sender, draft).await.context("a demo package was not published")?;
    }
    world.town = Townspeople::settle(app, &world.senders, seed).await?;
    Ok(world)
}

#[cfg(test)]
mod tests;
