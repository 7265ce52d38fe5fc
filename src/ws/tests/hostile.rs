//! Clients that mean no good. Each test has the number of its attack; those on the way in are in `admission`,
//! random bytes in `fuzz`.

use serde_json::json;
use uuid::Uuid;

use super::raw::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, Raw, TEXT, frame, header};
use super::world::World;

pub(super) fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Sends bytes; the code with which the server says goodbye.
async fn answer_to(world: &World, bytes: &[u8]) -> Option<u16> {
    let mut raw = Raw::greeted(world, world.user()).await;
    raw.write(bytes).await.unwrap();
    let code = raw.close_code().await;
    raw.until_closed().await;
    code
}

#[actix_web::test]
async fn x_60_a_frame_that_declares_gigabytes_is_refused_at_its_header_and_costs_nothing() {
    let world = World::start().await;
    for declared in [1 << 30, 4 << 30] {
        let bytes = [&header(FIN | TEXT, declared)[..], &[1, 2, 3, 4], b"abc"].concat();
        assert_eq!(answer_to(&world, &bytes).await, Some(1009), "{declared}");
    }
    // Anybody who does not wait for the answer but goes on with what was declared.
    let piece = vec![0; 1 << 20];
    let mut most = 0;
    let before = resident_kib();
    let mut raw = Raw::greeted(&world, world.user()).await;
    raw.write(&header(FIN | TEXT, 4 << 30)).await.unwrap();
    for _ in 0..256 {
        if raw.write(&piece).await.is_err() {
            break;
        }
        most = most.max(resident_kib());
    }
    let grown = most.saturating_sub(before);
    assert!(grown < 1_024, "{grown} KiB");
    world.stop().await;
}

#[actix_web::test]
async fn x_61_a_frame_over_the_limit_is_too_big() {
    let world = World::start().await;
    assert_eq!(answer_to(&world, &frame(FIN | TEXT, &[b' '; 17 * 1024])).await, Some(1009));
    assert_eq!(answer_to(&world, &header(FIN | TEXT, 1 << 63)).await, Some(1009));
    world.stop().await;
}

#[actix_web::test]
async fn x_62_a_message_over_the_limit_is_too_big_and_empty_pieces_count_as_messages() {
    let world = World::start().await;
    let pieces = [TEXT, CONTINUATION, CONTINUATION, CONTINUATION, FIN | CONTINUATION];
    let bytes = pieces.map(|first| frame(first, &[b' '; 15 * 1024])).concat();
    assert_eq!(answer_to(&world, &bytes).await, Some(1009));

    let empty = frame(CONTINUATION, &[]);
    let mut raw = Raw::greeted(&world, world.user()).await;
    raw.write(&frame(TEXT, &[])).await.unwrap();
    let before = resident_kib();
    for _ in 0..200 {
        if raw.write(&empty.repeat(1_000)).await.is_err() {
            break;
        }
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 4 * 1_024, "{grown} KiB");
    assert_eq!(raw.close_code().await, Some(4029));
    world.stop().await;
}

#[actix_web::test]
async fn x_63_each_way_to_break_the_protocol_ends_with_1002() {
    let world = World::start().await;
    let close = |code: u16| frame(FIN | CLOSE, &code.to_be_bytes());
    let cases = [
        ("unmasked", vec![0x81, 0x01, b'x']),
        ("first reserved bit", frame(0xc1, b"x")),
        ("second reserved bit", frame(0xa1, b"x")),
        ("third reserved bit", frame(0x91, b"x")),
        ("reserved opcode", frame(0x83, b"")),
        ("reserved control opcode", frame(0x8b, b"")),
        ("ping in pieces", frame(PING, b"")),
        ("close in pieces", frame(CLOSE, b"")),
        ("ping of 126 bytes", frame(FIN | PING, &[b'x'; 126])),
        ("continuation of nothing", frame(FIN | CONTINUATION, b"x")),
        ("text within text", [frame(TEXT, b"x"), frame(FIN | TEXT, b"x")].concat()),
        ("close of one byte", frame(FIN | CLOSE, &[3])),
        ("close with 999", close(999)),
        ("close with 1004", close(1004)),
        ("close with 1005", close(1005)),
        ("close with 1006", close(1006)),
        ("close with 2999", close(2999)),
        ("close with 5000", close(5000)),
    ];
    for (name, bytes) in cases {
        assert_eq!(answer_to(&world, &bytes).await, Some(1002), "{name}");
    }
    for code in [1000, 1001, 3000, 4999] {
        assert_eq!(answer_to(&world, &close(code)).await, Some(code), "a good close is answered alike");
    }
    assert_eq!(answer_to(&world, &frame(FIN | CLOSE, b"")).await, None, "without a code, without one");
    world.stop().await;
}

#[actix_web::test]
async fn x_64_text_that_is_not_utf_8_ends_with_1007() {
    let world = World::start().await;
    let in_pieces = [frame(TEXT, &[0xd0]), frame(FIN | CONTINUATION, b"x")].concat();
    for bytes in [frame(FIN | TEXT, &[0xff]), frame(FIN | TEXT, b"\xed\xa0\x80"), in_pieces] {
        assert_eq!(answer_to(&world, &bytes).await, Some(1007), "{bytes:?}");
    }
    // A letter that is cut between two pieces is whole in the message.
    let mut raw = Raw::greeted(&world, world.user()).await;
    let text = r#"{"type":"привет"}"#.as_bytes();
    raw.write(&frame(TEXT, &text[..10])).await.unwrap();
    raw.write(&frame(FIN | CONTINUATION, &text[10..])).await.unwrap();
    assert_eq!(raw.hear().await["code"], "unknown_type");
    world.stop().await;
}

#[actix_web::test]
async fn x_65_a_flood_of_pings_or_messages_is_cut_off() {
    let world = World::start().await;
    let message = frame(FIN | TEXT, br#"{"type":"ping"}"#);
    for (flood, answered_with) in [(frame(FIN | PING, b"x"), PONG), (message, TEXT)] {
        let mut raw = Raw::greeted(&world, world.user()).await;
        for _ in 0..100 {
            if raw.write(&flood.repeat(1_000)).await.is_err() {
                break;
            }
        }
        let (answers, code) = raw.ending().await;
        assert_eq!(code, Some(4029));
        assert!(answers.iter().all(|(opcode, _)| *opcode == answered_with));
        assert!((30..=40).contains(&answers.len()), "{} answers", answers.len());
    }
    world.stop().await;
}

#[actix_web::test]
async fn x_72_nonsense_is_answered_until_it_is_too_much() {
    let world = World::start().await;
    let id = Uuid::from_u128(7).to_string();
    let resume =
        |last_seq: &str| format!(r#"{{"type":"resume","data":{{"epoch":1,"last_seq":{last_seq}}}}}"#);
    let nonsense = [
        (format!(r#"{{"type":"offer.steal","cmd_id":"{id}"}}"#), "unknown_type", Some(&id)),
        (
            format!(r#"{{"type":"offer.accept","cmd_id":"{id}","data":{{"request_id":7}}}}"#),
            "bad_request",
            Some(&id),
        ),
        ("[1,2,3]".to_owned(), "bad_request", None),
        (String::new(), "bad_request", None),
        (r#"{"type":"ping","cmd_id":7}"#.to_owned(), "bad_request", None),
        (resume("-1"), "bad_request", None),
        (resume("1.5"), "bad_request", None),
        (resume("99999999999999999999"), "bad_request", None),
        (r#"{"type":"location","data":{"lat":1e400,"lon":0}}"#.to_owned(), "bad_request", None),
        ("[".repeat(16_000), "bad_request", None),
    ];
    let mut raw = Raw::greeted(&world, world.user()).await;
    for (text, code, cmd_id) in nonsense {
        raw.text(&text).await;
        let ack = raw.hear().await;
        let said = (ack["status"].as_str(), ack["code"].as_str(), ack["cmd_id"].as_str());
        assert_eq!(said, (Some("error"), Some(code), cmd_id.map(String::as_str)), "{text}");
    }
    assert_eq!(raw.close_code().await, Some(1008), "the tenth within a minute");

    let mut raw = Raw::greeted(&world, world.user()).await;
    raw.text(&resume(&u64::MAX.to_string())).await;
    let resumed = raw.hear().await;
    assert_eq!(resumed["data"]["recovered"], false, "{resumed}");

    let huge = json!({ "type": "ping", "data": "x".repeat(33 * 1024) }).to_string();
    assert_eq!(answer_to(&world, &frame(FIN | TEXT, huge.as_bytes())).await, Some(1009));
    let (first, rest) = huge.as_bytes().split_at(16 * 1024);
    let (second, third) = rest.split_at(16 * 1024);
    let pieces = [frame(TEXT, first), frame(CONTINUATION, second), frame(FIN | CONTINUATION, third)];
    assert_eq!(answer_to(&world, &pieces.concat()).await, Some(1009));
    assert_eq!(answer_to(&world, &frame(FIN | BINARY, b"{}")).await, Some(1003));
    assert_eq!(answer_to(&world, &frame(BINARY, b"{}")).await, Some(1003));
    world.stop().await;
}

#[actix_web::test]
async fn x_74_an_upgrade_that_is_sent_behind_a_request_swallows_no_answer() {
    let world = World::start().await;
    let user = world.user();
    let request = format!(
        "POST /api/ws-ticket HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: 0\r\n\r\n",
        world.address,
        world.token(user)
    );
    let refused = Raw::handshake(&world, user).replace("Version: 13", "Version: 12");
    for (handshake, expected) in [(Raw::handshake(&world, user), "101"), (refused, "426")] {
        let mut raw = Raw::silent(&world).await;
        raw.write(format!("{request}{request}{handshake}").as_bytes()).await.unwrap();
        for _ in 0..2 {
            let head = raw.head().await;
            assert!(head.starts_with("HTTP/1.1 201 "), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let body = raw.take(length.parse().unwrap()).await;
            assert!(body.starts_with(b"{\"ticket\":"), "{body:?}");
        }
        let head = raw.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {expected} ")), "{head}");
    }
    world.stop().await;
}

#[actix_web::test]
async fn x_72_the_older_socket_takes_nothing_but_text_either() {
    let world = World::start().await;
    let open = async || {
        let mut raw = Raw::silent(&world).await;
        let handshake = Raw::handshake(&world, world.user());
        raw.write(handshake.replace("GET /ws ", "GET /ws/updates ").as_bytes()).await.unwrap();
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    };
    let pieces = |first: u8, last: &[u8]| [frame(first, b"a"), frame(FIN | CONTINUATION, last)].concat();
    for (bytes, expected) in [
        (frame(FIN | BINARY, b"abc"), 1003),
        (pieces(BINARY, b"b"), 1003),
        (frame(FIN | TEXT, b"\xff"), 1007),
        (pieces(TEXT, b"\xff"), 1007),
        (frame(FIN | CLOSE, &999_u16.to_be_bytes()), 1002),
    ] {
        let mut raw = open().await;
        raw.write(&bytes).await.unwrap();
        assert_eq!(raw.close_code().await, Some(expected), "{bytes:?}");
    }
    // A text may be cut in two in the middle of a character, and is not answered.
    let mut raw = open().await;
    let cut = [frame(TEXT, b"\xd0"), frame(FIN | CONTINUATION, b"\x90"), frame(FIN | PING, b"x")].concat();
    raw.write(&cut).await.unwrap();
    assert_eq!(raw.frame().await, Some((PONG, b"x".to_vec())));
    world.stop().await;
}
