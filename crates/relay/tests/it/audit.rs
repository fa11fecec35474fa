//! The audit log, exported and verified without the relay.

use std::process::Command;

use bezel_protocol::audit::extends;
use bezel_protocol::login::Subject;
use bezel_protocol::roster::{RoleChange, Statement};
use bezel_protocol::wire::{AuditProof, Bytes, Heads, RelayInfo, SignedCheckpoint, code, path};
use bezel_protocol::{ConversationId, DeviceId, Role, cbor};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::support::{Rogue, Shop, now_ms, random, roles, start, statements_of};

fn relay(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bezel-relay")).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_verifies_and_a_changed_entry_is_named() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    shop.close().await;
    let data = shop.folder.path().to_str().unwrap();
    assert!(relay(&["check", "--data", data]).0);
    let (exported, export) = relay(&["audit", "export", "--data", data]);
    assert!(exported, "{export}");
    let file = shop.folder.path().join("audit.jsonl");
    let verify = |text: &str| {
        std::fs::write(&file, text).unwrap();
        relay(&["audit", "verify", file.to_str().unwrap()])
    };
    assert!(verify(&export).0);
    let key = hex::encode(bezel_relay::RelayKey::read(&shop.folder.path().join("relay.key")).unwrap().public().as_bytes());
    let file_name = file.to_str().unwrap();
    assert!(relay(&["audit", "verify", file_name, "--relay-key", &key]).0);
    assert!(!relay(&["audit", "verify", file_name, "--relay-key", &"00".repeat(32)]).0, "a log that another key signed is another log");
    let lines: Vec<&str> = export.lines().collect();
    assert!(lines.len() > 5 && export.contains("conversation_commit") && export.contains("roster_join"));

    let changed = export.replacen("workspace_create", "workspace_removed", 1);
    let (ok, said) = verify(&changed);
    assert!(!ok && said.contains("entry 1"), "{said}");
    let (ok, said) =
        verify(&lines.iter().enumerate().filter(|(line, _)| *line != 2).map(|(_, line)| format!("{line}\n")).collect::<String>());
    assert!(!ok && said.contains("entry 3"), "a missing entry is named: {said}");
    let (ok, _) = verify(&lines[..lines.len() - 2].join("\n"));
    assert!(!ok, "a log that was cut short");
}

/// Neither who tried what they may not, nor who fetched a vault, could be found in the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_fetched_keys_stand_in_the_log_counted() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    for _ in 0..30 {
        assert_eq!(ben.say(conversation, 1).await.status, 403);
    }
    let promotion = Statement::Role(RoleChange { user: ben.user, role: Role::Owner });
    let forged = shop.roster.next(now_ms(), promotion).sign(&[&ben.identity]).unwrap();
    assert_eq!(ben.post(path::ROSTER, &statements_of(&[forged])).await.status, 422);
    let takes_over = roles(&[(shop.ana.user, Role::Owner), (ben.user, Role::Owner)]);
    let takeover = Rogue::of(&ben, conversation).await.commit(&[], |commit| commit.set_group_context_ext(takes_over).unwrap());
    assert_eq!(ben.upload(conversation, &takeover).await.status, 403);
    assert_eq!(ben.get(&path::of(path::GROUP, conversation)).await.status, 200);
    assert_eq!(ben.get(path::EPOCH_KEYS).await.status, 200);
    for _ in 0..3 {
        let challenge = ben.challenge(Subject::Device(ben.device)).await;
        let mut answer = ben.answer(&challenge);
        answer.signature = Bytes(vec![0; 64]);
        assert_eq!(ben.post(path::LOGIN, &answer).await.status, 401);
    }
    for _ in 0..50 {
        let nobody = Subject::Device(DeviceId::from_bytes(random()));
        let challenge = ben.challenge(nobody).await;
        assert_eq!(ben.post(path::LOGIN, &ben.answer(&challenge)).await.status, 401);
    }
    // A token that nobody was given, with ids that nobody knows, in a flood.
    let mut nobody = ben.clone();
    nobody.token = Some("00".repeat(32));
    for _ in 0..200 {
        let invented = ConversationId::from_bytes(random());
        assert_eq!(nobody.get(&path::of(path::GROUP, invented)).await.status, 401);
    }
    shop.close().await;
    let (exported, export) = relay(&["audit", "export", "--data", shop.folder.path().to_str().unwrap()]);
    assert!(exported, "{export}");
    let (user, device) = (ben.user.to_string(), ben.device.to_string());
    let entry = |by: Option<&str>, action: &str, subject: &str| {
        let found = export.lines().filter(|line| {
            line.contains(&format!("\"action\":\"{action}\"")) && line.contains(subject) && by.is_none_or(|by| line.contains(by))
        });
        assert_eq!(found.count(), 1, "{action} {subject}: {export}");
    };
    entry(Some(&user), "refused", &format!("POST /v1/conversations/{conversation}/messages forbidden (30 times)"));
    entry(Some(&user), "refused", "POST /v1/roster ");
    entry(Some(&device), "refused", &format!("POST /v1/conversations/{conversation}/commits forbidden"));
    entry(Some(&user), "group_get", &conversation.to_string());
    entry(Some(&user), "epoch_keys_get", "");
    entry(None, "log_in_refused", &format!("{device} signature (3 times)"));
    entry(None, "log_in_refused", "unknown not_in_roster (50 times)");
    entry(None, "refused", "GET /v1/conversations/{conversation}/group unauthenticated (200 times)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_log_verifies_as_one() {
    let folder = tempfile::tempdir().unwrap();
    start(folder.path()).await.shutdown().await;
    let (exported, export) = relay(&["audit", "export", "--data", folder.path().to_str().unwrap()]);
    assert!(exported && export.lines().count() == 1, "{export}");
    let file = folder.path().join("audit.jsonl");
    std::fs::write(&file, export).unwrap();
    let (ok, said) = relay(&["audit", "verify", file.to_str().unwrap()]);
    assert!(ok && said.starts_with("0 entries"), "{said}");
}

/// Members compared the length of the log alone: one that was rewritten and made longer was believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_relay_proves_that_what_was_shown_is_the_beginning_of_what_is_shown_now() {
    let mut shop = Shop::open().await;
    let mut seen: Vec<SignedCheckpoint> = Vec::new();
    for _ in 0..12 {
        seen.extend(shop.ana.get(path::HEADS).await.body::<Heads>().audit);
        shop.ana.log_in().await;
    }
    let key = shop.ana.get(path::RELAY).await.body::<RelayInfo>().key;
    let newest = seen.last().unwrap();
    for earlier in &seen {
        assert!(earlier.verify(&key).is_ok());
        let sizes = format!("{}?from={}&to={}", path::AUDIT_PROOF, earlier.tree.entries, newest.tree.entries);
        let proof: AuditProof = shop.ana.get(&sizes).await.body();
        assert!(proof.nodes.len() <= 10, "a proof is small");
        assert!(extends(earlier.tree, newest.tree, &proof.nodes), "{} in {}", earlier.tree.entries, newest.tree.entries);
    }
    for sizes in ["from=1&to=1000000", "from=0&to=3", "from=3&to=2", "from=1&to=18446744073709551615"] {
        let answer = shop.ana.get(&format!("{}?{sizes}", path::AUDIT_PROOF)).await;
        assert_eq!(answer.refusal(), (404, code::NOT_FOUND.into()), "{sizes}");
    }
    let mut stranger = crate::support::Person::new(shop.base().to_owned(), shop.workspace, crate::support::Identity::numbered(2));
    stranger.token = None;
    assert_eq!(stranger.get(&format!("{}?from=1&to=2", path::AUDIT_PROOF)).await.status, 401);
    shop.close().await;
}

/// Whoever exports the log shows what they like; a member's checkpoint tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_compared_with_a_checkpoint_that_a_member_kept() {
    let mut shop = Shop::open().await;
    shop.ana.begin().await;
    let kept = shop.ana.get(path::HEADS).await.body::<Heads>().audit.unwrap();
    for _ in 0..5 {
        shop.ana.log_in().await;
    }
    let data = shop.folder.path().to_owned();
    shop.close().await;
    let file = data.join("audit.jsonl");
    let verify = |checkpoint: &str| {
        let (exported, export) = relay(&["audit", "export", "--data", data.to_str().unwrap()]);
        assert!(exported, "{export}");
        std::fs::write(&file, export).unwrap();
        relay(&["audit", "verify", file.to_str().unwrap(), "--checkpoint", checkpoint])
    };
    let in_hex = hex::encode(cbor::encode(&kept));
    let (ok, said) = verify(&in_hex);
    assert!(ok, "{said}");
    let printed = data.join("checkpoint.json");
    std::fs::write(&printed, serde_json::json!({ "entries": kept.tree.entries, "checkpoint": in_hex }).to_string()).unwrap();
    assert!(verify(printed.to_str().unwrap()).0, "as `bezel audit --json` prints it");
    let (ok, said) = verify("nothing");
    assert!(!ok && said.contains("bezel audit"), "{said}");
    let forged = SignedCheckpoint { at_ms: 0, ..kept.clone() };
    let (ok, said) = verify(&hex::encode(cbor::encode(&forged)));
    assert!(!ok && said.contains("not signed by the key"), "{said}");

    // The whole log is made anew by somebody who has the database and the key, and longer than before.
    let database = format!("sqlite://{}", data.join("relay.db").display());
    let mut connection = SqliteConnection::connect(&database).await.unwrap();
    for statement in [
        "DROP TRIGGER encryption_audit_logs_no_delete",
        "DROP TRIGGER audit_tree_no_delete",
        "DELETE FROM encryption_audit_logs",
        "DELETE FROM audit_tree",
    ] {
        connection.execute(statement).await.unwrap();
    }
    connection.close().await.unwrap();
    let (ok, said) = verify(&in_hex);
    assert!(!ok && said.contains("cut short"), "{said}");
    let again = start(&data).await;
    shop.ana.base = format!("http://{}", again.addr());
    for _ in 0..kept.tree.entries + 3 {
        shop.ana.log_in().await;
    }
    again.shutdown().await;
    let (ok, said) = verify(&in_hex);
    assert!(!ok && said.contains("is not what was shown before"), "{said}");
}

#[test]
fn a_bad_setting_is_refused_with_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bezel-relay"))
        .args(["serve", "--data", folder.path().to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .env("ENCRYPTION_ENABLED", "false")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("ENCRYPTION_ENABLED"));
}
