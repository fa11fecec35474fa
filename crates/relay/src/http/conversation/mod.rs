//! Conversations and the groups behind them.

mod again;
mod begin;
mod commit;
mod commits;
mod create;
mod group;
mod group_info;
mod judge;
mod leave;
mod welcome;

pub(crate) use again::again;
pub(crate) use begin::begin;
pub(crate) use commit::commit;
pub(crate) use commits::commits;
pub(crate) use create::create;
pub(crate) use group::group;
pub(crate) use group_info::put_group_info;
pub(crate) use judge::{judge_again, judge_begin, judge_leave_again};
pub(crate) use leave::{leave, leaves};
pub(crate) use welcome::{take_welcome, welcomes};
