//! What lives as long as the app: the member, its loop, and the relay inside, where there is one.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bezel_core::call::{self, Preview};
use bezel_core::vault::Unlock;
use bezel_core::{Change, Environment, Error, Home, Member, Result, file, sync};
use bezel_crypto::slots::Passphrase;
use bezel_relay::RunningRelay;
use serde::Serialize;
use tauri::{AppHandle, Emitter as _, Manager as _};
use tokio::sync::{Mutex, broadcast, watch};
use tokio::task::JoinHandle;

use crate::chosen::Chosen;
use crate::pictures::Pictures;
use crate::preview::Previews;
use crate::{UnlockBy, call_windows, hosted_relay};

/// The state of the app.
pub(crate) struct Shell {
    pub(crate) home: Home,
    pub(crate) environment: Environment,
    pub(crate) app: AppHandle,
    pub(crate) chosen: Chosen,
    pub(crate) previews: Previews,
    pub(crate) pictures: Pictures,
    /// What is looked at before a call.
    pub(crate) preview: Mutex<Option<Preview>>,
    unlock: UnlockBy,
    member: RwLock<Option<Arc<Member>>>,
    /// Held while a member is opened or begun: one at a time.
    opening: Mutex<()>,
    relay: Mutex<Option<RunningRelay>>,
    stop: watch::Sender<bool>,
    /// The loop that keeps the member in step, the one that moves files, and the one of calls.
    following: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

/// What the window hears.
#[derive(Clone, Serialize)]
struct Changed {
    topics: Vec<String>,
}

impl Shell {
    pub(crate) fn new(home: Home, environment: Environment, unlock: UnlockBy, app: AppHandle) -> Self {
        Self {
            home,
            environment,
            app,
            chosen: Chosen::default(),
            previews: Previews::default(),
            pictures: Pictures::default(),
            preview: Mutex::default(),
            unlock,
            member: RwLock::default(),
            opening: Mutex::default(),
            relay: Mutex::default(),
            stop: watch::channel(false).0,
            following: std::sync::Mutex::default(),
        }
    }

    /// The unlocked member.
    pub(crate) fn member(&self) -> Result<Arc<Member>> {
        self.unlocked().ok_or_else(|| Error::new("locked", "Bezel is locked.", "Unlock it first."))
    }

    pub(crate) fn unlocked(&self) -> Option<Arc<Member>> {
        self.member.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The way to unlock that the app was started with.
    ///
    /// # Errors
    /// When the passphrase of the environment is none.
    pub(crate) fn usual_unlock(&self) -> Result<Unlock> {
        Ok(match self.given_passphrase() {
            Some(given) => Unlock::Passphrase(Passphrase::parse(given)?),
            None => Unlock::Keychain,
        })
    }

    pub(crate) fn uses_keychain(&self) -> bool {
        self.unlock == UnlockBy::Keychain
    }

    /// The passphrase of the environment, where the app was told to use it.
    pub(crate) fn given_passphrase(&self) -> Option<String> {
        let given = std::env::var("BEZEL_PASSPHRASE").ok().filter(|passphrase| !passphrase.is_empty());
        given.filter(|_| self.unlock == UnlockBy::Passphrase)
    }

    /// Unlocks the home.
    pub(crate) async fn open(&self, unlock: &Unlock) -> Result<()> {
        let _opening = self.opening.lock().await;
        if self.unlocked().is_some() {
            return Ok(());
        }
        {
            let mut relay = self.relay.lock().await;
            if relay.is_none() {
                *relay = hosted_relay::resume(&self.home, &self.environment.settings).await?;
            }
        }
        self.keep(Member::open(&self.home, self.environment.clone(), unlock).await?);
        Ok(())
    }

    /// Begins a relay inside the app and tells its address.
    pub(crate) async fn begin_relay(&self) -> Result<String> {
        let mut relay = self.relay.lock().await;
        if relay.is_none() {
            *relay = Some(hosted_relay::begin(&self.home, &self.environment.settings).await?);
        }
        let addr = relay.as_ref().map(RunningRelay::addr);
        addr.map(|addr| format!("http://{addr}")).ok_or_else(|| Error::new("hosted_relay", "The relay is gone.", "Try again."))
    }

    /// The folder of downloads.
    pub(crate) fn downloads(&self) -> Result<PathBuf> {
        let folder = self.app.path().download_dir().or_else(|_| self.app.path().home_dir());
        folder.map_err(|_| Error::new("no_folder", "There is no folder for downloads.", "Choose a place with “Save as”."))
    }

    /// Takes a member over: keeps it in step with the relay and tells the window what changes.
    pub(crate) fn keep(&self, member: Member) {
        let member = Arc::new(member);
        *self.member.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&member));
        let (changes, app) = (member.changes(), self.app.clone());
        tauri::async_runtime::spawn(forward(changes, app.clone()));
        if let Err(error) = file::clean_copies(&self.home) {
            tracing::warn!(code = error.code, "copies for other programs are still there");
        }
        let runtime = tokio::runtime::Handle::current();
        let (moved, moving, stopped) = (Arc::clone(&member), runtime.clone(), self.stop.subscribe());
        let moving = tokio::task::spawn_blocking(move || moving.block_on(file::work(&moved, stopped)));
        call::show_pictures(&member, Some(self.pictures.sink()));
        tauri::async_runtime::spawn(call_windows::follow(Arc::clone(&member), app.clone(), self.stop.subscribe()));
        let (called, calling, stopped) = (Arc::clone(&member), runtime.clone(), self.stop.subscribe());
        let calling = tokio::task::spawn_blocking(move || calling.block_on(call::work(&called, stopped)));
        let stopped = self.stop.subscribe();
        let following = tokio::task::spawn_blocking(move || runtime.block_on(sync::follow(&member, stopped)));
        *self.following.lock().unwrap_or_else(PoisonError::into_inner) = vec![following, moving, calling];
        tell(&app, vec![Change::AppState.to_string()]);
    }

    /// The person closed a window.
    pub(crate) fn closed(&self, label: String) {
        if let Some(member) = self.unlocked() {
            tauri::async_runtime::spawn(async move { call_windows::closed(&member, &label).await });
        }
    }

    /// Ends what runs, and closes the database before the process ends.
    pub(crate) async fn close(&self) {
        let _ = self.stop.send(true);
        let following = std::mem::take(&mut *self.following.lock().unwrap_or_else(PoisonError::into_inner));
        for following in following {
            // A request that hangs does not hold up the end.
            let _ = tokio::time::timeout(Duration::from_secs(3), following).await;
        }
        self.previews.close_all();
        drop(self.preview.lock().await.take());
        if let Err(error) = file::clean_copies(&self.home) {
            tracing::warn!(code = error.code, "copies for other programs are still there");
        }
        self.member.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(relay) = self.relay.lock().await.take() {
            relay.shutdown().await;
        }
    }
}

/// Tells the window what changed, several at once where they come together.
async fn forward(mut changes: broadcast::Receiver<Change>, app: AppHandle) {
    loop {
        let mut topics = match changes.recv().await {
            Ok(change) => vec![change.to_string()],
            Err(broadcast::error::RecvError::Lagged(_)) => vec![Change::AppState.to_string()],
            Err(broadcast::error::RecvError::Closed) => return,
        };
        while let Ok(change) = changes.try_recv() {
            topics.push(change.to_string());
        }
        topics.sort_unstable();
        topics.dedup();
        tell(&app, topics);
    }
}

fn tell(app: &AppHandle, topics: Vec<String>) {
    if let Err(error) = app.emit("changed", Changed { topics }) {
        tracing::warn!(%error, "the window could not be told");
    }
}
