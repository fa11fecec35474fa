//! The windows of calls: one that rings, and one for the call. They come and go with the call; what is in them is the interface's.

use std::sync::Arc;

use bezel_core::call::{self, CallPhase, CallView};
use bezel_core::{Error, Member, Result};
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder};
use tokio::sync::watch;

/// The window that rings.
pub(crate) const INCOMING: &str = "incoming";
/// The window of the call.
pub(crate) const CALL: &str = "call";

/// Opens and closes the windows as the call changes, until `stop` holds `true`.
pub(crate) async fn follow(member: Arc<Member>, app: AppHandle, mut stop: watch::Receiver<bool>) {
    let mut view = call::current(&member);
    loop {
        let phase = view.borrow_and_update().as_ref().map(|view: &CallView| view.phase);
        if let Err(error) = arrange(&app, phase) {
            tracing::warn!(code = error.code, "a window of a call could not be opened");
        }
        tokio::select! {
            changed = view.changed() => if changed.is_err() { return },
            _ = stop.wait_for(|stops| *stops) => return,
        }
    }
}

fn arrange(app: &AppHandle, phase: Option<CallPhase>) -> Result<()> {
    if phase != Some(CallPhase::Incoming) {
        close(app, INCOMING);
    }
    match phase {
        Some(CallPhase::Incoming) => {
            // The one of a call before has nothing more to say.
            close(app, CALL);
            open(app, INCOMING)
        }
        None | Some(CallPhase::Ended) => Ok(()),
        Some(_) if app.get_webview_window(CALL).is_some() => Ok(()),
        Some(_) => open(app, CALL),
    }
}

fn open(app: &AppHandle, label: &str) -> Result<()> {
    if app.get_webview_window(label).is_some() {
        return Ok(());
    }
    let page = WebviewUrl::App(format!("index.html?window={label}").into());
    let window = WebviewWindowBuilder::new(app, label, page)
        .title("Bezel")
        // The page names the call, in the person's language.
        .on_document_title_changed(|window, title| drop(window.set_title(&title)));
    let window = if label == INCOMING {
        window.inner_size(400.0, 440.0).resizable(false).always_on_top(true)
    } else {
        window.inner_size(1040.0, 680.0).min_inner_size(420.0, 420.0)
    };
    window.build().map(drop).map_err(|error| Error::new("no_window", format!("A window could not be opened ({error})."), "Try again."))
}

/// At once, without asking the window.
fn close(app: &AppHandle, label: &str) {
    if let Some(window) = app.get_webview_window(label) {
        let _ = window.destroy();
    }
}

/// Brings the call's window to the front; where it was closed, opens it.
pub(crate) fn show(app: &AppHandle) -> Result<()> {
    match app.get_webview_window(CALL) {
        Some(window) => {
            let _ = window.unminimize();
            let _ = window.set_focus();
            Ok(())
        }
        None => open(app, CALL),
    }
}

/// The person closed one of these windows: the call is left, or declined.
pub(crate) async fn closed(member: &Member, label: &str) {
    let view = call::current(member).borrow().clone();
    let Some(view) = view else { return };
    let done = match (label, view.phase) {
        (_, CallPhase::Ended) => Ok(()),
        (CALL, phase) if phase != CallPhase::Incoming => call::leave(member).await,
        (INCOMING, CallPhase::Incoming) => match view.call.parse() {
            Ok(id) => call::decline(member, id).await,
            Err(_) => Ok(()),
        },
        _ => Ok(()),
    };
    if let Err(error) = done {
        tracing::info!(code = error.code, "the call had ended before");
    }
}
