//! What a server is given by the process that starts it: a listener that is open already, and somebody to
//! tell how it is.
//!
//! Follows systemd (`LISTEN_FDS`, `NOTIFY_SOCKET`), so that its socket activation works and `peerpack
//! supervise` needs no convention of its own.

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;

use anyhow::Context;
use listenfd::ListenFd;

/// The listener that was handed to this process, if one was.
///
/// # Errors
/// What was handed over is no TCP listener.
pub(super) fn listener() -> anyhow::Result<Option<TcpListener>> {
    ListenFd::from_env().take_tcp_listener(0).context("LISTEN_FDS does not name a TCP listener")
}

/// Tells the process that started this one how it is. It may not want to know.
pub fn tell(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let told = UnixDatagram::unbound().and_then(|socket| socket.send_to(state.as_bytes(), &path));
    if let Err(error) = told {
        tracing::warn!(%error, "nobody listens at NOTIFY_SOCKET");
    }
}
