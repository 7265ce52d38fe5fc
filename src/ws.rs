//! The realtime edge: upgrade, session, frame guard, wire types.

pub mod guard;
pub mod wire;
/// stub
pub async fn upgrade(_: actix_web::HttpRequest) -> Result<actix_web::HttpResponse, crate::error::ApiError> {
    Err(crate::error::ApiError::not_found())
}
