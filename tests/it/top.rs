//! `peerpack top` beside a running server.

use std::process::{Command, Output};

use crate::faults::process::Process;
use crate::support::{free_address, http};

fn top(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peerpack")).arg("top").args(arguments).output().unwrap()
}

#[actix_web::test]
async fn top_shows_what_a_server_does() {
    let data = tempfile::tempdir().unwrap();
    let metrics = free_address().to_string();
    let server = Process::start("serve", data.path(), &[("PEERPACK_METRICS_LISTEN", &metrics)]).await;
    let url = format!("http://{metrics}/metrics");
    let shown = tokio::task::spawn_blocking(move || top(&["--every", "1", "--count", "1", "--url", &url]));
    let (client, health) = (http(), format!("{}/api/health/live", server.url));
    while !shown.is_finished() {
        client.get(&health).send().await.unwrap();
    }
    let output = shown.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let page = String::from_utf8(output.stdout).unwrap();
    let row = |title: &str| page.lines().find(|line| line.starts_with(title)).unwrap_or_default();
    for title in ["trips", "packages", "users", "engine", "store", "http", "sockets", "bus", "lags", "audit"]
    {
        assert!(row(title).len() > 10, "{title}: {page}");
    }
    let requests = row("http").split_whitespace().nth(2).unwrap().trim_end_matches("/s").to_owned();
    assert!(requests.parse::<f64>().unwrap() > 1.0, "{page}");
    assert!(!page.contains('\x1b'), "nothing for terminals goes into a pipe: {page}");
}

#[actix_web::test]
async fn top_says_so_where_nothing_is_served() {
    let url = format!("http://{}/metrics", free_address());
    let output = top(&["--url", &url]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read"), "{output:?}");
}
