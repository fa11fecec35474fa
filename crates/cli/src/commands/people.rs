//! People and their devices.

use bezel_core::{Member, Result, device, people, sync};

use super::user_id;
use crate::arguments::{Devices, People, PeopleArgs};
use crate::output::Output;

pub(crate) async fn run(member: &Member, args: PeopleArgs, output: &Output) -> Result<()> {
    match args.command {
        None => {
            let found = args.find.map_or_else(|| people::list(member), |typed| people::find(member, &typed));
            output.lines(&found, |person| {
                format!("{:16} {:9} {:?} {}", person.handle, person.role.as_str(), person.status, person.fingerprint)
            });
            return Ok(());
        }
        Some(People::Role { change }) => people::set_role(member, user_id(member, &change.handle)?, change.role).await?,
        Some(People::Suspend { handle }) => people::suspend(member, user_id(member, &handle)?).await?,
        Some(People::Reinstate { handle }) => people::reinstate(member, user_id(member, &handle)?).await?,
        Some(People::Remove { handle }) => people::remove(member, user_id(member, &handle)?).await?,
    }
    output.done("Done.");
    Ok(())
}

pub(crate) async fn devices(member: &Member, command: Option<Devices>, output: &Output) -> Result<()> {
    if let Some(Devices::Revoke { device }) = command {
        device::revoke(member, device).await?;
        sync::once(member).await?;
        output.done("The device is shut out.");
        return Ok(());
    }
    let mine = people::list(member).into_iter().filter(|person| person.me).flat_map(|person| person.devices).collect::<Vec<_>>();
    output.lines(&mine, |device| {
        format!("{} since {}{}", device.id, device.added_at.as_str(), if device.revoked { ", revoked" } else { "" })
    });
    Ok(())
}
