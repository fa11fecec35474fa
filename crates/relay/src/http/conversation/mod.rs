//! Conversations and the groups behind them.

mod authorise;
mod commit;
mod commits;
mod create;
mod group;
mod welcome;

pub(crate) use commit::commit;
pub(crate) use commits::commits;
pub(crate) use create::create;
pub(crate) use group::group;
pub(crate) use welcome::{take_welcome, welcomes};
