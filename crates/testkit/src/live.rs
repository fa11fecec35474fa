//! Members who are connected, with calls.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use bezel_core::call::{self, CallOptions, CallPhase, CallView, Seen, Sink, Verifier};
use bezel_core::{Member, sync};
use bezel_protocol::{ConversationId, Role};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{Shop, converse};

/// Longer than anything takes on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until something holds.
///
/// # Errors
/// When it does not within a minute and a half.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Result<()> {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.map_err(|_| anyhow!("{what}: it did not come to that"))
}

/// Ana and ben on line, in one conversation.
///
/// # Errors
/// When one of them can't come.
pub async fn two(shop: &Shop) -> Result<(Live, Live, ConversationId)> {
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    Ok((Live::start(ana)?, Live::start(ben)?, ring))
}

/// Ana, ben and lena on line, in one conversation.
///
/// # Errors
/// When one of them can't come.
pub async fn three(shop: &Shop) -> Result<([Live; 3], ConversationId)> {
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let lena = shop.join(&ana, "lena", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member), (&lena, Role::Member)]).await?;
    sync::once(&ben).await?;
    sync::once(&lena).await?;
    Ok(([Live::start(ana)?, Live::start(ben)?, Live::start(lena)?], ring))
}

/// A member who follows the relay, with calls and somebody who watches their pictures.
pub struct Live {
    member: Arc<Member>,
    watcher: Arc<Verifier>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Deref for Live {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

impl Live {
    /// Goes on line.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(member: Member) -> Result<Self> {
        let (member, watcher) = (Arc::new(member), Arc::new(Verifier::start()?));
        call::show_pictures(&member, Some(Arc::<Verifier>::clone(&watcher) as Arc<dyn Sink>));
        let (stop, stopped) = watch::channel(false);
        let (follows, works) = (Arc::clone(&member), Arc::clone(&member));
        let stops = stopped.clone();
        let tasks = vec![
            tokio::spawn(async move { sync::follow(&follows, stopped).await }),
            tokio::spawn(async move { call::work(&works, stops).await }),
        ];
        Ok(Self { member, watcher, stop, tasks })
    }

    /// Hears nothing more of the relay, as behind a connection that died without a word; requests go on.
    pub fn grow_deaf(&self) {
        if let Some(follows) = self.tasks.first() {
            follows.abort();
        }
    }

    /// Goes off line in good order.
    ///
    /// # Errors
    /// When a task failed.
    pub async fn stop(self) -> Result<()> {
        self.stop.send(true)?;
        for task in self.tasks {
            task.await?;
        }
        call::show_pictures(&self.member, None);
        Arc::try_unwrap(self.member).map_err(|_| anyhow!("the member is still in use"))?.close().await;
        Ok(())
    }

    /// Goes off line as by a power cut: nothing is said any more.
    ///
    /// # Errors
    /// When the member is still in use.
    pub async fn crash(self) -> Result<()> {
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks {
            drop(task.await);
        }
        let member = Arc::try_unwrap(self.member).map_err(|_| anyhow!("the member is still in use"))?;
        member.close().await;
        Ok(())
    }

    /// The call of the moment.
    #[must_use]
    pub fn call(&self) -> Option<CallView> {
        call::current(&self.member).borrow().clone()
    }

    /// Waits until the call of the moment is as it should be.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn call_when(&self, what: &str, is: impl Fn(&CallView) -> bool) -> Result<CallView> {
        let mut current = call::current(&self.member);
        let waiting = current.wait_for(|view| view.as_ref().is_some_and(&is));
        let found = tokio::time::timeout(PATIENCE, waiting).await.map(|view| view.map(|view| view.clone()));
        match found {
            Ok(Ok(Some(view))) => Ok(view),
            _ => Err(anyhow!("{what}: it did not come to that; the call is {:?}", self.call())),
        }
    }

    /// Waits for a phase.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn phase(&self, phase: CallPhase) -> Result<CallView> {
        self.call_when(&format!("{phase:?}"), |view| view.phase == phase).await
    }

    /// Waits until somebody calls, and answers.
    ///
    /// # Errors
    /// When nobody calls, or it can't be answered.
    pub async fn answer(&self, options: CallOptions) -> Result<CallView> {
        let view = self.phase(CallPhase::Incoming).await?;
        call::answer(&self.member, view.call.parse()?, options).await?;
        Ok(view)
    }

    /// What was seen of everyone's cameras together, and by whom: pictures whose counter was newer than the last.
    #[must_use]
    pub fn seen(&self) -> Vec<(String, Seen)> {
        self.watcher.seen().into_iter().filter(|((_, is_screen), _)| !is_screen).map(|((peer, _), seen)| (peer.to_string(), seen)).collect()
    }

    /// Waits until so many more pictures of `people` others were verified than are now.
    ///
    /// # Errors
    /// When they are not.
    pub async fn sees(&self, people: usize, pictures: u64) -> Result<()> {
        let before = self.seen();
        let more =
            |id: &str, seen: &Seen| seen.verified - before.iter().find(|(known, _)| known == id).map_or(0, |(_, seen)| seen.verified);
        until(&format!("{pictures} pictures of {people}"), async || {
            self.seen().iter().filter(|(id, seen)| more(id, seen) >= pictures).count() >= people
        })
        .await
    }

    /// Waits until sound of `people` others was received.
    ///
    /// # Errors
    /// When it is not.
    pub async fn hears(&self, people: usize) -> Result<()> {
        until(&format!("the sound of {people}"), async || {
            let stats = call::stats(&self.member).await.ok().flatten().unwrap_or_default();
            stats.peers.iter().filter(|peer| peer.packets_received >= 10).count() >= people
        })
        .await
    }
}

/// A tone and no picture: cheap.
#[must_use]
pub fn tone() -> CallOptions {
    CallOptions { is_camera_on: false, ..CallOptions::synthetic() }
}
