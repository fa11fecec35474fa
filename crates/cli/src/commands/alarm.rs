//! Alarms.

use bezel_core::alarm::{self, AlarmView};
use bezel_core::{Member, Result};

use crate::arguments::Alarms;
use crate::output::Output;

pub(crate) async fn run(member: &Member, command: Option<Alarms>, output: &Output) -> Result<()> {
    if let Some(Alarms::Acknowledge { alarm }) = command {
        alarm::acknowledge(member, &alarm).await?;
        output.done("Acknowledged. It comes back when it is raised again.");
        return Ok(());
    }
    output.lines(&alarm::list(member).await?, line);
    Ok(())
}

fn line(alarm: &AlarmView) -> String {
    let place = alarm.conversation_title.as_ref().or(alarm.conversation.as_ref()).map(|title| format!(" in {title}"));
    let accused = alarm.accused.as_ref().or(alarm.accused_device.as_ref()).map(|who| format!(" from a device of {who}"));
    let facts: String = [place, accused].into_iter().flatten().collect();
    let state = if alarm.acknowledged_at.is_some() { ", acknowledged" } else { "" };
    format!(
        "{} {} {}{facts}: {} {} ({} times{state})",
        alarm.id,
        alarm.last_at.as_str(),
        alarm.code,
        alarm.message,
        alarm.next_step,
        alarm.count
    )
}
