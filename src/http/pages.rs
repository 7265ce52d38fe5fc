//! The pages of the Mini App: files that `web/` was built into, inside the binary, and the sign-in of the
//! demo.
//!
//! Every address that is no other route's shows the app, which finds its screen by the address itself. A
//! checkout that was built without Node has no pages; the server says so on a page of its own, and everything
//! else works.

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{Embed, EmbeddedFile};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::auth::telegram::{self, TelegramUser};
use crate::config::MapStyle;
use crate::error::ApiError;
use crate::error::extract::Query;

/// What `npm run build` has made; nothing but a mark of git's in a checkout where it has not run.
#[derive(Embed)]
#[folder = "web/dist"]
struct Built;

/// Names of files contain a hash of their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Only what the server itself has, and frames of Telegram's web client. QR codes and photographs are made on
/// the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors https://web.telegram.org";

/// The demo shows two phones, which are frames of the same pages.
const DEMO_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                           connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'self' https://web.telegram.org";

/// The service worker fetches what this server has, and nothing else.
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'";

/// Prefixes of addresses where an unknown path is a mistake of a program and not a screen.
const NOT_SCREENS: [&str; 8] = ["/api", "/v1", "/ws", "/docs", "/dev", "/assets", "/track", "/openapi.json"];

const DEMO_OFF: &str = r#"<meta name="peerpack-demo" content="off" />"#;
const DEMO_ON: &str = r#"<meta name="peerpack-demo" content="on" />"#;

const NO_PAGES: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>PeerPack</title>\
    <h1>PeerPack is running</h1><p>This binary was built without its pages. With Node 20 or newer, run \
    <code>make web</code> in the checkout and build again. The API is described at <a href=\"/docs\">/docs</a>.</p>";

/// `GET /assets/{file}`.
///
/// # Errors
/// There is no such file.
pub async fn asset(
    app: web::Data<App>,
    req: HttpRequest,
    file: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let mut answer = packed(&req, &format!("assets/{file}"), FOR_EVER)?;
    // A worker keeps to the policy that its own script comes with, and that of maps fetches tiles.
    if let Some(style) = &app.config.map_style
        && let Ok(policy) = format!("{WORKER_POLICY} {}", style.origin()).parse()
    {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(answer)
}

/// `GET /icon.svg`.
///
/// # Errors
/// The pages were not built.
pub async fn icon(req: HttpRequest) -> Result<HttpResponse, ApiError> {
    packed(&req, "icon.svg", "public, max-age=86400")
}

/// `GET /sw.js`: the service worker, which keeps the shell of the app on a device.
///
/// # Errors
/// The pages were not built.
pub async fn worker(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let script = Built::get("sw.js").ok_or_else(ApiError::not_found)?;
    let (page, policy) = index(app.config.is_demo, app.config.map_style.as_ref());
    // A browser takes a worker for another one by its text. The page that this one keeps follows from the
    // files and from how the server runs, so that is part of the text.
    let page = hex::encode(&Sha256::new().chain_update(page).chain_update(policy).finalize()[..8]);
    let body = format!("{}// {page}\n", String::from_utf8_lossy(&script.data));
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type("sw.js")))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, WORKER_POLICY))
        .body(body))
}

/// Whatever is no route: a screen of the app if a person opens it, otherwise nothing.
///
/// # Errors
/// It is no screen.
pub async fn page_or_nothing(app: web::Data<App>, req: HttpRequest) -> Result<HttpResponse, ApiError> {
    let is_read = matches!(*req.method(), Method::GET | Method::HEAD);
    let is_screen = !NOT_SCREENS.iter().any(|prefix| req.path().starts_with(prefix));
    if !is_read || !is_screen || !wants(&req, header::ACCEPT.as_str(), "text/html") {
        return Err(ApiError::not_found());
    }
    let (page, policy) = index(app.config.is_demo, app.config.map_style.as_ref());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .body(page))
}

/// The page of the app and what it may do.
fn index(is_demo: bool, style: Option<&MapStyle>) -> (String, String) {
    let (mark, policy) = if is_demo { (DEMO_ON, DEMO_POLICY) } else { (DEMO_OFF, POLICY) };
    let (mut marks, mut policy) = (mark.to_owned(), policy.to_owned());
    if let Some(style) = style {
        // A URL as it is parsed has neither quotes nor angle brackets.
        marks.push_str(&format!(r#"<meta name="peerpack-map-style" content="{}" />"#, style.url()));
        policy = policy.replace("connect-src 'self'", &format!("connect-src 'self' {}", style.origin()));
    }
    let built = Built::get("index.html");
    let page = built.map(|page| String::from_utf8_lossy(&page.data).replace(DEMO_OFF, &marks));
    (page.unwrap_or_else(|| NO_PAGES.to_owned()), policy)
}

/// A file in the best encoding that the client takes and the build has made.
fn packed(req: &HttpRequest, name: &str, cached: &'static str) -> Result<HttpResponse, ApiError> {
    let encodings = [("br", "br"), ("gzip", "gz")];
    let packed = encodings.into_iter().find_map(|(encoding, ending)| {
        let accepted = wants(req, header::ACCEPT_ENCODING.as_str(), encoding);
        let file = accepted.then(|| Built::get(&format!("{name}.{ending}"))).flatten()?;
        Some((Some(encoding), file))
    });
    let plain = || Built::get(name).map(|file| (None, file));
    let (encoding, file): (Option<&str>, EmbeddedFile) =
        packed.or_else(plain).ok_or_else(ApiError::not_found)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, media_type(name)))
        .insert_header((header::CACHE_CONTROL, cached))
        .insert_header((header::VARY, "Accept-Encoding"));
    if let Some(encoding) = encoding {
        answer.insert_header((header::CONTENT_ENCODING, encoding));
    }
    Ok(answer.body(file.data.into_owned()))
}

/// Whether a list in a header names a word, without a weight of zero.
fn wants(req: &HttpRequest, name: &str, word: &str) -> bool {
    let lists = req.headers().get_all(name).filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts.next().is_some_and(|named| named.eq_ignore_ascii_case(word))
            && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// The build makes files of these kinds only.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// Who wants to be signed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Somebody {
    /// The number of a Telegram account.
    user: i64,
    /// A first name.
    name: String,
}

/// Init data as Telegram would hand it to the Mini App.
#[derive(Debug, Serialize)]
pub struct Signed {
    init_data: String,
}

/// `GET /dev/login`: signs init data for anybody, in the demo only. It goes through the same check as
/// Telegram's own.
///
/// # Errors
/// This is not the demo.
pub async fn demo_login(app: web::Data<App>, somebody: Query<Somebody>) -> Result<HttpResponse, ApiError> {
    if !app.config.is_demo {
        return Err(ApiError::not_found());
    }
    let Somebody { user, name } = somebody.0;
    let user = TelegramUser {
        id: user,
        first_name: name,
        last_name: None,
        username: None,
        language_code: Some("ru".to_owned()),
        photo_url: None,
        is_premium: None,
    };
    let init_data = telegram::sign(&user, app.config.bot_token.reveal(), app.clock.now());
    Ok(HttpResponse::Ok().json(Signed { init_data }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kept page in place of what the server would say would hide the documents and the receiver's page.
    #[test]
    fn the_service_worker_leaves_alone_what_is_no_screen() {
        let worker = include_str!("../../web/app/src/worker/sw.ts");
        let prefixes: Vec<String> = NOT_SCREENS.iter().map(|prefix| format!("{prefix:?}")).collect();
        assert!(worker.contains(&format!("const NOT_SCREENS = [{}];", prefixes.join(", "))));
    }

    #[test]
    fn the_page_says_whether_it_is_a_demo() {
        let built = Built::get("index.html").is_some();
        assert_eq!(index(true, None).0.contains(DEMO_ON), built);
        assert!(!index(false, None).0.contains(DEMO_ON));
        assert!(
            index(true, None).1.contains("frame-src 'self'") && !index(false, None).1.contains("frame-src")
        );
    }
}
