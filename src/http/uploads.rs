//! Files that people send: `multipart/form-data` with one file in it, streamed to the disk, bounded in size
//! and in time.
//!
//! What the file calls itself and what type it claims is ignored; names are ours, types are seen in the
//! content.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType, HeaderMap};
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use peerpack_actors::ids::{FileId, UserId};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::app::App;
use crate::error::{ApiError, whole_seconds};
use crate::files::{FileKind, FileName, MediaType, Place};
use crate::maintenance::retention::UPLOADS_COUNTED;
use crate::pictures::{self, Spoiled};
use crate::store::FileRecord;

/// The most bytes a picture may come with.
const PICTURE_LIMIT: usize = 5 * 1024 * 1024;

/// How long a body may take.
#[derive(Clone, Copy)]
struct Patience {
    /// Over the next piece.
    stall: Duration,
    /// How long the whole body may take.
    total: Duration,
}

const PATIENCE: Patience = Patience { stall: Duration::from_secs(10), total: Duration::from_secs(60) };

/// What a form may have around its file.
const ENVELOPE: usize = 64 * 1024;

/// Of a body that is too large so much more is read and thrown away, so that the answer arrives.
const THROWN_AWAY: usize = 16 * 1024 * 1024;

/// How many parts a form may have.
const MAX_PARTS: usize = 8;

/// The most bytes of a part beside the file that are looked at.
const MAX_WORDS: usize = 64;

/// A form with one file in it. Other parts are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the form in the document; forms are read part by part")]
pub struct UploadForm {
    /// The file. Its name and declared type do not count.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The bytes of a file, for the description.
pub(super) struct FileBytes;

impl PartialSchema for FileBytes {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a file."))
            .into()
    }
}

impl ToSchema for FileBytes {}

/// A file that has arrived.
pub(super) struct Upload {
    pub(super) file: File,
    pub(super) size_bytes: u64,
    /// The SHA-256 of the file, in hexadecimal digits.
    pub(super) digest: String,
    /// What the other parts of the form say, by their names; one that is longer than a few words says
    /// nothing.
    pub(super) words: BTreeMap<String, String>,
    /// Given back when nothing of the upload is needed any more.
    pub(super) place: Place,
}

/// Counts an upload and lets it in, at most so many a day.
pub(super) async fn count(app: &App, user: UserId, kind: FileKind) -> Result<(), ApiError> {
    let most = match kind {
        FileKind::Avatar => 30,
        FileKind::Document => 20,
        FileKind::PickupPhoto | FileKind::ChatPicture => 100,
        FileKind::PostPicture => 50,
    };
    let now = app.clock.now();
    match app.database.count_upload(user, kind, most, UPLOADS_COUNTED, now).await? {
        Ok(()) => Ok(()),
        Err(again) => {
            let message = format!("at most {most} uploads of this kind a day");
            let russian = format!("Не больше {most} таких файлов в день");
            let refused = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message);
            Err(refused.in_russian(russian).with_retry_after(whole_seconds(again.since(now))))
        }
    }
}

/// Takes the picture of a form in, made anew so that only the picture is left, and keeps it. The row that
/// names it is the caller's to write; where it is not written, the caller removes the file.
pub(super) async fn keep_picture(
    app: &App,
    req: &HttpRequest,
    payload: web::Payload,
    owner: UserId,
    (kind, side): (FileKind, u32),
) -> Result<FileRecord, ApiError> {
    count(app, owner, kind).await?;
    let upload = receive(app, req, payload, PICTURE_LIMIT).await?;
    let picture = pictures::remake(upload.file, side).await?;
    drop(upload.place);
    let (now, size_bytes) = (app.clock.now(), picture.len() as u64);
    let name = FileName { kind, id: FileId::new(now, app.clock.random()) };
    app.files.put(name, picture).await?;
    Ok(FileRecord { name, owner, media_type: MediaType::Jpeg, size_bytes, created_at: now })
}

/// Takes the file of a form in.
pub(super) async fn receive(
    app: &App,
    req: &HttpRequest,
    payload: web::Payload,
    most: usize,
) -> Result<Upload, ApiError> {
    check_headers(req.headers(), most)?;
    let place = app.files.place()?;
    let mut parts = Multipart::new(req.headers(), body(payload.into_inner(), most + ENVELOPE, PATIENCE));
    let (mut file, mut words, mut seen) = (None, BTreeMap::new(), 0);
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|error| refusal(&error, most))?;
        seen += 1;
        if seen > MAX_PARTS {
            return Err(ApiError::bad_request("the form has too many parts"));
        }
        match (is_file(&part), &file) {
            (true, None) => file = Some(write(app, &mut part, most).await?),
            (true, Some(_)) => return Err(ApiError::bad_request("the form has more than one file in it")),
            (false, _) => {
                let mut said = Vec::new();
                while let Some(chunk) = part.next().await {
                    let chunk = chunk.map_err(|error| refusal(&error, most))?;
                    let room = (MAX_WORDS + 1).saturating_sub(said.len());
                    said.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                let name = part.name().filter(|name| name.len() <= MAX_WORDS).map(str::to_owned);
                let said = String::from_utf8(said).ok().filter(|said| said.len() <= MAX_WORDS);
                words.extend(name.zip(said));
            }
        }
    }
    let file = file.ok_or_else(|| {
        ApiError::bad_request("the form has no file in it").with_field("file", "is required")
    })?;
    let (file, size_bytes, digest) = file;
    Ok(Upload { file, size_bytes, digest, words, place })
}

fn check_headers(headers: &HeaderMap, most: usize) -> Result<(), ApiError> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::unsupported_media_type("an encoded body is not accepted"));
    }
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > (most + THROWN_AWAY) as u64) {
        return Err(ApiError::too_large(most));
    }
    Ok(())
}

/// Browsers and libraries name the file in the part that holds it.
fn is_file(part: &Field) -> bool {
    part.content_disposition().is_some_and(|disposition| {
        disposition.get_filename().is_some() || disposition.get_filename_ext().is_some()
    })
}

async fn write(app: &App, part: &mut Field, most: usize) -> Result<(File, u64, String), ApiError> {
    let mut file = tokio::fs::File::from_std(app.files.receive().await?);
    // Many may come at once.
    file.set_max_buf_size(64 * 1024);
    let (mut size, mut digest) = (0, Sha256::new());
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| refusal(&error, most))?;
        size += chunk.len();
        if size <= most {
            digest.update(&chunk);
            file.write_all(&chunk).await.map_err(|error| no_room(&error))?;
        }
    }
    if size > most {
        return Err(ApiError::too_large(most));
    }
    file.flush().await.map_err(|error| no_room(&error))?;
    Ok((file.into_std().await, size as u64, hex::encode(digest.finalize())))
}

/// A name of ours for anybody who sees a file or saves it.
pub(super) fn disposition(is_shown: bool, name: &str, media_type: MediaType) -> ContentDisposition {
    let disposition = if is_shown { DispositionType::Inline } else { DispositionType::Attachment };
    let filename = DispositionParam::Filename(format!("{name}.{}", media_type.extension()));
    ContentDisposition { disposition, parameters: vec![filename] }
}

fn no_room(error: &io::Error) -> ApiError {
    tracing::warn!(%error, "an upload cannot be written");
    ApiError::unavailable()
}

/// The body, while it keeps coming and is not too large.
fn body(
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    most: usize,
    patience: Patience,
) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let until = Instant::now() + patience.total;
    let pieces = stream::unfold(Some((payload, 0)), move |state| async move {
        let (mut payload, mut seen) = state?;
        loop {
            let next = timeout_at(until.min(Instant::now() + patience.stall), payload.next());
            match next.await {
                Err(_) => return Some((Err(PayloadError::Io(io::ErrorKind::TimedOut.into())), None)),
                Ok(None) if seen > most => return Some((Err(PayloadError::Overflow), None)),
                Ok(None) => return None,
                Ok(Some(Err(error))) => return Some((Err(error), None)),
                Ok(Some(Ok(chunk))) => {
                    seen += chunk.len();
                    if seen <= most {
                        return Some((Ok(chunk), Some((payload, seen))));
                    }
                    if seen > most + THROWN_AWAY {
                        return Some((Err(PayloadError::Overflow), None));
                    }
                }
            }
        }
    });
    // Forms ask once more after the end.
    pieces.fuse()
}

fn refusal(error: &MultipartError, most: usize) -> ApiError {
    use MultipartError as M;
    match error {
        M::ContentTypeMissing | M::ContentTypeParse | M::ContentTypeIncompatible => {
            ApiError::unsupported_media_type("the body must be multipart/form-data")
        }
        M::Payload(PayloadError::Overflow) => ApiError::too_large(most),
        M::Payload(PayloadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
            ApiError::too_slow()
        }
        M::Payload(_) | M::Incomplete => ApiError::bad_request("the body ended too early"),
        _ => ApiError::bad_request("the body is not a well-formed form"),
    }
}

impl From<Spoiled> for ApiError {
    fn from(spoiled: Spoiled) -> Self {
        match spoiled {
            Spoiled::Foreign | Spoiled::Heif => {
                Self::unsupported_media_type(spoiled.to_string()).with_field("file", spoiled.to_string())
            }
            Spoiled::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", spoiled.to_string()).with_retry_after(5)
            }
            Spoiled::TooLarge | Spoiled::Animated | Spoiled::Broken => {
                Self::unprocessable("file", spoiled.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests;
