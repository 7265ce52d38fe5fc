//! Files that people bring: what is written is what is read, and what is wrong is named by its cell.

use std::fmt::Debug;
use std::io::{Read as _, Write as _};

use jiff::tz::TimeZone;
use peerpack_actors::place::Position;
use peerpack_actors::time::Time;
use proptest::prelude::*;

use super::*;

fn imported<L: Line>(bytes: &[u8]) -> Imported<L> {
    read(bytes, utc).unwrap()
}

fn utc(_: Option<Position>) -> TimeZone {
    TimeZone::UTC
}

/// The clocks of the pickup, and of no place in particular.
fn moscow(at: Option<Position>) -> TimeZone {
    at.map_or(TimeZone::UTC, |_| TimeZone::get("Europe/Moscow").unwrap())
}

fn faults<L: Line>(bytes: &[u8]) -> Vec<(String, &'static str)> {
    imported::<L>(bytes).faults.into_iter().map(|fault| (fault.cell, fault.message)).collect()
}

/// A spreadsheet of one sheet with these rows of XML.
fn spreadsheet(rows: &str) -> Vec<u8> {
    let parts = [
        (
            "[Content_Types].xml",
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#.to_owned(),
        ),
        (
            "_rels/.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned(),
        ),
        (
            "xl/workbook.xml",
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#.to_owned(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#.to_owned(),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#),
        ),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn inline(cell: &str, text: &str) -> String {
    format!(r#"<c r="{cell}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

#[test]
fn the_names_of_cells_are_those_of_every_program() {
    for (column, name) in
        [(0, "A1"), (25, "Z1"), (26, "AA1"), (51, "AZ1"), (52, "BA1"), (701, "ZZ1"), (702, "AAA1")]
    {
        assert_eq!(cell_name(column, 1), name);
    }
}

#[test]
fn every_template_can_be_read_in_both_formats() {
    fn check<L: Line + Debug>() {
        for format in [Format::Csv, Format::Xlsx] {
            let bytes = template::<L>(format, utc).unwrap();
            assert_eq!(Format::of(&bytes), format);
            let read = imported::<L>(&bytes);
            assert_eq!((read.lines, read.faults), (vec![(2, L::example())], vec![]), "{}", L::NAME);
            assert_eq!(L::example().cells().len(), L::COLUMNS.len());
        }
    }
    check::<Order>();
    check::<Driver>();
    check::<Passenger>();
    check::<Leg>();
    check::<Figures>();
}

#[test]
fn a_fault_names_its_cell() {
    let text = "passenger_phone,pickup_title,pickup_lat,pickup_lon,dropoff_title,desired_pickup_time,has_companion\n\
                +79990000000,Arbat 1,55.75,37.6,Arbat 2,2026-12-31 09:30,yes\n\
                ,Arbat 1,,,Arbat 2,,\n\
                +7,Arbat 1,91,37.6,Arbat 2,,\n\
                +7,Arbat 1,55.75,,Arbat 2,,\n\
                +7,Arbat 1,north,37,Arbat 2,tomorrow,perhaps\n";
    let read = imported::<Order>(text.as_bytes());
    assert_eq!((read.lines.len(), read.failed, read.lines[0].0), (1, 4, 2));
    let cells: Vec<_> = read.faults.iter().map(|fault| (fault.row, fault.cell.as_str())).collect();
    assert_eq!(cells, [(3, "A3"), (4, "C4"), (5, "D5"), (6, "C6"), (6, "F6"), (6, "G6")]);
    assert_eq!(read.lines[0].1.pickup_at, "2026-12-31T09:30:00Z".parse().ok());
    assert_eq!((read.cell("pickup_lat", 3).as_deref(), read.cell("note", 3)), (Some("C3"), None));
    for word in ["now", "Сейчас"] {
        let at_once = imported::<Order>(text.replace("2026-12-31 09:30", word).as_bytes());
        assert_eq!((at_once.lines.len(), at_once.lines[0].1.pickup_at), (1, None));
    }
    let there = super::read::<Order>(text.as_bytes(), moscow).unwrap();
    assert_eq!(there.lines[0].1.pickup_at, "2026-12-31T06:30:00Z".parse().ok(), "as clocks show it there");
}

#[test]
fn a_head_that_cannot_be_right_is_told_by_its_cells() {
    let told = faults::<Passenger>("full_name,phone,shoe_size,Phone\nAnna,+7,38,+7\n".as_bytes());
    assert_eq!(
        told,
        [
            ("C1".to_owned(), "no column has this title"),
            ("D1".to_owned(), "this column is there twice"),
            ("E1".to_owned(), "this column is missing"),
        ]
    );
}

#[test]
fn tables_of_other_programs_are_read() {
    let expected = Driver { id: None, ..Driver::example() };
    let rows = [
        "name;phone;email;region_id;car_model;plate_number;capacity",
        "Иван Петров;+79990000001;ivan@example.org;the id of a region;Lada Largus;А 123 ВС 77;4",
    ];
    for text in [
        rows.join("\n"),
        format!("\u{feff}{}\r\n", rows.join("\r\n")),
        rows.join("\n").replace(';', "\t"),
        format!("{}\n;;;;;;\n\n", rows.join("\n")),
    ] {
        let read = imported::<Driver>(text.as_bytes());
        assert_eq!((read.lines, read.faults), (vec![(2, expected.clone())], vec![]), "{text:?}");
    }
    // A phone that a program has taken for a number, and a date that it keeps as one.
    let head = ["passenger_phone", "pickup_title", "dropoff_title", "has_companion"];
    let cells: String =
        head.iter().zip('A'..).map(|(title, column)| inline(&format!("{column}1"), title)).collect();
    let line = format!(
        r#"<c r="A2"><v>79990000000</v></c>{}{}<c r="D2" t="b"><v>1</v></c>"#,
        inline("B2", "Арбат, 1"),
        inline("C2", "Арбат, 2")
    );
    let bytes = spreadsheet(&format!(r#"<row r="1">{cells}</row><row r="2">{line}</row>"#));
    let read = imported::<Order>(&bytes);
    assert_eq!(read.faults, []);
    let order = &read.lines[0].1;
    assert_eq!((order.passenger_phone.as_str(), order.has_companion), ("79990000000", true));
    assert_eq!(order.dropoff.title, "Арбат, 2");
}

#[test]
fn what_is_no_table_is_refused_and_what_is_too_much_as_well() {
    let refused = |bytes: &[u8]| read::<Driver>(bytes, utc).unwrap_err();
    assert_eq!(refused(b""), Unreadable::Empty);
    assert_eq!(refused(&[0xff, 0xfe, 0x00]), Unreadable::NotATable);
    assert_eq!(refused(b"name\0,phone"), Unreadable::NotATable);
    assert_eq!(refused(b"PK\x03\x04 and so on"), Unreadable::NotATable);
    assert_eq!(refused(&vec![b'a'; MAX_BYTES + 1]), Unreadable::TooLarge);
    assert_eq!(refused("a\n".repeat(MAX_ROWS + 2).as_bytes()), Unreadable::TooManyRows);
    assert_eq!(refused(",".repeat(MAX_COLUMNS).as_bytes()), Unreadable::TooManyColumns);
    // A few hundred bytes that name the last cell of a sheet.
    let last = spreadsheet(&format!(r#"<row r="1048576">{}</row>"#, inline("XFD1048576", "x")));
    assert_eq!(refused(&last), Unreadable::TooManyColumns);
    // Zeros pack a thousandfold.
    let bomb = spreadsheet(&inline("A1", &"0".repeat(usize::try_from(MAX_UNPACKED).unwrap())));
    assert!(bomb.len() < MAX_BYTES, "{}", bomb.len());
    assert_eq!(refused(&bomb), Unreadable::TooLarge);
    let long = format!(
        "name,phone,region_id,car_model,plate_number,capacity\n{},+7,r,c,p,4\n",
        "x".repeat(MAX_CELL + 1)
    );
    assert_eq!(faults::<Driver>(long.as_bytes()), [("A2".to_owned(), "is too long")]);
    let bad =
        format!("name,phone,region_id,car_model,plate_number,capacity\n{}", ",,,,,\u{2007}x\n".repeat(1_000));
    let told = imported::<Driver>(bad.as_bytes());
    assert_eq!((told.failed, told.faults.len()), (1_000, MAX_FAULTS));
}

#[test]
fn no_text_of_people_becomes_a_formula() {
    for risky in ["=1+1", "+7", "-2", "@SUM(A1)", "'=1", "''=1"] {
        let line = Passenger { full_name: risky.to_owned(), ..Passenger::example() };
        let written = String::from_utf8(write(Format::Csv, [line.clone()], utc).unwrap()).unwrap();
        let cell = written.lines().nth(1).unwrap().split(',').nth(1).unwrap();
        assert_eq!(cell, format!("'{risky}"));
        for format in [Format::Csv, Format::Xlsx] {
            let bytes = write(format, [line.clone()], utc).unwrap();
            assert_eq!(imported::<Passenger>(&bytes).lines, [(2, line.clone())], "{risky}");
        }
    }
    // A number is one, even below nothing.
    let end =
        End { title: "a".to_owned(), position: Some(Position { lat: -33.5, lon: -70.25 }), ..End::default() };
    let line = Order { pickup: end, ..Order::example() };
    let written = String::from_utf8(write(Format::Csv, [line], utc).unwrap()).unwrap();
    assert!(written.contains(",-33.5,-70.25,"), "{written}");
}

/// A `'` in front would be a part of the number for everybody who looks at it.
#[test]
fn a_text_of_a_spreadsheet_is_as_people_wrote_it() {
    let bytes = write(Format::Xlsx, [Passenger::example()], utc).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for n in 0..archive.len() {
        archive.by_index(n).unwrap().read_to_string(&mut text).unwrap();
    }
    assert!(text.contains(">+79990000000<"), "{text}");
}

#[test]
fn a_moment_is_told_by_the_clocks_of_its_place() {
    for (zone, told) in
        [(utc as ZoneOf, ",2027-01-01T09:00:00+00:00,"), (moscow as ZoneOf, ",2027-01-01T12:00:00+03:00,")]
    {
        let bytes = write(Format::Csv, [Order::example()], zone).unwrap();
        assert_eq!(read::<Order>(&bytes, zone).unwrap().lines, [(2, Order::example())]);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with('\u{feff}') && text.contains(told), "{text}");
    }
}

#[test]
fn a_time_waits_for_its_place_where_a_line_does_not_say_it() {
    let text = "id,passenger_phone,pickup_title,dropoff_title,desired_pickup_time\n\
                7,,a,b,2026-12-31 16:00\n\
                8,,a,b,2026-12-31T16:00:00+04:00\n";
    let read = read::<Order>(text.as_bytes(), moscow).unwrap();
    let [(2, waits), (3, known)] = read.lines.as_slice() else { panic!("{:?}", read.faults) };
    let clocks = waits.clocks.unwrap();
    assert_eq!(waits.pickup_at, None);
    let there = moscow(Some(Position { lat: 55.79, lon: 49.12 }));
    assert_eq!(moment_of_clocks(clocks, &there), "2026-12-31T13:00:00Z".parse().ok());
    assert_eq!((known.clocks, known.pickup_at), (None, "2026-12-31T12:00:00Z".parse().ok()));
}

#[test]
fn blank_rows_count_and_lines_within_a_cell_do_not() {
    for (between, row) in [
        ("\n", 2),
        ("\n\n", 3),
        ("\r\n\r\n\r\n", 4),
        ("\n\n\"An\"\"na\n\n\",+7,r\n\n", 5),
        ("\r\rAn\"na,+7,r\r", 4),
        ("\n,,\n\n \n", 5),
    ] {
        let text = format!("full_name,phone,region_id{between},+7,r\n");
        let told = faults::<Passenger>(text.as_bytes());
        assert_eq!(told, [(format!("A{row}"), "must not be empty")], "{between:?}");
    }
    let told = faults::<Passenger>(b"\n\nfull_name;phone;region_id\n;+7;r\n");
    assert_eq!(told, [("A4".to_owned(), "must not be empty")]);
}

#[test]
fn what_no_database_keeps_is_told_by_its_cell() {
    let row = |n: u32, texts: [&str; 3]| {
        let cells = ["A", "B", "C"].iter().zip(texts).map(|(at, text)| inline(&format!("{at}{n}"), text));
        format!(r#"<row r="{n}">{}</row>"#, cells.collect::<String>())
    };
    let head = row(1, ["full_name", "phone", "region_id"]);
    let bytes = spreadsheet(&(head + &row(2, ["Anna", "+7_x0000_9", "r"])));
    assert_eq!(faults::<Passenger>(&bytes), [("B2".to_owned(), "cannot be stored")]);
}

#[test]
fn what_programs_for_tables_write_in_another_way_is_no_change() {
    let pickup = |lat| End { position: Some(Position { lat, lon: 37.654 }), ..Order::example().pickup };
    let there = Order {
        id: Some("7".to_owned()),
        pickup: pickup(55.775 + 1e-12),
        note: "one\r\ntwo".to_owned(),
        ..Order::example()
    };
    let back = Order { pickup: pickup(55.775), note: "one\ntwo".to_owned(), ..there.clone() };
    let moved = Order { pickup: pickup(55.775 + 1e-6), ..there.clone() };
    assert_ne!(back, there);
    let changes = compare(vec![(2, back), (3, moved.clone())], |_| Some(there.clone()));
    assert_eq!(changes, [(2, Change::Same), (3, Change::Changed(moved))]);
}

#[test]
fn a_parcel_stays_as_far_as_nothing_else_is_said_and_zeros_make_none() {
    let there = Parcel { weight_g: Some(900), volume_ml: Some(0), seats: Some(2) };
    let said = |weight_g| Parcel { weight_g, ..Parcel::default() };
    assert_eq!(said(None).over(there), there);
    assert_eq!(said(Some(0)).over(there), Parcel { weight_g: Some(0), ..there });
    assert_eq!(said(Some(0)).over(Parcel::default()), Parcel::default());
    assert!(said(Some(1)).over(Parcel::default()).is_any());
}

#[test]
fn an_import_says_what_it_would_change() {
    let there = Driver { id: Some("7".to_owned()), ..Driver::example() };
    let moved = Driver { region_id: "another".to_owned(), ..there.clone() };
    let gone = Driver { id: Some("9".to_owned()), ..there.clone() };
    let lines = vec![(2, there.clone()), (3, moved.clone()), (4, Driver::example()), (5, gone.clone())];
    let changes = compare(lines, |id| (id == "7").then(|| there.clone()));
    let expected = [
        (2, Change::Same),
        (3, Change::Changed(moved)),
        (4, Change::New(Driver::example())),
        (5, Change::Unknown(gone)),
    ];
    assert_eq!(changes, expected);
}

/// Words as they are stored: without spaces around them.
fn words() -> impl Strategy<Value = String> {
    let risky = "['=+@-]{1,3}[ a-zA-Zа-яё0-9,;\"'=]{0,12}";
    prop_oneof!["[ a-zA-Zа-яё0-9,;:\"'=+@.\r\n-]{1,20}", risky, "_x[0-9A-F]{4}_", "[0-9]{1,12}"]
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("there are some", |text| !text.is_empty())
}

prop_compose! {
    fn end()(title in words(), object_name in prop::option::of(words()),
        position in prop::option::of((-90.0..=90.0_f64, -180.0..=180.0_f64))) -> End {
        let position = position.map(|(lat, lon)| Position { lat, lon });
        End { title, object_name: object_name.unwrap_or_default(), position }
    }
}

prop_compose! {
    fn order(n: usize)(passenger_phone in words(), passenger_name in words(), pickup in end(), dropoff in end(),
        at in prop::option::of(0..4_000_000_000_i64), flags in any::<[bool; 3]>(),
        parcel in prop::option::of((0..=u32::MAX, 0..=u32::MAX, 1..=u32::MAX)),
        note in prop::option::of(words()), status in words(), driver in prop::option::of(words())) -> Order {
        let pickup_at = at.map(|seconds| Time::from_ms(seconds * 1_000));
        let parcel = parcel.map(|(weight_g, volume_ml, seats)| Parcel {
            weight_g: Some(weight_g), volume_ml: Some(volume_ml), seats: Some(seats),
        });
        let [has_companion, child_seat, large_luggage] = flags;
        Order { id: Some(n.to_string()), status: Some(status), driver, passenger_phone, passenger_name, pickup,
            dropoff, pickup_at, clocks: None, has_companion, child_seat, large_luggage,
            parcel: parcel.unwrap_or_default(), note: note.unwrap_or_default() }
    }
}

prop_compose! {
    fn driver(n: usize)(name in words(), phone in words(), email in prop::option::of(words()), region_id in words(),
        car_model in words(), plate_number in words(), capacity in 1_u32..=60) -> Driver {
        let email = email.unwrap_or_default();
        Driver { id: Some(n.to_string()), name, phone, email, region_id, car_model, plate_number, capacity }
    }
}

prop_compose! {
    fn passenger(n: usize)(full_name in words(), phone in words(), email in prop::option::of(words()),
        region_id in words(), category in prop::option::of(words()), allowed_companion in any::<bool>()) -> Passenger {
        let (email, disability_category) = (email.unwrap_or_default(), category.unwrap_or_default());
        Passenger { id: Some(n.to_string()), full_name, phone, email, region_id, disability_category, allowed_companion }
    }
}

fn changes_nothing<L: Line + Debug>(lines: &[L]) -> Result<(), TestCaseError> {
    for format in [Format::Csv, Format::Xlsx] {
        let bytes = write(format, lines.to_vec(), utc).unwrap();
        let read = imported::<L>(&bytes);
        prop_assert_eq!(&read.faults, &vec![]);
        let known = |id: &str| lines.iter().find(|line| line.id().as_deref() == Some(id)).cloned();
        let changes = compare(read.lines, known);
        prop_assert_eq!(changes.len(), lines.len());
        for (row, change) in changes {
            prop_assert_eq!(change, Change::Same, "{:?}, row {}", format, row);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn importing_an_export_changes_nothing(
        orders in (order(0), order(1), order(2)),
        drivers in (driver(0), driver(1)),
        passengers in (passenger(0), passenger(1)),
    ) {
        changes_nothing(&[orders.0, orders.1, orders.2])?;
        changes_nothing(&[drivers.0, drivers.1])?;
        changes_nothing(&[passengers.0, passengers.1])?;
    }
}
