//! TypeScript for the window, generated from the commands: `ui/src/bindings/`.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use ts_rs::{Config, TS, TypeVisitor};

use crate::commands;

/// A command.
pub(crate) struct Binding {
    name: &'static str,
    arguments: Vec<Argument>,
    result: String,
    types: BTreeMap<String, String>,
}

/// An argument of a command.
pub(crate) struct Argument {
    name: &'static str,
    type_name: String,
    types: BTreeMap<String, String>,
}

impl Argument {
    pub(crate) fn of<T: TS + 'static>(name: &'static str) -> Self {
        Self { name, type_name: T::name(&Config::new()), types: declarations::<T>() }
    }
}

pub(crate) fn binding<T: TS + 'static>(name: &'static str, arguments: Vec<Argument>) -> Binding {
    Binding { name, arguments, result: T::name(&Config::new()), types: declarations::<T>() }
}

const HEADER: &str =
    "// Generated from the Rust commands; do not edit. To write it anew: BEZEL_UPDATE=1 cargo test -p bezel-app --test bindings\n\n";

/// The files of `ui/src/bindings/`, by name.
#[must_use]
pub fn files() -> [(&'static str, String); 2] {
    let bindings = commands::bindings();
    let mut types: BTreeMap<&String, &String> = BTreeMap::new();
    for binding in &bindings {
        types.extend(&binding.types);
        types.extend(binding.arguments.iter().flat_map(|argument| &argument.types));
    }
    let error = declarations::<bezel_core::AppError>();
    types.extend(&error);
    let declared = types.values().map(|declaration| format!("export {declaration}\n")).collect::<Vec<_>>().join("\n");
    [("types.ts", format!("{HEADER}{declared}")), ("commands.ts", commands_file(&bindings, &types))]
}

fn commands_file(bindings: &[Binding], types: &BTreeMap<&String, &String>) -> String {
    let lines: Vec<String> = bindings
        .iter()
        .map(|binding| {
            let arguments: Vec<String> =
                binding.arguments.iter().map(|argument| format!("{}: {}", argument.name, argument.type_name)).collect();
            let arguments = if arguments.is_empty() { String::new() } else { format!("args: {{ {} }}", arguments.join("; ")) };
            format!("  {}({arguments}): Promise<{}>;", binding.name, binding.result)
        })
        .collect();
    let signatures = lines.join("\n");
    let words: HashSet<&str> = signatures.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let used: Vec<&str> = types.keys().map(|name| name.as_str()).filter(|name| words.contains(name)).collect();
    let names: Vec<String> = bindings.iter().map(|binding| format!("  \"{}\",", binding.name)).collect();
    format!(
        "{HEADER}import type {{\n  {},\n}} from \"./types\";\n\nexport interface Commands {{\n{signatures}\n}}\n\nexport const commandNames = [\n{}\n] as const;\n",
        used.join(",\n  "),
        names.join("\n")
    )
}

/// The declarations of a type and of everything in it, by name.
fn declarations<T: TS + 'static + ?Sized>() -> BTreeMap<String, String> {
    let mut collector = Collector::default();
    collector.visit::<T>();
    collector.found
}

#[derive(Default)]
struct Collector {
    seen: HashSet<TypeId>,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Collector {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only what has a file of its own has a declaration.
        if T::output_path().is_some() {
            let config = Config::new();
            self.found.insert(T::ident(&config), T::decl(&config));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}
