//! Drivers as lines of a table.

use super::{Cell, Column, Fields, Line};

/// The most seats of a vehicle.
const MAX_SEATS: f64 = 60.0;

/// A driver as a line of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Driver {
    /// Their id; empty for somebody new.
    pub id: Option<String>,
    /// Their name.
    pub name: String,
    /// Their phone; empty for a known driver without one.
    pub phone: String,
    /// Their address of mail; may be empty.
    pub email: String,
    /// Where they work.
    pub region_id: String,
    /// Make and model of the vehicle.
    pub car_model: String,
    /// The number on it.
    pub plate_number: String,
    /// How many seats it has.
    pub capacity: u32,
}

impl Line for Driver {
    const COLUMNS: &'static [Column] = &[
        Column::optional("id"),
        Column::needed("name"),
        Column::needed("phone"),
        Column::optional("email"),
        Column::needed("region_id"),
        Column::needed("car_model"),
        Column::needed("plate_number"),
        Column::needed("capacity"),
    ];

    const NAME: &'static str = "drivers";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.optional("id");
        let (name, phone) = (fields.words("name"), fields.words_of("phone", id.is_none()));
        let region_id = fields.words("region_id");
        let (car_model, plate_number) = (fields.words("car_model"), fields.words("plate_number"));
        let capacity = fields.whole("capacity", 1.0..=MAX_SEATS);
        Some(Self {
            id,
            name: name?,
            phone: phone?,
            email: fields.text("email"),
            region_id: region_id?,
            car_model: car_model?,
            plate_number: plate_number?,
            capacity: capacity?,
        })
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.id.as_deref().unwrap_or_default()),
            Cell::text(&self.name),
            Cell::text(&self.phone),
            Cell::text(&self.email),
            Cell::text(&self.region_id),
            Cell::text(&self.car_model),
            Cell::text(&self.plate_number),
            Cell::Number(self.capacity.into()),
        ]
    }

    fn id(&self) -> Option<String> {
        self.id.clone()
    }

    fn example() -> Self {
        Self {
            id: None,
            name: "Иван Петров".to_owned(),
            phone: "+79990000001".to_owned(),
            email: "ivan@example.org".to_owned(),
            region_id: "the id of a region".to_owned(),
            car_model: "Lada Largus".to_owned(),
            plate_number: "А 123 ВС 77".to_owned(),
            capacity: 4,
        }
    }
}
