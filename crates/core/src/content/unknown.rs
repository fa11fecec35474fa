//! Kinds of a newer version: kept whole, and read when this home knows them.

use async_trait::async_trait;
use bezel_protocol::content::Content;

use super::{At, Said, Shown};
use crate::cache::messages::Kind;
use crate::error::Result;

/// A kind that this version does not know.
struct Unknown;

/// One that says of itself that nothing of it is shown.
struct Silent;

pub(super) const fn of(content: &Content) -> &'static dyn Said {
    if content.is_silent() { &Silent } else { &Unknown }
}

#[async_trait]
impl Said for Unknown {
    async fn shown(&self, _: &mut At<'_>) -> Result<Option<Shown>> {
        Ok(Some(Shown { problem: Some("Sent by a newer version.".into()), ..Shown::of(Kind::Unknown) }))
    }
}

#[async_trait]
impl Said for Silent {
    async fn shown(&self, _: &mut At<'_>) -> Result<Option<Shown>> {
        Ok(None)
    }
}
