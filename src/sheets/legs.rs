//! A courier's plan of a day as a table, and the plans of many couriers as an archive of tables.

use std::io::{Cursor, Write as _};

use peerpack_actors::place::Position;
use peerpack_actors::time::Time;
use zip::write::SimpleFileOptions;

use super::{Cell, Column, Fields, Format, Line, ZoneOf, write};

/// The longest name of a file in an archive, its number and end not counted, in characters.
const MAX_NAME: usize = 60;

/// One order of a courier's day.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Leg {
    /// The id of the order.
    pub order_id: String,
    /// When the courier is at the pickup.
    pub pickup_at: Option<Time>,
    /// When it is done.
    pub done_at: Option<Time>,
    /// Where it begins.
    pub pickup_title: String,
    /// What is there; may be empty.
    pub pickup_object_name: String,
    /// Where it ends.
    pub dropoff_title: String,
    /// What is there; may be empty.
    pub dropoff_object_name: String,
    /// Whom or what it is about: a name; may be empty.
    pub passenger_name: String,
    /// The passenger's number; may be empty.
    pub passenger_phone: String,
    /// Free words for the courier; may be empty.
    pub note: String,
    /// By whose clocks its times are told: those of the pickup. It has no cell.
    pub place: Option<Position>,
}

impl Line for Leg {
    const COLUMNS: &'static [Column] = &[
        Column::needed("order_id"),
        Column::needed("pickup_at"),
        Column::optional("done_at"),
        Column::needed("pickup_title"),
        Column::optional("pickup_object_name"),
        Column::needed("dropoff_title"),
        Column::optional("dropoff_object_name"),
        Column::optional("passenger_name"),
        Column::optional("passenger_phone"),
        Column::optional("note"),
    ];

    const NAME: &'static str = "route";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let order_id = fields.words("order_id");
        let (pickup_at, done_at) = (fields.moment("pickup_at", None), fields.moment("done_at", None));
        let (pickup_title, dropoff_title) = (fields.words("pickup_title"), fields.words("dropoff_title"));
        Some(Self {
            order_id: order_id?,
            pickup_at: pickup_at?,
            done_at: done_at?,
            pickup_title: pickup_title?,
            pickup_object_name: fields.text("pickup_object_name"),
            dropoff_title: dropoff_title?,
            dropoff_object_name: fields.text("dropoff_object_name"),
            passenger_name: fields.text("passenger_name"),
            passenger_phone: fields.text("passenger_phone"),
            note: fields.text("note"),
            place: None,
        })
    }

    fn cells(&self) -> Vec<Cell> {
        let moment = |at: Option<Time>| Cell::of(at, |at| Cell::Moment(at, self.place));
        vec![
            Cell::text(&self.order_id),
            moment(self.pickup_at),
            moment(self.done_at),
            Cell::text(&self.pickup_title),
            Cell::text(&self.pickup_object_name),
            Cell::text(&self.dropoff_title),
            Cell::text(&self.dropoff_object_name),
            Cell::text(&self.passenger_name),
            Cell::text(&self.passenger_phone),
            Cell::text(&self.note),
        ]
    }

    fn id(&self) -> Option<String> {
        Some(self.order_id.clone())
    }

    fn example() -> Self {
        Self {
            order_id: "the id of an order".to_owned(),
            pickup_at: Some(Time::from_ms(1_798_794_000_000)),
            pickup_title: "Комсомольская площадь, 2".to_owned(),
            pickup_object_name: "Казанский вокзал".to_owned(),
            dropoff_title: "Арбат, 1".to_owned(),
            ..Self::default()
        }
    }
}

/// An archive with one table as CSV for each courier, by their names.
///
/// # Errors
/// What keeps it from being written.
pub fn routes(
    couriers: impl IntoIterator<Item = (String, Vec<Leg>)>,
    zone: ZoneOf,
) -> anyhow::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (number, (name, legs)) in (1..).zip(couriers) {
        archive.start_file(file_name(number, &name), SimpleFileOptions::default())?;
        archive.write_all(&write(Format::Csv, legs, zone)?)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// A name that every program can unpack: letters, digits, spaces and hyphens, after a number, so that two
/// couriers of one name have two files.
fn file_name(number: u32, name: &str) -> String {
    let is_plain = |one: &char| one.is_alphanumeric() || matches!(one, ' ' | '-');
    let plain: String = name.chars().filter(is_plain).take(MAX_NAME).collect();
    format!("{number:03} {}", plain.trim()).trim_end().to_owned() + ".csv"
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use jiff::tz::TimeZone;

    use super::*;

    /// The clocks of Kazan, wherever it is; without a place those of UTC.
    fn kazan(at: Option<Position>) -> TimeZone {
        at.map_or(TimeZone::UTC, |_| TimeZone::get("Europe/Moscow").unwrap())
    }

    #[test]
    fn an_archive_has_a_table_for_each_courier_and_no_name_leads_out_of_it() {
        let place = Some(Position { lat: 55.79, lon: 49.12 });
        let leg = Leg { note: "=1+1".to_owned(), place, ..Leg::example() };
        let couriers =
            [("Иван Петров", vec![leg.clone(), leg]), ("../../etc/passwd", vec![]), ("Иван Петров", vec![])];
        let bytes = routes(couriers.map(|(name, legs)| (name.to_owned(), legs)), kazan).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["001 Иван Петров.csv", "002 etcpasswd.csv", "003 Иван Петров.csv"]);
        let mut text = String::new();
        archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((text.lines().count(), text.contains(",'=1+1\n")), (3, true), "{text}");
        assert!(text.starts_with('\u{feff}'), "{text}");
        assert!(
            text.contains(",2027-01-01T12:00:00+03:00,") && text.contains(",Казанский вокзал,"),
            "{text}"
        );
    }
}
