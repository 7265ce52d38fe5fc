//! Orders, couriers and passengers as files: what is taken away can be brought again, and what cannot be read
//! is named by its cell.

use peerpack::auth::Role;
use peerpack_actors::ports::OrderStore as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, made, ride};
use crate::support::{Backend, TestUser, backends};

const BOUNDARY: &str = "a-line-between-the-parts";

/// A form with a file and words beside it.
fn form(file: &[u8], words: &[(&str, &str)]) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, word) in words {
        let head =
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{word}\r\n");
        form.extend(head.as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\
         content-type: text/csv\r\n\r\n"
    );
    form.extend(head.as_bytes());
    form.extend(file);
    form.extend(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    form
}

async fn import(who: &TestUser, what: &str, file: &[u8], words: &[(&str, &str)]) -> (StatusCode, Value) {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", kind.as_str()), ("accept-language", "en")];
    let path = format!("/api/{what}/import/");
    let (status, _, body) = who.call_raw(Method::POST, &path, &headers, form(file, words)).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// An import that is read.
async fn imported(who: &TestUser, what: &str, file: &[u8], words: &[(&str, &str)]) -> Value {
    let (status, report) = import(who, what, file, words).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    report
}

/// A file.
async fn taken(who: &TestUser, path: &str) -> Vec<u8> {
    let (status, headers, bytes) = who.call_raw(Method::GET, path, &[], Vec::new()).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    let named = headers["content-disposition"].to_str().unwrap();
    assert!(named.starts_with("attachment; filename=\""), "{named}");
    bytes
}

/// How many lines do what.
fn counts(report: &Value) -> (u64, u64, u64, u64) {
    let of = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(of("success"), of("created") + of("changed") + of("unchanged"), "{report}");
    (of("created"), of("changed"), of("unchanged"), of("failed"))
}

/// Row, cell and message of what is wrong.
fn faults(report: &Value) -> Vec<(u64, String)> {
    let fault = |fault: &Value| {
        let (row, message) = (fault["row"].as_u64().unwrap(), fault["message"].as_str().unwrap());
        if let Some(cell) = fault["cell"].as_str() {
            assert!(message.starts_with(&format!("{cell}: ")), "{fault}");
        }
        (row, message.to_owned())
    };
    report["errors"].as_array().unwrap().iter().map(fault).collect()
}

/// Orders of every kind, among them of somebody without a phone, and with words that a program for tables
/// would take for formulas.
#[actix_web::test]
async fn an_export_that_is_imported_again_changes_nothing() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let words =
            json!({ "passenger_id": passenger.number, "note": "=1+1", "pickup_title": "@home, \"2\"" });
        let first = made(&town.desk, "/api/orders/", ride(words)).await;
        let second = town.order(&passenger).await;
        assert_eq!(town.assign(&second, &driver).await.0, StatusCode::OK);
        for step in ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"] {
            town.step(&second, step).await;
        }
        let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(30);
        let anna = town.app.sign_in("Anna").await;
        let later = json!({ "desired_pickup_time": later.to_string() });
        let third = made(&anna, "/api/mobile/orders/create/", ride(later)).await;
        let steps = async || {
            let mut all = Vec::new();
            for order in [first["id"].as_str().unwrap(), &second, third["id"].as_str().unwrap()] {
                all.push(town.desk.get(&format!("/api/orders/{order}/")).await);
                all.push(town.desk.get(&format!("/api/orders/{order}/events/")).await);
            }
            all
        };
        let before = steps().await;
        for format in ["xlsx", "csv"] {
            let file =
                taken(&town.desk, &format!("/api/orders/export-excel-template/?format={format}")).await;
            if format == "csv" {
                let text = String::from_utf8(file.clone()).unwrap();
                assert!(text.contains(",'=1+1") && text.contains("\"'@home, \"\"2\"\"\""), "{text}");
            }
            let report = imported(&town.desk, "orders", &file, &[]).await;
            assert_eq!((counts(&report), faults(&report)), ((0, 0, 3, 0), vec![]), "{report}");
            assert_eq!(report["imported_ids"], json!([]));
            for people in ["drivers", "passengers"] {
                let file = taken(&town.desk, &format!("/api/{people}/export/?format={format}")).await;
                let report = imported(&town.desk, people, &file, &[("skip_errors", "true")]).await;
                let count = town.desk.get(&format!("/api/{people}/")).await["count"].as_u64().unwrap();
                assert_eq!((counts(&report), faults(&report)), ((0, 0, count, 0), vec![]), "{report}");
            }
        }
        assert_eq!(steps().await, before);

        // Those of couriers alone, and those of one day.
        let file = taken(&town.desk, "/api/orders/export-by-drivers/?format=csv").await;
        let text = String::from_utf8(file).unwrap();
        assert!(text.lines().count() == 2 && text.contains(&second), "{text}");
        let wanted = |query: &str| format!("/api/orders/export-excel-template/?format=csv&{query}");
        let done = taken(&town.desk, &wanted("status=completed")).await;
        assert_eq!(String::from_utf8(done).unwrap().lines().count(), 2);
        let of_driver = taken(&town.desk, &wanted(&format!("driver_id={}", driver.number))).await;
        assert_eq!(String::from_utf8(of_driver).unwrap().lines().count(), 2);
        let never = taken(&town.desk, &wanted("date_to=2020-01-01")).await;
        assert_eq!(String::from_utf8(never).unwrap().lines().count(), 1, "the titles alone");
        let (status, refused) = town.desk.call(Method::GET, &wanted("date_from=yesterday"), None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused["date_from"][0].is_string(), "{refused}");
    }
}

#[actix_web::test]
async fn a_file_with_a_fault_is_imported_as_far_as_is_asked_for() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let region = &town.region;
        let file = format!(
            "name,phone,region_id,car_model,plate_number,capacity\n\
             Иван,+79001110001,{region},Lada,А001,4\n\
             Пётр,+79001110002,{region},Lada,А002,61\n\
             Олег,8 (900) 111-00-03,{region},Lada,А003,7\n\
             Снова,+7 900 111 00 01,{region},Lada,А004,4\n"
        );
        let count = async || town.desk.get("/api/drivers/").await["count"].as_u64().unwrap();
        let import =
            async |words: &[(&str, &str)]| imported(&town.desk, "drivers", file.as_bytes(), words).await;
        let wrong = |report: &Value| {
            let told = faults(report);
            assert_eq!(told.len(), 2, "{report}");
            assert!(told[0].0 == 3 && told[0].1.starts_with("F3: "), "{report}");
            assert!(told[1].0 == 5 && told[1].1.starts_with("B5: "), "{report}");
        };
        let report = import(&[]).await;
        assert_eq!(counts(&report), (0, 0, 0, 2), "{report}");
        wrong(&report);
        let report = import(&[("dry_run", "true"), ("skip_errors", "true")]).await;
        assert_eq!((counts(&report), &report["dry_run"]), ((2, 0, 0, 2), &json!(true)), "{report}");
        wrong(&report);
        assert_eq!(count().await, 0, "nothing was made so far");
        let report = import(&[("skip_errors", "true")]).await;
        assert_eq!(counts(&report), (2, 0, 0, 2), "{report}");
        assert_eq!(count().await, 2);
        let oleg = report["imported_ids"][1].as_i64().unwrap();
        let oleg = town.desk.get(&format!("/api/drivers/{oleg}/")).await;
        assert_eq!((&oleg["name"], &oleg["user"]["phone"]), (&json!("Олег"), &json!("+79001110003")));
        // The same phones are the same people: an import whose answer was lost can be made again.
        let report = import(&[("skip_errors", "true")]).await;
        assert_eq!((counts(&report), count().await), ((0, 0, 2, 2), 2), "{report}");

        // Somebody who is known by the phone alone is not written over; by the number they are.
        let other = file.replace("Олег", "Не Олег");
        let report = imported(&town.desk, "drivers", other.as_bytes(), &[("skip_errors", "true")]).await;
        assert_eq!(counts(&report), (0, 0, 1, 3), "{report}");
        let known = format!(
            "ID;Name;phone;region_id;car_model;plate_number;capacity\n\
             {};Олег Второй;;{region};Lada;А003;8\n999999999;Никто;;{region};Lada;А009;4\n",
            oleg["id"]
        );
        let report = imported(&town.desk, "drivers", known.as_bytes(), &[("skip_errors", "true")]).await;
        assert_eq!(counts(&report), (0, 1, 0, 1), "{report}");
        assert!(faults(&report)[0].1.starts_with("A3: "), "{report}");
        let oleg = town.desk.get(&format!("/api/drivers/{}/", oleg["id"])).await;
        assert_eq!((&oleg["name"], &oleg["capacity"]), (&json!("Олег Второй"), &json!(8)));
    }
}

#[actix_web::test]
async fn orders_are_placed_and_changed_by_a_file() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let known = town.order(&passenger).await;
        let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
        let moscow = tomorrow.to_zoned(jiff::tz::TimeZone::get("Europe/Moscow").unwrap());
        let titles = "id,passenger_phone,passenger_name,pickup_title,pickup_lat,pickup_lon,dropoff_title,\
                      dropoff_lat,dropoff_lon,desired_pickup_time,note";
        let file = format!(
            "{titles}\n\
             ,+79003330001,Мария,Вокзал,55.776,37.655,Арбат,55.752,37.592,{},первый\n\
             {known},,,\"Комсомольская площадь, 2\",,,\"Арбат, 1\",,,,третий подъезд\n\
             ,+79003330001,Мария,Вокзал,,,Арбат,55.752,37.592,,без места\n\
             ,+79003330001,Мария,Вокзал,10.0,10.0,Арбат,55.752,37.592,,на краю света\n\
             01990000-0000-7000-8000-000000000001,+79003330001,,Вокзал,55.776,37.655,Арбат,55.752,37.592,,чужой\n\
             ,12,Мария,Вокзал,55.776,37.655,Арбат,55.752,37.592,,\n",
            moscow.strftime("%Y-%m-%d %H:%M")
        );
        let before = town.desk.get(&format!("/api/orders/{known}/")).await;
        let report =
            imported(&town.desk, "orders", file.as_bytes(), &[("dry_run", "1"), ("skip_errors", "1")]).await;
        assert_eq!(counts(&report), (1, 1, 0, 4), "{report}");
        let cells: Vec<(u64, String)> = faults(&report);
        let told: Vec<(u64, &str)> =
            cells.iter().map(|(row, message)| (*row, message.split(": ").next().unwrap())).collect();
        assert_eq!(told, [(4, "E4"), (4, "F4"), (5, "E5"), (6, "A6"), (7, "B7")], "{report}");
        assert_eq!(town.desk.get("/api/passengers/?phone=3330001").await["count"], 0, "a try makes nobody");
        assert_eq!(town.desk.get(&format!("/api/orders/{known}/")).await, before);

        let report = imported(&town.desk, "orders", file.as_bytes(), &[("skip_errors", "true")]).await;
        assert_eq!(counts(&report), (1, 1, 0, 4), "{report}");
        let first = report["imported_ids"][0].as_str().unwrap();
        assert_eq!(report["imported_ids"][1], known.as_str());
        let first = town.desk.get(&format!("/api/orders/{first}/")).await;
        assert_eq!(
            (&first["status"], &first["passenger"]["full_name"]),
            (&json!("submitted"), &json!("Мария"))
        );
        let wanted: jiff::Timestamp = first["desired_pickup_time"].as_str().unwrap().parse().unwrap();
        assert!((wanted.as_second() - tomorrow.as_second()).abs() <= 60, "as clocks show it at the pickup");
        let changed = town.desk.get(&format!("/api/orders/{known}/")).await;
        assert_eq!((&changed["note"], &changed["has_companion"]), (&json!("третий подъезд"), &json!(false)));
        assert_eq!(changed["pickup_lat"], before["pickup_lat"], "what the file does not say stays");
    }
}

/// What an order takes and what it costs, as far as tables could lose it.
async fn load_of(town: &Town, order: &str) -> (Value, Value) {
    let order = town.desk.get(&format!("/api/orders/{order}/")).await;
    (order["seats_needed"].clone(), order["price_breakdown"]["options_fee"].clone())
}

#[actix_web::test]
async fn a_changed_line_keeps_what_it_does_not_say() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let placed = async |mut more: Value| {
            more["passenger_id"] = json!(passenger.number);
            let order = made(&town.desk, "/api/orders/", ride(more)).await;
            order["id"].as_str().unwrap().to_owned()
        };
        let parcel = json!({ "weight_g": 3_000, "volume_ml": 20_000, "seats": 2 });
        let parcel = placed(json!({ "parcel": parcel, "large_luggage": true })).await;
        let child = placed(json!({ "child_seat": true, "large_luggage": true })).await;
        let stored = async |order: &str| {
            let order = town.app.app.database.order(order.parse().unwrap()).await;
            order.unwrap().unwrap().draft
        };
        let was = (stored(&parcel).await, stored(&child).await);

        // A table of somebody's own, without a column for any of it, and then our own with another note.
        let few = format!(
            "id,passenger_phone,pickup_title,pickup_object_name,dropoff_title,note\n\
             {parcel},,\"Комсомольская площадь, 2\",Вокзал,\"Арбат, 1\",у ворот\n\
             {child},,\"Комсомольская площадь, 2\",Метро,\"Арбат, 1\",у входа\n"
        );
        let report = imported(&town.desk, "orders", few.as_bytes(), &[]).await;
        assert_eq!((counts(&report), faults(&report)), ((0, 2, 0, 0), vec![]), "{report}");
        let ours = taken(&town.desk, "/api/orders/export-excel-template/?format=csv").await;
        let ours = String::from_utf8(ours).unwrap();
        assert!(ours.contains(",no,no,yes,3000,20000,2,") && ours.contains(",no,yes,yes,,,,"), "{ours}");
        let noted = ours.replace("у ворот", "во дворе").replace("Метро", "Аптека");
        let report = imported(&town.desk, "orders", noted.as_bytes(), &[]).await;
        assert_eq!((counts(&report), faults(&report)), ((0, 2, 0, 0), vec![]), "{report}");
        let is = (stored(&parcel).await, stored(&child).await);
        assert_eq!((is.0.note.as_str(), is.1.pickup.object_name.as_str()), ("во дворе", "Аптека"));
        assert_eq!((is.0.cargo, &is.0.extras), (was.0.cargo, &was.0.extras));
        assert_eq!((is.1.cargo, &is.1.extras), (was.1.cargo, &was.1.extras));
        assert_eq!(load_of(&town, &parcel).await, (json!(2), json!(100.0)));
        assert_eq!(load_of(&town, &child).await, (json!(1), json!(300.0)));

        // What a column says is done; an empty cell and a zero make no parcel more or less.
        let said = format!(
            "id,passenger_phone,pickup_title,dropoff_title,large_luggage,parcel_weight_g,parcel_seats\n\
             {parcel},,\"Комсомольская площадь, 2\",\"Арбат, 1\",no,,1\n\
             {child},,\"Комсомольская площадь, 2\",\"Арбат, 1\",yes,0,\n\
             ,+79002220001,Вокзал,Арбат,,x,0\n"
        );
        let report = imported(&town.desk, "orders", said.as_bytes(), &[("skip_errors", "1")]).await;
        assert_eq!(counts(&report), (0, 1, 1, 1), "{report}");
        let cells: Vec<Value> =
            report["errors"].as_array().unwrap().iter().map(|fault| fault["cell"].clone()).collect();
        assert_eq!(cells, ["F4", "G4"], "{report}");
        assert_eq!(load_of(&town, &parcel).await, (json!(1), json!(0.0)));
        assert_eq!(load_of(&town, &child).await, (json!(1), json!(300.0)));
    }
}

/// A line that says no place is about the place of its order, also when it comes to time.
#[actix_web::test]
async fn a_time_of_a_known_order_is_that_of_its_pickup() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let order = town.order(&town.passenger(1).await).await;
        let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
        let moscow = tomorrow.to_zoned(jiff::tz::TimeZone::get("Europe/Moscow").unwrap());
        let file = format!(
            "id,passenger_phone,pickup_title,dropoff_title,desired_pickup_time\n\
             {order},,Вокзал,Арбат,{}\n",
            moscow.strftime("%Y-%m-%d %H:%M")
        );
        let report = imported(&town.desk, "orders", file.as_bytes(), &[]).await;
        assert_eq!(counts(&report), (0, 1, 0, 0), "{report}");
        let changed = town.desk.get(&format!("/api/orders/{order}/")).await;
        let wanted: jiff::Timestamp = changed["desired_pickup_time"].as_str().unwrap().parse().unwrap();
        assert_eq!(wanted.as_second() / 60, tomorrow.as_second() / 60, "{changed}");
        // Again: it is so already. And the table that we write shows the clocks of the pickup.
        let report = imported(&town.desk, "orders", file.as_bytes(), &[]).await;
        assert_eq!(counts(&report), (0, 0, 1, 0), "{report}");
        let ours = taken(&town.desk, "/api/orders/export-excel-template/?format=csv").await;
        let shown = moscow.strftime(",%Y-%m-%dT%H:%M:00+03:00,").to_string();
        assert!(String::from_utf8(ours).unwrap().contains(&shown), "{shown}");
    }
}

/// Programs for tables keep 15 digits and break lines their own way.
#[actix_web::test]
async fn what_a_program_for_tables_rewrites_changes_nothing() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let words = json!({
            "passenger_id": passenger.number, "note": "у входа\r\nслева",
            "pickup_lat": 55.776 + 1e-9, "pickup_lon": 37.655 - 1e-9,
        });
        let order = made(&town.desk, "/api/orders/", ride(words)).await;
        assert_eq!((&order["pickup_lat"], &order["pickup_lon"]), (&json!(55.776), &json!(37.655)));
        let ours = taken(&town.desk, "/api/orders/export-excel-template/?format=csv").await;
        let ours = String::from_utf8(ours).unwrap();
        assert!(ours.contains("у входа\nслева") && ours.contains(",55.776,37.655,"), "{ours}");
        let report = imported(&town.desk, "orders", ours.as_bytes(), &[]).await;
        assert_eq!(counts(&report), (0, 0, 1, 0), "{report}");
    }
}

#[actix_web::test]
async fn a_fault_is_told_of_the_cell_where_it_is() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let region = &town.region;
        let cells = async |what: &str, file: String| {
            let report = imported(&town.desk, what, file.as_bytes(), &[("dry_run", "1")]).await;
            let fault = |fault: &Value| (fault["cell"].clone(), fault["column"].clone());
            report["errors"].as_array().unwrap().iter().map(fault).collect::<Vec<_>>()
        };
        // Somebody new, twice, after a row that says nothing.
        let told = cells(
            "passengers",
            format!("full_name,phone,region_id\n\nАнна,+79004440001,{region}\nОна,89004440001,{region}\n"),
        );
        assert_eq!(told.await, [(json!("B4"), json!("phone"))]);
        // A ride that is longer than any is so because of its end.
        let told = cells(
            "orders",
            "passenger_phone,passenger_name,pickup_title,pickup_lat,pickup_lon,dropoff_title,dropoff_lat,\
             dropoff_lon\n\n\n+79004440002,Мария,Вокзал,55.776,37.655,Бали,-8.4,115.2\n"
                .to_owned(),
        );
        assert_eq!(told.await, [(json!("G4"), json!("dropoff_lat"))]);
    }
}

#[actix_web::test]
async fn a_file_has_its_bounds() {
    let town = Town::open(Backend::Sqlite).await;
    let none = |file: &'static [u8]| file.to_vec();
    let lines = "x\n".repeat(10_002).into_bytes();
    let wide = format!("{}\n", ",".repeat(70)).into_bytes();
    for (file, status) in [
        (none(b""), 422),
        (none(b"\xff\xfe\x00"), 422),
        (none(b"PK\x03\x04 no archive"), 422),
        (lines, 422),
        (wide, 422),
        (vec![b'a'; 5 * 1_024 * 1_024 + 1], 413),
    ] {
        let (answer, refused) = import(&town.desk, "orders", &file, &[]).await;
        assert_eq!(answer.as_u16(), status, "{refused}");
        assert!(refused["error"].is_string(), "{refused}");
    }
    // What is no column is told by its cell, and no line is read.
    let report = imported(&town.desk, "passengers", b"full_name,shoe_size\nAnna,38\n", &[]).await;
    assert_eq!(counts(&report), (0, 0, 0, 0), "{report}");
    assert!(faults(&report)[0].1.starts_with("B1: "), "{report}");
    let headers = [("content-type", "application/json")];
    let (status, _, _) =
        town.desk.call_raw(Method::POST, "/api/orders/import/", &headers, b"{}".to_vec()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[actix_web::test]
async fn templates_show_what_an_import_reads() {
    let town = Town::open(Backend::Sqlite).await;
    let vera = town.app.sign_in_with_role("Vera", Role::Viewer).await;
    for people in ["drivers", "passengers"] {
        let file = taken(&vera, &format!("/api/{people}/template/?format=csv")).await;
        let text = String::from_utf8(file).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        let filled = text.replace("the id of a region", &town.region);
        let report = imported(&town.desk, people, filled.as_bytes(), &[]).await;
        assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
        assert!(taken(&vera, &format!("/api/{people}/template/")).await.starts_with(b"PK"));
        let (status, _) = import(&vera, people, filled.as_bytes(), &[]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "who only looks brings nothing");
    }
}
