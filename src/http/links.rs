//! Links to ourselves, as the caller can follow them: relative for a page of our own, absolute for a page of
//! another origin.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web;

use crate::app::App;
use crate::config::{Config, is_origin};

tokio::task_local! {
    static BASE: String;
}

/// Finds out how the caller reaches us. Goes around everything that renders answers.
///
/// # Errors
/// The handler's error.
pub async fn remember<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let base = req.app_data::<web::Data<App>>().map(|app| base(&req, &app.config)).unwrap_or_default();
    BASE.scope(base, next.call(req)).await
}

/// A path of ours as a link. A link stays what it is.
pub(super) fn link(path_or_link: &str) -> String {
    if path_or_link.starts_with('/') {
        BASE.try_with(|base| format!("{base}{path_or_link}")).unwrap_or_else(|_| path_or_link.to_owned())
    } else {
        path_or_link.to_owned()
    }
}

/// Where people are told to reach the server; without that, as this caller has reached it, if the page is of
/// another origin. What the caller says of it is told to nobody else.
fn base(req: &ServiceRequest, config: &Config) -> String {
    if !config.public_url.is_empty() {
        return config.public_url.clone();
    }
    let text = |name| req.headers().get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return String::new() };
    let is_own = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
    let is_https = config.trusted_proxies > 0 && req.connection_info().scheme() == "https";
    let base = format!("{}://{host}", if is_https { "https" } else { "http" });
    if is_own || !is_origin(&base) { String::new() } else { base }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::config::Settings;

    fn base_of(public_url: Option<&str>, headers: &[(&str, &str)]) -> String {
        let environment = public_url.map(|url| ("PEERPACK_PUBLIC_URL".to_owned(), url.to_owned()));
        let config = Config::load(Settings::default(), environment).unwrap();
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, header| request.insert_header(*header))
            .to_srv_request();
        base(&request, &config)
    }

    #[test]
    fn links_are_absolute_for_a_page_of_another_origin_and_where_the_address_is_known() {
        let host = ("host", "localhost:8080");
        assert_eq!(base_of(None, &[host]), "");
        assert_eq!(base_of(None, &[host, ("origin", "http://localhost:8080")]), "");
        let another = ("origin", "http://localhost:5173");
        assert_eq!(base_of(None, &[host, another]), "http://localhost:8080");
        assert_eq!(base_of(None, &[("host", "a\"><b"), another]), "", "no host that is none");
        let known = Some("https://api.example.org");
        assert_eq!(base_of(known, &[host]), "https://api.example.org");
    }
}
