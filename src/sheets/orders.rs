//! Orders as lines of a table.

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
    /// Whether somebody comes along.
    pub has_companion: bool,
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
        let pickup_at = fields.moment("desired_pickup_time", pickup_position.flatten());
        let has_companion = fields.flag("has_companion");
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
            has_companion: has_companion?.unwrap_or(false),
            note: fields.text("note"),
        })
    }

    fn cells(&self) -> Vec<Cell> {
        let text = |text: &Option<String>| Cell::text(text.as_deref().unwrap_or_default());
        let lat = |end: &End| Cell::of(end.position, |at| Cell::Number(at.rounded().lat));
        let lon = |end: &End| Cell::of(end.position, |at| Cell::Number(at.rounded().lon));
        let place = self.pickup.position.map(Position::rounded);
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
            Cell::of(self.pickup_at, |at| Cell::Moment(at, place)),
            Cell::Flag(self.has_companion),
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
