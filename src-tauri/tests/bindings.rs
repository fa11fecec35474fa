//! The TypeScript in the tree is the one that the commands say.

use std::path::Path;

#[test]
fn the_bindings_in_the_tree_are_those_of_the_commands() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src/bindings");
    for (name, expected) in bezel_app::bindings::files() {
        let path = folder.join(name);
        if std::env::var_os("BEZEL_UPDATE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &expected).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expected, "{name} is old: write it anew with BEZEL_UPDATE=1 cargo test -p bezel-app --test bindings");
    }
}
