//! A supervisor of a server that cannot always be started.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::faults::process::Process;
use crate::support::{eventually, promised};

/// Anybody who starts now waits at its configuration, and is seen, however seldom somebody looks.
fn will_wait_for_its_configuration(file: &Path) {
    std::fs::remove_file(file).unwrap();
    assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
}

/// Anybody who waits there is told nonsense; anybody who starts later is not.
fn fail_the_one_that_waits(file: &Path) {
    let mut waits = std::fs::File::options().write(true).open(file).unwrap();
    let good = file.with_extension("good");
    std::fs::write(&good, "limits = false\n").unwrap();
    std::fs::rename(good, file).unwrap();
    waits.write_all(b"no_such_key = 1\n").unwrap();
}

#[actix_web::test]
async fn a_supervisor_outlives_starts_that_fail() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("peerpack.toml");
    std::fs::write(&file, "limits = false\n").unwrap();
    let config = file.display().to_string();
    let mut supervisor = Process::start("supervise", data.path(), &[("PEERPACK_CONFIG", &config)]).await;
    let first = supervisor.children();
    assert_eq!(first.len(), 1);

    will_wait_for_its_configuration(&file);
    supervisor.signal("HUP");
    eventually("a successor", async || (supervisor.children().len() == 2).then_some(())).await;
    fail_the_one_that_waits(&file);
    eventually("its end", async || (supervisor.children() == first).then_some(())).await;
    supervisor.until_ready().await;

    will_wait_for_its_configuration(&file);
    Command::new("kill").args(["-s", "KILL", &first[0].to_string()]).status().unwrap();
    let attempt = eventually("an attempt", async || {
        let now = supervisor.children();
        (now.len() == 1 && now != first).then_some(now)
    })
    .await;
    fail_the_one_that_waits(&file);
    supervisor.until_ready().await;
    assert_ne!(supervisor.children(), attempt, "that one has failed");
    supervisor.signal("TERM");
    assert!(supervisor.ended().await < promised(15));
}
