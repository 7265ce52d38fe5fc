//! Signs of life of threads. Work that does not yield holds up everything else on its thread: every actor,
//! every request there. Nothing on the thread can notice that, so another one looks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How often a thread says that it lives.
const BEAT: Duration = Duration::from_millis(250);

/// A thread that says nothing for so long is held up.
const SILENT: Duration = Duration::from_secs(2);

/// The threads of this node that say that they live. Clones share them.
#[derive(Clone, Debug)]
pub struct Threads(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    started: Instant,
    known: Mutex<Vec<Weak<Thread>>>,
}

#[derive(Debug)]
struct Thread {
    name: String,
    /// When it said so last, milliseconds since the start.
    last_ms: AtomicU64,
}

impl Default for Threads {
    fn default() -> Self {
        Self(Arc::new(Inner { started: Instant::now(), known: Mutex::default() }))
    }
}

impl Threads {
    /// To be spawned on a thread: says that it lives, for as long as this is not dropped.
    pub fn beat(&self, name: impl Into<String>) -> impl Future<Output = ()> + Send + 'static {
        let last_ms = AtomicU64::new(self.0.now_ms());
        let (inner, thread) = (Arc::downgrade(&self.0), Arc::new(Thread { name: name.into(), last_ms }));
        self.0.known.lock().push(Arc::downgrade(&thread));
        async move {
            while let Some(inner) = inner.upgrade() {
                thread.last_ms.store(inner.now_ms(), Ordering::Relaxed);
                drop(inner);
                tokio::time::sleep(BEAT).await;
            }
        }
    }

    /// The names of those that are held up.
    #[must_use]
    pub fn silent(&self) -> Vec<String> {
        self.0.silent(SILENT)
    }

    /// Whether all of them have said so since then: whatever was waiting for one of them at that time has had
    /// its turn.
    #[must_use]
    pub fn have_spoken_since(&self, since: Instant) -> bool {
        let since_ms = since.saturating_duration_since(self.0.started).as_millis();
        let threads = self.0.known.lock();
        let mut living = threads.iter().filter_map(Weak::upgrade);
        living.all(|thread| u128::from(thread.last_ms.load(Ordering::Relaxed)) > since_ms)
    }

    /// Starts a thread that tells the log and the metrics of those that are held up, as long as there are
    /// any.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn watch(&self) -> std::io::Result<()> {
        let inner = Arc::downgrade(&self.0);
        let watch = move || {
            let mut known: Vec<String> = Vec::new();
            while let Some(inner) = inner.upgrade() {
                let silent = inner.silent(SILENT);
                for name in silent.iter().filter(|name| !known.contains(name)) {
                    tracing::error!(thread = %name, "a thread is held up: something on it does not yield");
                }
                for name in known.iter().filter(|name| !silent.contains(name)) {
                    tracing::warn!(thread = %name, "a thread goes on");
                }
                metrics::gauge!("peerpack_threads_silent").set(silent.len() as f64);
                known = silent;
                drop(inner);
                std::thread::sleep(BEAT);
            }
        };
        std::thread::Builder::new().name("watchdog".to_owned()).spawn(watch).map(drop)
    }
}

impl Inner {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn silent(&self, for_so_long: Duration) -> Vec<String> {
        let now_ms = self.now_ms();
        let mut silent = Vec::new();
        self.known.lock().retain(|thread| {
            let Some(thread) = thread.upgrade() else { return false };
            let since_ms = now_ms.saturating_sub(thread.last_ms.load(Ordering::Relaxed));
            if u128::from(since_ms) > for_so_long.as_millis() {
                silent.push(thread.name.clone());
            }
            true
        });
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_thread_is_silent_while_it_is_held_up_and_forgotten_when_it_has_ended() {
        let threads = Threads::default();
        let beating = tokio::spawn(threads.beat("one"));
        tokio::task::yield_now().await;
        // The fault itself: nothing else can run here meanwhile.
        std::thread::sleep(SOON * 2);
        assert_eq!(threads.0.silent(SOON), ["one"]);
        while !threads.0.silent(SOON).is_empty() {
            tokio::task::yield_now().await;
        }
        let since = Instant::now();
        assert!(!threads.have_spoken_since(since));
        while !threads.have_spoken_since(since) {
            tokio::task::yield_now().await;
        }
        beating.abort();
        drop(beating.await);
        std::thread::sleep(SOON * 2);
        assert_eq!(threads.0.silent(SOON), [""; 0]);
    }
}
