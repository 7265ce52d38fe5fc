//! The `peerpack-baseline` command: the plain server that PeerPack is measured beside. `migrate` makes its
//! tables, `serve` serves. It takes what PeerPack takes: DATABASE_URL, PEERPACK_LISTEN, PEERPACK_BOT_TOKEN.

use anyhow::{Context, bail};
use peerpack::config::PUBLIC_TEST_TOKEN;
use peerpack_loadtest::baseline::{Server, Settings, migrate};

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let of = |name: &str| std::env::var(name).ok();
    let database_url = of("DATABASE_URL").context("DATABASE_URL says where Postgres is")?;
    match std::env::args().nth(1).as_deref() {
        Some("migrate") => migrate(&database_url).await,
        Some("serve") => {
            let listen = of("PEERPACK_LISTEN").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
            let bot_token = of("PEERPACK_BOT_TOKEN").unwrap_or_else(|| PUBLIC_TEST_TOKEN.to_owned());
            let server = Server::start(Settings { database_url, listen, bot_token }).await?;
            eprintln!("peerpack-baseline: serving at {}", server.url);
            server.run().await
        }
        _ => bail!("usage: peerpack-baseline migrate | serve"),
    }
}
