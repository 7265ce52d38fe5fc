//! What handlers reach in the app data beside the [`App`](crate::app::App): who was signed out, how much was
//! asked, what is being done.

use std::sync::Arc;

use actix_web::web;

use super::{NAMESPACE, identity};
use crate::auth::Welcome;
use crate::auth::phone::CodeSender;
use crate::auth::revocations::Revocations;
use crate::bus::tally::Tally;
use crate::config::Config;
use crate::edge::idempotency::Running;
use crate::edge::limits::Limits;
use crate::edge::origins::Origins;
use crate::edge::request_log::RequestLog;
use crate::http::health::Pulse;

/// Shared by all workers.
#[derive(Clone)]
pub(crate) struct AppData {
    running: web::Data<Running>,
    origins: web::Data<Origins>,
    request_log: web::Data<RequestLog>,
    pulse: web::Data<Pulse>,
    limits: Option<web::Data<Limits>>,
    sender: web::Data<dyn CodeSender>,
    revocations: Option<Arc<Revocations>>,
}

impl AppData {
    /// What the configuration asks for. Without revocations every token counts until it expires.
    pub(crate) fn new(config: &Config, revocations: Option<Arc<Revocations>>) -> std::io::Result<Self> {
        Ok(Self {
            running: web::Data::new(Running::default()),
            origins: web::Data::new(Origins::new(config)),
            request_log: web::Data::new(RequestLog::default()),
            pulse: web::Data::new(Pulse::default()),
            limits: limits(config)?.map(web::Data::new),
            sender: web::Data::from(identity::code_sender(config)),
            revocations,
        })
    }

    /// Which pages may call.
    pub(super) fn origins(&self) -> web::Data<Origins> {
        self.origins.clone()
    }

    /// Puts everything into the app data.
    pub(super) fn provide(self, config: &mut web::ServiceConfig) {
        config.app_data(self.running).app_data(self.request_log).app_data(self.pulse).app_data(self.sender);
        config.app_data(self.origins);
        if let Some(limits) = self.limits {
            config.app_data(limits);
        }
        if let Some(revocations) = self.revocations {
            let welcome: Arc<dyn Welcome> = Arc::clone(&revocations) as _;
            config.app_data(web::Data::from(welcome)).app_data(web::Data::from(revocations));
        }
    }
}

fn limits(config: &Config) -> std::io::Result<Option<Limits>> {
    if !config.limits {
        return Ok(None);
    }
    let tally = config.redis_url.as_ref().map(|url| Tally::join(url.reveal(), NAMESPACE)).transpose();
    Ok(Some(Limits::new(tally.map_err(std::io::Error::other)?)))
}
