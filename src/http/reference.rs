//! `/docs/realtime`: the contract of the socket as a page, and the schema of its messages, beside the page of
//! the API.

use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, web};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::endpoint::answering;
use crate::ws::wire;

const CONTRACT: &str = include_str!("../../docs/realtime.md");

/// The page loads its own style and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #1b1f24; }
h1, h2 { line-height: 1.2; margin-top: 2rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; background: #f3f4f6; border-radius: 4px; }
code { padding: .1em .3em; }
pre { padding: .75rem; overflow-x: auto; }
pre code { padding: 0; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #d0d7de; padding: .3rem .6rem; text-align: left; vertical-align: top; }
@media (prefers-color-scheme: dark) {
  body { background: #14171a; color: #e6e8eb; }
  code, pre { background: #22272c; }
  th, td { border-color: #3a4149; }
  a { color: #7ab7ff; }
}
";

static PAGE: LazyLock<String> = LazyLock::new(|| page(CONTRACT));

static SCHEMA: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", wire::schema()));

/// Registers the pages.
pub(super) fn pages(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/docs/realtime").route(answering(Method::GET).to(contract)))
        .service(web::resource("/docs/realtime.md").route(answering(Method::GET).to(text)))
        .service(web::resource("/docs/realtime.css").route(answering(Method::GET).to(style)))
        .service(web::resource("/docs/realtime.schema.json").route(answering(Method::GET).to(schema)));
}

async fn contract() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(PAGE.as_str())
}

/// For programs that read it.
async fn text() -> HttpResponse {
    HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(CONTRACT)
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(STYLE)
}

async fn schema() -> HttpResponse {
    HttpResponse::Ok().content_type("application/schema+json").body(SCHEMA.as_str())
}

/// A page of a text in Markdown. Links to files that only the repository has become plain words.
fn page(markdown: &str) -> String {
    let mut is_plain = false;
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => {
            is_plain = dest_url.starts_with("../");
            !is_plain
        }
        Event::End(TagEnd::Link) => !std::mem::take(&mut is_plain),
        _ => true,
    });
    let mut body = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut body, events);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>The realtime socket of PeerPack</title>\n<link rel=\"stylesheet\" href=\"/docs/realtime.css\">\n\
         <main>\n{body}</main>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn a_page_has_the_tables_and_the_links_that_lead_somewhere() {
        let page = page(
            "[code](../src/client.rs), [schema](realtime.schema.json)\n\n| a | b |\n| --- | --- |\n| 1 | `<2>` |\n",
        );
        assert!(page.contains("<p>code, <a href=\"realtime.schema.json\">schema</a></p>"), "{page}");
        assert!(page.contains("<td><code>&lt;2&gt;</code></td>"), "{page}");
    }
}
