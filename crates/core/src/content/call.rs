//! Calls: begun, given further links, ended.

use async_trait::async_trait;
use bezel_protocol::content::{CallEnd, CallInvitation, CallSignal};

use super::{At, Said, Shown};
use crate::cache::{calls, messages::Kind};
use crate::change::Change;
use crate::error::Result;
use crate::log::Problem;

#[async_trait]
impl Said for CallInvitation {
    /// Others add links to a call; it is begun by the device that made its id.
    async fn judge(&self, at: &mut At<'_>) -> Result<Option<Problem>> {
        let may = self.guest.is_some() || self.call.is_of(at.row.conversation, at.row.device);
        Ok((!may).then(|| "It begins a call that its sender did not make here.".into()))
    }

    async fn apply(&self, at: &mut At<'_>) -> Result<Vec<Change>> {
        calls::put(at.db, at.row, self).await?;
        Ok(vec![Change::Calls])
    }

    /// A call is begun by one message; a later one adds a link to it and shows nothing.
    async fn shown(&self, at: &mut At<'_>) -> Result<Option<Shown>> {
        let name = bezel_protocol::content::MessageRef { device: at.row.device, message: at.row.message };
        let begins = calls::of_message(at.db, at.row.conversation, name).await?.is_some();
        Ok(begins.then(|| Shown::of(Kind::Call)))
    }
}

#[async_trait]
impl Said for CallEnd {
    async fn apply(&self, at: &mut At<'_>) -> Result<Vec<Change>> {
        calls::believe_end(at.db, self.call, at.row.device, self.outcome, self.seconds).await?;
        Ok(vec![Change::Calls, Change::Messages(at.row.conversation)])
    }

    async fn shown(&self, _: &mut At<'_>) -> Result<Option<Shown>> {
        Ok(None)
    }
}

#[async_trait]
impl Said for CallSignal {
    async fn judge(&self, _: &mut At<'_>) -> Result<Option<Problem>> {
        Ok(Some("It is a step of a call and no message.".into()))
    }

    async fn shown(&self, _: &mut At<'_>) -> Result<Option<Shown>> {
        Ok(None)
    }
}
