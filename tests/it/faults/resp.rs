//! A proxy before Redis that loses some of what is published: whole messages, as Redis frames them, and
//! nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What is lost, and how much was.
#[derive(Default)]
pub struct Losses {
    /// Of a hundred messages.
    pub percent: AtomicU64,
    pub lost: AtomicU64,
    pub passed: AtomicU64,
}

/// A proxy before one Redis.
pub struct Sieve {
    pub address: SocketAddr,
    pub losses: Arc<Losses>,
}

impl Sieve {
    /// Before `host:port`.
    pub async fn before(redis: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, losses) = (listener.local_addr().unwrap(), Arc::new(Losses::default()));
        let (redis, shared) = (redis.to_owned(), Arc::clone(&losses));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (redis, losses) = (redis.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(&redis).await else { return };
                    let (mut from_client, to_client) = client.into_split();
                    let (from_server, mut to_server) = server.into_split();
                    tokio::select! {
                        _ = copy(&mut from_client, &mut to_server) => {}
                        () = sift(from_server, to_client, &losses) => {}
                    }
                });
            }
        });
        Self { address, losses }
    }
}

async fn sift(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, losses: &Losses) {
    let (mut held, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        held.extend_from_slice(&buffer[..read]);
        while let Some(length) = frame(&held) {
            let rest = held.split_off(length);
            let whole = std::mem::replace(&mut held, rest);
            if is_published(&whole) {
                if rand::random_range(0..100) < losses.percent.load(Ordering::Relaxed) {
                    losses.lost.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                losses.passed.fetch_add(1, Ordering::Relaxed);
            }
            if to.write_all(&whole).await.is_err() {
                return;
            }
        }
    }
}

/// Whether a frame is `["message", channel, payload]`.
fn is_published(frame: &[u8]) -> bool {
    matches!(frame.first(), Some(b'*' | b'>'))
        && frame.windows(11).take(16).any(|word| word == b"$7\r\nmessage")
}

/// The length of the first whole frame, if there is one.
fn frame(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")? + 2;
    let number: i64 = std::str::from_utf8(&bytes[1..end - 2]).ok()?.parse().unwrap_or(0);
    match bytes[0] {
        b'$' | b'=' | b'!' => {
            let whole = end + usize::try_from(number).map_or(0, |length| length + 2);
            (bytes.len() >= whole).then_some(whole)
        }
        b'*' | b'>' | b'~' | b'%' => {
            let parts = if bytes[0] == b'%' { 2 * number } else { number };
            (0..parts).try_fold(end, |at, _| frame(&bytes[at..]).map(|length| at + length))
        }
        _ => Some(end),
    }
}

#[test]
fn frames_are_told_apart_also_when_they_arrive_in_pieces() {
    let message = b"*3\r\n$7\r\nmessage\r\n$2\r\nab\r\n$4\r\n\r\n\r\n\r\n";
    let others: [&[u8]; 4] = [b"+OK\r\n", b":7\r\n", b"$-1\r\n", b"*2\r\n$1\r\na\r\n*1\r\n:3\r\n"];
    for whole in others.into_iter().chain([&message[..]]) {
        assert!((0..whole.len()).all(|length| frame(&whole[..length]).is_none()));
        assert_eq!(frame(&[whole, b"+more\r\n"].concat()), Some(whole.len()));
        assert_eq!(is_published(whole), whole == message);
    }
}
