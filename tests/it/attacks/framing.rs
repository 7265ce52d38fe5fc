//! bytes that are no proper request, and peers that are too slow or too many.

use std::time::Duration;

use futures_util::future::join_all;
use peerpack_actors::runtime::RuntimeSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

use crate::support::{Backend, PATIENCE, TestApp, eventually};

/// Patience with what the server itself waits for, thirty seconds at most.
const LONG: Duration = Duration::from_secs(90);

async fn with(settings: &[(&str, &str)]) -> TestApp {
    TestApp::start_on(tempfile::tempdir().unwrap(), None, settings, RuntimeSettings::default()).await
}

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Everything that is answered until the connection is closed.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
    // A reset is an end too.
    let _ = read;
    String::from_utf8_lossy(&answer).into_owned()
}

/// What is answered to raw bytes, by a connection that is closed then.
async fn refused(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = connect(app).await;
    // The server may hang up before it has read everything.
    let _ = stream.write_all(bytes).await;
    until_closed(&mut stream).await
}

fn status(answer: &str) -> u16 {
    let word = answer.split(' ').nth(1).unwrap_or_default();
    word.parse().unwrap_or_else(|_| panic!("no answer: {answer:?}"))
}

#[actix_web::test]
async fn x_01_a_request_of_two_lengths_is_refused_and_what_follows_is_not_read() {
    let app = with(&[]).await;
    let smuggled = "GET /api/health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    for head in [
        "HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked",
        "HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6",
        "HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 5",
        "HTTP/1.1\r\nhost: x\r\ncontent-length: +3",
        "HTTP/1.1\r\nhost: x\r\ncontent-length: -3",
        "HTTP/1.1\r\nhost: x\r\ncontent-length: 18446744073709551616",
        "HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked",
        "HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity",
        "HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked",
        "HTTP/1.1\r\nhost: x\r\ncontent-type: application/json,\r\n text/plain",
        "HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked",
    ] {
        let request =
            format!("POST /api/auth/refresh {head}\r\ncontent-type: application/json\r\n\r\n{smuggled}");
        let answer = refused(&app, request.as_bytes()).await;
        assert_eq!(status(&answer), 400, "{head}: {answer}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{head}: {answer}");
    }
}

#[actix_web::test]
async fn x_02_a_chunk_of_no_proper_size_is_refused_in_our_words() {
    let app = with(&[]).await;
    for chunk in ["-1\r\nx\r\n0\r\n\r\n", "fffffffffffffffff\r\nx\r\n", "1;a\nb\r\nx\r\n0\r\n\r\n", "zz\r\n"]
    {
        let request = format!(
            "POST /api/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n{chunk}"
        );
        let answer = refused(&app, request.as_bytes()).await;
        assert_eq!(status(&answer), 400, "{chunk:?}: {answer}");
        assert!(!answer.to_lowercase().contains("eof") && !answer.contains("payload"), "{answer}");
    }
}

/// a bare line feed ends a line here, as RFC 9112 lets a server do; anybody who puts a proxy in front
/// has it refuse them. No other request hides behind one.
#[actix_web::test]
async fn x_03_and_x_04_a_request_names_one_host() {
    let app = with(&[]).await;
    for (hosts, expected) in [("", 400), ("host: x\r\nhost: y\r\n", 400), ("host: x\r\n", 200)] {
        let request = format!("GET /api/health/live HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        let answer = refused(&app, request.as_bytes()).await;
        assert_eq!(status(&answer), expected, "{hosts:?}: {answer}");
    }
    let bare = b"GET /api/health/live HTTP/1.1\nhost: x\nconnection: close\n\n";
    let answer = refused(&app, bare).await;
    assert_eq!((status(&answer), answer.matches("HTTP/1.").count()), (200, 1), "{answer}");
}

#[actix_web::test]
async fn x_05_and_x_06_a_head_has_bounds() {
    let app = with(&[]).await;
    let many = "x-a: 1\r\n".repeat(97);
    let large = format!("x-a: {}\r\n", "a".repeat(200 * 1024));
    let path = format!("/api/cities?q={}", "a".repeat(70 * 1024));
    for (path, headers, expected) in [
        ("/api/health/live", many.as_str(), &[431][..]),
        ("/api/health/live", large.as_str(), &[431]),
        (path.as_str(), "", &[400, 414, 431]),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n");
        let mut stream = connect(&app).await;
        let _ = stream.write_all(request.as_bytes()).await;
        let mut first = [0; 64];
        // Where more was sent than was read, the reset may overtake the answer.
        let read = timeout(LONG, stream.read(&mut first)).await.unwrap();
        match read {
            Ok(0) | Err(_) => assert!(request.len() > 64 * 1024, "no answer to {} bytes", request.len()),
            Ok(read) => {
                let answer = String::from_utf8_lossy(&first[..read]).into_owned();
                assert!(expected.contains(&status(&answer)), "{}: {answer}", request.len());
            }
        }
    }
}

#[actix_web::test]
async fn x_07_who_never_ends_the_head_is_told_408() {
    let app = with(&[]).await;
    for begun in ["", "GET /api/health/live HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = connect(&app).await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let answer = until_closed(&mut stream).await;
        // To whom has asked nothing there is nothing to answer.
        assert!(answer.is_empty() && begun.is_empty() || status(&answer) == 408, "{begun:?}: {answer}");
    }
}

#[actix_web::test]
async fn x_08_who_never_ends_the_body_is_told_408() {
    let app = with(&[]).await;
    let anna = app.sign_in("Anna").await;
    let head = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\
             authorization: Bearer {}\r\n\r\n{{\"x\"",
            anna.token
        )
    };
    // Where a body is read, and where none is wanted.
    for (path, expected) in [("/api/packages", 408), ("/api/auth/logout-everywhere", 200)] {
        let mut stream = connect(&app).await;
        stream.write_all(head(path).as_bytes()).await.unwrap();
        let answer = until_closed(&mut stream).await;
        assert_eq!(status(&answer), expected, "{path}: {answer}");
    }
}

/// A request whose body comes in pieces, without its end.
fn endless(path: &str, token: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\
         authorization: Bearer {token}\r\n\r\n1\r\n \r\n"
    )
}

/// What is answered to a request that is followed by a little more again and again, until the connection is
/// closed.
async fn dribbled(app: &TestApp, request: &str, more: &str) -> String {
    let mut stream = connect(app).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let (deadline, mut answer) = (Instant::now() + PATIENCE, Vec::new());
    while Instant::now() < deadline {
        match timeout(Duration::from_millis(500), stream.read_buf(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&answer).into_owned(),
            Ok(Ok(_)) => {}
            Err(_) => drop(stream.write_all(more.as_bytes()).await),
        }
    }
    panic!("never closed, after {:?}", String::from_utf8_lossy(&answer));
}

#[actix_web::test]
async fn x_08_what_is_left_of_a_body_after_its_answer_is_not_waited_for() {
    let app = with(&[]).await;
    let anna = app.sign_in("Anna").await;
    let too_large = endless("/api/packages", &anna.token) + &format!("11171\r\n{}\r\n", "x".repeat(70_001));
    let cases = [
        (endless("/api/auth/logout-everywhere", &app.sign_in("Vera").await.token), 200),
        (endless("/api/packages", "nobody's"), 401),
        (endless("/api/nowhere", &anna.token), 404),
        // Read for thirty seconds in all, and then no longer.
        (endless("/api/packages", &app.sign_in("Boris").await.token), 408),
        (too_large, 413),
    ];
    let answers = cases.iter().map(|(request, expected)| {
        let app = &app;
        async move { (dribbled(app, request, "1\r\n \r\n").await, expected) }
    });
    for (answer, expected) in join_all(answers).await {
        assert_eq!(status(&answer), *expected, "{answer}");
    }
}

#[actix_web::test]
async fn x_08_nor_is_much_of_it_read() {
    let app = with(&[]).await;
    let mut stream = connect(&app).await;
    stream.write_all(endless("/api/packages", "nobody's").as_bytes()).await.unwrap();
    let piece = format!("10000\r\n{}\r\n", "x".repeat(65_536)).into_bytes();
    let mut sent = 0;
    while sent < 256 * 1024 * 1024 && matches!(timeout(PATIENCE, stream.write_all(&piece)).await, Ok(Ok(())))
    {
        sent += piece.len();
    }
    // The kernel keeps some of it.
    assert!(sent < 32 * 1024 * 1024, "{sent}");
}

#[actix_web::test]
async fn x_08_a_body_that_ends_soon_after_its_answer_leaves_the_connection_open() {
    let app = with(&[]).await;
    let mut stream = connect(&app).await;
    let live = "GET /api/health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let request = endless("/api/nowhere", "nobody's");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert_ne!(timeout(PATIENCE, stream.read_buf(&mut answer)).await.unwrap().unwrap(), 0);
    }
    stream.write_all(format!("1\r\n \r\n0\r\n\r\n{live}").as_bytes()).await.unwrap();
    let rest = until_closed(&mut stream).await;
    assert_eq!((status(&String::from_utf8_lossy(&answer)), status(&rest)), (404, 200), "{rest}");
}

#[actix_web::test]
async fn x_07_nor_is_a_head_waited_for_that_never_ends_behind_an_answer() {
    let app = with(&[]).await;
    let request = "GET /api/health/live HTTP/1.1\r\nhost: x\r\n\r\nGET /api/health/live HTTP/1.1\r\nhost: x\r\nx-slow: ";
    for more in ["", "a"] {
        let answer = dribbled(&app, request, more).await;
        assert_eq!((status(&answer), answer.matches("HTTP/1.").count()), (200, 1), "{answer}");
    }
}

#[actix_web::test]
async fn x_09_who_never_reads_an_answer_is_cut_off() {
    let app = with(&[("PEERPACK_UNREAD_WITHIN_S", "1")]).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let address = app.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n";
    // Far more than the kernel keeps.
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "it is still served");
        let written = timeout(Duration::from_millis(50), stream.write_all(request.as_bytes())).await;
        if matches!(written, Ok(Err(_))) {
            break;
        }
    }
}

#[actix_web::test]
async fn x_10_one_address_does_not_take_all_connections() {
    let app = with(&[("PEERPACK_MAX_CONNECTIONS_PER_IP", "20")]).await;
    let mut open = Vec::new();
    for _ in 0..300 {
        open.push(connect(&app).await);
    }
    let served = async |stream: &mut TcpStream| {
        let request = b"GET /api/health/live HTTP/1.1\r\nhost: x\r\n\r\n";
        if stream.write_all(request).await.is_err() {
            return false;
        }
        let mut first = [0; 12];
        matches!(timeout(PATIENCE, stream.read(&mut first)).await, Ok(Ok(12))) && &first[9..] == b"200"
    };
    let mut count = 0;
    for stream in &mut open {
        count += usize::from(served(stream).await);
    }
    assert_eq!(count, 20);
    drop(open);
    eventually("room again", async || served(&mut connect(&app).await).await.then_some(())).await;

    // Nor do all together take more than there are files for.
    let app = with(&[("PEERPACK_MAX_CONNECTIONS", "5")]).await;
    let mut count = 0;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(connect(&app).await);
    }
    for stream in &mut open {
        count += usize::from(served(stream).await);
    }
    assert_eq!(count, 5);
    drop(open);
    let settings = vec![("PEERPACK_MAX_CONNECTIONS".to_owned(), "1000000000000".to_owned())];
    let config = peerpack::config::Config::load(peerpack::config::Settings::default(), settings).unwrap();
    let error = peerpack::edge::connections::Connections::new(&config).unwrap_err().to_string();
    assert!(error.contains("open files"), "{error}");
}

#[actix_web::test]
async fn x_10_behind_a_proxy_one_client_does_not_take_all_connections() {
    let settings = [("PEERPACK_TRUSTED_PROXIES", "1"), ("PEERPACK_MAX_CONNECTIONS_PER_IP", "20")];
    let app = with(&settings).await;
    // What the client says of itself stands before what the proxy says.
    let slow = |n: usize| {
        let head = "POST /api/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9";
        format!("{head}\r\nx-forwarded-for: 198.51.100.{n}, 203.0.113.7\r\n\r\n{{")
    };
    let live = |client: &str| {
        format!(
            "GET /api/health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: {client}\r\n\r\n"
        )
    };
    let mut open = Vec::new();
    for n in 0..40 {
        let mut stream = connect(&app).await;
        stream.write_all(slow(n).as_bytes()).await.unwrap();
        open.push(stream);
    }
    let other = refused(&app, live("203.0.113.8").as_bytes()).await;
    assert_eq!(status(&other), 200, "{other}");
    let answers = join_all(open.iter_mut().map(|stream| async move {
        let mut first = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut first)).await.unwrap().unwrap();
        first[9..].to_vec()
    }));
    let mut answers = answers.await;
    answers.sort();
    assert_eq!(
        (&answers[..20], &answers[20..]),
        (&vec![b"408".to_vec(); 20][..], &vec![b"429".to_vec(); 20][..])
    );
    let served = async || (status(&refused(&app, live("203.0.113.7").as_bytes()).await) == 200).then_some(());
    eventually("room again", served).await;
}

#[actix_web::test]
async fn x_11_what_is_no_http_is_refused() {
    let app = with(&[]).await;
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice();
    for bytes in
        [hello, preface, b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"get / http/9.9\r\n\r\n", &[0xff; 512]]
    {
        let answer = refused(&app, bytes).await;
        assert_eq!(status(&answer), 400, "{bytes:?}: {answer}");
    }
    assert!(app.anonymous().get("/api/health/live").await.is_object());
}

#[actix_web::test]
async fn x_13_a_body_over_64_kib_is_refused_with_and_without_its_length() {
    let app = TestApp::start(Backend::Sqlite).await;
    let large = "x".repeat(70_000);
    for framing in [
        format!("content-length: {}\r\n\r\n{large}", large.len()),
        format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len()),
    ] {
        let head = "POST /api/auth/refresh HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
        let request = format!("{head}content-type: application/json\r\n{framing}");
        let answer = refused(&app, request.as_bytes()).await;
        assert!(status(&answer) == 413 && answer.contains("\"too_large\""), "{answer}");
    }
}

#[actix_web::test]
async fn x_15_a_query_has_known_parameters_once() {
    let app = TestApp::start(Backend::Sqlite).await;
    let many = (0..1_000).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    let twice = "from=%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0&from=%D0%9A%D0%B0%D0%B7%D0%B0%D0%BD%D1%8C";
    for query in [many.as_str(), twice] {
        let path = format!("/api/couriers?{query}");
        let (status, body) = app.anonymous().call(reqwest::Method::GET, &path, None).await;
        assert_eq!((status.as_u16(), body["code"].as_str()), (400, Some("bad_request")), "{body}");
    }
}
