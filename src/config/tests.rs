use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;

use clap::Parser;
use peerpack_actors::dispatch::Rule;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
}

fn flags(text: &str) -> Settings {
    Cli::try_parse_from(std::iter::once("peerpack").chain(text.split_whitespace())).unwrap().settings
}

fn load(flags_text: &str, environment: &[(&str, &str)]) -> Result<Config, Problems> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(flags(flags_text), environment)
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

const SECURE: [(&str, &str); 4] = [
    ("PEERPACK_MODE", "production"),
    ("PEERPACK_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ("PEERPACK_BOT_TOKEN", "42:a-token-of-our-own"),
    ("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org"),
];

#[test]
fn nothing_needs_to_be_set_for_development() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.bot_token.reveal(), PUBLIC_TEST_TOKEN);
    assert_eq!((config.access_ttl, config.init_data_max_age), (Span::minutes(15), Span::hours(1)));
    assert_eq!((config.max_sockets_per_user, config.default_mode), (5, PackageMode::Instant));
    assert!(config.warnings.is_empty());
}

#[test]
fn flags_go_before_environment_before_file_before_defaults() {
    let (_dir, path) = file("workers = 2\naccess_ttl_s = 60\nlog = \"file\"\ndefault_mode = \"choose\"");
    let environment =
        [("PEERPACK_CONFIG", path.as_str()), ("PEERPACK_WORKERS", "3"), ("PEERPACK_LOG", "env")];
    let config = load("--log flag", &environment).unwrap();
    assert_eq!((config.log.as_str(), config.workers), ("flag", 3));
    assert_eq!((config.access_ttl, config.default_mode), (Span::minutes(1), PackageMode::Choose));
    assert_eq!(config.max_sockets_per_ip, 20);
}

#[test]
fn all_unknown_keys_of_a_file_are_reported_at_once() {
    let (_dir, path) =
        file("listn = \"127.0.0.1:1\"\nworkers = \"many\"\nlog_format = \"json\"\n[tls]\ncert = \"a\"");
    let Problems(problems) = load(&format!("--config {path}"), &[]).unwrap_err();
    let about = |what: &str| problems.iter().any(|problem| problem.contains(what));
    assert!(about("listn") && about("tls") && about("workers"), "{problems:?}");
    assert_eq!(problems.len(), 3);
}

#[test]
fn unknown_variables_are_warned_of_and_malformed_ones_refused() {
    let environment = [("PEERPACK_LISTN", "x"), ("PEERPACK_TEST_REDIS", "redis://x"), ("HOME", "/")];
    let warnings = load("", &environment).unwrap().warnings;
    assert_eq!(warnings, ["the environment variable PEERPACK_LISTN is not known and has no effect"]);

    let Problems(problems) =
        load("", &[("PEERPACK_WORKERS", "0"), ("PEERPACK_LISTEN", "nowhere")]).unwrap_err();
    assert_eq!(problems.len(), 2);
    assert!(problems[0].starts_with("PEERPACK_LISTEN: ") && problems[1].starts_with("PEERPACK_WORKERS: "));
}

#[test]
fn an_empty_variable_is_an_absent_one() {
    assert!(load("", &[("REDIS_URL", ""), ("PEERPACK_METRICS_LISTEN", "")]).unwrap().redis_url.is_none());
}

#[test]
fn secrets_can_come_from_files() {
    let (_dir, path) = file("postgres://user:hunter2@db/peerpack\n");
    let config = load("", &[("DATABASE_URL_FILE", &path)]).unwrap();
    assert_eq!(config.database_url.unwrap().reveal(), "postgres://user:hunter2@db/peerpack");
    let config = load(&format!("--database-url-file {path}"), &[("DATABASE_URL", "sqlite:other")]).unwrap();
    assert_eq!(config.database_url.unwrap().reveal(), "postgres://user:hunter2@db/peerpack");
    let both = [("DATABASE_URL_FILE", path.as_str()), ("DATABASE_URL", "sqlite:x")];
    assert!(load("", &both).unwrap_err().to_string().contains("database_url and database_url_file"));
    assert!(load("--jwt-secret-file /nowhere/at/all", &[]).is_err());
}

#[test]
fn production_starts_with_secure_values() {
    let config = load("", &SECURE).unwrap();
    assert!(config.money.is_off(), "production pays in cash until something else is set");
    assert_eq!(config.jwt_secret([0; 32]).unwrap().reveal(), SECURE[1].1);
    let warned = |flags: &str, of: &[&str]| {
        let warnings = load(flags, &SECURE).unwrap().warnings;
        let is_as_said = warnings.iter().zip(of).all(|(warning, of)| warning.contains(of));
        assert!(warnings.len() == of.len() && is_as_said, "{flags}: {warnings:?}");
    };
    warned("", &["public_url", "embedded", "payments is off", "phone_code_command", "trusted_proxies"]);
    let manual = "--payments manual --payment-instructions IBAN";
    warned(&format!("{manual} --trusted-proxies 1"), &["public_url", "embedded", "phone_code_command"]);
    let known = format!("{manual} --public-url https://api.example.org --phone-code-command /bin/true");
    warned(&format!("{known} --limits=false"), &["embedded", "limits"]);
    let behind = format!("{known} --trusted-proxies 1 --metrics-listen");
    warned(&format!("{behind} 127.0.0.1:9464"), &["embedded"]);
    for everywhere in ["0.0.0.0:9464", "[::]:9464"] {
        warned(&format!("{behind} {everywhere}"), &["embedded", "metrics_listen"]);
    }
}

#[test]
fn x_99_a_key_that_can_be_guessed_is_refused_in_production_and_warned_of_elsewhere() {
    let random = "q7Zr0m1Xk9T4vB2nWc8YdL5hJs3GfPaE";
    for (key, why) in [
        ("a".repeat(32), "few different"),
        ("0123456".repeat(8), "few different"),
        ("changeme-".repeat(5), "again and again"),
        ("peerpack-secret-key.".repeat(2) + "peer", "again and again"),
        (SECURE[2].1.to_owned(), "is the bot_token"),
        (format!("{}{random}", SECURE[2].1), "is the bot_token"),
    ] {
        let mut environment = SECURE;
        environment[2].1 = "123456789:AAH5YkoiEuPk8-FZa32hStHTqXiLPtA";
        let key = key.replace(SECURE[2].1, environment[2].1);
        environment[1].1 = &key;
        let Problems(problems) = load("", &environment).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains(why), "{key}: {problems:?}");
        assert!(!problems[0].contains(&key));
        environment[0].1 = "development";
        let warnings = load("", &environment).unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.contains(why)), "{key}: {warnings:?}");
    }
    for good in [random, "5f2c9a04be71d83655f2c9a04be71d836", "0123456789abcdef0123456789abcdef"] {
        let mut environment = SECURE;
        environment[1].1 = good;
        assert!(load("", &environment).is_ok(), "{good}");
    }
}

#[test]
fn a_bound_of_the_clocks_is_at_least_a_second_and_at_most_an_hour() {
    assert_eq!(load("", &[]).unwrap().max_clock_skew, Span::seconds(30));
    for wrong in ["0", "3601"] {
        let Problems(problems) = load(&format!("--max-clock-skew-s {wrong}"), &[]).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains("max_clock_skew_s"), "{problems:?}");
    }
}

#[test]
fn what_is_missing_for_a_way_to_pay_is_said() {
    let key = "0123456789abcdef0123456789abcdef";
    for (flags, wrong) in [
        ("--payments off,manual --payment-instructions IBAN", Some("off and something else")),
        ("--payments manual", Some("payment_instructions")),
        ("--payments webhook", Some("payment_webhook_url and payment_webhook_secret")),
        ("--payments telegram", Some("payment_telegram_token and a bot")),
        ("--payments off,stars", Some("stars, and needs a bot")),
        ("--payments stars --bot-mode polling", Some("stars alone")),
        ("--payments off,stars --bot-mode polling", None),
        ("--payments demo,stars --bot-mode polling", None),
        ("--payments off,demo,stars --bot-mode polling", Some("off and something else")),
        ("--payments off --highlight-stars 0", Some("highlight_stars")),
        ("--payments off --highlight-h 721", Some("highlight_h")),
        ("--payments webhook --payment-webhook-url ftp://pay", Some("https://host or http://host")),
        ("--payments webhook --payment-webhook-url https://pay", None),
        ("--fee-bps 10001", Some("fee_bps")),
        ("--fee-choose-bps 10001", Some("fee_choose_bps")),
        ("--payments webhook --payment-webhook-url http://pay:8000", None),
        ("--payments demo,manual --payment-instructions IBAN --payment-time on_publish", None),
    ] {
        let secret = if flags.contains("--payment-webhook-url") { key } else { "" };
        match (load(flags, &[("PEERPACK_PAYMENT_WEBHOOK_SECRET", secret)]), wrong) {
            (Ok(_), None) => {}
            (Err(Problems(problems)), Some(wrong)) => {
                assert!(problems.len() == 1 && problems[0].contains(wrong), "{flags}: {problems:?}");
            }
            (found, _) => panic!("{flags}: {found:?}"),
        }
    }
    let short = load("", &[("PEERPACK_PAYMENT_WEBHOOK_SECRET", "short")]);
    assert!(short.unwrap_err().to_string().contains("fewer than 32 bytes"));
    let config = load("--payments off", &[]).unwrap();
    assert_eq!(config.money.terms().paid, peerpack_actors::money::fees::Paid::Cash);
}

#[test]
fn x_99_production_lists_all_insecure_values_at_once() {
    let Problems(problems) = load("--mode production", &[("PEERPACK_JWT_SECRET", "short")]).unwrap_err();
    for what in ["fewer than 32 bytes", "bot_token", "allowed_origins"] {
        assert!(problems.iter().any(|problem| problem.contains(what)), "{what}: {problems:?}");
    }
    for (flag, problem) in [("--payments demo", "payments is demo"), ("--telegram-test", "telegram_test")] {
        let Problems(problems) = load(flag, &SECURE).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains(problem), "{flag}: {problems:?}");
    }
    let Problems(missing) = load("--mode production", &[]).unwrap_err();
    assert!(missing.iter().any(|problem| problem.contains("needs a jwt_secret")));

    for origin in [
        "*",
        "null",
        "https://*.example.org",
        "https://app.example.org/",
        "http://app.example.org",
        "app.example.org",
    ] {
        let mut environment = SECURE;
        environment[3].1 = origin;
        let Problems(problems) = load("", &environment).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains(origin), "{origin}: {problems:?}");
    }
}

#[test]
fn urls_of_the_wrong_kind_are_refused_without_being_shown() {
    let environment = [("DATABASE_URL", "mysql://root:hunter2@db"), ("REDIS_URL", "rediss://:hunter2@cache")];
    let problems = load("", &environment).unwrap_err();
    assert_eq!(problems.0.len(), 2);
    assert!(!problems.to_string().contains("hunter2"));
}

#[test]
fn secrets_do_not_show_when_a_configuration_is_printed() {
    let mut environment = SECURE.to_vec();
    environment.push(("DATABASE_URL", "postgres://user:hunter2@db/peerpack"));
    let shown = format!("{:?}", load("", &environment).unwrap());
    for secret in [SECURE[1].1, SECURE[2].1, "hunter2"] {
        assert!(!shown.contains(secret));
    }
}

#[test]
fn in_development_a_token_key_is_made_once_and_kept_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("var");
    let config = load(&format!("--data-dir {}", data_dir.display()), &[]).unwrap();
    let first = config.jwt_secret([1; 32]).unwrap();
    assert_eq!(first.reveal().len(), 64);
    assert_eq!(config.jwt_secret([2; 32]).unwrap(), first);
    let kept = data_dir.join("jwt.secret");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&data_dir).unwrap().count(), 1);
    std::fs::write(kept, "short").unwrap();
    assert!(config.jwt_secret([3; 32]).is_err());
}

#[test]
fn home_countries_are_codes() {
    let load = |codes: &str| {
        Config::load(Settings::default(), [("PEERPACK_HOME_COUNTRIES".to_owned(), codes.to_owned())])
    };
    let home = load("KZ,ru").unwrap().home_countries;
    assert!(home.has("KZ") && home.has("RU") && !home.has("TR"));
    assert!(Config::load(Settings::default(), []).unwrap().home_countries.has("TR"));
    let Problems(problems) = load("KZ,Россия").unwrap_err();
    assert!(problems.iter().any(|one| one.starts_with("home_countries: \"Россия\"")), "{problems:?}");
}

#[test]
fn knobs_of_the_matching_come_from_the_environment_or_a_table_and_are_checked() {
    let knobs = "acceptance = 0.4, region_weights = { 524901 = 1.1 }".to_owned();
    let config = Config::load(Settings::default(), [("PEERPACK_MATCHING".to_owned(), knobs)]).unwrap();
    assert_eq!((config.matching.acceptance, config.matching.max_live_offers), (0.4, 3));
    assert_eq!(config.matching.region_weights.get("524901"), Some(&1.1));
    let wrong = [("fairness = 0.5", "fairness is not in 0 to 0.15"), ("nonsense = 1", "unknown field")];
    for (knobs, problem) in wrong {
        let refused = Config::load(Settings::default(), [("PEERPACK_MATCHING".to_owned(), knobs.to_owned())]);
        let Problems(problems) = refused.unwrap_err();
        assert!(problems.iter().any(|one| one.contains(problem)), "{problems:?}");
    }
}

#[test]
fn knobs_of_the_dispatch_come_from_the_environment_or_a_table_and_are_checked() {
    let load = |knobs: &str| {
        Config::load(Settings::default(), [("PEERPACK_DISPATCH_KNOBS".to_owned(), knobs.to_owned())])
    };
    let knobs = load("rule = 'simple', offer_ttl_s = 20").unwrap().dispatch_knobs;
    assert_eq!((knobs.rule, knobs.offer_ttl_s, knobs.widenings), (Rule::Simple, 20, 3));
    let defaults = Config::load(Settings::default(), []).unwrap().dispatch_knobs;
    assert_eq!(defaults, peerpack_actors::dispatch::Settings::default());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("peerpack.toml");
    std::fs::write(&file, "[dispatch_knobs]\nw_eta = 0.3\n").unwrap();
    let config = Config::load(flags(&format!("--config {}", file.display())), []).unwrap();
    assert!((config.dispatch_knobs.w_eta - 0.3).abs() < 1e-9, "{:?}", config.dispatch_knobs);
    let wrong = [
        ("offer_ttl_s = 4", "dispatch_knobs: offer_ttl_s is not in 5 to 300"),
        ("w_fairness = -1.0", "dispatch_knobs: w_fairness is not in 0 to 100"),
        ("batch_ms = 100", "dispatch_knobs: batch_ms is neither 0 nor in 500 to 10000"),
        ("nonsense = 1", "unknown field `nonsense`"),
        ("offer_ttl_s = 'soon'", "PEERPACK_DISPATCH_KNOBS"),
    ];
    for (knobs, problem) in wrong {
        let Problems(problems) = load(knobs).unwrap_err();
        assert!(problems.iter().any(|one| one.contains(problem)), "{problems:?}");
    }
}

#[test]
fn the_documentation_lists_every_knob_of_the_matching_with_its_default() {
    let document = include_str!("../../docs/matching.md");
    let (_, table) = document.split_once("| knob | default | meaning |").unwrap();
    let listed = table.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let mut cells = line.split(" | ").map(|cell| cell.trim_matches(['|', '`', ' ']).to_owned());
        (cells.next().unwrap(), cells.next().unwrap())
    });
    let defaults = serde_json::to_value(peerpack_actors::matching::Settings::default()).unwrap();
    let defaults =
        defaults.as_object().unwrap().iter().map(|(knob, value)| (knob.clone(), value.to_string()));
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), defaults.collect::<BTreeMap<_, _>>());
}

#[test]
fn a_knob_of_the_matching_that_is_out_of_its_bounds_is_refused() {
    let wrong = [
        ("max_wave = 0", "max_wave is not in 1 to 32"),
        ("max_wave = 33", "max_wave is not in 1 to 32"),
        ("offer_ttl_s = 4", "offer_ttl_s is not in 5 to 600"),
        ("offer_ttl_percent = 51", "offer_ttl_percent is not in 1 to 50"),
        ("longest_offer_ttl_min = 9", "longest_offer_ttl_min is not in 10 to 1440"),
        ("choose_again_min = 0", "choose_again_min is not in 1 to 1440"),
        ("fair_window_ms = 50", "fair_window_ms is neither 0 nor in 100 to 300"),
    ];
    for (knobs, problem) in wrong {
        let environment = [("PEERPACK_MATCHING".to_owned(), knobs.to_owned())];
        let Problems(problems) = Config::load(Settings::default(), environment).unwrap_err();
        assert!(problems.iter().any(|one| one.contains(problem)), "{problems:?}");
    }
}

/// The variables of `.env.example`, whether commented out or not.
fn examples() -> BTreeMap<String, String> {
    let lines = include_str!("../../.env.example").lines().map(|line| line.trim_start_matches('#'));
    let is_name = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'0'..=b'9'))
    };
    let pairs = lines.filter_map(|line| line.split_once('=')).filter(|(name, _)| is_name(name));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect()
}

#[test]
fn the_example_of_an_environment_has_every_setting_with_a_value_that_is_understood() {
    let named = examples()
        .into_keys()
        .filter(|name| name.starts_with("PEERPACK_") || settings::SHARED.contains(&&**name));
    let known = settings::keys().into_iter().map(|key| key.to_uppercase());
    let known =
        known.map(|key| if settings::SHARED.contains(&&*key) { key } else { format!("PEERPACK_{key}") });
    assert_eq!(named.collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>());

    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    Settings::from_environment(examples(), &mut problems, &mut warnings);
    assert_eq!((problems, warnings), (Vec::new(), Vec::new()));
}
