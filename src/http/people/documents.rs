//! Documents that show who a person is: sent by their owner, looked at by a reviewer, shown to nobody else.
//!
//! Not even the owner gets a document back. Pictures are encoded anew like all pictures; a PDF is kept as it
//! came and is opened, if at all, on the reviewer's own machine.

pub mod review;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::FileId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::error::{ApiError, Problem};
use crate::files::{Content, FileKind, FileName, MediaType};
use crate::http::uploads::{self, UploadForm};
use crate::pictures;
use crate::store::{Added, Document, DocumentState, FileRecord};

/// The most bytes a document may come with.
const LIMIT: usize = 10 * 1024 * 1024;

/// The longest side of a picture of a document, in pixels: small print stays readable.
const SIDE: u32 = 2_400;

/// How many documents of one person wait at a time.
const MAX_PENDING: u32 = 5;

/// How many documents one answer lists.
const PAGE: u32 = 50;

/// A document has arrived.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentSent {
    success: bool,
    document_id: String,
}

/// One's own documents.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyDocuments {
    /// Whether one of them was approved.
    verified: bool,
    /// Newest first.
    documents: Vec<DocumentView>,
}

/// A document as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentView {
    id: String,
    /// `pending`, `approved` or `declined`.
    #[schema(value_type = crate::http::vocabulary::DocumentStatus)]
    status: String,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// `image/jpeg` or `application/pdf`.
    #[schema(value_type = crate::http::vocabulary::DocumentMediaType)]
    media_type: String,
    size_bytes: u64,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
    /// Whether the file is still kept; it goes 30 days after the decision.
    is_kept: bool,
}

/// It was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentWithdrawn {
    success: bool,
}

/// Sends a document that shows who one is: a JPEG, PNG or WebP picture or a PDF file of at most 10 MiB, as
/// `multipart/form-data`. A reviewer decides upon it. The same file again, while it waits, is the same
/// document.
#[utoipa::path(post, path = "/api/user/documents", operation_id = "send_document",
    tag = "profile", security(("bearer" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = DocumentSent), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn send(
    app: web::Data<App>,
    principal: Principal,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let owner = principal.user;
    uploads::count(&app, owner, FileKind::Document).await?;
    let upload = uploads::receive(&app, &req, payload, LIMIT).await?;
    let (media_type, size_bytes, content) = content(upload.file, upload.size_bytes).await?;
    let now = app.clock.now();
    let name = FileName { kind: FileKind::Document, id: FileId::new(now, app.clock.random()) };
    app.files.put(name, content).await?;
    drop(upload.place);
    let record = FileRecord { name, owner, media_type, size_bytes, created_at: now };
    let id = match app.database.add_document(record, upload.digest, MAX_PENDING).await? {
        Added::Waits => name.id,
        Added::Same(id) => {
            app.files.remove(name).await;
            id
        }
        Added::TooMany => {
            app.files.remove(name).await;
            return Err(ApiError::conflict(
                "too_many_documents",
                "five documents wait for a decision already",
            ));
        }
    };
    Ok(HttpResponse::Created().json(DocumentSent { success: true, document_id: id.to_string() }))
}

/// What is kept of a file that came as a document.
async fn content(file: File, size_bytes: u64) -> Result<(MediaType, u64, Content), ApiError> {
    let looked =
        tokio::task::spawn_blocking(move || pdf(file)).await.map_err(|error| ApiError::internal(&error))?;
    let (file, found) = looked.map_err(|error| ApiError::internal(&error))?;
    match found {
        Pdf::Whole => Ok((MediaType::Pdf, size_bytes, Content::File(file))),
        Pdf::Cut => Err(ApiError::unprocessable("file", "cannot be read as a PDF file")),
        Pdf::None => match pictures::remake(file, SIDE).await {
            Ok(picture) => Ok((MediaType::Jpeg, picture.len() as u64, picture.into())),
            Err(pictures::Spoiled::Foreign) => {
                let formats = "must be a JPEG, PNG or WebP picture or a PDF file";
                Err(ApiError::unsupported_media_type(formats).with_field("file", formats))
            }
            Err(spoiled) => Err(spoiled.into()),
        },
    }
}

/// What can be said of a PDF file without opening it.
enum Pdf {
    Whole,
    Cut,
    None,
}

fn pdf(mut file: File) -> io::Result<(File, Pdf)> {
    const START: &[u8] = b"%PDF-1.";
    const END: &[u8] = b"%%EOF";
    let mut start = Vec::new();
    file.rewind()?;
    file.by_ref().take(START.len() as u64).read_to_end(&mut start)?;
    if start != START && !start.starts_with(b"%PDF-2") {
        return Ok((file, Pdf::None));
    }
    // What writers put behind the end is short.
    let from = file.metadata()?.len().saturating_sub(1_024);
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut end)?;
    let is_whole = end.windows(END.len()).any(|window| window == END);
    Ok((file, if is_whole { Pdf::Whole } else { Pdf::Cut }))
}

/// One's own documents and where they stand.
#[utoipa::path(get, path = "/api/user/documents", operation_id = "my_documents",
    tag = "profile", security(("bearer" = [])),
    responses((status = 200, body = MyDocuments), (status = 401, body = Problem)))]
pub async fn mine(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let user = app.database.user(principal.user).await?.ok_or_else(ApiError::not_found)?;
    let documents = app.database.documents_of(principal.user, PAGE).await?;
    let documents = documents.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().json(MyDocuments { verified: user.verified_at.is_some(), documents }))
}

fn view(document: Document) -> DocumentView {
    DocumentView {
        id: document.id.to_string(),
        status: document.state.word().to_owned(),
        reason: match document.state {
            DocumentState::Declined { reason } => Some(reason),
            DocumentState::Pending | DocumentState::Approved => None,
        },
        media_type: document.media_type.word().to_owned(),
        size_bytes: document.size_bytes,
        created_at: document.created_at.to_string(),
        decided_at: document.decided.map(|(at, _)| at.to_string()),
        is_kept: document.is_kept,
    }
}

/// Takes back a document that nobody has decided upon.
#[utoipa::path(delete, path = "/api/user/documents/{document_id}", operation_id = "withdraw_document",
    tag = "profile", security(("bearer" = [])),
    params(("document_id" = String, Path, description = "The document")),
    responses((status = 200, body = DocumentWithdrawn), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn withdraw(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<FileId>,
) -> Result<HttpResponse, ApiError> {
    let file = app.database.withdraw_document(path.into_inner(), principal.user).await?;
    app.files.remove(file.ok_or_else(ApiError::not_found)?).await;
    Ok(HttpResponse::Ok().json(DocumentWithdrawn { success: true }))
}
