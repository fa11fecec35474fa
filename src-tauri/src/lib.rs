//! The desktop shell: a window, and the wires between it and the core. It decides nothing.

pub mod bindings;
mod call_windows;
mod chosen;
mod commands;
mod hosted_relay;
mod log;
mod loopback;
mod pictures;
mod preview;
mod shell;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use bezel_core::{Environment, Home};
use bezel_protocol::settings::Settings;
use clap::{Parser, ValueEnum};
use tauri::{DragDropEvent, Manager as _, WindowEvent};

use crate::shell::Shell;

/// The desktop app of Bezel.
#[derive(Parser)]
#[command(name = "bezel-app", version)]
struct Arguments {
    /// The member's folder; by default that of the platform.
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// How to unlock it: keychain, or passphrase (from BEZEL_PASSPHRASE).
    #[arg(long, value_enum, default_value_t = UnlockBy::Keychain)]
    unlock: UnlockBy,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnlockBy {
    Keychain,
    Passphrase,
}

/// Runs the app until its window is closed.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    log::begin();
    // WebKitGTK would let whoever sets it drive the window; only test builds may be driven.
    if cfg!(not(debug_assertions)) && std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some() {
        return refuse("TAURI_WEBVIEW_AUTOMATION is set: this build is not to be driven by other programs");
    }
    let settings = match Settings::from_env(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error.to_string()),
    };
    let environment = Environment::of_this_machine(settings);
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .on_window_event(|window, event| {
            // The first events of a window come before the shell is there.
            let Some(shell) = window.try_state::<Arc<Shell>>() else { return };
            match event {
                WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => shell.chosen.allow(paths.clone()),
                WindowEvent::CloseRequested { .. } => shell.closed(window.label().to_owned()),
                _ => {}
            }
        })
        .invoke_handler(commands::handler())
        .setup(move |app| {
            let folder = match arguments.home {
                Some(folder) => folder,
                None => app.path().app_data_dir()?,
            };
            app.manage(Arc::new(Shell::new(Home::new(folder), environment, arguments.unlock, app.handle().clone())));
            Ok(())
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            app.run(|app, event| {
                if matches!(event, tauri::RunEvent::Exit) {
                    let shell = Arc::clone(&app.state::<Arc<Shell>>());
                    tauri::async_runtime::block_on(async move { shell.close().await });
                }
            });
            ExitCode::SUCCESS
        }
        Err(error) => refuse(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "there is no window to say it in")]
fn refuse(reason: &str) -> ExitCode {
    eprintln!("Bezel does not start: {reason}");
    ExitCode::FAILURE
}
