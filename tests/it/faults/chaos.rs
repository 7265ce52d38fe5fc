//! A proxy that does to a connection what networks do: delay, jitter, slices, silence in one direction or both, cuts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What is done to all connections, at any moment.
#[derive(Default)]
pub struct Faults {
    /// Before each piece is passed on, milliseconds, and up to so many more.
    pub delay_ms: AtomicU64,
    pub jitter_ms: AtomicU64,
    /// The most bytes of a piece; 0 for whatever comes.
    pub slice: AtomicU64,
    /// Nothing is passed on to the server, or to the client: it is swallowed, and nobody is told.
    pub mute_to_server: AtomicBool,
    pub mute_to_client: AtomicBool,
}

/// A proxy in front of one server.
pub struct Chaos {
    pub address: SocketAddr,
    pub faults: Arc<Faults>,
    cut: watch::Sender<u64>,
}

impl Chaos {
    /// In front of `host:port`.
    pub async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (faults, cut) = (Arc::new(Faults::default()), watch::Sender::new(0));
        let (server, shared, cuts) = (server.to_owned(), Arc::clone(&faults), cut.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, faults, cut) = (server.clone(), Arc::clone(&shared), cuts.subscribe());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(&server).await {
                        relay(client, server, faults, cut).await;
                    }
                });
            }
        });
        Self { address, faults, cut }
    }

    /// Resets every connection that is open now.
    pub fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Swallows everything, or nothing any more.
    pub fn mute(&self, is_mute: bool) {
        self.faults.mute_to_server.store(is_mute, Ordering::Relaxed);
        self.faults.mute_to_client.store(is_mute, Ordering::Relaxed);
    }
}

async fn relay(client: TcpStream, server: TcpStream, faults: Arc<Faults>, mut cut: watch::Receiver<u64>) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
        // Dropped, a connection is reset.
        stream.set_zero_linger().unwrap();
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pass(from_client, to_server, &faults, &faults.mute_to_server) => {}
        () = pass(from_server, to_client, &faults, &faults.mute_to_client) => {}
        _ = cut.changed() => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &Faults, mute: &AtomicBool) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if mute.load(Ordering::Relaxed) {
            continue;
        }
        let most = match faults.slice.load(Ordering::Relaxed) {
            0 => read,
            slice => usize::try_from(slice).unwrap(),
        };
        let jitter_ms = faults.jitter_ms.load(Ordering::Relaxed);
        let jitter_ms = if jitter_ms > 0 { rand::random_range(0..jitter_ms) } else { 0 };
        tokio::time::sleep(Duration::from_millis(faults.delay_ms.load(Ordering::Relaxed) + jitter_ms)).await;
        for piece in buffer[..read].chunks(most) {
            if to.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}
