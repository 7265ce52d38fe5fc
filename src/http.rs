//! The HTTP edge: one readable list of routes, and thin handlers that parse, command and render.
//!
//! `/api` and `/v1` answer alike. The list and the OpenAPI document must not differ; a test compares them.

pub mod couriers;
pub mod health;
pub mod identity;
pub mod notifications;
pub mod openapi;
pub mod packages;
pub mod places;
pub mod profile;
pub mod requests;
pub mod responses;
pub mod trips;
pub mod wallet;

mod input;
mod loads;
mod local_time;
pub mod once;

use actix_web::http::Method;
use actix_web::{Route, web};

use crate::ws;

/// A path under `/api` and `/v1` with what it answers to.
pub struct Endpoint {
    /// The pattern, as in the OpenAPI document.
    pub path: &'static str,
    /// The methods.
    pub methods: Vec<Method>,
    routes: Vec<Route>,
}

impl Endpoint {
    fn at(path: &'static str) -> Self {
        Self { path, methods: Vec::new(), routes: Vec::new() }
    }

    fn on(mut self, method: Method, route: Route) -> Self {
        self.methods.push(method);
        self.routes.push(route);
        self
    }
}

macro_rules! endpoints {
    ($($path:literal { $($method:ident $handler:path),+ $(,)? })*) => {
        vec![$(Endpoint::at($path)$(.on(Method::$method, web::method(Method::$method).to($handler)))+),*]
    };
}

/// Every route of the API.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    endpoints! {
        "/auth/telegram" { POST identity::sign_in_with_telegram }
        "/auth/refresh" { POST identity::refresh }
        "/cities" { GET places::cities }
        "/couriers" { GET couriers::search }
        "/couriers/{courier_id}/send-package" { POST couriers::send_package }
        "/trips" { POST trips::publish }
        "/trips/{trip_id}" { GET trips::one }
        "/trips/{trip_id}/cancel" { PUT trips::cancel }
        "/trips/{trip_id}/package-requests" { GET trips::requests }
        "/user/trips" { GET trips::mine }
        "/packages" { POST packages::publish }
        "/packages/{package_id}" { GET packages::one }
        "/packages/{package_id}/cancel" { PUT packages::cancel }
        "/packages/{package_id}/explain" { GET packages::explain }
        "/packages/{package_id}/responses" { GET responses::list, POST responses::respond }
        "/packages/{package_id}/select-courier" { POST responses::select }
        "/packages/{package_id}/send-to-courier" { POST responses::send }
        "/user/packages" { GET packages::mine }
        "/package-requests/{request_id}/accept" { PUT requests::accept }
        "/package-requests/{request_id}/decline" { PUT requests::decline }
        "/package-requests/{request_id}/pickup" { PUT requests::pick_up }
        "/package-requests/{request_id}/mark-delivered" { PUT requests::mark_delivered }
        "/package-requests/{request_id}/confirm-delivery" { PUT requests::confirm_delivery }
        "/package-requests/{request_id}/cancel" { PUT requests::cancel }
        "/package-requests/{request_id}/review" { POST profile::review }
        "/user/profile" { GET profile::show, PATCH profile::change }
        "/user/notifications" { GET notifications::list }
        "/notifications/mark-all-read" { PUT notifications::read_all }
        "/notifications/{notification_id}/read" { PUT notifications::read }
        "/user/balance" { GET wallet::balance }
        "/user/withdraw" { POST wallet::withdraw }
        "/admin/withdrawals" { GET wallet::queue }
        "/admin/withdrawals/{withdrawal_id}/pay" { POST wallet::pay }
        "/admin/withdrawals/{withdrawal_id}/reject" { POST wallet::reject }
        "/health" { GET health::health }
        "/health/live" { GET health::live }
        "/health/ready" { GET health::ready }
    }
}

/// Registers everything.
pub fn routes(config: &mut web::ServiceConfig) {
    for prefix in ["/api", "/v1"] {
        for endpoint in endpoints() {
            let resource = web::resource(format!("{prefix}{}", endpoint.path));
            config.service(endpoint.routes.into_iter().fold(resource, actix_web::Resource::route));
        }
    }
    config
        .service(web::resource("/ws").route(web::get().to(ws::upgrade)))
        .service(web::resource("/openapi.json").route(web::get().to(openapi::json)))
        .configure(openapi::page);
}
