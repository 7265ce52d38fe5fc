//! Couriers as tables.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    A_PAGE, Columns, Desk, ImportForm, ImportReport, ImportedId, Known, Table, WhichFormat, format, import,
    table, template, too_many,
};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::phone::Phone;
use crate::error::extract::Query;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::dispatch::drivers::{DriverInput, changed, fresh, keep, of_phone, take_on};
use crate::http::dispatch::scope;
use crate::sheets::{self, Change, MAX_ROWS};
use crate::store::{Driver, DriverQuery, Slice};

/// Imports couriers: new ones without an id, and changes of those who are known by it. Phones stay as they
/// are. What `GET /api/drivers/export` has made can be imported again, and changes nothing.
#[utoipa::path(post, path = "/api/drivers/import", operation_id = "import_drivers", tag = "drivers",
    security(("bearer" = [])), request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 200, body = ImportReport), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn bring(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    import::<sheets::Driver>(&app, principal, &req, payload).await
}

/// A file to fill in: the titles of the columns, and one courier as an example.
#[utoipa::path(get, path = "/api/drivers/template", operation_id = "drivers_template", tag = "drivers",
    security(("bearer" = [])), params(WhichFormat),
    responses((status = 200, description = "The file.", content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"))),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn blank(app: web::Data<App>, query: Query<WhichFormat>) -> Result<HttpResponse, ApiError> {
    scope::town(&app)?;
    template::<sheets::Driver>(&query.0).await
}

/// Every courier, in the shape of the import: at most 10 000.
#[utoipa::path(get, path = "/api/drivers/export", operation_id = "export_drivers", tag = "drivers",
    security(("bearer" = [])), params(WhichFormat),
    responses((status = 200, description = "The file.", content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"))),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn take(app: web::Data<App>, query: Query<WhichFormat>) -> Result<HttpResponse, ApiError> {
    scope::town(&app)?;
    let limit = u32::try_from(MAX_ROWS).unwrap_or(u32::MAX);
    let part = app.database.find_drivers(&DriverQuery::default(), Slice { offset: 0, limit }).await?;
    if part.count > u64::from(limit) {
        return Err(too_many("format"));
    }
    table(format(query.0.format), part.items.iter().map(line_of).collect()).await
}

fn line_of(driver: &Driver) -> sheets::Driver {
    sheets::Driver {
        id: Some(driver.number.to_string()),
        name: driver.name.clone(),
        phone: driver.phone.clone().unwrap_or_default(),
        email: driver.email.clone(),
        region_id: driver.region.to_string(),
        car_model: driver.car_model.clone(),
        plate_number: driver.plate_number.clone(),
        capacity: driver.seats,
    }
}

fn input(line: &sheets::Driver) -> DriverInput {
    DriverInput {
        name: Some(line.name.clone()),
        phone: Some(line.phone.clone()),
        email: Some(line.email.clone()),
        region_id: Some(line.region_id.clone()),
        car_model: Some(line.car_model.clone()),
        plate_number: Some(line.plate_number.clone()),
        capacity: Some(line.capacity),
        ..DriverInput::default()
    }
}

/// Whom a line changes, as they are and as they would be.
async fn change_of(desk: &Desk<'_>, line: &sheets::Driver) -> Result<Driver, ApiError> {
    let unknown = || ApiError::unprocessable("id", "is not known");
    let number = line.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
    let person = desk.app.database.person_of(number).await?.ok_or_else(unknown)?;
    let before = scope::own_driver(desk.app, person).await?;
    let mut wrong = Wrong::default();
    if before.phone.as_deref().unwrap_or_default() != line.phone {
        wrong.add(ApiError::unprocessable("phone", "stays as it is"));
    }
    let after = changed(desk.map, before, &input(line), &mut wrong);
    wrong.finish(after)
}

impl Table for sheets::Driver {
    const TAKEN: &'static str = "somebody with this phone drives already";

    async fn settle(
        desk: &Desk<'_>,
        lines: &mut [(u32, Self)],
        columns: &Columns,
    ) -> Result<Known<Self>, ApiError> {
        let mut known = Known { lines: HashMap::new(), ..Known::default() };
        for (row, line) in lines.iter_mut().filter(|(_, line)| line.id.is_none()) {
            let Ok(phone) = Phone::parse(&line.phone) else { continue };
            if let Some(driver) = of_phone(desk.app, &phone).await? {
                line.id = Some(driver.number.to_string());
                known.by_phone.insert(*row);
            }
        }
        let numbers = lines.iter().filter_map(|(_, line)| line.id.as_deref()?.parse().ok());
        let numbers: Vec<i64> = numbers.collect();
        for numbers in numbers.chunks(A_PAGE) {
            let people = desk.app.database.people_of(numbers).await?;
            let drivers = desk.app.database.drivers_of(people.into_values()).await?;
            let drivers = drivers.values().filter(|driver| !driver.has_left).map(line_of);
            known.lines.extend(drivers.filter_map(|line| Some((line.id.clone()?, line))));
        }
        for (_, line) in lines {
            let Some(there) = line.id.as_ref().and_then(|id| known.lines.get(id)) else { continue };
            if !columns.contains_key("email") {
                line.email.clone_from(&there.email);
            }
            let phone = Phone::parse(&line.phone);
            if line.phone.is_empty() || phone.is_ok_and(|phone| phone.as_str() == there.phone) {
                line.phone.clone_from(&there.phone);
            }
        }
        Ok(known)
    }

    fn identity(&self) -> Option<String> {
        self.id.clone().or_else(|| Phone::parse(&self.phone).ok().map(|phone| phone.as_str().to_owned()))
    }

    async fn check(desk: &Desk<'_>, change: &Change<Self>) -> Result<(), ApiError> {
        match change {
            Change::Same => Ok(()),
            Change::Unknown(_) => Err(ApiError::unprocessable("id", "is not known")),
            Change::New(line) => fresh(desk.app, desk.map, &input(line)).map(drop),
            Change::Changed(line) => change_of(desk, line).await.map(drop),
        }
    }

    async fn apply(desk: &Desk<'_>, change: &Change<Self>) -> Result<ImportedId, ApiError> {
        let driver = match change {
            Change::New(line) => {
                let (driver, phone) = fresh(desk.app, desk.map, &input(line))?;
                take_on(desk.app, driver, &phone).await?
            }
            Change::Changed(line) => {
                let driver = change_of(desk, line).await?;
                keep(desk.app, desk.town, &driver, None).await?
            }
            Change::Same | Change::Unknown(_) => return Err(ApiError::unprocessable("id", "is not known")),
        };
        Ok(ImportedId::Number(driver.number))
    }
}
