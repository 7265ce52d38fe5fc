//! Who lives in the town of the demo, and where it is.

use anyhow::Context as _;
use peerpack_actors::dispatch::{DutyPhase, Vehicle};
use peerpack_actors::ids::{RegionId, UserId};
use peerpack_actors::market::load::Load;
use peerpack_actors::place::Position;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::Pace;
use crate::app::App;
use crate::demo::people::{self, one_of};
use crate::store::{CityRecord, Driver, Passenger, RegionRecord};
use crate::town::Town;

/// Couriers on duty.
const DRIVERS: usize = 60;

/// Their accounts come after everybody else's of the demo.
const FIRST_TELEGRAM_ID: i64 = people::FIRST_TELEGRAM_ID + 1_000;

const SEATS: [u32; 3] = [3, 4, 6];

const CARS: [&str; 6] =
    ["Lada Largus", "Lada Vesta", "Kia Rio", "Hyundai Solaris", "Skoda Octavia", "GAZelle Next"];

/// A region of the demo, with the city of the same name: a square around its centre.
pub(super) struct Drawn {
    id: u128,
    title: &'static str,
    pub(super) centre: Position,
    /// From the centre to a side, degrees of latitude and of longitude.
    reach: (f64, f64),
}

/// Where the couriers of the demo are.
pub(super) const MOSCOW: Drawn = Drawn {
    id: 0x0199_0000_0000_7000_8000_0000_0000_d001,
    title: "Москва",
    centre: Position { lat: 55.752, lon: 37.618 },
    reach: (0.25, 0.45),
};

/// Where nobody of the demo is.
const SOCHI: Drawn = Drawn {
    id: 0x0199_0000_0000_7000_8000_0000_0000_d002,
    title: "Сочи",
    centre: Position { lat: 43.55, lon: 39.83 },
    reach: (0.2, 0.25),
};

/// The people of the town.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Townspeople {
    /// Couriers, with what they drive.
    pub(super) drivers: Vec<(UserId, Vehicle)>,
    /// Those who send between towns ride in this one.
    pub(super) passengers: Vec<UserId>,
    pub(in crate::demo) pace: Pace,
    pub(super) seed: u64,
}

impl Townspeople {
    /// Draws the regions and takes everybody on, as far as they are not there yet. `None` where no dispatch
    /// runs.
    pub(in crate::demo) async fn settle(
        app: &App,
        passengers: &[UserId],
        seed: u64,
    ) -> anyhow::Result<Option<Self>> {
        let Some(town) = &app.town else { return Ok(None) };
        for drawn in [MOSCOW, SOCHI] {
            drawn.draw(app, town).await.context("cannot draw a region of the demo")?;
        }
        let (mut rng, now) = (StdRng::seed_from_u64(seed.wrapping_add(2)), app.clock.now());
        let mut drivers = Vec::with_capacity(DRIVERS);
        for telegram_id in (FIRST_TELEGRAM_ID..).take(DRIVERS) {
            let fresh = UserId::new(now, app.clock.random());
            let profile = people::profile(telegram_id, &mut rng);
            let signed_in = app.database.upsert_telegram_user(profile, fresh, now).await;
            let (user, _) = signed_in.context("cannot sign the couriers of the town in")?;
            let driver = Driver {
                person: user.id,
                number: 0,
                name: user.name,
                username: None,
                phone: None,
                email: String::new(),
                region: MOSCOW.region(),
                car_model: one_of(&CARS, &mut rng).to_owned(),
                plate_number: plate(&mut rng),
                seats: one_of(&SEATS, &mut rng),
                duty: DutyPhase::Offline,
                has_left: false,
            };
            let stored = app.database.put_driver(&driver, app.clock.random(), now).await;
            stored.context("cannot take the couriers of the town on")?;
            let capacity = Load { weight_g: 100_000, volume_ml: 500_000, slots: driver.seats };
            let Driver { person, car_model, plate_number, .. } = driver;
            drivers.push((person, Vehicle { car_model, plate_number, capacity }));
        }
        for person in passengers {
            let user = app.database.user(*person).await?.context("somebody of the demo is not there")?;
            let passenger = Passenger {
                person: *person,
                number: 0,
                full_name: user.name,
                username: None,
                phone: None,
                email: String::new(),
                region: MOSCOW.region(),
                category: String::new(),
                allowed_companion: true,
            };
            app.database.put_passenger(&passenger, app.clock.random(), now).await?;
        }
        Ok(Some(Self { drivers, passengers: passengers.to_vec(), pace: Pace::HUMAN, seed }))
    }
}

impl Drawn {
    pub(super) fn region(&self) -> RegionId {
        Uuid::from_u128(self.id).into()
    }

    async fn draw(&self, app: &App, town: &Town) -> anyhow::Result<()> {
        if town.map().region(self.region()).is_some() {
            return Ok(());
        }
        let (Position { lat, lon }, (high, wide)) = (self.centre, self.reach);
        let city = CityRecord {
            id: Uuid::from_u128(self.id),
            title: self.title.to_owned(),
            centre: self.centre,
            deleted_at: None,
        };
        let region = RegionRecord {
            id: self.region(),
            city: city.id,
            title: self.title.to_owned(),
            centre: self.centre,
            polygon: vec![
                [lat - high, lon - wide],
                [lat - high, lon + wide],
                [lat + high, lon + wide],
                [lat + high, lon - wide],
            ],
            service_radius_m: 30_000,
            priority: 0,
            hours: Vec::new(),
            version: 0,
            deleted_at: None,
        };
        let now = app.clock.now();
        app.database.put_city(&city, now).await?;
        app.database.put_region(&region, now).await?;
        town.read_again().await?;
        Ok(())
    }
}

fn plate(rng: &mut StdRng) -> String {
    const LETTERS: [char; 12] = ['А', 'В', 'Е', 'К', 'М', 'Н', 'О', 'Р', 'С', 'Т', 'У', 'Х'];
    let mut letter = || one_of(&LETTERS, rng);
    let (first, second, third) = (letter(), letter(), letter());
    format!("{first}{:03}{second}{third}77", rng.random_range(1..1_000))
}
