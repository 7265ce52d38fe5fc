//! A proxy that does to a connection what networks do: delay, jitter, slices, a narrow line, everything
//! twice, silence in one direction or both, cuts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::watch;

/// What is done to all connections, at any moment.
#[derive(Default)]
pub struct Faults {
    /// Before each piece is passed on, milliseconds, and up to so many more.
    pub delay_ms: AtomicU64,
    pub jitter_ms: AtomicU64,
    /// How many of a hundred pieces are lost on the way and sent again after a while, as a kernel does: what
    /// follows waits.
    pub loss_percent: AtomicU64,
    /// The most bytes of a piece; 0 for whatever comes.
    pub slice: AtomicU64,
    /// The most bytes in a second, for each direction of each connection; 0 for no limit.
    pub bytes_per_s: AtomicU64,
    /// Every piece is passed on twice to the server, or to the client.
    pub twice_to_server: AtomicBool,
    pub twice_to_client: AtomicBool,
    /// Nothing is passed on to the server, or to the client: it is swallowed, and nobody is told, of an end
    /// neither.
    pub mute_to_server: AtomicBool,
    pub mute_to_client: AtomicBool,
}

/// A proxy in front of one server.
pub struct Chaos {
    pub address: SocketAddr,
    pub faults: Arc<Faults>,
    cut: watch::Sender<u64>,
}

/// What the kernel keeps for the proxy of either side, bytes: little, or a slow reader would be a quick one
/// to its peer.
const BUFFER_BYTES: u32 = 4 * 1024;

/// How long Linux waits at least before it sends something again.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// Pieces in a second of a narrow line.
const PIECES_PER_S: u64 = 20;

/// In which direction bytes go.
#[derive(Clone, Copy)]
enum To {
    Server,
    Client,
}

impl Faults {
    fn is_mute(&self, to: To) -> bool {
        match to {
            To::Server => &self.mute_to_server,
            To::Client => &self.mute_to_client,
        }
        .load(Ordering::Relaxed)
    }

    fn says_twice(&self, to: To) -> bool {
        match to {
            To::Server => &self.twice_to_server,
            To::Client => &self.twice_to_client,
        }
        .load(Ordering::Relaxed)
    }

    /// The most bytes of a piece, and how long it takes on a narrow line.
    fn pace(&self, read: usize) -> (usize, Duration) {
        let (slice, bytes_per_s) =
            (self.slice.load(Ordering::Relaxed), self.bytes_per_s.load(Ordering::Relaxed));
        let slice = if slice == 0 { read as u64 } else { slice };
        if bytes_per_s == 0 {
            return (usize::try_from(slice).unwrap(), Duration::ZERO);
        }
        let piece = slice.min((bytes_per_s / PIECES_PER_S).max(1));
        let takes = Duration::from_secs_f64(piece as f64 / bytes_per_s as f64);
        (usize::try_from(piece).unwrap(), takes)
    }
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
                    if let Ok(server) = connect(&server).await {
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

async fn connect(server: &str) -> std::io::Result<TcpStream> {
    let address = lookup_host(server).await?.next().unwrap();
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(BUFFER_BYTES)?;
    socket.connect(address).await
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
        () = pass(from_client, to_server, &faults, To::Server) => {}
        () = pass(from_server, to_client, &faults, To::Client) => {}
        _ = cut.changed() => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &Faults, direction: To) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if faults.is_mute(direction) {
            continue;
        }
        let jitter_ms = faults.jitter_ms.load(Ordering::Relaxed);
        let jitter_ms = if jitter_ms > 0 { rand::random_range(0..jitter_ms) } else { 0 };
        tokio::time::sleep(Duration::from_millis(faults.delay_ms.load(Ordering::Relaxed) + jitter_ms)).await;
        // A kernel waits twice as long each time.
        let (loss_percent, mut wait) = (faults.loss_percent.load(Ordering::Relaxed), RETRANSMISSION);
        while loss_percent > 0 && rand::random_range(0..100) < loss_percent {
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        let times = if faults.says_twice(direction) { 2 } else { 1 };
        for _ in 0..times {
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                // Asked again for each piece: the line may have become wide meanwhile.
                let (most, takes) = faults.pace(rest.len());
                let (piece, later) = rest.split_at(most.min(rest.len()));
                tokio::time::sleep(takes).await;
                if to.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
                rest = later;
            }
        }
    }
    if faults.is_mute(direction) {
        std::future::pending::<()>().await;
    }
}
