//! Alarms.

use bezel_core::Result;
use bezel_core::alarm::{self, AlarmView};

use crate::shell::Shell;

pub(super) async fn alarm_list(shell: &Shell) -> Result<Vec<AlarmView>> {
    alarm::list(&*shell.member()?).await
}

pub(super) async fn alarm_acknowledge(shell: &Shell, alarm: String) -> Result<()> {
    alarm::acknowledge(&*shell.member()?, &alarm).await
}
