//! TLS by the relay itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bezel_protocol::wire::{GuestLinkCreated, NewGuestLink, path};
use bezel_protocol::{CallId, GuestLinkId};
use bezel_relay::{Options, ReachOptions, Relay, RelayStartError, TlsFiles, check_public_url};
use futures_util::StreamExt as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Shop, now_ms, options, random};

/// An authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: rcgen::Certificate,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), root }
    }

    /// A new certificate with its key, in PEM.
    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn client(&self) -> reqwest::Client {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let root = reqwest::Certificate::from_der(self.root.der()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap()
    }

    async fn connect(&self, addr: std::net::SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(addr).await?).await
    }

    /// The certificate that is served.
    async fn served(&self, addr: std::net::SocketAddr) -> CertificateDer<'static> {
        let stream = self.connect(addr).await.expect("a connection at any time");
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

fn write(folder: &Path, (cert, key): &(String, String)) -> TlsFiles {
    let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.cert, cert).unwrap();
    std::fs::write(&files.key, key).unwrap();
    files
}

fn with_tls(folder: &Path, tls: TlsFiles) -> Options {
    Options { reach: ReachOptions { tls: Some(tls), ..ReachOptions::default() }, ..options(&folder.join("relay")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_web_sockets_go_by_tls_1_3_with_aes_256_and_by_nothing_else() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let files = write(folder.path(), &authority.issue());
    let relay = Relay::start(with_tls(folder.path(), files)).await.unwrap();
    let url = format!("https://127.0.0.1:{}{}", relay.addr().port(), path::RELAY);
    assert_eq!(authority.client().get(&url).send().await.unwrap().status().as_u16(), 200);
    assert!(authority.client().get(url.replace("https", "http")).send().await.is_err(), "nothing in clear");

    let stream = authority.connect(relay.addr()).await.unwrap();
    let suite = stream.get_ref().1.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite, rustls::CipherSuite::TLS13_AES_256_GCM_SHA384);
    let link = GuestLinkId::from_bytes(random());
    let request = format!("wss://localhost:{}{}", relay.addr().port(), path::of_link(path::GUEST_EVENTS, link));
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Text(notice))) if notice.contains("expired")));
    // Somebody who says nothing keeps nobody waiting.
    let _silent = TcpStream::connect(relay.addr()).await.unwrap();
    assert_eq!(authority.client().get(&url).send().await.unwrap().status().as_u16(), 200);
    relay.shutdown().await;
}

/// After 256 hands that nobody shook, the next one waited for ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_handshakes_do_not_delay_the_next() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let files = write(folder.path(), &authority.issue());
    let relay = Relay::start(Options { max_connections: Some(400), ..with_tls(folder.path(), files) }).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(relay.addr()).await.unwrap());
    }
    let shaken = tokio::time::timeout(Duration::from_secs(5), authority.served(relay.addr())).await;
    assert!(shaken.is_ok(), "it is served beside them");
    relay.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_served_without_a_new_start_and_a_bad_one_is_not() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let files = write(folder.path(), &authority.issue());
    let relay = Relay::start(with_tls(folder.path(), files)).await.unwrap();
    let mut before = authority.served(relay.addr()).await;
    for bad in [(authority.issue().0, authority.issue().1), ("no certificate".into(), "no key".into())] {
        write(folder.path(), &bad);
        // Longer than it takes to notice.
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            assert_eq!(authority.served(relay.addr()).await, before, "the pair before goes on");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        write(folder.path(), &authority.issue());
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            let now = authority.served(relay.addr()).await;
            if now != before {
                before = now;
                break;
            }
            assert!(Instant::now() < limit, "the new certificate is served");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    relay.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_can_not_serve_stop_the_start_with_a_word() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let (cert, key) = authority.issue();
    let cases = [
        ((cert.clone(), authority.issue().1), "can't serve together"),
        (("nothing".into(), key), "cert.pem holds no certificate"),
        ((cert, "nothing".into()), "key.pem holds no private key"),
    ];
    for (pair, expected) in cases {
        let error = Relay::start(with_tls(folder.path(), write(folder.path(), &pair))).await.unwrap_err();
        assert!(matches!(error, RelayStartError::Tls(_)) && error.to_string().contains(expected), "{error}");
    }
    let missing = TlsFiles { cert: folder.path().join("not here"), key: folder.path().join("key.pem") };
    let error = Relay::start(with_tls(folder.path(), missing)).await.unwrap_err().to_string();
    assert!(error.contains("not here can't be read"), "{error}");
}

#[test]
fn certificate_and_key_are_given_together_and_public_urls_are_secure() {
    let refused = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_bezel-relay"))
            .args(["serve", "--data", "/nowhere"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&["--tls-cert", "a"]).contains("--tls-key"));
    assert!(refused(&["--tls-key", "a"]).contains("--tls-cert"));
    assert!(refused(&["--public-url", "http://shop.example"]).contains("browsers give cameras"));
    assert!(refused(&["--turn", "127.0.0.1:1", "--no-turn"]).contains("--no-turn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_lead_to_the_public_url() {
    let folder = tempfile::tempdir().unwrap();
    let public_url = Some(check_public_url("https://calls.example/bezel").unwrap());
    let options = Options { reach: ReachOptions { public_url, ..ReachOptions::default() }, ..options(folder.path()) };
    let relay = Relay::start(options).await.unwrap();
    let shop = Shop::found(format!("http://{}", relay.addr()), Some(relay), folder).await;
    let conversation = shop.ana.begin().await;
    let new = NewGuestLink {
        link: GuestLinkId::from_bytes(random()),
        conversation,
        call: CallId::from_bytes(random()),
        expires_at_ms: now_ms() + 60_000,
        is_single_use: true,
    };
    let created: GuestLinkCreated = shop.ana.post(path::GUEST_LINKS, &new).await.body();
    assert_eq!(created.base.as_str(), "https://calls.example/bezel/");
}
