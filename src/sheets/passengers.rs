//! Passengers as lines of a table.

use super::{Cell, Column, Fields, Line};

/// A passenger as a line of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Passenger {
    /// Their id; empty for somebody new.
    pub id: Option<String>,
    /// Their name.
    pub full_name: String,
    /// Their phone; empty for a known passenger without one.
    pub phone: String,
    /// Their address of mail; may be empty.
    pub email: String,
    /// Where they live.
    pub region_id: String,
    /// What a price may depend on; may be empty.
    pub disability_category: String,
    /// Whether somebody may come along.
    pub allowed_companion: bool,
}

impl Line for Passenger {
    const COLUMNS: &'static [Column] = &[
        Column::optional("id"),
        Column::needed("full_name"),
        Column::needed("phone"),
        Column::optional("email"),
        Column::needed("region_id"),
        Column::optional("disability_category"),
        Column::optional("allowed_companion"),
    ];

    const NAME: &'static str = "passengers";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.optional("id");
        let (full_name, phone) = (fields.words("full_name"), fields.words_of("phone", id.is_none()));
        let region_id = fields.words("region_id");
        let allowed_companion = fields.flag("allowed_companion");
        Some(Self {
            id,
            full_name: full_name?,
            phone: phone?,
            email: fields.text("email"),
            region_id: region_id?,
            disability_category: fields.text("disability_category"),
            allowed_companion: allowed_companion?.unwrap_or(false),
        })
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.id.as_deref().unwrap_or_default()),
            Cell::text(&self.full_name),
            Cell::text(&self.phone),
            Cell::text(&self.email),
            Cell::text(&self.region_id),
            Cell::text(&self.disability_category),
            Cell::Flag(self.allowed_companion),
        ]
    }

    fn id(&self) -> Option<String> {
        self.id.clone()
    }

    fn example() -> Self {
        Self {
            id: None,
            full_name: "Анна Иванова".to_owned(),
            phone: "+79990000000".to_owned(),
            email: "anna@example.org".to_owned(),
            region_id: "the id of a region".to_owned(),
            disability_category: String::new(),
            allowed_companion: true,
        }
    }
}
