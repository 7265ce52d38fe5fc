//! The parts that know who people are: ended sessions, codes, the first administrator.

use std::sync::Arc;

use anyhow::Context;
use peerpack_actors::ports::Clock;
use peerpack_actors::time::Span;

use crate::app::{App, SystemClock};
use crate::auth::phone::{CodeSender, CommandSender, LogSender, NoSender};
use crate::auth::revocations::{Ended, Learning, Revocations};
use crate::config::{Config, Mode};
use crate::edge::sockets::Sockets;
use crate::http::admin::operators::secret_hash;
use crate::store::{Database, RevokedSession};

/// How long the link for the first administrator is good.
const INVITATION_TTL: Span = Span::hours(24);

/// How long a link for an operator is good.
const LINK_TTL: Span = Span::minutes(10);

/// Which sessions were ended, learned from the store.
pub(super) async fn revocations(
    database: &Database,
    sockets: &Arc<Sockets>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Arc<Revocations>, Learning)> {
    let database = database.clone();
    let learn = move |since| {
        let database = database.clone();
        let look = async move {
            let revoked = database.revoked_sessions(since).await?;
            let ended = |one: RevokedSession| {
                let RevokedSession { id, user, at, is_banned } = one;
                Ended { session: id, user, at, is_banned }
            };
            Ok(revoked.into_iter().map(ended).collect())
        };
        Box::pin(look) as futures_util::future::BoxFuture<'static, _>
    };
    let sockets = Arc::clone(sockets);
    let close = move |ended: &[Ended]| sockets.close_ended(ended);
    Ok(Revocations::start(Box::new(learn), Box::new(close), clock).await?)
}

/// The way of codes to phones.
pub(super) fn code_sender(config: &Config) -> Arc<dyn CodeSender> {
    match (&config.phone_code_command, config.mode) {
        (Some(program), _) => Arc::new(CommandSender(program.clone())),
        (None, Mode::Development) => Arc::new(LogSender),
        (None, Mode::Production) => Arc::new(NoSender),
    }
}

/// The secret of a link that makes the first administrator, if one is needed.
pub(super) async fn invite(app: &App) -> anyhow::Result<Option<String>> {
    let secret = format!("inv_{}", hex::encode(rand::random::<[u8; 32]>()));
    let now = app.clock.now();
    let hash = secret_hash(&secret);
    let is_needed = app.database.invite_first_admin(hash, now + INVITATION_TTL, now).await?;
    Ok(is_needed.then_some(secret))
}

/// The secret of a link that signs an operator in, once.
pub(super) async fn operator_link(
    database: &Database,
    login: &str,
    forget_second_factor: bool,
) -> anyhow::Result<String> {
    let nobody = || format!("there is no operator {login}, or they are shut out");
    let (operator, _) = database.operator(&login.to_lowercase()).await?.with_context(nobody)?;
    let now = SystemClock.now();
    if forget_second_factor {
        database.remove_second_factor(operator.id, now).await?;
    }
    let secret = format!("in_{}", hex::encode(rand::random::<[u8; 32]>()));
    let is_kept = database.add_sign_in_link(secret_hash(&secret), operator.id, now + LINK_TTL, now).await?;
    is_kept.then_some(secret).with_context(nobody)
}
