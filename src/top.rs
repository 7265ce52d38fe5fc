//! `peerpack top`: how a node is right now, as a page in the terminal, from what it serves at `/metrics`.

mod sample;

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{sleep, timeout};

use self::sample::{Sample, Span};

/// How long the node may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest answer that is read, bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Clears the screen of a terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Shows a page every so often, `count` times or until it is stopped. What is counted per second is counted
/// from one page to the next.
///
/// # Errors
/// The node does not answer, or serves no metrics of this program.
pub async fn run(url: &str, every: Duration, count: Option<usize>) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let mut earlier = read(&client, url).await?;
    for shown in 1.. {
        sleep(every).await;
        let later = read(&client, url).await?;
        let page = page(&Span { earlier: &earlier, later: &later, length: every });
        let clear = if std::io::stdout().is_terminal() { CLEAR } else { "" };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{clear}peerpack top, {url}, every {} s\n\n{page}", every.as_secs_f64())?;
        drop(out);
        if count == Some(shown) {
            break;
        }
        earlier = later;
    }
    Ok(())
}

async fn read(client: &reqwest::Client, url: &str) -> anyhow::Result<Sample> {
    let text = async {
        let mut answer = client.get(url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            anyhow::ensure!(body.len() <= MAX_BYTES, "the answer is too large");
        }
        anyhow::Ok(String::from_utf8(body)?)
    };
    let text = timeout(PATIENCE, text).await.context("the node does not answer in time")?;
    let sample = Sample::parse(&text.with_context(|| format!("cannot read {url}"))?);
    anyhow::ensure!(sample.has("peerpack_"), "{url} serves no metrics of PeerPack, or none yet");
    Ok(sample)
}

/// The page between two samples.
fn page(span: &Span<'_>) -> String {
    let mut page =
        format!("{:<10}{:>10}{:>10}{:>12}{:>10}\n", "", "live", "actors", "in mailboxes", "restarts");
    for (title, live, kind) in [
        ("trips", "peerpack_trips_live", "trip"),
        ("packages", "peerpack_packages_waiting", "package"),
        ("users", "peerpack_sessions", "user"),
    ] {
        let actors = span.now(&format!("peerpack_actors_{kind}"));
        let waiting = span.now(&format!("peerpack_mailbox_messages_{kind}"));
        let restarts = span.later.of("peerpack_actor_restarts_total", &format!("kind=\"{kind}\""));
        // Writing to a text cannot fail.
        let _ = writeln!(page, "{title:<10}{:>10}{actors:>10}{waiting:>12}{restarts:>10}", span.now(live));
    }
    let ms =
        |metric, share| span.quantile(metric, share).map_or("-".to_owned(), |s| format!("{:.1} ms", s * 1e3));
    let rows: [(&str, String); 7] = [
        (
            "engine",
            format!(
                "conflicts {:.1}/s   full mailboxes {:.1}/s   late answers {:.1}/s   silent threads {}",
                span.rate("peerpack_commit_conflicts_total"),
                span.rate("peerpack_mailbox_refusals_total"),
                span.rate("peerpack_mailbox_late_total"),
                span.now("peerpack_threads_silent"),
            ),
        ),
        (
            "store",
            format!(
                "writes {:.1}/s   median {}   p99 {}   queue {}   busy lanes {}   statements {:.1}/s",
                span.rate("peerpack_store_writes_total"),
                ms("peerpack_store_write_seconds", 0.5),
                ms("peerpack_store_write_seconds", 0.99),
                span.now("peerpack_store_write_queue"),
                span.now("peerpack_store_lanes_busy"),
                span.rate("peerpack_store_statements_total"),
            ),
        ),
        (
            "http",
            format!(
                "requests {:.1}/s   median {}   p99 {}   limited {:.1}/s   connections refused {:.1}/s",
                span.rate("peerpack_http_request_seconds_count"),
                ms("peerpack_http_request_seconds", 0.5),
                ms("peerpack_http_request_seconds", 0.99),
                span.rate("peerpack_http_limited_total"),
                span.rate("peerpack_connections_refused_total"),
            ),
        ),
        (
            "sockets",
            format!(
                "open {}   closed {:.1}/s   too slow {:.1}/s   refused {:.1}/s",
                span.now("peerpack_sessions"),
                span.rate("peerpack_ws_closed_total"),
                span.rate("peerpack_slow_sessions_total"),
                span.rate("peerpack_ws_refused_total"),
            ),
        ),
        (
            "bus",
            format!(
                "queued {}   dropped {:.1}/s   failures {:.1}/s   hints dropped {:.1}/s",
                span.now("bus_queued"),
                span.rate("bus_dropped_total"),
                span.rate("bus_failures_total"),
                span.rate("peerpack_hints_dropped_total"),
            ),
        ),
        (
            "lags",
            format!(
                "events median {}   p99 {}   comparison {:.1} s   clock {:+.3} s",
                ms("peerpack_delivery_lag_seconds", 0.5),
                ms("peerpack_delivery_lag_seconds", 0.99),
                span.now("peerpack_compare_age_seconds"),
                span.now("peerpack_clock_skew_seconds"),
            ),
        ),
        (
            "audit",
            format!(
                "faults {}   {:.0} s ago",
                span.now("peerpack_audit_faults"),
                span.now("peerpack_audit_age_seconds"),
            ),
        ),
    ];
    page.push('\n');
    for (title, row) in rows {
        let _ = writeln!(page, "{title:<10}{row}");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_what_lives_and_what_moves() {
        let sample = |writes: u32, slow: u32| {
            Sample::parse(&format!(
                "# TYPE peerpack_trips_live gauge\npeerpack_trips_live 1200\npeerpack_actors_trip 300\n\
                 peerpack_mailbox_messages_package 12\n\
                 peerpack_actor_restarts_total{{kind=\"user\"}} 3\n\
                 peerpack_store_writes_total{{outcome=\"ok\"}} {writes}\n\
                 peerpack_store_writes_total{{outcome=\"conflict\"}} 4\n\
                 peerpack_store_write_seconds_bucket{{le=\"0.001\"}} {writes}\n\
                 peerpack_store_write_seconds_bucket{{le=\"0.01\"}} {slow}\n\
                 peerpack_store_write_seconds_bucket{{le=\"+Inf\"}} {slow}\n"
            ))
        };
        let (earlier, later) = (sample(100, 100), sample(300, 310));
        let page = page(&Span { earlier: &earlier, later: &later, length: Duration::from_secs(2) });
        let row = |title: &str| -> Vec<String> {
            let row = page.lines().find(|line| line.starts_with(title)).unwrap_or_default();
            row.split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(row("trips"), ["trips", "1200", "300", "0", "0"]);
        assert_eq!(row("packages"), ["packages", "0", "0", "12", "0"]);
        assert_eq!(row("users"), ["users", "0", "0", "0", "3"]);
        let store = row("store").join(" ");
        assert!(store.starts_with("store writes 100.0/s median 1.0 ms p99 10.0 ms queue 0"), "{page}");
        assert!(row("http").join(" ").contains("median - p99 -"), "{page}");
    }
}
