//! Against a real Redis, where `PEERPACK_TEST_REDIS` names one. Its outages are made by a relay in between.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use peerpack_actors::ids::PackageId;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;

const NOW: Time = Time::from_ms(1_790_000_000_000);

/// What a busy machine may take for itself.
const SLACK: Duration = Duration::from_secs(10);

fn user(n: u8) -> UserId {
    UserId::new(NOW, [n; 10])
}

fn hint(n: u8) -> Hint {
    Hint { users: vec![(user(n), 7)], changed: vec![PackageId::new(NOW, [n; 10]).into()] }
}

fn redis() -> Option<String> {
    let url = std::env::var("PEERPACK_TEST_REDIS").ok();
    if url.is_none() {
        eprintln!("PEERPACK_TEST_REDIS is not set; nothing was tested");
    }
    url
}

/// A node with what it has heard.
struct Node {
    bus: RedisBus,
    heard: Arc<Mutex<Vec<Heard>>>,
    _listening: Running,
}

fn node(url: &str, namespace: &str) -> Node {
    let bus = RedisBus::join(url, Uuid::from_u128(rand::random()), namespace).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    let listening = bus.subscribe(move |one| ear.lock().push(one));
    Node { bus, heard, _listening: listening }
}

impl Node {
    fn hints(&self) -> Vec<(UserId, u64)> {
        let heard = self.heard.lock();
        heard
            .iter()
            .flat_map(|one| if let Heard::Hint(hint) = one { hint.users.clone() } else { Vec::new() })
            .collect()
    }

    fn gaps(&self) -> usize {
        self.heard.lock().iter().filter(|one| **one == Heard::Gap).count()
    }
}

fn namespace() -> String {
    format!("test-{}", Uuid::from_u128(rand::random()))
}

/// What Redis says, which is asked again as long as it is too busy to answer.
async fn known<T>(ask: impl AsyncFn() -> Result<T, Silent>) -> T {
    for _ in 0..60 {
        if let Ok(known) = ask().await {
            return known;
        }
    }
    panic!("Redis never answers");
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_500 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// Redis behind a relay that can be cut off and come back under the same address.
struct Relay {
    url: String,
    port: u16,
    target: String,
    running: Option<Running>,
}

impl Relay {
    async fn to(url: &str) -> Self {
        let (head, tail) =
            url.rsplit_once('@').map_or(("redis://", &url["redis://".len()..]), |(_, tail)| {
                (&url[..=url.rfind('@').unwrap()], tail)
            });
        let target = tail.trim_end_matches('/').to_owned();
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let mut relay = Self { url: format!("{head}127.0.0.1:{port}/"), port, target, running: None };
        relay.start().await;
        relay
    }

    async fn start(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let target = self.target.clone();
        let relaying = async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut from, _) = listener.accept().await.unwrap();
                let target = target.clone();
                connections.spawn(async move {
                    let mut to = TcpStream::connect(target).await.unwrap();
                    let _ = copy_bidirectional(&mut from, &mut to).await;
                });
            }
        };
        self.running = Some(Running(tokio::spawn(relaying).abort_handle()));
    }

    /// Cuts all connections and refuses new ones, as a Redis that was killed does.
    async fn stop(&mut self) {
        self.running = None;
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn two_nodes_on_one_redis_hear_each_other_and_not_themselves() {
    let Some(url) = redis() else { return };
    let namespace = namespace();
    let (a, b) = (node(&url, &namespace), node(&url, &namespace));
    until("both listen", || a.gaps() == 1 && b.gaps() == 1).await;
    a.bus.publish(hint(1));
    b.bus.publish(hint(2));
    until("both have heard", || !a.hints().is_empty() && !b.hints().is_empty()).await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!((a.hints(), b.hints()), (vec![(user(2), 7)], vec![(user(1), 7)]));
}

#[tokio::test]
async fn presence_is_counted_over_all_nodes_and_runs_out() {
    let Some(url) = redis() else { return };
    let namespace = namespace();
    let (a, b) = (node(&url, &namespace), node(&url, &namespace));
    a.bus.set_present(user(1), NOW, Span::seconds(60));
    b.bus.set_present(user(2), NOW, Span::seconds(90));
    a.bus.set_present(user(2), NOW, Span::seconds(10));
    let position = LastPosition { lat: 55.7, lon: 37.6, at: NOW };
    a.bus.set_position(user(1), position);
    let located = async |node: &Node, at| known(async || node.bus.last_position(user(1), at).await).await;
    let present = async |node: &Node, at| known(async || node.bus.present_count(at).await).await;
    for _ in 0..1_500 {
        sleep(Duration::from_millis(10)).await;
        if located(&b, NOW).await == Some(position) && present(&b, NOW).await == 2 {
            break;
        }
    }
    assert_eq!(located(&b, NOW).await, Some(position));
    assert_eq!(located(&b, NOW + POSITION_TTL).await, None);
    assert_eq!(present(&b, NOW).await, 2);
    assert_eq!(present(&a, NOW + Span::seconds(60)).await, 1);
    assert_eq!(present(&a, NOW + Span::seconds(90)).await, 0);
}

#[tokio::test]
async fn a_killed_redis_blocks_nobody_and_comes_back_with_a_gap() {
    let Some(url) = redis() else { return };
    let namespace = namespace();
    let mut relay = Relay::to(&url).await;
    let (a, b) = (node(&relay.url, &namespace), node(&url, &namespace));
    until("both listen", || a.gaps() == 1 && b.gaps() == 1).await;

    relay.stop().await;
    let start = Instant::now();
    for n in 0..10_000_u32 {
        a.bus.publish(hint((n % 200) as u8));
    }
    assert!(start.elapsed() < SLACK, "publishing took {:?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(a.bus.present_count(NOW).await, Err(Silent));
    assert!(start.elapsed() <= DEADLINE + SLACK, "reading took {:?}", start.elapsed());

    relay.start().await;
    until("the listener is back", || a.gaps() >= 2).await;
    // Each hint may be lost, so the others are told until they have heard.
    until("hints flow again in both directions", || {
        a.bus.publish(hint(201));
        b.bus.publish(hint(202));
        b.hints().contains(&(user(201), 7)) && a.hints().contains(&(user(202), 7))
    })
    .await;
}

#[tokio::test]
async fn a_node_starts_without_redis_and_joins_once_it_is_there() {
    let Some(url) = redis() else { return };
    let mut relay = Relay::to(&url).await;
    relay.stop().await;
    let late = node(&relay.url, &namespace());
    late.bus.publish(hint(1));
    sleep(Duration::from_millis(300)).await;
    assert_eq!(late.gaps(), 0);
    relay.start().await;
    until("it listens", || late.gaps() == 1).await;
}

#[tokio::test]
async fn a_redis_that_stalls_keeps_nobody_longer_than_a_second() {
    // A port that accepts and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", silent.local_addr().unwrap());
    let stalled = node(&url, &namespace());
    for n in 0..=255 {
        stalled.bus.publish(hint(n));
    }
    let start = Instant::now();
    assert_eq!(stalled.bus.last_position(user(1), NOW).await, Err(Silent));
    assert!(start.elapsed() <= DEADLINE + SLACK, "reading took {:?}", start.elapsed());
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let bus = RedisBus::join("redis://127.0.0.1:1/", Uuid::from_u128(rand::random()), &namespace()).unwrap();
    for _ in 0..QUEUE * 2 {
        bus.publish(hint(1));
    }
    assert_eq!(bus.jobs.capacity(), 0);
}

#[test]
fn backoff_grows_to_its_limit_and_differs_between_nodes() {
    let node = |last| Uuid::from_bytes([last; 16]);
    assert_eq!(backoff(node(0), 0), FIRST_BACKOFF);
    assert_eq!(backoff(node(0), 100), LAST_BACKOFF);
    assert!(
        backoff(node(255), 100) < LAST_BACKOFF && backoff(node(255), 100) > LAST_BACKOFF / 2 - FIRST_BACKOFF
    );
}

#[tokio::test]
async fn where_couriers_on_duty_are_reaches_other_nodes_and_is_gone_in_time() {
    let Some(url) = redis() else { return };
    let namespace = namespace();
    let (a, b) = (node(&url, &namespace), node(&url, &namespace));
    until("both listen", || a.gaps() > 0 && b.gaps() > 0).await;
    // Less than by default: the dispatch says for how long a position counts.
    let ttl = Span::seconds(40);
    let fix = |n: u32| LastPosition { lat: 55.75 + f64::from(n) / 1e4, lon: 37.61, at: NOW };
    for n in 0..3_000_u32 {
        let mut random = [0; 10];
        random[..4].copy_from_slice(&(n % 1_500).to_be_bytes());
        a.bus.set_fix(UserId::new(NOW, random), fix(n), ttl);
    }
    let heard_by = |node: &Node| {
        let heard = node.heard.lock();
        let fixes = heard.iter().filter_map(|one| match one {
            Heard::Fix(courier, fix) => Some((*courier, *fix)),
            _ => None,
        });
        fixes.collect::<HashMap<UserId, LastPosition>>()
    };
    let latest = |fixes: &HashMap<UserId, LastPosition>| fixes.values().all(|fix| fix.lat >= 55.9);
    until("the latest of everybody", || {
        let fixes = heard_by(&b);
        fixes.len() == 1_500 && latest(&fixes)
    })
    .await;
    assert!(heard_by(&a).is_empty(), "a node does not hear itself");
    let courier = UserId::new(NOW, [0; 10]);
    assert_eq!(known(async || b.bus.last_fix(courier, NOW, ttl).await).await, Some(fix(1_500)));
    assert_eq!(known(async || b.bus.last_fix(courier, NOW + ttl, ttl).await).await, None);
    let mut connection = a.bus.connection.clone();
    let key = a.bus.keys.fix(courier);
    let ttl_ms: i64 = ::redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
    assert!((1..=ttl.ms()).contains(&ttl_ms), "{ttl_ms}");
}
