//! Whole calls, measured: over lines with faults, beside Chromium, and for long. `cargo bench -p bezel-calls --bench calls -- WHAT`, where WHAT is
//! `faults` (needs root: two network namespaces), `chromium` (needs Chromium and the packages of the interface) or `soak`.

#![expect(clippy::print_stdout, reason = "its tables are read where it was started")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods, reason = "a measurement ends at the first fault")]

mod chromium;
mod faults;
mod processor;
#[path = "../../tests/it/rig/mod.rs"]
mod rig;
mod soak;

fn main() {
    // This program is the ends of its calls as well.
    if rig::end::run_if_asked() {
        return;
    }
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "faults" => faults::run(),
            "chromium" => chromium::run(),
            "soak" => soak::run(),
            // Whoever lists tests, or benches everything, gets none of these: they take minutes.
            _ => {}
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap())
}

/// This program, as an end of a call.
fn end() -> std::process::Command {
    std::process::Command::new(std::env::current_exe().unwrap())
}
