//! Each scenario does what its name says, and the oracle stays on.

use crate::support::{Ran, TestServer};

fn played(scenario: &str, more: &[&str]) -> Ran {
    let server = TestServer::start();
    played_on(&server, scenario, more)
}

fn played_on(server: &TestServer, scenario: &str, more: &[&str]) -> Ran {
    let ran = Ran::scenario(scenario, &server.url, more);
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert_eq!(ran.report["violations"].as_array().unwrap().len(), 0);
    assert!(ran.count("packages published") > 5, "{}", ran.text);
    let told = &ran.report["receptions"];
    assert_eq!((&told["expected"], told["unknown"].as_u64()), (&told["received"], Some(0)), "{told}");
    assert!(told["expected"].as_u64().unwrap() > 20, "{told}");
    ran
}

#[test]
fn the_main_job_is_reported_as_markdown_json_and_a_page_with_plots() {
    let ran = played("main-job", &["--couriers=30"]);
    assert!(ran.count("Accept: ok") > 3, "{}", ran.text);
    let stages = ran.report["stages"].as_array().unwrap();
    let middle = |place: usize| stages[place]["p50_ms"].as_f64().unwrap();
    assert!(stages.len() == 7 && middle(0) <= middle(1) && middle(1) <= middle(4), "{stages:?}");
    assert!(ran.report["latencies"]["push"]["n"].as_u64().unwrap() > 20);
    let page = ran.page();
    assert!(page.len() < 1_000_000 && page.matches("<svg").count() >= 6, "{}", page.len());
    assert!(ran.text.contains("Told and heard"));
}

#[test]
fn in_rush_hour_the_peak_has_several_times_the_packages_of_the_calm() {
    let ran = played("rush-hour", &["--couriers=20", "--packages-per-s=15", "--duration-s=10"]);
    let due = ran.report["plots"]["rates"]["publications due"].as_array().unwrap();
    let of = |from: usize, to: usize| due[from..to].iter().map(|rate| rate.as_f64().unwrap()).sum::<f64>();
    assert!(of(4, 6) > 2.0 * of(0, 2), "{due:?}");
}

#[test]
fn in_a_claim_storm_many_accept_one_package_in_one_moment() {
    let matching = include_str!("../../scenarios/claim-storm.toml");
    let matching = matching.lines().find_map(|line| line.strip_prefix("matching = \"")).unwrap();
    let server = TestServer::with(&[("PEERPACK_MATCHING", matching.trim_end_matches('"'))]);
    let ran = played_on(&server, "claim-storm", &["--couriers=120", "--packages-per-s=3"]);
    let contest = ran.report["contest"].as_f64().unwrap();
    assert!(contest > 2.0, "{contest} acceptances of each package");
    assert!(ran.count("Accept: already_taken") > ran.count("Accept: ok"), "{}", ran.text);
}

#[test]
fn an_idle_crowd_is_held_by_several_processes_and_hears_nothing() {
    let ran = played("idle-crowd", &["--couriers=20", "--idle=90", "--sockets-per-process=40"]);
    let idle = &ran.report["idle"];
    assert_eq!((idle["connected"].as_u64(), idle["open"].as_u64()), (Some(90), Some(90)));
    assert_eq!((idle["events"].as_u64(), ran.report["sizes"]["processes"].as_u64()), (Some(0), Some(4)));
}

#[test]
fn in_a_reconnect_storm_everybody_is_back_and_has_missed_nothing() {
    let ran = played("reconnect-storm", &["--couriers=30", "--duration-s=8"]);
    // Twice 36 people.
    assert_eq!(ran.count("connections broken on purpose"), 72, "{}", ran.text);
    assert_eq!(ran.report["latencies"]["back"]["n"].as_u64(), Some(72));
    assert_eq!(ran.report["away"].as_i64(), Some(0));
}

#[test]
fn flapping_phones_lose_their_connections_again_and_again() {
    let ran = played("flapping-phones", &["--couriers=30", "--duration-s=8"]);
    assert!(ran.count("connections broken on purpose") >= 10, "{}", ran.text);
    assert!(ran.report["latencies"]["back"]["n"].as_u64().unwrap() >= 10);
}

#[test]
fn slow_consumers_are_told_everything_and_do_not_count_for_the_others() {
    let ran = played("slow-consumers", &["--couriers=40", "--duration-s=12", "--packages-per-s=12"]);
    let push = &ran.report["latencies"]["push"];
    // A tenth sleeps for five seconds and more and hears late. If they were among these, one in a hundred
    // would be so late.
    assert!(push["p99_ms"].as_f64().unwrap() < 4_500.0, "{push}");
    assert!(push["n"].as_u64().unwrap() < ran.report["receptions"]["expected"].as_u64().unwrap());
}

#[test]
fn those_who_talk_are_heard_by_the_other_one_and_the_store_has_what_was_said() {
    let ran = played("talk", &["--couriers=20", "--pairs=10", "--messages-per-s=20"]);
    let sizes = &ran.report["sizes"];
    let said = sizes["messages"].as_u64().unwrap();
    assert!(said > 60, "{sizes}");
    assert_eq!((sizes["talkers"].as_u64(), sizes["chats_read"].as_u64()), (Some(20), Some(10)));
    assert_eq!(
        (ran.count("messages acknowledged"), ran.count("messages told")),
        (said, said),
        "{}",
        ran.text
    );
    for latency in ["message_told", "message_since_decided", "message_acknowledged"] {
        assert!(ran.report["latencies"][latency]["n"].as_u64().unwrap() > 50, "{}", ran.text);
    }
    // What the silent run is compared by.
    let silent = played("talk", &["--couriers=20", "--pairs=10", "--messages-per-s=0"]);
    assert_eq!(silent.report["latencies"]["message_told"]["n"].as_u64(), Some(0));
}

#[test]
fn nothing_that_is_said_is_lost_where_phones_flap() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flapping-talk.toml");
    std::fs::write(
        &file,
        "about = \"Talk on bad lines.\"\nseed = 7\n[people]\ncouriers = 10\nsenders = 3\n[load]\n\
         packages_per_s = 4.0\nduration_s = 6\n[talk]\npairs = 12\nmessages_per_s = 24.0\nover_http = 0.3\n\
         read = 0.5\n[network]\nflapping = 0.5\nlasts_s = [0.5, 2.0]\ncut_all_at_s = [3.0]\n",
    )
    .unwrap();
    let ran = played(&file.display().to_string(), &["--couriers=10"]);
    assert!(ran.count("reconnects") > 20, "{}", ran.text);
    assert_eq!(ran.count("messages given up"), 0, "{}", ran.text);
}

#[test]
fn a_crash_needs_somebody_who_knows_how_to_kill_the_server() {
    let server = TestServer::start();
    let ran = Ran::scenario("crash", &server.url, &["--couriers=5"]);
    assert_eq!(ran.code, 2);
    assert!(ran.text.contains("--crash-command"), "{}", ran.text);
}

#[test]
fn a_mixed_day_has_a_little_of_everything() {
    let ran = played("mixed-day", &["--couriers=40", "--idle=10", "--duration-s=10"]);
    assert!(ran.count("all connections broken") == 1 && ran.count("reconnects") >= 40, "{}", ran.text);
    assert_eq!(ran.report["idle"]["open"].as_u64(), Some(10));
}
