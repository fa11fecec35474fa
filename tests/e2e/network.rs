//! The way to the relay: addresses that are none, and a shop whose network lets out by a proxy only.

mod certificates;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use bezel_tests::member::{Member, exit};
use bezel_tests::process::wait_for;
use bezel_tests::relay::Relay;
use bezel_tests::scene::{Stage, found, join};

use crate::certificates::certificates;

/// A proxy that lets nobody through without a name and a password, and takes every host for the relay.
struct Proxy {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    refused: Arc<AtomicUsize>,
}

impl Proxy {
    fn start(relay: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let (seen, refused) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let proxy = Self { port, seen: Arc::clone(&seen), refused: Arc::clone(&refused) };
        thread::spawn(move || {
            for member in listener.incoming().flatten() {
                let (seen, refused) = (Arc::clone(&seen), Arc::clone(&refused));
                thread::spawn(move || serve(member, relay, &seen, &refused));
            }
        });
        Ok(proxy)
    }

    fn url(&self, who: &str) -> String {
        format!("http://{who}127.0.0.1:{}", self.port)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One connection: `CONNECT`, then bytes both ways.
fn serve(member: TcpStream, relay: u16, seen: &Mutex<Vec<String>>, refused: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(member.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut member = member;
    // bench:s3cret
    if !head.lines().any(|line| line.eq_ignore_ascii_case("proxy-authorization: basic YmVuY2g6czNjcmV0")) {
        refused.fetch_add(1, Ordering::SeqCst);
        member.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").ok()?;
        return None;
    }
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(head.lines().next()?.to_owned());
    let mut relay = TcpStream::connect(("127.0.0.1", relay)).ok()?;
    member.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut back, mut to) = (relay.try_clone().ok()?, member.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = reader.read(&mut buffer).ok().filter(|read| *read > 0)?;
        relay.write_all(buffer.get(..read)?).ok()?;
    }
}

/// A network that forces a proxy could not be used at all.
#[test]
fn requests_and_events_go_through_the_proxy_of_the_network() -> Result<()> {
    let stage = Stage::new("proxy")?;
    let [root, cert, key] = certificates(stage.path(), "relay.maison-lune.example")?;
    let relay = Relay::start_with(&stage.folder("relay"), &["--tls-cert", &cert, "--tls-key", &key])?;
    let proxy = Proxy::start(relay.port())?;
    let url = "https://relay.maison-lune.example:8443/";
    let outside = |name| -> Result<Member> { Ok(Member::with_passphrase(stage.path(), name)?.with("SSL_CERT_FILE", &root)) };
    let inside = |name| -> Result<Member> { Ok(outside(name)?.with("HTTPS_PROXY", &proxy.url("bench:s3cret@"))) };

    let unknown = outside("eve")?.with("HTTPS_PROXY", &proxy.url(""));
    let why = unknown.refused(exit::OFFLINE, &["workspace", "create", "--name", "X", "--handle", "eve", "--relay", url])?;
    assert!(why.contains("user name and a password"), "a proxy that does not know us is named: {why}");

    let (ana, ben) = (inside("ana")?, inside("ben")?);
    found(&ana, "Maison Lune", url)?;
    join(&ana, &ben, "member")?;
    let talk = ana.field(&["conversation", "create", "--title", "Bench", "--with", "ben"], "conversation")?;
    ana.json(&["sync"])?;
    ben.json(&["sync"])?;
    let following = ben.start("follow", &["sync", "--follow", "--json"])?;
    // Without its events a member fetches nothing while it follows.
    wait_for("ben is connected", || Ok(following.log().contains("connection").then_some(())))?;
    ana.json(&["send", &talk, "through the wall"])?;
    wait_for("ben hears of it by the event", || Ok(following.log().contains(&format!("messages:{talk}")).then_some(())))?;
    drop(following);
    assert_eq!(ben.texts(&talk)?, ["through the wall"]);
    assert!(proxy.seen().iter().all(|line| line == "CONNECT relay.maison-lune.example:8443 HTTP/1.1"), "{:?}", proxy.seen());
    assert!(proxy.refused.load(Ordering::SeqCst) > 0);
    Ok(())
}

#[test]
fn this_machine_is_never_reached_through_a_proxy() -> Result<()> {
    let stage = Stage::new("no-proxy")?;
    let relay = Relay::start(&stage.folder("relay"))?;
    let nowhere = "http://127.0.0.1:9";
    let ana = Member::with_passphrase(stage.path(), "ana")?.with("HTTP_PROXY", nowhere).with("ALL_PROXY", nowhere);
    found(&ana, "Maison Lune", &relay.url())?;
    ana.json(&["sync"])?;
    Ok(())
}

/// Each ended in an error of the network library, or looked like a relay that is away.
#[test]
fn an_address_that_is_none_is_a_wrong_command_with_the_reason() -> Result<()> {
    let stage = Stage::new("addresses")?;
    let ana = Member::with_passphrase(stage.path(), "ana")?;
    let begins = "begins with https:// or http://";
    for (relay, reason) in [
        ("localhost:7300", begins),
        ("ws://127.0.0.1:7300", begins),
        ("ftp://127.0.0.1:7300", begins),
        ("file:///etc/passwd", begins),
        ("relay.example", begins),
        ("https://ana:secret@relay.example", "no user name"),
        ("https://relay.example/?a=1#f", "ends before"),
        ("http://relay.example", "--allow-http"),
    ] {
        let why = ana.refused(exit::USAGE, &["workspace", "create", "--name", "X", "--handle", "ana", "--relay", relay])?;
        assert!(why.contains(reason), "{relay}: {why}");
    }
    Ok(())
}
