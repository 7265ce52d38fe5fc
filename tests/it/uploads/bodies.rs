//! Bodies of uploads as the open internet sends them: too large, too slow, cut off, endless.

use std::io::Write as _;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::samples;
use super::{BOUNDARY, form, form_type, kept, part, send, upload};
use crate::support::{Backend, PATIENCE, TestApp, TestUser, backends, eventually};

const AVATAR: &str = "/api/user/avatar";
const LIMIT: usize = 5 * 1024 * 1024;

/// A connection on which the head of an upload was sent.
async fn begin(app: &TestApp, who: &TestUser, length: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    let mut head = Vec::new();
    write!(
        head,
        "POST {AVATAR} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {}\r\n{length}\r\n\r\n",
        who.token,
        form_type()
    )
    .unwrap();
    stream.write_all(&head).await.unwrap();
    stream
}

/// What the server answers before it closes.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut some = [0; 4096];
    while let Ok(Ok(read)) = timeout(PATIENCE, stream.read(&mut some)).await {
        text.extend(&some[..read]);
        if read == 0 || text.ends_with(b"}") {
            break;
        }
    }
    String::from_utf8(text).unwrap()
}

/// How many bodies of uploads the server has open. They have no names, so a crash leaves none.
fn coming_in(app: &TestApp) -> usize {
    let folder = app.data().join("uploads/incoming");
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    open.filter(|entry| {
        let target = std::fs::read_link(entry.as_ref().unwrap().path());
        target.is_ok_and(|target| target.starts_with(&folder))
    })
    .count()
}

///
#[actix_web::test]
async fn x_80_forms_that_are_too_large_or_no_forms() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    let code = |answer: &serde_json::Value| answer["code"].as_str().unwrap_or_default().to_owned();
    // To the byte: this much is looked at, and found to be no picture.
    assert_eq!(upload(&ivan, AVATAR, &vec![b'x'; LIMIT]).await.0, 415);
    for size in [LIMIT + 1, 2 * LIMIT, 4 * LIMIT] {
        let (status, refused) = upload(&ivan, AVATAR, &vec![b'x'; size]).await;
        assert_eq!((status, code(&refused)), (413, "too_large".to_owned()), "{size}");
    }
    let field =
        format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\nx\r\n").into_bytes();
    let wide = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{}\"\r\n\r\nx\r\n",
        "a".repeat(100_000)
    );
    let picture = part(b"a.jpg", &samples::jpeg(20, 20));
    for (what, body, expected) in [
        ("a thousand parts", form(&vec![field.clone(); 1_000]), [400, 400]),
        ("a huge part header", form(&[wide.into_bytes()]), [400, 413]),
        ("no boundary in it", b"nothing of the kind".to_vec(), [400, 400]),
        ("no end", picture.clone(), [400, 400]),
        ("no file", form(std::slice::from_ref(&field)), [400, 400]),
        ("two files", form(&[picture.clone(), picture.clone()]), [400, 400]),
        ("nothing", Vec::new(), [400, 400]),
    ] {
        let (status, refused) = send(&ivan, AVATAR, body).await;
        assert!(expected.contains(&status), "{what}: {status} {refused}");
    }
    for content_type in
        ["multipart/form-data", "multipart/form-data; boundary=", "application/json", "image/jpeg", "x"]
    {
        let headers = [("content-type", content_type)];
        let (status, _, _) = ivan
            .call_raw(reqwest::Method::POST, AVATAR, &headers, form(std::slice::from_ref(&picture)))
            .await;
        let expected = if content_type.starts_with("multipart") { 400 } else { 415 };
        assert_eq!(status.as_u16(), expected, "{content_type}");
    }
    // Fields beside the file are ignored.
    assert_eq!(send(&ivan, AVATAR, form(&[field, picture])).await.0, 200);
    assert_eq!(kept(&app).len(), 1);
}

/// a body without an end is read to its bound and no further.
#[actix_web::test]
async fn x_80_an_endless_form_comes_to_an_end() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    let mut declared = begin(&app, &ivan, "content-length: 99999999999").await;
    assert!(answer(&mut declared).await.starts_with("HTTP/1.1 413"));

    let mut stream = begin(&app, &ivan, "transfer-encoding: chunked").await;
    let start = part(b"a.jpg", b"");
    let mut piece = format!("{:x}\r\n", start.len()).into_bytes();
    piece.extend(&start);
    piece.extend(b"\r\n");
    stream.write_all(&piece).await.unwrap();
    let piece = [b"10000\r\n".to_vec(), vec![b'x'; 65_536], b"\r\n".to_vec()].concat();
    let mut sent = 0;
    while sent < 256 * 1024 * 1024 {
        match timeout(PATIENCE, stream.write_all(&piece)).await {
            Ok(Ok(())) => sent += piece.len(),
            _ => break,
        }
    }
    assert!((LIMIT..64 * 1024 * 1024).contains(&sent), "{sent}");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 413"));
    assert!(kept(&app).is_empty());
}

/// X-08 for uploads: a body that stands still is given up after ten seconds.
#[actix_web::test]
async fn x_08_a_form_that_stands_still_is_given_up() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    let mut stream = begin(&app, &ivan, "content-length: 100000").await;
    stream.write_all(&part(b"a.jpg", &[b'x'; 1_000])).await.unwrap();
    let mut head = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut head)).await.unwrap().unwrap();
    assert_eq!(&head, b"HTTP/1.1 408");
    assert!(kept(&app).is_empty());
}

/// F09: anybody who hangs up half-way leaves no row and no file, however they hang up.
#[actix_web::test]
async fn f09_an_upload_cut_half_way_leaves_nothing() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let ivan = app.sign_in("Ivan").await;
        let whole = form(&[part(b"a.jpg", &samples::noise(600, 400))]);
        for is_abrupt in [false, true] {
            for share in [1, 50, 99] {
                let mut stream = begin(&app, &ivan, &format!("content-length: {}", whole.len())).await;
                stream.write_all(&whole[..whole.len() * share / 100]).await.unwrap();
                eventually("begin of the upload", async || (coming_in(&app) == 1).then_some(())).await;
                if is_abrupt {
                    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                }
                drop(stream);
                eventually("end of the upload", async || (coming_in(&app) == 0).then_some(())).await;
            }
        }
        assert!(kept(&app).is_empty());
        let shown = ivan.get("/api/user/profile").await["avatar"].clone();
        assert!(shown.as_str().is_some_and(|shown| shown.contains("/avatars/initials/")), "{shown}");
        assert_eq!(upload(&ivan, AVATAR, &samples::jpeg(20, 20)).await.0, 200);
        assert_eq!(kept(&app).len(), 1);
        app.audit().await;
    }
}
