//! One path with its methods, who may use them, and what every request passes before its handler.

mod enveloped;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{Route, guard, web};

use crate::edge::access::{Access, enforce};
use crate::edge::limits::{Class, admit};
use crate::edge::request_log::note;

/// A path under `/api` and `/v1` with what it answers to.
pub struct Endpoint {
    /// The pattern, as in the OpenAPI document.
    pub path: &'static str,
    /// The methods, and who may use them.
    pub methods: Vec<(Method, Access)>,
    pub(super) routes: Vec<Route>,
}

impl Endpoint {
    pub(super) fn at(path: &'static str) -> Self {
        Self { path, methods: Vec::new(), routes: Vec::new() }
    }

    pub(super) fn on(mut self, method: Method, access: Access, route: Route) -> Self {
        let class = Class::of(self.path, &method);
        let route = route
            .wrap(from_fn(move |req, next| enforce(access, req, next)))
            .wrap(from_fn(move |req, next| admit(class, req, next)))
            .wrap(from_fn(note));
        let route = if enveloped::is_messengers(self.path) {
            route.wrap(from_fn(enveloped::refusals))
        } else if enveloped::is_consoles(self.path) {
            let path = self.path;
            route.wrap(from_fn(move |req, next| enveloped::of_console(path, req, next)))
        } else {
            route
        };
        self.methods.push((method, access));
        self.routes.push(route);
        self
    }
}

/// A route for a method. What answers `GET` answers `HEAD` too; the connection leaves the body out.
pub(super) fn answering(method: Method) -> Route {
    match method {
        Method::GET => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        method => web::method(method),
    }
}
