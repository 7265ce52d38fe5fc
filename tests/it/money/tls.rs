//! An acquirer behind TLS: it is called where its certificate is of a root that the operator has named, and
//! by nobody who cannot tell whether it is the acquirer.
//!
//! The certificates in `tls` are of these tests alone: a root, and a server's of it for 127.0.0.1.

use std::net::SocketAddr;
use std::sync::Arc;

use peerpack_actors::time::Span;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use super::acquirer::Acquirer;
use super::{balance, id_of, start, top_up};
use crate::support::{Backend, eventually};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/money/tls/root.pem");
const OTHER_ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/money/tls/other-root.pem");

/// Ends TLS in front of an address.
async fn before(plain: SocketAddr) -> SocketAddr {
    let chain = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![chain], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    actix_web::rt::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            actix_web::rt::spawn(async move {
                // A client that does not like the certificate hangs up.
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(plain).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}

/// The settings of a server that calls the acquirer at an address.
fn settings<'a>(acquirer: &'a Acquirer, url: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut settings = acquirer.settings();
    settings.retain(|(name, _)| *name != "PEERPACK_PAYMENT_WEBHOOK_URL");
    settings.push(("PEERPACK_PAYMENT_WEBHOOK_URL", url));
    settings
}

#[actix_web::test]
async fn money_comes_from_an_acquirer_behind_tls_whose_root_is_named() {
    let acquirer = Acquirer::start();
    let url = format!("https://{}", before(acquirer.address()).await);
    let mut settings = settings(&acquirer, &url);
    settings.push(("PEERPACK_PAYMENT_WEBHOOK_CA_FILE", ROOT));
    let app = start(Backend::Sqlite, &settings).await;
    let anna = app.sign_in("Анна").await;
    let payment = top_up(&anna, 500.0).await;
    let id = id_of(&payment);
    assert_eq!((&payment["status"], payment["invoice_url"].is_string()), (&"pending".into(), true));
    // It has paid, and its word is lost: the acquirer is asked, with a signature that counts.
    acquirer.charge(id, "a", 50_000);
    eventually("the money", async || {
        let later = app.app.clock.now() + Span::hours(2);
        peerpack::maintenance::payments::look(&app.app, later).await.unwrap();
        (balance(&anna, "available").await == 500.0).then_some(())
    })
    .await;
    assert_eq!(acquirer.counts(), (1, 0));
    app.audit().await;
}

#[actix_web::test]
async fn an_acquirer_that_cannot_show_who_it_is_is_told_nothing() {
    let acquirer = Acquirer::start();
    let address = before(acquirer.address()).await;
    // Without its root, with another one, and under a name that is not in its certificate.
    let (here, elsewhere) = (format!("https://{address}"), format!("https://localhost:{}", address.port()));
    for (url, root) in [(&here, None), (&here, Some(OTHER_ROOT)), (&elsewhere, Some(ROOT))] {
        let mut settings = settings(&acquirer, url);
        settings.extend(root.map(|root| ("PEERPACK_PAYMENT_WEBHOOK_CA_FILE", root)));
        let app = start(Backend::Sqlite, &settings).await;
        let anna = app.sign_in("Анна").await;
        let payment = top_up(&anna, 500.0).await;
        // Nobody knows of it, and nobody guesses: it is asked for again.
        assert_eq!(
            (&payment["status"], payment.get("invoice_url")),
            (&"created".into(), None),
            "{url} {root:?}"
        );
        assert_eq!(acquirer.counts(), (0, 0));
    }
}
