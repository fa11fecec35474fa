//! The audit log, exported and verified without the relay.

use std::process::Command;

use bezel_protocol::Role;

use crate::support::Shop;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_log_verifies_as_one() {
    let folder = tempfile::tempdir().unwrap();
    crate::support::start(folder.path()).await.shutdown().await;
    let (exported, export) = relay(&["audit", "export", "--data", folder.path().to_str().unwrap()]);
    assert!(exported && export.lines().count() == 1, "{export}");
    let file = folder.path().join("audit.jsonl");
    std::fs::write(&file, export).unwrap();
    let (ok, said) = relay(&["audit", "verify", file.to_str().unwrap()]);
    assert!(ok && said.starts_with("0 entries"), "{said}");
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
