//! Many uploads at once, and what they cost in memory: a server of its own is measured.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::future::join_all;

use super::{form, form_type, part, samples};
use crate::support::{eventually, free_address, http, sign_in_at};

/// More memory than this is not taken, however many come at once.
const MAX_MIB: u64 = 250;

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn is_running(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        status.is_ok_and(|status| status.contains("VmHWM:"))
    }

    /// The most memory it has ever had, MiB.
    fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }
}

/// A server on a port of its own.
async fn start(data: &Path) -> (Process, String) {
    loop {
        let address = free_address();
        let mut command = Command::new(env!("CARGO_BIN_EXE_peerpack"));
        command.arg("serve").env("PEERPACK_LISTEN", address.to_string()).env("PEERPACK_DATA_DIR", data);
        command.env("PEERPACK_LOG", "warn").stdout(Stdio::null()).stderr(Stdio::inherit());
        let (server, url) = (Process(command.spawn().unwrap()), format!("http://{address}"));
        let is_up = eventually("a server", async || {
            let ready = reqwest::get(format!("{url}/api/health/ready")).await;
            // It writes its secret when it has the port.
            let is_up =
                data.join("jwt.secret").exists() && ready.is_ok_and(|answer| answer.status().is_success());
            if server.is_running() { is_up.then_some(true) } else { Some(false) }
        })
        .await;
        // Otherwise somebody else has taken the port in between.
        if is_up {
            return (server, url);
        }
    }
}

/// bodies are streamed to the disk, and pictures are made one at a time.
#[actix_web::test]
async fn x_88_twenty_large_uploads_at_once_take_no_more_memory_than_one_after_the_other() {
    let data = tempfile::tempdir().unwrap();
    let (server, url) = start(data.path()).await;
    let before = server.peak_mib();
    let (ivan, dan) = (sign_in_at(&url, "Ivan").await.token, sign_in_at(&url, "Dan").await.token);
    let http = http();
    // The status, unless the server hangs up first.
    let send = async |token: &str, path: &str, content: &[u8]| {
        let request =
            http.post(format!("{url}{path}")).bearer_auth(token).header("content-type", form_type());
        let answer = request.body(form(&[part(b"a", content)])).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    };
    // Just under 5 MiB as a file, and just under 25 million pixels.
    let (heavy, wide) = (samples::noise(2_000, 2_000), samples::jpeg(5_000, 4_990));
    assert!((9 * 512 * 1024..5 * 1024 * 1024).contains(&heavy.len()), "{}", heavy.len());
    let pdf = [b"%PDF-1.7\n", &*vec![b'x'; 10 * 1024 * 1024 - 20], b"\n%%EOF"].concat();
    let pictures = (0..10).map(|n| send(&ivan, "/api/user/avatar", if n % 2 == 0 { &heavy } else { &wide }));
    let documents = (0..10).map(|_| send(&dan, "/api/user/documents", &pdf));
    let (pictures, documents) = futures_util::future::join(join_all(pictures), join_all(documents)).await;
    // On a busy machine a body may come too slowly, and a picture may wait too long for its turn.
    let refused = [None, Some(408), Some(503)];
    assert!(pictures.iter().all(|status| *status == Some(200) || refused.contains(status)), "{pictures:?}");
    assert!(documents.iter().all(|status| *status == Some(201) || refused.contains(status)), "{documents:?}");
    assert!(pictures.contains(&Some(200)) && documents.contains(&Some(201)), "{pictures:?} {documents:?}");
    let peak = server.peak_mib();
    eprintln!("{before} MiB before, {peak} MiB at most");
    assert!(peak - before < MAX_MIB, "{before} MiB before, {peak} MiB at most");
}
