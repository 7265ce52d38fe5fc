//! The page behind a tracking link: for people, in Russian and English, without a script.

use std::sync::LazyLock;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Tracking;

/// What the product is called.
const NAME: &str = "PeerPack";

const STYLE: &str = include_str!("page.css");

/// The page may load nothing, and have no style but its own.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// The sign of the app, drawn on the page itself: it may load nothing.
const SIGN: &str = include_str!("../../../../web/app/public/icon.svg");

/// The way of a package, step by step: the state, and its name in Russian and English.
const STEPS: [(&str, &str, &str); 5] = [
    ("open", "Ждёт курьера", "Waiting for a courier"),
    ("assigned", "Курьер найден", "A courier has been found"),
    ("in_transit", "В пути", "On its way"),
    ("delivered", "Доставлена", "Delivered"),
    ("confirmed", "Получена", "Received"),
];

/// Where a package is.
pub(super) fn of(tracking: &Tracking) -> HttpResponse {
    let way = format!("{} → {}", escaped(&tracking.from), escaped(&tracking.to));
    let mut body = format!("<h1>{way}</h1>");
    if let Some(code) = &tracking.code {
        let (first, last) = code.split_at(code.len() / 2);
        body += &format!(
            "<section><p>Покажите курьеру<small>Show this to the courier</small></p><strong>{first} {last}</strong></section>"
        );
    }
    match STEPS.iter().position(|(state, ..)| *state == tracking.state) {
        Some(now) => body += &steps(now),
        None => body += "<p>Отменена<small>Cancelled</small></p>",
    }
    let expected = tracking.expected.as_deref().map(|shown| {
        let zone = escaped(&tracking.to_tz);
        format!("{}<small>местное время · local time, {zone}</small>", escaped(&as_read(shown)))
    });
    let courier = tracking.courier_name.as_deref().map(escaped);
    let details = [("Курьер · Courier", courier), ("Ожидается · Expected", expected)];
    let known = |(name, value): &(&str, Option<String>)| {
        value.as_ref().map(|value| format!("<dt>{name}</dt><dd>{value}</dd>"))
    };
    let details: String = details.iter().filter_map(known).collect();
    if !details.is_empty() {
        body += &format!("<dl>{details}</dl>");
    }
    page(StatusCode::OK, &body)
}

/// There is no such link, or it was good once.
pub(super) fn nothing_here() -> HttpResponse {
    let body = "<h1>Ссылка не действует</h1>\
                <p>Попросите отправителя прислать новую.\
                <small>This link is not good, or not any more. Ask the sender for a new one.</small></p>";
    page(StatusCode::NOT_FOUND, body)
}

fn steps(now: usize) -> String {
    let step = |(at, (_, russian, english)): (usize, &(&str, &str, &str))| {
        let class = match at.cmp(&now) {
            std::cmp::Ordering::Less => " class=\"done\"",
            std::cmp::Ordering::Equal => " class=\"now\" aria-current=\"step\"",
            std::cmp::Ordering::Greater => "",
        };
        format!("<li{class}>{russian}<small>{english}</small></li>")
    };
    format!("<ol>{}</ol>", STEPS.iter().enumerate().map(step).collect::<String>())
}

fn page(status: StatusCode, body: &str) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()))
        .body(format!(
            "<!doctype html><html lang=\"ru\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>{NAME}</title>\
             <style>{STYLE}</style></head><body><header>{SIGN}{NAME}</header><main>{body}</main></body></html>"
        ))
}

/// `2026-12-03 11:40` as people write it: `03.12.2026, 11:40`.
fn as_read(shown: &str) -> String {
    let (date, clock) = shown.split_once(' ').unwrap_or((shown, ""));
    let day: Vec<&str> = date.rsplit('-').collect();
    format!("{}, {clock}", day.join("."))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn shown(state: &str, courier: Option<&str>) -> String {
        let code = (state == "in_transit").then(|| "123456".to_owned());
        let tracking = Tracking {
            state: state.to_owned(),
            from: "Владимир".to_owned(),
            to: "Казань".to_owned(),
            courier_name: courier.map(str::to_owned),
            expected: Some("2026-12-03 11:40".to_owned()),
            expected_at: Some("2026-12-03T08:40:00.000Z".to_owned()),
            to_tz: "Europe/Moscow".to_owned(),
            code,
            since: None,
        };
        let body = to_bytes(of(&tracking).into_body()).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn the_page_says_how_far_the_package_is() {
        let page = shown("in_transit", Some("Иван")).await;
        assert_eq!(page.matches("class=\"done\"").count(), 2);
        assert!(page.contains("aria-current=\"step\">В пути<small>On its way</small>"), "{page}");
        assert!(page.contains("<dd>Иван</dd>"));
        assert!(page.contains("<strong>123 456</strong>"), "{page}");
        assert!(!shown("assigned", None).await.contains("Show this to the courier"));
        assert!(
            page.contains(
                "<dd>03.12.2026, 11:40<small>местное время · local time, Europe/Moscow</small></dd>"
            ),
            "{page}"
        );
        assert!(shown("cancelled", None).await.contains("Отменена<small>Cancelled</small>"));
    }

    #[actix_web::test]
    async fn a_name_is_text_and_nothing_else() {
        let page = shown("assigned", Some("<script>\"&")).await;
        assert!(page.contains("&lt;script&gt;&quot;&amp;") && !page.contains("<script"), "{page}");
    }

    #[test]
    fn the_style_is_the_one_that_the_policy_allows() {
        let style = STANDARD.encode(Sha256::digest(STYLE));
        assert!(POLICY.contains(&style) && POLICY.starts_with("default-src 'none'"));
    }
}
