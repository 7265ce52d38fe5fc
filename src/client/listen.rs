//! `peerpack listen`: prints what a user's socket says. The [`client`](crate::client) does the rest.

use std::io::{ErrorKind, Write};

use anyhow::{Context, bail};

use crate::client::{Client, Heard, Server, one_token};
use crate::ws::wire::ServerMessage;

/// Prints each message of a user's socket as one line of JSON, until `count` events were printed.
///
/// # Errors
/// The server will not have us, or the address is no address of a socket.
pub async fn run(url: &str, token: &str, count: Option<usize>) -> anyhow::Result<()> {
    let server = Server::at(url).await?;
    let (_client, mut heard) = Client::start(server, one_token(token.to_owned()), None);
    print(&mut std::io::stdout(), &mut heard, count).await
}

async fn print(
    out: &mut impl Write,
    heard: &mut tokio::sync::mpsc::Receiver<Heard>,
    count: Option<usize>,
) -> anyhow::Result<()> {
    let mut left = count;
    while left != Some(0) {
        let message = match heard.recv().await {
            Some(Heard::Connected(hello)) => ServerMessage::Hello(hello),
            Some(Heard::Resumed(resumed)) => ServerMessage::Resumed(resumed),
            Some(Heard::Said(message)) => message,
            Some(Heard::Event(event)) => {
                left = left.map(|left| left - 1);
                ServerMessage::Event(event)
            }
            Some(Heard::Interrupted(closed)) => {
                eprintln!("interrupted: {closed}");
                continue;
            }
            Some(Heard::Over(why)) => bail!("the connection is over: {why}"),
            None => bail!("the client has died"),
        };
        match writeln!(out, "{}", message.to_text()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written.context("cannot print")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::wire::{Event, EventBody};
    use peerpack_actors::time::Time;

    #[tokio::test]
    async fn it_counts_events_only_and_ends_with_the_last() {
        let (tell, mut heard) = tokio::sync::mpsc::channel(8);
        let event = |seq| {
            let body = EventBody::Unknown { kind: "news".to_owned() };
            Heard::Event(Event { seq, at: Time::from_ms(1_790_000_000_000), body })
        };
        let pong = crate::ws::wire::Pong { server_time: Time::from_ms(1_790_000_000_000) };
        for said in [event(1), Heard::Said(ServerMessage::Pong(pong)), event(2), event(3)] {
            tell.send(said).await.unwrap();
        }
        let mut out = Vec::new();
        print(&mut out, &mut heard, Some(2)).await.unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 3);
        assert!(matches!(heard.recv().await, Some(Heard::Event(Event { seq: 3, .. }))));
    }
}
