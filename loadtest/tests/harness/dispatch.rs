//! Rides in town: a small run keeps its promises. What the oracle finds is tested beside it.

use crate::support::{TestServer, program, said};

const SECRET: &str = "a secret of the server and of the load test, of 48 bytes";

#[test]
fn rides_in_town_keep_their_promises() {
    let server = TestServer::with(&[("PEERPACK_JWT_SECRET", SECRET)]);
    let (url, data) = (format!("--url={}", server.url), format!("--data-dir={}", server.data().display()));
    let small = ["--drivers=20", "--orders-per-s=4", "--duration-s=5", "--seed=7"];
    let words = [&["dispatch", &url, &data][..], &small].concat();
    let mut command = program(&words);
    let command = command.env("PEERPACK_JWT_SECRET", SECRET).env_remove("DATABASE_URL");
    let output = command.output().unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("promises broken: 0"), "{text}");
    assert!(text.contains("20 placed") && text.contains("on the courier's socket: p50"), "{text}");
}
