//! Who may import whom, read off the graph that cargo resolved.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Direct normal and build dependencies of every package that the programs are made of, by name.
struct Graph {
    members: BTreeSet<String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read() -> Self {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).other_options(["--locked".into()]).exec().unwrap();
        let names: BTreeMap<_, _> = metadata.packages.iter().map(|package| (&package.id, package.name.to_string())).collect();
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in &metadata.resolve.as_ref().unwrap().nodes {
            let direct = node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development));
            edges.entry(names[&node.id].clone()).or_default().extend(direct.map(|dep| names[&dep.pkg].clone()));
        }
        let members = metadata.workspace_members.iter().map(|id| names[id].clone()).collect();
        Self { members, edges }
    }

    /// Everything that `package` stands on.
    fn reach(&self, package: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![package.to_owned()];
        while let Some(next) = open.pop() {
            for dependency in self.edges.get(&next).into_iter().flatten() {
                if reached.insert(dependency.clone()) {
                    open.push(dependency.clone());
                }
            }
        }
        reached
    }

    /// The members of the workspace that `package` names itself.
    fn own(&self, package: &str) -> BTreeSet<String> {
        self.edges[package].intersection(&self.members).cloned().collect()
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn every_crate_imports_only_what_the_architecture_allows() {
    let graph = Graph::read();
    let allowed = [
        ("bezel-protocol", &[][..]),
        ("bezel-model", &[]),
        ("bezel-media", &[]),
        ("bezel-observer", &["bezel-protocol"]),
        ("bezel-crypto", &["bezel-observer", "bezel-protocol"]),
        ("bezel-vpx", &[]),
        ("bezel-calls", &["bezel-crypto", "bezel-protocol", "bezel-vpx"]),
        ("bezel-core", &["bezel-calls", "bezel-crypto", "bezel-media", "bezel-protocol"]),
        ("bezel-relay", &["bezel-observer", "bezel-protocol"]),
        ("bezel-cli", &["bezel-core", "bezel-relay", "bezel-calls", "bezel-vpx", "bezel-crypto", "bezel-protocol"]),
        ("bezel-app", &["bezel-core", "bezel-relay", "bezel-calls", "bezel-vpx", "bezel-crypto", "bezel-protocol"]),
    ];
    for (package, allowed) in allowed {
        let (own, allowed) = (graph.own(package), set(allowed));
        let wrong: Vec<_> = own.difference(&allowed).collect();
        assert!(wrong.is_empty(), "{package} may not import {wrong:?}");
    }
    let known: BTreeSet<String> =
        allowed.iter().map(|(name, _)| (*name).to_owned()).chain(set(&["bezel-testkit", "bezel-tests"])).collect();
    assert_eq!(graph.members, known, "a new crate needs its line here and in the architecture");
}

/// The relay stores what it can't read: our code that could is not in its graph at all, and the group library only behind the observer, which
/// has no primitive that works on a secret.
#[test]
fn the_relay_reaches_nothing_that_decrypts() {
    let graph = Graph::read();
    let reach = graph.reach("bezel-relay");
    let wrong: Vec<_> = set(&["bezel-crypto", "bezel-core", "bezel-calls", "aes-gcm", "chacha20poly1305", "keyring"])
        .intersection(&reach)
        .cloned()
        .collect();
    assert!(wrong.is_empty(), "the relay reaches {wrong:?}");
    let named: Vec<_> = graph.edges["bezel-relay"].iter().filter(|name| name.starts_with("mls-rs")).collect();
    assert!(named.is_empty(), "the relay names {named:?} itself");
}

#[test]
fn only_the_shell_reaches_the_window_system() {
    let graph = Graph::read();
    for member in graph.members.iter().filter(|member| *member != "bezel-app") {
        assert!(!graph.reach(member).contains("tauri"), "{member} reaches tauri");
    }
}

#[test]
fn crypto_media_and_protocol_reach_no_runtime_database_or_http_client() {
    let graph = Graph::read();
    for package in ["bezel-crypto", "bezel-media", "bezel-observer", "bezel-protocol"] {
        let reach = graph.reach(package);
        let wrong: Vec<_> =
            set(&["tokio", "async-std", "smol", "sqlx", "sqlx-core", "libsqlite3-sys", "rusqlite", "reqwest", "hyper", "axum"])
                .intersection(&reach)
                .cloned()
                .collect();
        assert!(wrong.is_empty(), "{package} reaches {wrong:?}");
    }
}
