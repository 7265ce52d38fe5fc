//! The commands that need no market, and their exit codes.

use crate::support::{TestServer, program, said};

#[test]
fn the_list_names_every_scenario() {
    let text = said(&program(&["list"]).output().unwrap());
    for name in [
        "main-job",
        "rush-hour",
        "claim-storm",
        "idle-crowd",
        "reconnect-storm",
        "flapping-phones",
        "slow-consumers",
        "crash",
        "mixed-day",
        "talk",
    ] {
        assert!(text.contains(name), "{name} in {text}");
    }
    let matching = said(&program(&["list", "--matching", "claim-storm"]).output().unwrap());
    assert!(matching.trim().starts_with("acceptance = "), "{matching}");
}

#[test]
fn a_scenario_that_makes_no_sense_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(
        &file,
        "about = \"Mine.\"\nseed = 1\n[people]\ncouriers = 1\nsenders = 0\n[load]\n\
                           packages_per_s = 1.0\nduration_s = 1\n",
    )
    .unwrap();
    let output = program(&["run", &file.display().to_string()]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("mine.toml, line 5: people.senders must be at least 1"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_server_that_is_not_there_is_no_measurement() {
    let output = program(&["run", "main-job", "--url=http://127.0.0.1:9"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("does not serve"), "{}", said(&output));
}

#[test]
fn the_knee_is_looked_for_step_by_step_on_a_market_that_is_empty_each_time() {
    let (server, folder) = (TestServer::start(), tempfile::tempdir().unwrap());
    let (file, json) = (folder.path().join("small.toml"), folder.path().join("knee.json"));
    std::fs::write(
        &file,
        "about = \"Small.\"\nseed = 1\n[people]\ncouriers = 10\nsenders = 3\n[load]\n\
                           packages_per_s = 1.0\nduration_s = 2\n[thresholds]\nlate_ms = 60000.0\n",
    )
    .unwrap();
    let (url, json_flag) = (format!("--url={}", server.url), format!("--json={}", json.display()));
    let words = [
        "find-knee",
        &file.display().to_string(),
        &url,
        &json_flag,
        "--from=4",
        "--most=6",
        "--resume-sample=0",
    ];
    let output = program(&words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    let steps = report["steps"].as_array().unwrap();
    assert_eq!((report["knee_packages_per_s"].as_f64(), steps.len()), (Some(6.0), 2), "{report}");
}
