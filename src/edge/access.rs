//! Who may call what: the one place where it is enforced. What a route does not open stays shut.
//!
//! Whether a thing belongs to the caller is for the core and the store to say; here it is only who may ask at
//! all.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use crate::auth::{Role, authenticate};

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Anybody may call, signed in or not.
    Public,
    /// Everybody who is signed in.
    SignedIn,
    /// Everybody who has one of the roles.
    Only(&'static [Role]),
}

/// For administrators alone.
pub(crate) const ADMIN: Access = Access::Only(&[Role::Admin]);

/// Operators who look.
pub(crate) const OPERATORS: Access = Access::Only(&[Role::Viewer, Role::Dispatcher, Role::Admin]);

/// Operators who decide upon people's documents; anybody who only looks sees none.
pub(crate) const REVIEWERS: Access = Access::Only(&[Role::Dispatcher, Role::Admin]);

/// Operators who give orders to couriers on duty.
pub(crate) const DESK: Access = Access::Only(&[Role::Dispatcher, Role::Admin]);

/// For calls that anybody may make.
pub(crate) const PUBLIC: Access = Access::Public;

/// Everybody who is signed in.
pub(crate) const SIGNED_IN: Access = Access::SignedIn;

/// Lets pass whom the access allows.
pub(crate) async fn enforce<B: MessageBody + 'static>(
    access: Access,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    match access {
        Access::Public => {}
        Access::SignedIn => {
            authenticate(req.request())?;
        }
        Access::Only(roles) => {
            authenticate(req.request())?.require(roles)?;
        }
    }
    next.call(req).await
}
