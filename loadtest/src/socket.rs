//! Where users connect to and from. The connection itself is the reference client's.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, bail};
use peerpack::client::{Connection, Refused, Server};
use peerpack::ws::wire::{ClientMessage, Resume};
use tokio::net::lookup_host;

/// Users who share one address of this machine. The server limits sockets per address.
const USERS_PER_ADDRESS: usize = 10;

/// A node to connect to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The address of its API: `http://host:port`.
    pub(crate) http: String,
    server: Server,
    address: SocketAddr,
}

impl Target {
    /// Understands a URL.
    ///
    /// # Errors
    /// It is not of the form `http://host:port`, or the host is not known.
    pub(crate) async fn parse(url: &str) -> anyhow::Result<Self> {
        let http = url.trim_end_matches('/').to_owned();
        let Some(host) = http.strip_prefix("http://") else { bail!("{url}: only http:// is understood") };
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let address = lookup_host(&with_port).await.with_context(|| format!("{url}: no such host"))?.next();
        let address = address.with_context(|| format!("{url}: no such host"))?;
        let server = Server::at(&format!("ws://{host}/ws")).await?;
        Ok(Self { server, http, address })
    }

    /// The address that a user connects from: many on this machine, where the server is here too.
    fn source(&self, user: usize) -> Option<Ipv4Addr> {
        if !self.address.ip().is_loopback() || !self.address.is_ipv4() || !cfg!(target_os = "linux") {
            return None;
        }
        let number = user / USERS_PER_ADDRESS;
        let octet = |value: usize| u8::try_from(value).unwrap_or(u8::MAX);
        Some(Ipv4Addr::new(
            127,
            octet(1 + number / 62_500),
            octet(number / 250 % 250),
            octet(1 + number % 250),
        ))
    }

    /// Connects a user and reads `hello`.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) async fn connect(&self, user: usize, token: &str) -> Result<Connection, Refused> {
        self.server.clone().from(self.source(user).map(IpAddr::V4)).connect(token).await
    }
}

/// Asks for everything after a position.
pub(crate) const fn resume(epoch: u64, last_seq: u64) -> ClientMessage {
    ClientMessage::Resume(Resume { epoch, last_seq })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[tokio::test]
    async fn users_are_spread_over_the_addresses_of_this_machine() {
        let target = Target::parse("http://127.0.0.1:8080/").await.unwrap();
        assert_eq!(target.http, "http://127.0.0.1:8080");
        let mut users: HashMap<Option<Ipv4Addr>, usize> = HashMap::new();
        for user in 0..20_000 {
            *users.entry(target.source(user)).or_default() += 1;
        }
        if cfg!(target_os = "linux") {
            assert!(users.values().all(|users| *users <= USERS_PER_ADDRESS));
        }
    }

    #[tokio::test]
    async fn other_machines_are_reached_from_the_usual_address() {
        let target = Target::parse("http://192.0.2.1:8080").await.unwrap();
        assert_eq!(target.source(1_000), None);
        assert!(Target::parse("https://192.0.2.1").await.is_err());
    }
}
