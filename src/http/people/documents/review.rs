//! The reviewers' side of documents: what waits, a look at it, the decision.
//!
//! A look needs a link of its own, made for one reviewer and good for minutes, beside the reviewer's own
//! token: an address that ends up somewhere shows nothing to anybody, and nothing at all after a while.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{FileId, UserId};
use peerpack_actors::ports::CommitError;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::PAGE;
use crate::app::App;
use crate::auth::Principal;
use crate::auth::token::Tokens;
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::files::{FileKind, MediaType};
use crate::http::input::{self, LONG_TEXT};
use crate::http::uploads::{FileBytes, disposition};
use crate::store::DocumentState;

/// How long a link is good.
const GOOD_FOR: Span = Span::minutes(5);

/// What the signature is for.
const PURPOSE: &str = "document";

/// Which part of the queue.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// The next page, as the last answer named it.
    #[param(value_type = Option<String>)]
    cursor: Option<FileId>,
}

/// Documents that wait for a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentQueue {
    /// Oldest first.
    documents: Vec<QueuedDocument>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A document that waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueuedDocument {
    id: String,
    user_id: String,
    user_name: String,
    /// `image/jpeg` or `application/pdf`.
    #[schema(value_type = crate::http::vocabulary::DocumentMediaType)]
    media_type: String,
    size_bytes: u64,
    created_at: String,
}

/// A link to look at a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentLink {
    /// For the reviewer who asked, with their token; under the server's own address.
    path: String,
    expires_at: String,
}

/// Why not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineDocument {
    /// What the owner is told.
    reason: String,
}

/// It is decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentDecided {
    success: bool,
    /// `approved` or `declined`.
    #[schema(value_type = crate::http::vocabulary::DocumentDecision)]
    new_status: String,
}

/// Documents that wait for a decision.
#[utoipa::path(get, path = "/api/admin/documents", operation_id = "document_queue",
    tag = "admin", security(("bearer" = [])), params(After),
    responses((status = 200, body = DocumentQueue), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn queue(app: web::Data<App>, query: Query<After>) -> Result<HttpResponse, ApiError> {
    let found = app.database.pending_documents(query.0.cursor, PAGE).await?;
    let is_full = found.len() == PAGE as usize;
    let next_cursor = found.last().filter(|_| is_full).map(|last| last.id.to_string());
    let documents = found.into_iter().map(|document| QueuedDocument {
        id: document.id.to_string(),
        user_id: document.user.to_string(),
        user_name: document.user_name,
        media_type: document.media_type.word().to_owned(),
        size_bytes: document.size_bytes,
        created_at: document.created_at.to_string(),
    });
    Ok(HttpResponse::Ok().json(DocumentQueue { documents: documents.collect(), next_cursor }))
}

/// A link to look at a document, for the caller alone and for five minutes.
#[utoipa::path(post, path = "/api/admin/documents/{document_id}/link", operation_id = "document_link",
    tag = "admin", security(("bearer" = [])),
    params(("document_id" = String, Path, description = "The document")),
    responses((status = 201, body = DocumentLink), (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn link(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
    path: web::Path<FileId>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let document = app.database.document(id).await?;
    document.filter(|document| document.is_kept).ok_or_else(ApiError::not_found)?;
    let until = app.clock.now() + GOOD_FOR;
    let signature = tokens.sign(PURPOSE, &signed(id, principal.user, until));
    let path = format!("/api/admin/documents/{id}/file/{}.{signature}", until.ms());
    Ok(HttpResponse::Created().json(DocumentLink { path, expires_at: until.to_string() }))
}

fn signed(document: FileId, reviewer: UserId, until: Time) -> String {
    format!("{document}.{reviewer}.{}", until.ms())
}

/// A document, by a link that was made for the caller. A picture is shown, a PDF file is offered for saving.
#[utoipa::path(get, path = "/api/admin/documents/{document_id}/file/{link}",
    operation_id = "look_at_document",
    tag = "admin",
    security(("bearer" = [])),
    params(("document_id" = String, Path, description = "The document"),
        ("link" = String, Path, description = "What the link ends with")),
    responses((status = 200, description = "The document",
            content((FileBytes = "image/jpeg"), (FileBytes = "application/pdf"))),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn look(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
    path: web::Path<(FileId, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, link) = path.into_inner();
    let (until, signature) = link.split_once('.').ok_or_else(ApiError::not_found)?;
    let until = Time::from_ms(until.parse().map_err(|_| ApiError::not_found())?);
    let is_ours = tokens.is_signed(PURPOSE, &signed(id, principal.user, until), signature);
    if !is_ours || until <= app.clock.now() {
        return Err(ApiError::not_found());
    }
    let record = app.database.file(id).await?.filter(|record| record.name.kind == FileKind::Document);
    let record = record.ok_or_else(ApiError::not_found)?;
    let document = app.files.get(record.name).await?.ok_or_else(ApiError::not_found)?;
    tracing::info!(document = %id, reviewer = %principal.user, "a document was looked at");
    let is_shown = record.media_type == MediaType::Jpeg;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, record.media_type.word()))
        .insert_header(disposition(is_shown, "document", record.media_type))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox; frame-ancestors 'none'",
        ))
        .body(document))
}

/// Finds that a document shows who its owner is: from now on they are a verified person.
#[utoipa::path(post, path = "/api/admin/documents/{document_id}/approve", operation_id = "approve_document",
    tag = "admin", security(("bearer" = [])),
    params(("document_id" = String, Path, description = "The document")),
    responses((status = 200, body = DocumentDecided), (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn approve(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<FileId>,
) -> Result<HttpResponse, ApiError> {
    decide(&app, principal, path.into_inner(), DocumentState::Approved).await
}

/// Finds that a document does not show who its owner is, and tells them why.
#[utoipa::path(post, path = "/api/admin/documents/{document_id}/decline", operation_id = "decline_document",
    tag = "admin", security(("bearer" = [])),
    params(("document_id" = String, Path, description = "The document")), request_body = DeclineDocument,
    responses((status = 200, body = DocumentDecided), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn decline(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<FileId>,
    body: Body<DeclineDocument>,
) -> Result<HttpResponse, ApiError> {
    let reason = input::required("reason", Some(body.0.reason), LONG_TEXT)?;
    decide(&app, principal, path.into_inner(), DocumentState::Declined { reason }).await
}

/// The first decision counts; the same one again changes nothing.
async fn decide(
    app: &App,
    principal: Principal,
    id: FileId,
    state: DocumentState,
) -> Result<HttpResponse, ApiError> {
    let word = state.word();
    let document = app.database.document(id).await?.ok_or_else(ApiError::not_found)?;
    if document.user == principal.user {
        return Err(ApiError::conflict("own_account", "another reviewer has to do this"));
    }
    let reason = if let DocumentState::Declined { reason } = &state { Some(reason.clone()) } else { None };
    let told = Unit::document_reviewed(document.user, id, reason, app.clock.now());
    match app.database.decide_document(id, state, principal.user, told).await {
        Ok(committed) => app.engine.told(committed),
        Err(CommitError::Conflict) => {
            let document = app.database.document(id).await?.ok_or_else(ApiError::not_found)?;
            if document.state.word() != word {
                return Err(ApiError::conflict("already_decided", "this document was decided upon before"));
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(HttpResponse::Ok().json(DocumentDecided { success: true, new_status: word.to_owned() }))
}
