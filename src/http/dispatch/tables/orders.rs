//! Orders as tables.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::dispatch::order::{Cargo, OrderEnd};
use peerpack_actors::dispatch::{By, Order, OrderCommand};
use peerpack_actors::ids::OrderId;
use peerpack_actors::market::load::Load;
use peerpack_actors::ports::OrderStore as _;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    A_PAGE, Columns, Desk, FileFormat, ImportForm, ImportReport, ImportedId, Known, Period, Table, format,
    import, table, too_many, zone_of,
};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::phone::Phone;
use crate::error::extract::Query;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::dispatch::draft::{self, NewOrder};
use crate::http::dispatch::orders::{amendment, phases, placing};
use crate::http::dispatch::views::Faces;
use crate::http::dispatch::{days, scope};
use crate::http::vocabulary;
use crate::sheets::{self, Change, End, MAX_ROWS, Parcel, is_same_text, moment_of_clocks};
use crate::store::{OrderQuery, Slice};
use crate::town::Town;

/// Which orders a file is to have.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichExport {
    /// States, between commas.
    status: Option<String>,
    /// Those of one courier, by number.
    driver_id: Option<i64>,
    /// Those wanted on that day or later: `YYYY-MM-DD`, or an instant of it. In the time of the courier's
    /// region, or of the region that was drawn first.
    date_from: Option<String>,
    /// Those wanted on that day or before.
    date_to: Option<String>,
    /// `xlsx` if it is not said.
    #[param(value_type = Option<vocabulary::StatementFormat>)]
    format: Option<FileFormat>,
}

/// Imports orders: new ones without an id, which wait for the desk, and changes of those that nobody has yet.
/// A changed order keeps what the file has no column for, and a parcel what its empty cells do not say. A
/// time without a zone is that of the pickup.
/// Status and courier of a line are told and never read; neither is the name of a passenger who is known.
/// Who is ordered for under a new phone becomes a passenger. What `GET /api/orders/export-excel-template`
/// has made can be imported again, and changes nothing.
#[utoipa::path(post, path = "/api/orders/import", operation_id = "import_orders", tag = "orders",
    security(("bearer" = [])), request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 200, body = ImportReport), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn bring(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    import::<sheets::Order>(&app, principal, &req, payload).await
}

/// Orders as a file in the shape of the import, the oldest first; the titles alone where there are none.
/// Times are those of the pickup, with their offset. At most 10 000.
#[utoipa::path(get, path = "/api/orders/export-excel-template", operation_id = "export_orders", tag = "orders",
    security(("bearer" = [])), params(WhichExport),
    responses((status = 200, description = "The file.", content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"))),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn take(app: web::Data<App>, query: Query<WhichExport>) -> Result<HttpResponse, ApiError> {
    let found = exported(&app, &query.0).await?;
    table(format(query.0.format), found.into_iter().map(|(_, line)| line).collect()).await
}

/// The orders that couriers have, or had to their end, courier by courier, otherwise as
/// `GET /api/orders/export-excel-template`.
#[utoipa::path(get, path = "/api/orders/export-by-drivers", operation_id = "export_orders_by_drivers",
    tag = "orders", security(("bearer" = [])), params(WhichExport),
    responses((status = 200, description = "The file.", content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"))),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn take_by_drivers(
    app: web::Data<App>,
    query: Query<WhichExport>,
) -> Result<HttpResponse, ApiError> {
    let mut found = exported(&app, &query.0).await?;
    found.retain(|(_, line)| line.driver.is_some());
    found.sort_by(|(a, one), (b, other)| {
        let at = |order: &Order| order.draft.pickup_at.unwrap_or(order.created_at);
        one.driver.cmp(&other.driver).then(at(a).cmp(&at(b))).then(a.id.cmp(&b.id))
    });
    table(format(query.0.format), found.into_iter().map(|(_, line)| line).collect()).await
}

async fn exported(app: &App, which: &WhichExport) -> Result<Vec<(Order, sheets::Order)>, ApiError> {
    let map = scope::map(app).await?;
    let driver = match which.driver_id {
        Some(number) => app.database.person_of(number).await?,
        None => None,
    };
    let region = match driver {
        Some(person) => app.database.driver(person).await?.map(|driver| driver.region),
        None => None,
    };
    let zone = days::zone_of(&map, region);
    let date = |field, text: &Option<String>| {
        text.as_deref().map(|text| days::date_or_instant(field, text, &zone)).transpose()
    };
    let (first, last) = (date("date_from", &which.date_from)?, date("date_to", &which.date_to)?);
    if first.zip(last).is_some_and(|(first, last)| last < first) {
        return Err(ApiError::unprocessable("date_to", "must not be before date_from"));
    }
    if which.driver_id.is_some() && driver.is_none() {
        return Ok(Vec::new());
    }
    let (from, to): Period =
        (first.map(|date| days::begin(date, &zone)), last.map(|date| days::end(date, &zone)));
    let phases = phases(which.status.as_deref())?;
    lines(app, OrderQuery { phases, driver, from, to, ..OrderQuery::default() }).await
}

/// Orders as lines, the oldest first; at most as many as a file takes.
pub(in crate::http::dispatch) async fn lines(
    app: &App,
    query: OrderQuery,
) -> Result<Vec<(Order, sheets::Order)>, ApiError> {
    let query = OrderQuery { oldest_first: true, ..query };
    let (mut found, mut offset) = (Vec::new(), 0);
    loop {
        let limit = u32::try_from(A_PAGE).unwrap_or(u32::MAX);
        let part = app.database.find_orders(&query, Slice { offset, limit }).await?;
        if part.count > MAX_ROWS as u64 {
            return Err(too_many("date_from"));
        }
        let is_last = part.items.len() < A_PAGE;
        let faces = Faces::of(app, &part.items).await?;
        found.extend(part.items.into_iter().map(|order| {
            let line = line_of(&order, &faces);
            (order, line)
        }));
        offset += limit;
        if is_last {
            return Ok(found);
        }
    }
}

fn line_of(order: &Order, faces: &Faces) -> sheets::Order {
    let draft = &order.draft;
    let passenger = faces.passenger_of(order);
    let end = |end: &OrderEnd| End {
        title: end.title.clone(),
        object_name: end.object_name.clone(),
        position: Some(end.position),
    };
    let parcel = match draft.cargo {
        Cargo::Parcel(Load { weight_g, volume_ml, slots }) => {
            Parcel { weight_g: Some(weight_g), volume_ml: Some(volume_ml), seats: Some(slots) }
        }
        Cargo::Passenger => Parcel::default(),
    };
    sheets::Order {
        id: Some(order.id.to_string()),
        status: Some(order.state.word().to_owned()),
        driver: faces.driver_of(order).map(|driver| format!("{}, {}", driver.name, driver.number)),
        passenger_phone: passenger.and_then(|one| one.phone.clone()).unwrap_or_default(),
        passenger_name: passenger.map(|one| one.full_name.clone()).unwrap_or_default(),
        pickup: end(&draft.pickup),
        dropoff: end(&draft.dropoff),
        pickup_at: draft.pickup_at,
        clocks: None,
        has_companion: draft.extras.companion,
        child_seat: draft.extras.child_seat,
        large_luggage: draft.extras.large_luggage,
        parcel,
        note: draft.note.clone(),
    }
}

/// What a line orders, in the words of a call.
fn new_order(line: &sheets::Order) -> NewOrder {
    let Parcel { weight_g, volume_ml, seats } = line.parcel;
    let load = Load {
        weight_g: weight_g.unwrap_or(0),
        volume_ml: volume_ml.unwrap_or(0),
        slots: seats.unwrap_or(1),
    };
    NewOrder {
        pickup_title: Some(line.pickup.title.clone()),
        pickup_object_name: Some(line.pickup.object_name.clone()),
        dropoff_title: Some(line.dropoff.title.clone()),
        dropoff_object_name: Some(line.dropoff.object_name.clone()),
        pickup_lat: line.pickup.position.map(|at| at.lat),
        pickup_lon: line.pickup.position.map(|at| at.lon),
        dropoff_lat: line.dropoff.position.map(|at| at.lat),
        dropoff_lon: line.dropoff.position.map(|at| at.lon),
        desired_pickup_time: Some(line.pickup_at.map_or_else(|| "now".to_owned(), |at| at.to_string())),
        has_companion: Some(line.has_companion),
        child_seat: Some(line.child_seat),
        large_luggage: Some(line.large_luggage),
        parcel: line.parcel.is_any().then(|| load.into()),
        note: Some(line.note.clone()),
        passenger_phone: Some(line.passenger_phone.clone()),
        passenger_name: Some(line.passenger_name.clone()),
        ..NewOrder::default()
    }
}

/// The order that a line changes.
async fn order_of(app: &App, line: &sheets::Order) -> Result<Order, ApiError> {
    let unknown = || ApiError::unprocessable("id", "is not known");
    let id: OrderId = line.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
    app.database.order(id).await?.ok_or_else(unknown)
}

/// What a line changes: the order as it is, with what the line says in the place of what it said.
async fn changed(desk: &Desk<'_>, line: &sheets::Order, order: &Order) -> Result<OrderCommand, ApiError> {
    let given = new_order(line).over(&order.draft);
    amendment(desk.app, desk.town, order, &given, By::Staff(desk.by.user)).await
}

/// The same of the columns of a file: somebody new has the region of the pickup, and a ride is as long as its
/// end is far.
fn in_columns(error: ApiError) -> ApiError {
    if error.problem(None).fields.contains_key("passenger_region_id") {
        return ApiError::unprocessable("pickup_lat", "no region serves this place");
    }
    error
        .renamed("passenger_id", "passenger_phone")
        .renamed("seats_needed", "parcel_seats")
        .renamed("distance_km", "dropoff_lat")
        .renamed("duration", "dropoff_lat")
}

async fn check_new(app: &App, town: &Town, line: &sheets::Order) -> Result<(), ApiError> {
    let (given, mut wrong) = (new_order(line), Wrong::default());
    for (end, fields) in
        [(&line.pickup, ["pickup_lat", "pickup_lon"]), (&line.dropoff, ["dropoff_lat", "dropoff_lon"])]
    {
        if end.position.is_none() {
            fields.into_iter().for_each(|field| wrong.add(ApiError::unprocessable(field, "is required")));
        }
    }
    wrong.finish(())?;
    let meant = draft::meant(app, town, &given).await?;
    let (draft, _) = given.draft(app, town, &meant.whom()).await?;
    Ok(draft.check(app.clock.now())?)
}

impl Table for sheets::Order {
    const TAKEN: &'static str = "";

    async fn settle(
        desk: &Desk<'_>,
        lines: &mut [(u32, Self)],
        columns: &Columns,
    ) -> Result<Known<Self>, ApiError> {
        let mut known = HashMap::new();
        let ids = lines.iter().filter_map(|(_, line)| line.id.as_deref()?.trim().parse().ok());
        let ids: Vec<OrderId> = ids.collect();
        for ids in ids.chunks(A_PAGE) {
            let orders = desk.app.database.orders_by_id(ids).await?;
            let faces = Faces::of(desk.app, &orders).await?;
            known.extend(orders.iter().map(|order| (order.id.to_string(), line_of(order, &faces))));
        }
        for (_, line) in lines {
            let Some(there) = line.id.as_ref().and_then(|id| known.get(id)) else { continue };
            (line.status, line.driver) = (there.status.clone(), there.driver.clone());
            line.passenger_name.clone_from(&there.passenger_name);
            let phone = Phone::parse(&line.passenger_phone);
            if line.passenger_phone.is_empty()
                || phone.is_ok_and(|phone| phone.as_str() == there.passenger_phone)
            {
                line.passenger_phone.clone_from(&there.passenger_phone);
            }
            for (column, said, known) in [
                ("pickup_title", &mut line.pickup.title, &there.pickup.title),
                ("pickup_object_name", &mut line.pickup.object_name, &there.pickup.object_name),
                ("dropoff_title", &mut line.dropoff.title, &there.dropoff.title),
                ("dropoff_object_name", &mut line.dropoff.object_name, &there.dropoff.object_name),
                ("note", &mut line.note, &there.note),
            ] {
                if !columns.contains_key(column) || is_same_text(said, known) {
                    said.clone_from(known);
                }
            }
            for (column, said, known) in [
                ("has_companion", &mut line.has_companion, there.has_companion),
                ("child_seat", &mut line.child_seat, there.child_seat),
                ("large_luggage", &mut line.large_luggage, there.large_luggage),
            ] {
                if !columns.contains_key(column) {
                    *said = known;
                }
            }
            line.parcel = line.parcel.over(there.parcel);
            line.pickup.position = line.pickup.position.or(there.pickup.position);
            line.dropoff.position = line.dropoff.position.or(there.dropoff.position);
            if !columns.contains_key("desired_pickup_time") {
                line.pickup_at = there.pickup_at;
            }
            // Only now it is known whose clocks are meant.
            let zone = || zone_of(line.pickup.position);
            if let Some(at) = line.clocks.and_then(|clocks| moment_of_clocks(clocks, &zone())) {
                (line.pickup_at, line.clocks) = (Some(at), None);
            }
        }
        Ok(Known { lines: known, ..Known::default() })
    }

    fn identity(&self) -> Option<String> {
        self.id.clone()
    }

    async fn check(desk: &Desk<'_>, change: &Change<Self>) -> Result<(), ApiError> {
        checked(desk, change).await.map_err(in_columns)
    }

    async fn apply(desk: &Desk<'_>, change: &Change<Self>) -> Result<ImportedId, ApiError> {
        applied(desk, change).await.map_err(in_columns)
    }
}

async fn checked(desk: &Desk<'_>, change: &Change<sheets::Order>) -> Result<(), ApiError> {
    let Desk { app, town, .. } = desk;
    match change {
        Change::Same => Ok(()),
        Change::Unknown(_) => Err(ApiError::unprocessable("id", "is not known")),
        Change::New(line) => check_new(app, town, line).await,
        Change::Changed(line) => {
            if line.clocks.is_some() {
                let why = "must be a time such as 2026-12-31 09:30";
                return Err(ApiError::unprocessable("desired_pickup_time", why));
            }
            let order = order_of(app, line).await?;
            let faces = Faces::of(app, std::slice::from_ref(&order)).await?;
            if line_of(&order, &faces).passenger_phone != line.passenger_phone {
                let why = "an order stays its passenger's";
                return Err(ApiError::unprocessable("passenger_phone", why));
            }
            let command = changed(desk, line, &order).await?;
            order.decide(&command, &[], town.dispatch().settings(), app.clock.now())?;
            Ok(())
        }
    }
}

async fn applied(desk: &Desk<'_>, change: &Change<sheets::Order>) -> Result<ImportedId, ApiError> {
    let Desk { app, town, .. } = desk;
    let order = match change {
        Change::New(line) => {
            let given = new_order(line);
            let whom = draft::named(app, town, &given).await?;
            let placing = placing(app, town, &given, &whom, true).await?;
            town.dispatch().place(app.engine.context(), placing, None).await?
        }
        Change::Changed(line) => {
            let order = order_of(app, line).await?;
            let command = changed(desk, line, &order).await?;
            town.dispatch().carry_out(app.engine.context(), order.id, &command).await?
        }
        Change::Same | Change::Unknown(_) => return Err(ApiError::unprocessable("id", "is not known")),
    };
    Ok(ImportedId::Text(order.id.to_string()))
}
