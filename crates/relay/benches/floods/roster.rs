//! A guest adds and revokes devices without end.

use bezel_protocol::DeviceId;
use bezel_protocol::roster::{Roster, SignedStatement, Statement};
use bezel_protocol::wire::path;

use crate::stage::Stage;
use crate::support::{Person, now_ms, random, statements_of};

const STATEMENTS: usize = 2000;
/// A device may say no more in an hour.
const AT_ONCE: usize = 60;

pub(crate) async fn say(stage: &Stage) -> String {
    let mut guest = stage.guest.clone();
    let mut roster = stage.shop.roster.clone();
    let (mut said, mut taken) = (0, 0);
    let mut next = statements(&mut guest, &mut roster);
    while said < STATEMENTS {
        let is_taken = stage.guest.post(path::ROSTER, &statements_of(&next)).await.status == 200;
        said += next.len();
        // What is refused is said again: it follows the roster, so that every signature is looked at.
        if is_taken {
            taken += next.len();
            next = statements(&mut guest, &mut roster);
        }
    }
    format!("{said} said, {taken} taken")
}

fn statements(guest: &mut Person, roster: &mut Roster) -> Vec<SignedStatement> {
    let mut statements = Vec::new();
    while statements.len() < AT_ONCE {
        guest.take_device(DeviceId::new(now_ms(), random()));
        for statement in [Statement::DeviceAdd(guest.certificate()), Statement::DeviceRevoke(guest.device)] {
            let signed = roster.next(now_ms(), statement).sign(&[&guest.identity]).unwrap();
            roster.append(&signed).unwrap();
            statements.push(signed);
        }
    }
    statements
}
