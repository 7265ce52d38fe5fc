//! What somebody who runs a server for real has to know: where money comes from, and what follows when an
//! older copy of the data is restored.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use peerpack_actors::money::ledger::Funding;
use peerpack_actors::runtime::{NotRecoverable, ResumeAnswer, RuntimeSettings};
use serde_json::json;

use super::support::{Backend, TestApp, TestUser, backends, fresh_postgres};

#[actix_web::test]
async fn without_the_demo_provider_only_packages_without_a_reward_can_be_accepted() {
    for backend in backends() {
        let runtime = RuntimeSettings { funding: Funding::Wallet, ..RuntimeSettings::default() };
        let app = TestApp::start_with(backend, runtime).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let mut ivans = ivan.connect().await;
        ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
        let paid = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
        let offer = ivans.offer(&paid).await;
        assert_eq!(ivans.accept(offer.request_id).await.1.as_deref(), Some("insufficient_funds"));
        let free = anna.publish_package("Иркутск", "Улан-Удэ", json!({ "reward": 0 })).await;
        let offer = ivans.offer(&free).await;
        assert_eq!(ivans.accept(offer.request_id).await, ("ok".to_owned(), None));
        app.audit().await;
    }
}

/// `peerpack restored`, on what the server would be started on.
fn restored(variable: &str, value: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerpack"));
    command.arg("restored").env(variable, value).output().unwrap()
}

async fn position(user: &TestUser) -> (u64, u64) {
    let position = user.get("/api/sync").await["position"].clone();
    (position["epoch"].as_u64().unwrap(), position["seq"].as_u64().unwrap())
}

/// The store of a running server, copied.
async fn copy(app: &TestApp, folder: &Path) {
    let statement = format!("VACUUM INTO '{}'", folder.join("peerpack.db").display());
    app.behind_its_back(statement.leak()).await;
    std::fs::copy(app.data().join("jwt.secret"), folder.join("jwt.secret")).unwrap();
}

#[actix_web::test]
async fn after_a_copy_was_restored_nobody_goes_on_from_a_position_in_what_was_lost() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let kept = anna.publish_package("Тверь", "Вологда", json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    copy(&app, folder.path()).await;
    let lost = anna.publish_package("Тверь", "Вологда", json!({})).await;
    let (epoch, last_seq) = position(&anna).await;

    let output = restored("PEERPACK_DATA_DIR", folder.path().to_str().unwrap());
    assert!(output.status.success(), "{output:?}");
    let app = TestApp::start_on(folder, None, &[], RuntimeSettings::default()).await;
    let anna = anna.at(&app);
    // The number is there again, with another event: who went on from it would miss that one and keep what
    // was lost.
    let new = anna.publish_package("Тверь", "Вологда", json!({})).await;
    assert_eq!(position(&anna).await.1, last_seq);
    match app.app.engine.resume(anna.id.parse().unwrap(), epoch, last_seq).await {
        Ok(ResumeAnswer::Unrecoverable { reason, .. }) => assert_eq!(reason, NotRecoverable::EpochChanged),
        other => panic!("{other:?}"),
    }
    let state = anna.get("/api/sync").await.to_string();
    assert!(state.contains(&kept) && state.contains(&new) && !state.contains(&lost), "{state}");
    app.audit().await;
}

#[actix_web::test]
async fn what_holds_no_history_was_not_restored() {
    let empty = tempfile::tempdir().unwrap();
    let output = restored("PEERPACK_DATA_DIR", empty.path().to_str().unwrap());
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot rename the history"), "{output:?}");
    if std::env::var("PEERPACK_TEST_POSTGRES").is_ok() {
        let url = fresh_postgres().await;
        assert!(!restored("DATABASE_URL", &url).status.success(), "it has no schema yet");
    }
}

#[actix_web::test]
async fn x_99_the_database_file_is_for_its_owner_alone() {
    let app = TestApp::start(Backend::Sqlite).await;
    let files = ["peerpack.db", "peerpack.db-wal", "peerpack.db-shm"];
    let mode = |app: &TestApp, file: &str| {
        std::fs::metadata(app.data().join(file)).unwrap().permissions().mode() & 0o777
    };
    for file in files {
        assert_eq!(mode(&app, file), 0o600, "{file}");
    }
    // One that was made for everybody, by an earlier version or by hand.
    for file in files {
        std::fs::set_permissions(app.data().join(file), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let app = app.restart().await;
    for file in files {
        assert_eq!(mode(&app, file), 0o600, "{file}");
    }
}

/// The services of the compose file, and what is said of each, with what it takes from elsewhere.
fn services() -> Vec<(&'static str, String)> {
    let text = include_str!("../../docker-compose.yml");
    let (shared, rest) = text.split_once("\nservices:\n").unwrap();
    let (services, _) = rest.split_once("\nvolumes:\n").unwrap();
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in services.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
            .and_then(|rest| rest.strip_suffix(':'))
        {
            Some(name) => found.push((name, String::new())),
            None => {
                let (_, said) = found.last_mut().unwrap();
                said.push_str(line.trim());
                said.push('\n');
                for anchor in ["server", "kept"] {
                    if line.contains(&format!("<<: *{anchor}")) {
                        let (_, block) = shared.split_once(&format!(": &{anchor}\n")).unwrap();
                        said.push_str(block.split("\n\n").next().unwrap());
                        said.push('\n');
                    }
                }
            }
        }
    }
    found
}

#[test]
fn x_99_each_container_has_bounds_and_each_image_a_version() {
    let services = services();
    assert_eq!(
        services.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["postgres", "redis", "migrate", "server"]
    );
    for (name, said) in &services {
        for bound in ["mem_limit: ", "pids_limit: ", "max-size: ", "max-file: "] {
            assert!(said.contains(bound), "{name} has no {bound}\n{said}");
        }
        let image = said.lines().find_map(|line| line.trim().strip_prefix("image: ")).unwrap();
        let (_, tag) = image.split_once(':').unwrap();
        assert!(tag == "local" || tag.matches('.').count() >= 1, "{name}: {image}");
    }
}
