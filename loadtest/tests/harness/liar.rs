//! A proxy that tells clients what the server has not said: it stops for a while, answers late, leaves an
//! event out, or calls a claim won that was lost.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What is done to all connections.
#[derive(Default)]
pub struct Lies {
    /// Before anything is passed on to a client, milliseconds.
    pub delay_ms: AtomicU64,
    /// Nothing is passed on to clients meanwhile.
    pub is_stalled: AtomicBool,
    /// So many events `offer.new` are left out.
    pub drop_events: AtomicU64,
    /// So many refusals `already_taken` are turned into successes.
    pub false_wins: AtomicU64,
    /// So many events `chat.message` are left out.
    pub drop_messages: AtomicU64,
    /// In so many events `chat.message` other words are put.
    pub other_words: AtomicU64,
    /// So many refusals of a message are turned into acknowledgements.
    pub false_messages: AtomicU64,
}

pub struct Liar {
    pub url: String,
    pub lies: Arc<Lies>,
}

impl Liar {
    /// In front of `http://host:port`.
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (lies, server) = (Arc::<Lies>::default(), server.strip_prefix("http://").unwrap().to_owned());
        let shared = Arc::clone(&lies);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(upstream) = TcpStream::connect(&server) else { continue };
                client.set_nodelay(true).unwrap();
                upstream.set_nodelay(true).unwrap();
                let (from, to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
                std::thread::spawn(move || copy(from, to));
                let lies = Arc::clone(&shared);
                std::thread::spawn(move || lie(upstream, client, &lies));
            }
        });
        Self { url, lies }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// Passes on what a server says: frame by frame once it is a socket.
fn lie(mut server: TcpStream, mut client: TcpStream, lies: &Lies) {
    let (mut buffer, mut waiting) = ([0; 16 * 1024], Vec::new());
    let mut is_socket = None;
    while let Ok(read @ 1..) = server.read(&mut buffer) {
        waiting.extend_from_slice(&buffer[..read]);
        let is_socket = *is_socket.get_or_insert_with(|| waiting.starts_with(b"HTTP/1.1 101"));
        let said = if is_socket { take_frames(&mut waiting, lies) } else { std::mem::take(&mut waiting) };
        while lies.is_stalled.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(lies.delay_ms.load(Ordering::Relaxed)));
        if client.write_all(&said).is_err() {
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// The whole frames that have come, without those that are left out; the answer to the handshake as it is.
fn take_frames(waiting: &mut Vec<u8>, lies: &Lies) -> Vec<u8> {
    let mut said = Vec::new();
    if waiting.starts_with(b"HTTP/1.1 ") {
        let Some(end) = waiting.windows(4).position(|four| four == b"\r\n\r\n") else { return said };
        said.extend(waiting.drain(..end + 4));
    }
    while let Some((head, length)) = header(waiting) {
        if waiting.len() < head + length {
            break;
        }
        let frame: Vec<u8> = waiting.drain(..head + length).collect();
        said.extend(told(frame, head, lies));
    }
    said
}

/// How long the header of the next frame is, and what follows it. Servers do not mask.
fn header(waiting: &[u8]) -> Option<(usize, usize)> {
    match *waiting.get(1)? & 0x7f {
        126 => {
            let bytes = waiting.get(2..4)?;
            Some((4, usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))))
        }
        127 => panic!("no message of the server is so long"),
        short => Some((2, usize::from(short))),
    }
}

/// What is told instead of a frame.
fn told(frame: Vec<u8>, head: usize, lies: &Lies) -> Vec<u8> {
    let takes = |left: &AtomicU64| {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    };
    let text = String::from_utf8_lossy(&frame[head..]).into_owned();
    if text.contains("\"offer.new\"") && takes(&lies.drop_events) {
        return Vec::new();
    }
    let is_message = text.contains("\"chat.message\"");
    if is_message && takes(&lies.drop_messages) {
        return Vec::new();
    }
    if is_message && takes(&lies.other_words) {
        return frame_of(&text.replace("Всё по плану", "Всё пропало"));
    }
    if text.contains("\"ack\"") && text.contains("\"too_many\"") && takes(&lies.false_messages) {
        let cmd_id = text.split("\"cmd_id\":\"").nth(1).unwrap().split('"').next().unwrap();
        return frame_of(&format!(
            "{{\"type\":\"ack\",\"cmd_id\":\"{cmd_id}\",\"status\":\"ok\",\"data\":{{\"chat_id\":\"{cmd_id}\",\
             \"message_id\":\"{cmd_id}\",\"seq\":1000,\"created_at\":\"2026-09-21T14:13:20.123Z\"}}}}"
        ));
    }
    if text.contains("\"ack\"") && text.contains("already_taken") && takes(&lies.false_wins) {
        let cmd_id = text.split("\"cmd_id\":\"").nth(1).unwrap().split('"').next().unwrap();
        let text = format!("{{\"type\":\"ack\",\"cmd_id\":\"{cmd_id}\",\"status\":\"ok\"}}");
        return frame_of(&text);
    }
    frame
}

/// A frame of text. Servers do not mask.
fn frame_of(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(short @ ..126) => frame.push(short),
        _ => {
            frame.push(126);
            frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend(text.bytes());
    frame
}
