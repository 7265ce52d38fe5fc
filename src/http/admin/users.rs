//! People in the shape of the dispatcher's console: who they are, and what administrators do to accounts.
//! It is the same people and the same operators as everywhere else; what is done is noted with who did it.

pub mod actions;

mod view;

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::operators::{AccountChanged, changed, deed, new_operator, set_blocked, somebody_else};
use crate::app::App;
use crate::auth::phone::Phone;
use crate::auth::revocations::Revocations;
use crate::auth::{Principal, Role};
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::http::input;
use crate::http::paging::Paging;
use crate::maintenance::jobs;
use crate::store::{Account, AccountQuery, Job, JobKind, NewOperator, Removal};

pub use view::{StaffRole, StaffUser};

/// The most people of a page.
const MOST: u32 = 200;

/// Which people.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichUsers {
    /// 1 is the first.
    page: Option<u32>,
    /// 20 if absent, 200 at most.
    page_size: Option<u32>,
    /// `admin`, `dispatcher`, `operator`, `driver`, `passenger` or `user`, in small or capital letters.
    #[param(value_type = Option<StaffRole>)]
    role: Option<String>,
    /// `active`, or `blocked` (`inactive` is the same).
    status: Option<String>,
    /// Words in a name, login, phone or address.
    search: Option<String>,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffPage {
    /// How many there are in all.
    count: u64,
    /// The address of the next page.
    next: Option<String>,
    previous: Option<String>,
    /// Who came first is the first.
    results: Vec<StaffUser>,
}

/// Somebody of the desk, or what is changed of a person.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct StaffInput {
    /// The login of somebody new, if there is no `email`: 3 to 64 letters, digits, or any of . _ - @
    username: Option<String>,
    /// The login of somebody new. It stays as it is: another one is refused.
    email: Option<String>,
    /// A phone, for the desk to call: nobody signs in with it. With whose phone somebody signs in, it stays
    /// as it is.
    phone: Option<String>,
    /// Of somebody new: 12 to 256 characters.
    password: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// `admin`, `dispatcher` or `operator`, in small or capital letters; of somebody who is known also
    /// `user`, which takes the role away.
    #[schema(value_type = Option<StaffRole>)]
    role: Option<String>,
    /// Whether they may come in.
    is_active: Option<bool>,
}

/// People, but for those whose accounts are going.
#[utoipa::path(get, path = "/api/admin/users", operation_id = "staff", tag = "admin",
    security(("bearer" = [])), params(WhichUsers),
    responses((status = 200, body = StaffPage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    req: HttpRequest,
    app: web::Data<App>,
    query: Query<WhichUsers>,
) -> Result<HttpResponse, ApiError> {
    let which = query.0;
    let paging = Paging::of(which.page, which.page_size, MOST)?;
    let role = which.role.unwrap_or_default().to_lowercase();
    let word = match role.as_str() {
        "operator" => "viewer",
        word @ ("" | "admin" | "dispatcher" | "viewer" | "driver" | "passenger" | "user") => word,
        _ => return Err(ApiError::unprocessable("role", "is no role")),
    };
    let is_active = match which.status.as_deref().unwrap_or_default() {
        "" | "all" => None,
        "active" => Some(true),
        "blocked" | "inactive" => Some(false),
        _ => return Err(ApiError::unprocessable("status", "must be active or blocked")),
    };
    let search = which.search.unwrap_or_default();
    let query = AccountQuery { word: word.to_owned(), is_active, search };
    let part = app.database.find_accounts(&query, paging.slice()).await?;
    let (next, previous) = paging.links(&req, part.count);
    let mut results = Vec::with_capacity(part.items.len());
    for account in part.items {
        results.push(shown(&app, account).await?);
    }
    Ok(HttpResponse::Ok().json(StaffPage { count: part.count, next, previous, results }))
}

/// Takes somebody on who signs in with a password. Couriers and passengers come by paths of their own.
#[utoipa::path(post, path = "/api/admin/users", operation_id = "add_staff", tag = "admin",
    security(("bearer" = [])), request_body = StaffInput,
    responses((status = 201, body = StaffUser), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    body: Body<StaffInput>,
) -> Result<HttpResponse, ApiError> {
    let given = body.0;
    let role = given.role.as_deref().and_then(role_of).filter(|role| role.is_operator());
    let role =
        role.ok_or_else(|| ApiError::unprocessable("role", "must be admin, dispatcher or operator"))?;
    let (field, login) = match (given.email.filter(|email| !email.is_empty()), given.username) {
        (Some(email), _) => ("email", email),
        (None, Some(username)) => ("username", username),
        (None, None) => return Err(ApiError::unprocessable("email", "is required")),
    };
    let name = named(given.first_name.as_deref(), given.last_name.as_deref(), "");
    let name = if name.is_empty() { login.clone() } else { name };
    let password = given.password.ok_or_else(|| ApiError::unprocessable("password", "is required"))?;
    let desk_phone = desk_phone(given.phone.as_deref().unwrap_or_default())?;
    let operator = new_operator(&app, login.trim().to_owned(), password, name, role).await;
    let operator = operator.map(|operator| NewOperator { desk_phone, ..operator });
    let operator = operator.map_err(|error| error.renamed("login", field).renamed("name", "first_name"))?;
    let id = operator.id;
    if !app.database.add_operator_by(operator, deed(&req, &app, principal)).await? {
        return Err(ApiError::conflict("login_taken", "somebody else has this login"));
    }
    Ok(HttpResponse::Created().json(of(&app, id).await?))
}

/// A person.
#[utoipa::path(get, path = "/api/admin/users/{number}", operation_id = "staff_user", tag = "admin",
    security(("bearer" = [])), params(("number" = i64, Path, description = "The person's number")),
    responses((status = 200, body = StaffUser), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn one(app: web::Data<App>, path: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    let id = person(&app, path.into_inner()).await?;
    Ok(HttpResponse::Ok().json(of(&app, id).await?))
}

/// Changes a person's name, role, or whether they may come in; what is absent stays. With another role, and
/// when they are shut out, their sessions end. Nobody changes their own role, and the last administrator
/// stays one.
#[utoipa::path(patch, path = "/api/admin/users/{number}", operation_id = "change_staff_user", tag = "admin",
    security(("bearer" = [])), params(("number" = i64, Path, description = "The person's number")),
    request_body = StaffInput,
    responses((status = 200, body = StaffUser), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn change(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<i64>,
    body: Body<StaffInput>,
) -> Result<HttpResponse, ApiError> {
    let id = person(&app, path.into_inner()).await?;
    let (given, before) = (body.0, account(&app, id).await?);
    let seen = shown(&app, before.clone()).await?;
    let role = match given.role.as_deref().filter(|word| !word.eq_ignore_ascii_case(&seen.role)) {
        Some(word) => {
            let unknown = || ApiError::unprocessable("role", "must be admin, dispatcher, operator or user");
            Some(role_of(word).ok_or_else(unknown)?).filter(|role| *role != before.user.role)
        }
        None => None,
    };
    let email = given.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
    if email.is_some_and(|email| !email.eq_ignore_ascii_case(&seen.email)) {
        return Err(ApiError::unprocessable("email", "stays as it is"));
    }
    let phone = match given.phone.as_deref().filter(|phone| *phone != seen.phone) {
        Some(phone) => desk_phone(phone)?,
        None => seen.phone,
    };
    if before.user.phone.as_ref().is_some_and(|own| *own != phone) {
        return Err(ApiError::unprocessable("phone", "stays as it is: this person signs in with it"));
    }
    let desk_phone = if before.user.phone.is_some() { before.desk_phone.clone() } else { phone };
    let is_active = given.is_active.filter(|is_active| *is_active == before.user.blocked_at.is_some());
    if role.is_some() || is_active.is_some() {
        somebody_else(principal, id)?;
    }
    let name = named(given.first_name.as_deref(), given.last_name.as_deref(), &before.user.name);
    if name != before.user.name || desk_phone != before.desk_phone {
        let name = input::name("first_name", &name)?;
        let change = app.database.describe_by(id, name, desk_phone, deed(&req, &app, principal)).await?;
        changed(change, &revocations, &app).await?;
    }
    if let Some(role) = role {
        let change = app.database.set_role_by(id, role, deed(&req, &app, principal)).await?;
        changed(change, &revocations, &app).await?;
    }
    let job = match is_active {
        Some(is_active) => {
            set_blocked(&app, &revocations, id, !is_active, deed(&req, &app, principal)).await?
        }
        None => None,
    };
    Ok(HttpResponse::Ok().json(of(&app, id).await?.with(job)))
}

/// Deletes an account: a role is taken away with it, sessions end, what waits is called off, and in a week
/// what names the person is gone. Refused while a deal is under way or money is left. Who came by phone or by
/// Telegram restores it by signing in again until then: to keep somebody out, block them.
#[utoipa::path(delete, path = "/api/admin/users/{number}", operation_id = "remove_staff_user", tag = "admin",
    security(("bearer" = [])), params(("number" = i64, Path, description = "The person's number")),
    responses((status = 200, body = AccountChanged, description = "Done; what waits is still being called off."),
        (status = 204, description = "Done."), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let id = person(&app, path.into_inner()).await?;
    Ok(match removed(&req, &app, principal, &revocations, id).await? {
        Some(job) => HttpResponse::Ok().json(AccountChanged::with(Some(job))),
        None => HttpResponse::NoContent().finish(),
    })
}

/// Deletes an account; answers what is still being called off.
async fn removed(
    req: &HttpRequest,
    app: &App,
    principal: Principal,
    revocations: &Revocations,
    id: UserId,
) -> Result<Option<Job>, ApiError> {
    let id = somebody_else(principal, id)?;
    match app.database.remove_account_by(id, deed(req, app, principal)).await? {
        Removal::Begun => {}
        Removal::NobodyThere => return Err(ApiError::not_found()),
        Removal::LastAdministrator => {
            let message = "there would be no administrator left";
            return Err(ApiError::conflict("last_administrator", message));
        }
        Removal::OpenDeals => {
            let message = "a deal is still under way: it has to end first";
            return Err(ApiError::conflict("open_deals", message));
        }
        Removal::MoneyLeft => {
            return Err(ApiError::conflict(
                "money_left",
                "this person has money here: it has to be paid out first",
            ));
        }
    }
    revocations.refresh(app.clock.now()).await?;
    Ok(jobs::begin(app, JobKind::Account, id.uuid()).await)
}

/// Whose a number is.
async fn person(app: &App, number: i64) -> Result<UserId, ApiError> {
    app.database.person_of(number).await?.ok_or_else(ApiError::not_found)
}

async fn account(app: &App, id: UserId) -> Result<Account, ApiError> {
    app.database.account(id).await?.ok_or_else(ApiError::not_found)
}

async fn of(app: &App, id: UserId) -> Result<StaffUser, ApiError> {
    shown(app, account(app, id).await?).await
}

/// A person, who gets a number if they have none yet.
async fn shown(app: &App, account: Account) -> Result<StaffUser, ApiError> {
    let number = match account.number {
        Some(number) => number,
        None => app.database.number_of(account.user.id, app.clock.random()).await?,
    };
    Ok(view::staff_user(number, account))
}

fn role_of(word: &str) -> Option<Role> {
    let word = word.to_lowercase();
    if word == "operator" { Some(Role::Viewer) } else { Role::from_word(&word) }
}

/// A phone as it is kept; empty for none.
fn desk_phone(text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    if text.is_empty() { Ok(String::new()) } else { Ok(Phone::parse(text)?.as_str().to_owned()) }
}

/// A name out of its parts; what is absent stays as it was.
fn named(first: Option<&str>, last: Option<&str>, before: &str) -> String {
    let (old_first, old_last) = view::parts(before);
    let name = format!("{} {}", first.unwrap_or(&old_first).trim(), last.unwrap_or(&old_last).trim());
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_changed_by_its_parts() {
        assert_eq!(named(None, None, "Анна Мария Иванова"), "Анна Мария Иванова");
        assert_eq!(named(Some("Ольга"), None, "Анна Иванова"), "Ольга Иванова");
        assert_eq!(named(None, Some(""), "Анна Иванова"), "Анна");
        assert_eq!(named(Some("Анна"), Some("Иванова"), ""), "Анна Иванова");
        assert_eq!(role_of("Operator"), Some(Role::Viewer));
        assert_eq!(role_of("Admin"), Some(Role::Admin));
        assert_eq!(role_of("root"), None);
    }
}
