//! Passengers as tables.

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
use crate::http::dispatch::passengers::{PassengerInput, changed, fresh, of_phone, take_in};
use crate::http::dispatch::scope;
use crate::sheets::{self, Change, MAX_ROWS};
use crate::store::{Passenger, PassengerQuery, Slice};

/// Imports passengers: new ones without an id, and changes of those who are known by it. Phones stay as they
/// are. What `GET /api/passengers/export` has made can be imported again, and changes nothing.
#[utoipa::path(post, path = "/api/passengers/import", operation_id = "import_passengers", tag = "passengers",
    security(("bearer" = [])), request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 200, body = ImportReport), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn bring(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    import::<sheets::Passenger>(&app, principal, &req, payload).await
}

/// A file to fill in: the titles of the columns, and one passenger as an example.
#[utoipa::path(get, path = "/api/passengers/template", operation_id = "passengers_template", tag = "passengers",
    security(("bearer" = [])), params(WhichFormat),
    responses((status = 200, description = "The file.", content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"))),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn blank(app: web::Data<App>, query: Query<WhichFormat>) -> Result<HttpResponse, ApiError> {
    scope::town(&app)?;
    template::<sheets::Passenger>(&query.0).await
}

/// Every passenger, in the shape of the import: at most 10 000.
#[utoipa::path(get, path = "/api/passengers/export", operation_id = "export_passengers", tag = "passengers",
    security(("bearer" = [])), params(WhichFormat),
    responses((status = 200, description = "The file.", content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"))),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn take(app: web::Data<App>, query: Query<WhichFormat>) -> Result<HttpResponse, ApiError> {
    scope::town(&app)?;
    let limit = u32::try_from(MAX_ROWS).unwrap_or(u32::MAX);
    let part = app.database.find_passengers(&PassengerQuery::default(), Slice { offset: 0, limit }).await?;
    if part.count > u64::from(limit) {
        return Err(too_many("format"));
    }
    table(format(query.0.format), part.items.iter().map(line_of).collect()).await
}

fn line_of(passenger: &Passenger) -> sheets::Passenger {
    sheets::Passenger {
        id: Some(passenger.number.to_string()),
        full_name: passenger.full_name.clone(),
        phone: passenger.phone.clone().unwrap_or_default(),
        email: passenger.email.clone(),
        region_id: passenger.region.to_string(),
        disability_category: passenger.category.clone(),
        allowed_companion: passenger.allowed_companion,
    }
}

fn input(line: &sheets::Passenger) -> PassengerInput {
    PassengerInput {
        full_name: Some(line.full_name.clone()),
        region_id: Some(line.region_id.clone()),
        disability_category: Some(line.disability_category.clone()),
        allowed_companion: Some(line.allowed_companion),
        phone: Some(line.phone.clone()),
        email: Some(line.email.clone()),
    }
}

/// Whom a line changes, as they would be.
async fn change_of(desk: &Desk<'_>, line: &sheets::Passenger) -> Result<Passenger, ApiError> {
    let unknown = || ApiError::unprocessable("id", "is not known");
    let number = line.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
    let person = desk.app.database.person_of(number).await?.ok_or_else(unknown)?;
    let before = desk.app.database.passenger(person).await?.ok_or_else(unknown)?;
    let mut wrong = Wrong::default();
    if before.phone.as_deref().unwrap_or_default() != line.phone {
        wrong.add(ApiError::unprocessable("phone", "stays as it is"));
    }
    let after = changed(desk.map, before, &input(line), &mut wrong);
    wrong.finish(after)
}

impl Table for sheets::Passenger {
    const TAKEN: &'static str = "somebody with this phone is a passenger already";

    async fn settle(
        desk: &Desk<'_>,
        lines: &mut [(u32, Self)],
        columns: &Columns,
    ) -> Result<Known<Self>, ApiError> {
        let mut known = Known { lines: HashMap::new(), ..Known::default() };
        for (row, line) in lines.iter_mut().filter(|(_, line)| line.id.is_none()) {
            let Ok(phone) = Phone::parse(&line.phone) else { continue };
            if let Some(passenger) = of_phone(desk.app, &phone).await? {
                line.id = Some(passenger.number.to_string());
                known.by_phone.insert(*row);
            }
        }
        let numbers = lines.iter().filter_map(|(_, line)| line.id.as_deref()?.parse().ok());
        let numbers: Vec<i64> = numbers.collect();
        for numbers in numbers.chunks(A_PAGE) {
            let people = desk.app.database.people_of(numbers).await?;
            let passengers = desk.app.database.passengers_of(people.into_values()).await?;
            let passengers = passengers.values().map(line_of);
            known.lines.extend(passengers.filter_map(|line| Some((line.id.clone()?, line))));
        }
        for (_, line) in lines {
            let Some(there) = line.id.as_ref().and_then(|id| known.lines.get(id)) else { continue };
            for (column, said, known) in [
                ("email", &mut line.email, &there.email),
                ("disability_category", &mut line.disability_category, &there.disability_category),
            ] {
                if !columns.contains_key(column) {
                    said.clone_from(known);
                }
            }
            if !columns.contains_key("allowed_companion") {
                line.allowed_companion = there.allowed_companion;
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
        let Desk { app, map, .. } = desk;
        let passenger = match change {
            Change::New(line) => {
                let (passenger, phone) = fresh(app, map, &input(line))?;
                take_in(app, passenger, &phone).await?
            }
            Change::Changed(line) => {
                let passenger = change_of(desk, line).await?;
                app.database.put_passenger(&passenger, app.clock.random(), app.clock.now()).await?;
                passenger
            }
            Change::Same | Change::Unknown(_) => return Err(ApiError::unprocessable("id", "is not known")),
        };
        Ok(ImportedId::Number(passenger.number))
    }
}
