//! Crowds: many who come back at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::process::{Device, Process};
use crate::support::{PATIENCE, TestUser, at_full_size, free_address, promised, sign_in_at};

/// How soon everybody is back, seconds.
const BACK_WITHIN_S: u64 = 60;

/// How many come back. `make test-faults` says more.
fn crowd() -> usize {
    std::env::var("PEERPACK_TEST_CROWD").ok().map_or(200, |text| text.parse().unwrap())
}

/// Asks a server again and again, in a thread of its own, until told to stop; how long each answer took, and
/// what was no success.
fn ask_meanwhile(
    user: TestUser,
    stop: Arc<AtomicBool>,
) -> std::thread::JoinHandle<(Vec<Duration>, Vec<String>)> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut took, mut failures) = (Vec::new(), Vec::new());
            while !stop.load(Ordering::Relaxed) {
                for path in ["/api/cities?q=%D0%A2%D0%B2%D0%B5%D1%80%D1%8C", "/api/sync"] {
                    let asked = Instant::now();
                    let (status, headers, _) = user.call_with(Method::GET, path, &[], None).await;
                    took.push(asked.elapsed());
                    // A request that is told to come again has not failed.
                    let is_told_to_wait = status == 503 && headers.contains_key("retry-after");
                    if !status.is_success() && !is_told_to_wait {
                        failures.push(format!("{status} {path}"));
                    }
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            (took, failures)
        })
    })
}

/// A sum of the server's counters whose names begin so.
async fn counted(metrics: &str, name: &str) -> f64 {
    let text = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap().text().await.unwrap();
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

#[actix_web::test]
async fn f06_after_a_kill_everybody_is_back_within_a_minute_and_has_missed_nothing() {
    let data = tempfile::tempdir().unwrap();
    let metrics = free_address().to_string();
    let mut server = Process::start("serve", data.path(), &[("PEERPACK_METRICS_LISTEN", &metrics)]).await;
    let url = server.url.clone();
    let arriving = stream::iter(0..crowd()).map(|number| {
        let url = &url;
        async move {
            let user = sign_in_at(url, &format!("User {number}")).await;
            let device = Device::of(&user).await;
            user.publish_package("Тверь", "Вологда", json!({})).await;
            (user, device)
        }
    });
    let mut people: Vec<(TestUser, Device)> = arriving.buffer_unordered(16).collect().await;
    server.kill_and_start_again();
    server.until_ready().await;
    let ready = Instant::now();
    let before = counted(&metrics, "peerpack_store_statements_total").await;
    let stop = Arc::new(AtomicBool::new(false));
    let asking = ask_meanwhile(people[0].0.clone(), Arc::clone(&stop));
    for (_, device) in &mut people {
        device.until("the way back", promised(BACK_WITHIN_S), |device| device.connections == 2).await;
        device.until("its event", PATIENCE, |device| device.events.len() == 1).await;
        assert_eq!(device.lost, 0);
    }
    let back = ready.elapsed();
    stop.store(true, Ordering::Relaxed);
    let (mut took, failures) = asking.join().unwrap();
    let statements = counted(&metrics, "peerpack_store_statements_total").await - before;
    let refused = counted(&metrics, "peerpack_ws_refused_total").await;
    took.sort();
    let (asked, p99) = (took.len(), took[took.len() * 99 / 100]);
    let each = (statements - asked as f64) / people.len() as f64;
    eprintln!(
        "{} back in {back:?}; {statements} statements, of them about {each:.2} for each; {refused} told to come \
         later; {asked} requests meanwhile, p99 {p99:?}, slowest {:?}",
        people.len(),
        took[asked - 1]
    );
    assert!(back < promised(BACK_WITHIN_S), "{back:?}");
    assert!(!at_full_size() || p99 < Duration::from_secs(1), "p99 {p99:?}");
    assert_eq!(failures, Vec::<String>::new());
    // Each comes with one look at its stream; what is beyond that does not grow with the crowd.
    assert!(statements - 4.0 * asked as f64 <= 4.0 * people.len() as f64 + 500.0, "{statements} statements");
    drop(server);
}
