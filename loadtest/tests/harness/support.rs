//! A server on a free port, and the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;

use peerpack::config::{Config, Settings};
use peerpack::startup::Application;
use serde_json::Value;

/// What a run of a few seconds is like, whatever the machine does beside. A test is no measurement: the
/// generator may be late.
pub const SMALL: [&str; 6] =
    ["--senders=6", "--packages-per-s=8", "--warmup-s=0", "--duration-s=5", "--resume-sample=20", "--seed=7"];

/// A server on the embedded store, in a thread of its own. It ends with the process.
pub struct TestServer {
    pub url: String,
    data: tempfile::TempDir,
}

impl TestServer {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With more environment variables.
    pub fn with(more: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut environment = vec![
            ("PEERPACK_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("PEERPACK_DATA_DIR".to_owned(), data.path().display().to_string()),
            ("PEERPACK_WORKERS".to_owned(), "1".to_owned()),
            ("PEERPACK_ACCESS_TTL_S".to_owned(), "3600".to_owned()),
            // Behind a proxy all come from one address.
            ("PEERPACK_MAX_SOCKETS_PER_IP".to_owned(), "20000".to_owned()),
        ];
        environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (say, heard) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let config = Config::load(Settings::default(), environment).unwrap();
                let application = Application::build(config).await.unwrap();
                say.send(format!("http://{}", application.address())).unwrap();
                application.run_until_stopped().await.unwrap();
            });
        });
        Self { url: heard.recv().unwrap(), data }
    }

    /// Where its store is.
    pub fn data(&self) -> &Path {
        self.data.path()
    }
}

/// The program, with these words.
pub fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerpack-loadtest"));
    command.args(words).env_remove("PEERPACK_BOT_TOKEN");
    command
}

/// What came of a run.
pub struct Ran {
    pub code: i32,
    pub text: String,
    pub report: Value,
    pub json: PathBuf,
    folder: tempfile::TempDir,
}

impl Ran {
    /// Runs a scenario at a small size.
    pub fn scenario(scenario: &str, url: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = format!("--out={}", folder.path().display());
        let url = format!("--url={url}");
        let words = [&["run", scenario, &url, &out, "--promises-only"], &SMALL[..], more].concat();
        let output = program(&words).output().unwrap();
        let json = folder.path().join("loadtest.json");
        let report = std::fs::read_to_string(&json).ok().and_then(|text| serde_json::from_str(&text).ok());
        Self {
            code: output.status.code().unwrap(),
            text: said(&output),
            report: report.unwrap_or_default(),
            json,
            folder,
        }
    }

    pub fn page(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("loadtest.html")).unwrap()
    }

    pub fn count(&self, name: &str) -> u64 {
        self.report["counts"][name].as_u64().unwrap_or(0)
    }

    /// The violations of a rule.
    pub fn violations(&self, rule: &str) -> Vec<String> {
        let all = self.report["violations"].as_array().cloned().unwrap_or_default();
        let of_rule = all.into_iter().filter(|violation| violation["rule"] == rule);
        of_rule.map(|violation| violation["what"].as_str().unwrap().to_owned()).collect()
    }
}

/// What a program said.
pub fn said(output: &Output) -> String {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    format!("{out}\n{err}")
}
