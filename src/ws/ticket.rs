//! Tickets: for pages that can neither set a header nor want their token in a subprotocol. A ticket goes into
//! the address, so it is worth little: it opens one socket, within half a minute.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::time::Span;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::token::Access;
use crate::auth::{Principal, welcome};
use crate::error::{ApiError, Problem};
use crate::store;

/// How long a ticket is good, seconds.
const TTL_S: u32 = 30;

/// Random bytes of a ticket.
const TICKET_BYTES: usize = 32;

/// A ticket for one socket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SocketTicket)]
pub struct Ticket {
    /// Goes into the address of the socket: `/ws?ticket=..`.
    ticket: String,
    /// How long it is good, seconds.
    expires_in: u32,
}

/// A ticket that opens one socket within half a minute.
#[utoipa::path(post, path = "/api/ws-ticket", operation_id = "make_socket_ticket",
    tag = "realtime", security(("bearer" = [])),
    responses((status = 201, body = Ticket), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub async fn issue(app: web::Data<App>, access: Access) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    let ticket = hex::encode(rand::random::<[u8; TICKET_BYTES]>());
    let stands_for = store::Ticket {
        user: access.principal.user,
        role: access.principal.role,
        token: access.id,
        session: access.session,
        issued_at: access.issued_at,
        token_expires_at: access.expires_at,
    };
    let expires_at = now + Span::seconds(i64::from(TTL_S));
    app.database.add_ticket(hash(&ticket), stands_for, expires_at, now).await?;
    Ok(HttpResponse::Created().json(Ticket { ticket, expires_in: TTL_S }))
}

/// Looks whether a ticket is good, without using it up. What has not the form of one is not looked for.
///
/// # Errors
/// As [`redeem`].
pub(super) async fn look(app: &App, ticket: &str) -> Result<(), ApiError> {
    let has_form = ticket.len() == 2 * TICKET_BYTES && ticket.bytes().all(|byte| byte.is_ascii_hexdigit());
    if has_form && app.database.has_ticket(hash(ticket), app.clock.now()).await? {
        return Ok(());
    }
    Err(refused())
}

/// Uses a ticket up.
///
/// # Errors
/// 401 when it is not good, or not good any more.
pub(super) async fn redeem(req: &HttpRequest, app: &App, ticket: &str) -> Result<Access, ApiError> {
    let found = app.database.redeem_ticket(hash(ticket), app.clock.now()).await?.ok_or_else(refused)?;
    let access = Access {
        principal: Principal { user: found.user, role: found.role },
        id: found.token,
        session: found.session,
        issued_at: found.issued_at,
        expires_at: found.token_expires_at,
        // Nobody is asked for a role here.
        is_unproven: false,
    };
    welcome(req, access)
}

fn refused() -> ApiError {
    ApiError::unauthorized("invalid_token", "the ticket is not good, or was used")
}

fn hash(ticket: &str) -> String {
    hex::encode(Sha256::digest(ticket))
}
