//! The plain server does the main job, and keeps the same promises.

use std::sync::mpsc;

use peerpack::config::PUBLIC_TEST_TOKEN;
use peerpack_loadtest::baseline::{Server, Settings, migrate};

use crate::support::Ran;

/// So few towns that couriers compete.
const FEW_ROADS: &str = "about = \"Few roads.\"\nseed = 7\n[people]\ncouriers = 40\nsenders = 6\ntowns = 5\n\
                         [load]\npackages_per_s = 8.0\nduration_s = 8\n[manners]\naccept = 0.7\ndeliver = 0.5\ncancel = 0.2\n";

#[test]
fn the_plain_server_does_the_main_job_under_the_same_oracle() {
    let Ok(database_url) = std::env::var("PEERPACK_TEST_POSTGRES") else {
        return eprintln!("PEERPACK_TEST_POSTGRES is not set: the plain server has no database");
    };
    let (say, heard) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            migrate(&database_url).await.unwrap();
            let listen = "127.0.0.1:0".to_owned();
            let settings = Settings { database_url, listen, bot_token: PUBLIC_TEST_TOKEN.to_owned() };
            let server = Server::start(settings).await.unwrap();
            say.send(server.url.clone()).unwrap();
            server.run().await.unwrap();
        });
    });
    let url = heard.recv().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("few-roads.toml");
    std::fs::write(&file, FEW_ROADS).unwrap();
    let ran = Ran::scenario(&file.display().to_string(), &url, &["--duration-s=8"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    for (what, least) in
        [("packages published", 20), ("Accept: ok", 10), ("offers revoked", 5), ("Confirm: ok", 1)]
    {
        assert!(ran.count(what) >= least, "{what}: {}", ran.text);
    }
    assert_eq!(ran.report["receptions"]["expected"], ran.report["receptions"]["received"]);
}
