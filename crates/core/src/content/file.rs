//! Files: announced, looked at, withdrawn.

use async_trait::async_trait;
use bezel_protocol::content::{File, FileReceipt, FileRevocation};

use super::{At, Said, Shown};
use crate::cache::{files, messages::Kind};
use crate::change::Change;
use crate::error::Result;
use crate::file;
use crate::log::Problem;

#[async_trait]
impl Said for File {
    async fn judge(&self, at: &mut At<'_>) -> Result<Option<Problem>> {
        if !self.file.is_of(at.row.conversation, at.row.device) {
            return Ok(Some("It announces a file that its sender did not make here.".into()));
        }
        if let Some(known) = files::get(at.db, self.file).await?
            && known.message != at.row.message
        {
            return Ok(Some("It announces a file that another message has announced.".into()));
        }
        Ok(file::accept(at.member, &at.member.roster(), at.row, self).err())
    }

    async fn apply(&self, at: &mut At<'_>) -> Result<Vec<Change>> {
        // Judged when it came; a key that was sealed for an identity of before is in the row already.
        if let Ok(file) = file::accept(at.member, &at.member.roster(), at.row, self) {
            files::put(at.db, &file).await?;
        }
        Ok(vec![Change::Files])
    }

    async fn shown(&self, at: &mut At<'_>) -> Result<Option<Shown>> {
        let name = files::get(at.db, self.file).await?.map(|file| file.name).filter(|name| !name.is_empty());
        Ok(Some(Shown { words: name, ..Shown::of(Kind::File) }))
    }
}

#[async_trait]
impl Said for FileReceipt {
    async fn apply(&self, at: &mut At<'_>) -> Result<Vec<Change>> {
        files::put_receipt(at.db, self, at.row.conversation, at.row.user, at.row.device).await?;
        Ok(vec![Change::Files])
    }

    async fn shown(&self, _: &mut At<'_>) -> Result<Option<Shown>> {
        Ok(None)
    }
}

/// It may come before the announcement: what counts is who its author was then.
#[async_trait]
impl Said for FileRevocation {
    async fn apply(&self, at: &mut At<'_>) -> Result<Vec<Change>> {
        let is_admin = at.row.role.administers();
        files::revoke(at.db, self.file, at.row.conversation, at.row.user, is_admin, at.row.sent_at_ms).await?;
        Ok(vec![Change::Files, Change::Messages(at.row.conversation)])
    }

    async fn shown(&self, _: &mut At<'_>) -> Result<Option<Shown>> {
        Ok(None)
    }
}
