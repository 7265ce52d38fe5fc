//! Orders as lines of a table.

use jiff::civil::DateTime;
use peerpack_actors::place::Position;
use peerpack_actors::time::Time;

use super::{Cell, Column, Fields, Line};

/// An end of a way.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct End {
    /// The address in words.
    pub title: String,
    /// What is there; may be empty.
    pub object_name: String,
    /// Where exactly, if that is said.
    pub position: Option<Position>,
}

/// What a parcel takes of a vehicle, as far as it is said; nothing of it for a ride.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parcel {
    /// Its weight, grams.
    pub weight_g: Option<u32>,
    /// Its volume, millilitres.
    pub volume_ml: Option<u32>,
    /// How many seats it takes.
    pub seats: Option<u32>,
}

impl Parcel {
    /// Whether there is a parcel. Zeros alone are none: so people fill cells that do not concern them.
    #[must_use]
    pub fn is_any(self) -> bool {
        [self.weight_g, self.volume_ml, self.seats].into_iter().flatten().any(|number| number > 0)
    }

    /// The same with what there is where this says nothing.
    #[must_use]
    pub fn over(self, there: Self) -> Self {
        let both = Self {
            weight_g: self.weight_g.or(there.weight_g),
            volume_ml: self.volume_ml.or(there.volume_ml),
            seats: self.seats.or(there.seats),
        };
        if both.is_any() { both } else { Self::default() }
    }
}

/// An order as a line of a table.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Order {
    /// Its id; empty for a new one.
    pub id: Option<String>,
    /// Where it stands. It is told, and never read: a status moves by steps.
    pub status: Option<String>,
    /// Who drives it. Told, and never read.
    pub driver: Option<String>,
    /// The passenger's phone; empty for a known order of somebody without one.
    pub passenger_phone: String,
    /// The passenger's name; may be empty.
    pub passenger_name: String,
    /// Where it begins.
    pub pickup: End,
    /// Where it ends.
    pub dropoff: End,
    /// When it is wanted; `None` is now.
    pub pickup_at: Option<Time>,
    /// The same as clocks show it at the pickup, of a line that does not say where that is. The order knows
    /// its place.
    pub clocks: Option<DateTime>,
    /// Whether somebody comes along.
    pub has_companion: bool,
    /// Whether a child's seat is needed.
    pub child_seat: bool,
    /// Whether there is large luggage.
    pub large_luggage: bool,
    /// What is carried instead of people.
    pub parcel: Parcel,
    /// Free words for the courier; may be empty.
    pub note: String,
}

impl Line for Order {
    const COLUMNS: &'static [Column] = &[
        Column::optional("id"),
        Column::optional("status"),
        Column::optional("driver"),
        Column::needed("passenger_phone"),
        Column::optional("passenger_name"),
        Column::needed("pickup_title"),
        Column::optional("pickup_object_name"),
        Column::optional("pickup_lat"),
        Column::optional("pickup_lon"),
        Column::needed("dropoff_title"),
        Column::optional("dropoff_object_name"),
        Column::optional("dropoff_lat"),
        Column::optional("dropoff_lon"),
        Column::optional("desired_pickup_time"),
        Column::optional("has_companion"),
        Column::optional("child_seat"),
        Column::optional("large_luggage"),
        Column::optional("parcel_weight_g"),
        Column::optional("parcel_volume_ml"),
        Column::optional("parcel_seats"),
        Column::optional("note"),
    ];

    const NAME: &'static str = "orders";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.optional("id");
        let (status, driver) = (fields.optional("status"), fields.optional("driver"));
        let passenger_phone = fields.words_of("passenger_phone", id.is_none());
        let passenger_name = fields.text("passenger_name");
        let pickup_title = fields.words("pickup_title");
        let pickup_position = fields.position("pickup_lat", "pickup_lon");
        let dropoff_title = fields.words("dropoff_title");
        let dropoff_position = fields.position("dropoff_lat", "dropoff_lon");
        let place = pickup_position.flatten();
        let clocks = if place.is_none() { fields.clocks("desired_pickup_time") } else { None };
        let pickup_at = match clocks {
            Some(_) => Some(None),
            None => fields.moment("desired_pickup_time", place),
        };
        let [has_companion, child_seat, large_luggage] =
            ["has_companion", "child_seat", "large_luggage"].map(|column| fields.flag(column));
        let mut whole = |column, least| fields.whole_if_any(column, least..=f64::from(u32::MAX));
        let (weight_g, volume_ml) = (whole("parcel_weight_g", 0.0), whole("parcel_volume_ml", 0.0));
        let seats = whole("parcel_seats", 1.0);
        Some(Self {
            id,
            status,
            driver,
            passenger_phone: passenger_phone?,
            passenger_name,
            pickup: End {
                title: pickup_title?,
                object_name: fields.text("pickup_object_name"),
                position: pickup_position?,
            },
            dropoff: End {
                title: dropoff_title?,
                object_name: fields.text("dropoff_object_name"),
                position: dropoff_position?,
            },
            pickup_at: pickup_at?,
            clocks,
            has_companion: has_companion?.unwrap_or(false),
            child_seat: child_seat?.unwrap_or(false),
            large_luggage: large_luggage?.unwrap_or(false),
            parcel: Parcel { weight_g: weight_g?, volume_ml: volume_ml?, seats: seats? },
            note: fields.text("note"),
        })
    }

    fn cells(&self) -> Vec<Cell> {
        let text = |text: &Option<String>| Cell::text(text.as_deref().unwrap_or_default());
        let lat = |end: &End| Cell::of(end.position, |at| Cell::Number(at.rounded().lat));
        let lon = |end: &End| Cell::of(end.position, |at| Cell::Number(at.rounded().lon));
        let place = self.pickup.position.map(Position::rounded);
        let pickup_at = Cell::of(self.pickup_at, |at| Cell::Moment(at, place));
        let number = |number: Option<u32>| Cell::of(number, |number| Cell::Number(number.into()));
        vec![
            text(&self.id),
            text(&self.status),
            text(&self.driver),
            Cell::text(&self.passenger_phone),
            Cell::text(&self.passenger_name),
            Cell::text(&self.pickup.title),
            Cell::text(&self.pickup.object_name),
            lat(&self.pickup),
            lon(&self.pickup),
            Cell::text(&self.dropoff.title),
            Cell::text(&self.dropoff.object_name),
            lat(&self.dropoff),
            lon(&self.dropoff),
            self.clocks.map_or(pickup_at, |clocks| Cell::Text(clocks.to_string())),
            Cell::Flag(self.has_companion),
            Cell::Flag(self.child_seat),
            Cell::Flag(self.large_luggage),
            number(self.parcel.weight_g),
            number(self.parcel.volume_ml),
            number(self.parcel.seats),
            Cell::text(&self.note),
        ]
    }

    fn id(&self) -> Option<String> {
        self.id.clone()
    }

    fn example() -> Self {
        let end = |title: &str, object_name: &str, lat, lon| End {
            title: title.to_owned(),
            object_name: object_name.to_owned(),
            position: Some(Position { lat, lon }),
        };
        Self {
            passenger_phone: "+79990000000".to_owned(),
            passenger_name: "Анна Иванова".to_owned(),
            pickup: end("Комсомольская площадь, 2", "Казанский вокзал", 55.7738, 37.6566),
            dropoff: end("Арбат, 1", "", 55.7522, 37.6001),
            pickup_at: Some(Time::from_ms(1_798_794_000_000)),
            note: "У главного входа".to_owned(),
            ..Self::default()
        }
    }
}
