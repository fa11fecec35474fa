//! Who may begin a workspace.

use bezel_protocol::roster::Statement;
use bezel_protocol::wire::{Bytes, NewWorkspace, RelayInfo, code, path};
use bezel_protocol::{WorkspaceId, cbor};
use bezel_relay::{Options, Relay, RunningRelay, Setup, SetupToken};

use crate::support::{Identity, Person, now_ms, options, random};

/// Ana, and the workspace that she would begin.
fn ana(relay: &RunningRelay) -> (Person, Vec<Bytes>) {
    let base = format!("http://127.0.0.1:{}", relay.addr().port());
    let ana = Person::new(base, WorkspaceId::new(now_ms(), random()), Identity::numbered(0));
    let (genesis, roster) = ana.genesis("ana");
    let device = roster.next(now_ms(), Statement::DeviceAdd(ana.certificate())).sign(&[&ana.identity]).unwrap();
    let statements = [&genesis, &device].map(|statement| Bytes(statement.as_bytes().to_vec())).to_vec();
    (ana, statements)
}

/// The first stranger who reached a fresh relay took its only place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_others_reach_takes_a_workspace_with_its_token_only() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(Options { listen: "0.0.0.0:0".parse().unwrap(), ..options(folder.path()) }).await.unwrap();
    let token = std::fs::read_to_string(SetupToken::path(folder.path())).unwrap();
    let (ana, statements) = ana(&relay);
    let info: RelayInfo = cbor::decode(&ana.get(path::RELAY).await.bytes).unwrap();
    assert!(info.needs_setup_token && info.accepts_workspaces);
    for wrong in [None, Some("0123456789abcdef".to_owned()), Some(token.to_uppercase() + "x")] {
        let refused = ana.post(path::WORKSPACES, &NewWorkspace { statements: statements.clone(), setup_token: wrong }).await;
        assert_eq!(refused.refusal(), (403, code::SETUP_TOKEN.into()));
    }
    let taken = ana.post(path::WORKSPACES, &NewWorkspace { statements, setup_token: Some(token) }).await;
    assert_eq!(taken.status, 200);
    relay.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_on_loopback_asks_for_a_token_only_if_it_was_given_one() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::Token("a token of our own".parse().unwrap());
    let relay = Relay::start(Options { setup, ..options(folder.path()) }).await.unwrap();
    let (person, statements) = ana(&relay);
    let given = |token: Option<&str>| NewWorkspace { statements: statements.clone(), setup_token: token.map(str::to_owned) };
    assert_eq!(person.post(path::WORKSPACES, &given(None)).await.refusal(), (403, code::SETUP_TOKEN.into()));
    assert_eq!(person.post(path::WORKSPACES, &given(Some("a token of our own"))).await.status, 200);
    relay.shutdown().await;
    assert!(!SetupToken::path(folder.path()).exists(), "none is made beside the one that was given");

    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(options(folder.path())).await.unwrap();
    let (person, statements) = ana(&relay);
    assert_eq!(person.post(path::WORKSPACES, &NewWorkspace { statements, setup_token: None }).await.status, 200);
    relay.shutdown().await;
}

/// Keys of RSA were parsed before their number was looked at, and before it was known whether there is room: a stranger's mebibyte cost the
/// relay a tenth of a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_no_keys_parsed_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(options(folder.path())).await.unwrap();
    let (person, statements) = ana(&relay);
    let many = NewWorkspace { statements: vec![statements[0].clone(); 500], setup_token: None };
    assert_eq!(person.post(path::WORKSPACES, &many).await.refusal(), (400, code::MALFORMED.into()));
    assert_eq!(person.post(path::WORKSPACES, &NewWorkspace { statements, setup_token: None }).await.status, 200);
    let junk = NewWorkspace { statements: vec![Bytes(vec![7; 1000]); 2], setup_token: None };
    assert_eq!(person.post(path::WORKSPACES, &junk).await.refusal(), (507, code::FULL.into()), "a full relay reads nothing of it");
    relay.shutdown().await;
}
