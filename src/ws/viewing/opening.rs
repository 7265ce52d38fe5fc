//! How such a socket is opened: a user who may look is shown something, and everybody else is told by a close
//! why not, because a page sees no more of a refusal than that.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::super::membership::Place;
use super::super::upgrade::{admit_anybody, named_protocol};
use super::{Hearing, ViewingStart};
use crate::app::App;
use crate::auth::Welcome;
use crate::auth::token::Access;
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::edge::viewers::{Looker, Subject, Viewer};
use crate::error::ApiError;
use crate::texts::language::Language;

/// What a socket is to show.
pub(crate) struct Showing {
    pub(crate) subject: Subject,
    /// Whether the one who looks sees everything.
    pub(crate) sees_all: bool,
}

/// Why somebody is shown nothing.
pub(crate) enum NotShown {
    /// Told by a close, because a page sees nothing else of it.
    NotAllowed,
    /// Told by the answer.
    Refused(ApiError),
}

impl From<ApiError> for NotShown {
    fn from(error: ApiError) -> Self {
        if error.status().is_server_error() { Self::Refused(error) } else { Self::NotAllowed }
    }
}

/// Opens a socket that shows a part of the town to somebody who may see it. A user who may not is told so by
/// a close: 4001 without a good token, 4003 with one.
///
/// # Errors
/// What is no handshake, comes from a foreign page or too often; and when the store does not answer.
pub(crate) async fn show(
    req: &HttpRequest,
    app: &web::Data<App>,
    find: impl AsyncFnOnce(Access) -> Result<Showing, NotShown>,
    hearing: impl FnOnce(&Arc<Viewer>, Access) -> Hearing,
    begin: impl FnOnce(Arc<Viewer>) + 'static,
) -> Result<HttpResponse, ApiError> {
    let (place, access) = admit_anybody(req, app).await?;
    let language = Language::accepted(req.headers()).unwrap_or(Language::Russian);
    let found = match access {
        Err(_) => Err(Ending::new(close::TOKEN_EXPIRED, "please sign in")),
        Ok(access) => match find(access).await {
            Err(NotShown::Refused(error)) => return Err(error),
            Err(NotShown::NotAllowed) => Err(Ending::new(close::NOT_ALLOWED, "this is not yours to see")),
            Ok(showing) => Ok((access, showing)),
        },
    };
    let start = match found {
        Err(ending) => {
            let start = ViewingStart::showing_nothing(app, place, language, deaf());
            start.viewer.end(ending);
            start
        }
        Ok((access, Showing { subject, sees_all })) => {
            let looker = Looker { user: access.principal.user, session: access.session, sees_all };
            let viewer = Viewer::new(subject, Some(looker), language);
            ViewingStart {
                app: app.clone(),
                place,
                hearing: hearing(&viewer, access),
                viewer,
                access: Some(access),
                welcome: req.app_data::<web::Data<dyn Welcome>>().cloned(),
                begin: Some(Box::new(begin)),
            }
        }
    };
    upgraded(req, start)
}

impl ViewingStart {
    fn showing_nothing(app: &web::Data<App>, place: Place, language: Language, hearing: Hearing) -> Self {
        let viewer = Viewer::new(Subject::Nothing, None, language);
        Self { app: app.clone(), place, viewer, hearing, access: None, welcome: None, begin: None }
    }
}

/// Opens a socket that shows nothing and answers anybody.
///
/// # Errors
/// What is no handshake, comes from a foreign page or too often.
pub(crate) async fn talk_to_anybody(
    req: &HttpRequest,
    app: &web::Data<App>,
    greeting: Value,
    hearing: Hearing,
) -> Result<HttpResponse, ApiError> {
    let (place, _) = admit_anybody(req, app).await?;
    let start = ViewingStart::showing_nothing(app, place, Language::English, hearing);
    start.viewer.answer(greeting.to_string().into());
    upgraded(req, start)
}

fn deaf() -> Hearing {
    Rc::new(|_, _| Ok(None))
}

fn upgraded(req: &HttpRequest, start: ViewingStart) -> Result<HttpResponse, ApiError> {
    let mut response =
        HttpResponse::from(actix_http::ws::handshake_response(req.head()).finish()).map_into_boxed_body();
    if let Some(protocol) = named_protocol(req.headers())? {
        let value = HeaderValue::from_str(protocol);
        let value = value.map_err(|_| ApiError::bad_request("the subprotocols cannot be read"))?;
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, value);
    }
    response.extensions_mut().insert(start);
    Ok(response)
}
