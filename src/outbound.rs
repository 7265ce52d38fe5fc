//! Calls that leave the house: the HTTP client of the bot and of acquirers. Over TLS where an address says
//! so, with root certificates of its own: the image needs none.
//!
//! Everything is bounded: the time of a call, the calls at once, the length of an answer. Redirects are not
//! followed. Addresses may hold secrets, so they are never written anywhere. Must not know what is said: what
//! an answer means is the caller's business.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long it may take to reach the other side.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// What a client may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Calls on their way at once; who comes when there are as many waits, within the time of the call.
    pub at_once: usize,
    /// The longest answer that is read, bytes.
    pub longest_answer: usize,
}

/// Whether a call waits for its turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Behind those that are on their way already.
    Waits,
    /// It takes no place from others, and waits for none.
    Passes,
}

/// An answer, whatever it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The status of HTTP.
    pub status: StatusCode,
    /// Its body, whole.
    pub body: Bytes,
}

/// Why there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Silence {
    /// The call has not left this machine.
    Unsent(String),
    /// It may have arrived, and may not have.
    Unknown(String),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent(why) | Self::Unknown(why) => f.write_str(why),
        }
    }
}

/// A client. Clones are handles to the same one.
#[derive(Clone)]
pub struct Outbound(Arc<Line>);

struct Line {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    bounds: Bounds,
    /// The workers' arbiters have runtimes of their own; connections belong to this one.
    runtime: Handle,
    places: Semaphore,
}

/// The certificates of a PEM file.
///
/// # Errors
/// There is none, or one cannot be read.
pub fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .context("no PEM file of certificates")?;
    anyhow::ensure!(!found.is_empty(), "there is no certificate in it");
    Ok(found)
}

impl Outbound {
    /// A client that trusts the public roots, and these besides. Needs a running runtime.
    ///
    /// # Errors
    /// One of the certificates is none.
    pub fn new(bounds: Bounds, trusted: &[CertificateDer<'static>]) -> anyhow::Result<Self> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_WITHIN));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(trusted)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let (runtime, places) = (Handle::current(), Semaphore::new(bounds.at_once));
        Ok(Self(Arc::new(Line { client, bounds, runtime, places })))
    }

    /// Makes a call, and reads the whole answer within the time.
    ///
    /// # Errors
    /// There is no answer, or none that can be read.
    pub async fn call(
        &self,
        request: Request<Full<Bytes>>,
        within: Duration,
        turn: Turn,
    ) -> Result<Reply, Silence> {
        let line = Arc::clone(&self.0);
        let task = self.0.runtime.spawn(async move {
            let is_begun = AtomicBool::new(false);
            let call = async {
                let _place = match turn {
                    Turn::Passes => None,
                    Turn::Waits => line.places.acquire().await.ok(),
                };
                is_begun.store(true, Ordering::Relaxed);
                line.call(request).await
            };
            match timeout(within, call).await {
                Ok(answer) => answer,
                Err(_) if is_begun.load(Ordering::Relaxed) => {
                    Err(Silence::Unknown(format!("no answer within {within:?}")))
                }
                Err(_) => Err(Silence::Unsent("too many calls are on their way".to_owned())),
            }
        });
        task.await.unwrap_or_else(|error| Err(Silence::Unknown(error.to_string())))
    }
}

impl Line {
    async fn call(&self, request: Request<Full<Bytes>>) -> Result<Reply, Silence> {
        let answer = match self.client.request(request).await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Err(Silence::Unsent("not reached".to_owned())),
            Err(error) => return Err(Silence::Unknown(error.to_string())),
        };
        let status = answer.status();
        match Limited::new(answer.into_body(), self.bounds.longest_answer).collect().await {
            Ok(body) => Ok(Reply { status, body: body.to_bytes() }),
            Err(error) => Err(Silence::Unknown(format!("the answer cannot be read: {error}"))),
        }
    }
}

fn tls(trusted: &[CertificateDer<'static>]) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in trusted {
        roots.add(certificate.clone()).context("it is no certificate of a root")?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
