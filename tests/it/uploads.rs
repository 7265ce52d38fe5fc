//! What people send as files: pictures of theirs, and whatever else arrives where a picture is expected.

mod avatars;
mod bodies;
mod bucket;
mod crowd;
mod documents;
mod photos;
pub mod samples;

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::Value;

use crate::support::{TestApp, TestUser};

/// A form with one file in it.
const BOUNDARY: &str = "a-line-between-the-parts";

fn part(filename: &[u8], content: &[u8]) -> Vec<u8> {
    [
        format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"").as_bytes(),
        filename,
        b"\"\r\ncontent-type: application/octet-stream\r\n\r\n",
        content,
        b"\r\n",
    ]
    .concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat()
}

fn form_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

async fn send(who: &TestUser, path: &str, body: Vec<u8>) -> (u16, Value) {
    let (status, _, answer) = who.call_raw(Method::POST, path, &[("content-type", &form_type())], body).await;
    (status.as_u16(), serde_json::from_slice(&answer).unwrap_or_default())
}

/// Sends a file.
pub async fn upload(who: &TestUser, path: &str, content: &[u8]) -> (u16, Value) {
    send(who, path, form(&[part(b"photo.jpg", content)])).await
}

/// Every file below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(below(&path)) } else { found.push(path) }
    }
    found
}

/// Every file that the server keeps, the unfinished ones too.
fn kept(app: &TestApp) -> Vec<PathBuf> {
    below(&app.data().join("uploads"))
}
