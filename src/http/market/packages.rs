//! Packages: publish, list one's own, call off.

mod draft;
pub mod finding;
mod view;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, UserId};
use peerpack_actors::market::package::{Package, Terms};
use peerpack_actors::ports::Store;
use peerpack_actors::runtime::Conditions;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{IfMatch, Once, Repeatable, etag};
use crate::error::extract::Given;
use crate::error::{ApiError, Problem};
use crate::http::marks::Marks;
use crate::store::SenderPackages;

pub use draft::NewPackage;
pub(in crate::http) use draft::{draft, from_template, terms};
use view::view;
pub(in crate::http) use view::{Carriers, responses, times};
pub use view::{PackageView, ResponseView};

/// How many packages one answer lists.
const PAGE: u32 = 200;

/// A package was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackagePublished {
    success: bool,
    /// Its id.
    package_id: String,
}

/// A package was called off.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageCancelled {
    success: bool,
    /// `cancelled`.
    #[schema(value_type = peerpack_actors::market::phase::PackagePhase)]
    state: String,
    /// What has come back into the wallet, in the currency of the reward.
    refund: f64,
}

/// One's own packages.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyPackages {
    /// Newest first.
    packages: Vec<PackageView>,
}

/// Publishes a package; couriers whose trips suit it get offers at once in mode `instant`.
#[utoipa::path(post, path = "/api/packages", operation_id = "publish_package",
    tag = "packages", request_body = NewPackage, security(("bearer" = [])),
    params(Repeatable),
    responses((status = 201, body = PackagePublished), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn publish(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    body: Given<NewPackage>,
) -> Result<HttpResponse, ApiError> {
    let Given(input, mut wrong) = body;
    let terms = wrong.or(terms(&app, &input), Terms::default());
    let draft = draft(&app, input, None, wrong)?;
    let work = async |once: &Once| {
        let answering = once.package(StatusCode::CREATED, |package| Some(published(package)));
        let engine = app.engine.under(Conditions { answering, terms, ..Conditions::default() });
        let package = engine.publish_package(principal.user, draft).await?;
        Ok(HttpResponse::Created().json(published(&package)))
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

fn published(package: &Package) -> PackagePublished {
    PackagePublished { success: true, package_id: package.id.to_string() }
}

/// One's own packages with the couriers who take part.
#[utoipa::path(get, path = "/api/user/packages", operation_id = "my_packages",
    tag = "packages", security(("bearer" = [])),
    responses((status = 200, body = MyPackages), (status = 401, body = Problem)))]
pub async fn mine(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(MyPackages { packages: all_of(&app, principal.user).await? }))
}

/// The packages of a sender, those under way before all.
pub(in crate::http) async fn all_of(app: &App, sender: UserId) -> Result<Vec<PackageView>, ApiError> {
    let SenderPackages { packages, people, airports } = app.database.shown_packages_of(sender, PAGE).await?;
    let carriers = Carriers { people, airports };
    let marks = Marks::of(app, packages.iter().map(|package| package.id.uuid())).await?;
    Ok(packages.iter().map(|package| view(package, &carriers, &marks)).collect())
}

/// One of one's own packages with the couriers who take part. The `ETag` is its version.
#[utoipa::path(get, path = "/api/packages/{package_id}", operation_id = "show_package",
    tag = "packages", security(("bearer" = [])),
    params(("package_id" = String, Path, description = "The package")),
    responses((status = 200, body = PackageView,
        headers(("ETag" = String, description = "The version, for `If-Match`."))),
            (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PackageId>,
) -> Result<HttpResponse, ApiError> {
    let package = app.database.package(path.into_inner()).await?;
    let theirs = package.filter(|package| package.sender == principal.user);
    let package = theirs.ok_or_else(ApiError::not_found)?;
    let carriers = Carriers::of(&app, &package).await?;
    let marks = Marks::of(&app, [package.id.uuid()]).await?;
    let view = view(&package, &carriers, &marks);
    Ok(HttpResponse::Ok().insert_header(etag(package.version)).json(view))
}

/// Calls one's own package off: before pickup, the money goes back.
#[utoipa::path(put, path = "/api/packages/{package_id}/cancel", operation_id = "cancel_package",
    tag = "packages", security(("bearer" = [])),
    params(("package_id" = String, Path, description = "The package"), Repeatable, IfMatch),
    responses((status = 200, body = PackageCancelled), (status = 401, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn cancel(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    seen: IfMatch,
    path: web::Path<PackageId>,
) -> Result<HttpResponse, ApiError> {
    let (id, by) = (path.into_inner(), principal.user);
    let work = async |once: &Once| {
        let answering = once.package(StatusCode::OK, |package| Some(cancelled(package)));
        let conditions = Conditions { answering, if_still: seen.0, ..Conditions::default() };
        let done = app.engine.under(conditions).cancel_package(id, by).await?;
        Ok(HttpResponse::Ok().json(cancelled(&done.package)))
    };
    repeatable.run(&app.database, by, Some(id.to_string()), work).await
}

fn cancelled(package: &Package) -> PackageCancelled {
    let (state, refund) = (package.state.word().to_owned(), package.refunded().major());
    PackageCancelled { success: true, state, refund }
}
