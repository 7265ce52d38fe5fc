//! Files in their turn: read and made off the threads that serve requests, a few at a time.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Format, Imported, Leg, Line, MAX_BYTES, Unreadable, ZoneOf, read, routes, write};

/// How many at once: each may unpack to [`MAX_UNPACKED`](super::MAX_UNPACKED), and the processors have other
/// things to do.
static TURNS: Semaphore = Semaphore::const_new(2);

/// How long a file waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(5);

/// Reads a file that somebody has sent.
///
/// # Errors
/// Nothing can be made of it, or too many others wait.
pub async fn take_in<L>(file: File, zone: ZoneOf) -> Result<Imported<L>, Unreadable>
where
    L: Line + Send + 'static,
{
    in_turn(move || bytes_of(file).and_then(|bytes| read(&bytes, zone))).await?
}

/// Makes a file of lines, with the times of their places.
///
/// # Errors
/// It cannot be made, or too many others wait.
pub async fn make<L>(
    format: Format,
    lines: Vec<L>,
    zone: ZoneOf,
) -> Result<anyhow::Result<Vec<u8>>, Unreadable>
where
    L: Line + Send + 'static,
{
    in_turn(move || write(format, lines, zone)).await
}

/// Makes an archive with one table for each courier, by their names.
///
/// # Errors
/// It cannot be made, or too many others wait.
pub async fn make_routes(
    couriers: Vec<(String, Vec<Leg>)>,
    zone: ZoneOf,
) -> Result<anyhow::Result<Vec<u8>>, Unreadable> {
    in_turn(move || routes(couriers, zone)).await
}

async fn in_turn<T>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unreadable>
where
    T: Send + 'static,
{
    let turn = timeout(TURN_WITHIN, TURNS.acquire()).await;
    let turn = turn.ok().and_then(Result::ok).ok_or(Unreadable::Busy)?;
    let work = tokio::task::spawn_blocking(move || {
        // The caller may be gone; the turn ends with the work.
        let _turn = turn;
        work()
    });
    work.await.map_err(|_| Unreadable::NotATable)
}

fn bytes_of(mut file: File) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    file.rewind().map_err(|_| Unreadable::NotATable)?;
    let most = MAX_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(|_| Unreadable::NotATable)?;
    Ok(bytes)
}
